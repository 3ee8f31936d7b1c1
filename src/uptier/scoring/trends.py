"""The series behind the pictures of some accounts' briefs, read from the past alone.

The same rows are counted as by the signals, in windows that end on the same day: the last point of each series is what
a sentence of the brief says. One question a table, for all accounts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from uptier.explanation.sentences import known
from uptier.explanation.trends import (
    GateCluster,
    GateTrend,
    GateWeek,
    MeterPoint,
    MeterTrend,
    SeatPoint,
    SeatTrend,
    Trends,
)
from uptier.signals.meter_plans import METER_LOOKBACK_DAYS
from uptier.signals.question import GATE_KINDS
from uptier.tables.contracts import USAGE_KINDS

if TYPE_CHECKING:
    from uptier.tables.history import History
    from uptier.thresholds import Thresholds

STRETCH_DAYS = 28  # of the signals `active_users` and `seat_utilisation`
STRETCHES = 13  # a year
WEEK_DAYS, WEEKS = 7, 13
MOST_METERS = 3
SIGNALS = ("seats", "active_users", "days_until_ceiling", "plan", "gate_crossings_month")  # that say what to draw


def trends_of(history: History, frame: pd.DataFrame, as_of: dt.date, thresholds: Thresholds) -> dict[str, Trends]:
    """Gather the series of the accounts of a history.

    Parameters
    ----------
    history : History
        The past of some accounts at one date.
    frame : DataFrame, shape (n_accounts, 2 + n_signals)
        Their signals at that date: what is NaN there is not drawn either.
    as_of : date
        The date.
    thresholds : Thresholds
        What makes a cluster of crossings.

    Returns
    -------
    dict of str to Trends
        By account.
    """
    wanted = frame.reindex(columns=SIGNALS).to_dict("records")
    rows = {
        str(account): {str(name): value for name, value in row.items()}
        for account, row in zip(frame["account_id"], wanted, strict=True)
    }
    seats = _seats(history, {one: row for one, row in rows.items() if _seated(row)}, as_of)
    meters = _meters(history, rows, as_of)
    met = {one for one, row in rows.items() if known(row.get("gate_crossings_month")) is not None}
    gates = _gates(history, met, as_of, thresholds)
    return {one: Trends(seats=seats.get(one), meters=meters.get(one, ()), gates=gates.get(one)) for one in rows}


# seats --------------------------------------------------------------------------------------------------------------


def _seated(row: dict[str, object]) -> bool:
    seats, users = known(row.get("seats")), known(row.get("active_users"))
    return isinstance(seats, float) and seats > 0 and users is not None


def _seats(history: History, rows: dict[str, dict[str, object]], as_of: dt.date) -> dict[str, SeatTrend]:
    if not rows or history.usage is None or not history.usage.per_user:
        return {}
    past = history.past_usage("people", days=STRETCHES * STRETCH_DAYS)
    past = past.filter(past.user_id.notnull(), past["first"] == 1)
    counted = past.mutate(stretch=((past.age - 1) // STRETCH_DAYS).cast("int64"))
    counted = counted.group_by(["account_id", "stretch"]).aggregate(users=counted.user_id.nunique())
    users = counted.to_pandas().set_index(["account_id", "stretch"])["users"].to_dict()
    running = history.running([STRETCH_DAYS * stretch for stretch in range(STRETCHES + 1)])
    held = running.group_by(["account_id", "before"]).aggregate(seats=running.seats.sum().cast("int64"))
    seats = held.to_pandas().set_index(["account_id", "before"])["seats"].to_dict()
    recorded = _days_recorded(history, as_of)
    return {
        account: SeatTrend(
            points=tuple(
                SeatPoint(
                    day=as_of - dt.timedelta(days=1 + STRETCH_DAYS * stretch),
                    users=int(users.get((account, stretch), 0)),
                    seats=_figure(seats.get((account, STRETCH_DAYS * stretch))),
                )
                for stretch in reversed(range(_whole(account, seats, recorded)))
            ),
            full_on=_full_on(row, as_of),
        )
        for account, row in rows.items()
    }


def _days_recorded(history: History, as_of: dt.date) -> int:
    """Say how far back usage of anybody is known: before that nobody's users are 0, they are not known."""
    if history.usage is None or history.usage.people is None:
        return 0
    seen = history.usage.people.filter(history.usage.people.known_day < as_of)
    first = seen.aggregate(first=seen.day.min()).to_pandas()["first"].iloc[0]
    return 0 if pd.isna(first) else (as_of - pd.Timestamp(first).date()).days


def _whole(account: str, seats: dict[tuple[str, int], object], recorded: int) -> int:
    """Count the stretches back from today that the account was a customer all through, and usage was recorded."""
    whole = 1  # the last one is what the signals count, whole or not
    while whole < STRETCHES:
        begins = STRETCH_DAYS * (whole + 1)
        if (account, begins) not in seats or begins > recorded:
            break
        whole += 1
    return whole


def _full_on(row: dict[str, object], as_of: dt.date) -> dt.date | None:
    days = known(row.get("days_until_ceiling"))
    return as_of + dt.timedelta(days=round(days)) if isinstance(days, float) and days > 0 else None


# meters -------------------------------------------------------------------------------------------------------------


def _meters(history: History, rows: dict[str, dict[str, object]], as_of: dt.date) -> dict[str, tuple[MeterTrend, ...]]:
    if not history.has("meter_readings"):
        return {}
    past = history.past("meter_readings", days=STRETCHES * STRETCH_DAYS)
    read = past.select("account_id", "meter", "day", "age", "read_at", "value", "quota").to_pandas()
    read["quota"] = read["quota"].astype("float64").fillna(_plan_quotas(history, rows, read))
    read["stretch"] = (read["age"] - 1) // STRETCH_DAYS
    # of several readings of one moment the highest stands, as for the signals
    read = read.sort_values(["account_id", "meter", "read_at", "value", "quota"])
    latest = read.drop_duplicates(["account_id", "meter", "stretch"], keep="last")
    latest = latest[(latest["quota"] > 0) & latest["value"].notna()]
    found: dict[str, list[MeterTrend]] = {}
    for (account, meter), some in latest.groupby(["account_id", "meter"]):
        if some["age"].min() > METER_LOOKBACK_DAYS:
            continue  # so old that the signals take no notice of it either
        points = tuple(
            MeterPoint(day=_date(row.day), value=float(row.value), quota=float(row.quota)) for row in some.itertuples()
        )
        found.setdefault(str(account), []).append(MeterTrend(meter=str(meter), points=points))
    # sorted by name above, so that of several alike the first by name stands first
    fullest = {account: sorted(some, key=lambda one: -one.points[-1].share) for account, some in found.items()}
    return {account: tuple(some[:MOST_METERS]) for account, some in fullest.items()}


def _plan_quotas(history: History, rows: dict[str, dict[str, object]], read: pd.DataFrame) -> pd.Series[float]:
    """Give the quota that the plan held now sets for the meter of each reading; NaN for none."""
    if not history.has("plan_quotas"):
        return pd.Series(float("nan"), index=read.index)
    listed = history.facts("plan_quotas").select("plan_id", "meter", "quota").to_pandas()
    quotas = listed.set_index(["plan_id", "meter"])["quota"].to_dict()
    pairs = zip(read["account_id"], read["meter"], strict=True)
    found = [quotas.get((rows[account].get("plan"), meter)) if account in rows else None for account, meter in pairs]
    return pd.Series(found, index=read.index, dtype="float64")


# gates --------------------------------------------------------------------------------------------------------------


def _gates(history: History, accounts: Iterable[str], as_of: dt.date, thresholds: Thresholds) -> dict[str, GateTrend]:
    accounts = set(accounts)
    if not accounts or history.usage is None:
        return {}
    past = history.past_usage("touches", days=WEEKS * WEEK_DAYS, kinds=GATE_KINDS)
    daily = past.group_by(["account_id", "kind", "age"]).aggregate(events=past.events.sum().cast("int64")).to_pandas()
    daily = daily[daily["account_id"].isin(accounts) & (daily["events"] > 0)]
    daily["kind"] = daily["kind"].map(dict(enumerate(USAGE_KINDS)))
    return {str(account): _gate_trend(some, as_of, thresholds) for account, some in daily.groupby("account_id")}


def _gate_trend(daily: pd.DataFrame, as_of: dt.date, thresholds: Thresholds) -> GateTrend:
    kinds = tuple(kind for kind in GATE_KINDS if (daily["kind"] == kind).any())
    week = (daily["age"] - 1) // WEEK_DAYS
    times = daily.groupby([week.rename("week"), "kind"])["events"].sum().to_dict()
    weeks = tuple(
        GateWeek(
            begins=as_of - dt.timedelta(days=WEEK_DAYS * (number + 1)),
            times=tuple(int(times.get((number, kind), 0)) for kind in kinds),
        )
        for number in reversed(range(WEEKS))
    )
    least, span = thresholds.gate_crossings, thresholds.gate_days
    by_age = {int(age): int(events) for age, events in daily.groupby("age")["events"].sum().items()}  # type: ignore[call-overload]  # ages are whole numbers
    return GateTrend(
        kinds=kinds,
        weeks=weeks,
        clusters=tuple(_clusters(by_age, as_of, least=least, span=span)),
        least=int(least),
        span_days=int(span),
    )


def _clusters(by_age: dict[int, int], as_of: dt.date, *, least: float, span: int) -> list[GateCluster]:
    """Join the runs of days that each hold enough crossings, where they share a day."""
    runs: list[tuple[int, int]] = []  # ages of the first and the last day
    for age in sorted(by_age, reverse=True):
        inside = [other for other in by_age if age <= other < age + span]
        if sum(by_age[other] for other in inside) < least:
            continue
        first = max(inside)
        if runs and first >= runs[-1][1]:
            runs[-1] = (runs[-1][0], age)
        else:
            runs.append((first, age))
    return [
        GateCluster(
            first=as_of - dt.timedelta(days=first),
            last=as_of - dt.timedelta(days=last),
            times=sum(events for age, events in by_age.items() if last <= age <= first),
        )
        for first, last in runs
    ]


def _figure(value: object) -> float | None:
    said = known(value)
    return said if isinstance(said, float) else None


def _date(day: object) -> dt.date:
    return pd.Timestamp(day).date()  # type: ignore[arg-type]  # a date, as the engine gives it
