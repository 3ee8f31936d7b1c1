"""Learning one head with LightGBM: small, strongly regularised trees, stopped early on accounts they never saw.

How deep the trees are is chosen by the log loss on those accounts too: where signals only add up, single splits rank
about as well as logistic regression does, and deeper trees worse (seen in simulation: 0.01 of AUC).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from statistics import median_low
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import lightgbm
    from numpy.typing import NDArray

    from uptier.settings import TrainingSettings

MOST_ROUNDS = 300
TRIAL_FOLDS = 2  # on which shapes are compared; the best one goes on to the others
PATIENCE_ROUNDS = 30  # rounds without gain on the held-out accounts after which a fold stops
SMALL_POSITIVES = 300  # below this, trees of depth 3 at most: deeper ones learn single accounts


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How large trees are and how fast they learn.

    Attributes
    ----------
    depth : int
        Splits from the root to a leaf; so many signals act together at most.
    leaves : int
        Leaves of a tree.
    rate : float
        Learning rate; small trees learn faster, so that they too are done within the rounds.
    """

    depth: int
    leaves: int
    rate: float


STUMPS = Shape(depth=1, leaves=2, rate=0.1)
PAIRS = Shape(depth=2, leaves=4, rate=0.06)
SMALL = Shape(depth=3, leaves=7, rate=0.04)
LARGE = Shape(depth=5, leaves=15, rate=0.04)


@dataclass(frozen=True, kw_only=True, eq=False)
class Learnt:
    """What one head learnt.

    Attributes
    ----------
    trees : str
        LightGBM's text of the model fitted on the whole fit slice.
    shape : Shape
        How large its trees are.
    rounds : int
        Its trees: the median of what the folds stopped at.
    expected_margin : float
        Its margin before any signal is looked at, log-odds.
    out_of_fold : ndarray, shape (n_fit,)
        Margin of each fit row by the fold model that never saw its account.
    fold_test : ndarray, shape (n_folds, n_test)
        Margins of the test rows by each fold model.
    whole_test : ndarray, shape (n_test,)
        Margins of the test rows by the model that is shipped.
    """

    trees: str
    shape: Shape
    rounds: int
    expected_margin: float
    out_of_fold: NDArray[np.float64]
    fold_test: NDArray[np.float64]
    whole_test: NDArray[np.float64]


def shapes(positives: int) -> tuple[Shape, ...]:
    """Give the shapes worth trying.

    Parameters
    ----------
    positives : int
        Rows of the fit slice with the outcome.

    Returns
    -------
    tuple of Shape
        Smallest first: small data gets small trees. None is deeper than 5, which was no worse than deeper ones when
        tried and costs a thirteenth to explain.
    """
    return (STUMPS, PAIRS, SMALL if positives < SMALL_POSITIVES else LARGE)


def parameters(shape: Shape, *, n: int, settings: TrainingSettings) -> dict[str, Any]:
    """Give LightGBM's parameters for a shape of trees and the size of the data.

    Parameters
    ----------
    shape : Shape
        How large the trees are.
    n : int
        Rows of the fit slice.
    settings : TrainingSettings
        Seed and threads.

    Returns
    -------
    dict
        For `lightgbm.train`. No class weights: they ruin probabilities.
    """
    return {
        "objective": "binary",
        "metric": "binary_logloss",
        "learning_rate": shape.rate,
        "num_leaves": shape.leaves,
        "max_depth": shape.depth,
        "min_data_in_leaf": int(np.clip(n // 100, 10, 200)),
        "min_sum_hessian_in_leaf": 1.0,
        "lambda_l2": 10.0,
        "feature_fraction": 0.6,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "cat_smooth": 20.0,
        "max_bin": 127,
        "feature_pre_filter": False,
        "seed": settings.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": settings.threads,
        "verbosity": -1,
    }


def learnt(
    fit: NDArray[np.float64],
    label: NDArray[np.int64],
    folds: NDArray[np.int64],
    test: NDArray[np.float64],
    *,
    categories: list[int],
    settings: TrainingSettings,
) -> Learnt:
    """Learn a head out of fold and as a whole.

    Parameters
    ----------
    fit : ndarray, shape (n_fit, n_signals)
        Signals of the fit slice; NaN is allowed everywhere.
    label : ndarray of int, shape (n_fit,)
        0 or 1.
    folds : ndarray of int, shape (n_fit,)
        Account fold of each row.
    test : ndarray, shape (n_test, n_signals)
        Signals of the test slice.
    categories : list of int
        Which columns hold codes of categories.
    settings : TrainingSettings
        Seed and threads.

    Returns
    -------
    Learnt
        Same input, same bytes: the trees are the same on any number of threads.
    """
    tried = shapes(int(label.sum()))
    # one binning for all folds and shapes: bins know no labels, and binning anew costs as much as the trees
    data = _dataset(fit, label, categories, parameters(tried[0], n=len(label), settings=settings)).construct()

    def held_out(shape: Shape, number: int) -> _Fold:
        chosen = parameters(shape, n=len(label), settings=settings)
        return _stopped_early(data, chosen, fit, label, folds == number, test, settings=settings)

    numbers = range(int(folds.max()) + 1)
    trials = {shape: [held_out(shape, number) for number in numbers[:TRIAL_FOLDS]] for shape in tried}
    best = min(tried, key=lambda shape: sum(fold.loss for fold in trials[shape]))
    made = trials[best] + [held_out(best, number) for number in numbers[TRIAL_FOLDS:]]

    out_of_fold = np.empty(len(label))
    for number, fold in enumerate(made):
        out_of_fold[folds == number] = fold.margins
    rounds = median_low(fold.rounds for fold in made)
    whole = _trained(data, parameters(best, n=len(label), settings=settings), rounds)
    return Learnt(
        trees=normalised(whole.model_to_string()),
        shape=best,
        rounds=rounds,
        expected_margin=_expected(whole, fit[:1], settings),
        out_of_fold=out_of_fold,
        fold_test=np.array([fold.test_margins for fold in made]),
        whole_test=_margins(whole, test, settings),
    )


def normalised(trees: str) -> str:
    """Take out of a model's text what depends on the machine.

    Parameters
    ----------
    trees : str
        LightGBM's text.

    Returns
    -------
    str
        The same model with the number of threads set to 0.
    """
    return re.sub(r"\[num_threads: \d+\]", "[num_threads: 0]", trees)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fold:
    """What one fold's model says of the accounts that it never saw, and of the test rows."""

    margins: NDArray[np.float64]
    test_margins: NDArray[np.float64]
    rounds: int
    loss: float


def _dataset(
    matrix: NDArray[np.float64], label: NDArray[np.int64], categories: list[int], chosen: dict[str, Any]
) -> lightgbm.Dataset:
    import lightgbm

    return lightgbm.Dataset(matrix, label=label, categorical_feature=categories, params=chosen, free_raw_data=False)


def _stopped_early(
    data: lightgbm.Dataset,
    chosen: dict[str, Any],
    fit: NDArray[np.float64],
    label: NDArray[np.int64],
    held_out: NDArray[np.bool_],
    test: NDArray[np.float64],
    *,
    settings: TrainingSettings,
) -> _Fold:
    import lightgbm

    booster = lightgbm.train(
        dict(chosen),
        data.subset(np.flatnonzero(~held_out).tolist()),
        num_boost_round=MOST_ROUNDS,
        valid_sets=[data.subset(np.flatnonzero(held_out).tolist())],
        callbacks=[lightgbm.early_stopping(PATIENCE_ROUNDS, verbose=False)],
    )
    margins = _margins(booster, fit[held_out], settings)
    return _Fold(
        margins=margins,
        test_margins=_margins(booster, test, settings),
        rounds=max(1, booster.best_iteration),
        loss=float(np.sum(np.logaddexp(0.0, margins) - label[held_out] * margins)),
    )


def _trained(data: lightgbm.Dataset, chosen: dict[str, Any], rounds: int) -> lightgbm.Booster:
    import lightgbm

    return lightgbm.train(dict(chosen), data, num_boost_round=rounds)


def _margins(booster: lightgbm.Booster, matrix: NDArray[np.float64], settings: TrainingSettings) -> NDArray[np.float64]:
    if not len(matrix):
        return np.empty(0)
    return np.asarray(booster.predict(matrix, raw_score=True, num_threads=settings.threads))


def _expected(booster: lightgbm.Booster, row: NDArray[np.float64], settings: TrainingSettings) -> float:
    contributions = np.asarray(booster.predict(row, pred_contrib=True, num_threads=settings.threads))
    return float(contributions[0, -1])
