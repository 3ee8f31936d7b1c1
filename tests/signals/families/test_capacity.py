from __future__ import annotations

import pytest

from tests.signals.answers import AS_OF, Answers, answers_of, fired_on, fires, unavailable
from uptier.signals.meter_plans import meter_forecasts
from uptier.tables.drawn import drawn

ACCOUNTS = (
    "growing plan_quota two_meters over at_quota overdue no_quota falling zero_quota zero_of_0 old one_reading "
    "weeks both unread"
)
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
    zero_of_0   | api     | 2026-03-25 | 0     | 0
    old         | api     | 2025-11-20 | 70    | 100
    one_reading | api     | 2026-03-28 | 70    | 100
    weeks       | api     | 2026-01-10 | 85    | 100
    weeks       | api     | 2026-01-20 | 79    | 100
    weeks       | api     | 2026-02-26 | 100   | 100
    weeks       | api     | 2026-02-27 08:00 | 101 | 100
    weeks       | api     | 2026-02-27 20:00 | 102 | 100
    weeks       | api     | 2026-03-20 | 90    | 100
    weeks       | disk    | 2026-03-01 | 9     | 10
    both        | zeta    | 2026-03-28 | 30    | 10
    both        | alpha   | 2026-03-28 | 10    | 10
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
        "weeks": 0.9,
        "both": 3.0,
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
        "weeks": 2,
        "both": 2,
    },
    # 40 more in 33 days leave room for 16.5 days from 4 days ago
    # overdue should have been full 8 days ago, but was not when it was last read
    # weeks gained 11 in the 59 days before its latest reading, 9 days ago
    "days_until_quota_used_up": UNKNOWN
    | {
        "growing": 20 * 33 / 40 - 4,
        "over": 0,
        "at_quota": 0,
        "overdue": 1,
        "weeks": 10 * 59 / 11 - 9,
        "both": 0,
    },
    "fullest_meter": UNKNOWN
    | dict.fromkeys(("growing", "plan_quota", "over", "at_quota", "overdue", "falling", "one_reading"), "api")
    | {"two_meters": "storage", "weeks": "api", "both": "zeta"},
    "first_meter_to_run_out": UNKNOWN
    | dict.fromkeys(("growing", "over", "at_quota", "overdue", "weeks"), "api")
    | {"both": "alpha"},
    "meters_running_out": UNKNOWN
    | {
        "growing": 1,
        "plan_quota": 0,
        "two_meters": 0,
        "over": 1,
        "at_quota": 1,
        "overdue": 1,
        "falling": 0,
        "one_reading": 0,
        "weeks": 1,
        "both": 2,
    },
    # the reading of more than 28 days ago: 2026-02-27 in the evening for weeks
    "quota_growth": UNKNOWN
    | {"growing": 0.8 - 0.4, "over": 1.2 - 0.6, "overdue": 0.9 - 0.45, "falling": 0.7 - 0.8, "weeks": 0.9 - 1.02},
    # 30 days before 2026-03-29 is 2026-02-27
    "days_over_quota": UNKNOWN
    | {
        "growing": 0,
        "plan_quota": 0,
        "two_meters": 0,
        "over": 1,
        "at_quota": 1,
        "overdue": 0,
        "falling": 0,
        "zero_quota": 1,
        "zero_of_0": 0,
        "one_reading": 0,
        "weeks": 1,
        "both": 1,
    },
    "days_near_quota": UNKNOWN
    | {"growing": 4, "two_meters": 4, "over": 4, "at_quota": 4, "overdue": 19, "weeks": 31, "both": 1},
    "limit_errors": NO_ERRORS | {"growing": 2},
}


@pytest.fixture(scope="module")
def answers() -> Answers:
    return answers_of("capacity", TEXT, accounts=ACCOUNTS)


@pytest.mark.parametrize("name", EXPECTED)
def test_capacity(name: str, answers: Answers) -> None:
    assert answers[name] == EXPECTED[name]


def test_without_meters_capacity_is_not_available() -> None:
    meters = set(EXPECTED) - {"limit_errors"}
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


def test_the_trigger_clears_when_the_meter_falls_below_its_threshold() -> None:
    text = """
        # meter_readings
        account | meter | read_at    | value | quota
        a       | api   | 2026-03-01 | 79    | 100
        a       | api   | 2026-03-10 | 80    | 100
        a       | api   | 2026-03-20 | 79    | 100
        """
    as_of = "2026-03-10 2026-03-11 2026-03-20 2026-03-21"
    assert fired_on("capacity", text, as_of=as_of, account="a") == [False, True, True, False]


@pytest.mark.parametrize(("within", "running_out"), [(12, 0), (13, 1)])
def test_how_soon_a_meter_runs_out_is_the_projects_to_set(within: int, running_out: int) -> None:
    # growing is full in 12.5 days
    answers = answers_of("capacity", TEXT, accounts="growing", thresholds={"meter_days": within})
    assert answers["meters_running_out"] == {"growing": running_out}


def test_near_is_what_the_project_says() -> None:
    answers = answers_of("capacity", TEXT, accounts="weeks growing", thresholds={"quota_utilisation": 0.79})
    assert answers["days_near_quota"] == {"weeks": 78, "growing": 4}


def test_every_meter_has_its_own_forecast() -> None:
    history = drawn(TEXT, as_of=AS_OF, accounts="weeks plan_quota zero_quota unread")
    table = meter_forecasts(history).to_pandas().set_index(["account_id", "meter"]).sort_index()
    assert list(table.columns) == ["as_of", "utilisation", "days_until_exhausted"]
    assert {f"{day:%Y-%m-%d}" for day in table["as_of"]} == {AS_OF}
    table = table.drop(columns="as_of").astype(object).where(table.drop(columns="as_of").notna(), None)
    assert table.T.to_dict("list") == {
        ("plan_quota", "api"): [0.5, None],
        ("weeks", "api"): [0.9, 10 * 59 / 11 - 9],
        ("weeks", "disk"): [0.9, None],
        ("zero_quota", "api"): [None, None],
    }
