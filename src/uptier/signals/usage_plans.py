"""What is asked of usage by account and day, answered from the rollup.

Questions are parted by how far back they look: most of them need a month, and a row of usage stands in the months of
one or two as-of dates but in the quarters of four. Sums are written as ``sum(CASE WHEN ... THEN x ELSE 0 END)``: in
DuckDB five times faster than ``sum(x) FILTER (...)``, with the same answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import ibis

from uptier.signals.question import WORKING
from uptier.signals.windows import KEY, LOOKBACK_DAYS, reach, within
from uptier.tables.contracts import USAGE_KINDS
from uptier.tables.rolling import EVERYDAY, FEATURE_USED, LOGIN, WORD

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.signals.question import Question
    from uptier.tables.history import History

SATURDAY = 5  # Monday is 0
NEAR_DAYS = 31  # questions that look no further back are answered together, the others together


def days(history: History, questions: list[Question], contract: ir.Table | None) -> list[ir.Table]:
    """Answer how much, by how many and with what, day by day.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        ``events`` and ``logins``, ``days_with``, ``user_days``, ``peak_daily_users``, and features used as bits.
    contract : Table or None
        Not used.

    Returns
    -------
    list of Table
        One row each for each row of the grid that has usage.
    """
    return [_of_days(history, some) for some in near_and_far(questions)]


def _of_days(history: History, questions: list[Question]) -> ir.Table:
    past = history.past_usage("days", days=reach(questions))
    weekday = None
    if any(one.name == WORKING for one in questions):
        past = past.mutate(weekday=(past.as_of - past.age.as_interval("D")).day_of_week.index())
        weekday = past.weekday < SATURDAY
    sums: dict[str, Any] = {}
    for one in questions:
        chosen = within(past, one)
        if one.what == "bits":
            sums |= {f"{one.column}_{word}": _if(chosen, past[word]).bit_or() for word in _words(past)}
        elif one.what == "peak_daily_users":
            # with the users of rows known earlier: of a day's rows, the one known last has them all
            sums[one.column] = _if(chosen, past.users_so_far).max()
        else:
            if one.name == WORKING:
                chosen &= weekday
            counted = {"events": "events", "logins": "logins", "days_with": "first", "user_days": "users"}[one.what]
            sums[one.column] = _if(chosen, past[counted]).sum().cast("int64")
    return past.group_by(KEY).aggregate(**sums)


def touches(history: History, questions: list[Question], contract: ir.Table | None) -> list[ir.Table]:
    """Answer how often the kinds of events came that tell something by themselves.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        ``touches``, ``days_touched``, and features touched as bits.
    contract : Table or None
        Not used.

    Returns
    -------
    list of Table
        One row each for each row of the grid that has such events.
    """
    by_day = [one for one in questions if one.what == "days_touched"]
    others = [one for one in questions if one.what != "days_touched"]
    found = [_of_touches(history, some) for some in near_and_far(others)]
    return found + ([_days_touched(history, by_day)] if by_day else [])


def _of_touches(history: History, questions: list[Question]) -> ir.Table:
    past = history.past_usage("touches", days=reach(questions), kinds=_kinds(questions))
    sums: dict[str, Any] = {}
    for one in questions:
        chosen = within(past, one) & _of_kinds(past, one)
        if one.what == "bits":
            sums |= {f"{one.column}_{word}": _if(chosen, past[word]).bit_or() for word in _words(past)}
        else:
            sums[one.column] = _if(chosen, past.events).sum().cast("int64")
    return past.group_by(KEY).aggregate(**sums)


def _days_touched(history: History, questions: list[Question]) -> ir.Table:
    past = history.past_usage("touches", days=reach(questions), kinds=_kinds(questions))
    flags = {one.column: _if(_of_kinds(past, one), ibis.literal(1, "int64")).max() for one in questions}
    daily = past.group_by([*KEY, "age"]).aggregate(**flags)
    return daily.group_by(KEY).aggregate(
        **{one.column: _if(within(daily, one), daily[one.column]).sum().cast("int64") for one in questions}
    )


def last_use(history: History, questions: list[Question], contract: ir.Table | None) -> list[ir.Table]:
    """Answer when the latest event was.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        ``days_since_last``, of all kinds or of kinds that tell something by themselves.
    contract : Table or None
        Not used.

    Returns
    -------
    list of Table
        One row each for each row of the grid that has usage within the last `LOOKBACK_DAYS`.
    """
    return [
        history.latest_usage("touches" if one.kinds else "days", kinds=one.kinds, days=LOOKBACK_DAYS).rename(
            {one.column: "age"}
        )
        for one in questions
    ]


def clusters(history: History, questions: list[Question], contract: ir.Table | None) -> list[ir.Table]:
    """Answer how closely events stood together, in any run of days.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        ``largest_cluster`` and ``days_since_cluster``, overall or (named ``feature``) by feature.
    contract : Table or None
        Not used.

    Returns
    -------
    list of Table
        One row each for each row of the grid that has such events.
    """
    # one run of days and one set of kinds at a time; the catalogue asks for one
    groups: dict[Any, list[Question]] = {}
    for one in questions:
        groups.setdefault((one.kinds, one.before, one.last), []).append(one)
    return [_clustered(history, some) for some in groups.values()]


def _clustered(history: History, questions: list[Question]) -> ir.Table:
    span, kinds = questions[0].before, questions[0].kinds
    past = history.past_usage("touches", days=questions[0].last, kinds=kinds)
    # of the days of a run the last is a row's own: a higher age is an earlier day
    run = {"following": span - 1, "preceding": 0, "order_by": "age"}
    if any(one.name == "feature" for one in questions):
        each = past.group_by([*KEY, "feature", "age"]).aggregate(events=past.events.sum().cast("int64"))
        each = each.mutate(together=each.events.sum().over(ibis.range_window(group_by=[*KEY, "feature"], **run)))
        named = ibis.ifelse(each.feature.notnull(), each.together, 0)
        daily = each.group_by([*KEY, "age"]).aggregate(events=each.events.sum(), of_feature=named.max())
    else:
        daily = past.group_by([*KEY, "age"]).aggregate(events=past.events.sum())
    daily = daily.mutate(overall=daily.events.sum().over(ibis.range_window(group_by=KEY, **run)))
    measured: dict[str, Any] = {}
    for one in questions:
        together = daily.of_feature if one.name == "feature" else daily.overall
        if one.what == "largest_cluster":
            measured[one.column] = together.max().cast("int64")
        else:
            measured[one.column] = ibis.ifelse(together >= one.least, daily.age, ibis.null("int64")).min()
    return daily.group_by(KEY).aggregate(**measured)


def near_and_far(questions: Iterable[Question]) -> list[list[Question]]:
    """Part questions by how far back they look.

    Parameters
    ----------
    questions : iterable of Question
        With a window each.

    Returns
    -------
    list of list of Question
        Those that look back `NEAR_DAYS` or less, and the others; what is empty is left out.
    """
    near, far = list[Any](), list[Any]()
    for one in questions:
        (near if one.before + one.last <= NEAR_DAYS else far).append(one)
    return [some for some in (near, far) if some]


def kind_places(kinds: Iterable[str]) -> list[int]:
    """Give the places of kinds that tell something by themselves.

    Parameters
    ----------
    kinds : iterable of str
        Kinds of the contract; none for all.

    Returns
    -------
    list of int
        As in the rollup's `touches`.
    """
    return [USAGE_KINDS.index(kind) for kind in kinds if kind not in EVERYDAY]


def parts_of(kinds: tuple[str, ...]) -> tuple[bool, bool, tuple[str, ...]]:
    """Say where in the rollup kinds of events are counted.

    Parameters
    ----------
    kinds : tuple of str
        Kinds of the contract; empty for all.

    Returns
    -------
    logins, used : bool
        Whether the two everyday kinds are among them.
    rare : tuple of str
        The others.
    """
    return LOGIN in kinds, FEATURE_USED in kinds, tuple(kind for kind in kinds if kind not in EVERYDAY)


def _kinds(questions: list[Question]) -> tuple[str, ...]:
    asked = [one.kinds for one in questions]
    return tuple(dict.fromkeys(kind for kinds in asked for kind in kinds)) if all(asked) else ()


def _of_kinds(past: ir.Table, one: Question) -> Any:
    return past.kind.isin(kind_places(one.kinds)) if one.kinds else ibis.literal(True)


def _words(past: ir.Table) -> list[str]:
    return [column for column in past.columns if column.startswith(WORD)]


def _if(chosen: Any, value: Any) -> Any:
    return ibis.ifelse(chosen, value, ibis.literal(0, "int64"))
