"""Shares of probability add up, keep every sign, and survive trees that say nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.explanation.tiny import CATALOG, bundle, frame, trees
from uptier.errors import ModelError
from uptier.explanation.shares import explained, shares
from uptier.model.bundle import Head
from uptier.model.calibrator import Sigmoid

MARGINS = st.floats(-15, 15)
SIGMOIDS = st.builds(Sigmoid, slope=st.floats(0.05, 8), intercept=st.floats(-4, 4))
RATES = st.floats(0.0005, 0.9995)


@given(
    calibrator=SIGMOIDS,
    rate=RATES,
    expected=MARGINS,
    families=st.lists(MARGINS, min_size=0, max_size=8),
    context=MARGINS,
)
@example(calibrator=Sigmoid(1.0, 0.0), rate=0.5, expected=0.0, families=[], context=0.0)
@example(calibrator=Sigmoid(1.0, 0.0), rate=0.5, expected=0.0, families=[2.0, -2.0], context=0.0)
@example(calibrator=Sigmoid(8.0, 0.0), rate=0.5, expected=1e-5, families=[3.0, -3.0], context=0.0)
def test_base_context_and_families_add_up_to_the_calibrated_probability(calibrator, rate, expected, families, context):
    parts = shares(
        families=np.array([families]).reshape(1, -1),
        context=np.array([context]),
        expected_margin=expected,
        base_rate=rate,
        calibrator=calibrator,
    )
    wanted = calibrator(np.array([expected + context + sum(families)]))[0]
    assert parts.base == pytest.approx(rate, abs=1e-9)
    assert parts.base + parts.context[0] + parts.families[0].sum() == pytest.approx(wanted, abs=1e-6)
    assert parts.probability[0] == pytest.approx(wanted, abs=1e-9)


@given(calibrator=SIGMOIDS, rate=RATES, expected=MARGINS, families=st.lists(MARGINS, min_size=1, max_size=8))
def test_no_family_changes_its_sign(calibrator, rate, expected, families):
    given_families = np.array([families])
    parts = shares(
        families=given_families,
        context=np.zeros(1),
        expected_margin=expected,
        base_rate=rate,
        calibrator=calibrator,
    )
    assert (parts.families * given_families >= 0).all()


def test_at_the_base_margin_the_factor_is_the_derivative():
    parts = shares(
        families=np.array([[1.0, -1.0]]),
        context=np.zeros(1),
        expected_margin=0.0,
        base_rate=0.5,
        calibrator=Sigmoid(1.0, 0.0),
    )
    assert parts.families[0] == pytest.approx([0.25, -0.25])


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_a_rate_at_the_edge_gives_finite_shares(rate):
    unchanged = Sigmoid(1.0, 0.0)
    parts = shares(
        families=np.ones((1, 1)), context=np.zeros(1), expected_margin=0.0, base_rate=rate, calibrator=unchanged
    )
    assert np.isfinite(parts.families).all()
    assert parts.base + parts.context[0] + parts.families[0, 0] == pytest.approx(parts.probability[0])


def test_a_fitted_head_is_taken_apart_to_its_own_probability():
    rows = frame(300, seed=8)
    taken = explained(bundle(), "plan_upgrade", rows, CATALOG)
    whole = taken.base + taken.context + taken.points.sum(axis=1)
    assert np.abs(whole - bundle().probabilities(rows)["plan_upgrade"]).max() < 1e-6
    assert taken.base == pytest.approx(bundle().heads["plan_upgrade"].base_rate)


def test_families_without_a_trigger_are_context():
    taken = explained(bundle(), "plan_upgrade", frame(5), CATALOG)
    assert list(taken.points.columns) == ["seats", "capacity", "gates", "velocity", "value"]
    commercial = taken.contributions[["seats", "mrr", "days_until_renewal", "plan_name"]]
    assert commercial.abs().to_numpy().sum() > 0


@pytest.mark.parametrize("kind", ["constant", "stump"])
def test_trees_that_say_little_or_nothing_still_add_up(kind):
    rows = frame(200, seed=5)
    matrix = bundle().matrix(rows)
    label = np.arange(200) % 2 == 0 if kind == "constant" else rows["gate_crossings"].to_numpy() > 1
    text = trees(matrix if kind == "stump" else np.zeros_like(matrix), label, rounds=1, leaves=2)
    head = Head(
        outcome="add_on",
        base_rate=0.2,
        interval=(0.1, 0.3),
        n=200,
        positives=40,
        positive_accounts=40,
        trees=text,
        calibrator=Sigmoid(1.3, -0.4),
    )
    changed = dataclasses.replace(bundle(), heads={**bundle().heads, "add_on": head})
    taken = explained(changed, "add_on", rows, CATALOG)
    whole = taken.base + taken.context + taken.points.sum(axis=1)
    assert np.abs(whole - changed.probabilities(rows)["add_on"]).max() < 1e-6
    assert (taken.points.abs().to_numpy().max() > 0) == (kind == "stump")


def test_a_pooled_head_has_nothing_to_take_apart():
    with pytest.raises(ModelError, match="pooled rate"):
        explained(bundle(), "post_upsell_churn", frame(2), CATALOG)
