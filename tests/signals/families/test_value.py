from __future__ import annotations

import pytest

from tests.signals.answers import Answers, answers_of, fired_on, fires, unavailable

# 90 days before 2026-03-29 is 2025-12-29
TEXT = """
    # subscriptions
    account | seats | valid_from
    two     | 5     | 2025-03-01
    late    | 5     | 2026-01-05
    set_up  | 5     | 2025-12-28
    none    | 5     | 2025-01-01
    # milestones
    account | milestone   | reached_at | recorded_at
    two     | first_value | 2025-03-29 |
    two     | go_live     | 2026-03-28 |
    two     | goal_met    | 2026-03-29 |
    late    | first_value | 2026-01-01 | 2026-03-28
    late    | go_live     | 2026-01-02 | 2026-03-29
    set_up  | ONBOARDED   | 2025-12-28 |
    set_up  | go_live     | 2025-12-29 |
    """
MONTH = 365.25 / 12
EXPECTED: Answers = {
    "milestones_reached": {"two": 2, "late": 1, "set_up": 2, "none": 0},
    "milestones_in_90_days": {"two": 1, "late": 1, "set_up": 1, "none": 0},
    "days_since_milestone": {"two": 1, "late": 87, "set_up": 90, "none": None},
    "days_since_first_value": {"two": 365, "late": 87, "set_up": 91, "none": None},
    "days_to_first_value": {"two": 28, "late": -4, "set_up": 0, "none": None},
    "months_since_implementation": {"two": 1 / MONTH, "late": None, "set_up": 91 / MONTH, "none": None},
}


@pytest.fixture(scope="module")
def answers() -> Answers:
    return answers_of("value", TEXT, accounts="two late set_up none")


@pytest.mark.parametrize("name", EXPECTED)
def test_value(name: str, answers: Answers) -> None:
    assert answers[name] == EXPECTED[name]


def test_what_says_that_the_product_is_set_up_is_the_projects_own() -> None:
    answers = answers_of("value", TEXT, accounts="two", thresholds={"implementation_milestones": ["First_Value"]})
    assert answers["months_since_implementation"] == {"two": 365 / MONTH}


def test_without_milestones_value_is_not_available() -> None:
    assert unavailable("") >= set(EXPECTED)


def test_the_trigger_fires_up_to_60_days_after_a_milestone() -> None:
    assert fires("value", days_since_milestone=[1, 59, 60, 61, None]) == [True, True, True, False, False]


def test_the_trigger_clears_once_the_days_are_over() -> None:
    text = "# milestones\naccount | milestone | reached_at\na | goal_met | 2026-01-28"
    as_of = "2026-01-28 2026-01-29 2026-03-29 2026-03-30"
    assert fired_on("value", text, as_of=as_of, account="a") == [False, True, True, False]
