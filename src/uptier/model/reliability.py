"""What followed when a head gave a chance like this one: the interval that is told beside a chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LEAST_CASES = 10  # seen in a bin; of fewer, accounts drawn anew show too little of what else could have been


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """Tested rows that were given chances next to each other.

    Attributes
    ----------
    lower : float
        The lowest of these chances, share; the bin reaches to the next one's.
    n : int
        Rows.
    predicted : float
        Mean of the chances that they were given, share.
    low, observed, high : float
        Rate that was seen among them, with its 95 % interval by account; shares.
    """

    lower: float
    n: int
    predicted: float
    low: float
    observed: float
    high: float


def interval_at(bins: Sequence[ReliabilityBin], probability: float) -> tuple[float, float] | None:
    """Give the interval of one chance, by what was seen where chances like it were given.

    A bin holds chances of some width. How far its rate may lie from their mean is carried over to the one chance in
    log-odds, so that what is told stays between 0 and 1 and keeps the order of chances.

    Parameters
    ----------
    bins : sequence of ReliabilityBin
        Lowest chances first.
    probability : float
        The chance, share; NaN for an outcome that was never seen.

    Returns
    -------
    tuple of float, or None
        Low and high, shares. They need not hold the chance itself: then the head was off there when it was tested. None
        where no bin was tested, where its bin saw fewer than `LEAST_CASES` with the outcome or without, and for a
        chance of 0 or 1.

    Examples
    --------
    >>> some = ReliabilityBin(lower=0.2, n=200, predicted=0.3, low=0.25, observed=0.3, high=0.36)
    >>> low, high = interval_at([some], 0.4)
    >>> round(low, 2), round(high, 2)
    (0.34, 0.47)
    """
    below = [one for one in bins if one.lower <= probability]
    one = below[-1] if below else bins[0] if bins and not math.isnan(probability) else None
    if one is None or not 0 < probability < 1:
        return None
    cases = one.observed * one.n
    if min(cases, one.n - cases) < LEAST_CASES or not 0 < one.low < one.high < 1 or not 0 < one.predicted < 1:
        return None
    moved = _log_odds(probability) - _log_odds(one.predicted)
    return _share(moved + _log_odds(one.low)), _share(moved + _log_odds(one.high))


def _log_odds(share: float) -> float:
    return math.log(share / (1 - share))


def _share(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))
