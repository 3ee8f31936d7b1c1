"""Windows: which rows of the past a question is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.signals.question import Question

KEY = ["account_id", "as_of"]
LOOKBACK_DAYS = 366  # as far as "when last?" looks back
LONGEST_MONTH = 31  # days


def within(row: ir.Table, one: Question) -> ir.BooleanValue:
    """Say which rows lie in a question's window.

    Parameters
    ----------
    row : Table
        Rows with an age in days, and with the bounds of billing periods where the question is about one.
    one : Question
        What is asked.

    Returns
    -------
    BooleanValue
        True inside the window.
    """
    inside: ir.BooleanValue
    if one.period:
        inside = (row.age > row[f"period_age_{one.period - 1}"]) & (row.age <= row[f"period_age_{one.period}"])
    else:
        inside = (row.age > one.before) & (row.age <= one.before + one.last)
    return inside


def reach(questions: Iterable[Question]) -> int:
    """Say how far back questions look.

    Parameters
    ----------
    questions : iterable of Question
        What is asked.

    Returns
    -------
    int
        Days; no row older than this is in any of their windows.
    """
    # the current billing period, which is not asked for, lies before the last complete one
    return max(
        LONGEST_MONTH * (one.period + 1) if one.period else (one.before + one.last or LOOKBACK_DAYS)
        for one in questions
    )
