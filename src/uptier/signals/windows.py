"""Windows: which rows of the past a question is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.signals.question import Question

KEY = ["account_id", "as_of"]
LOOKBACK_DAYS = 366  # as far as "when last?" looks back


def within(row: ir.Table, one: Question) -> ir.BooleanValue:
    """Say which rows lie in a question's window.

    Parameters
    ----------
    row : Table
        Rows with an age in days.
    one : Question
        What is asked.

    Returns
    -------
    BooleanValue
        True inside the window.
    """
    inside: ir.BooleanValue = (row.age > one.before) & (row.age <= one.before + one.last)
    return inside


def months_after(day: ir.DateValue, months: ir.IntegerValue) -> ir.DateValue:
    """Give the same day of a later month.

    Parameters
    ----------
    day : DateValue
        A day.
    months : IntegerValue
        How many months later.

    Returns
    -------
    DateValue
        The last day of the month where it has no such day.
    """
    later: ir.DateValue = (day + months.as_interval("M")).cast("date")
    return later


def whole_months(first: ir.DateValue, day: ir.DateValue) -> ir.IntegerValue:
    """Count the whole months from one day to another.

    Parameters
    ----------
    first : DateValue
        The first day of the first month.
    day : DateValue
        A later day.

    Returns
    -------
    IntegerValue
        0 until a month is over.
    """
    months = ((day.year() - first.year()) * 12 + day.month() - first.month()).cast("int32")
    whole: ir.IntegerValue = ibis.ifelse(months_after(first, months) <= day, months, months - 1).cast("int64")
    return whole


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
    return max(one.before + one.last or LOOKBACK_DAYS for one in questions)
