"""The first commercial evidence of an upsell: its opportunity, or its order, from before the contract changed.

Which opportunity began which upsell is nowhere written. An opportunity fits a change of the same account and type (one
that tells no type fits any) if it was created on the day of the change or at most `evidence_days` before, was not lost,
and, where it was won, that was at most `settling_days` before or after the change. Each begins one upsell at most and
each upsell has one at most: those nearest to each other by the day of the win come first, open ones last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from uptier.settings import CONVERSIONS

if TYPE_CHECKING:
    from uptier.outcome_settings import OutcomesSettings
    from uptier.tables.clean import Tables

WON, LOST = "won", "lost"
CLOSED_STAGES = (WON, LOST)
CONTRACT, OPPORTUNITY, ORDER = "contract", "opportunity", "order"
DATED_BY = (CONTRACT, OPPORTUNITY, ORDER)

_DAYS = ("created_day", "created_known", "closed_day", "closed_known")


def opportunities(tables: Tables) -> pd.DataFrame:
    """Give each opportunity as it stands at the end of the data.

    Parameters
    ----------
    tables : Tables
        The project's clean tables.

    Returns
    -------
    DataFrame
        One row for each account and opportunity, in this order: account_id, opportunity_id, upsell_type (empty where it
        does not say), created_day and created_known, when it entered its first stage and when that was known; result,
        ``won``, ``lost`` or empty, by its latest stage; closed_day and closed_known, NaT where it is open. No rows
        where the project has no such table.
    """
    key = ["account_id", "opportunity_id"]
    if "opportunities" not in tables:
        nothing = pd.DataFrame({name: pd.Series(dtype="str") for name in (*key, "upsell_type", "result")})
        return nothing.assign(**{day: pd.Series(dtype="datetime64[us]") for day in _DAYS})
    table = tables["opportunities"]
    table = table.mutate(closed=table.stage.isin(CLOSED_STAGES))
    # won and negotiated on one day is won, as for those in talks
    order = ["day", "entered_at", "closed", "stage"]
    rows = table.select(*key, "upsell_type", "stage", "known_day", *order[:3]).order_by([*key, *order]).to_pandas()
    rows = rows.astype({"day": "datetime64[us]", "known_day": "datetime64[us]", "closed": "bool"})
    one = rows.groupby(key, sort=True)
    first, last = one[["day", "known_day"]].first(), one[["day", "known_day", "stage", "closed"]].last()
    closed = last["closed"]
    return pd.DataFrame(
        {
            "upsell_type": one["upsell_type"].last().astype("object").fillna("").astype("str"),
            "created_day": first["day"],
            "created_known": first["known_day"],
            "result": last["stage"].where(closed, "").astype("str"),
            "closed_day": last["day"].where(closed),
            "closed_known": last["known_day"].where(closed),
        }
    ).reset_index()


def dated_by_evidence(changes: pd.DataFrame, deals: pd.DataFrame, settings: OutcomesSettings) -> pd.DataFrame:
    """Date upsells by their first commercial evidence.

    Parameters
    ----------
    changes : DataFrame
        From :func:`uptier.outcomes.changes.changes`.
    deals : DataFrame
        From :func:`opportunities`.
    settings : OutcomesSettings
        How far an opportunity and its upsell may lie apart.

    Returns
    -------
    DataFrame
        The upsells among the changes: account_id, kind; contract_day; day, that of the evidence, never after it;
        known_day, when both were known; dated_by, one of `DATED_BY`; opportunity_id, empty where there is none.
    """
    upsells = changes[changes["kind"].isin(CONVERSIONS)].reset_index(drop=True)
    upsells = upsells[["account_id", "kind", "known_day"]].assign(contract_day=upsells["day"])
    found = _matched(upsells, deals, settings)
    both = upsells.join(found[["opportunity_id", "created_day", "created_known"]])
    # an order, or a checkout that takes effect at the next bill, is recorded before the contract is another
    ordered = both["known_day"].where(both["known_day"] < both["contract_day"], both["contract_day"])
    by_deal = both["created_day"] < ordered
    dated_by = pd.Series(CONTRACT, index=both.index, dtype="str").mask(ordered < both["contract_day"], ORDER)
    return pd.DataFrame(
        {
            "account_id": both["account_id"],
            "kind": both["kind"],
            "contract_day": both["contract_day"],
            "day": both["created_day"].where(by_deal, ordered),
            "known_day": pd.concat([both["known_day"], both["created_known"]], axis=1).max(axis=1),
            "dated_by": dated_by.mask(by_deal, OPPORTUNITY),
            "opportunity_id": both["opportunity_id"].astype("object").fillna("").astype("str"),
        }
    )


def verdicts(
    deals: pd.DataFrame, upsells: pd.DataFrame, outcome: str, settings: OutcomesSettings, *, lag_days: int
) -> pd.DataFrame:
    """Say until when it is open what came of opportunities that no upsell followed.

    Parameters
    ----------
    deals : DataFrame
        From :func:`opportunities`.
    upsells : DataFrame
        From :func:`dated_by_evidence`.
    outcome : str
        The type that is asked about.
    settings : OutcomesSettings
        How far an opportunity and its upsell may lie apart.
    lag_days : int
        Worst-case days until a contract that has changed is known.

    Returns
    -------
    DataFrame
        Opportunities of that type or of none: account_id, created_day and verdict_day: the day on which the loss was
        known, or from which on no contract that could still fit is to come.
    """
    followed = pd.MultiIndex.from_frame(upsells[["account_id", "opportunity_id"]])
    about = deals["upsell_type"].isin(("", outcome))
    rows = deals[about & ~pd.MultiIndex.from_frame(deals[["account_id", "opportunity_id"]]).isin(followed)]
    lag = pd.Timedelta(days=1 + lag_days)
    latest = rows["created_day"] + pd.Timedelta(days=settings.evidence_days) + lag
    settled = rows["closed_day"] + pd.Timedelta(days=settings.settling_days) + lag
    verdict = latest.mask((rows["result"] == WON) & (settled < latest), settled)
    verdict = verdict.mask(rows["result"] == LOST, rows["closed_known"])
    return rows[["account_id", "created_day"]].assign(verdict_day=verdict)


def _matched(upsells: pd.DataFrame, deals: pd.DataFrame, settings: OutcomesSettings) -> pd.DataFrame:
    """Give each upsell that an opportunity began that opportunity; by the number of the upsell."""
    pairs = upsells.reset_index(names="_upsell").merge(deals[deals["result"] != LOST], on="account_id")
    day, created = pairs["contract_day"], pairs["created_day"]
    pairs["_apart"] = (pairs["closed_day"] - day).abs()
    told = pairs["upsell_type"] == pairs["kind"]
    fits = (told | (pairs["upsell_type"] == "")) & (created <= day)
    fits &= created >= day - pd.Timedelta(days=settings.evidence_days)
    fits &= pairs["_apart"].isna() | (pairs["_apart"] <= pd.Timedelta(days=settings.settling_days))
    pairs = pairs.assign(_untold=~told)[fits].sort_values(
        ["_apart", "_untold", "contract_day", "created_day", "opportunity_id", "kind"], na_position="last"
    )
    return _one_to_one(pairs).set_index("_upsell")


def _one_to_one(pairs: pd.DataFrame) -> pd.DataFrame:
    """Take pairs in their order, leaving out those of which one side is taken."""
    chosen = []
    while len(pairs):
        first = ~pairs.duplicated("_upsell") & ~pairs.duplicated(["account_id", "opportunity_id"])
        taken = pairs[first]
        chosen.append(taken)
        gone = pairs["_upsell"].isin(taken["_upsell"])
        gone |= pd.MultiIndex.from_frame(pairs[["account_id", "opportunity_id"]]).isin(
            pd.MultiIndex.from_frame(taken[["account_id", "opportunity_id"]])
        )
        pairs = pairs[~gone]
    return pd.concat(chosen) if chosen else pairs
