"""Exact TreeSHAP: what each signal adds to a margin, and the check that it adds up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uptier.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCE = 1e-9  # of the margin; TreeSHAP in double precision is exact to about 5e-14


def split_contributions(
    contributions: NDArray[np.float64], margins: NDArray[np.float64], *, outcome: str
) -> tuple[NDArray[np.float64], float]:
    """Split what LightGBM answers into signals and the expected margin, and check that the sum is the margin.

    Parameters
    ----------
    contributions : ndarray, shape (n, n_signals + 1)
        Contributions in log-odds (Lundberg et al., 2020); the last column is the expected margin.
    margins : ndarray, shape (n,)
        The head's raw margins of the same rows, log-odds.
    outcome : str
        The head, for the message.

    Returns
    -------
    values : ndarray, shape (n, n_signals)
        Log-odds that each signal adds.
    expected : float
        Margin before any signal is looked at, log-odds.

    Raises
    ------
    ModelError
        If a row's contributions do not add up to its margin: its reasons would not be true.
    """
    sums = contributions.sum(axis=1)
    scale = np.maximum(1.0, np.abs(margins))
    wrong = ~(np.abs(sums - margins) <= TOLERANCE * scale)  # written so that NaN is wrong
    if bool(wrong.any()):
        raise ModelError(
            f"The contributions of the head '{outcome}' do not add up to its margin.",
            found=f"{int(wrong.sum())} of {len(margins)} rows off by more than {TOLERANCE:g} of the margin",
            do="Train the model again; if this remains, report it with the versions of uptier and LightGBM.",
        )
    return contributions[:, :-1], float(contributions[0, -1])
