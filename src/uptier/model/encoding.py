"""From a frame of signals to the matrix that the trees read; the one place where this is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from uptier.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class BundleSignal:
    """A signal as a model knows it.

    Attributes
    ----------
    name : str
        Its column.
    family : str
        The family whose trigger it speaks through.
    is_category : bool
        Whether its values are text.
    """

    name: str
    family: str
    is_category: bool


def encoded(
    frame: pd.DataFrame, signals: Sequence[BundleSignal], categories: Mapping[str, Sequence[str]]
) -> NDArray[np.float64]:
    """Bring a frame into the form that the trees read.

    Parameters
    ----------
    frame : DataFrame, shape (n, n_columns)
        The signals by name, in any order.
    signals : sequence of BundleSignal
        The columns wanted, in order.
    categories : mapping of str to sequence of str
        Known values of each category signal; the place of a value is its code.

    Returns
    -------
    ndarray, shape (n, n_signals)
        Categories as codes; NaN for null and for an unknown category.

    Raises
    ------
    ModelError
        If a signal is missing, or if one holds text or infinite values where numbers belong.
    """
    missing = [signal.name for signal in signals if signal.name not in frame.columns]
    if missing:
        raise ModelError(
            f"The frame lacks {len(missing)} of the {len(signals)} signals of the model: {', '.join(missing)}.",
            do="Form the frame with the catalogue that the model was trained on; a value that is not known is NaN.",
        )
    matrix = np.empty((len(frame), len(signals)), dtype=np.float64)
    for place, signal in enumerate(signals):
        column = frame[signal.name]
        if signal.is_category:
            known = pd.Index(list(categories.get(signal.name, ())), dtype=object)
            codes = known.get_indexer(pd.Index(column, dtype=object))
            matrix[:, place] = np.where(codes < 0, np.nan, codes)
        else:
            matrix[:, place] = _numbers(column, signal.name)
    endless = [signal.name for place, signal in enumerate(signals) if np.isinf(matrix[:, place]).any()]
    if endless:
        raise ModelError(
            f"Signals hold infinite values: {', '.join(endless)}.", do="A ratio over nothing must be NaN, not infinite."
        )
    return matrix


def _numbers(column: pd.Series, name: str) -> NDArray[np.float64]:
    if not isinstance(column.dtype, pd.StringDtype):
        try:
            return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
        except (TypeError, ValueError):
            pass
    raise ModelError(f"The signal '{name}' must hold numbers.", found=f"a column of type {column.dtype}") from None
