"""Fingerprints: by which something that was kept is known to be still what a new run would make."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uptier.settings import Settings
    from uptier.tables.source import Source

PACKAGE = Path(__file__).parents[1]

# the keys of a project that say how its tables are read
READING = {"data_until", "timezone", "tables", "identities", "accept", "holds_since"}


def of_parts(parts: Iterable[str]) -> str:
    """Give one fingerprint of several texts.

    Parameters
    ----------
    parts : iterable of str
        In a fixed order.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> of_parts(["ab", "c"]) == of_parts(["a", "bc"])
    False
    """
    made = hashlib.sha256()
    for part in parts:
        # the length goes first: where one text ends and the next begins counts too
        made.update(f"{len(part)}:{part}".encode())
    return made.hexdigest()


@cache
def of_code(*rooms: str) -> str:
    """Give the fingerprint of the code that forms something: another version of uptier may form it otherwise.

    Parameters
    ----------
    *rooms : str
        Modules and packages of uptier, such as ``tables``.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    files = [
        file
        for room in rooms
        for file in (sorted((PACKAGE / room).rglob("*.py")) if (PACKAGE / room).is_dir() else [PACKAGE / f"{room}.py"])
    ]
    return of_parts(part for file in files for part in (str(file.relative_to(PACKAGE)), file.read_text("utf-8")))


def of_files(source: Source) -> str:
    """Give the fingerprint of the files of a source: names, sizes and times of change, nothing that is in them.

    Parameters
    ----------
    source : Source
        Where the data are.

    Returns
    -------
    str
        64 hexadecimal digits; the same for every source without files.
    """
    told = ((file, file.stat()) for file in source.files)
    return of_parts(f"{file.absolute()} {stat.st_size} {stat.st_mtime_ns}" for file, stat in told)


def of_reading(settings: Settings) -> str:
    """Give the fingerprint of how a project wants its tables read.

    Parameters
    ----------
    settings : Settings
        The project.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    return of_parts([settings.model_dump_json(include=READING)])
