"""95 % intervals of what is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uptier.documentation.world.tables import Floats

if TYPE_CHECKING:
    import pandas as pd

Z95 = 1.959964  # of the normal distribution, for 95 %


def wilson(wins: int, count: int) -> tuple[float, float]:
    """Give the 95 % interval of a share.

    Parameters
    ----------
    wins, count : int
        How many of how many.

    Returns
    -------
    tuple of float
        Lowest and highest (Wilson 1927); 0 to 1 where nothing was counted.
    """
    if count == 0:
        return 0.0, 1.0
    share, square = wins / count, Z95**2 / count
    middle = (share + square / 2) / (1 + square)
    half = float(np.sqrt(share * (1 - share) * square + square**2 / 4)) / (1 + square)
    return middle - half, middle + half


def ratio(wins: int, count: int, other_wins: int, other_count: int) -> tuple[float, float, float]:
    """Give how many times as often one thing happens as another.

    Parameters
    ----------
    wins, count : int
        How many of how many.
    other_wins, other_count : int
        The same of what it is compared with.

    Returns
    -------
    tuple of float
        The ratio of the shares, and its 95 % interval (Katz 1978, on the logarithm).
    """
    # half a case more wherever there is none at all
    first, second = max(wins, 0.5), max(other_wins, 0.5)
    value = (first / max(count, 1)) / (second / max(other_count, 1))
    error = Z95 * float(np.sqrt(max(1 / first - 1 / max(count, 1) + 1 / second - 1 / max(other_count, 1), 0.0)))
    return value, value * float(np.exp(-error)), value * float(np.exp(error))


def by_account(account: pd.Series[str], residuals: Floats) -> Floats:
    """Sum residuals by account.

    Parameters
    ----------
    account : Series of str
        Whose each is.
    residuals : ndarray of float
        One for each row.

    Returns
    -------
    ndarray of float
        One for each account.
    """
    import pandas as pd

    sums: Floats = pd.Series(residuals).groupby(account.to_numpy()).sum().to_numpy().astype(np.float64)
    return sums


def clustered(sums: Floats, count: int | None = None) -> float:
    """Give the standard error of a mean whose rows go together by account.

    Parameters
    ----------
    sums : ndarray of float
        Of the residuals of each account.
    count : int, optional
        Of how many rows the mean is; of as many as accounts by default.

    Returns
    -------
    float
        The error.
    """
    return float(np.sqrt((sums**2).sum())) / (len(sums) if count is None else count)
