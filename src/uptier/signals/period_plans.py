"""What is asked of billing periods, answered once for each period, however many as-of dates look back on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from uptier.signals.windows import KEY, months_after, whole_months

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.signals.question import Question
    from uptier.tables.history import History

ONE = ["account_id", "first_day", "number"]
LONGEST_MONTH = 31  # days


def periods(history: History, questions: list[Question], contract: ir.Table | None) -> list[ir.Table]:
    """Answer how many users each billing period had, and how many on its busiest day.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        ``active_users`` and ``peak_daily_users`` of periods, 1 for the last complete one.
    contract : Table or None
        What the account holds, for the first day of its stretch of subscriptions.

    Returns
    -------
    list of Table
        One row each for each row of the grid with users in one of the periods.

    Raises
    ------
    ValueError
        If nothing was asked of the contract first.
    """
    if contract is None or history.usage is None:
        raise ValueError("billing periods are facts of the contract")
    looks = contract.filter(contract.stretch_days.notnull())
    looks = looks.select(*KEY, first_day=(looks.as_of - looks.stretch_days.as_interval("D")).cast("date"))
    looks = looks.mutate(complete=whole_months(looks.first_day, looks.as_of))
    anchors = history.kept(looks.select("account_id", "first_day").distinct())
    found = []
    for what, counted in (("active_users", _users), ("peak_daily_users", _peaks)):
        asked = [one for one in questions if one.what == what]
        if asked:
            # the last complete period ended less than a month ago
            days = LONGEST_MONTH * (max(one.period for one in asked) + 1)
            found.append(_seen(looks, counted(history, anchors, days), asked))
    return found


def _users(history: History, anchors: ir.Table, days: int) -> ir.Table:
    rows = _numbered(history.usage_by_day("people", days=days), anchors)
    rows = rows.filter(rows.user_id.notnull())
    each = rows.group_by([*ONE, "ended", "user_id"]).aggregate(known_day=rows.known_day.min())
    each = each.mutate(known_late=_late(each))
    return each.group_by([*ONE, "known_late"]).aggregate(users=each.count())


def _peaks(history: History, anchors: ir.Table, days: int) -> ir.Table:
    rows = _numbered(history.usage_by_day("days", days=days), anchors)
    rows = rows.mutate(known_late=_late(rows))
    return rows.group_by([*ONE, "known_late"]).aggregate(users=rows.users_so_far.max())


def _numbered(usage: ir.Table, anchors: ir.Table) -> ir.Table:
    """Give each row of usage the number of its billing period, from 0, and the day on which that ended."""
    rows = usage.inner_join(anchors, [usage.account_id == anchors.account_id, usage.day >= anchors.first_day])
    rows = rows.mutate(number=whole_months(rows.first_day, rows.day))
    return rows.mutate(ended=months_after(rows.first_day, rows.number + 1))


def _late(rows: ir.Table) -> Any:
    # what was known when its period ended is seen from every date that sees the whole period
    return ibis.ifelse(rows.known_day < rows.ended, ibis.null("date"), rows.known_day)


def _seen(looks: ir.Table, counts: ir.Table, questions: list[Question]) -> ir.Table:
    most = max(one.period for one in questions)
    rows = looks.inner_join(counts, ["account_id", "first_day"])
    rows = rows.mutate(period=rows.complete - rows.number)
    rows = rows.filter((rows.period >= 1) & (rows.period <= most) & ibis.coalesce(rows.known_late < rows.as_of, True))
    together = {
        one.column: ibis.ifelse(rows.period == one.period, rows.users, ibis.literal(0, "int64")) for one in questions
    }
    adds_up = questions[0].what == "active_users"
    return rows.group_by(KEY).aggregate(
        **{name: (users.sum() if adds_up else users.max()).cast("int64") for name, users in together.items()}
    )
