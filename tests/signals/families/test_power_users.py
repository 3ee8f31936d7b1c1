from __future__ import annotations

import pytest

from tests.signals.answers import Answers, answers_of, days, fires, unavailable

# user: first day of use and how many days in a row
WORK = {
    "emerges": {"u": ("2026-03-10", 10), "v": ("2026-03-10", 1), "w": ("2026-03-11", 1), "x": ("2026-03-12", 1)},
    "below_floor": {"u": ("2026-03-10", 9), "v": ("2026-03-10", 1), "w": ("2026-03-10", 1)},
    "at_factor": {"u": ("2026-03-10", 12), "v": ("2026-03-10", 4), "w": ("2026-03-10", 2)},
    "below_factor": {"u": ("2026-03-10", 12), "v": ("2026-03-10", 4), "w": ("2026-03-10", 3)},
    "alike": {"u": ("2026-03-01", 28), "v": ("2026-03-01", 28)},
    "faded": {"u": ("2026-02-01", 10), "v": ("2026-02-01", 1), "w": ("2026-02-01", 1)},
    "late": {"u": ("2026-03-28", 10), "v": ("2026-03-28", 1)},
}
TEXT = "account | user | occurred_at | kind\n" + "\n".join(
    f"{account} | {user} | {day} | login"
    for account, users in WORK.items()
    for user, (first, count) in users.items()
    for day in days(first, count=count)
)
ACCOUNTS = " ".join([*WORK, "silent"])
NOBODY = dict.fromkeys(ACCOUNTS.split(), 0)
EXPECTED: Answers = {
    "power_users": NOBODY | {"emerges": 1, "at_factor": 1},
    "new_power_users": NOBODY | {"emerges": 1, "at_factor": 1, "faded": -1},
    "busiest_user_days": NOBODY
    | {"emerges": 10, "below_floor": 9, "at_factor": 12, "below_factor": 12, "alike": 28, "late": 1},
    "busiest_user_share": {
        "emerges": 10 / 13,
        "below_floor": 9 / 11,
        "at_factor": 12 / 18,
        "below_factor": 12 / 19,
        "alike": 28 / 56,
        "faded": None,
        "late": 1 / 2,
        "silent": None,
    },
}


@pytest.fixture(scope="module")
def answers() -> Answers:
    return answers_of("power_users", TEXT, accounts=ACCOUNTS)


@pytest.mark.parametrize("name", EXPECTED)
def test_power_users(name: str, answers: Answers) -> None:
    assert answers[name] == EXPECTED[name]


def test_factor_and_floor_are_thresholds() -> None:
    lower = answers_of("power_users", TEXT, accounts="below_floor", thresholds={"power_user_days": 9})
    assert lower["power_users"] == {"below_floor": 1}
    higher = answers_of("power_users", TEXT, accounts="at_factor", thresholds={"power_user_factor": 2.1})
    assert higher["power_users"] == {"at_factor": 0}


def test_daily_usage_does_not_tell_users_apart() -> None:
    daily = "# usage_daily\naccount | day | kind | events | users | day_users"
    assert unavailable(daily) >= set(EXPECTED)


def test_the_trigger_fires_where_there_is_one_more_power_user_than_four_weeks_before() -> None:
    assert fires(
        "power_users",
        power_users=[1, 1, 2, 0, 1, None],
        new_power_users=[0, 1, 2, 1, None, 1],
    ) == [False, True, True, False, False, False]
