"""What follows an upsell: who leaves or takes less within 90 days, beside everybody in the same months."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uptier.documentation.world.intervals import Z95, by_account, clustered, wilson
from uptier.documentation.world.rates import Rate, rate
from uptier.documentation.world.tables import TYPES, WorldTables, happens

if TYPE_CHECKING:
    import pandas as pd

LESS = ("contraction", "downgrade")  # reasons of a subscription's version
AFTER_DAYS = 90
HELD = (0.03, 0.10)  # this project's own
AXIS = {"seat_expansion": "pressure", "plan_upgrade": "need", "add_on": "gap"}  # that a sale answers
IN_NEED = {"seat_expansion": ("tight", "full"), "plan_upgrade": ("strong",), "add_on": ("urgent",)}
WITHOUT = {"seat_expansion": ("roomy", "easy"), "plan_upgrade": ("none",), "add_on": ("none",)}


def aftermath(world: WorldTables) -> list[Rate]:
    """Measure who leaves or takes less within 90 days after an upsell.

    Parameters
    ----------
    world : WorldTables
        The tables.

    Returns
    -------
    list of Rate
        After any sale; after a well-timed one, which a signal or a need was behind; after a pushed one, made in a call
        by the calendar without a need; and of everybody, in the months of all sales. What is sold on one day is one.
    """
    import pandas as pd

    end = pd.Timestamp(world.until) - pd.Timedelta(days=AFTER_DAYS)
    subs = world.table("subscriptions")
    less = subs[subs["change_reason"].isin(LESS)]
    lapses = pd.concat([world.left(), less.assign(day=less["valid_from"].dt.normalize())[["account_id", "day"]]])
    sold = _timed(world)
    sales = sold.groupby(["account_id", "day"], as_index=False)[["timed", "pushed"]].max()
    sales = sales[sales["day"] <= end]
    lapsed = happens(lapses, sales["account_id"], sales["day"], 1, AFTER_DAYS)
    rates = []
    for name, which in (
        ("upsold", np.ones(len(sales), dtype=bool)),
        ("timed", sales["timed"].to_numpy()),
        ("pushed", (sales["pushed"] & ~sales["timed"]).to_numpy()),
    ):
        wins, count = int(lapsed[which].sum()), int(which.sum())
        bounds = HELD if name == "upsold" else (None, None)
        rates.append(rate("churn", name, "", wins / max(count, 1), *wilson(wins, count), count, *bounds))
    return [*rates, _everybody(world, lapses, sales["day"], end)]


def _everybody(world: WorldTables, lapses: pd.DataFrame, sales: pd.Series[pd.Timestamp], end: pd.Timestamp) -> Rate:
    """The same of all accounts from firsts of months on, each month counted by its sales."""
    import pandas as pd

    looks = world.table("truth")[["account_id", "as_of"]]
    looks = looks[looks["as_of"] <= end]
    came = pd.Series(happens(lapses, looks["account_id"], looks["as_of"], 0, AFTER_DAYS), dtype=float)
    month = looks["as_of"].dt.to_period("M").to_numpy()
    share = sales.dt.to_period("M").value_counts(normalize=True)
    mean = came.groupby(month).transform("mean").to_numpy()
    weight = share.reindex(month).fillna(0.0).to_numpy() / came.groupby(month).transform("size").to_numpy()
    value = float((weight * mean).sum())
    error = Z95 * clustered(by_account(looks["account_id"], weight * (came.to_numpy() - mean)), 1)
    return rate("churn", "everybody", "", value, value - error, value + error, looks["account_id"].nunique())


def _timed(world: WorldTables) -> pd.DataFrame:
    """All upsells, and whether each was well timed or pushed; most of those that customers made alone are neither."""
    calls = world.table("outreach")
    calls = calls[calls["result"] == "won"].assign(day=calls["result_at"].dt.normalize())
    calls = calls.rename(columns={"upsell_type": "type"})[["account_id", "day", "type", "started_by"]]
    truth = world.table("truth")
    states = truth.assign(month=truth["as_of"].dt.to_period("M"))[["account_id", "month", *AXIS.values()]]
    sold = world.sold().merge(calls.drop_duplicates(["account_id", "day", "type"]), how="left")
    sold = sold.assign(month=sold["day"].dt.to_period("M")).merge(states, on=["account_id", "month"], how="left")
    timed = sold["started_by"].notna() & (sold["started_by"] != "calendar")
    pushed = sold["type"].isna()
    for upsell in TYPES:
        of = sold["type"] == upsell
        timed |= of & sold[AXIS[upsell]].isin(IN_NEED[upsell])
        pushed |= of & sold[AXIS[upsell]].isin(WITHOUT[upsell]) & (sold["started_by"] == "calendar")
    return sold.assign(timed=timed, pushed=pushed)
