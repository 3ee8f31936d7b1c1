"""What a log tells of an error: words that a person can act on; of a fault of our own its class and place."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from uptier.cli.masking import masked
from uptier.errors import UptierError

FRAMES = 12  # of a fault's trace, the innermost


def error_data(error: BaseException, secrets: Sequence[str]) -> dict[str, Any]:
    """Give an error as a log tells it.

    Parameters
    ----------
    error : BaseException
        What was raised.
    secrets : sequence of str
        What to mask in its words.

    Returns
    -------
    dict
        ``class`` with ``what``, ``found`` and ``do``, as far as it has them. Of a fault, whose words may quote a row:
        ``class``, ``because`` (classes of what it was raised from) and ``trace`` (places, the innermost last).
    """
    words: dict[str, str] = {}
    if isinstance(error, UptierError):
        words = {"what": error.what, "found": error.found, "do": error.do}
    elif isinstance(error, typer.TyperException):
        words = {"what": error.format_message()}
    if words:
        told = {name: masked(said, secrets) for name, said in words.items() if said}
        return {"class": type(error).__name__, **told}
    classes = [type(one).__name__ for one in _chain(error)]
    return {"class": classes[0], "because": classes[1:], "trace": _places(error)}


def short(path: str) -> str:
    """Give a file's path without what only this machine has.

    Parameters
    ----------
    path : str
        The path.

    Returns
    -------
    str
        From the package on; of other files the name alone.
    """
    parts = Path(path).parts
    for root in ("site-packages", "src"):
        if root in parts:
            return "/".join(parts[len(parts) - parts[::-1].index(root) :])
    return Path(path).name


def _chain(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _places(error: BaseException) -> list[str]:
    """Say where it was raised: files, lines and functions, none of which holds a value."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{short(one.filename)}:{one.lineno} {one.name}" for one in frames[-FRAMES:]]
