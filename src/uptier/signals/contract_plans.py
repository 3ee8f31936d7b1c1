"""What is asked of subscriptions, the price list and add-ons, answered together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from uptier.signals.windows import KEY

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.signals.question import Question
    from uptier.tables.history import History

# what the price list says of a plan and of the next one up
PLAN_FACTS = ("tier_rank", "price", "next_price", "next_seats", "features", "next_new_features")


def subscriptions(history: History, questions: list[Question], contract: ir.Table | None) -> ir.Table:
    """Answer what an account holds, pays and is bound to.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        Seats, MRR, tier, plan facts, term, tenure and bounds of billing periods, now or some days earlier.
    contract : Table or None
        Not used.

    Returns
    -------
    Table
        One row for each row of the grid of which the table knows something.
    """
    rows = history.running(sorted({0, *(one.before for one in questions)}))
    rows = _with_plan_facts(history, rows)
    order = [ibis.desc(ibis.coalesce(rows.tier_rank, 0)), ibis.desc(ibis.coalesce(rows.mrr, 0)), rows.subscription_id]
    rows = rows.mutate(_main=ibis.row_number().over(group_by=[*KEY, "before"], order_by=order) == 0)
    facts = {one.column: _of_subscriptions(rows, one) for one in questions if one.what != "tenure_days"}
    main = (rows.before == 0) & rows._main
    stretch = ibis.ifelse(main, rows.as_of.delta(rows.first_day, unit="day"), ibis.null("int64")).max()
    states = rows.group_by(KEY).aggregate(**facts, stretch_days=stretch)
    past = history.past("subscriptions")
    tenure = past.group_by(KEY).aggregate(tenure_days=past.age.max())
    return tenure.left_join(states, KEY).drop("account_id_right", "as_of_right")


def _of_subscriptions(rows: ir.Table, one: Question) -> Any:
    at = rows.before == one.before
    if one.what in ("seats", "mrr"):
        return ibis.ifelse(at, rows[one.what], ibis.null("int64")).sum().cast("int64")
    if one.what == "tier_rank":
        return ibis.ifelse(at, rows.tier_rank, ibis.null("int64")).max()
    if one.what == "days_until_term_end":
        days = rows.term_end.date().delta(rows.as_of, unit="day")
        return ibis.ifelse(at & (days >= 0), days, ibis.null("int64")).min()
    if one.what == "period_age":
        return _period_age(rows, int(one.name)).max()
    value = rows[one.name] if one.what == "plan" else rows[one.what]
    return ibis.ifelse(at & rows._main, value, ibis.null(value.type())).max()


def _period_age(rows: ir.Table, period: int) -> Any:
    """Days from the beginning of a billing period to the as-of date, periods counted back from the current one."""
    months = (rows.as_of.year() - rows.first_day.year()) * 12 + rows.as_of.month() - rows.first_day.month()
    reached = _months_after(rows.first_day, months) <= rows.as_of
    whole = ibis.ifelse(reached, months, months - 1)
    age = rows.as_of.delta(_months_after(rows.first_day, whole - period), unit="day")
    return ibis.ifelse((rows.before == 0) & rows._main, age, ibis.null("int64"))


def _months_after(day: Any, months: Any) -> Any:
    return (day + months.as_interval("M")).cast("date")


def _with_plan_facts(history: History, rows: ir.Table) -> ir.Table:
    if not history.has("plans"):
        return rows.mutate(**{name: ibis.null("int64") for name in PLAN_FACTS})
    facts = plan_facts(history)
    return rows.left_join(facts, "plan_id").drop("plan_id_right")


def plan_facts(history: History) -> ir.Table:
    """Say of each plan what it costs and holds, and what the next one up does.

    Parameters
    ----------
    history : History
        The past, for its plan list.

    Returns
    -------
    Table
        Columns plan_id, tier_rank, price, next_plan_id, next_price, next_seats, features, next_new_features (features
        that the next plan has and this one lacks).
    """
    plans = history.facts("plans").select("plan_id", "tier_rank", "seats", "price")
    higher = plans.rename(next_plan_id="plan_id", next_rank="tier_rank", next_seats="seats", next_price="price")
    pairs = plans.left_join(higher, plans.tier_rank < higher.next_rank)
    order = [pairs.next_rank, pairs.next_plan_id]
    nearest = pairs.mutate(_place=ibis.row_number().over(group_by=pairs.plan_id, order_by=order))
    facts = nearest.filter(nearest._place == 0).drop("_place", "next_rank", "seats")
    if not history.has("plan_features"):
        return facts.mutate(features=ibis.null("int64"), next_new_features=ibis.null("int64"))
    held = history.facts("plan_features").select("plan_id", "feature")
    counts = held.group_by("plan_id").aggregate(features=held.feature.nunique())
    steps, offers = facts.select("plan_id", "next_plan_id"), held.rename(offered_by="plan_id")
    offered = steps.inner_join(offers, steps.next_plan_id == offers.offered_by)
    new = offered.anti_join(held, ["plan_id", "feature"])
    new = new.group_by("plan_id").aggregate(next_new_features=new.feature.nunique())
    facts = facts.left_join(counts, "plan_id").drop("plan_id_right")
    return facts.left_join(new, "plan_id").drop("plan_id_right")


def addons(history: History, questions: list[Question], contract: ir.Table | None) -> ir.Table:
    """Answer how many add-ons an account holds.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        ``addons``, now or some days earlier.
    contract : Table or None
        Not used.

    Returns
    -------
    Table
        One row for each row of the grid of which the table knows something.
    """
    past = history.past("addons")
    held: dict[str, Any] = {}
    for one in questions:
        ended = past.end_day.notnull() & (past.as_of.delta(past.end_day, unit="day") > one.before)
        held[one.column] = ibis.ifelse((past.age > one.before) & ~ended, past.addon_id, ibis.null("string")).nunique()
    return past.group_by(KEY).aggregate(**held)
