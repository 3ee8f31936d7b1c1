"""How far the chances of one list lie from those of another: the population stability index."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

WIDTH = 0.05  # of a bin of a histogram, log-odds: a twentieth of the odds
OUTERMOST = 200  # bins on either side of even odds, so up to log-odds of 10; beyond lie 0 and 1 too
BINS = 10
CHANCE = 0.999  # quantile of what sampling alone gives


def histogram(chances: ArrayLike) -> dict[str, int]:
    """Count chances by bins that are the same for every list.

    Parameters
    ----------
    chances : array_like, shape (n_accounts,)
        Shares; NaN is left out.

    Returns
    -------
    dict of str to int
        Accounts by number of the bin, in order: bin k holds log-odds from 0.05 k up to 0.05 (k + 1). The first and last
        hold all beyond, 0 and 1 among them. Empty bins are left out.
    """
    given = np.asarray(chances, dtype=np.float64)
    given = given[~np.isnan(given)]
    with np.errstate(divide="ignore"):
        margins = np.log(given) - np.log1p(-given)
    places = np.clip(np.floor(margins / WIDTH), -OUTERMOST - 1, OUTERMOST)
    found, counts = np.unique(places.astype(np.int64), return_counts=True)
    return {str(place): int(count) for place, count in zip(found, counts, strict=True)}


def stability(now: Mapping[str, int], before: Mapping[str, int]) -> float:
    """Give the population stability index of a list's chances against those of an earlier list.

    PSI = sum over bins of (a - e) ln(a / e), where a is the share of accounts in the bin now and e was their share
    then: the divergence of Jeffreys. The bins are the deciles of the earlier list, as near as its histogram tells them;
    equal chances are never parted, so that there may be fewer than ten. Each bin counts half an account more than it
    has, since an empty one would make the index infinite. Source: Siddiqi (2006), "Credit Risk Scorecards", Wiley,
    where less than 0.1 is no change and more than 0.25 a large one, by custom.

    Parameters
    ----------
    now : mapping of str to int
        As from :func:`histogram`.
    before : mapping of str to int
        That of the earlier list.

    Returns
    -------
    float
        0 or more; NaN where either has no chance at all.
    """
    if not now or not before:
        return float("nan")
    bounds = _bounds(before)
    then, today = _shares(before, bounds), _shares(now, bounds)
    return float(((today - then) * np.log(today / then)).sum())


def chance_stability(now: Mapping[str, int], before: Mapping[str, int]) -> float:
    """Give the index that sampling alone exceeds once in a thousand times.

    Where nothing changed, PSI / (1 / n + 1 / m) is about chi-squared with as many degrees of freedom as there are bins
    but one: Yurdakul and Naranjo (2020), "Statistical properties of the population stability index", Journal of Risk
    Model Validation 14(4). It holds for two lists of different accounts; of the same ones, even less is by chance.

    Parameters
    ----------
    now : mapping of str to int
        As from :func:`histogram`.
    before : mapping of str to int
        That of the earlier list.

    Returns
    -------
    float
        0 where there is but one bin; NaN where either has no chance at all.
    """
    if not now or not before:
        return float("nan")
    from scipy.stats import chi2

    freedom = len(_bounds(before))
    sizes = 1 / sum(now.values()) + 1 / sum(before.values())
    return float(chi2.ppf(CHANCE, freedom)) * sizes if freedom else 0.0


def _bounds(before: Mapping[str, int]) -> NDArray[np.int64]:
    """Where a bin of the index begins, as bins of the histogram; the first begins before all."""
    places, counts = _sorted(before)
    passed = np.cumsum(counts) - counts  # accounts below each bin of the histogram
    tenth = passed * BINS // counts.sum()
    bounds: NDArray[np.int64] = places[1:][np.diff(tenth) > 0]
    return bounds


def _shares(histogram: Mapping[str, int], bounds: NDArray[np.int64]) -> NDArray[np.float64]:
    places, counts = _sorted(histogram)
    held = np.bincount(np.searchsorted(bounds, places, side="right"), weights=counts, minlength=len(bounds) + 1) + 0.5
    shares: NDArray[np.float64] = held / held.sum()
    return shares


def _sorted(histogram: Mapping[str, int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    places = np.array([int(place) for place in histogram], dtype=np.int64)
    counts = np.array(list(histogram.values()), dtype=np.int64)
    order = np.argsort(places)
    return places[order], counts[order]
