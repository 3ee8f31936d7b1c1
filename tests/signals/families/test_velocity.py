from __future__ import annotations

import pytest

from tests.signals.answers import Answers, answers_of, fires, unavailable

# events in the last 28 days, in the 28 before, and so on; one user each, all on one day
MONTHS = ("2026-03-14", "2026-02-14", "2026-01-17", "2025-12-20")
COUNTS = {
    "three": (45, 36, 30, 25),
    "two": (15, 12, 10, 12),
    "broken": (15, 12, 12, 5),
    "just_below": (119, 100, 50, 0),
    "falls": (5, 10, 20, 40),
    "begins": (5, 0, 0, 0),
    "stops": (0, 4, 0, 0),
}
INVITED = """
# users
account | user | role | created_at
three   | 1    |      | 2026-03-01
three   | 2    |      | 2026-03-28
three   | 3    |      | 2026-02-28
three   | 4    |      | 2026-01-04
three   | 5    |      | 2026-01-03
three   | 6    |      | 2026-03-29
two     | 1    |      | 2025-12-01
"""
TEXT = (
    INVITED
    + "# usage_events\naccount | user | occurred_at | kind\n"
    + "\n".join(
        f"{account} | {user} | {day} | login"
        for account, counts in COUNTS.items()
        for day, count in zip(MONTHS, counts, strict=True)
        for user in range(count)
    )
)
ACCOUNTS = " ".join([*COUNTS, "silent"])
EXPECTED: Answers = {
    "usage_growth": {
        "three": 9 / 36, "two": 3 / 12, "broken": 3 / 12, "just_below": 0.19, "falls": -0.5, "begins": None,
        "stops": -1, "silent": None,
    },
    "usage_growth_before": {
        "three": 6 / 30, "two": 2 / 10, "broken": 0, "just_below": 1, "falls": -0.5, "begins": None, "stops": None,
        "silent": None,
    },
    "months_of_growth": {
        "three": 3, "two": 2, "broken": 1, "just_below": 0, "falls": 0, "begins": None, "stops": 0, "silent": None,
    },
    "days_of_growth": {
        "three": 84, "two": 56, "broken": 28, "just_below": 0, "falls": 0, "begins": None, "stops": 0, "silent": None,
    },
    # billing periods are calendar months here, and in November nobody was there: gains of February, January, December
    "team_pace": {
        "three": 6 / 45, "two": 2 / 15, "broken": 5 / 15, "just_below": 50 / 119, "falls": -10 / 5, "begins": 0,
        "stops": None, "silent": None,
    },
    # days 1 to 28 back are 03-01 to 03-28, the 84th is 01-04; every account has 10 seats
    "invited_users": {
        "three": 2, "two": 0, "broken": 0, "just_below": 0, "falls": 0, "begins": 0, "stops": 0, "silent": 0,
    },
    "invited_per_seat": {
        "three": 4 / 10, "two": 0, "broken": 0, "just_below": 0, "falls": 0, "begins": 0, "stops": 0, "silent": 0,
    },
    "active_user_growth": {
        "three": 9 / 36, "two": 3 / 12, "broken": 3 / 12, "just_below": 0.19, "falls": -0.5, "begins": None,
        "stops": -1, "silent": None,
    },
    "peak_user_growth": {
        "three": 15 / 30, "two": 5 / 10, "broken": 3 / 12, "just_below": 69 / 50, "falls": -0.75, "begins": None,
        "stops": None, "silent": None,
    },
    "week_against_month": {
        "three": 0, "two": 0, "broken": 0, "just_below": 0, "falls": 0, "begins": 0, "stops": None, "silent": None,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def answers() -> Answers:
    return answers_of("velocity", TEXT, accounts=ACCOUNTS)


@pytest.mark.parametrize("name", EXPECTED)
def test_velocity(name: str, answers: Answers) -> None:
    assert answers[name] == EXPECTED[name]


def test_the_last_week_is_compared_with_the_four_before_it() -> None:
    text = """
        account | user | occurred_at | kind
        a       | u    | 2026-02-21  | login
        a       | u    | 2026-02-22  | login
        a       | u    | 2026-03-21  | login
        a       | u    | 2026-03-22  | login
        a       | v    | 2026-03-22  | login
        a       | w    | 2026-03-28  | login
        b       | u    | 2026-03-28  | login
        """
    answers = answers_of("velocity", text, accounts="a b")
    assert answers["week_against_month"] == {"a": 3 / (2 / 4), "b": None}


def test_windows_meet_to_the_day() -> None:
    text = """
        account | user | occurred_at | kind
        a       | u    | 2026-03-01  | login
        a       | u    | 2026-02-28  | login
        a       | u    | 2026-02-01  | login
        a       | u    | 2026-01-31  | login
        """
    answers = answers_of("velocity", text, accounts="a")
    assert answers["usage_growth"] == {"a": -0.5}
    assert answers["usage_growth_before"] == {"a": 1.0}


def test_daily_usage_knows_growth_but_not_of_users() -> None:
    daily = """
        # usage_daily
        account | day        | kind  | events | users
        a       | 2026-01-20 | login | 10     | 2
        a       | 2026-02-20 | login | 12     | 2
        a       | 2026-03-20 | login | 15     | 3
        """
    answers = answers_of("velocity", daily, accounts="a")
    assert {name: values["a"] for name, values in answers.items() if values["a"] is not None} == {
        "usage_growth": 0.25,
        "usage_growth_before": 0.2,
        "months_of_growth": 2,
        "days_of_growth": 56,
        "peak_user_growth": 0.5,
        "week_against_month": 0,
    }
    assert {"active_user_growth", "team_pace"} <= unavailable(daily)


# the last 28 days before 2026-03-29 begin on 2026-03-01, the last 84 on 2026-01-04
INVITED = """
    # subscriptions
    account | seats | valid_from
    a       | 10    | 2025-01-01
    b       |       | 2025-01-01
    c       | 0     | 2025-01-01
    d       | 4     | 2025-01-01
    # users
    account | user | created_at | recorded_at
    a       | u1   | 2026-01-03 |
    a       | u2   | 2026-01-04 |
    a       | u3   | 2026-02-28 |
    a       | u4   | 2026-03-01 |
    a       | u5   | 2026-03-28 |
    a       | u6   | 2026-03-29 |
    a       | u7   | 2026-03-20 | 2026-03-29
    a       | u8   | 2026-03-20 | 2026-03-28
    a       | u9   |            |
    b       | u1   | 2026-03-20 |
    c       | u1   | 2026-03-20 |
    """


def test_people_are_invited_before_they_work() -> None:
    answers = answers_of("velocity", INVITED, accounts="a b c d")
    assert answers["invited_users"] == {"a": 3, "b": 1, "c": 1, "d": 0}
    assert answers["invited_per_seat"] == {"a": 5 / 10, "b": None, "c": None, "d": 0}


def test_who_was_invited_when_needs_a_list_that_says_so() -> None:
    assert {"invited_users", "invited_per_seat"} <= unavailable("account | user | occurred_at | kind")
    assert {"invited_users", "invited_per_seat"} <= unavailable("# users\naccount | user | role")


@pytest.mark.parametrize(("since", "pace"), [("2025-11-29", 1 / 2), ("2025-11-30", None)])
def test_the_pace_of_the_team_needs_four_complete_billing_periods(since: str, pace: float | None) -> None:
    text = f"""
        # subscriptions
        account | valid_from
        a       | {since}
        # usage_events
        account | user | occurred_at | kind
        a       | u    | 2026-01-20  | login
        a       | u    | 2026-03-05  | login
        a       | v    | 2026-03-05  | login
        """
    assert answers_of("velocity", text, accounts="a")["team_pace"] == {"a": pace}


def test_the_trigger_fires_from_two_months_of_growth() -> None:
    assert fires("velocity", months_of_growth=[1, 2, 3, None]) == [False, True, True, False]
