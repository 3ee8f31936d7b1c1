"""What an upsell brought, in ARR: held against what was expected of it, and never learnt from."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from uptier.settings import CONVERSIONS

if TYPE_CHECKING:
    from uptier.outcomes.outcome import Examples

MONTHS = 12
HUNDREDTHS = 100  # changes hold money in whole hundredths
LATEST_DAYS = 366  # from what dates an upsell to the contract that it led to


def with_gains(given: Examples, changes: pd.DataFrame) -> Examples:
    """Put beside each row what its upsell brought.

    Parameters
    ----------
    given : Examples
        Rows of an outcome.
    changes : DataFrame
        From :func:`uptier.outcomes.changes.changes`.

    Returns
    -------
    Examples
        With `gained`: the ARR after less the ARR before the first change of the kind on or after the day of the upsell,
        account currency a year; 0 where nothing was bought, NaN where the price is not known. As it was for an outcome
        that is no upsell.
    """
    if given.outcome not in CONVERSIONS:
        return given
    rows = pd.DataFrame(
        {"account_id": given.frame["account_id"], "event_at": given.event_at, "row": range(len(given.label))}
    )
    bought = rows[rows["event_at"].notna()].sort_values("event_at")
    sold = changes.loc[changes["kind"] == given.outcome, ["account_id", "day", "mrr_before", "mrr_after"]]
    found = pd.merge_asof(
        bought.astype({"event_at": "datetime64[us]"}),
        sold.sort_values("day").astype({"day": "datetime64[us]"}),
        left_on="event_at",
        right_on="day",
        by="account_id",
        direction="forward",
        tolerance=pd.Timedelta(days=LATEST_DAYS),
    )
    gained = np.zeros(len(rows))
    brought = (found["mrr_after"] - found["mrr_before"]).to_numpy(dtype=np.float64, na_value=np.nan)
    gained[found["row"].to_numpy()] = brought * MONTHS / HUNDREDTHS
    return dataclasses.replace(given, gained=pd.Series(gained, index=given.frame.index))
