"""Drift of the base rate: whether the outcome became more or less frequent as time went on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from uptier.training.alarm_times import blocks_of_time

if TYPE_CHECKING:
    from numpy.typing import NDArray

PERIODS = 10  # of about equally many rows
BY_CHANCE = 0.01  # chance below which a trend is told as one
LEAST_FACTOR = 1.25  # between first and last period, either way: less is of no consequence to calibration


@dataclass(frozen=True, kw_only=True)
class RateDrift:
    """How the base rate went over time.

    Attributes
    ----------
    rates : tuple of float
        Share of positives in each period, earliest first; periods hold about equally many rows.
    begins : tuple of str
        Date, or number, on which each period begins.
    slope : float
        Change of the rate over the whole time along a straight line, share.
    error : float
        Standard error of the slope, clustered by account.
    chance : float
        Two-sided chance of such a slope without a trend; NaN where all rows are of one time.
    drifts : bool
        Whether the trend is more than chance, and the last period's rate another than the first's by `LEAST_FACTOR`.
    """

    rates: tuple[float, ...]
    begins: tuple[str, ...]
    slope: float
    error: float
    chance: float
    drifts: bool

    def told(self) -> str:
        """Say how the rate went.

        Returns
        -------
        str
            A sentence, with every period's rate where it drifts.
        """
        if len(self.rates) < 2:
            return "All rows are of one time: whether the base rate drifts is not known."
        first, last = self.rates[0], self.rates[-1]
        if not self.drifts:
            return f"The base rate shows no drift that matters: {first:.1%} at first, {last:.1%} at last."
        chance = "below 0.001" if self.chance < 0.001 else f"{self.chance:.3f}"
        every = ", ".join(f"{rate:.1%}" for rate in self.rates)
        return (
            f"The base rate drifts: {first:.1%} from {self.begins[0]} on, {last:.1%} from {self.begins[-1]} on "
            f"(straight line: {self.slope:+.1%} over the whole time, plus or minus {self.error:.1%}, chance {chance}). "
            f"By period: {every}. Probabilities learnt early are off later, whatever the signals."
        )


def base_rate_drift(
    label: Sequence[int] | pd.Series,
    as_of: Sequence[object] | pd.Series,
    *,
    account: Sequence[object] | pd.Series | None = None,
) -> RateDrift:
    """Measure whether the outcome became more or less frequent.

    Parameters
    ----------
    label : sequence of int, shape (n_rows,)
        0 or 1.
    as_of : sequence, shape (n_rows,)
        A date or number for each row by which rows can be put in order.
    account : sequence, optional
        Whose each row is: rows of one account are alike. Each row is a case of its own by default.

    Returns
    -------
    RateDrift
        A finding for the model card; no alarm, since a market that changes is no leak.

    Notes
    -----
    The slope is that of ordinary least squares of the label on the place of its date among all dates, with errors
    clustered by account (Liang and Zeger, 1986).

    Examples
    --------
    >>> base_rate_drift([0, 0, 0, 1] * 100 + [1, 1, 1, 0] * 100, range(800)).told()[:58]
    'The base rate drifts: 25.0% from 0 on, 75.0% from 720 on ('
    """
    truth = np.asarray(label, dtype=np.float64)
    when = pd.Series(as_of).reset_index(drop=True)
    blocks = blocks_of_time(when, blocks=PERIODS)
    rates = tuple(float(truth[rows].mean()) for rows in blocks)
    begins = tuple(_said(when.iloc[rows].min()) for rows in blocks)
    slope, error, chance = _trend(truth, when, np.arange(len(truth)) if account is None else np.asarray(account))
    low, high = sorted((rates[0], rates[-1])) if rates else (0.0, 0.0)
    apart = high >= LEAST_FACTOR * low and high > low
    return RateDrift(
        rates=rates, begins=begins, slope=slope, error=error, chance=chance, drifts=bool(chance < BY_CHANCE and apart)
    )


def _trend(truth: NDArray[np.float64], when: pd.Series, account: NDArray[np.generic]) -> tuple[float, float, float]:
    from scipy.stats import t

    code, times = pd.factorize(when, sort=True)
    cluster, names = pd.factorize(account)
    if len(times) < 2 or len(names) < 2:
        return 0.0, float("nan"), float("nan")
    place = code / (len(times) - 1)
    place = place - place.mean()
    spread = float(place @ place)
    slope = float(place @ truth) / spread
    left = truth - truth.mean() - slope * place
    scores = np.bincount(cluster, weights=place * left) / spread
    error = float(np.sqrt(scores @ scores * len(names) / (len(names) - 1)))
    chance = 2 * float(t.sf(abs(slope) / error, len(names) - 1)) if error > 0 else float(slope == 0)
    return slope, error, chance


def _said(moment: object) -> str:
    return str(moment.date()) if isinstance(moment, pd.Timestamp) else str(moment)
