"""What trees in LightGBM's own text say of rows, and what each signal adds to it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from uptier.model.contributions import split_contributions

if TYPE_CHECKING:
    import lightgbm
    from numpy.typing import NDArray

PREDICTION_THREADS = 1  # with a busy neighbour two threads were five times slower than one


def tree_margins(trees: str, matrix: NDArray[np.float64], *, threads: int = PREDICTION_THREADS) -> NDArray[np.float64]:
    """Give what trees say of rows.

    Parameters
    ----------
    trees : str
        LightGBM's text.
    matrix : ndarray, shape (n, n_signals)
        As :func:`uptier.model.encoding.encoded` gives it.
    threads : int
        Threads to predict with; the answer is the same on any number.

    Returns
    -------
    ndarray, shape (n,)
        Margins, log-odds before calibration.
    """
    if not len(matrix):
        return np.empty(0)
    return np.asarray(_booster(trees).predict(matrix, raw_score=True, num_threads=threads), dtype=np.float64)


def tree_contributions(
    trees: str, matrix: NDArray[np.float64], *, outcome: str, threads: int = PREDICTION_THREADS
) -> tuple[NDArray[np.float64], float]:
    """Give what each signal adds to the margin of each row, by exact TreeSHAP.

    Parameters
    ----------
    trees : str
        LightGBM's text.
    matrix : ndarray, shape (n, n_signals)
        As :func:`uptier.model.encoding.encoded` gives it; at least one row.
    outcome : str
        What the trees predict, for the message.
    threads : int
        Threads to explain with; the answer is the same on any number.

    Returns
    -------
    values : ndarray, shape (n, n_signals)
        Log-odds that each signal adds.
    expected : float
        Margin before any signal is looked at, log-odds.

    Raises
    ------
    ModelError
        If a row's contributions do not add up to its margin.
    """
    answer = np.asarray(_booster(trees).predict(matrix, pred_contrib=True, num_threads=threads))
    return split_contributions(answer, tree_margins(trees, matrix, threads=threads), outcome=outcome)


@lru_cache(maxsize=32)
def _booster(trees: str) -> lightgbm.Booster:
    # parsed once a process; kept outside the dataclass, which so stays plain and picklable
    import lightgbm

    return lightgbm.Booster(model_str=trees)
