"""Whether accounts keep their first reason when the head is learnt anew.

A CSM who is told of seats in one month and of gates in the next, though nothing happened at the account, stops
believing either. The models of the origins are what monthly trainings would have shipped, so the same accounts are
explained by each of them and by what ships now, and first families are compared from one training to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uptier.model.bundle import tree_contributions
from uptier.training.intervals import Interval, interval
from uptier.training.resampling import drawn_accounts

if TYPE_CHECKING:
    from numpy.typing import NDArray

NONE = -1  # no family adds anything
TOP = 0.2  # share of the accounts: those that somebody might be sent to


@dataclass(frozen=True, kw_only=True)
class FirstKept:
    """How many accounts keep their first family from one training to the next.

    Attributes
    ----------
    accounts : int
        How many were looked at.
    trainings : int
        Models compared, that which ships among them.
    share : tuple of float
        Low, figure, high: the share that kept it, mean over the pairs of trainings; 95 % interval by account.
    by_chance : float
        The share that would, were first families dealt to the accounts anew, as often each as now: what a head with
        one overwhelming family reaches without telling accounts apart.
    """

    accounts: int
    trainings: int
    share: Interval
    by_chance: float


def first_kept(
    trees: Sequence[str],
    matrix: NDArray[np.float64],
    accounts: NDArray[np.object_],
    families: NDArray[np.object_],
    *,
    sayable: Sequence[str],
    draws: int,
    seed: int,
) -> FirstKept | None:
    """Compare the first families of accounts from one training to the next.

    Parameters
    ----------
    trees : sequence of str
        LightGBM's texts, in the order in which they were learnt.
    matrix : ndarray, shape (n, n_signals)
        The accounts that are explained, as the trees read them.
    accounts : ndarray of str, shape (n,)
        Account of each row.
    families : ndarray of str, shape (n_signals,)
        Family of each signal.
    sayable : sequence of str
        The families that have a trigger, and so may be a reason.
    draws : int
        Of the bootstrap.
    seed : int
        Of the draws.

    Returns
    -------
    FirstKept or None
        None where there is nothing to compare: fewer than two models, fewer than two families, or no row.
    """
    if len(trees) < 2 or len(sayable) < 2 or not len(matrix):
        return None
    first = np.array([first_families(text, matrix, families, sayable) for text in trees])
    kept = (first[1:] == first[:-1]).mean(axis=0)
    drawn = drawn_accounts(accounts, draws=draws, seed=seed)
    held, rows = drawn.totals(kept, np.ones(len(kept)))
    often = np.array([np.bincount(one - NONE, minlength=len(sayable) + 1) for one in first]) / first.shape[1]
    return FirstKept(
        accounts=len(np.unique(drawn.account)),
        trainings=len(trees),
        share=interval(held / np.maximum(rows, 1)),
        by_chance=float((often[1:] * often[:-1]).sum(axis=1).mean()),
    )


def first_families(
    trees: str, matrix: NDArray[np.float64], families: NDArray[np.object_], sayable: Sequence[str]
) -> NDArray[np.int64]:
    """Give the family that adds most to the margin of each row.

    Parameters
    ----------
    trees : str
        LightGBM's text.
    matrix : ndarray, shape (n, n_signals)
        As the trees read them; at least one row.
    families : ndarray of str, shape (n_signals,)
        Family of each signal.
    sayable : sequence of str
        The families to choose from.

    Returns
    -------
    ndarray of int, shape (n,)
        Place among the sayable families; -1 where none adds anything.
    """
    values, _ = tree_contributions(trees, matrix, outcome="")
    sums = np.column_stack([values[:, families == family].sum(axis=1) for family in sayable])
    return np.where(sums.max(axis=1) > 0, sums.argmax(axis=1), NONE)
