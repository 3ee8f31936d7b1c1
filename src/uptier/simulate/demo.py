"""A simulated company with its project, ready for the whole job."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from string import Template

import yaml

from uptier.simulate.world import simulate
from uptier.store import cannot_write, write_whole

PRESET = "demo"
MADE_BY = "made-by.txt"  # beside the world: a hash of the code that makes it
OLDER = "-older"  # ends the name of the folder that what another version made is put into


def demo_project(folder: Path, *, seed: int, progress: Callable[[str, int, int], None] | None = None) -> Path:
    """Make a simulated company and its project, or find the one made before.

    One that another version of uptier made is put aside, with its store: what was learnt there is of another company.

    Parameters
    ----------
    folder : Path
        Where companies go, one folder for each seed.
    seed : int
        Which company.
    progress : callable, optional
        Told ``(what, done, of)``.

    Returns
    -------
    Path
        The project's YAML.

    Raises
    ------
    SimulationError
        If the world cannot be written.
    StoreError
        If the YAML cannot be written, or what is older cannot be put aside.
    """
    home = folder / f"seed-{seed}"

    def told(what: str, share: float) -> None:
        if progress is not None:
            progress(what, int(share * 100), 100)

    stamp, code = home / MADE_BY, _code()
    if (home / "world").exists() and not (stamp.is_file() and stamp.read_text(encoding="utf-8") == code):
        _put_aside(home)
    # before the world, which appears whole or not at all: one that is there is complete, and of this code
    write_whole(stamp, lambda fresh: fresh.write_text(code, encoding="utf-8"))
    if not (home / "world").exists():
        simulate(preset=PRESET, seed=seed, out=home / "world", progress=told)
    text = project_text(project="demo", source="./world")
    return write_whole(home / "demo.yaml", lambda fresh: fresh.write_text(text, encoding="utf-8"))


def _code() -> str:
    package = Path(str(resources.files("uptier.simulate")))
    told = hashlib.sha256()
    for file in sorted([*package.glob("*.py"), *package.glob("*.yaml")]):
        told.update(file.name.encode() + file.read_bytes())
    return told.hexdigest()[:16]


def _put_aside(home: Path) -> None:
    older = home.with_name(home.name + OLDER)
    try:
        if older.exists():
            shutil.rmtree(older)
        home.rename(older)
    except OSError as error:
        raise cannot_write(older, error) from None


def project_text(*, project: str, source: str) -> str:
    """Give the project of a world, as a YAML.

    Parameters
    ----------
    project : str
        Its name.
    source : str
        The world's folder, as seen from the folder of the YAML.

    Returns
    -------
    str
        The text of the YAML.
    """
    text = resources.files("uptier.simulate").joinpath("demo.yaml").read_text(encoding="utf-8")
    plain = re.fullmatch(r"[\w./-]+", source)
    # a name such as null would be read as none
    quoted = project if isinstance(yaml.safe_load(project), str) else json.dumps(project)
    return Template(text).substitute(project=quoted, source=source if plain else json.dumps(source))
