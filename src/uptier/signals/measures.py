"""What an account's past can be asked; all questions are collected first and answered together.

Calling a method of :class:`Measures` notes the question and gives a placeholder, which signals combine freely.
`uptier.signals.plans` then answers all questions with one pass over each source table. Measures are whole numbers
(money in hundredths), so that they are the same on any number of threads; ratios are formed last, by the signals.

A window of ``last=28, before=28`` is the 28 days that ended 28 days before the as-of date.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import ibis

from uptier.signals.question import GATE_KINDS, MAX_PERIODS, MINOR_UNITS, WORKING_DAYS, Number, Question
from uptier.signals.record_measures import RecordMeasures
from uptier.signals.trigger_measures import TriggerMeasures
from uptier.signals.usage_measures import UsageMeasures
from uptier.signals.user_measures import UserMeasures

if TYPE_CHECKING:
    from ibis.expr import types as ir

__all__ = [
    "GATE_KINDS",
    "MAX_PERIODS",
    "MINOR_UNITS",
    "WORKING_DAYS",
    "Measures",
    "Number",
    "Question",
    "answers_to",
    "growth",
    "monthly_gains",
    "ratio",
]


class Measures(UsageMeasures, UserMeasures, RecordMeasures, TriggerMeasures):
    """Everything that signals may ask."""


def ratio(part: Number, whole: Number) -> Number:
    """Divide, giving null where there is nothing to divide by.

    Parameters
    ----------
    part : Number
        What is divided.
    whole : Number
        What it is divided by.

    Returns
    -------
    Number
        A float; null where `whole` is 0 or null. Engines disagree on division by zero, so it never happens.
    """
    # as a float first: on servers a quotient of whole numbers is a whole number
    result: Number = part.cast("float64") / whole.nullif(0)
    return result


def growth(now: Number, earlier: Number) -> Number:
    """Give the change as a share of what was there.

    Parameters
    ----------
    now : Number
        The later value.
    earlier : Number
        The earlier value.

    Returns
    -------
    Number
        0.2 for a growth of 20 %; null where nothing was there.
    """
    return ratio(now - earlier, earlier)


def monthly_gains(history: Measures) -> tuple[Number, Number, Number]:
    """Give what active users gained from one billing period to the next, over the last four complete ones.

    Parameters
    ----------
    history : Measures
        What the past can be asked.

    Returns
    -------
    least, typical, most : Number
        Users a period; null before four periods are complete. The typical gain is the median of the three (Theil's way
        to a trend): one odd period raises one gain and lowers the next, and moves it no further than to the third.
    """
    users = [history.active_users_in_period(period) for period in range(1, 5)]
    first, second, third = (later - earlier for later, earlier in pairwise(users))
    low, high = ibis.least(first, second), ibis.greatest(first, second)
    gains = ibis.least(low, third), ibis.greatest(low, ibis.least(high, third)), ibis.greatest(high, third)
    # engines take the least of what is known: before four periods nothing is
    least, typical, most = (ibis.ifelse(users[-1].notnull(), gain, None) for gain in gains)
    return least, typical, most


def answers_to(measures: Measures) -> ir.Table:
    """Give the table that the answers to all questions would be, for its types.

    Parameters
    ----------
    measures : Measures
        What was asked.

    Returns
    -------
    Table
        One column for each question beside account_id and as_of, and no rows.
    """
    asked = {column: _kind(asked) for column, asked in measures.asked.items()}
    return ibis.table({"account_id": "string", "as_of": "date", **asked}, name="measures")


def _kind(asked: Question) -> str:
    return "string" if asked.what in ("plan_id", "account") else "float64"
