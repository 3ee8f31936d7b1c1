"""Figures with their 95 % intervals, out of draws."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Interval = tuple[float, float, float]  # low, figure, high; 95 %

LEVELS = (0.025, 0.975)


def interval(draws: NDArray[np.float64]) -> Interval:
    """Give a figure with its 95 % percentile interval.

    Parameters
    ----------
    draws : ndarray, shape (1 + n_draws,)
        The figure, then its value in each draw; NaN where a draw has none.

    Returns
    -------
    tuple of float
        Low, figure, high; NaN if no draw has a value.
    """
    held = draws[1:][np.isfinite(draws[1:])]
    figure = float(draws[0])
    if not len(held):
        return math.nan, figure, math.nan
    low, high = np.quantile(held, LEVELS)
    return min(float(low), figure), figure, max(float(high), figure)


def unbiased(draws: NDArray[np.float64]) -> Interval:
    """Give an error that cannot be negative with its interval.

    Parameters
    ----------
    draws : ndarray, shape (1 + n_draws,)
        The figure, then its value in each draw; NaN where a draw has none.

    Returns
    -------
    tuple of float
        Low, figure, high: the draws are shifted so that their median is the figure, since noise alone raises such an
        error, and so the draws' more than the sample's.
    """
    held = draws[1:][np.isfinite(draws[1:])]
    shift = float(np.median(held)) - float(draws[0]) if len(held) else 0.0
    return interval(np.r_[draws[:1], np.maximum(draws[1:] - shift, 0.0)])
