"""Timelines of accounts drawn by chance, in every table of the contract: what the promises of signals are tried on.

They hold what goes wrong in practice: rows from the future and rows that became known late, on the very days of the
cut; equal rows twice; versions corrected on the same day; no seats, quotas of 0, accounts of one day, accounts without
users; 29 February, and hours that a change of the clock leaves out or repeats.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import Any

from uptier.signals.timelines import DATED, Row, Rows, World
from uptier.tables.contracts import CONTRACT, Column, Kind

# the day of the cut and its neighbours are where cuts go wrong
_NEAR = (-29, -28, -2, -1, 0, 1)
_HOURS = ("00:00", "01:30", "02:30", "12:00", "23:59")  # 02:30 may be left out or repeated by a clock
_WORDS: dict[str, tuple[str | None, ...]] = {
    "feature": ("reports", "sso", "audit", None),
    "meter": ("api", "contacts"),
    "user_id": ("u", "v", "w", None),
    "session_id": ("1", "2", None),
    "plan_id": ("basic", "pro", "top", "unlisted"),
    "role": ("champion", "executive", "member", None),
    "stage": ("identified", "negotiation", "won", "lost"),
    "milestone": ("first_value", "go_live", "goal_met"),
    "started_by": ("approaching_seat_ceiling", "calendar", None),
    "result": ("won", "lost", "open", None),
    "text": ("we miss an export, the team felt pressured", "thanks", "", None),
    "billing_period_months": ("1", "3", "12", None),
    "nps": ("0", "6", "7", "10", None),
    "escalated": ("0", "1", None),
    "seats": ("0", "1", "3", "20"),
}
_OF_KIND: dict[Kind, tuple[str | None, ...]] = {
    Kind.CATEGORY: ("one", "other", None),
    Kind.TEXT: ("some words", None),
    Kind.COUNT: ("0", "1", "4"),
    Kind.NUMBER: ("0", "0.5", "80", "101.25", None),
    Kind.MONEY: ("0", "99.99", "1200", None),
}
_PRICE_LIST: Rows = {
    "plans": [
        {"plan_id": "basic", "plan_name": "Basic", "tier_rank": "1", "seats": "5", "price": "50"},
        {"plan_id": "pro", "plan_name": "Pro", "tier_rank": "2", "seats": "0", "price": "120"},
        {"plan_id": "top", "plan_name": "Top", "tier_rank": "3", "seats": "50", "price": None},
    ],
    "plan_features": [
        {"plan_id": plan, "feature": feature}
        for plan, features in (("basic", "reports"), ("pro", "reports sso"), ("top", "reports sso audit"))
        for feature in features.split()
    ],
    "plan_quotas": [
        {"plan_id": "basic", "meter": "api", "quota": "100"},
        {"plan_id": "pro", "meter": "api", "quota": "0"},
        {"plan_id": "top", "meter": "contacts", "quota": "1000"},
    ],
}


def worlds(seed: int) -> tuple[World, ...]:
    """Draw worlds.

    Parameters
    ----------
    seed : int
        The same seed gives the same rows.

    Returns
    -------
    tuple of World
        One on 29 February; two around changes of the clock, in both forms of usage; one where the dates are far apart.
    """
    chance = random.Random(seed)
    return (
        _world("leap day", "2024-02-29 2024-03-01", 0, "UTC", "usage_events", chance),
        _world("clock put forward", "2026-03-29 2026-03-30", 3, "Europe/Berlin", "usage_events", chance),
        _world("clock put back", "2025-11-02 2025-11-03", 0, "America/New_York", "usage_daily", chance),
        _world("months apart", "2025-06-30 2025-12-31", 1, "Asia/Kolkata", "usage_events", chance),
    )


def price_list() -> Rows:
    """Give the tables that only describe.

    Returns
    -------
    dict of str to list of dict
        Plans with their features and quotas, of which one is 0.
    """
    return _PRICE_LIST


def _world(name: str, dates: str, lag: int, zone: str, usage: str, chance: random.Random) -> World:
    days = tuple(dt.date.fromisoformat(day) for day in dates.split())
    makers: dict[str, Callable[[dt.date, str, str, random.Random], Rows]] = {
        "usual": _account,
        "second": _account,
        "third": _account,
        "userless": _without_users,
        "young": _of_one_day,
        "seatless": _without_seats,
        "silent": _silent,
    }
    accounts = {
        account: make(days[place % len(days)], account, usage, chance)
        for place, (account, make) in enumerate(makers.items())
    }
    return World(name=name, dates=days, lag_days=lag, zone=zone, usage=usage, accounts=accounts)


def _account(as_of: dt.date, account: str, usage: str, chance: random.Random) -> Rows:
    rows: Rows = {"subscriptions": _subscriptions(as_of, chance)}
    for table in DATED:
        if table != "subscriptions" and (table == usage or not table.startswith("usage_")):
            most = 40 if table == usage else 6
            count = chance.randint(0, most)
            drawn = [_row(as_of, table, number, chance) for number in range(count)]
            # in every table one row that is known before it happens, and one that is known too late
            early: Row = {"recorded_at": _moment(as_of, -chance.randint(2, 30), chance)}
            drawn.append(_row(as_of, table, count, chance, offset=chance.randint(2, 9)) | early)
            late: Row = {"recorded_at": _moment(as_of, chance.randint(2, 9), chance)}
            drawn.append(_row(as_of, table, count + 1, chance, offset=-chance.randint(2, 9)) | late)
            rows[table] = _one_for_each_key(drawn, table)
            # equal rows stand for one
            rows[table] += rows[table][: len(rows[table]) // 3]
    return rows


def _without_users(as_of: dt.date, account: str, usage: str, chance: random.Random) -> Rows:
    rows = _account(as_of, account, usage, chance)
    if "usage_events" in rows:
        rows["usage_events"] = [row | {"user_id": None} for row in rows["usage_events"]]
    return rows | {"users": []}


def _of_one_day(as_of: dt.date, account: str, usage: str, chance: random.Random) -> Rows:
    rows = _account(as_of, account, usage, chance)
    first = _version(as_of, -1, None, chance)
    return rows | {"subscriptions": [first]}


def _without_seats(as_of: dt.date, account: str, usage: str, chance: random.Random) -> Rows:
    rows = _account(as_of, account, usage, chance)
    rows["subscriptions"] = [row | {"seats": "0", "mrr": "0"} for row in rows["subscriptions"]]
    rows["meter_readings"] = [row | {"quota": "0"} for row in rows["meter_readings"]]
    return rows


def _silent(as_of: dt.date, account: str, usage: str, chance: random.Random) -> Rows:
    rows = _account(as_of, account, usage, chance)
    return {name: list[Row]() for name in rows} | {"subscriptions": [_version(as_of, -700, None, chance)]}


def _row(as_of: dt.date, table: str, number: int, chance: random.Random, *, offset: int | None = None) -> Row:
    if offset is None:
        offset = chance.choice(_NEAR) if chance.random() < 0.4 else chance.randint(-200, 40)
    row: Row = {}
    for name, column in CONTRACT[table].columns.items():
        if name != "account_id":
            row[name] = _cell(as_of, offset, table, name, column, number, chance)
    if "recorded_at" in row:
        row["recorded_at"] = _recorded(as_of, offset, chance)
    if row.get("valid_to") is None and "end_recorded_at" in row:
        row["end_recorded_at"] = None
    if "result" in row and row["result_at"] is None:
        row["result"] = None
    return row


def _cell(
    as_of: dt.date, offset: int, table: str, name: str, column: Column, number: int, chance: random.Random
) -> str | None:
    if name == CONTRACT[table].time:
        return _moment(as_of, offset, chance) if column.kind is Kind.TIME else _moment(as_of, offset, chance)[:10]
    if column.kind is Kind.TIME:
        later = chance.randint(0, 60)
        return _moment(as_of, offset + later, chance, hour="23:59") if chance.random() < 0.6 else None
    if name in CONTRACT[table].key_of(CONTRACT[table].columns) and name not in _WORDS:
        return f"{number}" if column.kind is Kind.ID else chance.choice([f"{name} 1", f"{name} 2"])
    values = _WORDS.get(name) or (*column.values, None) if column.kind is not Kind.DAY else None
    if not values or values == (None,):
        values = _OF_KIND.get(column.kind, (f"{number}",))
    cell = chance.choice(values)
    return next(value for value in values if value is not None) if column.required and cell is None else cell


def _recorded(as_of: dt.date, offset: int, chance: random.Random) -> str | None:
    kind = chance.random()
    if kind < 0.4:
        return None
    if kind < 0.6:
        return _moment(as_of, 0, chance)  # known on the as-of date itself: one day too late
    if offset >= 0 and kind < 0.8:
        # known before it happens, as a contract may be: then only its own day hides it
        return _moment(as_of, -chance.randint(1, 30), chance)
    return _moment(as_of, offset + chance.randint(-30, 40), chance, hour="23:59")


def _subscriptions(as_of: dt.date, chance: random.Random) -> list[Row]:
    rows: list[Row] = []
    for number in range(chance.randint(1, 2)):
        starts = sorted(chance.sample([*range(-500, 30), *_NEAR], chance.randint(1, 3)))
        starts = sorted(set(starts))
        for start, following in zip(starts, [*starts[1:], None], strict=True):
            end = following if following is not None else chance.choice([None, start + chance.randint(1, 200)])
            row = _version(as_of, start, end, chance) | {"subscription_id": f"{number}"}
            rows.append(row)
            if chance.random() < 0.4:
                # corrected on the same day: the version that began last is the one that holds
                corrected = row | {"seats": "4", "valid_from": f"{as_of + dt.timedelta(days=start)} 23:00"}
                rows[-1] = row | {"valid_to": corrected["valid_from"], "end_recorded_at": None}
                rows.append(corrected | {"change_reason": "correction"})
    return rows


def _version(as_of: dt.date, start: int, end: int | None, chance: random.Random) -> Row:
    row = _row(as_of, "subscriptions", 0, chance)
    ended = None if end is None else _moment(as_of, end, chance, hour="12:00")
    told = ended is not None and chance.random() < 0.5
    return row | {
        "subscription_id": "0",
        "valid_from": _moment(as_of, start, chance, hour="12:00"),
        "recorded_at": _recorded(as_of, start, chance) if chance.random() < 0.5 else None,
        "valid_to": ended,
        "end_recorded_at": _moment(as_of, (end or 0) + chance.randint(0, 30), chance, hour="23:59") if told else None,
        "end_reason": None if ended is None else chance.choice(["changed", "cancelled", None]),
    }


def _moment(as_of: dt.date, offset: int, chance: random.Random, *, hour: str = "") -> str:
    return f"{as_of + dt.timedelta(days=offset)} {hour or chance.choice(_HOURS)}"


def _one_for_each_key(rows: list[Row], table: str) -> list[Row]:
    key = [name for name in CONTRACT[table].key_of(CONTRACT[table].columns) if name != "account_id"]
    if not key:
        return rows
    ended: dict[Any, Row] = {tuple(row[name] for name in key): row for row in rows}
    return list(ended.values())
