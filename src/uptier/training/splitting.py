"""Rolling origins: a model is asked about dates that lie after everything it has learnt from, again and again.

The latest as-of dates are cut into blocks. The first day of a block is its origin: the rows that are fitted are those
whose window was over, and whose label was known, by then; the rows of the block are tested. Rows between are purged and
counted. Within an origin accounts are dealt to folds, so that a row can be asked of a model that never saw its account.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from uptier.errors import TrainingError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from uptier.outcomes.outcome import Examples

AS_OF, KNOWN_AT = "as_of", "known_at"  # columns of what a splitter is given


@dataclass(frozen=True, kw_only=True, eq=False)
class Origin:
    """Which rows are learnt from, and which are tested, at one origin.

    Attributes
    ----------
    date : Timestamp
        First as-of date of the test rows; no fitted row knows anything that was not known on it.
    fit, test : ndarray of int
        Row numbers.
    purged : int
        Rows before the origin whose label was not yet known on it.
    """

    date: pd.Timestamp
    fit: NDArray[np.int64]
    test: NDArray[np.int64]
    purged: int


def rolling_origins(as_of: pd.Series, known_at: pd.Series, *, test_share: float, origins: int) -> tuple[Origin, ...]:
    """Cut rows at several origins.

    Parameters
    ----------
    as_of : Series of datetime64, shape (n,)
        The as-of date of each row.
    known_at : Series of datetime64, shape (n,)
        When the row's window was over and its label known; NaT where that was never known, which purges the row.
    test_share : float
        Share of the distinct as-of dates, the latest ones, that are tested; at least one date.
    origins : int
        How many blocks these dates are cut into; fewer where there are not as many dates.

    Returns
    -------
    tuple of Origin
        Earliest first; none without rows. A fit slice is empty where nothing was known early enough.

    Notes
    -----
    As-of dates that are no grid (the dates of upsells) are cut at the same share of their distinct dates.
    """
    dates = np.sort(as_of.unique())
    if not len(dates):
        return ()
    tested = dates[-max(1, round(test_share * len(dates))) :]
    made = []
    for block in np.array_split(tested, min(origins, len(tested))):
        origin = pd.Timestamp(block[0])
        early = (as_of < origin).to_numpy()
        # a label that was never known (NaT) compares as False and is purged
        known = (known_at <= origin).to_numpy()
        made.append(
            Origin(
                date=origin,
                fit=np.flatnonzero(early & known),
                test=np.flatnonzero(((as_of >= origin) & (as_of <= pd.Timestamp(block[-1]))).to_numpy()),
                purged=int((early & ~known).sum()),
            )
        )
    return tuple(made)


def origins_of(examples: Examples, *, test_share: float, origins: int) -> tuple[Origin, ...]:
    """Cut the examples of an outcome at several origins.

    Parameters
    ----------
    examples : Examples
        Rows with their as-of dates, and when each label was known.
    test_share : float
        Share of the distinct as-of dates that are tested.
    origins : int
        How many blocks these are cut into.

    Returns
    -------
    tuple of Origin
        As :func:`rolling_origins`.
    """
    return rolling_origins(examples.frame[AS_OF], examples.known_at, test_share=test_share, origins=origins)


@dataclass(frozen=True, kw_only=True)
class RollingOriginSplit:
    """Rolling origins as scikit-learn takes them: anything with a `cv` argument takes this.

    Give it the rows as a DataFrame with a column ``as_of`` and, where it is known, ``known_at``; a row without
    ``known_at`` counts as known `gap_days`, `horizon_days` and `lag_days` after its as-of date. The model must leave
    both columns out: for instance a pipeline that begins with a column selector.

    Parameters
    ----------
    n_origins : int
        How many blocks of test dates there are.
    test_share : float
        Share of the distinct as-of dates, the latest ones, that are tested.
    gap_days, horizon_days, lag_days : int
        Days from the as-of date to the window, its length, and how much later its end is known.
    account_folds : int
        With 2 or more, each origin is split once for each fold of accounts (`groups`), and no test row's account was
        learnt from. With 1, accounts are met again, as scoring meets them.
    seed : int
        Of the folds.

    Examples
    --------
    >>> rows = pd.DataFrame({"as_of": pd.date_range("2025-01-01", periods=10, freq="MS")})
    >>> for fit, test in RollingOriginSplit(n_origins=2, test_share=0.4).split(rows):
    ...     print(fit, test)
    [0 1 2 3] [6 7]
    [0 1 2 3 4 5] [8 9]
    """

    n_origins: int = 3
    test_share: float = 0.3
    gap_days: int = 7
    horizon_days: int = 60
    lag_days: int = 0
    account_folds: int = 1
    seed: int = 7

    def split(
        self, X: pd.DataFrame, y: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Give the rows to fit and those to test, origin by origin and fold by fold.

        Parameters
        ----------
        X : DataFrame, shape (n, n_columns)
            With ``as_of`` and perhaps ``known_at``.
        y : array of int, shape (n,), optional
            0 or 1; with it each fold of accounts gets its share of the positives.
        groups : array of str, shape (n,), optional
            Account of each row; needed for folds of accounts.

        Yields
        ------
        fit, test : ndarray of int
            Row numbers.

        Raises
        ------
        TrainingError
            If there is no ``as_of``, or accounts are to be folded and none are given.
        """
        as_of, known = self._times(X)
        if self.account_folds > 1 and groups is None:
            raise TrainingError(
                "Folds of accounts need the accounts.", do="Give them as groups, one for each row, or account_folds=1."
            )
        label = pd.Series(np.zeros(len(X), dtype=np.int64) if y is None else np.asarray(y))
        for origin in rolling_origins(as_of, known, test_share=self.test_share, origins=self.n_origins):
            if self.account_folds < 2:
                yield origin.fit, origin.test
                continue
            accounts = pd.Series(np.asarray(groups, dtype=object))
            fold = account_folds(accounts, label, folds=self.account_folds, seed=self.seed)
            for number in range(self.account_folds):
                yield origin.fit[fold[origin.fit] != number], origin.test[fold[origin.test] == number]

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Say how many splits there are.

        Parameters
        ----------
        X, y, groups : object, optional
            As scikit-learn passes them; with `X` the number is that of its dates where they are fewer.

        Returns
        -------
        int
            Origins times folds of accounts.
        """
        origins = self.n_origins
        if X is not None:
            as_of, known = self._times(X)
            origins = len(rolling_origins(as_of, known, test_share=self.test_share, origins=self.n_origins))
        return origins * max(1, self.account_folds)

    def _times(self, rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
        if AS_OF not in getattr(rows, "columns", ()):
            raise TrainingError(
                f"Rows are split by their column '{AS_OF}', which is not there.",
                found=", ".join(map(str, getattr(rows, "columns", ()))) or type(rows).__name__,
                do="Give a DataFrame with the as-of date of each row.",
            )
        as_of = pd.to_datetime(rows[AS_OF]).reset_index(drop=True)
        days = self.gap_days + self.horizon_days + self.lag_days
        known = as_of + pd.Timedelta(days=days)
        if KNOWN_AT in rows.columns:
            known = pd.to_datetime(rows[KNOWN_AT]).reset_index(drop=True)
        return as_of, known


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
