"""How a scorecard's folder gets its place, whole or not at all.

A date is a link to a hidden folder, since a folder that is full cannot be replaced in one step; the order of writing,
and what a kill leaves after each step, stands in :mod:`uptier.scoring.scorecard`.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

MANIFEST, LATEST = "manifest.json", "latest.json"


@contextmanager
def alone(place: Path) -> Iterator[None]:
    """Let one writer in at a time.

    Parameters
    ----------
    place : Path
        The folder of scorecards.

    Yields
    ------
    None
        Others wait.
    """
    with (place / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go by the system when the process ends, however it ends
        yield


def put(place: Path, date: str, fill: Callable[[Path], object]) -> Path:
    """Fill a hidden folder and let a date mean it.

    Parameters
    ----------
    place : Path
        The folder of scorecards; the caller is alone in it.
    date : str
        The as-of date.
    fill : callable
        Fills the folder that it is given, and flushes it to disk.

    Returns
    -------
    Path
        The hidden folder.
    """
    hidden = Path(tempfile.mkdtemp(prefix=f".{date}-", dir=place))
    hidden.chmod(0o755)
    try:
        fill(hidden)
        _link(place / date, hidden)
    finally:
        # also when interrupted; but never what the date already means
        if not _means(place / date, hidden):
            shutil.rmtree(hidden, ignore_errors=True)
    return hidden


def point_to(place: Path, date: str, model_version: str | None) -> None:
    """Let ``latest.json`` name a date.

    Parameters
    ----------
    place : Path
        The folder of scorecards; the caller is alone in it.
    date : str
        The as-of date.
    model_version : str or None
        Version of the model behind it.
    """
    fresh = place / f".{LATEST}"
    pointer = {"as_of": date, "folder": date, "model_version": model_version}
    fresh.write_text(json.dumps(pointer) + "\n", encoding="utf-8")
    flush(fresh)
    fresh.replace(place / LATEST)
    flush(place)


def latest_date(place: Path) -> str | None:
    """Say which date ``latest.json`` names.

    Parameters
    ----------
    place : Path
        The folder of scorecards.

    Returns
    -------
    str or None
        None where it names none that is there.
    """
    try:
        date = json.loads((place / LATEST).read_text(encoding="utf-8"))["folder"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return date if isinstance(date, str) and (place / date / MANIFEST).is_file() else None


def dates(place: Path) -> list[str]:
    """List the dates of which there is a scorecard.

    Parameters
    ----------
    place : Path
        The folder of scorecards.

    Returns
    -------
    list of str
        Oldest first.
    """
    return sorted(one.name for one in place.glob("[0-9]*") if one.is_symlink() and (one / MANIFEST).is_file())


def remove(place: Path, date: str) -> None:
    """Let a date mean nothing any more.

    Parameters
    ----------
    place : Path
        The folder of scorecards; the caller is alone in it.
    date : str
        The as-of date.
    """
    (place / date).unlink()
    clear(place, date)


def clear(place: Path, date: str) -> None:
    """Clear away the hidden folders that a date does not mean.

    Parameters
    ----------
    place : Path
        The folder of scorecards; the caller is alone in it.
    date : str
        The as-of date.
    """
    for left in place.glob(f".{date}-*"):
        if left.is_symlink():
            left.unlink()
        elif not _means(place / date, left):
            shutil.rmtree(left, ignore_errors=True)


def flush(path: Path) -> None:
    """Flush a file or folder to disk.

    Parameters
    ----------
    path : Path
        The file or folder.
    """
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _link(date: Path, hidden: Path) -> None:
    fresh = hidden.with_name(f"{hidden.name}.link")
    fresh.symlink_to(hidden.name, target_is_directory=True)
    try:
        fresh.replace(date)
    except OSError:
        fresh.unlink()
        raise
    flush(date.parent)


def _means(date: Path, hidden: Path) -> bool:
    return date.is_symlink() and date.readlink() == Path(hidden.name)
