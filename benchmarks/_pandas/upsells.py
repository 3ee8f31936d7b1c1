"""Earlier upsells: when an account bought more or gave something up, over all its subscriptions together."""

from __future__ import annotations

import pandas as pd

from _pandas.contract import seen

NOT_BOUGHT = ("renewal", "price_uplift", "currency", "true_up", "co_term", "merge", "correction")
NOT_GIVEN_UP = ("true_up", "co_term", "merge", "correction")
MERGED = "merged"
SETBACK_DAYS = 90
FLAGS = ["bought", "given", "addon_bought", "addon_given"]


def upsells(versions: pd.DataFrame, addons: pd.DataFrame, as_of: int, everyone: pd.Index) -> dict[str, pd.Series]:
    """Measure how often an account bought more, when last, and how often it then gave something up."""
    days = _judged(_states(_held(versions, as_of), _stretches(addons, as_of), as_of))
    days = days.sort_values(["account", "day"])
    upsold = days["day"].where(days["upsell"]).groupby(days["account"]).ffill()
    soon = days["day"] - upsold <= SETBACK_DAYS
    bought = days[days["upsell"]].groupby("account")["day"]
    setbacks = days[days["setback"] & soon].groupby("account").size()
    return {
        "upsells": bought.size().reindex(everyone, fill_value=0),
        "days_since_upsell": (as_of - bought.max()).reindex(everyone),
        "setbacks": setbacks.reindex(everyone, fill_value=0),
    }


def _held(versions: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """Give the versions that held, each with the day until which it did."""
    past = seen(versions, as_of)
    following = past.groupby("subscription", sort=False)["day"].shift(-1)
    # a version that its successor overtakes ends there, whatever it says itself
    until = past["ends"].clip(upper=as_of).where(following.isna() | (following > past["ends"]), following).astype(int)
    left = (following.isna() | (following > until)) & (past["end_reason"] != MERGED)
    past = past.assign(
        until=until,
        bought=~past["change_reason"].isin(NOT_BOUGHT),
        given=~past["change_reason"].isin(NOT_GIVEN_UP),
        left=left,
    )
    return past.loc[
        past["until"] > past["day"], ["account", "day", "until", "bought", "given", "left", "seats", "tier"]
    ]


def _stretches(addons: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """Mark where an add-on really began and ended: a re-bill, begun while one before still ran, is no news."""
    past = seen(addons, as_of)
    past = past.assign(until=past["ends"].clip(upper=as_of))
    past = past.loc[past["until"] > past["day"], ["account", "addon_id", "day", "until"]].drop_duplicates()
    past = past.sort_values(["account", "addon_id", "day", "until"])
    one = ["account", "addon_id"]
    past["reached"] = past.groupby(one)["until"].cummax()
    earlier = past.groupby(one)["reached"].shift()
    later = past.groupby(one)["day"].shift(-1)
    begins = earlier.isna() | (earlier < past["day"])
    closes = (past["reached"] < as_of) & (later.isna() | (later > past["reached"]))
    return past.assign(begins=begins, closes=closes)


def _states(held: pd.DataFrame, stretches: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """Give the days on which something began or ended, with what was held before and after."""
    ended = held[held["until"] < as_of]
    turns = pd.concat(
        [
            held[["account", "day", "bought", "given"]],
            ended[["account"]].assign(day=ended["until"], given=ended["left"]),
            stretches.loc[stretches["begins"], ["account", "day"]].assign(addon_bought=True),
            stretches.loc[stretches["closes"], ["account", "reached"]]
            .rename(columns={"reached": "day"})
            .assign(addon_given=True),
        ],
        ignore_index=True,
    )
    turns[FLAGS] = turns[FLAGS].eq(True)  # what a kind of turn does not say is not so
    turns = turns.groupby(["account", "day"], as_index=False)[FLAGS].max()
    beside = held[["account", "seats", "tier", "day", "until"]].rename(columns={"day": "began"})
    rows = turns[["account", "day"]].merge(beside, on="account")
    rows = rows[(rows["day"] >= rows["began"]) & (rows["day"] <= rows["until"])]
    before, after = rows["began"] < rows["day"], rows["until"] > rows["day"]
    rows = rows.assign(
        had=before,
        has=after,
        seats_before=rows["seats"].where(before),
        seats=rows["seats"].where(after),
        tier_before=rows["tier"].where(before),
        tier=rows["tier"].where(after),
    )
    by_day = rows.groupby(["account", "day"])
    states = (
        by_day[["seats_before", "seats"]].sum(min_count=1).join(by_day[["had", "has", "tier_before", "tier"]].max())
    )
    return states.reset_index().merge(turns, on=["account", "day"])


def _judged(states: pd.DataFrame) -> pd.DataFrame:
    had, has = states["had"].astype(bool), states["has"].astype(bool)
    higher, lower = states["tier"] > states["tier_before"], states["tier"] < states["tier_before"]
    more, fewer = states["seats"] > states["seats_before"], states["seats"] < states["seats_before"]
    # a plan change that brings or takes seats with it is a plan change alone
    grew, shrank = higher | (more & ~lower), lower | (fewer & ~higher)
    upsell = had & ((has & grew & states["bought"]) | states["addon_bought"])
    gave = states["given"] & (shrank | ~has)
    setback = had & ~upsell & (gave | (has & states["addon_given"]))
    return states.assign(upsell=upsell, setback=setback)
