"""Meters: how full they are, and until when they suffice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from _pandas.cut import column_of, dated

LOOKBACK_DAYS = 120
TREND_DAYS = 28
OVER_DAYS = 30
MOST_DAYS_AHEAD = 365
METER = ["account", "meter"]


def readings_of(table: pd.DataFrame, accounts: pd.Index) -> pd.DataFrame:
    """Give the readings of each meter of each account in a row, the last known of a moment last."""
    rows = dated(table, "read_at", accounts)
    rows = rows.assign(quota=column_of(rows, "quota").astype(float), meter=rows["meter"].astype("category"))
    rows["meter"] = rows["meter"].cat.set_categories(sorted(rows["meter"].cat.categories))
    rows = rows.sort_values([*METER, "read_at", "known"], ignore_index=True)
    rows["thing"] = rows.groupby(METER, observed=True, sort=False).ngroup()
    return rows


def meters(
    readings: pd.DataFrame, quotas: pd.DataFrame, plan_id: pd.Series, as_of: int, everyone: pd.Index, thresholds: Any
) -> dict[str, pd.Series]:
    """Measure how full an account's meters are, and until when they suffice."""
    past = readings[readings["known"] < as_of]
    each = _each(past, quotas, plan_id, as_of)
    by_account = each.groupby("account", sort=False)
    highest = by_account["utilisation"].transform("max")
    soonest = by_account["days_until"].transform("min")
    full = each["utilisation"] >= thresholds.quota_utilisation
    soon = each["days_until"] <= thresholds.meter_days
    fullest = each["utilisation"] == highest
    limited = each["utilisation"].notna()
    counted = each.loc[limited, ["account"]].assign(full=full[limited], soon=soon[limited]).groupby("account")
    names = each["meter"].cat.codes
    categories = each["meter"].cat.categories
    growth = (each["utilisation"] - each["share_then"])[fullest]
    measures = {
        "utilisation": by_account["utilisation"].max(),
        "near": counted["full"].sum(),
        "days_until": by_account["days_until"].min(),
        "fullest": _named(names[fullest].groupby(each["account"][fullest]).min(), categories),
        "first_out": _named(_first(names, each, each["days_until"] == soonest), categories),
        "running_out": counted["soon"].sum(),
        "growth": growth.groupby(each["account"][fullest]).max(),
        "days_over": _days_over(past, each, as_of),
        "days_near": _days_near(past, each[fullest & full], as_of, thresholds.quota_utilisation),
    }
    return {name: values.reindex(everyone) for name, values in measures.items()}


def _first(names: pd.Series, each: pd.DataFrame, chosen: pd.Series) -> pd.Series:
    return names[chosen].groupby(each["account"][chosen]).min()


def _named(codes: pd.Series, categories: pd.Index) -> pd.Series:
    return pd.Series(categories.to_numpy(dtype=object)[codes.to_numpy(dtype=int)], index=codes.index, dtype=object)


def _each(past: pd.DataFrame, quotas: pd.DataFrame, plan_id: pd.Series, as_of: int) -> pd.DataFrame:
    """Give one row for each meter: its latest reading, and how full it is and will be by the readings before it."""
    now = past.drop_duplicates("thing", keep="last")
    now = now[now["day"] >= as_of - LOOKBACK_DAYS].set_index("thing")
    now = now.assign(plan_id=plan_id.reindex(now["account"]).to_numpy())
    allowed = quotas.rename(columns={"quota": "plan_quota"})[["plan_id", "meter", "plan_quota"]]
    each = now.reset_index().merge(allowed, how="left", on=["plan_id", "meter"]).set_index("thing")
    each["meter"] = pd.Categorical(each["meter"], categories=past["meter"].cat.categories)
    each["allowance"] = each["quota"].fillna(each["plan_quota"])
    each["utilisation"] = each["value"] / each["allowance"].where(each["allowance"] != 0)
    # a reading of the day on which the trend begins counts
    then = _latest_before(past, each["day"] - TREND_DAYS + 1).reindex(each.index)
    then = then[then["day"] >= as_of - LOOKBACK_DAYS].reindex(each.index)
    age, over = as_of - each["day"], each["day"] - then["day"]
    gained = each["value"] - then["value"]
    ahead = (each["allowance"] - each["value"]) * over / gained.where(gained != 0) - age
    # a quota of 0 is not used up one day: nothing of it can be used
    grows = (gained > 0) & (ahead <= MOST_DAYS_AHEAD) & (each["allowance"] > 0)
    paced = ahead.clip(lower=1.0).where(grows)
    each["days_until"] = paced.mask(each["utilisation"] >= 1, 0.0)
    month_ago = _latest_before(past, pd.Series(as_of - TREND_DAYS, index=each.index)).reindex(each.index)
    month_ago = month_ago[month_ago["day"] >= as_of - LOOKBACK_DAYS].reindex(each.index)
    allowance = month_ago["quota"].fillna(each["plan_quota"])
    each["share_then"] = month_ago["value"] / allowance.where(allowance != 0)
    return each


def _latest_before(past: pd.DataFrame, days: pd.Series) -> pd.DataFrame:
    """Give the latest reading of each meter as it was seen on a day of its own."""
    limit = days.reindex(past["thing"]).to_numpy()
    return past[past["known"].to_numpy() < limit].drop_duplicates("thing", keep="last").set_index("thing")


def _days_over(past: pd.DataFrame, each: pd.DataFrame, as_of: int) -> pd.Series:
    """Count the days with a reading at or above the quota, of the meter that was so most often."""
    rows = past[past["day"] >= as_of - OVER_DAYS]
    allowance = rows["quota"].fillna(rows["thing"].map(each["plan_quota"]))
    over = rows.loc[(rows["value"] >= allowance) & (rows["value"] > 0), ["account", "thing", "day"]].drop_duplicates()
    most = over.groupby(["account", "thing"]).size().groupby("account").max()
    # no day is none only where there is a quota to be over
    metered = each.loc[each["allowance"].notna(), "account"].unique()
    return most.reindex(most.index.union(metered), fill_value=0)


def _days_near(past: pd.DataFrame, near: pd.DataFrame, as_of: int, share: float) -> pd.Series:
    """Say since when the fullest meter has not been read below a share of its quota."""
    rows = past[(past["day"] >= as_of - LOOKBACK_DAYS) & past["thing"].isin(near.index)]
    allowance = rows["quota"].fillna(rows["thing"].map(near["plan_quota"]))
    held = rows["value"] / allowance.where(allowance != 0)
    moment = pd.to_datetime(rows["read_at"]).to_numpy().astype("datetime64[s]").astype("int64")
    rows = rows.assign(held=held, moment=moment)
    below = rows[rows["held"] < share].groupby("thing")["moment"].max()
    since = rows["moment"] > rows["thing"].map(below).fillna(np.iinfo("int64").min)
    rows = rows[since & (rows["held"] >= share)]
    return as_of - rows.groupby("account")["day"].min()
