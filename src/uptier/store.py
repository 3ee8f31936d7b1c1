"""The folder that uptier writes to; every file in it appears whole or not at all."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from uptier.errors import StoreError


def write_whole(path: Path, write: Callable[[Path], object]) -> Path:
    """Write a file so that nobody ever sees half of it.

    Parameters
    ----------
    path : Path
        Where the file is to be; an older one is replaced.
    write : callable
        Writes the file to the path that it is given, beside the final one.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    StoreError
        If it cannot be written; an older file is untouched.
    """
    fresh = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(fresh)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from None
    return path


@contextmanager
def only_copy(lock: Path, what: str) -> Iterator[None]:
    """Let one process do something with a store at a time.

    Parameters
    ----------
    lock : Path
        A file of the store for this; it stays.
    what : str
        What is done, as an error begins: "Scoring".

    Yields
    ------
    None
        While it is this process's turn; the system ends it when the process ends, however it ends.

    Raises
    ------
    StoreError
        If another process does it now, or the store cannot be written.
    """
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        opened = lock.open("w")
    except OSError as error:
        raise cannot_write(lock, error) from None
    with opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                f"{what} is going on in {lock.parent} already, by another process.",
                do="Wait until it is done. Nothing is left behind where it was killed: it lets go by itself.",
            ) from None
        yield


def cannot_write(path: Path, error: OSError) -> StoreError:
    """Tell that something cannot be written.

    Parameters
    ----------
    path : Path
        What was to be written.
    error : OSError
        What the system says.

    Returns
    -------
    StoreError
        To be raised.
    """
    return StoreError(
        f"{path} cannot be written: {error.strerror or type(error).__name__}.",
        do="Is this a folder that you may write to, with room left on its disk?",
    )
