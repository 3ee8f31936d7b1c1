from __future__ import annotations

import pytest

from tests.signals.answers import Answers, answers_of, fires, unavailable

TEXT = """
    # milestones
    account | milestone   | reached_at | recorded_at
    two     | first_value | 2025-03-29 |
    two     | go_live     | 2026-03-28 |
    two     | goal_met    | 2026-03-29 |
    late    | first_value | 2026-01-01 | 2026-03-28
    late    | go_live     | 2026-01-02 | 2026-03-29
    """
EXPECTED: Answers = {
    "milestones_reached": {"two": 2, "late": 1, "none": 0},
    "days_since_milestone": {"two": 1, "late": 87, "none": None},
    "days_since_first_value": {"two": 365, "late": 87, "none": None},
}


@pytest.fixture(scope="module")
def answers() -> Answers:
    return answers_of("value", TEXT, accounts="two late none")


@pytest.mark.parametrize("name", EXPECTED)
def test_value(name: str, answers: Answers) -> None:
    assert answers[name] == EXPECTED[name]


def test_without_milestones_value_is_not_available() -> None:
    assert unavailable("") >= set(EXPECTED)


def test_the_trigger_fires_up_to_60_days_after_a_milestone() -> None:
    assert fires("value", days_since_milestone=[1, 59, 60, 61, None]) == [True, True, True, False, False]
