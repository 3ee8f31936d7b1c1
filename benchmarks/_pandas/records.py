"""Milestones, people invited, and the account's own row."""

from __future__ import annotations

from typing import Any

import pandas as pd

from _pandas.cut import dated, window

DESCRIBING = ("region", "segment", "industry")


def milestones_of(table: pd.DataFrame, accounts: pd.Index, thresholds: Any) -> pd.DataFrame:
    """Give milestones, marked where they say that the product is set up."""
    names = [name.lower() for name in thresholds.implementation_milestones]
    rows = dated(table, "reached_at", accounts)
    return rows.assign(set_up=rows["milestone"].str.lower().isin(names))


def milestones(rows: pd.DataFrame, as_of: int, everyone: pd.Index) -> dict[str, pd.Series]:
    """Measure what an account has achieved, and when."""
    past = rows[rows["known"] < as_of]
    days = past.groupby("account")["day"]
    recent = window(rows, as_of, 90).groupby("account").size()
    return {
        "milestones": days.size().reindex(everyone, fill_value=0),
        "milestones_recent": recent.reindex(everyone, fill_value=0),
        "days_since_milestone": (as_of - days.max()).reindex(everyone),
        "days_since_first_value": (as_of - days.min()).reindex(everyone),
        "days_since_set_up": (as_of - past[past["set_up"]].groupby("account")["day"].min()).reindex(everyone),
    }


def invited(people: pd.DataFrame, as_of: int, everyone: pd.Index) -> dict[str, pd.Series]:
    """Measure how many people were invited."""
    return {
        f"invited_{last}": window(people, as_of, last).groupby("account").size().reindex(everyone, fill_value=0)
        for last in (28, 84)
    }


def described(table: pd.DataFrame, accounts: pd.Index) -> dict[str, pd.Series]:
    """Give what is known of the account itself, whatever the date."""
    rows = table.set_index("account_id").reindex(accounts)
    return {name: rows[name].reset_index(drop=True) for name in DESCRIBING}
