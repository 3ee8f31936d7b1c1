"""What a head must beat: the points model, seat utilisation, the best signal alone, logistic regression, a constant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uptier.model.points import points
from uptier.training.best_single import SingleSignal, best_single

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from uptier.thresholds import Thresholds

__all__ = ["SingleSignal", "best_single", "logistic_probability", "points_score", "utilisation_score"]

UTILISATIONS = ("seat_utilisation", "peak_daily_utilisation")  # the second where users are known only by day
LOGISTIC_STEPS = 100  # Newton's: rows are many, columns few


def points_score(test: pd.DataFrame, thresholds: Thresholds) -> NDArray[np.float64]:
    """Score rows by the points model.

    Parameters
    ----------
    test : DataFrame, shape (n, n_columns)
        Signals by name.
    thresholds : Thresholds
        Where its rules hold.

    Returns
    -------
    ndarray, shape (n,)
        Points.
    """
    return points(test, thresholds).to_numpy(dtype=np.float64)


def utilisation_score(fit: pd.DataFrame, test: pd.DataFrame) -> tuple[NDArray[np.float64], str]:
    """Score rows by the share of the seats in use, and nothing else.

    Parameters
    ----------
    fit, test : DataFrame
        Signals by name.

    Returns
    -------
    score : ndarray, shape (n_test,)
        Share; the median of the fit slice where it is unknown, which ranks such an account in the middle.
    signal : str
        Which signal it is; empty if none is available, and then all scores are equal.
    """
    for name in UTILISATIONS:
        if name in test and test[name].notna().any() and fit[name].notna().any():
            return test[name].fillna(fit[name].median()).to_numpy(dtype=np.float64), name
    return np.zeros(len(test)), ""


def logistic_probability(
    fit: NDArray[np.float64],
    label: NDArray[np.int64],
    test: NDArray[np.float64],
    *,
    categories: list[int],
) -> NDArray[np.float64]:
    """Predict by logistic regression over the same signals.

    Parameters
    ----------
    fit : ndarray, shape (n_fit, n_signals)
        Signals of the fit slice, categories as codes.
    label : ndarray of int, shape (n_fit,)
        0 or 1.
    test : ndarray, shape (n_test, n_signals)
        Signals of the test slice.
    categories : list of int
        Which columns hold codes.

    Returns
    -------
    ndarray, shape (n_test,)
        Probabilities, 0 to 1. Missing numbers become the median and a flag of their own, categories one column a value.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    from threadpoolctl import threadpool_limits

    numbers = [place for place in range(fit.shape[1]) if place not in set(categories)]
    imputed = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(imputed, StandardScaler()), numbers),
            ("categories", OneHotEncoder(handle_unknown="ignore"), categories),
        ],
        sparse_threshold=0,
    )
    model = make_pipeline(columns, LogisticRegression(solver="newton-cholesky", max_iter=LOGISTIC_STEPS))
    # BLAS's threads spin while they wait for each other: that costs more than they gain
    with threadpool_limits(1, user_api="blas"):
        model.fit(fit, label)
        return np.asarray(model.predict_proba(test)[:, 1])
