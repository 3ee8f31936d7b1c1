"""First families from one training to the next."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from uptier.training.first_reasons import first_families, first_kept

FAMILIES = np.array(["seats", "seats", "gates", "commercial"], dtype=object)
SAYABLE = ("seats", "gates")
MATRIX = np.random.default_rng(2).normal(size=(600, 4))
ACCOUNTS = np.array([f"a{number:03d}" for number in range(len(MATRIX))], dtype=object)


def learnt(weights: list[float], *, seed: int = 1) -> str:
    log_odds = MATRIX @ np.array(weights)
    label = np.random.default_rng(seed).random(len(MATRIX)) < 1 / (1 + np.exp(-log_odds))
    parameters = {"objective": "binary", "num_leaves": 4, "num_threads": 1, "deterministic": True, "verbosity": -1}
    return lightgbm.train(parameters, lightgbm.Dataset(MATRIX, label.astype(float)), 30).model_to_string()


SEATS, GATES = learnt([1.0, 1.0, 0.0, 0.0]), learnt([0.0, 0.0, 2.0, 0.0])


def kept(*trees: str, matrix: np.ndarray = MATRIX, sayable: tuple[str, ...] = SAYABLE):
    return first_kept(trees, matrix, ACCOUNTS[: len(matrix)], FAMILIES, sayable=sayable, draws=100, seed=3)


def test_the_first_family_is_the_largest_sum_that_adds() -> None:
    first = first_families(SEATS, MATRIX, FAMILIES, SAYABLE)
    high, low = (MATRIX[:, :2] > 0.7).all(axis=1), (MATRIX[:, :2] < -0.7).all(axis=1)
    assert (first[high] == 0).all()
    assert (first[low] != 0).all()
    # what cannot be said is no reason, however much it adds
    assert set(first_families(learnt([0.0, 0.0, 0.0, 3.0]), MATRIX, FAMILIES, SAYABLE)) <= {-1, 0, 1}


def test_where_no_family_adds_anything_there_is_none() -> None:
    trees = learnt([3.0, 0.0, 0.0, 0.0])
    worst = MATRIX[np.argsort(MATRIX[:, 0])[:20]]
    assert (first_families(trees, worst, FAMILIES, ("seats",)) == -1).all()


def test_the_same_model_keeps_every_first_family() -> None:
    made = kept(SEATS, SEATS, SEATS)
    assert made is not None
    assert made.share == (1.0, 1.0, 1.0)
    assert (made.trainings, made.accounts) == (3, len(MATRIX))
    assert 0.3 < made.by_chance < 1


def test_another_model_changes_many_and_pairs_are_averaged() -> None:
    once = kept(SEATS, GATES)
    assert once is not None
    low, share, high = once.share
    assert low < share < high < 0.9
    for trees in ((SEATS, SEATS, GATES), (SEATS, GATES, GATES)):
        twice = kept(*trees)
        assert twice is not None
        assert twice.share[1] == pytest.approx((1 + share) / 2)


def test_chance_is_what_dealing_first_families_anew_would_keep() -> None:
    made = kept(SEATS, GATES)
    assert made is not None
    often = [
        np.bincount(first_families(one, MATRIX, FAMILIES, SAYABLE) + 1, minlength=3) / len(MATRIX)
        for one in (SEATS, GATES)
    ]
    assert made.by_chance == pytest.approx(float(often[0] @ often[1]))


@pytest.mark.parametrize(
    "given",
    [kept(SEATS), kept(SEATS, GATES, matrix=MATRIX[:0]), kept(SEATS, GATES, sayable=("seats",))],
    ids=["one model", "no account", "one family"],
)
def test_with_nothing_to_compare_nothing_is_said(given: object) -> None:
    assert given is None
