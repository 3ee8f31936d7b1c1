"""How one signal alone puts positives before negatives: what the leakage alarms look at.

A positive's *placement* is the share of the negatives that lie below it, ties halved. The mean placement of all
positives is the AUC; that of some of them is the AUC of these against the same negatives. So a column is sorted once,
and everything else is sums over the few positives.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Whole = NDArray[np.int64]

SMOOTHING = 20.0  # rows of the base rate that the mean of each category is mixed with
FOLDS = 5  # of accounts, so that no category is scored by the labels of the account that it is of
LEAST_POSITIVES = 50  # of a block of time, for an AUC of its own
EVEN = 0.5  # AUC of what tells nothing


@dataclass(frozen=True, kw_only=True, eq=False)
class Columns:
    """Signals that can be put in order.

    Attributes
    ----------
    names : tuple of str
        The signals, without those of which all is missing.
    values : DataFrame, shape (n_rows, n_signals)
        As they came.
    categories : frozenset of str
        Those that are text: they are put in order by the mean label of their value.
    label : ndarray of bool, shape (n_rows,)
        The positives.
    account : ndarray of int, shape (n_rows,)
        Number of each row's account.
    seed : int
        Of the account folds.
    """

    names: tuple[str, ...]
    values: pd.DataFrame
    categories: frozenset[str]
    label: Bools
    account: Whole
    seed: int

    def numbers(self, name: str) -> Floats:
        """Give a signal as numbers that can be put in order.

        Parameters
        ----------
        name : str
            The signal.

        Returns
        -------
        ndarray, shape (n_rows,)
            NaN where a number is missing. A category is the mean label that its value has in the other folds of
            accounts; a missing one is a value like others.
        """
        values = self.values[name]
        if name not in self.categories:
            return values.to_numpy(dtype=np.float64)
        fold = np.random.default_rng(self.seed).integers(0, FOLDS, size=int(self.account.max(initial=0)) + 1)
        return _target_means(values, self.label, fold[self.account])


def columns_of(
    frame: pd.DataFrame, names: Sequence[str], categories: Collection[str], *, label: Bools, account: Whole, seed: int
) -> Columns:
    """Choose the signals that can be put in order.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Signals by name.
    names : sequence of str
        Signals, some of which the frame may lack.
    categories : collection of str
        Those that are categories; whatever holds no numbers is one too.
    label : ndarray of bool, shape (n_rows,)
        The positives.
    account : ndarray of int, shape (n_rows,)
        Number of each row's account.
    seed : int
        Of the account folds.

    Returns
    -------
    Columns
        Those of which something is known.
    """
    kept = [name for name in names if name in frame and frame[name].notna().any()]
    text = {name for name in kept if name in categories or not pd.api.types.is_numeric_dtype(frame[name])}
    return Columns(
        names=tuple(kept), values=frame[kept], categories=frozenset(text), label=label, account=account, seed=seed
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Among:
    """Some values put among the negatives of a signal.

    Attributes
    ----------
    below, reached : ndarray, shape (n,)
        Negatives below each value, and those below or equal to it; NaN where the value is missing.
    known, missing : int
        Negatives of which the signal is known, and those of which it is not.
    """

    below: Floats
    reached: Floats
    known: int
    missing: int

    def placements(self) -> Floats:
        """Give the share of the negatives below each value, ties halved.

        Returns
        -------
        ndarray, shape (n,)
            0 to 1. Missing values lie all at the bottom or all at the top, wherever they tell more: that something is
            not known may be the leak.
        """
        middle, unknown = (self.below + self.reached) / 2, np.isnan(self.below)
        every = max(self.known + self.missing, 1)
        lowest = np.where(unknown, self.missing / 2, self.missing + middle) / every
        if not unknown.any() and not self.missing:
            return lowest
        highest = np.where(unknown, self.known + self.missing / 2, middle) / every
        return lowest if abs(lowest.mean() - EVEN) >= abs(highest.mean() - EVEN) else highest


def among(asked: Floats, negatives: Floats) -> Among:
    """Put values among those of the negatives.

    Parameters
    ----------
    asked : ndarray, shape (n,)
        Values; NaN where missing.
    negatives : ndarray, shape (n_negatives,)
        In order, the missing ones last, as :func:`numpy.sort` leaves them.

    Returns
    -------
    Among
        The counts.
    """
    missing = int(np.isnan(negatives).sum())
    known = negatives[: len(negatives) - missing]
    unknown = np.isnan(asked)
    below = np.where(unknown, np.nan, np.searchsorted(known, asked, "left"))
    reached = np.where(unknown, np.nan, np.searchsorted(known, asked, "right"))
    return Among(below=below, reached=reached, known=len(known), missing=missing)


def auc_within(values: Floats, label: Bools, blocks: Sequence[Whole]) -> float:
    """Give the AUC among rows of the same time.

    Parameters
    ----------
    values : ndarray, shape (n_rows,)
        A signal.
    label : ndarray of bool, shape (n_rows,)
        The positives.
    blocks : sequence of ndarray of int
        Rows of each block of time. What all rows of a block share ranks nobody in it: where the rate drifts, an index
        of prices is then no leak, and hides none.

    Returns
    -------
    float
        Median over the blocks with `LEAST_POSITIVES`, so that one in which most of the positives lie does not decide;
        NaN with fewer than two such blocks.
    """
    areas = []
    for rows in blocks:
        positive = label[rows]
        if positive.sum() >= LEAST_POSITIVES and not positive.all():
            some = values[rows]
            areas.append(float(among(some[positive], np.sort(some[~positive])).placements().mean()))
    return float(np.median(areas)) if len(areas) > 1 else float("nan")


def surest_end(found: Among, account: Whole, *, least: int) -> tuple[float, int]:
    """Find the end of a signal's values at which the largest share of the rows are positives.

    Parameters
    ----------
    found : Among
        The positives among the negatives.
    account : ndarray of int, shape (n_positives,)
        Number of each positive's account.
    least : int
        Distinct accounts with a positive that the end must hold.

    Returns
    -------
    share : float
        Share of positives at that end, where what is missing is an end too; 0 where no end holds enough.
    accounts : int
        Distinct accounts with a positive at that end.
    """
    unknown = np.isnan(found.below)
    known = np.flatnonzero(~unknown)
    best = (0.0, 0)
    ends = [(known, found.known - found.below[known]), (known, found.reached[known])]
    ends.append((np.flatnonzero(unknown), np.full(int(unknown.sum()), float(found.missing))))
    for rows, negatives in ends:
        order = np.argsort(negatives, kind="stable")
        inside, account_of = negatives[order], account[rows][order]
        hits = np.arange(1, len(order) + 1)
        first = np.zeros(len(order), dtype=np.int64)
        first[np.unique(account_of, return_index=True)[1]] = 1
        accounts = np.cumsum(first)
        # equal values belong together
        last = np.append(np.diff(inside) != 0, True) if len(inside) else np.zeros(0, dtype=bool)
        share = np.where(last & (accounts >= least), hits / (hits + inside), 0.0)
        if len(share) and share.max() > best[0]:
            place = int(share.argmax())
            best = (float(share[place]), int(accounts[place]))
    return best


def rank_correlation(left: Floats, right: Floats) -> float:
    """Say how much two signals are the same thing.

    Parameters
    ----------
    left, right : ndarray, shape (n_rows,)
        Signals; what is missing lies at the bottom.

    Returns
    -------
    float
        Absolute rank correlation (Spearman, 1904), 0 to 1; 0 where one of them is constant.
    """
    first, second = (pd.Series(values).rank(na_option="top").to_numpy() for values in (left, right))
    first, second = first - first.mean(), second - second.mean()
    spread = float(np.sqrt((first @ first) * (second @ second)))
    return abs(float(first @ second)) / spread if spread > 0 else 0.0


def _target_means(values: pd.Series, label: Bools, fold: Whole) -> Floats:
    code, _ = pd.factorize(values.astype("object").where(values.notna(), ""), sort=False)
    hits = np.zeros((FOLDS, int(code.max(initial=0)) + 1))
    rows = np.zeros_like(hits)
    np.add.at(hits, (fold, code), label)
    np.add.at(rows, (fold, code), 1)
    hits, rows = hits.sum(axis=0) - hits, rows.sum(axis=0) - rows  # of the other folds
    base = hits.sum(axis=1, keepdims=True) / np.maximum(rows.sum(axis=1, keepdims=True), 1)
    # against the fold's own base: a fold with few positives would rank below the others by that alone
    means: Floats = (hits + SMOOTHING * base) / (rows + SMOOTHING) - base
    return means[fold, code]
