"""Measures of a score under accounts drawn with replacement, all draws at once.

Every measure is an array whose first entry is the plain figure and whose others are the draws of the bootstrap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uptier.training.draws import Draws, drawn_accounts

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BINS", "SMALLEST", "Draws", "Losses", "Ranking", "drawn_accounts", "equal_bins", "losses", "ranking"]

BINS = 10  # of equal count, for the calibration error
TOP = 0.2  # share of the rows, highest probabilities first, where predicted over observed is also told
SMALLEST = 1e-15  # probabilities are kept this far from 0 and 1 in the log loss


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """How well a score puts positives first.

    Attributes
    ----------
    auc, average_precision : ndarray, shape (1 + n_draws,)
        NaN in a draw that holds one class only.
    precision_at_capacity : ndarray, shape (1 + n_draws,)
        Share of positives among the highest rows of all taken together; the lists of each date are in
        :mod:`uptier.training.capacity`.
    lift_by_decile : ndarray, shape (1 + n_draws, 10)
        Rate in each tenth, highest scores first, over the rate of all.
    gain_by_decile : ndarray, shape (1 + n_draws, 10)
        Share of all positives that the highest tenth, two tenths, ... hold; the last is 1.
    """

    auc: NDArray[np.float64]
    average_precision: NDArray[np.float64]
    precision_at_capacity: NDArray[np.float64]
    lift_by_decile: NDArray[np.float64]
    gain_by_decile: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Losses:
    """How far probabilities are off.

    Attributes
    ----------
    log_loss : ndarray, shape (1 + n_draws,)
        Mean, nats.
    brier : ndarray, shape (1 + n_draws,)
        Mean squared error: ``reliability - resolution + uncertainty + within_bins``.
    ece : ndarray, shape (1 + n_draws,)
        Expected calibration error over ten bins of equal count, made once from the sample itself; share.
    reliability : ndarray, shape (1 + n_draws,)
        Mean squared distance of predicted and observed rate over the same bins; 0 is best.
    resolution : ndarray, shape (1 + n_draws,)
        Mean squared distance of the bins' observed rates from the rate of all; 0 for a constant.
    uncertainty : ndarray, shape (1 + n_draws,)
        Variance of the label: what a constant at the observed rate reaches.
    within_bins : ndarray, shape (1 + n_draws,)
        What bins do not see: variance of the probabilities within them, less twice their covariance with the label.
        Without it Murphy's three terms (1973) do not add up for probabilities that differ within a bin (Stephenson,
        Coelho and Jolliffe 2008). Below 0 where the order within the bins tells something.
    predicted_over_observed : ndarray, shape (1 + n_draws,)
        Mean predicted probability over the observed rate; NaN without a positive.
    predicted_over_observed_top : ndarray, shape (1 + n_draws,)
        The same in the fifth of the sample with the highest probabilities.
    """

    log_loss: NDArray[np.float64]
    brier: NDArray[np.float64]
    ece: NDArray[np.float64]
    reliability: NDArray[np.float64]
    resolution: NDArray[np.float64]
    uncertainty: NDArray[np.float64]
    within_bins: NDArray[np.float64]
    predicted_over_observed: NDArray[np.float64]
    predicted_over_observed_top: NDArray[np.float64]


def ranking(label: NDArray[np.int64], score: NDArray[np.float64], draws: Draws, *, capacity_share: float) -> Ranking:
    """Measure how well a score puts positives first.

    Parameters
    ----------
    label : ndarray of int, shape (n,)
        0 or 1.
    score : ndarray, shape (n,)
        Higher means likelier; equal scores count as shuffled among themselves. No NaN.
    draws : Draws
        Accounts drawn.
    capacity_share : float
        Share of the rows, highest first, for the precision at capacity.

    Returns
    -------
    Ranking
        Equal to scikit-learn's `roc_auc_score` and `average_precision_score` with the draws as weights.
    """
    shares = np.append(np.arange(1, BINS + 1) / BINS, capacity_share)
    auc, precision, captured, rates = [], [], [], []
    for weight, hit in draws.in_groups(_steps(label, score), np.ones(len(label)), label.astype(np.float64)):
        above, hits_above = np.cumsum(weight, axis=1), np.cumsum(hit, axis=1)
        total, hits = above[:, -1:], hits_above[:, -1:]
        with np.errstate(invalid="ignore", divide="ignore"):
            # of each positive: the negatives below it, and half of those at its own score
            below = (total - hits) - (above - hits_above) + (weight - hit) / 2
            auc.append(np.sum(hit * below, axis=1) / (hits * (total - hits))[:, 0])
            at_rank = np.where(hit > 0, hits_above / above, 0.0)
            precision.append(np.sum(hit * at_rank, axis=1) / hits[:, 0])
            captured.append(_captured(above, hits_above, shares))
            rates.append((hits / total)[:, 0])
    caught, rate = np.vstack(captured), np.concatenate(rates)
    with np.errstate(invalid="ignore", divide="ignore"):
        gain = caught[:, :BINS] / rate[:, None]
    return Ranking(
        auc=np.concatenate(auc),
        average_precision=np.concatenate(precision),
        precision_at_capacity=caught[:, BINS] / capacity_share,
        lift_by_decile=np.diff(gain, axis=1, prepend=0) * BINS,
        gain_by_decile=gain,
    )


def losses(label: NDArray[np.int64], probability: NDArray[np.float64], draws: Draws) -> Losses:
    """Measure how far probabilities are off.

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
    Losses
        Sums are formed by account first, so this costs next to nothing.
    """
    kept = np.clip(probability, SMALLEST, 1 - SMALLEST)
    loss = -np.where(label == 1, np.log(kept), np.log1p(-kept))
    bins, top = equal_bins(probability), _topmost(probability, TOP)
    held, said, seen = draws.totals_by(bins, np.ones(len(label)), probability, label, groups=BINS)
    lost, squared, spread, covered, top_said, top_seen = draws.totals(
        loss, (label - probability) ** 2, probability**2, probability * label, top * probability, top * label
    )
    rows = held.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = seen.sum(axis=1) / rows
        # a bin that a draw left empty adds nothing
        said_rate, seen_rate = (np.where(held > 0, part / held, 0.0) for part in (said, seen))
        within = spread - (held * said_rate**2).sum(axis=1) - 2 * (covered - (held * said_rate * seen_rate).sum(axis=1))
        return Losses(
            log_loss=lost / rows,
            brier=squared / rows,
            ece=np.abs(seen - said).sum(axis=1) / rows,
            reliability=(held * (said_rate - seen_rate) ** 2).sum(axis=1) / rows,
            resolution=(held * (seen_rate - rate[:, None]) ** 2).sum(axis=1) / rows,
            uncertainty=rate * (1 - rate),
            within_bins=within / rows,
            predicted_over_observed=_over(said.sum(axis=1), seen.sum(axis=1)),
            predicted_over_observed_top=_over(top_said, top_seen),
        )


def equal_bins(score: NDArray[np.float64]) -> NDArray[np.int64]:
    """Put rows into ten bins of equal count by their score.

    Parameters
    ----------
    score : ndarray, shape (n,)
        Any numbers.

    Returns
    -------
    ndarray of int, shape (n,)
        0 for the lowest to 9; equal scores stay together.
    """
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2  # middle of each score's place in the order
    return np.minimum((middle * BINS / max(len(score), 1)).astype(np.int64), BINS - 1)[inverse]


def _steps(label: NDArray[np.int64], score: NDArray[np.float64]) -> NDArray[np.int64]:
    # number of each row's step down the scores: equal scores share one, and so do neighbours without any positive,
    # since no measure can tell them apart; there are few positives, so there are few steps
    order = np.argsort(-score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0])
    holds = np.add.reduceat(label[order], starts) > 0
    begins = np.r_[True, holds[1:] | holds[:-1]]
    step = np.empty(len(score), dtype=np.int64)
    step[order] = np.repeat(np.cumsum(begins) - 1, np.diff(np.append(starts, len(score))))
    return step


def _topmost(score: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    # how much of each row lies within the highest share; equal scores share what is left for them
    _, inverse, counts = np.unique(-score, return_inverse=True, return_counts=True)
    before = np.cumsum(counts) - counts
    return np.asarray((np.clip(share * len(score) - before, 0, counts) / counts)[inverse])


def _captured(
    above: NDArray[np.float64], hits_above: NDArray[np.float64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    # positives within the highest rows, as a share of all rows; linear within equal scores
    caught = np.empty((len(above), len(shares)))
    for row, (rows, hits) in enumerate(zip(above, hits_above, strict=True)):
        total = rows[-1]
        caught[row] = np.interp(shares * total, np.append(0.0, rows), np.append(0.0, hits)) / total
    return caught


def _over(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(whole > 0, part / whole, np.nan)
