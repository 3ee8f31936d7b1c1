from __future__ import annotations

import pytest

from tests.signals.answers import Answers, answers_of, fires, unavailable

PLANS = """
    # plans
    plan  | tier_rank
    basic | 1
    pro   | 2
    # plan_features
    plan  | feature
    basic | reports
    pro   | reports
    pro   | sso
    pro   | audit
    pro   | sandbox
    pro   | roles
    # subscriptions
    account | plan  | valid_from
    below   | basic | 2025-01-01
    top     | pro   | 2025-01-01
    silent  | basic | 2025-01-01
    """
TEXT = (
    PLANS
    + """
    # usage_events
    account | occurred_at | kind           | feature
    below   | 2026-02-28  | gate_hit       | roles
    below   | 2026-03-01  | upgrade_prompt |
    below   | 2026-03-14  | gate_hit       | sso
    below   | 2026-03-15  | gate_hit       | sso
    below   | 2026-03-20  | upgrade_prompt |
    below   | 2026-03-20  | trial_use      | audit
    below   | 2026-03-20 11:00 | trial_use | audit
    below   | 2026-03-28  | limit_error    |
    below   | 2026-03-28  | login          | sandbox
    below   | 2026-03-29  | gate_hit       | sandbox
    top     | 2026-03-20  | gate_hit       | sso
    """
)
EXPECTED: Answers = {
    "gate_crossings": {"below": 5, "top": 1, "silent": 0},
    "gate_crossings_month": {"below": 7, "top": 1, "silent": 0},
    "gated_features": {"below": 2, "top": 1, "silent": 0},
    "upgrade_prompts": {"below": 2, "top": 0, "silent": 0},
    "trial_days_per_week": {"below": 1 / 4, "top": 0, "silent": 0},
    "next_tier_features": {"below": 2 / 4, "top": None, "silent": 0},
}


@pytest.fixture(scope="module")
def answers() -> Answers:
    return answers_of("gates", TEXT, accounts="below top silent")


@pytest.mark.parametrize("name", EXPECTED)
def test_gates(name: str, answers: Answers) -> None:
    assert answers[name] == EXPECTED[name]


def test_the_days_of_the_cluster_are_a_threshold() -> None:
    answers = answers_of("gates", TEXT, accounts="below", thresholds={"gate_days": 9})
    assert answers["gate_crossings"] == {"below": 4}


def test_daily_usage_tells_the_same_of_gates() -> None:
    daily = (
        PLANS
        + """
    # usage_daily
    account | day        | kind      | feature | events
    below   | 2026-03-14 | gate_hit  | sso     | 1
    below   | 2026-03-20 | trial_use | audit   | 4
    below   | 2026-03-21 | trial_use | audit   | 2
    """
    )
    answers = answers_of("gates", daily, accounts="below")
    assert {name: values["below"] for name, values in answers.items()} == {
        "gate_crossings": 6,
        "gate_crossings_month": 7,
        "gated_features": 2,
        "upgrade_prompts": 0,
        "trial_days_per_week": 2 / 4,
        "next_tier_features": 2 / 4,
    }


def test_without_features_or_plans_the_next_tier_is_not_available() -> None:
    assert unavailable("account | occurred_at | kind") >= {"gated_features", "next_tier_features"}
    without_gates = {"usage_events": {"kinds": ["login", "export"]}}
    assert unavailable("account | occurred_at | kind | feature", tables=without_gates) >= set(EXPECTED)


def test_the_trigger_fires_from_two_crossings_or_a_trial_on_four_days_a_week() -> None:
    assert fires(
        "gates",
        gate_crossings=[1, 2, 3, 0, 0, 0, None, None],
        trial_days_per_week=[0, 0, 0, 3.75, 4, 4.25, 4, None],
    ) == [False, True, True, False, True, True, True, False]
