"""Who stands on a CSM's list, and at which place: by value, within capacity, with a few drawn from lower ranks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from uptier.scoring.holdout import exploration_draws
from uptier.scoring.suppression import DISCOVERY

if TYPE_CHECKING:
    from uptier.settings import Settings

BEYOND = "beyond capacity"


def places(cases: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Give the place of each case on its CSM's list.

    Talks about an upsell come first, by value, pitch or not; then discovery talks, by renewal; equals by account. The
    first of them that fit into the CSM's capacity are listed. Where talks about upsells are left over and
    `worklist.exploration_share` is above 0, the last places of the list go to those beyond that the draw falls on.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, n_columns)
        What may be listed: account_id, upsell, cycle, owner (missing for nobody's accounts, which make one list of
        their own), value (NaN last) and days_until_renewal.
    settings : Settings
        Capacities and shares.

    Returns
    -------
    DataFrame, shape (n_cases, 3)
        With the cases' index: rank (1 for the first; NaN for what is not listed), exploration (bool) and
        unlisted_because (None for what is listed).
    """
    given = cases[["account_id", "upsell"]].copy()
    given["owner"] = cases["owner"].astype(object).where(cases["owner"].notna(), "")
    given["discovery"] = cases["upsell"] == DISCOVERY
    given["value"] = -cases["value"].astype("float64")
    # discovery talks have no value: the nearest renewal first
    given["value"] = given["value"].where(~given["discovery"], cases["days_until_renewal"].astype("float64"))
    order = given.sort_values(["owner", "discovery", "value", "account_id", "upsell"], kind="stable")
    place = order.groupby("owner").cumcount() + 1
    capacity = order["owner"].map(settings.worklist.capacity_of).fillna(settings.worklist.capacity).astype("int64")
    drawn = _drawn(order, place, capacity, cases, settings)
    explorers = drawn.groupby(order["owner"]).transform("sum")
    # those drawn take the last places, so that the others' order is that of their value
    listed = (place <= capacity - explorers) | drawn
    rank = listed.groupby(order["owner"]).cumsum().astype("float64").where(listed)
    found = pd.DataFrame({"rank": rank, "exploration": drawn}, index=order.index)
    found["unlisted_because"] = pd.Series(BEYOND, index=order.index).astype(object).mask(listed, None)
    return found.loc[cases.index]


def _drawn(
    order: pd.DataFrame,
    place: pd.Series[int],
    capacity: pd.Series[int],
    cases: pd.DataFrame,
    settings: Settings,
) -> pd.Series[bool]:
    share = settings.worklist.exploration_share
    drawn = pd.Series(False, index=order.index)
    beyond = order[(place > capacity) & (capacity > 0) & ~order["discovery"]]
    if not share or beyond.empty:
        return drawn
    cycle = cases.loc[beyond.index, "cycle"].dt.strftime("%Y-%m-%d")
    draw = pd.Series(exploration_draws(beyond["account_id"], cycle, settings), index=beyond.index)
    slice_of = draw[draw < share].to_frame("draw").join(order[["owner", "account_id", "upsell"]])
    slice_of = slice_of.sort_values(["owner", "draw", "account_id", "upsell"])
    places_of = capacity.loc[slice_of.index].map(lambda places: math.ceil(places * share))
    drawn.loc[slice_of.index[slice_of.groupby("owner").cumcount() < places_of]] = True
    return drawn
