from __future__ import annotations

import time

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from uptier.training.resampling import Draws, drawn_accounts, equal_bins, losses, ranking


def drawn(n: int = 600, *, accounts: int = 80, ties: bool = False, seed: int = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    account = rng.integers(0, accounts, size=n).astype(str).astype(object)
    score = rng.normal(size=n)
    label = (rng.random(n) < 1 / (1 + np.exp(2 - score))).astype(int)
    return account, label, np.round(score) if ties else score


@pytest.mark.parametrize("ties", [False, True])
def test_ranking_is_that_of_scikit_learn_in_every_draw(ties: bool) -> None:
    account, label, score = drawn(ties=ties)
    draws = drawn_accounts(account, draws=20, seed=1)
    made = ranking(label, score, draws, capacity_share=0.1)
    for number, weights in enumerate(draws.weights):
        weight = weights[draws.account]
        assert made.auc[number] == pytest.approx(roc_auc_score(label, score, sample_weight=weight), abs=1e-12)
        assert made.average_precision[number] == pytest.approx(
            average_precision_score(label, score, sample_weight=weight), abs=1e-12
        )


def test_losses_are_those_of_scikit_learn_in_every_draw() -> None:
    account, label, score = drawn()
    probability = 1 / (1 + np.exp(2 - score))
    draws = drawn_accounts(account, draws=20, seed=1)
    made = losses(label, probability, draws)
    for number, weights in enumerate(draws.weights):
        weight = weights[draws.account]
        assert made.log_loss[number] == pytest.approx(log_loss(label, probability, sample_weight=weight), abs=1e-12)
        assert made.brier[number] == pytest.approx(brier_score_loss(label, probability, sample_weight=weight))


def test_calibration_error_by_hand() -> None:
    # ten bins of two rows each: in every bin 0.3 is predicted too much, but in the last, where it is 0.1 too little
    probability = np.repeat(np.linspace(0.3, 0.75, 10), 2) + np.tile([-0.001, 0.001], 10)
    observed = np.repeat(np.linspace(0.3, 0.75, 10) - 0.3, 2)
    probability[-2:], observed[-2:] = [0.9, 0.9], [1.0, 1.0]
    made = losses(observed, probability, Draws(np.ones((1, 20)), np.arange(20)))
    assert made.ece[0] == pytest.approx((9 * 0.3 + 0.1) / 10)


@pytest.mark.parametrize("ties", [False, True])
def test_the_parts_of_the_brier_score_add_up_in_every_draw(ties: bool) -> None:
    account, label, score = drawn(ties=ties)
    probability = 1 / (1 + np.exp(2 - score))
    made = losses(label, probability, drawn_accounts(account, draws=20, seed=1))
    summed = made.reliability - made.resolution + made.uncertainty + made.within_bins
    np.testing.assert_allclose(summed, made.brier, rtol=1e-12)
    assert (made.reliability >= 0).all()
    assert (made.resolution > 0).all()


def test_the_parts_of_the_brier_score_are_those_of_a_loop_over_bins() -> None:
    account, label, score = drawn()
    probability, bins = 1 / (1 + np.exp(2 - score)), equal_bins(score)
    draws = drawn_accounts(account, draws=5, seed=1)
    made = losses(label, probability, draws)
    for number, weights in enumerate(draws.weights):
        weight = weights[draws.account].astype(float)
        rate = np.average(label, weights=weight)
        reliability = resolution = 0.0
        for part in range(10):
            rows = bins == part
            held = weight[rows].sum() / weight.sum()
            seen, said = (np.average(values[rows], weights=weight[rows]) for values in (label, probability))
            reliability += held * (said - seen) ** 2
            resolution += held * (seen - rate) ** 2
        assert made.reliability[number] == pytest.approx(reliability)
        assert made.resolution[number] == pytest.approx(resolution)
        assert made.uncertainty[number] == pytest.approx(rate * (1 - rate))


def test_one_probability_in_each_bin_leaves_nothing_within_them() -> None:
    account, label, score = drawn()
    probability = (equal_bins(score) + 0.5) / 20
    made = losses(label, probability, drawn_accounts(account, draws=5, seed=1))
    assert made.within_bins.tolist() == pytest.approx([0.0] * 6, abs=1e-12)


def test_predicted_over_observed_of_all_and_of_the_highest_fifth() -> None:
    account, label, score = drawn()
    probability = 1 / (1 + np.exp(2 - score))
    draws = drawn_accounts(account, draws=5, seed=1)
    made = losses(label, probability, draws)
    top = np.argsort(-probability)[: len(label) // 5]
    for number, weights in enumerate(draws.weights):
        weight = weights[draws.account]
        assert made.predicted_over_observed[number] == pytest.approx((weight @ probability) / (weight @ label))
        highest = (weight[top] @ probability[top]) / (weight[top] @ label[top])
        assert made.predicted_over_observed_top[number] == pytest.approx(highest)


def test_equal_probabilities_share_the_highest_fifth() -> None:
    # two of ten rows: the first, and a quarter of each of the next four
    probability = np.r_[0.9, np.full(4, 0.5), np.full(5, 0.1)]
    label = np.r_[1, 1, 0, 0, 0, np.ones(5, dtype=int)]
    made = losses(label, probability, Draws(np.ones((1, 10)), np.arange(10)))
    assert made.predicted_over_observed_top[0] == pytest.approx((0.9 + 0.5) / (1 + 0.25))


def test_a_constant_is_as_far_off_in_the_highest_fifth_as_in_all() -> None:
    account, label, _ = drawn()
    made = losses(label, np.full(len(label), 0.2), drawn_accounts(account, draws=5, seed=1))
    np.testing.assert_allclose(made.predicted_over_observed_top, made.predicted_over_observed)


def test_nothing_observed_has_no_ratio() -> None:
    account, label, _ = drawn()
    made = losses(np.zeros_like(label), np.full(len(label), 0.2), drawn_accounts(account, draws=3, seed=1))
    assert np.isnan(made.predicted_over_observed).all()


def test_bins_hold_equal_counts_and_keep_ties_together() -> None:
    assert np.bincount(equal_bins(np.random.default_rng(0).normal(size=500))).tolist() == [50] * 10
    assert len(set(equal_bins(np.full(100, 0.2)).tolist())) == 1


def test_lift_and_precision_by_hand() -> None:
    # 20 rows, 4 positives, all of them among the highest five
    label = np.r_[1, 1, 0, 1, 1, np.zeros(15, dtype=int)]
    score = np.arange(20, 0, -1.0)
    made = ranking(label, score, Draws(np.ones((1, 20)), np.arange(20)), capacity_share=0.25)
    assert made.precision_at_capacity[0] == pytest.approx(4 / 5)
    assert made.lift_by_decile[0].tolist() == pytest.approx([5.0, 2.5, 2.5, 0, 0, 0, 0, 0, 0, 0])
    assert made.gain_by_decile[0].tolist() == pytest.approx([0.5, 0.75, 1, 1, 1, 1, 1, 1, 1, 1])


def test_a_constant_reaches_what_chance_reaches() -> None:
    account, label, score = drawn()
    made = ranking(label, np.zeros_like(score), drawn_accounts(account, draws=5, seed=1), capacity_share=0.1)
    assert made.auc.tolist() == pytest.approx([0.5] * 6)
    assert made.precision_at_capacity[0] == pytest.approx(label.mean())
    assert made.lift_by_decile[0].tolist() == pytest.approx([1.0] * 10)


def test_parts_of_the_draws_are_the_same_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    account, label, score = drawn()
    draws = drawn_accounts(account, draws=30, seed=1)
    whole = ranking(label, score, draws, capacity_share=0.1)
    monkeypatch.setattr("uptier.training.draws.CELLS", 1500)
    parts = ranking(label, score, draws, capacity_share=0.1)
    assert (parts.auc == whole.auc).all()
    assert (parts.lift_by_decile == whole.lift_by_decile).all()
    np.testing.assert_allclose(parts.average_precision, whole.average_precision, rtol=1e-12)


def test_draws_do_not_depend_on_the_order_of_rows() -> None:
    account, label, score = drawn()
    mixed = np.random.default_rng(4).permutation(len(label))
    one = ranking(label, score, drawn_accounts(account, draws=10, seed=2), capacity_share=0.1)
    two = ranking(label[mixed], score[mixed], drawn_accounts(account[mixed], draws=10, seed=2), capacity_share=0.1)
    np.testing.assert_allclose(one.auc, two.auc, atol=1e-12)


def test_interval_by_account_covers_the_true_auc() -> None:
    # accounts with a lasting level in score and label: windows of one account are alike
    rng = np.random.default_rng(5)

    def world(accounts: int) -> tuple[np.ndarray, ...]:
        level = rng.normal(size=accounts)
        score = np.repeat(level, 6) + 0.3 * rng.normal(size=6 * accounts)
        bought = rng.random(accounts) < 1 / (1 + np.exp(1.5 - level))
        return np.repeat(np.arange(accounts), 6), np.repeat(bought, 6).astype(int), score

    _, label, score = world(60_000)
    truth = roc_auc_score(label, score)
    covered = 0
    for seed in range(100):
        account, label, score = world(100)
        draws = drawn_accounts(account.astype(object), draws=200, seed=seed)
        auc = ranking(label, score, draws, capacity_share=0.1).auc
        low, high = np.quantile(auc[1:], [0.025, 0.975])
        covered += low <= truth <= high
    assert covered >= 88


def test_two_hundred_thousand_rows_take_seconds() -> None:
    account, label, score = drawn(200_000, accounts=20_000)
    began = time.process_time()
    draws = drawn_accounts(account, draws=500, seed=1)
    ranking(label, score, draws, capacity_share=0.1)
    losses(label, 1 / (1 + np.exp(2 - score)), draws)
    assert time.process_time() - began < 10
