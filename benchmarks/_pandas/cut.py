"""The cut: tables with their days as whole numbers and codes in place of names, and what of them is seen from a date.

A row counts from a date only if it had happened and was known before it. A moment that is missing lies `FAR` ahead, so
that what has no end has not ended, and what has no result has none yet.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

FAR = 1_000_000  # a day that never comes
LOOKBACK_DAYS = 366  # as far as "when last?" looks back
DAY_MINUTES = 24 * 60


def day_numbers(moments: pd.Series) -> np.ndarray:
    """Give the day of each moment, counted from 1970; `FAR` where there is none."""
    days = pd.to_datetime(moments).to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), FAR, days.astype("int64"))


def minutes_of(moments: pd.Series) -> pd.Series:
    """Give the minute of the day of each moment."""
    moments = pd.to_datetime(moments)
    return moments.dt.hour * 60 + moments.dt.minute


def codes_of(names: pd.Series, known: pd.Index) -> np.ndarray:
    """Give the place of each name in a list of names, -1 for those that are not on it."""
    if isinstance(names.dtype, pd.CategoricalDtype):
        # a few names instead of millions
        places = np.append(known.get_indexer(names.cat.categories), -1)
        return places[names.cat.codes]
    return known.get_indexer(names)


def dated(table: pd.DataFrame, time: str, accounts: pd.Index) -> pd.DataFrame:
    """Give the rows of the accounts that are looked at, with their days: `day`, and `known`, from which it is seen.

    Sorted by day.
    """
    day = day_numbers(table[time])
    known = np.maximum(day, known_days(table, "recorded_at", day))
    rows = table.assign(account=codes_of(table["account_id"], accounts), day=day, known=known)
    return rows[rows["account"] >= 0].sort_values("day", kind="stable", ignore_index=True)


def known_days(table: pd.DataFrame, column: str, otherwise: np.ndarray) -> np.ndarray:
    """Give the days on which rows became known: another day where the table does not say."""
    if column not in table:
        return otherwise
    told = day_numbers(table[column])
    return np.where(told == FAR, otherwise, told)


def column_of(table: pd.DataFrame, name: str) -> pd.Series:
    """Give a column, or nothing but missing values where the table does not have it."""
    return table[name] if name in table else pd.Series(None, index=table.index, dtype="object")


def window(rows: pd.DataFrame, as_of: int, last: int, before: int = 0) -> pd.DataFrame:
    """Give what a date has seen of the `last` days that end `before` days before it."""
    start, end = np.searchsorted(rows["day"], [as_of - before - last, as_of - before])
    some = rows.iloc[start:end]
    return some[some["known"].to_numpy() < as_of]


def ratio(part: Any, whole: pd.Series) -> pd.Series:
    """Divide, giving nothing where there is nothing to divide by."""
    return part / whole.where(whole != 0)


def growth(now: pd.Series, earlier: pd.Series) -> pd.Series:
    """Give the change as a share of what was there."""
    return ratio(now - earlier, earlier)
