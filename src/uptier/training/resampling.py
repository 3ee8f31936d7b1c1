"""Measures of a score under accounts drawn with replacement, all draws at once.

Every measure is an array whose first entry is the plain figure and whose others are the draws of the bootstrap. Draws
are shared by all scorers of an outcome, so that differences between two scorers are paired.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

BINS = 10  # of equal count, for the calibration error
CELLS = 2_000_000  # weights held at once: 16 MB each of a handful of arrays
SMALLEST = 1e-15  # probabilities are kept this far from 0 and 1 in the log loss


@dataclass(frozen=True, eq=False)
class Draws:
    """Accounts drawn with replacement.

    Attributes
    ----------
    weights : ndarray, shape (1 + n_draws, n_accounts)
        How often each account was drawn; the first row, all ones, is the sample itself.
    account : ndarray of int, shape (n,)
        Account number of each row.
    """

    weights: NDArray[np.float64]
    account: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Ranking:
    """How well a score puts positives first.

    Attributes
    ----------
    auc, average_precision : ndarray, shape (1 + n_draws,)
        NaN in a draw that holds one class only.
    precision_at_capacity : ndarray, shape (1 + n_draws,)
        Share of positives among the highest rows.
    lift_by_decile : ndarray, shape (1 + n_draws, 10)
        Rate in each tenth, highest scores first, over the rate of all.
    """

    auc: NDArray[np.float64]
    average_precision: NDArray[np.float64]
    precision_at_capacity: NDArray[np.float64]
    lift_by_decile: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Losses:
    """How far probabilities are off.

    Attributes
    ----------
    log_loss : ndarray, shape (1 + n_draws,)
        Mean, nats.
    brier : ndarray, shape (1 + n_draws,)
        Mean squared error.
    ece : ndarray, shape (1 + n_draws,)
        Expected calibration error over ten bins of equal count, made once from the sample itself; share.
    """

    log_loss: NDArray[np.float64]
    brier: NDArray[np.float64]
    ece: NDArray[np.float64]


def drawn_accounts(accounts: NDArray[np.object_], *, draws: int, seed: int) -> Draws:
    """Draw accounts with replacement.

    Parameters
    ----------
    accounts : ndarray of str, shape (n,)
        Account of each row.
    draws : int
        How many times.
    seed : int
        Of the draws.

    Returns
    -------
    Draws
        The same for the same accounts in any order of rows.
    """
    account, names = pd.factorize(np.asarray(accounts, dtype=object), sort=True)
    count = len(names)
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / max(count, 1)), size=draws)
    return Draws(np.vstack([np.ones((1, count)), drawn.astype(np.float64)]), np.asarray(account, dtype=np.int64))


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
    order = np.argsort(-score, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0])
    account, positive = draws.account[order], label[order].astype(np.float64)
    shares = np.append(np.arange(1, BINS + 1) / BINS, capacity_share)
    auc, precision, captured, rates = [], [], [], []
    for weights in _in_parts(draws.weights, len(score)):
        weight = weights[:, account]
        hit = weight * positive
        if len(starts) < len(score):
            weight = np.add.reduceat(weight, starts, axis=1)
            hit = np.add.reduceat(hit, starts, axis=1)
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
        lift = np.diff(caught[:, :BINS], axis=1, prepend=0) * BINS / rate[:, None]
    return Ranking(
        auc=np.concatenate(auc),
        average_precision=np.concatenate(precision),
        precision_at_capacity=caught[:, BINS] / capacity_share,
        lift_by_decile=lift,
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
    rows = _by_account(np.ones(len(label)), draws)
    bins = equal_bins(probability)
    gaps = np.zeros((draws.weights.shape[1], BINS))
    np.add.at(gaps, (draws.account, bins), label - probability)
    return Losses(
        log_loss=_by_account(loss, draws) / rows,
        brier=_by_account((label - probability) ** 2, draws) / rows,
        ece=np.abs(draws.weights @ gaps).sum(axis=1) / rows,
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


def _captured(
    above: NDArray[np.float64], hits_above: NDArray[np.float64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    # positives within the highest rows, as a share of all rows; linear within equal scores
    caught = np.empty((len(above), len(shares)))
    for row, (rows, hits) in enumerate(zip(above, hits_above, strict=True)):
        total = rows[-1]
        caught[row] = np.interp(shares * total, np.append(0.0, rows), np.append(0.0, hits)) / total
    return caught


def _by_account(values: NDArray[np.float64], draws: Draws) -> NDArray[np.float64]:
    return draws.weights @ np.bincount(draws.account, weights=values, minlength=draws.weights.shape[1])


def _in_parts(weights: NDArray[np.float64], rows: int) -> Iterator[NDArray[np.float64]]:
    height = max(1, CELLS // max(rows, 1))
    for start in range(0, len(weights), height):
        yield weights[start : start + height]
