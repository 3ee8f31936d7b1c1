from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from uptier.training.draws import drawn_accounts
from uptier.training.scorers import MEASURES, predicted, scored


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


def test_every_measure_of_probabilities_lies_inside_its_interval() -> None:
    account, label, probability = drawn()
    date = np.arange(len(label)) % 5
    draws = drawn_accounts(account, draws=100, seed=1)
    made = predicted(
        label,
        probability,
        draws,
        capacity_share=0.1,
        as_of=date,
        expected_value=probability * 100,
        realised_value=label * 100.0,
    ).figures()
    for name in (measure for measure in MEASURES if measure not in ("lift_by_decile", "gain_by_decile", "arr_known")):
        low, figure, high = getattr(made, name)
        assert low < figure < high, name
    assert made.brier is not None
    parts = (made.brier_reliability, made.brier_resolution, made.brier_uncertainty, made.brier_within_bins)
    reliability, resolution, uncertainty, within = (part[1] for part in parts if part is not None)
    assert reliability - resolution + uncertainty + within == pytest.approx(made.brier[1])


def test_without_dates_capacity_is_that_of_all_rows_together() -> None:
    account, label, probability = drawn()
    draws = drawn_accounts(account, draws=20, seed=1)
    together = predicted(label, probability, draws, capacity_share=0.1).figures()
    one_date = predicted(label, probability, draws, capacity_share=0.1, as_of=np.zeros(len(label))).figures()
    assert together.recall_at_capacity is None
    assert together.precision_at_capacity == pytest.approx(one_date.precision_at_capacity)
    assert one_date.expected_arr is None


def test_two_scorers_are_drawn_in_pairs() -> None:
    account, label, probability = drawn()
    draws = drawn_accounts(account, draws=50, seed=1)
    date = np.arange(len(label)) % 5
    one, same = (
        predicted(label, score, draws, capacity_share=0.1, as_of=date) for score in (probability, probability**2)
    )
    other = predicted(label, probability, drawn_accounts(account, draws=50, seed=2), capacity_share=0.1, as_of=date)
    assert (one.ranking.auc == same.ranking.auc).all()  # the same order, so no difference in any draw
    assert (one.ranking.auc[1:] != other.ranking.auc[1:]).any()
    assert one.lists is not None
    assert same.lists is not None
    assert (one.lists.recall == same.lists.recall).all()


def test_some_rows_that_a_draw_may_miss_have_figures_all_the_same() -> None:
    account, label, probability = drawn()
    draws = drawn_accounts(account, draws=100, seed=1)
    rows = np.flatnonzero(np.isin(account, ["1", "2", "3"]))
    some = draws.at(rows)
    assert (some.weights.sum(axis=1) == 0).any()
    made = predicted(label[rows], probability[rows], some, capacity_share=0.3, as_of=np.zeros(len(rows))).figures()
    assert made.ece is not None
    assert np.isfinite(made.ece).all()
