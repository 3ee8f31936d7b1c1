"""What is decided rests on chances, worth and fired triggers, and on nothing that is not known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from tests.explanation.tiny import CATALOG, bundle, facts, frame, settings
from uptier.explanation.reasons import fired_triggers
from uptier.scoring.deciding import MODEL, POOLED, UNKNOWN, basis, decided, flag, worth
from uptier.settings import OUTCOMES
from uptier.thresholds import Thresholds

ROWS = frame(40)


def decide(told, **scoring):
    fired = fired_triggers(ROWS, CATALOG, Thresholds())
    return decided(ROWS, told, fired, bundle(), CATALOG, settings(**scoring))


def test_an_account_on_the_highest_plan_is_never_asked_for_a_higher_one():
    told = decide(facts(ROWS).assign(on_highest_plan=True))
    assert (told["p_plan_upgrade"] == 0).all()
    assert "plan_upgrade" not in set(told["best_type"])
    assert (decide(facts(ROWS))["p_plan_upgrade"] > 0).all()


def test_facts_that_are_absent_are_not_held_against_an_account():
    alone = decide(facts(ROWS)[["account_id", "mrr"]])
    pd.testing.assert_frame_equal(alone, decide(facts(ROWS)))


def test_the_chances_are_the_models():
    told = decide(facts(ROWS))
    expected = bundle().probabilities(ROWS)
    for outcome in OUTCOMES:
        np.testing.assert_array_equal(told[f"p_{outcome}"], expected[outcome])


def test_worth_counts_a_risk_that_nobody_has_seen_as_none():
    chances = bundle().probabilities(ROWS).assign(post_upsell_churn=np.nan)
    terms = worth(chances, pd.Series(["add_on"] * 40), ROWS["mrr"], bundle(), settings())
    assert (terms["churn_upsold"] == 0).all()
    assert (terms["at_stake"] == 0).all()
    assert terms["expected_value"].notna().all()


def test_what_an_account_brings_goes_with_what_it_pays_and_the_cost_of_a_contact_does_not():
    once, twice = (decide(facts(ROWS).assign(mrr=times * ROWS["mrr"])) for times in (1, 2))
    np.testing.assert_allclose(twice["gain_arr"], 2 * once["gain_arr"])
    np.testing.assert_allclose(twice["expected_value"] + 50, 2 * (once["expected_value"] + 50))
    assert (twice["best_type"] == once["best_type"]).all()


@pytest.mark.parametrize(
    ("outcome", "n", "said"),
    [("seat_expansion", 3000, MODEL), ("post_upsell_churn", 3000, POOLED), ("post_upsell_churn", 0, UNKNOWN)],
)
def test_a_chance_rests_on_the_model_on_a_rate_or_on_nothing(outcome, n, said):
    assert basis(dataclasses.replace(bundle().heads[outcome], n=n)) == said


def test_only_what_is_known_to_hold_is_a_flag():
    assert flag(pd.Series([True, False, None, np.nan], dtype=object)).tolist() == [True, False, False, False]
