"""Numbers in words: what a said number may stand for, by its kind.

Each kind has a pattern, and a reading: the least and the most that the account's own figure may be for the words to be
true. A number is rounded to its last place; but rounding must not make something of nothing, nothing of something, or
all of nearly all, so "0", "100 %" and the like stand for exactly that.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

Span = tuple[float, float]  # least and most, both included

HALF = 0.5
LITTLE = 1e-9  # figures are sums and ratios of floats
HOURS_A_DAY = 24
HOURS_TOLD_AS_DAYS = 96  # from here on hours are told as days
WHOLE = r"(?:0|[1-9]\d{0,2}(?:,\d{3})*)"


@dataclass(frozen=True)
class Kind:
    """How a figure is said.

    Attributes
    ----------
    pattern : str
        Regular expression of the words.
    span : callable or None
        What the words may stand for; None for names, which are compared as they are.
    """

    pattern: str
    span: Callable[[str], Span] | None


def whole(said: str) -> int:
    """Read a whole number with its commas."""
    return int(said.replace(",", ""))


def around(number: float, place: float = 1.0) -> Span:
    """Give what is rounded to a number at a place; 0 is only 0."""
    if number == 0:
        return 0.0, 0.0
    return number - HALF * place - LITTLE, number + HALF * place + LITTLE


def share(said: str) -> Span:
    """Read per cent, as a share."""
    words = said.removesuffix(" %")
    if words == "under 1":
        return LITTLE, 0.01 - LITTLE
    if words == "over 99":
        return 0.99 + LITTLE, 1 - LITTLE
    low, high = around(whole(words) / 100, 0.01)
    return (1 - LITTLE, high) if words == "100" else (low, high)


def counted(said: str) -> Span:
    """Read a number with what it counts."""
    if said.startswith("less than 1 "):
        return LITTLE, 1 - LITTLE
    return around(whole(said.split(" ")[0]))


def often(said: str) -> Span:
    """Read how often."""
    return around({"once": 1, "twice": 2}[said]) if said in ("once", "twice") else counted(said)


def hours(said: str) -> Span:
    """Read hours, or the days that they are told as if they are many."""
    low, high = counted(said)
    if not said.split(" ")[-1].startswith("day"):
        return low, min(high, HOURS_TOLD_AS_DAYS)
    return max(low * HOURS_A_DAY, HOURS_TOLD_AS_DAYS), high * HOURS_A_DAY


def money(said: str) -> Span:
    """Read an amount."""
    if said.startswith("less than "):
        return LITTLE, 1 - LITTLE
    return around(whole(said.split(" ")[1]))


def number(said: str) -> Span:
    """Read a pure number with at most one decimal."""
    if said == "less than 0.1":
        return LITTLE, 0.1 - LITTLE
    return around(float(said.replace(",", "")), 0.1)


def of_things(one: str, many: str) -> str:
    """Give the pattern of a number of things; one thing is one, all other numbers are many."""
    return rf"(?:less than 1 {one}|1 {one}|(?!1 ){WHOLE} {many})"


_DAYS = of_things("day", "days")

KINDS: dict[str, Kind] = {
    "share": Kind(rf"(?:under 1|over 99|{WHOLE}) %", share),
    "often": Kind(rf"(?:once|twice|less than 1 time|(?![12] ){WHOLE} times)", often),
    "hours": Kind(rf"(?:{of_things('hour', 'hours')}|{_DAYS})", hours),
    "money": Kind(rf"(?:less than USD 1|USD {WHOLE})", money),
    "number": Kind(rf"(?:less than 0\.1|{WHOLE}(?:\.[1-9])?)", number),
    "name": Kind(r"\S(?:.*\S)?", None),
    **{
        many: Kind(of_things(one, many), counted)
        for one, many in (
            ("user", "users"),
            ("seat", "seats"),
            ("day", "days"),
            ("month", "months"),
            ("billing period", "billing periods"),
            ("event", "events"),
            ("function", "functions"),
            ("meter", "meters"),
            ("add-on", "add-ons"),
            ("milestone", "milestones"),
            ("trigger", "triggers"),
            ("ticket", "tickets"),
            ("point", "points"),
        )
    },
}


def spans(pattern: re.Match[str], kinds: dict[str, str]) -> dict[str, Span | str]:
    """Read all words of a sentence: a span for each number, names as they are."""
    read: dict[str, Span | str] = {}
    for slot, kind in kinds.items():
        reading = KINDS[kind].span
        read[slot] = pattern[slot] if reading is None else reading(pattern[slot])
    return read
