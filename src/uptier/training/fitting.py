"""Learning one head with LightGBM: small, strongly regularised trees, stopped early on accounts they never saw."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median_low
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import lightgbm
    from numpy.typing import NDArray

    from uptier.settings import TrainingSettings

MOST_ROUNDS = 300
PATIENCE_ROUNDS = 30  # rounds without gain on the held-out accounts after which a fold stops
SMALL_POSITIVES = 300  # below this, trees of depth 3: deeper ones learn single accounts


@dataclass(frozen=True, kw_only=True, eq=False)
class Learnt:
    """What one head learnt.

    Attributes
    ----------
    trees : str
        LightGBM's text of the model fitted on the whole fit slice.
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
    rounds: int
    expected_margin: float
    out_of_fold: NDArray[np.float64]
    fold_test: NDArray[np.float64]
    whole_test: NDArray[np.float64]


def parameters(*, n: int, positives: int, settings: TrainingSettings) -> dict[str, Any]:
    """Choose LightGBM's parameters for the size of the data.

    Parameters
    ----------
    n : int
        Rows of the fit slice.
    positives : int
        Those among them with the outcome.
    settings : TrainingSettings
        Seed and threads.

    Returns
    -------
    dict
        For `lightgbm.train`. No class weights: they ruin probabilities. Trees of at most 15 leaves and depth 5 were no
        worse than larger ones when tried, and cost a thirteenth to explain.
    """
    small = positives < SMALL_POSITIVES
    return {
        "objective": "binary",
        "metric": "binary_logloss",
        "learning_rate": 0.04,
        "num_leaves": 7 if small else 15,
        "max_depth": 3 if small else 5,
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
    step: Callable[[], None] = lambda: None,
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
    step : callable
        Called after each model.

    Returns
    -------
    Learnt
        Same input, same bytes: the trees are the same on any number of threads.
    """
    chosen = parameters(n=len(label), positives=int(label.sum()), settings=settings)
    # one binning for all folds: bins know no labels, and binning each fold anew costs as much as its trees
    data = _dataset(fit, label, categories, chosen).construct()
    out_of_fold = np.empty(len(label))
    fold_test, rounds = [], []
    for fold in range(int(folds.max()) + 1):
        held_out = folds == fold
        booster = _stopped_early(data, chosen, kept=np.flatnonzero(~held_out), held_out=np.flatnonzero(held_out))
        out_of_fold[held_out] = _margins(booster, fit[held_out], settings)
        fold_test.append(_margins(booster, test, settings))
        rounds.append(max(1, booster.best_iteration))
        step()
    whole = _trained(data, chosen, median_low(rounds))
    step()
    return Learnt(
        trees=normalised(whole.model_to_string()),
        rounds=median_low(rounds),
        expected_margin=_expected(whole, fit[:1], settings),
        out_of_fold=out_of_fold,
        fold_test=np.array(fold_test),
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


def _dataset(
    matrix: NDArray[np.float64], label: NDArray[np.int64], categories: list[int], chosen: dict[str, Any]
) -> lightgbm.Dataset:
    import lightgbm

    return lightgbm.Dataset(matrix, label=label, categorical_feature=categories, params=chosen, free_raw_data=False)


def _stopped_early(
    data: lightgbm.Dataset, chosen: dict[str, Any], *, kept: NDArray[np.int64], held_out: NDArray[np.int64]
) -> lightgbm.Booster:
    import lightgbm

    return lightgbm.train(
        dict(chosen),
        data.subset(kept.tolist()),
        num_boost_round=MOST_ROUNDS,
        valid_sets=[data.subset(held_out.tolist())],
        callbacks=[lightgbm.early_stopping(PATIENCE_ROUNDS, verbose=False)],
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
