"""From changes to labels: windows, gaps and censoring, the same for every outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from uptier.outcomes.changes import MERGED_AWAY
from uptier.outcomes.outcome import Labels

if TYPE_CHECKING:
    import datetime as dt

    from uptier.moments import Horizon


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
        Worst-case days until a change is known.
    data_until : date
        First day that the data do not cover.
    """

    outcome: str
    kinds: tuple[str, ...]
    excluding: tuple[str, ...]
    horizon: Horizon
    lag_days: int
    data_until: dt.date


def labels(looks: pd.DataFrame, changes: pd.DataFrame, window: Window) -> Labels:
    """Label rows by what happened in their windows.

    Parameters
    ----------
    looks : DataFrame
        Columns account_id and as_of.
    changes : DataFrame
        From :func:`uptier.outcomes.changes.changes`.
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
    until = pd.Timestamp(window.data_until)

    spoilt = _first(rows["account_id"], rows["as_of"], changes[changes["kind"].isin(window.excluding)])
    in_the_gap = spoilt["day"] < opens
    hit = _first(rows["account_id"], opens, changes[changes["kind"].isin(window.kinds)])
    positive = hit["day"] < closes
    censored = over > until
    merged = _first(rows["account_id"], rows["as_of"], changes[changes["kind"] == MERGED_AWAY])
    merged_away = (merged["day"] < closes) & ~(hit["day"] < merged["day"])

    rows["label"] = positive.astype("int64")
    rows["event_at"] = hit["day"].where(positive)
    known = hit["known_day"].where(positive)
    rows["known_at"] = pd.concat([over, known], axis=1).max(axis=1)
    kept = ~in_the_gap & ~censored & ~merged_away
    left_out = {
        "censored": int(censored.sum()),
        "in_the_gap": int((in_the_gap & ~censored).sum()),
        "merged_away": int((merged_away & ~in_the_gap & ~censored).sum()),
    }
    return Labels(window.outcome, rows[kept].reset_index(drop=True), left_out)


def _first(accounts: pd.Series, since: pd.Series, changes: pd.DataFrame) -> pd.DataFrame:
    """Find each account's first change on or after a day; NaT where there is none."""
    wanted = pd.DataFrame({"account_id": accounts, "since": since, "_row": range(len(accounts))}).sort_values("since")
    candidates = changes[["account_id", "day", "known_day"]].sort_values("day")
    found = pd.merge_asof(
        wanted,
        candidates,
        left_on="since",
        right_on="day",
        by="account_id",
        direction="forward",
    )
    found = found.sort_values("_row").set_index(accounts.index)
    return found[["day", "known_day"]]
