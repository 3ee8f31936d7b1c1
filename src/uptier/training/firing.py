"""Where triggers fired, and how long before a conversion they first did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uptier.signals.catalog import Catalog
    from uptier.signals.trigger import Trigger
    from uptier.thresholds import Thresholds

DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, kw_only=True, eq=False)
class Cases:
    """Conversions, each counted once however many rows saw it.

    Attributes
    ----------
    row : ndarray of int, shape (n_cases,)
        A row of the account, among those given.
    began : ndarray of int, shape (n_cases,)
        Place of the first row, in order of account and date, from which the case could have been seen coming.
    ended : ndarray of int, shape (n_cases,)
        Place after the last row before the case.
    day : ndarray of int, shape (n_cases,)
        Day of the case, since 1970.
    """

    row: NDArray[np.int64]
    began: NDArray[np.int64]
    ended: NDArray[np.int64]
    day: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Warnings:
    """How one trigger told of the cases.

    Attributes
    ----------
    known : ndarray of bool, shape (n_cases,)
        Whether it was available on any date from which the case could have been seen coming.
    lead : ndarray, shape (n_cases,)
        Days from the first date of its spell to the case; NaN where it had not fired.
    at_first_look : ndarray of bool, shape (n_cases,)
        Whether it had fired on the first date of the account already, so that the lead is at least that long.
    """

    known: NDArray[np.bool_]
    lead: NDArray[np.float64]
    at_first_look: NDArray[np.bool_]


def fired(frame: pd.DataFrame, catalog: Catalog, thresholds: Thresholds) -> pd.DataFrame:
    """Say where each trigger fired.

    Parameters
    ----------
    frame : DataFrame, shape (n, n_columns)
        Signals by name.
    catalog : Catalog
        The triggers.
    thresholds : Thresholds
        Where they fire.

    Returns
    -------
    DataFrame of boolean, shape (n, n_triggers)
        In the order of the catalogue. A trigger none of whose signals has a value in any row is not available: NA in
        all rows. A value that is missing in one row is an answer as any other, and does not fire it.
    """
    columns = {
        one.name: one.fired(frame, thresholds).astype("boolean")
        if _is_available(one, frame, thresholds)
        else pd.Series(pd.NA, index=frame.index, dtype="boolean")
        for one in catalog.triggers
    }
    return pd.DataFrame(columns, index=frame.index)


def cases(rows: pd.DataFrame, *, days: int) -> Cases:
    """Find the conversions behind the positive rows.

    Parameters
    ----------
    rows : DataFrame, shape (n, n_columns)
        Columns account_id, as_of, label and event_at, in the order of account and date.
    days : int
        How long before a case it could have been seen coming: gap and horizon together.

    Returns
    -------
    Cases
        One for each account and day of an event.
    """
    account, _ = pd.factorize(rows["account_id"])  # numbered in their order, so that the key below rises
    day = _days(rows["as_of"])
    event = _days(rows["event_at"].where(rows["label"] == 1))
    seen = np.flatnonzero((rows["label"].to_numpy() == 1) & rows["event_at"].notna().to_numpy())
    once = ~pd.DataFrame({"account": account[seen], "event": event[seen]}).duplicated().to_numpy()
    row = seen[once]
    # one number for account and day, so that a place is found in one look
    span = int(max(day.max(initial=0), event[row].max(initial=0))) + days + 2
    key = account * span + day
    return Cases(
        row=row,
        began=np.searchsorted(key, account[row] * span + np.maximum(event[row] - days, 0)),
        ended=np.searchsorted(key, account[row] * span + event[row]),
        day=event[row],
    )


def warnings(given: Cases, rows: pd.DataFrame, on: NDArray[np.float64]) -> Warnings:
    """Say how long before each case a trigger had fired.

    Parameters
    ----------
    given : Cases
        The conversions.
    rows : DataFrame, shape (n, n_columns)
        Columns account_id and as_of, in the order of account and date.
    on : ndarray, shape (n,)
        1 where the trigger fired, 0 where it did not, NaN where it was not available.

    Returns
    -------
    Warnings
        The first time that it fired within the days from which a case could be seen coming counts, and a spell that
        began before them from its own first date; a date on which it did not fire ends a spell.
    """
    n = len(on)
    account, day = rows["account_id"].to_numpy(dtype=object), _days(rows["as_of"])
    first = np.r_[True, account[1:] != account[:-1]] if n else np.zeros(0, dtype=bool)
    firing = on == 1
    starts = firing & (first | ~np.r_[False, firing[:-1]])
    place = np.arange(n)
    spell = np.maximum.accumulate(np.where(starts, place, 0)) if n else place
    # place of the next row that fired, the row itself included; n where there is none
    coming = np.append(np.minimum.accumulate(np.where(firing, place, n)[::-1])[::-1], n) if n else np.array([n])
    known = np.append(0, np.cumsum(~np.isnan(on)))
    met = coming[given.began]
    told = met < given.ended
    began = spell[np.where(told, met, 0)] if n else np.zeros(0, dtype=np.int64)
    lead = np.where(told, given.day - day[began], np.nan) if n else np.zeros(0)
    return Warnings(
        known=known[given.ended] > known[given.began], lead=lead, at_first_look=told & first[began] if n else told
    )


def any_of(rows: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Put several outcomes together: whether any of them came.

    Parameters
    ----------
    rows : mapping of str to DataFrame
        By outcome, each with columns account_id, as_of, origin, label and event_at.

    Returns
    -------
    DataFrame
        The same columns, ordered by account and date. Label 1 and the earliest event where any outcome came; 0 where
        none did, of the rows that every outcome has a label for: another row is left out.
    """
    told = pd.concat([part[["account_id", "as_of", "origin", "label", "event_at"]] for part in rows.values()])
    grouped = told.groupby(["account_id", "as_of"], sort=True)
    both = grouped.agg(
        origin=("origin", "first"), label=("label", "max"), event_at=("event_at", "min"), outcomes=("label", "size")
    ).reset_index()
    whole = (both["label"] == 1) | (both["outcomes"] == len(rows))
    return both[whole].drop(columns="outcomes").reset_index(drop=True)


class _Read(Mapping[str, Any]):
    """Columns of a frame that remember which of them were read."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        self.names: list[str] = []

    def __getitem__(self, name: str) -> pd.Series:
        self.names.append(name)
        return self._frame[name]

    def __iter__(self) -> Any:
        return iter(self._frame.columns)

    def __len__(self) -> int:
        return len(self._frame.columns)


def _is_available(one: Trigger, frame: pd.DataFrame, thresholds: Thresholds) -> bool:
    read = _Read(frame)
    one.rule(read, thresholds)
    return any(bool(frame[name].notna().any()) for name in read.names)


def _days(moments: pd.Series) -> NDArray[np.int64]:
    # NaT is a day so far back that nothing reaches it
    days = moments.to_numpy(dtype="datetime64[D]")
    return np.where(np.isnat(days), 0, days.astype(np.int64))
