"""Predicted against observed rates: the calibration curve, and the same by segment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from uptier.training.intervals import Interval, interval
from uptier.training.pooling import rate_interval
from uptier.training.promotion import holm_levels
from uptier.training.resampling import BINS, equal_bins

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uptier.training.draws import Draws

ALPHA = 0.05  # two-sided chance of flagging any segment of a head that is right everywhere
LEAST_ACCOUNTS = 30  # below either, a segment stands in for nobody and is put together with others of its kind
LEAST_CASES = 10  # positives, predicted or observed, whichever are more: the normal approximation needs some
NORMAL, NAN = NormalDist(), math.nan
OTHER, UNKNOWN = "other", "not known"


@dataclass(frozen=True, kw_only=True)
class CalibrationBin:
    """One tenth of the test slice by predicted probability.

    Attributes
    ----------
    n : int
        Rows.
    predicted : float
        Mean predicted probability.
    observed : tuple of float
        Low, observed rate, high.
    """

    n: int
    predicted: float
    observed: Interval


@dataclass(frozen=True, kw_only=True)
class Segment:
    """Calibration in one segment.

    Attributes
    ----------
    by : str
        The category signal that forms it, as ``plan``.
    value : str
        Which segment, by the category's own name; ``other`` holds those too small to judge, ``not known`` the rows
        without a category.
    n, positives, accounts : int
        Rows, those with the outcome, and distinct accounts.
    predicted : float
        Mean predicted probability.
    observed : tuple of float
        Low, observed rate, high: Wilson's interval, which knows that rows of one account are alike.
    ratio : tuple of float
        Low, observed over predicted, high; 95 %, normal approximation.
    p : float
        Chance of a gap as wide or wider if the segment were calibrated, two-sided.
    flagged : bool
        Whether the ratio differs from 1 beyond chance, after Holm's correction over all segments large enough to judge.
    """

    by: str
    value: str
    n: int
    positives: int
    accounts: int
    predicted: float
    observed: Interval
    ratio: Interval
    p: float
    flagged: bool


def calibration_curve(
    label: NDArray[np.int64], probability: NDArray[np.float64], draws: Draws
) -> tuple[CalibrationBin, ...]:
    """Compare predicted and observed rates in ten bins of equal count.

    Parameters
    ----------
    label : ndarray of int, shape (n,)
        0 or 1.
    probability : ndarray, shape (n,)
        0 to 1.
    draws : Draws
        Accounts drawn.

    Returns
    -------
    tuple of CalibrationBin
        Lowest probabilities first; fewer than ten where many are equal.
    """
    bins = equal_bins(probability)
    seen, held = draws.totals_by(bins, label, np.ones(len(label)), groups=BINS)
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = seen / held
    return tuple(
        CalibrationBin(
            n=int((bins == part).sum()),
            predicted=float(probability[bins == part].mean()),
            observed=interval(observed[:, part]),
        )
        for part in range(BINS)
        if (bins == part).any()
    )


def calibration_by_segment(
    categories: Mapping[str, NDArray[Any]],
    label: NDArray[np.int64],
    probability: NDArray[np.float64],
    draws: Draws,
) -> tuple[Segment, ...]:
    """Compare predicted and observed rates in each segment.

    Parameters
    ----------
    categories : mapping of str to ndarray, each of shape (n,)
        Category signals by name: text, None or NaN where not known. Nothing else: the values are printed.
    label : ndarray of int, shape (n,)
        0 or 1.
    probability : ndarray, shape (n,)
        0 to 1.
    draws : Draws
        Accounts drawn.

    Returns
    -------
    tuple of Segment
        In the order of the signals, largest segments first, then the small ones together. The gap is judged by its
        standard deviation over the draws, or by the one that the probabilities themselves imply where that is larger:
        three positives of ten predicted tell little, and draws of three positives do not show it.
    """
    found: list[Segment] = []
    for by, values in categories.items():
        found += _segments(by, values, label, probability, draws)
    judged = {str(number): one.p for number, one in enumerate(found) if _large_enough(one)}
    levels = holm_levels(judged, alpha=ALPHA)
    return tuple(replace(one, flagged=one.p < levels.get(str(number), 0.0)) for number, one in enumerate(found))


def _segments(
    by: str, values: NDArray[Any], label: NDArray[np.int64], probability: NDArray[np.float64], draws: Draws
) -> list[Segment]:
    codes, names = pd.factorize(pd.Series(values, dtype=object), sort=False)
    small = len(names) + 1  # the rows without a category come last but one
    codes = np.where(codes < 0, len(names), codes)
    told = [*(str(name) for name in names), UNKNOWN, OTHER]
    cases = np.maximum(*(np.bincount(codes, weights=part, minlength=small) for part in (label, probability)))
    pairs = pd.DataFrame({"segment": codes, "account": draws.account}).drop_duplicates()
    accounts = np.bincount(pairs["segment"], minlength=small)
    group = np.where((accounts >= LEAST_ACCOUNTS) & (cases >= LEAST_CASES), np.arange(small), small)[codes]
    # the larger of what the draws show and what the probabilities imply
    drawn = draws.totals_by(group, label - probability, groups=small + 1)[0][1:].std(axis=0, ddof=1)
    implied = np.sqrt(np.bincount(group, weights=probability * (1 - probability), minlength=small + 1))
    found = []
    for number in np.unique(group):
        rows = np.flatnonzero(group == number)
        error = float(max(drawn[number], implied[number]))
        found.append((number, _segment(by, told[number], label[rows], probability[rows], draws.account[rows], error)))
    found.sort(key=lambda item: (item[0] == small, -item[1].n, item[1].value))
    return [segment for _, segment in found]


def _segment(
    by: str,
    value: str,
    label: NDArray[np.int64],
    probability: NDArray[np.float64],
    account: NDArray[np.int64],
    error: float,
) -> Segment:
    rate, expected = float(label.mean()), float(probability.sum())
    low, high = rate_interval(label, account.astype(object))
    ratio, half = (float(label.sum()) / expected, NORMAL.inv_cdf(0.975) * error / expected) if expected else (NAN, NAN)
    return Segment(
        by=by,
        value=value,
        n=len(label),
        positives=int(label.sum()),
        accounts=len(np.unique(account)),
        predicted=float(probability.mean()),
        observed=(min(low, rate), rate, max(high, rate)),
        ratio=(max(ratio - half, 0.0), ratio, ratio + half),
        p=2 * NORMAL.cdf(-abs(float(label.sum()) - expected) / error) if error > 0 else 1.0,
        flagged=False,
    )


def _large_enough(segment: Segment) -> bool:
    cases = max(segment.positives, segment.n * segment.predicted)
    return segment.accounts >= LEAST_ACCOUNTS and cases >= LEAST_CASES
