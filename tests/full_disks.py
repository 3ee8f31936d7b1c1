"""Run a script where disks are full, in a name space of its own; or say why that cannot be had."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest


def on_full_disks(script: Path, place: Path, spaces: Sequence[int]) -> list[dict[str, Any]]:
    """Let a script try with ever more space, KiB, below a folder; what it prints as JSON, line by line."""
    if (
        shutil.which("unshare") is None
        or subprocess.run(
            ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", place], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("no file system can be mounted here, not even in a name space of one's own")
    roots = [str(Path(__file__).parents[1]), *sys.path]
    said = subprocess.run(
        # it is gone with the process, whatever becomes of that
        ["unshare", "-rm", sys.executable, "-W", "ignore", script, place, *map(str, spaces)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, roots))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr[-3000:]
    return [json.loads(line) for line in said.stdout.splitlines() if line.startswith("{")]
