from __future__ import annotations

import time

import numpy as np
import pytest

from uptier.training.capacity import AtCapacity, at_capacity
from uptier.training.draws import Draws, drawn_accounts
from uptier.training.resampling import ranking


def drawn(n: int = 900, *, accounts: int = 100, ties: bool = False) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(2)
    score = rng.normal(size=n)
    label = (rng.random(n) < 1 / (1 + np.exp(1.5 - score))).astype(int)
    account = rng.integers(0, accounts, size=n).astype(str).astype(object)
    return account, label, np.round(score) if ties else score, rng.integers(0, 3, size=n)


def by_loop(label: np.ndarray, score: np.ndarray, weight: np.ndarray, date: np.ndarray, share: float) -> list[float]:
    """Walk down each date's list, and stop where it is full; equal scores share the places left."""
    caught = places = 0.0
    for one in np.unique(date):
        rows = date == one
        left = share * weight[rows].sum()
        places += left
        for height in sorted(set(score[rows]), reverse=True):
            same = rows & (score == height)
            held = weight[same].sum()
            taken = min(left, held)
            caught += (taken / held if held else 0.0) * (weight[same] @ label[same])
            left -= taken
    return [caught / places, caught / (weight @ label)]


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("share", [0.07, 0.5, 1.0])
def test_lists_are_those_of_a_loop_in_every_draw(ties: bool, share: float) -> None:
    account, label, score, date = drawn(ties=ties)
    draws = drawn_accounts(account, draws=12, seed=1)
    made = at_capacity(label, score, draws, as_of=date, capacity_share=share)
    assert made.dates == 3
    for number, weights in enumerate(draws.weights):
        expected = by_loop(label, score, weights[draws.account].astype(float), date, share)
        assert [made.precision[number], made.recall[number]] == pytest.approx(expected)


def test_a_draw_without_the_highest_accounts_goes_further_down_the_list() -> None:
    # twenty accounts of a hundred rows each, in the order of their scores: four of them fill the list
    account = np.repeat(np.arange(20), 100)
    score = -np.arange(2_000.0)
    label = (np.random.default_rng(0).random(2_000) < 0.02 * account).astype(int)
    draws = drawn_accounts(account.astype(object), draws=100, seed=1)
    made = at_capacity(label, score, draws, as_of=np.zeros(2_000), capacity_share=0.2)
    expected = [
        by_loop(label, score, weights[draws.account].astype(float), np.zeros(2_000), 0.2)[0]
        for weights in draws.weights
    ]
    assert made.precision.tolist() == pytest.approx(expected)


def test_one_date_is_one_list_of_all_rows() -> None:
    account, label, score, date = drawn()
    draws = drawn_accounts(account, draws=20, seed=1)
    made = at_capacity(label, score, draws, as_of=np.zeros_like(date), capacity_share=0.1)
    np.testing.assert_allclose(made.precision, ranking(label, score, draws, capacity_share=0.1).precision_at_capacity)


def test_a_month_of_high_scores_takes_no_place_from_another() -> None:
    # two dates of ten accounts; all scores of the second are higher, and none of its accounts converted
    label = np.r_[1, np.zeros(19, dtype=int)]
    score = np.r_[np.arange(10, 0, -1), np.arange(110, 100, -1)].astype(float)
    draws = Draws(np.ones((2, 20), dtype=np.uint8), np.arange(20))
    together = ranking(label, score, draws, capacity_share=0.1)
    by_date = at_capacity(label, score, draws, as_of=np.repeat([0, 1], 10), capacity_share=0.1)
    assert together.precision_at_capacity[0] == 0.0
    assert (by_date.precision[0], by_date.recall[0]) == (0.5, 1.0)


def valued(expected: list[float], realised: list[float]) -> AtCapacity:
    # two dates of four accounts, of which two each are called
    label = np.array([1, 0, 0, 0, 1, 1, 0, 0])
    return at_capacity(
        label,
        np.array([4.0, 3, 2, 1, 4, 3, 2, 1]),
        Draws(np.ones((3, 8), dtype=np.uint8), np.arange(8)),
        as_of=np.repeat(np.array(["2026-01-01", "2026-02-01"], dtype="datetime64[D]"), 4),
        capacity_share=0.5,
        expected_value=np.array(expected),
        realised_value=np.array(realised),
    )


def test_expected_and_realised_value_of_a_list_by_hand() -> None:
    made = valued([10, 20, 99, 99, 30, 40, 99, 99], [60, 0, 0, 0, 0, 20, 99, 99])
    assert made.expected[0] == pytest.approx(100 / 2)
    assert made.realised[0] == pytest.approx(80 / 2)
    assert made.expected_over_realised[0] == pytest.approx(100 / 80)
    assert made.known == 1.0


def test_rows_with_an_unknown_value_count_on_neither_side() -> None:
    nan = np.nan
    made = valued([10, nan, nan, 99, 30, 40, 99, 99], [60, 0, 0, 0, nan, 20, 99, 99])
    assert (made.expected[0], made.realised[0]) == (pytest.approx(50 / 2), pytest.approx(80 / 2))
    assert made.known == pytest.approx(0.5)
    unknown = valued([nan] * 8, [0.0] * 8)
    assert np.isnan(unknown.expected).all()
    assert unknown.known == 0.0


def test_many_draws_take_seconds() -> None:
    account, label, score, _ = drawn(50_000, accounts=5_000)
    date = np.arange(50_000) % 24
    draws = drawn_accounts(account, draws=500, seed=1)
    began = time.process_time()
    at_capacity(label, score, draws, as_of=date, capacity_share=0.1, expected_value=score, realised_value=score)
    assert time.process_time() - began < 3
