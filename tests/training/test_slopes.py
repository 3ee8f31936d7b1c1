from __future__ import annotations

import time
import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from uptier.training.draws import Draws, drawn_accounts
from uptier.training.slopes import slopes


def drawn(n: int = 2_000, *, accounts: int = 200, slope: float = 1.0, shift: float = 0.0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(3)
    margin = rng.normal(-2, 1, size=n)
    label = (rng.random(n) < 1 / (1 + np.exp(-shift - slope * margin))).astype(int)
    return rng.integers(0, accounts, size=n).astype(str).astype(object), label, 1 / (1 + np.exp(-margin))


def test_slope_and_intercept_are_those_of_scikit_learn_in_every_draw() -> None:
    account, label, probability = drawn(slope=0.6, shift=-0.3)
    draws = drawn_accounts(account, draws=15, seed=1)
    made = slopes(label, probability, draws)
    margin = np.log(probability / (1 - probability))[:, None]
    for number, weights in enumerate(draws.weights):
        model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=500)
        model.fit(margin, label, sample_weight=weights[draws.account])
        assert made.slope[number] == pytest.approx(model.coef_[0, 0], abs=5e-5)
        assert made.intercept[number] == pytest.approx(model.intercept_[0], abs=5e-5)


def test_calibration_in_the_large_makes_the_means_equal_in_every_draw() -> None:
    account, label, probability = drawn(shift=0.4)
    draws = drawn_accounts(account, draws=15, seed=1)
    made = slopes(label, probability, draws)
    margin = np.log(probability / (1 - probability))
    for number, weights in enumerate(draws.weights):
        weight = weights[draws.account]
        moved = 1 / (1 + np.exp(-margin - made.in_the_large[number]))
        assert np.average(moved, weights=weight) == pytest.approx(np.average(label, weights=weight), abs=1e-6)


def test_true_probabilities_have_slope_one_and_intercept_zero() -> None:
    account, label, probability = drawn(50_000, accounts=50_000)
    made = slopes(label, probability, drawn_accounts(account, draws=40, seed=1))
    for values, truth in ((made.slope, 1.0), (made.intercept, 0.0), (made.in_the_large, 0.0)):
        assert abs(values[0] - truth) < 4 * values[1:].std()
        assert values[1:].std() < 0.05


def test_too_extreme_probabilities_have_a_slope_below_one() -> None:
    account, label, probability = drawn(20_000)
    margin = 2 * np.log(probability / (1 - probability))
    made = slopes(label, 1 / (1 + np.exp(-margin)), drawn_accounts(account, draws=40, seed=1))
    assert np.quantile(made.slope[1:], 0.975) < 0.6
    assert made.slope[0] == pytest.approx(
        slopes(label, probability, drawn_accounts(account, draws=2, seed=1)).slope[0] / 2, rel=1e-3
    )


@pytest.mark.parametrize(
    ("label", "probability"),
    [
        ([0, 0, 0, 0], [0.1, 0.2, 0.3, 0.4]),  # one class
        ([1, 1, 1, 1], [0.1, 0.2, 0.3, 0.4]),
        ([0, 1, 0, 1], [0.2, 0.2, 0.2, 0.2]),  # one probability
        ([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4]),  # parted without an error
        ([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4]),
    ],
)
def test_no_slope_where_none_is_finite(label: list[int], probability: list[float]) -> None:
    draws = Draws(np.ones((3, 4)), np.arange(4))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = slopes(np.array(label), np.array(probability), draws)
    assert np.isnan(made.slope).all()
    assert np.isnan(made.intercept).all()
    assert np.isnan(made.in_the_large).all() == (len(set(label)) == 1)


def test_certain_probabilities_are_taken_in() -> None:
    account, label, probability = drawn()
    probability = np.where(probability > 0.5, 1.0, np.where(probability < 0.05, 0.0, probability))
    made = slopes(label, probability, drawn_accounts(account, draws=10, seed=1))
    assert np.isfinite(made.slope).all()
    assert made.slope[0] < 0.3


def test_many_draws_take_seconds() -> None:
    account, label, probability = drawn(50_000, accounts=5_000)
    draws = drawn_accounts(account, draws=500, seed=1)
    began = time.process_time()
    slopes(label, probability, draws)
    assert time.process_time() - began < 3
