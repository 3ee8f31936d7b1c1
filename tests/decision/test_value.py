"""Expected value, term by term, against figures worked out by hand."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptier.decision.value import Value, best_upsell, expected_values, within_days

SHARE = st.floats(0, 1)


def valued(**changed):
    given = {
        "upsell": "seat_expansion",
        "chance": 0.4,
        "mrr": 1000.0,
        "churn": 0.05,
        "churn_upsold": 0.1,
        "gains": {"seat_expansion": 0.25},
        "incrementality": {"seat_expansion": 0.5},
        "contact_cost": 50.0,
    } | changed
    rows = {name: pd.Series([given[name]]) for name in ("upsell", "chance", "mrr", "churn", "churn_upsold")}
    rest = {name: given[name] for name in ("gains", "incrementality", "contact_cost")}
    return expected_values(**rows, **rest).iloc[0]


def test_every_term_is_as_worked_out_by_hand():
    terms = valued()
    assert terms["arr"] == 12_000
    assert terms["gain_arr"] == 3_000
    assert terms["added_chance"] == pytest.approx(0.2)
    assert terms["kept_gain"] == pytest.approx(3_000 * 0.9)
    assert terms["at_stake"] == pytest.approx(12_000 * 0.05)
    assert terms["expected_value"] == pytest.approx(0.2 * (2_700 - 600) - 50)


def test_the_columns_are_the_attributes_of_a_value():
    terms = valued()
    assert [one.name for one in fields(Value)] == list(terms.index)
    assert Value(**terms.to_dict()).expected_value == pytest.approx(370)


def test_an_upsell_that_makes_leaving_less_likely_puts_nothing_at_stake():
    assert valued(churn=0.2, churn_upsold=0.1)["at_stake"] == 0


@pytest.mark.parametrize("changed", [{"mrr": math.nan}, {"gains": {}}])
def test_unknown_revenue_or_gain_makes_an_unknown_value(changed):
    assert math.isnan(valued(**changed)["expected_value"])


@given(SHARE, SHARE, SHARE)
def test_more_chance_never_lowers_a_value_that_pays(chance, more, churn):
    low, high = sorted((chance, more))
    less, better = (valued(chance=one, churn=churn, churn_upsold=churn)["expected_value"] for one in (low, high))
    assert better >= less - 1e-9


def test_a_probability_is_rescaled_at_a_constant_rate():
    assert within_days(np.array([0.1]), of_days=90)[0] == 0.1
    assert within_days(np.array([0.19]), of_days=180)[0] == pytest.approx(0.1)
    assert within_days(np.array([0.0, 1.0]), of_days=30).tolist() == [0.0, 1.0]


def test_the_best_upsell_has_the_highest_chance_times_gain():
    chances = pd.DataFrame(
        {
            "seat_expansion": [0.5, 0.1, 0.2, 0.0],
            "plan_upgrade": [0.2, 0.1, 0.1, 0.0],
            "add_on": [0.1, 0.1, 0.9, 0.0],
        },
        index=["seats", "plan", "tie", "none"],
    )
    gains = {"seat_expansion": 0.2, "plan_upgrade": 0.4}
    assert best_upsell(chances, gains).to_dict() == {
        "seats": "seat_expansion",
        "plan": "plan_upgrade",
        "tie": "seat_expansion",  # 0.2 x 0.2 = 0.1 x 0.4; the likelier one; an add-on's gain is not known
        "none": "seat_expansion",
    }


def test_without_any_known_gain_the_likeliest_upsell_is_the_best():
    chances = pd.DataFrame({"seat_expansion": [0.1], "plan_upgrade": [0.3], "add_on": [0.2]})
    assert best_upsell(chances, {}).tolist() == ["plan_upgrade"]
