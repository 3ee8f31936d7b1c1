"""A Python for the peers: featuretools needs pandas before 3, which uptier no longer runs on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
IMPORTS = "import featuretools, tsfresh, pyarrow"


class NoInterpreterError(Exception):
    """The peers cannot be run here, so nothing can be compared."""


def interpreter(given: Path | None, folder: Path) -> Path:
    """Give a Python that imports the peers.

    Parameters
    ----------
    given : Path or None
        One that is there already.
    folder : Path
        Where to make one, otherwise, from the dependency group `peers`.

    Returns
    -------
    Path
        The executable.

    Raises
    ------
    NoInterpreterError
        If the one that is given lacks a peer, if there is no uv to make one with, or it cannot install them.
    """
    if given is not None:
        python = given.absolute()
    else:
        uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
        if uv is None:
            raise NoInterpreterError(
                "featuretools and tsfresh need a Python of their own, and there is no uv here to make it with.\n"
                "Install uv, or name a Python that has them: --peers PATH."
            )
        python = folder / "bin" / "python"
        _run([uv, "venv", "-q", "--python", sys.executable, folder], "A Python for the peers could not be made.")
        _run(
            [uv, "pip", "install", "-q", "--compile-bytecode", "--python", python, "--group", f"{PROJECT}:peers"],
            "featuretools and tsfresh could not be installed.",
        )
    _run([python, "-W", "ignore", "-c", IMPORTS], f"{python} cannot import the peers.")
    return python


def _run(command: list[object], told: str) -> None:
    try:
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    except OSError as error:
        raise NoInterpreterError(f"{told}\n{error}") from error
    if done.returncode:
        raise NoInterpreterError(f"{told}\n{done.stderr.strip()}\nNothing was compared.")
