"""What is drawn of an account is what its signals say, and nothing of the future is in it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd
import pytest

from tests.scoring.series import differences
from uptier.explanation.trends import GateCluster, MeterPoint, Trends
from uptier.scoring.trends import trends_of
from uptier.signals.catalog import catalog
from uptier.tables.drawn import drawn
from uptier.thresholds import Thresholds

AS_OF = dt.date(2026, 3, 1)
ACCOUNTS = "grows full young silent late"


def days(account: str, user: str, *dates: str, kind: str = "login", known: str = "") -> str:
    return "".join(f"{account} | {user} | {day} | {kind} | | {known}\n" for day in dates)


USAGE = (
    "# usage_events\naccount | user | occurred_at | kind | feature | recorded_at\n"
    + "".join(
        days("grows", f"u{user}", *(f"{month}-{day}" for month in MONTHS[user:] for day in ("03", "17")))
        for MONTHS in [["2025-09", "2025-10", "2025-11", "2025-12", "2026-01", "2026-02"]]
        for user in range(6)
    )
    + "".join(days("full", f"u{user}", "2026-02-10", "2026-01-13") for user in range(5))
    + days("young", "u1", "2026-02-20")
    + days("late", "u1", "2026-02-10")
    + days("late", "u2", "2026-02-11", known="2026-03-01")
    + days("grows", "u1", "2026-02-01", "2026-02-09", "2026-02-14", kind="gate_hit")
    + days("grows", "u1", "2025-12-19", "2025-12-20", "2025-12-28", kind="upgrade_prompt")
    + days("grows", "u1", "2026-01-10", kind="trial_use")
    + days("full", "u1", "2026-01-10", kind="limit_error")
    + days("late", "u1", "2026-02-12", kind="gate_hit")
    + days("late", "u1", "2026-02-13", kind="gate_hit", known="2026-03-01")
)
WORLD = (
    USAGE
    + """
# plans
plan | tier_rank
pro  | 1
# plan_quotas
plan | meter     | quota
pro  | api_calls | 100
# subscriptions
account | plan | seats | mrr | valid_from | valid_to   | subscription_id
grows   | pro  | 5     | 10  | 2024-01-01 | 2025-12-15 | g
grows   | pro  | 9     | 10  | 2025-12-15 |            | g
full    | pro  | 5     | 10  | 2025-01-01 |            | f
young   | pro  | 5     | 10  | 2026-02-10 |            | y
silent  | pro  | 5     | 10  | 2025-01-01 |            | s
late    | pro  | 5     | 10  | 2025-01-01 |            | l
# meter_readings
account | meter      | read_at             | value | quota | recorded_at
grows   | api_calls  | 2026-01-10          | 40    |       | 2026-01-10
grows   | api_calls  | 2026-02-10 08:00:00 | 60    |       | 2026-02-10
grows   | api_calls  | 2026-02-10 09:00:00 | 55    |       | 2026-02-10
grows   | api_calls  | 2026-02-20          | 99    |       | 2026-03-01
grows   | storage_gb | 2026-02-05          | 8     | 10    | 2026-02-05
grows   | contacts   | 2026-02-05          | 8     |       | 2026-02-05
full    | api_calls  | 2025-09-01          | 80    |       | 2025-09-01
late    | a          | 2026-02-05          | 5     | 10    | 2026-02-05
late    | b          | 2026-02-05          | 7     | 10    | 2026-02-05
late    | c          | 2026-02-05          | 6     | 10    | 2026-02-05
late    | d          | 2026-02-05          | 7     | 10    | 2026-02-05
"""
)


def drawn_trends(text: str = WORLD, **settings: Any) -> tuple[dict[str, Trends], pd.DataFrame]:
    history = drawn(text, as_of=str(AS_OF), accounts=ACCOUNTS, **settings)
    frame = catalog().frame(history)
    thresholds = Thresholds(**settings.get("thresholds", {}))
    return trends_of(history, frame, AS_OF, thresholds), frame


@pytest.fixture(scope="module")
def found() -> tuple[dict[str, Trends], pd.DataFrame]:
    return drawn_trends()


def test_each_series_ends_with_what_the_signals_say(found: tuple[dict[str, Trends], pd.DataFrame]) -> None:
    trends, frame = found
    assert differences(trends, frame, AS_OF) == []
    # the frame has something to differ from
    assert frame.set_index("account_id")["active_users"].to_dict() == {
        "grows": 6.0,
        "full": 5.0,
        "young": 1.0,
        "silent": 0.0,
        "late": 1.0,
    }


def test_a_difference_would_be_found(found: tuple[dict[str, Trends], pd.DataFrame]) -> None:
    trends, frame = found
    other = frame.assign(
        active_users=frame["active_users"] + 1,
        seats=frame["seats"] + 1,
        highest_quota_utilisation=frame["highest_quota_utilisation"] + 0.1,
        gate_crossings_month=frame["gate_crossings_month"] + 1,
        days_since_gate_cluster=frame["days_since_gate_cluster"] + 1,
        days_until_ceiling=frame["days_until_ceiling"] + 9,
    )
    wrong = {what for _, what in differences(trends, other, AS_OF)}
    assert wrong == {"users", "seats", "meters", "gates", "clusters", "ceiling"}


def test_users_are_counted_by_28_days_while_the_account_was_a_customer(
    found: tuple[dict[str, Trends], pd.DataFrame],
) -> None:
    trends = found[0]
    grows = trends["grows"].seats
    assert grows is not None
    # usage is recorded since 3 September: 6 whole stretches of 28 days
    assert [(f"{one.day:%m-%d}", one.users, one.seats) for one in grows.points] == [
        ("10-11", 2, 5.0),
        ("11-08", 3, 5.0),
        ("12-06", 4, 5.0),
        ("01-03", 5, 9.0),
        ("01-31", 5, 9.0),
        ("02-28", 6, 9.0),
    ]
    assert grows.full_on is not None
    young, full, silent = (trends[account].seats for account in ("young", "full", "silent"))
    assert young is not None
    assert [one.users for one in young.points] == [1]
    assert full is not None
    assert full.full_on is None  # they are full now
    assert silent is not None
    assert {one.users for one in silent.points} == {0}


def test_a_meter_stands_at_its_latest_known_reading_the_fullest_first(
    found: tuple[dict[str, Trends], pd.DataFrame],
) -> None:
    trends = found[0]
    grows = trends["grows"].meters
    assert [one.meter for one in grows] == ["storage_gb", "api_calls"]  # contacts have no quota
    assert grows[1].points == (
        MeterPoint(day=dt.date(2026, 1, 10), value=40.0, quota=100.0),
        MeterPoint(day=dt.date(2026, 2, 10), value=55.0, quota=100.0),
    )
    assert [one.meter for one in trends["late"].meters] == ["b", "d", "c"]
    assert trends["full"].meters == ()  # read too long ago to say anything of today


def test_crossings_are_counted_by_week_and_clusters_are_joined_where_they_share_a_day(
    found: tuple[dict[str, Trends], pd.DataFrame],
) -> None:
    trends = found[0]
    grows, full, late = (trends[account].gates for account in ("grows", "full", "late"))
    assert grows is not None
    assert grows.kinds == ("gate_hit", "upgrade_prompt", "trial_use")
    assert len(grows.weeks) == 13
    assert {f"{one.begins:%m-%d}": one.times for one in grows.weeks if any(one.times)} == {
        "12-14": (0, 2, 0),
        "12-28": (0, 1, 0),
        "01-04": (0, 0, 1),
        "02-01": (1, 0, 0),
        "02-08": (2, 0, 0),
    }
    assert grows.clusters == (
        GateCluster(first=dt.date(2025, 12, 19), last=dt.date(2026, 1, 10), times=4),
        GateCluster(first=dt.date(2026, 2, 1), last=dt.date(2026, 2, 14), times=3),
    )
    assert full is not None
    assert full.clusters == ()
    assert late is not None
    assert sum(sum(one.times) for one in late.weeks) == 1  # the other was known too late
    assert trends["silent"].gates is None


def test_what_makes_a_cluster_is_the_projects_to_say() -> None:
    gates = drawn_trends(thresholds={"gate_crossings": 3, "gate_days": 10})[0]["grows"].gates
    assert gates is not None
    assert [(f"{one.first:%m-%d}", f"{one.last:%m-%d}") for one in gates.clusters] == [("12-19", "12-28")]
    assert (gates.least, gates.span_days) == (3, 10)


def test_what_is_not_known_is_not_drawn() -> None:
    daily = "# usage_daily\naccount | day | kind | events\ngrows | 2026-02-10 | login | 3\n"
    trends, _ = drawn_trends(daily)
    assert {one.seats for one in trends.values()} == {None}
    assert {one.meters for one in trends.values()} == {()}
    assert {one.gates for one in trends.values()} == {None}
    nothing, _ = drawn_trends("# accounts\naccount\ngrows\nfull\n")
    assert nothing["grows"] == Trends()
