"""One question to the past, and the words that questions are made of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TypeAlias

from ibis.common.deferred import Deferred

Number: TypeAlias = Deferred

GATE_KINDS = ("gate_hit", "upgrade_prompt", "trial_use", "limit_error")
MINOR_UNITS = 100

MAX_PERIODS = 6  # billing periods that are looked back on
WORKING_DAYS = 20  # in 28 days
PLAN = "plan_id"  # the answer to which plan is held
STRETCH = "stretch_days"  # the answer to for how long, without a break
LONGEST_NAME = 50  # letters of an answer's column; 63 is what PostgreSQL takes, and features add a word's number
DIGITS = 8  # of what stands for the rest of a longer one
WORKING = "working"  # days from Monday to Friday


@dataclass(frozen=True, kw_only=True)
class Question:
    """One thing that is asked of the past.

    Attributes
    ----------
    plan : str
        The group of questions that one pass answers.
    what : str
        What is asked.
    kinds : tuple of str
        Kinds of usage events; empty for all.
    last : int
        Length of the window, days; 0 for all time.
    before : int
        Days between the end of the window and the as-of date.
    period : int
        Billing period, 1 for the last complete one; 0 for none.
    name : str
        Anything else that tells it apart: a column, a role, a milestone.
    factor : float
        Times the average, for power users.
    least : int
        A floor, for power users.
    words : tuple of str
        Words of which a text holds at least one; empty for any text.
    """

    plan: str
    what: str
    kinds: tuple[str, ...] = ()
    last: int = 0
    before: int = 0
    period: int = 0
    name: str = ""
    factor: float = 0.0
    least: int = 0
    words: tuple[str, ...] = ()

    @property
    def column(self) -> str:
        """The name of its answer's column."""
        parts = [self.what, self.name, *self.kinds]
        parts += [
            f"{short}{value:g}"
            for short, value in (
                ("last", self.last),
                ("before", self.before),
                ("period", self.period),
                ("factor", self.factor),
                ("least", self.least),
            )
            if value
        ]
        if self.words:
            # other words are another question; the catalogue hash must see that
            parts.append(hashlib.sha256("\n".join(self.words).encode()).hexdigest()[:8])
        name = "_".join(part for part in parts if part)
        if len(name) <= LONGEST_NAME:
            return name
        # PostgreSQL cuts longer names silently, and two questions would become one
        digest = hashlib.sha256(name.encode()).hexdigest()[:DIGITS]
        return f"{name[: LONGEST_NAME - DIGITS - 1]}_{digest}"
