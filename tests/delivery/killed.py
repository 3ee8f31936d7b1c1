"""Sends from a process of its own that is killed at a step."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

STEPS = """
import os, pathlib, signal, sys

def counted(done):
    def once(*given, **more):
        global steps
        steps -= 1
        if steps == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return done(*given, **more)
    return once

steps, place = int(sys.argv[1]), pathlib.Path(sys.argv[2])
pathlib.Path.replace = counted(pathlib.Path.replace)
pathlib.Path.unlink = counted(pathlib.Path.unlink)
"""


def killed_at(step: int, place: Path, code: str) -> None:
    """Run code that is killed before it replaces or removes a file for the nth time; it is given `place`."""
    killed(STEPS + code, str(step), str(place))


def killed(code: str, *arguments: str, **environment: str) -> None:
    """Run code that kills itself."""
    roots = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **environment, "PYTHONPATH": roots},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
