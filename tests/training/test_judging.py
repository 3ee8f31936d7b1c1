from __future__ import annotations

import json
import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from uptier.training.judging import Judgement, calibration_curve, interval, plain, predicted, scored
from uptier.training.pooling import Counts
from uptier.training.resampling import drawn_accounts


def drawn(n: int = 2_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    probability = rng.beta(1, 6, size=n)
    account = rng.integers(0, 300, size=n).astype(str).astype(object)
    return account, (rng.random(n) < probability).astype(int), probability


def test_figures_lie_inside_their_intervals() -> None:
    account, label, probability = drawn()
    draws = drawn_accounts(account, draws=100, seed=1)
    made = predicted(label, probability, draws, capacity_share=0.1).figures()
    measures = (made.auc, made.average_precision, made.precision_at_capacity, made.log_loss, made.brier, made.ece)
    for measure in (*measures, *made.lift_by_decile):
        assert measure is not None
        low, figure, high = measure
        assert low <= figure <= high
        assert low < high
    assert made.auc[1] == pytest.approx(roc_auc_score(label, probability))


def test_a_score_that_is_no_probability_has_no_losses() -> None:
    account, label, probability = drawn()
    made = scored(label, 10 * probability, drawn_accounts(account, draws=50, seed=1), capacity_share=0.1).figures()
    assert made.log_loss is None
    assert made.ece is None


def test_calibration_error_of_true_probabilities_is_near_zero() -> None:
    account, label, probability = drawn(20_000)
    draws = drawn_accounts(account, draws=100, seed=1)
    right = predicted(label, probability, draws, capacity_share=0.1).figures().ece
    wrong = predicted(label, np.minimum(1, probability * 1.5), draws, capacity_share=0.1).figures().ece
    assert right is not None
    assert wrong is not None
    assert right[1] < 0.012
    assert wrong[0] > 0.04


def test_calibration_curve_of_true_probabilities_is_the_diagonal() -> None:
    account, label, probability = drawn(20_000)
    curve = calibration_curve(label, probability, drawn_accounts(account, draws=200, seed=1))
    assert [part.n for part in curve] == [2_000] * 10
    inside = [part.observed[0] <= part.predicted <= part.observed[2] for part in curve]
    assert sum(inside) >= 8


def test_equal_probabilities_make_one_bin() -> None:
    account, label, _ = drawn()
    curve = calibration_curve(label, np.full(len(label), 0.2), drawn_accounts(account, draws=20, seed=1))
    assert [(part.n, part.observed[1]) for part in curve] == [(2_000, pytest.approx(label.mean()))]


def test_interval_without_any_draw_is_unknown() -> None:
    low, figure, high = interval(np.array([0.5, np.nan]))
    assert math.isnan(low)
    assert math.isnan(high)
    assert figure == 0.5


def test_plain_is_json_whatever_it_held() -> None:
    assert json.dumps(plain({"a": (1.0, math.nan), "b": [None, "text"]}), allow_nan=False) == (
        '{"a": [1.0, null], "b": [null, "text"]}'
    )


def test_a_pooled_head_tells_its_counts_and_no_figures() -> None:
    counts = Counts(n=312, positives=15, accounts=300, positive_accounts=13, cases=14)
    told = Judgement(
        outcome="churn", everything=counts, fit=counts, test=counts, purged=0, left_out={}, fallback="Too few."
    ).as_json()
    assert (told["n"], told["positives"], told["auc"], told["passed"]) == (312, 15, None, False)
    assert told["fallback"] == "Too few."
    assert told["baselines"]["points"] == {"auc": None}
