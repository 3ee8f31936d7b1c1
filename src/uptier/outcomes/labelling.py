"""From changes to labels: windows, gaps and censoring, the same for every outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from uptier.outcomes.kinds import MERGED_AWAY
from uptier.outcomes.outcome import Labels

if TYPE_CHECKING:
    import datetime as dt

    from uptier.moments import Horizon

_DAYS = ("day", "known_day")
_WORDS = ("how", "dated_by", "because")  # of a change, where they are told


@dataclass(frozen=True, kw_only=True)
class Window:
    """Where and for what labels are looked for.

    Attributes
    ----------
    outcome : str
        Which outcome.
    kinds : tuple of str
        Kinds of change that make the label 1.
    excluding : tuple of str
        Kinds of change that, inside the gap, leave the row without a label.
    horizon : Horizon
        Gap and length.
    lag_days : int
        Worst-case days until a change of `kinds` is known.
    data_until : date
        First day that the data do not cover.
    gap_lag_days : int
        Worst-case days until a change of `excluding` is known.
    not_counted : tuple of str
        What a change that no outcome looks for would have been: where it is one of these, a row that is 0 is told of.
    """

    outcome: str
    kinds: tuple[str, ...]
    excluding: tuple[str, ...]
    horizon: Horizon
    lag_days: int
    data_until: dt.date
    gap_lag_days: int = 0
    not_counted: tuple[str, ...] = ()


def labels(looks: pd.DataFrame, changes: pd.DataFrame, window: Window) -> Labels:
    """Label rows by what happened in their windows.

    Parameters
    ----------
    looks : DataFrame
        Columns account_id and as_of.
    changes : DataFrame
        From :func:`uptier.outcomes.changes.changes`, or columns account_id, day, known_day and kind alone.
    window : Window
        Where to look, and for what.

    Returns
    -------
    Labels
        Rows whose window is over by `data_until`, lag included, and in whose gap nothing happened; the others are
        counted by reason: ``censored``, ``in_the_gap``, and ``merged_away`` where the account became part of another
        before the window was over and before anything happened in it: neither a positive nor a negative.
    """
    rows = looks[["account_id", "as_of"]].copy()
    opens = rows["as_of"] + pd.Timedelta(days=window.horizon.gap_days)
    closes = rows["as_of"] + pd.Timedelta(days=window.horizon.days)
    over = closes + pd.Timedelta(days=window.lag_days)
    over = over.where(
        over >= opens + pd.Timedelta(days=window.gap_lag_days), opens + pd.Timedelta(days=window.gap_lag_days)
    )
    until = pd.Timestamp(window.data_until)

    spoilt = first_change(rows["account_id"], rows["as_of"], changes[changes["kind"].isin(window.excluding)])
    in_the_gap = spoilt["day"] < opens
    hit = first_change(rows["account_id"], opens, changes[changes["kind"].isin(window.kinds)])
    positive = hit["day"] < closes
    censored = over > until
    merged = first_change(rows["account_id"], rows["as_of"], changes[changes["kind"] == MERGED_AWAY])
    merged_away = (merged["day"] < closes) & ~(hit["day"] < merged["day"])

    rows["label"] = positive.astype("int64")
    rows["event_at"] = hit["day"].where(positive)
    known = hit["known_day"].where(positive)
    rows["known_at"] = pd.concat([over, known], axis=1).max(axis=1)
    rows["how"], rows["dated_by"] = hit["how"].where(positive, ""), hit["dated_by"].where(positive, "")
    rows["not_counted"] = _not_counted(rows, opens, closes, changes, window).where(~positive, "")
    kept = ~in_the_gap & ~censored & ~merged_away
    left_out = {
        "censored": int(censored.sum()),
        "in_the_gap": int((in_the_gap & ~censored).sum()),
        "merged_away": int((merged_away & ~in_the_gap & ~censored).sum()),
    }
    return Labels(window.outcome, rows[kept].reset_index(drop=True), left_out)


def first_change(accounts: pd.Series, since: pd.Series, changes: pd.DataFrame) -> pd.DataFrame:
    """Find each account's first change on or after a day.

    Parameters
    ----------
    accounts : Series of str
        Whose.
    since : Series of datetime64
        From which day on; with the index of `accounts`.
    changes : DataFrame
        Columns account_id, day and known_day; how, dated_by and because where they are told.

    Returns
    -------
    DataFrame
        With the index of `accounts`: day and known_day, NaT where there is none; how, dated_by and because, empty there
        and where they are not told.
    """
    wanted = pd.DataFrame({"account_id": accounts, "since": since, "_row": range(len(accounts))}).sort_values("since")
    told = [*_DAYS, *(word for word in _WORDS if word in changes.columns)]
    candidates = changes[["account_id", *told]].sort_values("day", kind="stable")
    found = pd.merge_asof(
        wanted,
        candidates,
        left_on="since",
        right_on="day",
        by="account_id",
        direction="forward",
    )
    found = found.sort_values("_row").set_index(accounts.index)[told].reindex(columns=[*_DAYS, *_WORDS])
    words = found[[*_WORDS]].astype("object").fillna("").astype("str")
    return pd.concat([found[[*_DAYS]], words], axis=1)


def _not_counted(
    rows: pd.DataFrame, opens: pd.Series, closes: pd.Series, changes: pd.DataFrame, window: Window
) -> pd.Series:
    """Say for each row why the first change of its window does not count that might have."""
    if not window.not_counted:
        return pd.Series("", index=rows.index, dtype="str")
    first = first_change(rows["account_id"], opens, changes[changes["would_be"].isin(window.not_counted)])
    return first["because"].where(first["day"] < closes, "")
