"""The errors that a person can act on.

An :class:`UptierError` says where, what is wrong, what was found and what to do; the command line prints it without a
traceback. Anything else that is raised is our bug, and its traceback shows.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, ClassVar


class UptierError(Exception):
    """A problem that a person can act on.

    Parameters
    ----------
    what : str
        Where the problem is and what is wrong, as one or more sentences.
    found : str, optional
        What was there instead. Never a value from a customer's row.
    do : str, optional
        What to do about it.
    """

    exit_code: ClassVar[int] = 4

    def __init__(self, what: str, *, found: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.found = found
        self.do = do

    def __str__(self) -> str:
        lines = [self.what]
        if self.found:
            lines.append(f"Found: {self.found}.")
        if self.do:
            lines.append(self.do)
        return "\n".join(lines)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuilt, (type(self), self.what, self.found, self.do))


class SettingsError(UptierError):
    """A project's YAML cannot be used as it is written."""


class SourceError(UptierError):
    """A project's data cannot be reached or read."""


class TableError(UptierError):
    """A table breaks the contract; `code` is that of the finding it makes."""

    code: ClassVar[str] = "table-unusable"


class MissingColumnError(TableError):
    """A table lacks a column, or the project maps one that is not there."""

    code = "column-missing"


class WrongTypeError(TableError):
    """A column holds another sort of value than the contract wants."""

    code = "wrong-type"


class NoZoneError(TableError):
    """A column's times carry no zone and the project declares none."""

    code = "no-timezone"


class FindingsError(TableError):
    """`check` found errors that the project has not accepted."""


class SignalError(UptierError):
    """A signal or trigger is declared or asked for wrongly."""


class OutcomeError(UptierError):
    """An outcome is unknown or cannot be formed from the data."""


class TrainingError(UptierError):
    """There is nothing to learn from."""


class ModelError(UptierError):
    """A stored model does not fit what it is asked to score."""


class ScoringError(UptierError):
    """A scorecard would be empty, stale or incomplete; none was written."""


class StoreError(UptierError):
    """The folder that uptier writes to cannot be written or read."""


class DeliveryError(UptierError):
    """Rows cannot be carried to where they belong; nothing is half done that the next run does not finish."""


class UnreachableError(DeliveryError):
    """A destination does not answer, or answers that it cannot now: what became of the rows is not known."""


class BreakerError(UptierError):
    """A circuit breaker tripped before anything was sent: what would leave looks wrong."""

    exit_code = 5


class PartlyDeliveredError(UptierError):
    """Some rows were delivered and some were not; the ledger says which, and the next run tries those alone."""

    exit_code = 6


class SimulationError(UptierError):
    """A world was asked for that cannot be made."""


def closest(name: str, known: Iterable[str], *, count: int = 3) -> list[str]:
    """Give the known names that look most like a misspelt one.

    Parameters
    ----------
    name : str
        The name that was not found.
    known : iterable of str
        The names that exist.
    count : int
        How many to give at most.

    Returns
    -------
    list of str
        Best first; empty if none is near.
    """
    return difflib.get_close_matches(name, list(known), n=count, cutoff=0.6)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Say which known name was probably meant.

    Parameters
    ----------
    name : str
        The name that was not found.
    known : iterable of str
        The names that exist.

    Returns
    -------
    str
        ``"Did you mean 'x'?"`` or, where nothing is near, the list of what exists.
    """
    names = sorted(known)
    near = closest(name, names, count=1)
    if near:
        return f"Did you mean '{near[0]}'?"
    return f"Known: {', '.join(names)}."


def _rebuilt(kind: type[UptierError], what: str, found: str, do: str) -> UptierError:
    return kind(what, found=found, do=do)
