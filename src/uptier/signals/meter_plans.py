"""What is asked of meters, answered together: how full they are, and until when they suffice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

from uptier.signals.contract_plans import subscriptions
from uptier.signals.question import PLAN, Question
from uptier.signals.windows import KEY

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.tables.history import History

METER_LOOKBACK_DAYS = 120  # a reading older than this says nothing about today
METER_TREND_DAYS = 28  # between the two readings that a projection rests on
MOST_DAYS_AHEAD = 365  # a projection further away says nothing
SOONEST_DAYS_AHEAD = 1.0  # what is not used up by its latest reading
DAY_SECONDS = 86_400

_METER = [*KEY, "meter"]
_EMPTIER = -1.0  # than any meter: where one without a quota stands among them
_NEVER = 1e9  # days: where a meter stands that does not run out


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
    each = _each(history, contract)
    account = ibis.window(group_by=KEY)
    each = each.mutate(
        _highest=each.utilisation.max().over(account), _soonest=each.days_until_exhausted.min().over(account)
    )
    beside = [one for one in questions if one.name in _BESIDE]
    # the others read more than the latest readings, of the meters that stand here
    each = history.kept(each) if beside else each
    facts = {one.column: _over_all(each, one) for one in questions if one not in beside}
    metered = each.allowance.notnull().cast("int64").max()
    found = each.group_by(KEY).aggregate(_metered=metered, **facts)
    for one in beside:
        answer = _BESIDE[one.name](history, each, one)
        found = found.left_join(answer, KEY).drop("account_id_right", "as_of_right")
        if one.name == "days_over":
            # no day is none only where there is a quota to be over
            days = ibis.coalesce(found[one.column], _at(found._metered > 0, ibis.literal(0, "int64")))
            found = found.mutate(**{one.column: days})
    return found.drop("_metered")


def meter_forecasts(history: History) -> ir.Table:
    """Say of each meter of each account how full it is, and when it will be used up.

    Parameters
    ----------
    history : History
        The past.

    Returns
    -------
    Table
        Columns account_id, as_of, meter, utilisation (share; null without a quota) and days_until_exhausted (0 where
        the quota is used up, null where that is not in sight). One row for each meter that was read within the last
        `METER_LOOKBACK_DAYS`.
    """
    contract = None
    if history.has("plan_quotas") and history.has("subscriptions", ["plan_id"]):
        contract = subscriptions(history, [Question(plan="subscriptions", what=PLAN)], None)
    return _each(history, contract).select(*KEY, "meter", "utilisation", "days_until_exhausted")


def _each(history: History, contract: ir.Table | None) -> ir.Table:
    """Give one row for each meter: its latest reading, and how full it is and will be by the readings before it."""
    readings = history.latest("meter_readings", ["meter"], days=METER_LOOKBACK_DAYS)
    looks = _with_plan(history, contract)
    read = {"day": "day", "value": "value", "quota": "quota"}
    now = readings.seen_on(looks.mutate(seen_on=looks.as_of), days=METER_LOOKBACK_DAYS, columns=read)
    # a reading of the day on which the trend begins is seen from the day after
    trend_begins = _days_before(now.day, METER_TREND_DAYS - 1)
    each = readings.beside(
        now.mutate(seen_on=trend_begins),
        days=METER_LOOKBACK_DAYS,
        columns={"day_then": "day", "value_then": "value"},
    )
    each = readings.beside(
        each.mutate(seen_on=_days_before(each.as_of, METER_TREND_DAYS)),
        days=METER_LOOKBACK_DAYS - METER_TREND_DAYS,
        columns={"value_month_ago": "value", "quota_month_ago": "quota"},
    )
    if "plan_id" in each.columns:
        allowed = history.facts("plan_quotas").select("plan_id", "meter", plan_quota="quota")
        each = each.left_join(allowed, ["plan_id", "meter"]).drop("plan_id", "plan_id_right", "meter_right")
    else:
        each = each.mutate(plan_quota=ibis.null("float64"))
    age, age_then = (each.as_of.delta(day, unit="day") for day in (each.day, each.day_then))
    share = each.value_month_ago / ibis.coalesce(each.quota_month_ago, each.plan_quota).nullif(0)
    each = each.mutate(
        age=age,
        age_then=_at(age_then <= METER_LOOKBACK_DAYS, age_then),
        allowance=ibis.coalesce(each.quota, each.plan_quota),
        share_month_ago=share,
    )
    return _projected(each)


def _with_plan(history: History, contract: ir.Table | None) -> ir.Table:
    """Give the grid with the plan held, where plans say what meters may read."""
    if not history.has("plan_quotas") or contract is None or PLAN not in contract.columns:
        return history.grid
    held = contract.select(*KEY, plan_id=PLAN)
    return history.grid.left_join(held, KEY).drop("account_id_right", "as_of_right")


def _projected(each: ir.Table) -> ir.Table:
    each = each.mutate(
        utilisation=each.value / each.allowance.nullif(0),
        gained=each.value - each.value_then,
        over=each.age_then - each.age,
    )
    ahead = (each.allowance - each.value) * each.over / each.gained.nullif(0) - each.age
    # a quota of 0 is not used up one day: nothing of it can be used
    grows = (each.gained > 0) & (ahead <= MOST_DAYS_AHEAD) & (each.allowance > 0)
    # a pace may say that a quota is used up by now, but only a reading knows: until then it is a day ahead
    paced = ibis.ifelse(grows, ibis.greatest(ahead, SOONEST_DAYS_AHEAD), ibis.null("float64"))
    return each.mutate(days_until_exhausted=ibis.ifelse(each.utilisation >= 1, 0.0, paced))


def _over_all(each: ir.Table, one: Question) -> Any:
    fullest = each.utilisation == each._highest
    if one.what == "meter_name":
        # of several alike the first by name
        return _at(fullest if one.name == "fullest" else each.days_until_exhausted == each._soonest, each.meter).min()
    if one.name == "above":
        # null, not 0, where no meter has a quota: nothing is known to be far from it
        return (each.utilisation >= one.factor).cast("int64").sum().cast("int64")
    if one.name == "running_out":
        soon = ibis.coalesce(each.days_until_exhausted <= one.last, False)
        return _at(each.utilisation.notnull(), soon.cast("int64")).sum().cast("int64")
    if one.name == "growth":
        return _at(fullest, each.utilisation - each.share_month_ago).max()
    return each.utilisation.max() if one.name == "highest_utilisation" else each.days_until_exhausted.min()


def _days_over(history: History, each: ir.Table, one: Question) -> ir.Table:
    """Count the days with a reading at or above the quota, of the meter that was so most often."""
    rows = history.past("meter_readings", days=one.last)
    allowance = rows.quota
    if history.has("plan_quotas"):
        rows = rows.left_join(each.select(*_METER, "plan_quota"), _METER)
        allowance = ibis.coalesce(rows.quota, rows.plan_quota)
    # a quota of 0 has no share; whoever uses anything of it is over it
    rows = rows.filter((rows.value >= allowance) & (rows.value > 0))
    days = rows.select(*_METER, "age").distinct().group_by(_METER).aggregate(days=ibis._.count())
    return days.group_by(KEY).aggregate(**{one.column: days.days.max()})


def _days_near(history: History, each: ir.Table, one: Question) -> ir.Table:
    """Say since when the fullest meter has not been read below a share of its quota."""
    near = each.filter((each.utilisation == each._highest) & (each.utilisation >= one.factor))
    near = history.kept(near.select(*_METER, "plan_quota"))
    # few meters are near their quota: the readings of the others are not looked at
    past = type(history)(history.tables, near.select(*KEY).distinct(), None).past(
        "meter_readings", days=METER_LOOKBACK_DAYS
    )
    rows = past.inner_join(near, _METER)
    share = rows.value / ibis.coalesce(rows.quota, rows.plan_quota).nullif(0)
    # a reading's place in time as one whole number: the least is the latest
    moment = rows.age * DAY_SECONDS - (rows.read_at.hour() * 3600 + rows.read_at.minute() * 60 + rows.read_at.second())
    rows = rows.mutate(_share=share, _moment=moment.cast("int64"))
    below = _at(rows._share < one.factor, rows._moment).min().over(ibis.window(group_by=_METER))
    rows = rows.mutate(_below=below)
    since = (rows._below.isnull() | (rows._moment < rows._below)) & (rows._share >= one.factor)
    return rows.group_by(KEY).aggregate(**{one.column: _at(since, rows.age).max()})


# what reads more than the latest readings of each meter
_BESIDE = {"days_over": _days_over, "days_near": _days_near}


def _days_before(day: Any, days: int) -> Any:
    return (day - ibis.interval(days=days)).cast("date")


def _at(condition: Any, value: Any) -> Any:
    return ibis.ifelse(condition, value, ibis.null(value.type()))
