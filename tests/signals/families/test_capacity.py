from __future__ import annotations

import pytest

from tests.signals.answers import Answers, answers_of, fires, unavailable

ACCOUNTS = "growing plan_quota two_meters over at_quota overdue no_quota falling zero_quota old one_reading unread"
TEXT = """
    # plans
    plan  | tier_rank
    basic | 1
    # plan_quotas
    plan  | meter | quota
    basic | api   | 200
    # subscriptions
    account     | plan  | valid_from
    growing     | other | 2025-01-15
    plan_quota  | basic | 2025-01-15
    # meter_readings
    account     | meter   | read_at    | value | quota
    growing     | api     | 2026-02-20 | 40    | 100
    growing     | api     | 2026-03-20 | 70    | 100
    growing     | api     | 2026-03-25 | 80    | 100
    growing     | api     | 2026-03-29 | 99    | 100
    plan_quota  | api     | 2026-03-25 | 100   |
    two_meters  | api     | 2026-03-25 | 79    | 100
    two_meters  | storage | 2026-03-25 | 9.5   | 10
    two_meters  | users   | 2026-03-25 | 8     | 10
    over        | api     | 2026-02-20 | 60    | 100
    over        | api     | 2026-03-25 | 120   | 100
    at_quota    | api     | 2026-03-25 | 100   | 100
    overdue     | api     | 2026-01-20 | 45    | 100
    overdue     | api     | 2026-03-10 | 90    | 100
    no_quota    | api     | 2026-03-25 | 120   |
    falling     | api     | 2026-02-20 | 80    | 100
    falling     | api     | 2026-03-25 | 70    | 100
    zero_quota  | api     | 2026-03-25 | 70    | 0
    old         | api     | 2025-11-20 | 70    | 100
    one_reading | api     | 2026-03-28 | 70    | 100
    # usage_events
    account     | occurred_at | kind
    growing     | 2026-02-26  | limit_error
    growing     | 2026-02-27  | limit_error
    growing     | 2026-03-28  | limit_error
    growing     | 2026-03-28  | gate_hit
    growing     | 2026-03-29  | limit_error
    """
NO_ERRORS = dict.fromkeys(ACCOUNTS.split(), 0)
UNKNOWN = dict.fromkeys(ACCOUNTS.split())
EXPECTED: Answers = {
    "highest_quota_utilisation": UNKNOWN
    | {
        "growing": 0.8,
        "plan_quota": 0.5,
        "two_meters": 0.95,
        "over": 1.2,
        "at_quota": 1.0,
        "overdue": 0.9,
        "falling": 0.7,
        "one_reading": 0.7,
    },
    "meters_near_quota": UNKNOWN
    | {
        "growing": 1,
        "plan_quota": 0,
        "two_meters": 2,
        "over": 1,
        "at_quota": 1,
        "overdue": 1,
        "falling": 0,
        "one_reading": 0,
    },
    # 40 more in 33 days leave room for 16.5 days from 4 days ago
    # overdue should have been full 8 days ago, but was not when it was last read
    "days_until_quota_used_up": UNKNOWN | {"growing": 20 * 33 / 40 - 4, "over": 0, "at_quota": 0, "overdue": 1},
    "limit_errors": NO_ERRORS | {"growing": 2},
}


@pytest.fixture(scope="module")
def answers() -> Answers:
    return answers_of("capacity", TEXT, accounts=ACCOUNTS)


@pytest.mark.parametrize("name", EXPECTED)
def test_capacity(name: str, answers: Answers) -> None:
    assert answers[name] == EXPECTED[name]


def test_without_meters_capacity_is_not_available() -> None:
    meters = {"highest_quota_utilisation", "meters_near_quota", "days_until_quota_used_up"}
    assert unavailable("account | occurred_at | kind") >= meters
    assert "limit_errors" not in unavailable("account | occurred_at | kind")
    tables = {"usage_events": {"kinds": ["login"]}}
    assert "limit_errors" in unavailable("account | occurred_at | kind", tables=tables)


def test_the_trigger_fires_from_80_per_cent_of_a_quota_or_12_limit_errors() -> None:
    assert fires(
        "capacity",
        highest_quota_utilisation=[0.79, 0.8, 0.81, 0.1, 0.1, 0.1, None, None],
        limit_errors=[0, 0, 0, 11, 12, 13, 12, None],
    ) == [False, True, True, False, True, True, True, False]
