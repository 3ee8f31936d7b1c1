"""The three upsells: seat expansion, plan upgrade and add-on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from uptier.outcomes.labelling import Window, labels
from uptier.outcomes.outcome import Labels
from uptier.settings import CONVERSIONS
from uptier.tables.history import History, grid_of

if TYPE_CHECKING:
    from uptier.tables.clean import Tables

CLOSED_STAGES = ("won", "lost")
NEEDS = {
    "seat_expansion": ("subscriptions", "seats"),
    "plan_upgrade": ("plans", "tier_rank"),
    "add_on": ("addons", "addon_id"),
}


def upsell_labels(tables: Tables, looks: pd.DataFrame, changes: pd.DataFrame, outcome: str) -> Labels:
    """Label rows by whether the account bought more of a kind in the window.

    Parameters
    ----------
    tables : Tables
        The project's clean tables.
    looks : DataFrame
        Columns account_id and as_of.
    changes : DataFrame
        What changed in contracts.
    outcome : str
        ``seat_expansion``, ``plan_upgrade`` or ``add_on``.

    Returns
    -------
    Labels
        An upsell of any kind or a leaving in the gap, and an upsell already being negotiated at the as-of date, leave a
        row out, counted, as does the highest plan, above which there is no upgrade; where the project lacks what the
        outcome is seen by, all rows are ``not_available``.
    """
    table, column = NEEDS[outcome]
    if table not in tables or column not in tables.present[table]:
        return Labels(outcome, _nothing(), {"not_available": len(looks)})
    settings = tables.settings
    window = Window(
        outcome=outcome,
        kinds=(outcome,),
        excluding=(*CONVERSIONS, "leaving"),
        horizon=settings.horizon(outcome),
        lag_days=settings.table("addons" if outcome == "add_on" else "subscriptions").lag_days,
        data_until=settings.data_until,
    )
    left_out = {}
    if outcome == "plan_upgrade":
        able = _below_the_top(tables, looks)
        left_out["on_highest_plan"] = len(looks) - len(able)
        looks = able
    found = labels(looks, changes, window)
    talks = in_talks(tables, looks)
    talks = talks[talks["upsell_type"].isna() | (talks["upsell_type"] == outcome)][["account_id", "as_of"]]
    flagged = found.rows.merge(talks.drop_duplicates(), on=["account_id", "as_of"], how="left", indicator=True)
    talking = (flagged["_merge"] == "both").to_numpy()
    return Labels(
        outcome,
        found.rows[~talking].reset_index(drop=True),
        {**left_out, **found.left_out, "open_opportunity": int(talking.sum())},
    )


def highest_tier(tables: Tables) -> float:
    """Give the rank of the highest plan on the price list.

    Parameters
    ----------
    tables : Tables
        The project's clean tables.

    Returns
    -------
    float
        NaN without a price list, or with an empty one.
    """
    if "plans" not in tables:
        return float("nan")
    highest = tables["plans"].tier_rank.max().to_pandas()
    return float("nan") if pd.isna(highest) else float(highest)


def _below_the_top(tables: Tables, looks: pd.DataFrame) -> pd.DataFrame:
    top = highest_tier(tables)
    if looks.empty or math.isnan(top):
        return looks
    running = History(tables, grid_of(tables, looks), None).running()
    plans = tables["plans"]
    highest = plans.filter(plans.tier_rank >= int(top))
    topped = running.semi_join(highest, "plan_id").select("account_id", "as_of").distinct().to_pandas()
    both = looks.merge(topped.astype({"as_of": "datetime64[us]"}), how="left", indicator=True)
    return both[both["_merge"] == "left_only"].drop(columns="_merge").reset_index(drop=True)


def in_talks(tables: Tables, looks: pd.DataFrame) -> pd.DataFrame:
    """List the rows at whose as-of date an upsell was already being negotiated.

    Parameters
    ----------
    tables : Tables
        The project's clean tables.
    looks : DataFrame
        Columns account_id and as_of.

    Returns
    -------
    DataFrame
        Columns account_id, as_of and upsell_type (None where the opportunity does not say). An expansion deal that is
        open
        predicts itself: it is no example to learn from.
    """
    if "opportunities" not in tables or looks.empty:
        return pd.DataFrame({"account_id": [], "as_of": [], "upsell_type": []}).astype(
            {"account_id": "str", "as_of": "datetime64[us]", "upsell_type": "object"}
        )
    past = History(tables, grid_of(tables, looks), None).past("opportunities")
    latest = ibis.row_number().over(
        group_by=[past.account_id, past.as_of, past.opportunity_id],
        # won and negotiated on one day is won
        order_by=[past.age, ibis.desc(past.entered_at), ibis.desc(past.stage.isin(CLOSED_STAGES)), past.stage],
    )
    now = past.mutate(_place=latest)
    now = now.filter((now._place == 0) & ~now.stage.isin(CLOSED_STAGES))
    found = now.select("account_id", "as_of", "upsell_type").distinct().to_pandas()
    typed: pd.DataFrame = found.astype({"as_of": "datetime64[us]"})
    return typed


def median_gains(changes: pd.DataFrame) -> dict[str, float]:
    """Say by how much an upsell of each kind usually raises what an account pays.

    Parameters
    ----------
    changes : DataFrame
        What changed in contracts.

    Returns
    -------
    dict of str to float
        Median of gained over earlier MRR, share; 0 for kinds that have not happened or whose price is not known.
    """
    gains = {}
    for kind in CONVERSIONS:
        rows = changes[(changes["kind"] == kind) & (changes["mrr_before"] > 0)]
        shares = ((rows["mrr_after"] - rows["mrr_before"]) / rows["mrr_before"]).dropna()
        gains[kind] = float(max(shares.median(), 0.0)) if len(shares) else 0.0
    return gains


def _nothing() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": pd.Series(dtype="str"),
            "as_of": pd.Series(dtype="datetime64[us]"),
            "label": pd.Series(dtype="int64"),
            "event_at": pd.Series(dtype="datetime64[us]"),
            "known_at": pd.Series(dtype="datetime64[us]"),
        }
    )
