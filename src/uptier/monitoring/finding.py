"""What a circuit breaker found."""

from __future__ import annotations

from dataclasses import dataclass

ROUNDING = 1e-9  # a difference of two shares that is the bound itself may come out this much above it
NAMED_AT_MOST = 5


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that looks wrong in what would leave; it never holds a value of a row.

    Attributes
    ----------
    code : str
        Stable name of the breaker.
    found : str
        What was found.
    bound : str
        What it was held against, with the setting that says so.
    look : str
        What to look at.
    about : tuple of str
        Names of the signals, outcomes or tables concerned, the worst first; empty where it is about the whole list.
    """

    code: str
    found: str
    bound: str
    look: str
    about: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.code}: {self.found}; {self.bound}. {self.look}"


def beyond(value: float, bound: float) -> bool:
    """Say whether a value lies beyond its bound.

    Parameters
    ----------
    value : float
        What was found.
    bound : float
        The most that is allowed.

    Returns
    -------
    bool
        False at the bound itself.
    """
    return value > bound + ROUNDING


def percent(share: float) -> str:
    """Say a share.

    Parameters
    ----------
    share : float
        0 to 1, or more.

    Returns
    -------
    str
        In percent with one decimal, so that what is just beyond a bound does not read like the bound.
    """
    return f"{100 * share:.1f} %"


def some(told: dict[str, str]) -> str:
    """Name the first of many things.

    Parameters
    ----------
    told : dict of str to str
        Name to what is said of it, the worst first.

    Returns
    -------
    str
        A few of them, and how many more there are.
    """
    named = ", ".join(f"{name} {what}" for name, what in list(told.items())[:NAMED_AT_MOST])
    left = len(told) - NAMED_AT_MOST
    return f"{named} and {left} more" if left > 0 else named
