"""From any ready table to the matrix that trees read: numbers, dates as days, texts as codes of known values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from uptier.errors import UptierError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CATEGORIES = 250  # of one column, the most frequent; LightGBM looks for splits among them all
CATEGORY_ROWS = 10  # a value that fewer rows have is told from none by chance alone
PARSED = 0.95  # share of the values of a column of texts that are numbers or dates, from which on it is one of them
SECONDS_A_DAY = 86_400


class FeatureError(UptierError, ValueError):
    """A table cannot be learnt from or predicted for as it is; also a ValueError, as scikit-learn has it."""


@dataclass(frozen=True, kw_only=True)
class Features:
    """How the columns of a table become numbers.

    Attributes
    ----------
    names : tuple of str
        The columns, in order.
    kinds : tuple of str
        Of each column ``number``, ``written`` (numbers as texts), ``date`` (days since 1970), ``category``, or ``none``
        where there is nothing to learn from.
    categories : mapping of str to tuple of str
        Known values of each category column; the place of a value is its code.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def places(self) -> list[int]:
        """Which columns hold codes of categories."""
        return [place for place, kind in enumerate(self.kinds) if kind == "category"]

    def matrix(self, table: pd.DataFrame) -> NDArray[np.float64]:
        """Bring a table into the form that trees read.

        Parameters
        ----------
        table : DataFrame, shape (n, n_columns)
            The columns that were learnt from, in the same order.

        Returns
        -------
        ndarray, shape (n, n_columns)
            NaN for what is missing, for a text that is not known or is no date, and in all of a ``none`` column.

        Raises
        ------
        FeatureError
            If a column holds infinite values, or texts where numbers belong.
        """
        matrix = np.full((len(table), len(self.names)), np.nan)
        for place, (name, kind) in enumerate(zip(self.names, self.kinds, strict=True)):
            column = table.iloc[:, place]
            if kind == "number":
                matrix[:, place] = _numbers(column, name)
            elif kind == "written":
                matrix[:, place] = _each(column, _written)
            elif kind == "date":
                matrix[:, place] = _days(column)
            elif kind == "category":
                codes = pd.Index(self.categories[name], dtype=object).get_indexer(_texts(column))
                matrix[:, place] = np.where(codes < 0, np.nan, codes)
        endless = [name for name, values in zip(self.names, matrix.T, strict=True) if np.isinf(values).any()]
        if endless:
            # the word that scikit-learn's own checks look for
            raise FeatureError(
                f"Columns hold infinity: {', '.join(endless)}.",
                do="A ratio over nothing is unknown: make it missing (NaN).",
            )
        return matrix


def features(table: pd.DataFrame) -> Features:
    """Find out how the columns of a table become numbers.

    Parameters
    ----------
    table : DataFrame, shape (n, n_columns)
        What is learnt from. Booleans are numbers; texts of which 95 % are numbers, or ISO 8601 dates, are that, and all
        other texts are categories. Of these only values of ten rows or more are known, at most the 250 most frequent:
        codes and names that nobody shares tell nothing of the next row.

    Returns
    -------
    Features
        For this table and all later ones.

    Raises
    ------
    FeatureError
        If two columns have the same name.
    """
    names = tuple(str(name) for name in table.columns)
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise FeatureError(
            f"Columns share a name: {', '.join(twice)}.", do="Give each column a name of its own, or drop one of them."
        )
    kinds, categories = [], {}
    for place, name in enumerate(names):
        kind, known = _kind(table.iloc[:, place])
        kinds.append(kind)
        if kind == "category":
            categories[name] = known
    return Features(names=names, kinds=tuple(kinds), categories=categories)


def _kind(column: pd.Series) -> tuple[str, tuple[str, ...]]:
    if not column.notna().any():
        return "none", ()
    kind = column.dtype.kind if not isinstance(column.dtype, pd.CategoricalDtype) else "O"
    if kind in "mM":
        return "date", ()
    inferred = pd.api.types.infer_dtype(column, skipna=True) if kind == "O" else ""
    if kind in "biuf" or inferred in {"integer", "floating", "mixed-integer-float", "decimal", "boolean"}:
        return "number", ()
    if inferred in {"date", "datetime", "datetime64"}:
        return "date", ()
    counted = pd.Series(_texts(column)).value_counts()
    if not isinstance(column.dtype, pd.CategoricalDtype):
        for parsed, one in ((_written, "written"), (_dated, "date")):
            if np.average(~np.isnan(parsed(counted.index)), weights=counted) >= PARSED:
                return one, ()
    # as frequent ones in the order of their texts: the order of the rows must not matter
    counted = counted[counted >= CATEGORY_ROWS].sort_index(kind="stable").nlargest(MOST_CATEGORIES, keep="first")
    return ("category", tuple(sorted(counted.index))) if len(counted) > 0 else ("none", ())


def _numbers(column: pd.Series, name: str) -> NDArray[np.float64]:
    try:
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError):
        raise FeatureError(
            f"The column '{name}' must hold numbers, as it did when the model was learnt.",
            found=f"a column of type {column.dtype}",
        ) from None


def _days(column: pd.Series) -> NDArray[np.float64]:
    if column.dtype.kind == "m":
        return np.asarray(column.dt.total_seconds().to_numpy(dtype=np.float64, na_value=np.nan) / SECONDS_A_DAY)
    return _dated(pd.Index(column)) if column.dtype.kind == "M" else _each(column, _dated)


def _each(column: pd.Series, parsed: Callable[[pd.Index], NDArray[np.float64]]) -> NDArray[np.float64]:
    # each text once
    place, texts = pd.factorize(_texts(column))
    return np.asarray(np.append(parsed(pd.Index(texts, dtype=object)), np.nan)[place])


def _dated(values: pd.Index) -> NDArray[np.float64]:
    times = pd.DatetimeIndex(pd.to_datetime(values, format="ISO8601", errors="coerce", utc=True)).tz_convert(None)
    seconds = (times - pd.Timestamp(0)).total_seconds()
    return np.asarray(seconds, dtype=np.float64) / SECONDS_A_DAY


def _written(values: pd.Index) -> NDArray[np.float64]:
    numbers = np.asarray(pd.to_numeric(values.to_series(), errors="coerce"), dtype=np.float64)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _texts(column: pd.Series) -> pd.Index:
    missing = column.isna().to_numpy()
    texts = np.full(len(column), None, dtype=object)
    texts[~missing] = [str(value) for value in column[~missing]]
    index: pd.Index = pd.Index(texts, dtype=object)
    return index
