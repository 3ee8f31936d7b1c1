from __future__ import annotations

import json

import numpy as np
import pytest

from tests.monitoring.lists import chances, ruled, scorecard, summed
from uptier.monitoring.comparing import compared, told_champion


def test_a_list_beside_itself_changes_nothing() -> None:
    found = compared(scorecard(), scorecard())
    assert (found["accounts"], found["action_changed"], found["tier_changed"]) == (100, 0, 0)
    assert found["chances"]["churn"]["rank_correlation"] == pytest.approx(1)
    assert found["chances"]["churn"]["mean_before"] == found["chances"]["churn"]["mean_now"]


def test_only_accounts_of_both_lists_count_in_whatever_order() -> None:
    before, now = scorecard(100), scorecard(120)
    now.loc[:9, "action"] = "away"
    now.loc[100:, "action"] = "new"
    found = compared(now.sample(frac=1, random_state=1), before)
    assert found["accounts"] == 100
    assert found["action_changed"] == pytest.approx(0.1)


def test_ranks_are_compared_and_not_sizes() -> None:
    turned = compared(scorecard(p_churn=chances(100)[::-1]), scorecard())["chances"]["churn"]
    assert turned["rank_correlation"] == pytest.approx(-1)
    squared = compared(scorecard(p_churn=chances(100) ** 2), scorecard())["chances"]["churn"]
    assert squared["rank_correlation"] == pytest.approx(1)
    assert squared["mean_now"] < squared["mean_before"]


def test_nothing_is_said_of_ranks_where_all_are_alike_or_unknown() -> None:
    assert compared(scorecard(p_churn=0.1), scorecard())["chances"]["churn"]["rank_correlation"] is None
    assert compared(scorecard(p_churn=np.nan), scorecard())["chances"]["churn"]["mean_now"] is None
    assert compared(scorecard(0), scorecard())["action_changed"] is None


def test_a_new_champion_is_told_beside_the_old_one() -> None:
    now, before = scorecard(model_version="4", p_churn=chances(100)[::-1]), scorecard()
    now.loc[:29, "action"] = "away"
    moved = compared(now, before)
    told = told_champion(summed(now), summed(before), moved)
    assert told is not None
    assert told.splitlines()[:2] == [
        "model version 4 scores, where model version 3 scored last time; 100 accounts in both.",
        "Another action than last time: 30.0 % of the accounts.",
    ]
    assert "churn: rank correlation -1.00; mean chance 3.8 % before, 15.0 % now." in told
    assert "secret" not in told + json.dumps(moved, allow_nan=False)


def test_the_same_champion_is_not_told() -> None:
    assert told_champion(summed(), summed(), compared(scorecard(), scorecard())) is None


def test_a_first_champion_is_told_after_rules() -> None:
    told = told_champion(summed(), summed(ruled()), compared(scorecard(), ruled()))
    assert told is not None
    assert told.startswith("model version 3 scores, where rules scored last time")
    assert "rank correlation" not in told
