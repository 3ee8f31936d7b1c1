"""How good a head is on the test slice, with intervals by account, and how good the baselines are beside it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from uptier.training.resampling import BINS, Draws, Losses, Ranking, equal_bins, losses, ranking

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uptier.training.pooling import Counts
    from uptier.training.promotion import Comparison

Interval = tuple[float, float, float]  # low, figure, high; 95 %

LEVELS = (0.025, 0.975)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was measured of one scorer; each entry is low, figure, high.

    Attributes
    ----------
    auc, average_precision : tuple of float
        0.5 and the base rate are what a constant reaches.
    precision_at_capacity : tuple of float
        Share of converted among the highest rows.
    lift_by_decile : tuple
        Ten entries, highest scores first.
    log_loss, brier, ece : tuple of float or None
        None for a scorer that gives no probabilities.
    """

    auc: Interval
    average_precision: Interval
    precision_at_capacity: Interval
    lift_by_decile: tuple[Interval, ...]
    log_loss: Interval | None = None
    brier: Interval | None = None
    ece: Interval | None = None


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
class Judgement:
    """Everything that was found out about one head.

    Attributes
    ----------
    outcome : str
        Which head.
    everything, fit, test : Counts
        How much there is of the outcome.
    purged : int
        Rows whose label was not known early enough to learn from.
    left_out : dict of str to int
        Why the outcome left rows out, and how many.
    passed : bool
        Whether the head may be used.
    fallback : str or None
        Why it may not.
    head, ungrouped : Figures or None
        On the test slice: for accounts the model never saw, and as scoring meets it; None for a pooled head.
    baselines : dict of str to Figures
        Of points, utilisation, logistic and constant.
    utilisation_signal : str
        The signal behind the utilisation baseline.
    comparisons : tuple of Comparison
        What the gate looked at.
    calibration : tuple of CalibrationBin
        The calibration curve.
    rounds, depth : int
        Trees of the shipped model, and how deep they may be.
    """

    outcome: str
    everything: Counts
    fit: Counts
    test: Counts
    purged: int
    left_out: dict[str, int]
    passed: bool = False
    fallback: str | None = None
    head: Figures | None = None
    ungrouped: Figures | None = None
    baselines: dict[str, Figures] = field(default_factory=dict)
    utilisation_signal: str = ""
    comparisons: tuple[Comparison, ...] = ()
    calibration: tuple[CalibrationBin, ...] = ()
    rounds: int = 0
    depth: int = 0

    def as_json(self) -> dict[str, Any]:
        """Give what the command line prints of it.

        Returns
        -------
        dict
            Plain lists and numbers; figures are ``[low, figure, high]`` or None where there are none. `n` and
            `positives` are the rows behind the figures: the test slice, or for a pooled head all rows.
        """
        behind = self.test if self.head is not None else self.everything
        measures = ("auc", "average_precision", "log_loss", "brier", "ece", "precision_at_capacity", "lift_by_decile")
        return {
            "n": behind.n,
            "positives": behind.positives,
            **{name: plain(getattr(self.head, name, None)) for name in measures},
            "passed": self.passed,
            "baselines": {
                name: plain(asdict(self.baselines[name])) if name in self.baselines else {"auc": None}
                for name in ("points", "utilisation", "logistic", "constant")
            },
            "fallback": self.fallback,
            "ungrouped": None if self.ungrouped is None else plain(asdict(self.ungrouped)),
            "utilisation_signal": self.utilisation_signal,
            "comparisons": [comparison.as_json() for comparison in self.comparisons],
            "calibration": [plain(asdict(part)) for part in self.calibration],
            "counts": {name: asdict(getattr(self, name)) for name in ("everything", "fit", "test")},
            "purged": self.purged,
            "left_out": dict(self.left_out),
            "rounds": self.rounds,
            "depth": self.depth,
        }


@dataclass(frozen=True, eq=False)
class Scored:
    """A scorer on the test slice with all draws, for comparisons.

    Attributes
    ----------
    ranking : Ranking
        How well it puts positives first.
    losses : Losses or None
        How far its probabilities are off; None if it gives none.
    """

    ranking: Ranking
    losses: Losses | None

    def figures(self) -> Figures:
        """Give the figures with their intervals.

        Returns
        -------
        Figures
            Percentile intervals over the draws; the calibration error's is shifted by its bias, since noise alone
            raises an error that cannot be negative.
        """
        lift = self.ranking.lift_by_decile
        return Figures(
            auc=interval(self.ranking.auc),
            average_precision=interval(self.ranking.average_precision),
            precision_at_capacity=interval(self.ranking.precision_at_capacity),
            lift_by_decile=tuple(interval(lift[:, tenth]) for tenth in range(BINS)),
            log_loss=None if self.losses is None else interval(self.losses.log_loss),
            brier=None if self.losses is None else interval(self.losses.brier),
            ece=None if self.losses is None else _unbiased(self.losses.ece),
        )


def scored(label: NDArray[np.int64], score: NDArray[np.float64], draws: Draws, *, capacity_share: float) -> Scored:
    """Judge a score that is no probability.

    Parameters
    ----------
    label : ndarray of int, shape (n,)
        0 or 1.
    score : ndarray, shape (n,)
        Higher means likelier.
    draws : Draws
        Accounts drawn.
    capacity_share : float
        Share of rows for the precision at capacity.

    Returns
    -------
    Scored
        Without losses.
    """
    return Scored(ranking(label, score, draws, capacity_share=capacity_share), None)


def predicted(
    label: NDArray[np.int64], probability: NDArray[np.float64], draws: Draws, *, capacity_share: float
) -> Scored:
    """Judge probabilities.

    Parameters
    ----------
    label : ndarray of int, shape (n,)
        0 or 1.
    probability : ndarray, shape (n,)
        0 to 1.
    draws : Draws
        Accounts drawn.
    capacity_share : float
        Share of rows for the precision at capacity.

    Returns
    -------
    Scored
        With losses.
    """
    return Scored(ranking(label, probability, draws, capacity_share=capacity_share), losses(label, probability, draws))


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
    sums = np.zeros((draws.weights.shape[1], BINS))
    rows = np.zeros_like(sums)
    np.add.at(sums, (draws.account, bins), label)
    np.add.at(rows, (draws.account, bins), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = (draws.weights @ sums) / (draws.weights @ rows)
    return tuple(
        CalibrationBin(
            n=int((bins == part).sum()),
            predicted=float(probability[bins == part].mean()),
            observed=interval(observed[:, part]),
        )
        for part in range(BINS)
        if (bins == part).any()
    )


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


def plain(value: Any) -> Any:
    """Turn tuples into lists and NaN into None, for JSON.

    Parameters
    ----------
    value : object
        Numbers, texts, None, and tuples, lists and dicts of them.

    Returns
    -------
    object
        The same in plain JSON types.
    """
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _unbiased(draws: NDArray[np.float64]) -> Interval:
    shift = float(np.median(draws[1:])) - float(draws[0]) if len(draws) > 1 else 0.0
    return interval(np.r_[draws[:1], np.maximum(draws[1:] - shift, 0.0)])
