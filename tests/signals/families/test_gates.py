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
    # any 14 days: those to the 20th hold five, as do those to the 28th
    "largest_gate_cluster": {"below": 5, "top": 1, "silent": 0},
    "largest_feature_cluster": {"below": 2, "top": 1, "silent": 0},
    "days_since_gate_cluster": {"below": 1, "top": None, "silent": None},
    # only the audit is tried: what is met at a gate is not in use, and the sandbox was only logged in to
    "next_tier_features": {"below": 1 / 4, "top": None, "silent": 0},
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
        "largest_gate_cluster": 7,
        "largest_feature_cluster": 6,
        "days_since_gate_cluster": 8,
        "next_tier_features": 1 / 4,
    }


def crossed(days: str, feature: str = "sso") -> str:
    return "account | occurred_at | kind | feature\n" + "\n".join(
        f"a | {day} | gate_hit | {feature}" for day in days.split()
    )


@pytest.mark.parametrize(
    ("days", "as_of", "largest", "since"),
    [
        # 13 days apart is within 14, 14 days apart is not, wherever a month begins
        ("2026-03-10 2026-03-23", "2026-03-29", 2, 6),
        ("2026-03-10 2026-03-24", "2026-03-29", 1, None),
        ("2026-02-20 2026-03-05", "2026-03-10", 2, 5),
        ("2026-02-20 2026-03-06", "2026-03-10", 1, None),
        # the last 14 days before these dates hold one of the two, or none
        ("2026-02-20 2026-03-05", "2026-03-06", 2, 1),
        ("2026-02-20 2026-03-05", "2026-03-29", 2, 24),
        # a cluster that is not yet complete
        ("2026-02-20 2026-03-05", "2026-03-05", 1, None),
        # of two clusters the later tells since when, and the fuller how large
        ("2026-03-01 2026-03-02 2026-03-03 2026-03-20 2026-03-21", "2026-03-29", 3, 8),
        # a run of events is no cluster of more than fit into 14 days
        ("2026-03-01 2026-03-10 2026-03-19 2026-03-28", "2026-03-29", 2, 1),
        # 42 days before 2026-03-29 is 2026-02-15
        ("2026-02-15 2026-02-20", "2026-03-29", 2, 37),
        ("2026-02-14 2026-02-20", "2026-03-29", 1, None),
        ("2026-03-20 2026-03-20", "2026-03-29", 2, 9),
    ],
)
def test_a_cluster_lies_within_any_14_days(days: str, as_of: str, largest: int, since: float | None) -> None:
    hours = " ".join(f"{day}T{hour:02}:00" for hour, day in enumerate(days.split()))
    answers = answers_of("gates", crossed(hours), accounts="a", as_of=as_of)
    assert answers["largest_gate_cluster"] == answers["largest_feature_cluster"] == {"a": largest}
    assert answers["days_since_gate_cluster"] == {"a": since}


def test_a_cluster_at_one_gate_counts_no_other_and_none_without_a_name() -> None:
    text = """
        account | occurred_at | kind           | feature
        a       | 2026-03-10  | gate_hit       | sso
        a       | 2026-03-12  | gate_hit       | audit
        a       | 2026-03-13  | upgrade_prompt |
        a       | 2026-03-14  | upgrade_prompt |
        b       | 2026-03-13  | upgrade_prompt |
        b       | 2026-03-14  | upgrade_prompt |
        """
    answers = answers_of("gates", text, accounts="a b")
    assert answers["largest_gate_cluster"] == {"a": 4, "b": 2}
    assert answers["largest_feature_cluster"] == {"a": 1, "b": 0}
    assert answers["days_since_gate_cluster"] == {"a": 15, "b": 15}


@pytest.mark.parametrize(("as_of", "largest", "since"), [("2026-03-20", 1, None), ("2026-03-21", 2, 6)])
def test_a_crossing_joins_its_cluster_once_it_is_known(as_of: str, largest: int, since: float | None) -> None:
    text = """
        account | occurred_at | kind     | feature | recorded_at
        a       | 2026-03-10  | gate_hit | sso     | 2026-03-20
        a       | 2026-03-15  | gate_hit | sso     |
        """
    answers = answers_of("gates", text, accounts="a", as_of=as_of)
    assert answers["largest_gate_cluster"] == answers["largest_feature_cluster"] == {"a": largest}
    assert answers["days_since_gate_cluster"] == {"a": since}


def test_how_many_make_a_cluster_and_within_how_many_days_are_thresholds() -> None:
    text = crossed("2026-03-10 2026-03-12 2026-03-16")
    for limits, since in (
        ({"gate_crossings": 3}, 13),
        ({"gate_crossings": 4}, None),
        ({"gate_days": 5}, 13),
        ({"gate_days": 3}, 17),
        ({"gate_days": 2}, None),
    ):
        answers = answers_of("gates", text, accounts="a", thresholds=limits)
        assert answers["days_since_gate_cluster"] == {"a": since}, limits


def test_what_the_next_plan_adds_is_told_by_name() -> None:
    text = """
        # plans
        plan | tier_rank
        free | 1
        team | 2
        pro  | 3
        # plan_features
        plan | feature
        team | reports
        team | sso
        pro  | audit
        pro  | sso
        # subscriptions
        account | plan     | valid_from
        free    | free     | 2025-01-01
        team    | team     | 2025-01-01
        foreign | unlisted | 2025-01-01
        # usage_events
        account | occurred_at | kind         | feature
        free    | 2026-03-20  | feature_used | sso
        free    | 2026-03-20  | feature_used | audit
        team    | 2026-03-20  | feature_used | reports
        team    | 2026-03-20  | feature_used | sso
        team    | 2026-03-20  | trial_use    | audit
        foreign | 2026-03-20  | trial_use    | audit
        """
    # the free plan lists nothing, so that all of the next one is new; what a plan has already is not
    answers = answers_of("gates", text, accounts="free team foreign")
    assert answers["next_tier_features"] == {"free": 1 / 2, "team": 1 / 1, "foreign": None}


def test_more_features_than_fit_into_one_word_of_bits_are_told_apart() -> None:
    names = [f"f{number:02}" for number in range(70)]
    lists = "\n".join(f"pro | {name}" for name in names[55:])
    tried = "\n".join(f"a | 2026-03-20 | trial_use | {name}" for name in names[50:66])
    used = "\n".join(f"a | 2026-03-21 | feature_used | {name}" for name in (*names[:50], "f69"))
    text = (
        f"{PLANS.split('# plan_features')[0]}\n# plan_features\nplan | feature\n{lists}\n"
        + f"""
        # subscriptions
        account | plan  | valid_from
        a       | basic | 2025-01-01
        # usage_events
        account | occurred_at | kind | feature
        {tried}
        {used}
        """
    )
    answers = answers_of("gates", text, accounts="a")
    assert answers["gated_features"] == {"a": 16}
    # f55 to f65 are tried and f69 is used, of f55 to f69
    assert answers["next_tier_features"] == {"a": 12 / 15}


def test_without_features_or_plans_the_next_tier_is_not_available() -> None:
    by_feature = {"gated_features", "next_tier_features", "largest_feature_cluster"}
    assert unavailable("account | occurred_at | kind") & set(EXPECTED) == by_feature
    events = "account | occurred_at | kind | feature\na | 2026-03-20 | trial_use | sso\n"
    listed = "# plan_features\nplan | feature\npro | sso\n"
    # without a price list, or without the plan that is held
    assert "next_tier_features" in unavailable(events + listed)
    assert "next_tier_features" in unavailable(events + listed + "# plans\nplan | tier_rank\npro | 1")
    without_gates = {"usage_events": {"kinds": ["login", "export"]}}
    assert unavailable("account | occurred_at | kind | feature", tables=without_gates) >= set(EXPECTED)


def test_the_trigger_fires_after_a_cluster_from_a_weekly_habit_or_from_four_of_five_features() -> None:
    assert fires(
        "gates",
        days_since_gate_cluster=[1, 14, 15, None, None, None, None, 15, None, None, 15],
        trial_days_per_week=[0, 0, 0, 3.75, 4, 4.25, None, 4, None, 0, None],
        next_tier_features=[0, None, 0.6, 0.5, 0, None, None, 0, 0.75, 0.8, 1.0],
    ) == [True, True, False, False, True, True, False, True, False, True, True]
