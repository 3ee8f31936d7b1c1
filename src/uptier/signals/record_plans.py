"""What is asked of meters, milestones, tickets and accounts, each answered together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from uptier.signals.question import PLAN
from uptier.signals.windows import KEY, LOOKBACK_DAYS, reach, within

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.signals.question import Question
    from uptier.tables.history import History

METER_LOOKBACK_DAYS = 120  # a reading older than this says nothing about today
METER_TREND_DAYS = 28  # between the two readings that a projection rests on
MOST_DAYS_AHEAD = 365  # a projection further away says nothing
SOONEST_DAYS_AHEAD = 1.0  # what is not used up by its latest reading


def meters(history: History, questions: list[Question], contract: ir.Table | None) -> ir.Table:
    """Answer how full an account's meters are, and until when they suffice.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        Facts over all meters.
    contract : Table or None
        What the account holds, for the quotas of its plan.

    Returns
    -------
    Table
        One row for each row of the grid of which the table knows something.
    """
    past = history.past("meter_readings", days=METER_LOOKBACK_DAYS)
    quotas = past.mutate(allowance=past.quota)
    if history.has("plan_quotas") and contract is not None and PLAN in contract.columns:
        held = contract.select(*KEY, plan_id=PLAN)
        allowed = history.facts("plan_quotas").select("plan_id", "meter", allowed="quota")
        quotas = past.left_join(held, KEY).drop("account_id_right", "as_of_right")
        quotas = quotas.left_join(allowed, ["plan_id", "meter"])
        quotas = quotas.mutate(allowance=ibis.coalesce(quotas.quota, quotas.allowed))
    meter = [*KEY, "meter"]
    nearest = quotas.mutate(
        _place=ibis.row_number().over(group_by=meter, order_by=[quotas.age, ibis.desc(quotas.read_at)]),
        _age=quotas.age.min().over(group_by=meter),
    )
    earlier = nearest.age >= nearest._age + METER_TREND_DAYS
    ranked = nearest.mutate(
        _earlier=ibis.row_number().over(group_by=[*meter, earlier], order_by=[nearest.age, ibis.desc(nearest.read_at)]),
        _is_earlier=earlier,
    )
    now = ranked._place == 0
    then = ranked._is_earlier & (ranked._earlier == 0)
    each = ranked.group_by(meter).aggregate(
        value=ibis.ifelse(now, ranked.value, ibis.null("float64")).max(),
        allowance=ibis.ifelse(now, ranked.allowance, ibis.null("float64")).max(),
        age=ibis.ifelse(now, ranked.age, ibis.null("int64")).max(),
        value_then=ibis.ifelse(then, ranked.value, ibis.null("float64")).max(),
        age_then=ibis.ifelse(then, ranked.age, ibis.null("int64")).max(),
    )
    each = each.mutate(
        utilisation=each.value / each.allowance.nullif(0),
        gained=each.value - each.value_then,
        over=each.age_then - each.age,
    )
    ahead = (each.allowance - each.value) * each.over / each.gained.nullif(0) - each.age
    grows = (each.gained > 0) & (ahead <= MOST_DAYS_AHEAD)
    # a pace may say that a quota is used up by now, but only a reading knows: until then it is a day ahead
    paced = ibis.ifelse(grows, ibis.greatest(ahead, SOONEST_DAYS_AHEAD), ibis.null("float64"))
    each = each.mutate(ahead=ibis.ifelse(each.utilisation >= 1, 0.0, paced))
    facts: dict[str, Any] = {}
    for one in questions:
        if one.name == "above":
            # null, not 0, where no meter has a quota: nothing is known to be far from it
            facts[one.column] = (each.utilisation >= one.factor).cast("int64").sum().cast("int64")
        else:
            facts[one.column] = each.utilisation.max() if one.name == "highest_utilisation" else each.ahead.min()
    return each.group_by(KEY).aggregate(**facts)


def milestones(history: History, questions: list[Question], contract: ir.Table | None) -> ir.Table:
    """Answer what an account has achieved, and when.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        Count, and days since the latest and the first.
    contract : Table or None
        Not used.

    Returns
    -------
    Table
        One row for each row of the grid of which the table knows something.
    """
    past = history.past("milestones")
    facts = {
        "milestones": past.count(),
        "days_since_milestone": past.age.min(),
        "days_since_first": past.age.max(),
    }
    return past.group_by(KEY).aggregate(**{one.column: facts[one.what] for one in questions})


def tickets(history: History, questions: list[Question], contract: ir.Table | None) -> ir.Table:
    """Answer how often an account asked for support.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        ``tickets`` within windows.
    contract : Table or None
        Not used.

    Returns
    -------
    Table
        One row for each row of the grid of which the table knows something.
    """
    past = history.past("tickets", days=reach(questions))
    facts: dict[str, Any] = {}
    for one in questions:
        named = _holds(past.text, one.words)
        if one.what == "days_since_ticket":
            facts[one.column] = ibis.ifelse(named, past.age, ibis.null("int64")).min()
        elif one.what == "open_tickets":
            facts[one.column] = past.closed_at.isnull().cast("int64").sum().cast("int64")
        else:
            facts[one.column] = ibis.ifelse(within(past, one) & named, 1, 0).sum().cast("int64")
    return past.group_by(KEY).aggregate(**facts)


def surveys(history: History, questions: list[Question], contract: ir.Table | None) -> ir.Table:
    """Answer how likely an account is to recommend.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        ``nps``.
    contract : Table or None
        Not used.

    Returns
    -------
    Table
        One row for each row of the grid with an answer.
    """
    past = history.past("survey_responses", days=LOOKBACK_DAYS)
    past = past.filter(past.nps.notnull())
    latest = past.mutate(_latest=past.age.min().over(group_by=KEY))
    latest = latest.filter(latest.age == latest._latest)
    # the lowest of several answers of a day: one that was given, in whatever order they came
    return latest.group_by(KEY).aggregate(**{one.column: latest.nps.min() for one in questions})


def _holds(text: ir.StringValue, words: tuple[str, ...]) -> ir.BooleanValue:
    lowered = text.lower()
    found: ir.BooleanValue = ibis.literal(not words)
    for word in words:
        found = found | ibis.coalesce(lowered.contains(word.lower()), False)
    return found


def accounts(history: History, questions: list[Question], contract: ir.Table | None) -> ir.Table:
    """Answer what is known of the account itself.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        Columns of the table `accounts`.
    contract : Table or None
        Not used.

    Returns
    -------
    Table
        One row for each row of the grid of which the table knows something.
    """
    rows = history.grid.inner_join(history.facts("accounts"), "account_id")
    facts: dict[str, Any] = {}
    for one in questions:
        value = rows[one.name]
        if f"{one.name}_since" in rows.columns:
            value = ibis.ifelse(rows[f"{one.name}_since"] <= rows.as_of, value, ibis.null("string"))
        facts[one.column] = value
    return rows.select("account_id", "as_of", **facts)
