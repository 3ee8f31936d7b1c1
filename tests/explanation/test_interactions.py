"""Pairs of signals: the same values as shap's where shap has any, and sums that hold where it has none."""

from __future__ import annotations

import warnings

import lightgbm
import numpy as np
import pytest

from uptier.explanation.interactions import interactions, not_additive, pairs
from uptier.model.trees import tree_contributions, tree_margins

NAMES = ("a", "b", "c", "codes", "noise")
SOME = 60


def rows(*, missing: float = 0.1, n: int = 1500) -> np.ndarray:
    rng = np.random.default_rng(4)
    drawn = rng.normal(size=(n, len(NAMES)))
    drawn[:, 3] = rng.integers(0, 45, n)  # more than fit into one word of a set
    drawn[rng.random(drawn.shape) < missing] = np.nan
    return drawn


def grown(matrix: np.ndarray, *, depth: int, categories: tuple[int, ...] = (), **more: object) -> lightgbm.Booster:
    rng, known = np.random.default_rng(5), np.nan_to_num(matrix)
    log_odds = 2 * known[:, 0] * known[:, 1] + known[:, 2] + 1.5 * (known[:, 3] % 3 == 1)
    label = (rng.random(len(matrix)) < 1 / (1 + np.exp(-log_odds))).astype(float)
    parameters = {
        "objective": "binary", "max_depth": depth, "num_leaves": 2**depth, "min_data_in_leaf": 20, "num_threads": 1,
        "deterministic": True, "force_row_wise": True, "verbosity": -1, **more,
    }  # fmt: skip
    return lightgbm.train(parameters, lightgbm.Dataset(matrix, label, categorical_feature=list(categories)), 50)


@pytest.mark.parametrize("depth", [2, 4, 7])
def test_values_are_those_of_shap(depth: int) -> None:
    matrix = rows()
    booster = grown(matrix, depth=depth)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap

        expected = shap.TreeExplainer(booster).shap_interaction_values(matrix[:SOME])
    np.testing.assert_allclose(interactions(booster.model_to_string(), matrix[:SOME]), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("more", [{}, {"zero_as_missing": True}, {"use_missing": False}], ids=str)
def test_with_categories_and_any_kind_of_missing_values_sums_are_contributions(more: dict[str, object]) -> None:
    matrix = rows()
    matrix[::5, 0] = 0.0
    trees = grown(matrix, depth=4, categories=(3,), **more).model_to_string()
    assert "num_cat=0" not in trees.partition("Tree=1\n")[0]
    asked = matrix[:SOME].copy()
    asked[:3, 3] = 99.0, -1.0, np.nan  # codes that no training row had
    values = interactions(trees, asked)
    contributions, expected = tree_contributions(trees, asked, outcome="drawn")
    np.testing.assert_allclose(values.sum(axis=2), contributions, rtol=0, atol=1e-9)
    np.testing.assert_allclose(values.sum(axis=(1, 2)) + expected, tree_margins(trees, asked), rtol=0, atol=1e-9)
    np.testing.assert_allclose(values, values.swapaxes(1, 2), rtol=0, atol=1e-12)


def test_the_pair_that_acts_together_comes_first() -> None:
    matrix = rows(missing=0.0)
    values = interactions(grown(matrix, depth=3).model_to_string(), matrix[:SOME])
    told = pairs(values, NAMES)
    assert (told["first"][0], told["second"][0]) == ("a", "b")
    assert told["mean_absolute"].is_monotonic_decreasing
    assert told["share"][0] == pytest.approx(2 * np.abs(values[:, 0, 1]).mean() / np.abs(values).mean(axis=0).sum())
    assert 0.2 < not_additive(values) < 1


def test_single_splits_only_add_up() -> None:
    matrix = rows()
    values = interactions(grown(matrix, depth=1).model_to_string(), matrix[:SOME])
    assert pairs(values, NAMES).empty
    assert not_additive(values) == 0.0


def test_trees_that_never_split_say_nothing() -> None:
    matrix = rows(n=40)
    values = interactions(grown(matrix, depth=2, min_data_in_leaf=30).model_to_string(), matrix)
    assert not values.any()
    assert np.isnan(not_additive(values))
    assert pairs(values[:0], NAMES).empty
