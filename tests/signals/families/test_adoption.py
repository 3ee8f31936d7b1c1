from __future__ import annotations

import pytest

from tests.signals.answers import Answers, answers_of, days, fires, unavailable

# every seat works on 20 days of each month, in March 15 of them from Monday to Friday, which is 75 % of 20: full marks
# in all three parts of the health score
FULL = "\n".join(
    f"healthy | {user} | {day} | login |"
    for first in ("2026-02-01", "2026-03-01")
    for day in days(first, count=20)
    for user in "uv"
)
TEXT = f"""
    # plans
    plan  | tier_rank
    basic | 1
    # plan_features
    plan  | feature
    basic | reports
    basic | boards
    basic | alerts
    basic | search
    # subscriptions
    account | plan  | seats | valid_from
    broad   | basic | 2     | 2025-01-01
    healthy | basic | 2     | 2025-01-01
    fading  | basic | 2     | 2025-01-01
    silent  | basic | 2     | 2025-01-01
    # usage_events
    account | user | occurred_at      | kind             | feature
    broad   | u    | 2026-02-28       | feature_used     | search
    broad   | u    | 2026-03-01       | feature_used     | reports
    broad   | u    | 2026-03-01 11:00 | feature_used     | reports
    broad   | v    | 2026-03-01       | feature_used     | boards
    broad   | v    | 2026-03-02       | gate_hit         | alerts
    broad   | u    | 2026-03-20       | integration_call |
    broad   | u    | 2026-03-29       | feature_used     | alerts
    fading  | u    | 2026-02-10       | login            |
    fading  | u    | 2026-02-11       | login            |
    fading  | u    | 2026-02-12       | login            |
    fading  | u    | 2026-03-12       | login            |
    fading  | v    | 2026-03-12       | login            |
    {FULL}
    """
ACCOUNTS = "broad healthy fading silent"
EXPECTED: Answers = {
    "features_in_use": {"broad": 2, "healthy": 0, "fading": 0, "silent": 0},
    "feature_breadth": {"broad": 2 / 4, "healthy": 0, "fading": 0, "silent": 0},
    "active_days": {"broad": 3, "healthy": 20, "fading": 1, "silent": 0},
    "events_per_user_day": {"broad": 5 / 4, "healthy": 1, "fading": 1, "silent": None},
    "activity": {"broad": 5, "healthy": 40, "fading": 2, "silent": 0},
    "days_since_last_use": {"broad": 9, "healthy": 9, "fading": 17, "silent": None},
    "integration_share": {"broad": 1 / 5, "healthy": 0, "fading": 0, "silent": None},
    # the call of another system names no feature
    "integrations_in_use": {"broad": 0, "healthy": 0, "fading": 0, "silent": 0},
    "integration_days": {"broad": 1, "healthy": 0, "fading": 0, "silent": 0},
    # 2026-03-01 is a Sunday, 03-02 and 03-20 are not
    "stickiness": {"broad": 2 / 20 / 2, "healthy": 30 / 20 / 2, "fading": 2 / 20 / 2, "silent": None},
    "events_per_user": {"broad": 5 / 2, "healthy": 40 / 2, "fading": 2 / 2, "silent": None},
    "features_gained": {"broad": 2 - 1, "healthy": 0, "fading": 0, "silent": 0},
    "health_score": {
        # 2 user-days of 2 seats over 20 days = 0.05 of the 0.75 that are full; 1 of 20 days; two thirds of the use held
        "fading": pytest.approx(40 * 0.05 / 0.75 + 30 / 20 + 30 * (2 / 3 - 0.5) / 0.5),
        # use of February alone was one event, and five in March: no more than full marks
        "broad": pytest.approx(40 * 0.05 / 0.75 + 30 * 3 / 20 + 30),
        "healthy": 100,
        "silent": None,
    },
}


@pytest.fixture(scope="module")
def answers() -> Answers:
    return answers_of("adoption", TEXT, accounts=ACCOUNTS)


@pytest.mark.parametrize("name", EXPECTED)
def test_adoption(name: str, answers: Answers) -> None:
    assert answers[name] == EXPECTED[name]


def test_last_use_is_looked_for_within_a_year_and_a_day() -> None:
    # 2025-03-28 is 366 days before 2026-03-29
    text = """
        account | occurred_at | kind
        inside  | 2025-03-28  | login
        outside | 2025-03-27  | login
        """
    answers = answers_of("adoption", text, accounts="inside outside")
    assert answers["days_since_last_use"] == {"inside": 366, "outside": None}


def test_daily_usage_tells_depth_and_breadth_too() -> None:
    daily = """
        # usage_daily
        account | day        | kind             | feature | events | users | day_users
        a       | 2026-03-10 | feature_used     | reports | 8      | 2     | 3
        a       | 2026-03-10 | integration_call |         | 2      | 1     | 3
        a       | 2026-03-12 | feature_used     | boards  | 5      | 2     | 2
        """
    answers = answers_of("adoption", daily, accounts="a")
    assert {name: values["a"] for name, values in answers.items()} == {
        "features_in_use": 2,
        "feature_breadth": None,
        "active_days": 2,
        "events_per_user_day": 15 / 5,
        "activity": 15,
        "days_since_last_use": 17,
        "integration_share": 2 / 15,
        "integrations_in_use": 0,
        "integration_days": 1,
        "stickiness": None,
        "events_per_user": None,
        "features_gained": 2,
        "health_score": None,
    }
    assert unavailable(daily) & set(EXPECTED) == {"feature_breadth", "stickiness", "events_per_user"}


def test_integrations_are_counted_by_name_and_by_day() -> None:
    text = """
        account | occurred_at      | kind             | feature
        a       | 2026-02-28       | integration_call | crm
        a       | 2026-03-01       | integration_call | erp
        a       | 2026-03-02 08:00 | integration_call | erp
        a       | 2026-03-02 09:00 | integration_call | shop
        a       | 2026-03-03       | feature_used     | reports
        a       | 2026-03-04       | integration_call |
        """
    answers = answers_of("adoption", text, accounts="a")
    assert answers["integrations_in_use"] == {"a": 2}
    assert answers["integration_days"] == {"a": 3}
    # what other systems reach is not what people use
    assert answers["features_in_use"] == {"a": 1}


def test_features_that_are_given_up_count_against_those_that_are_taken_up() -> None:
    text = """
        account | occurred_at | kind         | feature
        a       | 2026-01-31  | feature_used | old
        a       | 2026-02-01  | feature_used | reports
        a       | 2026-02-10  | feature_used | boards
        a       | 2026-02-28  | feature_used | alerts
        a       | 2026-03-01  | feature_used | reports
        b       | 2026-03-01  | feature_used | reports
        """
    assert answers_of("adoption", text, accounts="a b")["features_gained"] == {"a": 1 - 3, "b": 1}


def test_breadth_counts_the_plans_features_by_name() -> None:
    text = """
        # plans
        plan  | tier_rank
        basic | 1
        other | 2
        # plan_features
        plan  | feature
        basic | reports
        basic | boards
        # subscriptions
        account  | plan    | valid_from
        a        | basic   | 2025-01-01
        nameless | other   | 2025-01-01
        foreign  | unknown | 2025-01-01
        # usage_events
        account  | occurred_at | kind         | feature
        a        | 2026-03-20  | feature_used | boards
        a        | 2026-03-20  | feature_used | sso
        a        | 2026-03-20  | feature_used | audit
        a        | 2026-03-20  | trial_use    | reports
        nameless | 2026-03-20  | feature_used | boards
        foreign  | 2026-03-20  | feature_used | boards
        """
    answers = answers_of("adoption", text, accounts="a nameless foreign")
    assert answers["feature_breadth"] == {"a": 1 / 2, "nameless": None, "foreign": None}
    assert answers["features_in_use"] == {"a": 3, "nameless": 1, "foreign": 1}


def test_more_features_than_fit_into_one_word_of_bits_are_counted_one_by_one() -> None:
    names = [f"f{number:03}" for number in range(130)]
    rows = "\n".join(
        f"{account} | {day} | feature_used | {name}"
        for account, day, some in (
            ("all", "2026-03-01", names),
            ("all", "2026-02-01", names[60:]),
            # the last bit of a word and the first of the next, on several days
            ("edges", "2026-03-01", ["f061", "f062"]),
            ("edges", "2026-03-02", ["f062", "f123", "f124"]),
            ("last", "2026-03-28", ["f129"]),
        )
        for name in some
    )
    listed = "\n".join(f"basic | {name}" for name in names[60:])
    text = f"""
        # plans
        plan  | tier_rank
        basic | 1
        # plan_features
        plan  | feature
        {listed}
        # subscriptions
        account | plan  | valid_from
        all     | basic | 2025-01-01
        edges   | basic | 2025-01-01
        last    | basic | 2025-01-01
        # usage_events
        account | occurred_at | kind | feature
        {rows}
        """
    answers = answers_of("adoption", text, accounts="all edges last")
    assert answers["features_in_use"] == {"all": 130, "edges": 4, "last": 1}
    assert answers["features_gained"] == {"all": 60, "edges": 4, "last": 1}
    assert answers["feature_breadth"] == {"all": 1, "edges": 4 / 70, "last": 1 / 70}


def test_what_the_tables_do_not_tell_is_not_available() -> None:
    assert unavailable("account | occurred_at | kind") >= {"features_in_use", "feature_breadth", "health_score"}
    assert unavailable("# plans\nplan | tier_rank") >= set(EXPECTED)


def test_the_trigger_fires_from_95_per_cent_of_the_features() -> None:
    assert fires("adoption", feature_breadth=[0.0, 0.94, 0.95, 0.96, None]) == [False, False, True, True, False]
