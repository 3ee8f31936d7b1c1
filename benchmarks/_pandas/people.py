"""People beside each other: who stands out in an account, and what those do who lead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from _pandas.cut import FAR, known_days, window
from _pandas.usage import Usage

MONTH = 28
CHAMPION_DAYS = 90


def power(usage: Usage, as_of: int, everyone: pd.Index, thresholds: Any) -> dict[str, pd.Series]:
    """Measure who is far above the account's average, who has become so, and the busiest."""
    now = _standing(usage, as_of, 0, thresholds)
    earlier = _standing(usage, as_of, MONTH, thresholds)
    by_account = now.groupby("account", sort=False)
    measures = {
        "busiest_user_days": by_account["days"].max(),
        "busiest_user_events": by_account["events"].max(),
        **{f"{way}_users": by_account[way].sum() for way in ("frequent", "broad", "deep", "power")},
    }
    was = earlier["power"].reindex(now.index, fill_value=False)
    emerged = now[now["power"] & ~was].groupby("account", sort=False)
    measures["new_power_users"] = emerged.size()
    measures = {name: counts.reindex(everyone, fill_value=0) for name, counts in measures.items()}
    measures["days_since_emerged"] = (as_of - emerged["began"].max()).reindex(everyone)
    return measures


def _standing(usage: Usage, as_of: int, before: int, thresholds: Any) -> pd.DataFrame:
    """Give the users who were active in a month, with what they did, and whether they stand out."""
    month = window(usage.people, as_of, MONTH, before)
    by_user = month[month["is_person"]].groupby("user", sort=False)
    users = by_user.agg(days=("first", "sum"), events=("events", "sum"), began=("day", "min"))
    used = window(usage.used, as_of, MONTH, before)
    used = used.loc[used["is_person"], ["user", "feature"]].drop_duplicates()
    users["features"] = used.groupby("user", sort=False).size().reindex(users.index, fill_value=0)
    users["account"] = usage.owner.reindex(users.index)
    totals = users.groupby("account", sort=False).agg(
        all_users=("days", "size"),
        all_days=("days", "sum"),
        all_events=("events", "sum"),
        all_features=("features", "sum"),
    )
    users = users.join(totals, on="account")
    factor = thresholds.power_user_factor
    often = users["days"] * users["all_users"] >= factor * users["all_days"]
    broad = users["features"] * users["all_users"] >= factor * users["all_features"]
    # in thousandths of an event, rounded down
    deep = (users["events"] * 1000 // users["days"] + 1) * users["all_days"] > factor * 1000 * users["all_events"]
    users["depth"] = users["events"] * 1000 // users["days"]
    spread = thresholds.power_user_spread
    users["frequent"] = _far_out(users, "days", often & (users["days"] >= thresholds.power_user_days), spread)
    users["broad"] = _far_out(users, "features", broad & (users["features"] >= thresholds.power_user_features), spread)
    users["deep"] = _far_out(users, "depth", deep & (users["days"] >= thresholds.deep_user_days), spread)
    users["power"] = users["frequent"] | users["broad"] | users["deep"]
    return users


def _far_out(users: pd.DataFrame, what: str, high: pd.Series, spread: float) -> pd.Series:
    """Of those who are high, say who lies beyond the quartiles of their account by so many times their distance."""
    teams = users[users["account"].isin(users.loc[high, "account"])]
    ordered = teams.sort_values(["account", what], kind="stable")
    size = ordered.groupby("account", sort=False).size()
    begins = size.cumsum() - size
    values = ordered[what].to_numpy()
    # the most of the quietest quarter, rounded up, and of all but the busiest quarter, rounded up
    lower, upper = values[begins + -(-size // 4) - 1], values[begins + (3 * size // 4 - 1).clip(lower=0)]
    beyond = pd.Series(upper + spread * (upper - lower), index=size.index)
    return high & (size.reindex(users["account"]).to_numpy() > 1) & (users[what] >= users["account"].map(beyond))


def leaders(usage: Usage, roles: pd.DataFrame, as_of: int, everyone: pd.Index) -> dict[str, pd.Series]:
    """Measure how often champions and executives were there, and how many champions there are."""
    known = roles[roles["known"] < as_of]
    measures = {}
    for role in ("champion", "executive"):
        users = known.loc[(known["role"] == role) & (known["user"] >= 0), "user"]
        days = window(usage.people, as_of, MONTH)
        days = days[days["first"] & days["user"].isin(users)]
        busiest = days.groupby(["account", "user"], sort=False).size().groupby("account", sort=False).max()
        measures[f"{role}_days"] = busiest.reindex(everyone, fill_value=0)
        if role == "champion":
            quarter = window(usage.people, as_of, CHAMPION_DAYS)
            latest = quarter[quarter["user"].isin(users)].groupby("account", sort=False)["day"].max()
            measures["days_since_champion"] = (as_of - latest).reindex(everyone)
    champions = known[known["role"] == "champion"].groupby("account").size()
    return measures | {"champions": champions.reindex(everyone, fill_value=0)}


def roles_of(users: pd.DataFrame, usage: Usage) -> pd.DataFrame:
    """Give the list of people with the codes of those who ever did anything, else -1."""
    pairs = usage.people[usage.people["is_person"]].drop_duplicates("user")[["account", "person", "user"]]
    listed = users.assign(person=usage.persons.get_indexer(users["user_id"]))
    listed = listed.merge(pairs, how="left", on=["account", "person"])
    # where the list does not say when, somebody always had been; but known no earlier than it says
    listed["known"] = listed["known"].where(
        listed["day"] < FAR, known_days(listed, "recorded_at", np.full(len(listed), -FAR))
    )
    return listed.assign(user=listed["user"].fillna(-1).astype(int))
