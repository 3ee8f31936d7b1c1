from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from uptier.errors import ModelError
from uptier.model.points import MOST_POINTS, RULES, points, rules, tier, unknown_rules
from uptier.thresholds import Thresholds

EVERYTHING = {
    "daily_active_share": 0.76,
    "highest_quota_utilisation": 0.81,
    "trial_days_per_week": 0.5,
    "milestones_reached": 1.0,
    "health_score": 81.0,
    "days_until_renewal": 60.0,
    "executive_active_days": 1.0,
}
JUST_NOT = {
    "daily_active_share": 0.75,
    "highest_quota_utilisation": 0.8,
    "trial_days_per_week": 0.0,
    "milestones_reached": 0.0,
    "health_score": 80.0,
    "days_until_renewal": 59.0,
    "executive_active_days": 0.0,
}
WORTH = {
    "daily_active_share": 25,
    "highest_quota_utilisation": 30,
    "trial_days_per_week": 20,
    "milestones_reached": 25,
    "health_score": 15,
    "days_until_renewal": 10,
    "executive_active_days": 15,
}


def test_points_add_up_to_140() -> None:
    assert points(pd.DataFrame([EVERYTHING]), Thresholds()).tolist() == [140]
    assert sum(rule.points for rule in RULES) == MOST_POINTS == 140


@pytest.mark.parametrize("column", WORTH)
def test_each_rule_is_worth_what_the_source_says(column: str) -> None:
    one = {**JUST_NOT, column: EVERYTHING[column]}
    assert points(pd.DataFrame([one, JUST_NOT]), Thresholds()).tolist() == [WORTH[column], 0]


def test_thresholds_come_from_the_settings() -> None:
    strict = Thresholds(daily_actives=0.9, quota_utilisation=0.9, health=90, renewal_days=90)
    held = rules(pd.DataFrame([EVERYTHING]), strict).iloc[0]
    assert held[held].index.tolist() == ["premium_trial", "success_achieved", "executive_active"]


def test_what_is_unknown_gives_no_points_and_is_counted() -> None:
    frame = pd.DataFrame([{**EVERYTHING, "health_score": np.nan, "milestones_reached": np.nan}], index=["row"])
    assert points(frame, Thresholds()).to_dict() == {"row": 100}
    assert unknown_rules(frame).to_dict() == {"row": 2}


def test_tiers_begin_where_the_source_says() -> None:
    named = tier(pd.Series([140, 75, 74, 50, 49, 25, 24, 0]))
    assert named.tolist() == ["High", "High", "Medium", "Medium", "Low", "Low", "Not ready", "Not ready"]


def test_names_the_signals_that_are_missing() -> None:
    with pytest.raises(ModelError, match="lacks: health_score"):
        points(pd.DataFrame([EVERYTHING]).drop(columns="health_score"), Thresholds())
