"""Two slices in time, fit then test, and account folds inside the fit slice.

No row of the fit slice knows anything that was not known on the first test date: its window was over, and its label
known, by then. Rows between the slices are purged and counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uptier.outcomes.outcome import Examples


@dataclass(frozen=True, kw_only=True, eq=False)
class Slices:
    """Which rows of the examples are learnt from and which are tested on.

    Attributes
    ----------
    fit, test : ndarray of int
        Row numbers.
    purged : int
        Rows before the first test date whose label was not yet known on it.
    first_test : Timestamp or None
        First as-of date of the test slice; None where there are no rows.
    """

    fit: NDArray[np.int64]
    test: NDArray[np.int64]
    purged: int
    first_test: pd.Timestamp | None


def split_in_time(examples: Examples, test_share: float) -> Slices:
    """Split examples into a fit slice and a later test slice.

    Parameters
    ----------
    examples : Examples
        Rows with their as-of dates, and when each label was known.
    test_share : float
        Share of the distinct as-of dates, the latest ones, that make the test slice; at least one date.

    Returns
    -------
    Slices
        The fit slice is empty where nothing was known early enough.

    Notes
    -----
    As-of dates that are no grid (the dates of upsells) are split at the same share of their distinct dates.
    """
    as_of = examples.frame["as_of"]
    dates = np.sort(as_of.unique())
    if not len(dates):
        nothing = np.empty(0, dtype=np.int64)
        return Slices(fit=nothing, test=nothing, purged=0, first_test=None)
    first_test = pd.Timestamp(dates[-max(1, round(test_share * len(dates)))])
    early = (as_of < first_test).to_numpy()
    # a label that was never known (NaT) compares as False and is purged
    known = (examples.known_at <= first_test).to_numpy()
    return Slices(
        fit=np.flatnonzero(early & known),
        test=np.flatnonzero(~early),
        purged=int((early & ~known).sum()),
        first_test=first_test,
    )


def account_folds(accounts: pd.Series, label: pd.Series, *, folds: int, seed: int) -> NDArray[np.int64]:
    """Deal accounts to folds, so that all rows of an account are in one and each has its share of the positives.

    Parameters
    ----------
    accounts : Series of str, shape (n,)
        Account of each row.
    label : Series of int, shape (n,)
        1 for the outcome.
    folds : int
        How many folds.
    seed : int
        Seed of the shuffle.

    Returns
    -------
    ndarray of int, shape (n,)
        Fold of each row, 0 to `folds` - 1; the order of the rows does not matter.
    """
    positive = label.groupby(accounts.to_numpy(), sort=True).max()
    shuffled = np.random.default_rng(seed).permutation(len(positive))
    # converted accounts are dealt first, then the others go on round
    dealt = shuffled[np.argsort(-positive.to_numpy()[shuffled], kind="stable")]
    fold = np.empty(len(positive), dtype=np.int64)
    fold[dealt] = np.arange(len(positive)) % folds
    return np.asarray(pd.Series(fold, index=positive.index).loc[accounts.to_numpy()].to_numpy())
