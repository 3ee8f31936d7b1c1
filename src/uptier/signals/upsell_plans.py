"""What is asked of earlier upsells, answered together: what an account bought, and what came after.

An account's state is taken over all its subscriptions together, before and after each day on which something began or
ended, as far as it was known at each as-of date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from uptier.signals.windows import KEY

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.signals.question import Question
    from uptier.tables.history import History

# why a version may begin without anybody having bought more: domain page, and contract of change_reason
NOT_BOUGHT = ("renewal", "price_uplift", "currency", "true_up", "co_term", "merge", "correction")
# and without anybody having given something up: less at a new price, or at a renewal, is a choice
NOT_GIVEN_UP = ("true_up", "co_term", "merge", "correction")
MERGED = "merged"  # an end that is no leaving

_RUNS = 0  # the age of an end that had not come
_FLAGS = ("bought", "given", "addon_bought", "addon_given")
_DAY = [*KEY, "age"]


def upsells(history: History, questions: list[Question], contract: ir.Table | None) -> ir.Table:
    """Answer how often an account bought more, when last, and how often it then gave something up.

    Parameters
    ----------
    history : History
        The past.
    questions : list of Question
        ``upsells``, ``days_since_upsell`` and ``setbacks`` within so many days after one.
    contract : Table or None
        Not used.

    Returns
    -------
    Table
        One row for each row of the grid of which the table knows something.
    """
    days = _turns(history)
    so_far = ibis.cumulative_window(group_by=KEY, order_by=ibis.desc(days.age))
    days = days.mutate(_upsold=_at(days.upsell, days.age).min().over(so_far))
    facts: dict[str, Any] = {}
    for one in questions:
        if one.what == "upsells":
            facts[one.column] = ibis.ifelse(days.upsell, 1, 0).sum().cast("int64")
        elif one.what == "days_since_upsell":
            facts[one.column] = _at(days.upsell, days.age).min()
        else:
            soon = ibis.coalesce(days._upsold - days.age <= one.last, False)
            facts[one.column] = ibis.ifelse(days.setback & soon, 1, 0).sum().cast("int64")
    return days.group_by(KEY).aggregate(**facts)


def _turns(history: History) -> ir.Table:
    """Give the days on which something began or ended, and whether that was an upsell or a setback."""
    held = _held(history)
    found = [
        _turn(held, ibis._.age, bought=ibis._.bought, given=ibis._.given),
        _turn(held.filter(held.until >= 1), ibis._.until, given=ibis._.left),
    ]
    if history.has("addons"):
        stretches = _addons(history)
        found.append(_turn(stretches.filter(stretches.begins), ibis._.age, addon_bought=ibis.literal(True)))
        found.append(_turn(stretches.filter(stretches.closes), ibis._.until, addon_given=ibis.literal(True)))
    both = ibis.union(*found)
    turns = both.group_by(_DAY).aggregate(**{flag: both[flag].max() for flag in _FLAGS})
    beside = held.select(*KEY, "seats", "tier_rank", "until", began=held.age)
    rows = turns.inner_join(beside, [*KEY, turns.age <= beside.began, turns.age >= beside.until])
    before, after = rows.began > rows.age, rows.until < rows.age
    states = rows.group_by(_DAY).aggregate(
        had=ibis.ifelse(before, 1, 0).sum(),
        has=ibis.ifelse(after, 1, 0).sum(),
        seats_before=_at(before, rows.seats).sum(),
        seats=_at(after, rows.seats).sum(),
        tier_before=_at(before, rows.tier_rank).max(),
        tier=_at(after, rows.tier_rank).max(),
        **{flag: rows[flag].max() for flag in _FLAGS},
    )
    return _judged(states)


def _judged(states: ir.Table) -> ir.Table:
    had, has = states.had > 0, states.has > 0
    higher = ibis.coalesce(states.tier > states.tier_before, False)
    lower = ibis.coalesce(states.tier < states.tier_before, False)
    more = ibis.coalesce(states.seats > states.seats_before, False)
    fewer = ibis.coalesce(states.seats < states.seats_before, False)
    # a plan change that brings or takes seats with it is a plan change alone
    grew, shrank = higher | (more & ~lower), lower | (fewer & ~higher)
    upsell = had & ((has & grew & (states.bought > 0)) | (states.addon_bought > 0))
    gave = (states.given > 0) & (shrank | ~has)
    # what is given up on the day of an upsell is part of the deal
    setback = had & ~upsell & (gave | (has & (states.addon_given > 0)))
    return states.select(*_DAY, upsell=upsell, setback=setback)


def _held(history: History) -> ir.Table:
    """Give the versions that held, with the age of the day until which each did."""
    past = history.past("subscriptions")
    if history.has("plans") and history.has("subscriptions", ["plan_id"]):
        plans = history.facts("plans")
        ranks = plans.group_by("plan_id").aggregate(tier_rank=plans.tier_rank.max())
        past = past.left_join(ranks, "plan_id").drop("plan_id_right")
    else:
        past = past.mutate(tier_rank=ibis.null("int64"))
    order = [past.day, past.valid_from, past.known_day]
    following = past.age.lead().over(group_by=[*KEY, "subscription_id"], order_by=order)
    ends = ibis.coalesce(past.as_of.delta(past.end_day, unit="day"), _RUNS)
    past = past.mutate(_ends=ends, _following=ibis.coalesce(following, _RUNS))
    # a version that its successor overtakes ends there, whatever it says itself
    past = past.mutate(until=ibis.greatest(past._ends, past._following))
    alone = (past._following < past.until) | (past._following == _RUNS)
    past = past.mutate(
        bought=_is_not(past.change_reason, NOT_BOUGHT),
        given=_is_not(past.change_reason, NOT_GIVEN_UP),
        left=alone & _is_not(past.end_reason, (MERGED,)),
    )
    held = past.filter(past.until < past.age)
    return held.select(*_DAY, "until", "bought", "given", "left", "seats", "tier_rank")


def _addons(history: History) -> ir.Table:
    """Mark where an add-on really began and ended: a re-bill, begun while one before still ran, is no news."""
    past = history.past("addons")
    past = past.mutate(until=ibis.coalesce(past.as_of.delta(past.end_day, unit="day"), _RUNS))
    held = past.filter(past.until < past.age).select(*_DAY, "addon_id", "until").distinct()
    one = {"group_by": [*KEY, "addon_id"], "order_by": [ibis.desc(held.age), ibis.desc(held.until)]}
    held = held.mutate(reached=held.until.min().over(ibis.cumulative_window(**one)))
    one["order_by"] = [ibis.desc(held.age), ibis.desc(held.until)]
    earlier, later = held.reached.lag().over(**one), held.age.lead().over(**one)
    return held.mutate(
        begins=ibis.coalesce(earlier > held.age, True),
        closes=(held.reached >= 1) & ibis.coalesce(later < held.reached, True),
        until=held.reached,
    )


def _turn(rows: ir.Table, age: Any, **flags: Any) -> ir.Table:
    told = {flag: flags.get(flag, ibis.literal(False)).cast("int64") for flag in _FLAGS}
    return rows.select(*KEY, age=age, **told)


def _is_not(reason: Any, reasons: tuple[str, ...]) -> Any:
    # a reason that is not told is a choice, as far as one knows
    return ~ibis.coalesce(reason.isin(reasons), False)


def _at(condition: Any, value: Any) -> Any:
    return ibis.ifelse(condition, value, ibis.null(value.type()))
