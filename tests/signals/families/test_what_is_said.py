"""What a trigger fires on can be said, and every sentence is true for what its signal counts."""

from __future__ import annotations

import pandas as pd
import pytest

from uptier.explanation.reasons import fired_reasons, fired_triggers
from uptier.explanation.sentences import sentence
from uptier.signals.catalog import catalog
from uptier.signals.signal import Unit
from uptier.signals.trigger import Trigger
from uptier.thresholds import Thresholds

TRIGGERS = catalog().triggers
# for each condition of each trigger that opens a talk, values with which no other condition fires it
FIRING = {
    "approaching_seat_ceiling": [{"periods_near_ceiling": 2}, {"periods_peak_near_ceiling": 2}],
    "running_out_of_capacity": [{"highest_quota_utilisation": 0.8}, {"limit_errors": 12}],
    "reaching_for_next_plan": [
        {"days_since_gate_cluster": 14},
        {"trial_days_per_week": 4},
        {"next_tier_features": 0.8},
    ],
    "power_users_emerge": [{"new_power_users": 1}],
    "use_accelerates": [{"months_of_growth": 2}],
    "deep_adoption": [{"feature_breadth": 0.95}],
    "success_achieved": [{"days_since_milestone": 60}],
    "gap_named": [{"hours_since_gap_named": 72}],
}
# what else is known of the account: nothing that would fire a trigger, but all of it could be said
QUIET = dict.fromkeys((one.name for one in catalog().signals if not one.is_category), 0.5) | {
    "days_since_gate_cluster": 15,
    "power_users": 1,
    "limit_errors": 1,
    "days_since_milestone": 90,
    "hours_since_gap_named": 90,
    "nps": 9,
}
# from daily usage nobody is told apart, and the busiest day stands in
DAILY = {"periods_peak_near_ceiling": {"periods_near_ceiling": None, "seat_utilisation": None}}


class _Asked(dict[str, pd.Series]):
    """A frame that remembers which signals were looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __missing__(self, name: str) -> pd.Series:
        self.names.add(name)
        return pd.Series([0.0])


@pytest.mark.parametrize("one", TRIGGERS, ids=[one.name for one in TRIGGERS])
def test_a_trigger_is_told_by_all_that_it_looks_at(one: Trigger) -> None:
    asked = _Asked()
    one.rule(asked, Thresholds())  # type: ignore[arg-type]  # a rule only takes columns of a frame
    assert asked.names <= set(one.says)


def test_every_trigger_that_opens_a_talk_is_fired_here() -> None:
    assert set(FIRING) == {one.name for one in TRIGGERS if one.opens}


@pytest.mark.parametrize(
    ("name", "firing"), [(name, values) for name, several in FIRING.items() for values in several], ids=str
)
def test_the_fact_that_fired_a_trigger_is_among_the_two_that_are_said(name: str, firing: dict[str, float]) -> None:
    (fact,) = firing
    row = pd.DataFrame([QUIET | firing | DAILY.get(fact, {})])
    fired = fired_triggers(row, catalog(), Thresholds())
    assert [each for each in fired.columns if fired[each].iloc[0]] == [name]
    reasons = next(
        fired_reasons(frame=row, fired=fired, catalog=catalog(), thresholds=Thresholds(), currency="USD", outcome=None)
    )
    (reason,) = reasons.supporting
    assert reason.code == name
    assert fact in reason.signals


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("gate_crossings", 3, "The team met a gate or a limit of its plan 3 times recently"),
        ("gate_crossings", 0, "Nobody met a gate or a limit of the plan recently"),
        ("days_until_quota_used_up", 0, "A quota is used up"),
        ("days_until_quota_used_up", 1, "At the pace of the latest readings the first quota is used up within 1 day"),
        ("periods_near_ceiling", 2, "The team would have nearly filled today's seats for 2 billing periods in a row"),
        (
            "periods_peak_near_ceiling",
            1,
            "The busiest day would have nearly filled today's seats for 1 billing period in a row",
        ),
        ("next_tier_features", 0.8, "The team already works with 80 % of what the next plan adds"),
        ("next_tier_features", 0, "The team uses nothing yet of what the next plan adds"),
        ("gated_features", 0, "No named function above the plan was touched in four weeks"),
        ("features_in_use", 0, "No named function was used in the last four weeks"),
        ("feature_breadth", 0.95, "The team uses 95 % of the functions that its plan includes"),
        ("daily_active_share", 0.8, "On an average working day 80 % of 5 seats are in use"),
        ("open_tickets", 0, "No ticket of the last year is open"),
        ("tiers_gained", 0, "The plan stands where it stood 180 days ago on the price list"),
        ("trial_days_per_week", 0.04, "A premium capability is tried on less than 0.1 days a week"),
    ],
)
def test_a_sentence_claims_no_more_than_its_signal_counts(name: str, value: float, said: str) -> None:
    assert sentence(catalog().signal(name), {name: value, "seats": 5.0}, catalog(), "USD") == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0, "0"), (0.001, "less than 0.1"), (0.049, "less than 0.1"), (0.05, "0.1"), (0.96, "1"), (1.25, "1.2")],
)
def test_a_small_ratio_is_not_told_as_nothing(value: float, said: str) -> None:
    assert Unit.RATIO.told(value) == said


@pytest.mark.parametrize(
    ("value", "said"), [(1.5, "150 %"), (2.0**53, "900,719,925,474,099,200 %"), (1.7e308, "16,999,999")]
)
def test_a_share_of_any_size_is_told_as_a_number(value: float, said: str) -> None:
    assert Unit.SHARE.told(value).startswith(said)


def test_many_hours_are_said_as_days() -> None:
    assert [Unit.HOURS.told(hours) for hours in (1.0, 72.0, 95.4, 96.0, 968.0)] == [
        "1 hour",
        "72 hours",
        "95 hours",
        "4 days",
        "40 days",
    ]
