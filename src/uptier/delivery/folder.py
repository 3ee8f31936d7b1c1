"""A folder that people read from: each file in it is replaced whole, and what a kill left half made is cleared away."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from uptier.errors import DeliveryError
from uptier.scoring.placing import flush

UNFINISHED = ".uptier-unfinished-"  # what files in the making are called before they get their own name


def replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file so that nobody ever sees half of it, not even after a power cut.

    Parameters
    ----------
    path : Path
        Where the file is to be; an older one is replaced. Its folder is made.
    write : callable
        Writes the file to the path that it is given, in the same folder.

    Raises
    ------
    DeliveryError
        If it cannot be written; an older file is untouched.
    """
    fresh = path.with_name(f"{UNFINISHED}{os.getpid()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(fresh)
            flush(fresh)
            fresh.replace(path)
            flush(path.parent)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise _cannot_write(path, error) from None


def replace_json(path: Path, told: object) -> None:
    """Write a file of JSON as :func:`replace` does, the same for the same content.

    Parameters
    ----------
    path : Path
        Where the file is to be.
    told : object
        What JSON can hold.

    Raises
    ------
    DeliveryError
        If it cannot be written.
    """
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, indent=0)
    replace(path, lambda fresh: fresh.write_text(text + "\n", encoding="utf-8"))


def read_json(path: Path) -> dict[str, Any]:
    """Read a file of JSON that was written here.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    dict
        Empty where there is no such file, or none that can be read: then it says nothing.

    Raises
    ------
    DeliveryError
        If the file may not be read.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    except OSError as error:
        raise DeliveryError(
            f"{path} cannot be read: {error.strerror or type(error).__name__}.", do="Check the rights to that file."
        ) from None
    return told if isinstance(told, dict) else {}


def remove(path: Path) -> None:
    """Remove a file, if it is there.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    DeliveryError
        If it cannot be removed.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _cannot_write(path, error) from None


def clear(folder: Path) -> None:
    """Clear away what a killed run left half made.

    Parameters
    ----------
    folder : Path
        The folder; nothing is done where it is none. Only one run may write into it at a time.

    Raises
    ------
    DeliveryError
        If something cannot be removed.
    """
    for left in folder.glob(f"{UNFINISHED}*"):
        remove(left)


def sum_of(path: Path) -> str | None:
    """Give a sum over the bytes of a file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str or None
        SHA-256 in hexadecimal digits; None where no file can be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def made(folder: Path) -> list[str]:
    """Make a folder, if it is not there.

    Parameters
    ----------
    folder : Path
        The folder; those above it are made too.

    Returns
    -------
    list of str
        What was made, in words.

    Raises
    ------
    DeliveryError
        If it cannot be made.
    """
    if folder.is_dir():
        return []
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise _cannot_write(folder, error) from None
    return [f"The folder {folder}."]


def fault(folder: Path) -> str | None:
    """Look whether files can be written into a folder, and leave it as it was.

    Parameters
    ----------
    folder : Path
        The folder; where it is not there, the nearest one above it, in which it would be made.

    Returns
    -------
    str or None
        What is wrong, with what to do; None if nothing is.
    """
    nearest = next(one for one in (folder, *folder.absolute().parents) if os.path.lexists(one))
    if not nearest.is_dir():
        return (
            f"{nearest} is not a folder, so nothing can be written to {folder}. Name another folder, or move it away."
        )
    try:
        # tried, since rights alone do not tell: a disk may be mounted to be read only, and root passes every check
        with tempfile.NamedTemporaryFile(prefix=UNFINISHED, dir=nearest) as tried:
            tried.write(b"0")
            tried.flush()
    except OSError as error:
        return str(_cannot_write(folder, error))
    return None


def _cannot_write(path: Path, error: OSError) -> DeliveryError:
    return DeliveryError(
        f"{path} cannot be written: {error.strerror or type(error).__name__}.",
        do="Is this in a folder that you may write to, with room left on its disk?",
    )
