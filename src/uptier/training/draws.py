"""Accounts drawn with replacement, and sums over rows in all draws at once.

Rows of one account are alike, so accounts are drawn and not rows (a cluster bootstrap: Davison and Hinkley 1997, 3.8).
Draws are shared by all scorers of an outcome, so that differences between two scorers are paired.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELLS = 2_000_000  # numbers of one array held at once: 16 MB each of a handful


@dataclass(frozen=True, eq=False)
class Draws:
    """Accounts drawn with replacement.

    Attributes
    ----------
    weights : ndarray, shape (1 + n_draws, n_accounts)
        How often each account was drawn; the first row, all ones, is the sample itself. Bytes, since a number of eight
        bytes each would outweigh the rows.
    account : ndarray of int, shape (n,)
        Account number of each row.
    """

    weights: NDArray[Any]
    account: NDArray[np.int64]

    def at(self, rows: NDArray[Any]) -> Draws:
        """Give the same draws for some of the rows.

        Parameters
        ----------
        rows : ndarray of int or bool
            Which rows.

        Returns
        -------
        Draws
            Without accounts that have no row left. An account that was drawn twice counts twice in every choice of
            rows, so that measures of two choices are paired too.
        """
        left, account = np.unique(self.account[rows], return_inverse=True)
        return Draws(self.weights[:, left], account)

    def totals(self, *values: NDArray[Any]) -> NDArray[np.float64]:
        """Sum values over all rows.

        Parameters
        ----------
        *values : ndarray, shape (n,)
            Of each row.

        Returns
        -------
        ndarray, shape (n_values, 1 + n_draws)
            Sums; formed by account first, so this costs next to nothing.
        """
        return self.totals_by(np.zeros(len(self.account), dtype=np.int64), *values, groups=1)[:, :, 0]

    def totals_by(self, group: NDArray[np.int64], *values: NDArray[Any], groups: int) -> NDArray[np.float64]:
        """Sum values over the rows of each of a few groups.

        Parameters
        ----------
        group : ndarray of int, shape (n,)
            Group of each row, 0 to `groups` - 1.
        *values : ndarray, shape (n,)
            Of each row.
        groups : int
            How many groups there are.

        Returns
        -------
        ndarray, shape (n_values, 1 + n_draws, groups)
            Sums.
        """
        accounts = self.weights.shape[1]
        cell = self.account * groups + group
        held = [np.bincount(cell, weights=value, minlength=accounts * groups) for value in values]
        table = np.hstack([one.reshape(accounts, groups) for one in held])
        sums = np.vstack([part.astype(np.float64) @ table for part in self._parts(accounts)])
        return sums.reshape(len(sums), len(values), groups).swapaxes(0, 1)

    def in_groups(self, group: NDArray[np.int64], *values: NDArray[Any]) -> Iterator[tuple[NDArray[np.float64], ...]]:
        """Sum values over the rows of each of many groups, some draws at a time.

        Parameters
        ----------
        group : ndarray of int, shape (n,)
            Group of each row, from 0.
        *values : ndarray, shape (n,)
            Of each row.

        Yields
        ------
        tuple of ndarray, each of shape (some draws, n_groups)
            Sums of each of the values. Sparse: the cost is that of the rows, whatever the number of groups.
        """
        from scipy import sparse

        groups, accounts = int(group.max(initial=-1)) + 1, self.weights.shape[1]
        tables = [sparse.csr_matrix((value, (group, self.account)), shape=(groups, accounts)) for value in values]
        for part in self._parts(max(groups, accounts)):
            drawn = np.ascontiguousarray(part.T, dtype=np.float64)
            yield tuple(np.ascontiguousarray((table @ drawn).T) for table in tables)

    def _parts(self, width: int) -> Iterator[NDArray[Any]]:
        height = max(1, CELLS // max(width, 1))
        for start in range(0, len(self.weights), height):
            yield self.weights[start : start + height]


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
    weights = np.ones((1 + draws, count), dtype=np.uint8)  # nobody is drawn 256 times out of as many as there are
    rng = np.random.default_rng(seed)
    for row in weights[1:]:
        row[:] = np.bincount(rng.integers(0, max(count, 1), size=count), minlength=count)
    return Draws(weights, np.asarray(account, dtype=np.int64))
