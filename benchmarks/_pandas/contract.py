"""What accounts hold, pay and are bound to: versions of subscriptions, the price list, add-ons."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from _pandas.cut import FAR, column_of, dated, day_numbers, known_days

MINOR_UNITS = 100
YEAR_HALF = 180  # days before the date with which today is compared
ORDER = ["account", "subscription_id", "day", "valid_from", "known"]


def plans_of(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Say of each plan what it costs and holds, and what the next one up does; by code, in the order of the list."""
    plans = tables["plans"].reset_index(drop=True)
    plans = plans.assign(plan=plans.index, price=minor_units(plans["price"]))[["plan", "plan_id", "tier_rank", "price"]]
    pairs = plans.merge(plans, how="cross", suffixes=("", "_next"))
    pairs = pairs[pairs["tier_rank_next"] > pairs["tier_rank"]].sort_values(["tier_rank_next", "plan_id_next"])
    following = pairs.drop_duplicates("plan").set_index("plan")[["plan_next", "price_next"]]
    facts = plans.set_index("plan").join(following)
    facts["plan_next"] = facts["plan_next"].fillna(-1).astype(int)
    listed = features_of_plans(tables)[["plan", "feature"]].drop_duplicates()
    facts["features"] = listed.groupby("plan").size().reindex(facts.index)
    offered = listed.rename(columns={"plan": "plan_next"}).merge(facts["plan_next"].reset_index(), on="plan_next")
    offered = offered.merge(listed, how="left", on=["plan", "feature"], indicator=True)
    facts["new_features"] = offered[offered["_merge"] == "left_only"].groupby("plan").size().reindex(facts.index)
    return facts


def features_of_plans(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Give the features that plans include, with the code of the plan."""
    listed = tables["plan_features"]
    return listed.assign(plan=pd.Index(tables["plans"]["plan_id"]).get_indexer(listed["plan_id"]))


def minor_units(money: pd.Series) -> pd.Series:
    """Give money as whole hundredths, halves up, as sums of it are exact."""
    return np.floor(money * MINOR_UNITS + 0.5)


def intervals_of(table: pd.DataFrame, accounts: pd.Index) -> pd.DataFrame:
    """Give dated rows with the day on which each ends, and that on which its end became known."""
    rows = dated(table, "valid_from", accounts)
    ends = day_numbers(rows["valid_to"]) if "valid_to" in rows else np.full(len(rows), FAR)
    return rows.assign(ends=ends, end_known=known_days(rows, "end_recorded_at", ends))


def versions_of(table: pd.DataFrame, accounts: pd.Index, plans: pd.DataFrame) -> pd.DataFrame:
    """Give the versions of subscriptions, each subscription's in a row."""
    rows = intervals_of(table, accounts).sort_values(ORDER, ignore_index=True)
    plan = pd.Index(plans["plan_id"]).get_indexer(rows["plan_id"])
    return rows.assign(
        subscription=rows.groupby(["account", "subscription_id"], sort=False).ngroup(),
        plan=plan,
        tier=plans["tier_rank"].reindex(plan).to_numpy(),
        mrr=minor_units(rows["mrr"]),
        term_ends=day_numbers(rows["term_end"]) if "term_end" in rows else FAR,
        change_reason=column_of(rows, "change_reason"),
        end_reason=column_of(rows, "end_reason"),
    )


def seen(rows: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """Give the rows of intervals that are seen from a date, with ends only where they were known."""
    some = rows[rows["known"] < as_of]
    return some.assign(ends=some["ends"].where(some["end_known"] < as_of, FAR))


def running(versions: pd.DataFrame, as_of: int, before: int = 0) -> pd.DataFrame:
    """Give of the versions that are seen those that ran some days before."""
    begun = versions[versions["day"] < as_of - before]
    latest = begun.drop_duplicates("subscription", keep="last")
    return latest[latest["ends"] >= as_of - before]


def held(versions: pd.DataFrame, plans: pd.DataFrame, as_of: int, everyone: pd.Index) -> dict[str, Any]:
    """Measure what an account holds, pays and is bound to."""
    past = seen(versions, as_of)
    before = past.groupby("subscription", sort=False)["ends"].shift()
    begins = past["day"].where(before.isna() | (past["day"] > before))
    past["first_day"] = begins.groupby(past["subscription"], sort=False).ffill()
    now = running(past, as_of)
    earlier = running(past, as_of, YEAR_HALF)
    measures = {}
    for name, rows in (("", now), ("_before", earlier)):
        by_account = rows.groupby("account", sort=False)
        measures["seats" + name] = by_account["seats"].sum(min_count=1)
        measures["mrr" + name] = by_account["mrr"].sum(min_count=1)
        measures["tier" + name] = by_account["tier"].max()
    agreed = now[(now["term_ends"] >= as_of) & (now["term_ends"] < FAR)]
    measures["days_until_renewal"] = agreed.groupby("account", sort=False)["term_ends"].min() - as_of
    measures["tenure"] = as_of - past.groupby("account", sort=False)["day"].min()
    main = now.assign(tier_first=now["tier"].fillna(0), mrr_first=now["mrr"].fillna(0))
    main = main.sort_values(["tier_first", "mrr_first", "subscription_id"], ascending=[False, False, True])
    main = main.drop_duplicates("account").set_index("account")
    measures["billing_months"] = main["billing_period_months"]
    measures["plan_id"] = main["plan_id"]
    measures["plan"] = main["plan"]
    measures["first_day"] = main["first_day"]
    for name, fact in (
        ("next_plan", "plan_next"),
        ("list_price", "price"),
        ("next_price", "price_next"),
        ("plan_features", "features"),
        ("next_new_features", "new_features"),
    ):
        measures[name] = plans[fact].reindex(main["plan"]).set_axis(main.index)
    found = {name: values.reindex(everyone) for name, values in measures.items()}
    codes = {name: found[name].fillna(-1).astype(int) for name in ("plan", "next_plan")}
    return found | codes


def addons(rows: pd.DataFrame, as_of: int, everyone: pd.Index) -> dict[str, pd.Series]:
    """Measure how many add-ons an account holds."""
    past = seen(rows, as_of)
    now = past.loc[past["ends"] >= as_of, ["account", "addon_id"]].dropna().drop_duplicates()
    return {"addons": now.groupby("account").size().reindex(everyone, fill_value=0)}
