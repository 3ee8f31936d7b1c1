"""One scorer on the test slice: how well it orders accounts, and how far its probabilities are off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uptier.training.capacity import AtCapacity, at_capacity
from uptier.training.intervals import Interval, interval, unbiased
from uptier.training.resampling import BINS, Draws, Losses, Ranking, losses, ranking
from uptier.training.slopes import Slopes, slopes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was measured of one scorer; each entry is low, figure, high.

    Attributes
    ----------
    auc, average_precision : tuple of float
        0.5 and the base rate are what a constant reaches.
    precision_at_capacity : tuple of float
        Share of converted among the highest rows of each as-of date, mean over dates; of all rows taken together where
        no dates were given.
    lift_by_decile : tuple
        Ten entries, highest scores first.
    log_loss, brier, ece : tuple of float or None
        None for a scorer that gives no probabilities.
    gain_by_decile : tuple or None
        Ten entries: share of the positives that the highest tenth, two tenths, ... hold.
    recall_at_capacity : tuple of float or None
        Share of the positives that stood on a date's list; None where no dates were given.
    brier_reliability, brier_resolution, brier_uncertainty, brier_within_bins : tuple of float or None
        What the Brier score is made of: the first less the second, plus the other two.
    calibration_slope, calibration_intercept : tuple of float or None
        Of the label on the predicted log-odds; 1 and 0 are best.
    calibration_in_the_large : tuple of float or None
        Intercept with the slope held at 1, log-odds; 0 is best.
    predicted_over_observed, predicted_over_observed_top : tuple of float or None
        Mean predicted probability over the observed rate, of all and of the highest fifth; 1 is best.
    expected_arr, realised_arr : tuple of float or None
        Of a date's list, mean over dates, account currency a year; rows with both known. None where values are not.
    expected_over_realised_arr : tuple of float or None
        1 is best.
    arr_known : float or None
        Share of the lists' rows whose expected and realised ARR are both known.
    """

    auc: Interval
    average_precision: Interval
    precision_at_capacity: Interval
    lift_by_decile: tuple[Interval, ...]
    log_loss: Interval | None = None
    brier: Interval | None = None
    ece: Interval | None = None
    gain_by_decile: tuple[Interval, ...] | None = None
    recall_at_capacity: Interval | None = None
    brier_reliability: Interval | None = None
    brier_resolution: Interval | None = None
    brier_uncertainty: Interval | None = None
    brier_within_bins: Interval | None = None
    calibration_slope: Interval | None = None
    calibration_intercept: Interval | None = None
    calibration_in_the_large: Interval | None = None
    predicted_over_observed: Interval | None = None
    predicted_over_observed_top: Interval | None = None
    expected_arr: Interval | None = None
    realised_arr: Interval | None = None
    expected_over_realised_arr: Interval | None = None
    arr_known: float | None = None


MEASURES = tuple(Figures.__dataclass_fields__)


@dataclass(frozen=True, eq=False)
class Scored:
    """A scorer on the test slice with all draws, for comparisons.

    Attributes
    ----------
    ranking : Ranking
        How well it puts positives first.
    losses : Losses or None
        How far its probabilities are off; None if it gives none.
    slopes : Slopes or None
        How the label follows its log-odds; None if it gives no probabilities.
    lists : AtCapacity or None
        What the lists of each date hold; None where no dates were given.
    """

    ranking: Ranking
    losses: Losses | None
    slopes: Slopes | None = None
    lists: AtCapacity | None = None

    def figures(self) -> Figures:
        """Give the figures with their intervals.

        Returns
        -------
        Figures
            Percentile intervals over the draws; those of the calibration error and of the Brier score's reliability are
            shifted by their bias, since noise alone raises an error that cannot be negative.
        """
        order = self.ranking
        return Figures(
            auc=interval(order.auc),
            average_precision=interval(order.average_precision),
            lift_by_decile=tuple(interval(order.lift_by_decile[:, tenth]) for tenth in range(BINS)),
            gain_by_decile=tuple(interval(order.gain_by_decile[:, tenth]) for tenth in range(BINS)),
            **{"precision_at_capacity": interval(order.precision_at_capacity), **_listed(self.lists)},
            **_lost(self.losses),
            **_sloped(self.slopes),
        )


def scored(
    label: NDArray[np.int64],
    score: NDArray[np.float64],
    draws: Draws,
    *,
    capacity_share: float,
    as_of: NDArray[Any] | None = None,
    expected_value: NDArray[np.float64] | None = None,
    realised_value: NDArray[np.float64] | None = None,
) -> Scored:
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
    as_of : ndarray, shape (n,), optional
        Date of each row: the CSMs have a list on each.
    expected_value, realised_value : ndarray, shape (n,), optional
        ARR that talking to the account was expected to bring and did bring; NaN where not known.

    Returns
    -------
    Scored
        Without losses.
    """
    lists = None
    if as_of is not None:
        lists = at_capacity(
            label,
            score,
            draws,
            as_of=as_of,
            capacity_share=capacity_share,
            expected_value=expected_value,
            realised_value=realised_value,
        )
    return Scored(ranking(label, score, draws, capacity_share=capacity_share), None, None, lists)


def predicted(
    label: NDArray[np.int64],
    probability: NDArray[np.float64],
    draws: Draws,
    *,
    capacity_share: float,
    as_of: NDArray[Any] | None = None,
    expected_value: NDArray[np.float64] | None = None,
    realised_value: NDArray[np.float64] | None = None,
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
    as_of : ndarray, shape (n,), optional
        Date of each row: the CSMs have a list on each.
    expected_value, realised_value : ndarray, shape (n,), optional
        ARR that talking to the account was expected to bring and did bring; NaN where not known.

    Returns
    -------
    Scored
        With losses.
    """
    order = scored(
        label,
        probability,
        draws,
        capacity_share=capacity_share,
        as_of=as_of,
        expected_value=expected_value,
        realised_value=realised_value,
    )
    return Scored(order.ranking, losses(label, probability, draws), slopes(label, probability, draws), order.lists)


def _listed(lists: AtCapacity | None) -> dict[str, Any]:
    if lists is None:
        return {}
    told: dict[str, Any] = {
        "precision_at_capacity": interval(lists.precision),
        "recall_at_capacity": interval(lists.recall),
    }
    if lists.known > 0:
        told |= {
            "expected_arr": interval(lists.expected),
            "realised_arr": interval(lists.realised),
            "expected_over_realised_arr": interval(lists.expected_over_realised),
            "arr_known": lists.known,
        }
    return told


def _lost(loss: Losses | None) -> dict[str, Any]:
    if loss is None:
        return {}
    return {
        "log_loss": interval(loss.log_loss),
        "brier": interval(loss.brier),
        "ece": unbiased(loss.ece),
        "brier_reliability": unbiased(loss.reliability),
        "brier_resolution": interval(loss.resolution),
        "brier_uncertainty": interval(loss.uncertainty),
        "brier_within_bins": interval(loss.within_bins),
        "predicted_over_observed": interval(loss.predicted_over_observed),
        "predicted_over_observed_top": interval(loss.predicted_over_observed_top),
    }


def _sloped(line: Slopes | None) -> dict[str, Any]:
    if line is None:
        return {}
    return {
        "calibration_slope": interval(line.slope),
        "calibration_intercept": interval(line.intercept),
        "calibration_in_the_large": interval(line.in_the_large),
    }
