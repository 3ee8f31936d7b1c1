"""The three upsells: seat expansion, plan upgrade and add-on."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from uptier.outcomes.evidence import CLOSED_STAGES, CONTRACT, dated_by_evidence, opportunities, verdicts
from uptier.outcomes.kinds import DEARER
from uptier.outcomes.labelling import Window, first_change, labels
from uptier.outcomes.outcome import WORDS, Labels
from uptier.settings import CONVERSIONS
from uptier.tables.history import History, grid_of

if TYPE_CHECKING:
    from uptier.tables.clean import Tables

NEEDS = {
    "seat_expansion": ("subscriptions", "seats"),
    "plan_upgrade": ("plans", "tier_rank"),
    "add_on": ("addons", "addon_id"),
}

_CONTRACT_OF_OWN = "contract of the upsell that is asked about"  # a kind of change while labels are looked for


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
        outcome is seen by, all rows are ``not_available``. Where the project dates upsells by their evidence, a row is
        left out as ``undecided`` too, as long as an upsell may come of an opportunity from before the window's end.
    """
    table, column = NEEDS[outcome]
    if table not in tables or column not in tables.present[table]:
        return Labels(outcome, _nothing(), {"not_available": len(looks)})
    left_out = {}
    if outcome == "plan_upgrade":
        able = _below_the_top(tables, looks)
        left_out["on_highest_plan"] = len(looks) - len(able)
        looks = able
    if tables.settings.outcomes.label_time == "evidence":
        found = _by_evidence(tables, looks, changes, outcome)
    else:
        found = labels(looks, changes.assign(dated_by=CONTRACT), _window(tables, outcome))
        found = _without(found, _talked_about(tables, found.rows, outcome), "open_opportunity")
    return Labels(outcome, found.rows, {**left_out, **found.left_out})


def _window(tables: Tables, outcome: str, **changed: Any) -> Window:
    settings = tables.settings
    lags = {name: settings.table(name).lag_days for name in ("subscriptions", "addons") if name in tables}
    # an add-on is one of a running account, which subscriptions tell
    own = max(lags.values()) if outcome == "add_on" else lags["subscriptions"]
    window = Window(
        outcome=outcome,
        kinds=(outcome,),
        excluding=(*CONVERSIONS, "leaving"),
        horizon=settings.horizon(outcome),
        lag_days=own,
        data_until=settings.data_until,
        gap_lag_days=max(lags.values()),
        not_counted=(outcome, DEARER),
    )
    return dataclasses.replace(window, **changed)


def _by_evidence(tables: Tables, looks: pd.DataFrame, changes: pd.DataFrame, outcome: str) -> Labels:
    """Label rows by when an upsell began, where that is known to be before the contract changed."""
    settings = tables.settings.outcomes
    deals = opportunities(tables)
    upsells = dated_by_evidence(changes, deals, settings)
    own = upsells[upsells["kind"] == outcome]
    contracts = changes.assign(kind=changes["kind"].replace(outcome, _CONTRACT_OF_OWN))
    both = pd.concat([contracts, own.drop(columns=["contract_day", "opportunity_id"])], ignore_index=True)
    window = _window(tables, outcome)
    # in the gap, what changes the contract spoils a row, whenever it began, and what begins there too
    window = dataclasses.replace(window, excluding=(*window.excluding, _CONTRACT_OF_OWN))
    if "opportunities" in tables:
        lag = max(window.lag_days, tables.settings.table("opportunities").lag_days)
        window = dataclasses.replace(window, lag_days=lag)
    found = labels(looks, both, window)
    talking = _talked_about(tables, found.rows, outcome) | _began_before(found.rows, own)
    found = _without(found, talking, "open_opportunity")
    waited = verdicts(deals, upsells, outcome, settings, lag_days=_window(tables, outcome).lag_days)
    verdict = _last_verdict(found.rows, waited, days=window.horizon.days)
    # of a positive nothing is open any more
    verdict = verdict.where(found.rows["label"] == 0)
    known = pd.concat([found.rows["known_at"], verdict], axis=1).max(axis=1)
    found = dataclasses.replace(found, rows=found.rows.assign(known_at=known))
    return _without(found, verdict > pd.Timestamp(window.data_until), "undecided")


def _without(found: Labels, gone: pd.Series, reason: str) -> Labels:
    rows = found.rows[~gone].reset_index(drop=True)
    return Labels(found.outcome, rows, {**found.left_out, reason: int(gone.sum())})


def _talked_about(tables: Tables, rows: pd.DataFrame, outcome: str) -> pd.Series:
    talks = in_talks(tables, rows)
    talks = talks[talks["upsell_type"].isna() | (talks["upsell_type"] == outcome)][["account_id", "as_of"]]
    flagged = rows.merge(talks.drop_duplicates(), on=["account_id", "as_of"], how="left", indicator=True)
    return pd.Series((flagged["_merge"] == "both").to_numpy(), index=rows.index)


def _began_before(rows: pd.DataFrame, own: pd.DataFrame) -> pd.Series:
    """Say at whose as-of date an upsell had begun, known then or not, whose contract changed on it or later."""
    days = own.groupby(["account_id", "contract_day"])["day"].min().rename("began").reset_index()
    # of all that are still to come, the first to begin
    began = days[::-1].groupby("account_id")["began"].cummin()
    coming = pd.DataFrame({"account_id": days["account_id"], "day": days["contract_day"], "known_day": began})
    return first_change(rows["account_id"], rows["as_of"], coming)["known_day"] < rows["as_of"]


def _last_verdict(rows: pd.DataFrame, waited: pd.DataFrame, *, days: int) -> pd.Series:
    """Give the last day on which something is still open of what began before each row's window was over; else NaT."""
    waited = waited.sort_values("created_day", kind="stable")
    last = waited.assign(verdict_day=waited.groupby("account_id")["verdict_day"].cummax())
    closes = rows[["account_id"]].assign(closes=rows["as_of"] + pd.Timedelta(days=days), _row=range(len(rows)))
    found = pd.merge_asof(
        closes.sort_values("closes"),
        last,
        left_on="closes",
        right_on="created_day",
        by="account_id",
        allow_exact_matches=False,
    )
    return found.sort_values("_row").set_index(rows.index)["verdict_day"]


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
            **{word: pd.Series(dtype="str") for word in WORDS},
        }
    )
