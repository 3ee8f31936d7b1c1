"""Add-ons that are new to a running account, and those given up while it runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from uptier.outcomes.kinds import FAR_AHEAD

if TYPE_CHECKING:
    from uptier.tables.clean import Tables


def addon_changes(tables: Tables, states: pd.DataFrame) -> pd.DataFrame:
    """Find add-ons that are new to a running account, and those given up while it runs on.

    Parameters
    ----------
    tables : Tables
        The project's clean tables, add-ons among them.
    states : DataFrame
        What ran from each day of change on: account_id, day, running and mrr (hundredths of the account currency per
        month).

    Returns
    -------
    DataFrame
        Columns account_id, day, known_day, kind (``add_on`` or ``downgrade``), mrr_before and mrr_after; MRR is NaN
        where a price is not known.
    """
    held = tables["addons"].select("account_id", "addon_id", "mrr", "day", "known_day", "end_day", "end_known_day")
    # what ended on the day on which it began was never held
    held = held.filter(held.end_day.isnull() | (held.end_day > held.day))
    rows = held.order_by(["account_id", "addon_id", "day"]).to_pandas()
    for column in ("day", "known_day", "end_day", "end_known_day"):
        rows[column] = rows[column].astype("datetime64[us]")
    until = pd.Timestamp(tables.settings.data_until)
    rows = _stretches(rows.astype({"mrr": "float64"}))
    starts = rows[rows["begins"]].assign(kind="add_on", gained=rows["mrr"])
    ends = rows[rows["ends"] & (rows["end_day"] < until)]
    ends = ends.assign(kind="downgrade", gained=-ends["mrr"], day=ends["end_day"], known_day=ends["end_known_day"])
    found = pd.concat([starts, ends], ignore_index=True).sort_values("day")
    timeline = states[["account_id", "day", "running", "mrr"]]
    # strictly before: an add-on bought together with the first subscription is part of the first sale
    found = pd.merge_asof(
        found,
        timeline.sort_values("day"),
        on="day",
        by="account_id",
        allow_exact_matches=False,
        suffixes=("_addon", ""),
    )
    left = states[states["running"] == 0][["account_id", "day"]].astype({"day": "datetime64[us]"})
    leaves = found.merge(left, on=["account_id", "day"], how="left", indicator="leaves")["leaves"] == "both"
    found = found[(found["running"] > 0) & ~leaves.to_numpy()]
    return found.assign(
        mrr_before=found["mrr"].astype("float64"), mrr_after=found["mrr"] + found["gained"].astype("float64")
    )[["account_id", "day", "known_day", "kind", "mrr_before", "mrr_after"]]


def _stretches(rows: pd.DataFrame) -> pd.DataFrame:
    """Mark where an add-on really begins and ends: a re-bill, begun while one before still ran, is no news."""
    same = [rows["account_id"], rows["addon_id"]]
    end = rows["end_day"].fillna(pd.Timestamp(FAR_AHEAD))
    reached = end.groupby(same).cummax()
    begins = ~(rows["day"] <= reached.groupby(same).shift(1))
    closes = begins.groupby(same).shift(-1, fill_value=True)
    # the last row of a stretch is not always the one that ends last
    rows = rows.assign(begins=begins, _stretch=begins.cumsum(), _end=end)
    last = rows.groupby("_stretch")["_end"].transform("max")
    known = rows["end_known_day"].where(rows["_end"] == last).groupby(rows["_stretch"]).transform("max")
    return rows.assign(ends=closes & (last < pd.Timestamp(FAR_AHEAD)), end_day=last, end_known_day=known)
