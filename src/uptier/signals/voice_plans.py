"""What is asked of tickets and surveys, each answered together: how often customers speak, and about what."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

import ibis

from uptier.signals.windows import KEY, LOOKBACK_DAYS, within

if TYPE_CHECKING:
    from ibis.common.deferred import Deferred
    from ibis.expr import types as ir

    from uptier.signals.question import Question
    from uptier.tables.history import History

DAY_MINUTES = 24 * 60
_SCALE = 1000  # more than any answer: an age and an answer in one whole number


def tickets(history: History, questions: list[Question], contract: ir.Table | None) -> ir.Table:
    """Answer how often an account asked for support, about what, and how it went.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        Tickets opened, open, closed and escalated, and those that hold certain words.
    contract : Table or None
        Not used.

    Returns
    -------
    Table
        One row for each row of the grid of which the table knows something.
    """
    past = history.past("tickets", days=LOOKBACK_DAYS, also=_naming(questions))
    return past.group_by(KEY).aggregate(**{one.column: _of_tickets(past, one) for one in questions})


def surveys(history: History, questions: list[Question], contract: ir.Table | None) -> ir.Table:
    """Answer how likely an account is to recommend, and what it wrote.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        Likelihood to recommend, now and before, and answers that hold certain words.
    contract : Table or None
        Not used.

    Returns
    -------
    Table
        One row for each row of the grid of which the table knows something.
    """
    past = history.past("survey_responses", days=LOOKBACK_DAYS, also=_naming(questions))
    told = past.nps.notnull()
    latest = _at(told, past.age).min().over(ibis.window(group_by=KEY))
    past = past.mutate(_told=told, _latest=latest)
    return past.group_by(KEY).aggregate(**{one.column: _of_surveys(past, one) for one in questions})


def _naming(questions: list[Question]) -> dict[str, Deferred]:
    """Say once of each text, not once for each date, whether it holds one of some words."""
    return {_named(one): holds(one.words) for one in questions if one.name}


def holds(words: tuple[str, ...]) -> Deferred:
    """Say whether the column `text` holds one of some words.

    Parameters
    ----------
    words : tuple of str
        In any letter case; a part of a word counts.

    Returns
    -------
    Deferred
        False where there is no text, and where there are no words.
    """
    lowered = ibis._.text.lower()
    found: Deferred = reduce(or_, (lowered.contains(word.lower()) for word in words), ibis._.text.isnull() & False)
    return ibis.coalesce(found, False)


def _of_tickets(past: ir.Table, one: Question) -> Any:
    if one.what == "minutes_since_ticket":
        return _minutes_since(past, past.opened_at, one)
    if one.what == "open_tickets":
        return past.closed_at.isnull().cast("int64").sum().cast("int64")
    if one.what == "escalations":
        return _count(within(past, one) & (past.escalated > 0))
    if one.what == "tickets":
        return _count(within(past, one) & past[_named(one)] if one.name else within(past, one))
    age = past.as_of.delta(past.closed_at.date(), unit="day")
    took = past.closed_at.date().delta(past.day, unit="day") * DAY_MINUTES
    took = (took + _minute(past.closed_at) - _minute(past.opened_at)).cast("int64")
    # one that was closed before it was opened tells nothing
    if one.what == "days_since_closed":
        return _at(took >= 0, age).min()
    chosen = (age <= one.last) & (took >= 0)
    return _count(chosen) if one.what == "tickets_closed" else _sum(chosen, took)


def _of_surveys(past: ir.Table, one: Question) -> Any:
    if one.what == "answers":
        return _count(within(past, one) & past[_named(one)])
    if one.what == "minutes_since_answer":
        return _minutes_since(past, past.answered_at, one)
    if one.what == "days_since_nps":
        return past._latest.min()
    if one.what == "nps":
        # the lowest of several answers of a day: one that was given, in whatever order they came
        return _at(past.age == past._latest, past.nps).min()
    if one.what == "nps_before":
        # the least of age and answer together is the lowest answer of the latest day before
        return _at(past._told & (past.age > past._latest), past.age * _SCALE + past.nps).min() % _SCALE
    chosen = within(past, one) & past._told
    known = past._latest.min().notnull()
    found = _count(chosen) if one.what == "nps_answers" else _sum(chosen, past.nps)
    return _at(known, found)


def _minutes_since(past: ir.Table, moment: ir.TimestampValue, one: Question) -> Any:
    return _at(past[_named(one)], past.age * DAY_MINUTES - _minute(moment)).min().cast("int64")


def _minute(moment: ir.TimestampValue) -> Any:
    return moment.hour() * 60 + moment.minute()


def _named(one: Question) -> str:
    return f"_{one.name}"


def _count(condition: Any) -> Any:
    return ibis.ifelse(condition, 1, 0).sum().cast("int64")


def _sum(condition: Any, value: Any) -> Any:
    return ibis.ifelse(condition, value, 0).sum().cast("int64")


def _at(condition: Any, value: Any) -> Any:
    return ibis.ifelse(condition, value, ibis.null(value.type()))
