"""A company to measure signals on: many accounts, users who work in bursts, and every table of the contract.

No outcome is in it and nothing causes anything: it is made for its size and its shape, in a fraction of the time that
`uptier simulate` takes. Each user-day has one or two sessions of about four events each, 8 in all; a hundredth of the
events become known days later; a file of events for each month.
"""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

SEED = 5
FIRST_DAY = dt.date(2024, 1, 1)
DAYS = 400
LATEST_DAYS = 40  # from a row to its becoming known
USERS_AN_ACCOUNT = 5
EVENTS_A_USER_DAY = 8.0
FEATURES = 30
PLANS = ("starter", "team", "business", "enterprise")
SEATS = (5, 10, 25, 60)
METERS = ("contacts", "api_calls", "storage_gb")
KINDS = np.array(
    ["feature_used", "integration_call", "export", "gate_hit", "upgrade_prompt", "trial_use", "limit_error"]
)
KIND_SHARES = (0.86, 0.06, 0.03, 0.02, 0.012, 0.012, 0.006)
WEEKEND = 0.15  # of a working day's use

PROJECT = """project: bursty
source: {source}
store: {store}
data_until: {until}
timezone: UTC
snapshots:
  first: 2024-03-01
  last: 2025-02-01
holds_since:
  accounts.segment: 2020-01-01
  accounts.industry: 2020-01-01
  accounts.region: 2020-01-01
  users.role: 2020-01-01
  tickets.escalated: 2020-01-01
"""


def bursty(folder: Path, *, accounts: int, events: int, seed: int = SEED) -> Path:
    """Write the tables and a project that reads them; give the project's YAML."""
    rng = np.random.default_rng(seed)
    tables = folder / "tables"
    tables.mkdir(parents=True)
    names = np.array([f"acct_{number:06d}" for number in range(accounts)])
    people = _people(rng, names)
    for name, frame in _small(rng, names, people).items():
        frame.to_parquet(tables / f"{name}.parquet", index=False)
    _write_events(rng, people, events, tables / "usage_events")
    config = folder / "bursty.yaml"
    until = FIRST_DAY + dt.timedelta(days=DAYS + LATEST_DAYS)
    config.write_text(PROJECT.format(source=tables, store=folder / "store", until=until))
    return config


def _people(rng: np.random.Generator, names: Any) -> pd.DataFrame:
    team = 1 + rng.poisson(USERS_AN_ACCOUNT - 1, len(names))
    account = np.repeat(names, team)
    began = np.repeat(rng.integers(-300, 250, len(names)), team)
    invited = np.maximum(began, 0) + (rng.gamma(1.0, 40.0, len(account))).astype(int)
    return pd.DataFrame(
        {
            "account_id": account,
            "user_id": [f"user_{number:07d}" for number in range(len(account))],
            "role": rng.choice(["member", "admin", "champion", "executive"], len(account), p=[0.8, 0.1, 0.06, 0.04]),
            "created_at": _moment(np.minimum(invited, DAYS - 10)),
            "weight": rng.gamma(0.7, 1.0, len(account)) + 0.02,
        }
    )


def _write_events(rng: np.random.Generator, people: pd.DataFrame, events: int, folder: Path) -> None:
    folder.mkdir()
    # days of work, by user and calendar, then sessions, then events: all at once, so that time is spent in numpy alone
    user_days = int(events / EVENTS_A_USER_DAY)
    weight = people["weight"].to_numpy()
    user = np.sort(rng.choice(len(people), int(user_days * 1.35), p=weight / weight.sum()))
    calendar = np.arange(DAYS)
    working = np.where(((calendar + FIRST_DAY.weekday()) % 7) < 5, 1.0, WEEKEND)
    day = rng.choice(DAYS, len(user), p=working / working.sum())
    born = ((people["created_at"] - pd.Timestamp(FIRST_DAY)).dt.days).to_numpy()
    pairs = np.unique(user.astype(np.int64) * DAYS + np.maximum(day, born[user]))
    user, day = pairs // DAYS, pairs % DAYS
    many = 1 + rng.poisson(events / len(user) - 1, len(user))
    session = np.repeat(rng.integers(0, 2**40, len(user)), many)
    session += rng.random(len(session)) < 0.4  # a second session on some days
    user, day = np.repeat(user, many), np.repeat(day, many)
    first = np.r_[True, (user[1:] != user[:-1]) | (day[1:] != day[:-1])]
    kind = np.where(first, "login", rng.choice(KINDS, len(user), p=KIND_SHARES))
    ranks = 1.0 / np.arange(1, FEATURES + 1)
    feature = rng.choice(
        np.array([f"feature_{number:02d}" for number in range(FEATURES)]), len(user), p=ranks / ranks.sum()
    )
    second = day * 86_400 + rng.integers(6 * 3600, 20 * 3600, len(user))
    late = np.where(rng.random(len(user)) < 0.01, rng.integers(1, 10, len(user)) * 86_400, 0)
    order = np.argsort(second, kind="stable")
    user, kind, feature, session, second, late, day = (
        one[order] for one in (user, kind, feature, session, second, late, day)
    )
    account, person = people["account_id"].to_numpy(), people["user_id"].to_numpy()
    base = np.datetime64(FIRST_DAY, "s")
    months = (pd.Timestamp(FIRST_DAY) + pd.to_timedelta(day, unit="D")).strftime("%Y-%m").to_numpy()
    cuts = np.r_[0, np.flatnonzero(months[1:] != months[:-1]) + 1, len(months)]
    for start, end in itertools.pairwise(cuts):
        part = slice(start, end)
        table = pa.table(
            {
                "event_id": pa.array(np.arange(start, end)).cast(pa.string()),
                "account_id": account[user[part]],
                "user_id": person[user[part]],
                "occurred_at": base + second[part].astype("timedelta64[s]"),
                "kind": kind[part].astype(str),
                "feature": pa.array(feature[part].astype(str), mask=kind[part] == "login"),
                "session_id": pa.array(session[part]).cast(pa.string()),
                "recorded_at": base + (second[part] + late[part]).astype("timedelta64[s]"),
            }
        )
        pq.write_table(table, folder / f"{months[start]}.parquet", compression="zstd")


def _small(rng: np.random.Generator, names: Any, people: pd.DataFrame) -> dict[str, pd.DataFrame]:
    began = people.groupby("account_id")["created_at"].min().reindex(names).to_numpy()
    began = np.minimum(began, np.datetime64(FIRST_DAY) + np.timedelta64(300, "D"))
    return {
        "accounts": pd.DataFrame(
            {
                "account_id": names,
                "created_at": began,
                "segment": rng.choice(["start-up", "mid-market", "enterprise"], len(names)),
                "industry": rng.choice(["retail", "media", "health", "software"], len(names)),
                "region": rng.choice(["EMEA", "AMER", "APAC"], len(names)),
            }
        ),
        "users": people[["account_id", "user_id", "role", "created_at"]],
        "plans": pd.DataFrame(
            {
                "plan_id": PLANS,
                "tier_rank": np.arange(1, len(PLANS) + 1),
                "seats": SEATS,
                "price": [50.0, 120.0, 400.0, 1500.0],
            }
        ),
        "plan_features": pd.DataFrame(
            [
                {"plan_id": plan, "feature": f"feature_{number:02d}"}
                for place, plan in enumerate(PLANS)
                for number in range(8 + 7 * place)
            ]
        ),
        "plan_quotas": pd.DataFrame(
            [
                {"plan_id": plan, "meter": meter, "quota": 1000.0 * 4**place}
                for place, plan in enumerate(PLANS)
                for meter in METERS
            ]
        ),
        "subscriptions": _subscriptions(rng, names, began),
        "addons": _some(rng, names, 0.3, "valid_from", addon_id=["sso", "audit", "analytics"]),
        "meter_readings": _readings(rng, names),
        "tickets": _tickets(rng, names),
        "survey_responses": _some(
            rng,
            names,
            3.0,
            "answered_at",
            nps=list(range(11)),
            text=["", "great", "we felt pressured to buy", "no way to plan"],
        ).assign(response_id=lambda rows: np.arange(len(rows)).astype(str)),
        "milestones": _some(
            rng, names, 1.5, "reached_at", milestone=["first_value", "go_live", "goal_met"]
        ).drop_duplicates(["account_id", "milestone", "reached_at"]),
        "outreach": _outreach(rng, names),
    }


def _subscriptions(rng: np.random.Generator, names: Any, began: Any) -> pd.DataFrame:
    versions = 1 + rng.poisson(0.6, len(names))
    account = np.repeat(names, versions)
    rows = pd.DataFrame({"account_id": account, "subscription_id": np.char.add("sub_", account.astype(str))})
    step = rng.integers(40, 160, len(rows))
    place = rows.groupby("account_id").cumcount().to_numpy()
    tier = np.repeat(rng.integers(0, len(PLANS) - 1, len(names)), versions) + (place > 1)
    rows["plan_id"] = np.array(PLANS)[tier]
    rows["seats"] = np.array(SEATS)[tier] + place * 3
    rows["mrr"] = np.array([50.0, 120.0, 400.0, 1500.0])[tier] + place * 30
    rows["billing_period_months"] = np.repeat(rng.choice([1, 3, 12], len(names)), versions)
    start = np.repeat(began, versions).astype("datetime64[D]")
    rows["valid_from"] = start + (np.where(place > 0, step, 0) * place).astype("timedelta64[D]")
    rows = rows[(rows["valid_from"] < pd.Timestamp(FIRST_DAY) + pd.Timedelta(days=DAYS))]
    rows = rows.sort_values(["subscription_id", "valid_from"]).drop_duplicates(["subscription_id", "valid_from"])
    rows["valid_to"] = rows.groupby("subscription_id")["valid_from"].shift(-1)
    rows["term_end"] = rows["valid_from"] + pd.Timedelta(days=365)
    return rows.reset_index(drop=True)


def _some(rng: np.random.Generator, names: Any, mean: float, time: str, **columns: list[Any]) -> pd.DataFrame:
    account = np.repeat(names, rng.poisson(mean, len(names)))
    rows = pd.DataFrame({"account_id": account, time: _moment(rng.integers(0, DAYS, len(account)))})
    for name, values in columns.items():
        rows[name] = rng.choice(np.array(values), len(rows))
    return rows


def _readings(rng: np.random.Generator, names: Any) -> pd.DataFrame:
    days = np.arange(0, DAYS, 14)
    account = np.repeat(names, len(days) * len(METERS))
    grown = np.tile(np.repeat(days, len(METERS)), len(names))
    base = np.repeat(rng.gamma(2.0, 300.0, len(names) * len(METERS)).reshape(len(names), -1), len(days), axis=0).ravel()
    return pd.DataFrame(
        {
            "account_id": account,
            "meter": np.tile(np.array(METERS), len(days) * len(names)),
            "read_at": _moment(grown),
            "value": np.round(base * (1 + grown / 300.0) * rng.uniform(0.95, 1.05, len(account)), 2),
        }
    )


def _tickets(rng: np.random.Generator, names: Any) -> pd.DataFrame:
    rows = _some(
        rng,
        names,
        4.0,
        "opened_at",
        text=[
            "cannot log in",
            "we miss an audit trail",
            "how do I export?",
            "slow today",
            "we do this in a spreadsheet",
        ],
        escalated=[0, 0, 0, 0, 1],
    )
    closed = rows["opened_at"] + pd.to_timedelta(rng.integers(0, 30, len(rows)), unit="D")
    return rows.assign(ticket_id=np.arange(len(rows)).astype(str), closed_at=closed.where(rng.random(len(rows)) < 0.9))


def _outreach(rng: np.random.Generator, names: Any) -> pd.DataFrame:
    rows = _some(
        rng,
        names,
        1.0,
        "contacted_at",
        upsell_type=["seat_expansion", "plan_upgrade", "add_on"],
        started_by=["approaching_seat_ceiling", "calendar"],
        result=["won", "lost", "open"],
    )
    known = rows["contacted_at"] + pd.to_timedelta(rng.integers(1, 40, len(rows)), unit="D")
    return rows.assign(outreach_id=np.arange(len(rows)).astype(str), result_at=known.where(rows["result"] != "open"))


def _moment(day: Any) -> Any:
    return (np.datetime64(FIRST_DAY) + np.asarray(day).astype("timedelta64[D]")).astype("datetime64[us]")
