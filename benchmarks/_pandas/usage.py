"""Usage: counted by day once, then looked at through windows from each date."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from _pandas.cut import LOOKBACK_DAYS, codes_of, day_numbers, known_days, window

GATES = ("gate_hit", "upgrade_prompt", "trial_use", "limit_error")
EVERYDAY = ("login", "feature_used")
CLUSTER_DAYS = 42
STEPS = (0, 28)  # days before the date at which active users are counted
SATURDAY = 5


@dataclass(frozen=True)
class Usage:
    """Usage by day.

    Attributes
    ----------
    people : DataFrame
        account, user, day, known, events, `is_person`, and `first` for the row of a user's day that was known first.
    days : DataFrame
        account, day, known, events, `first` as above, and `users` seen on that day in rows known by then.
    used : DataFrame
        account, user, is_person, feature, day, known: which features were used, each once.
    rare : DataFrame
        account, day, known, kind, feature, events, of all but the everyday kinds.
    features : Index
        Names of features; their codes are their places.
    persons : Index
        Ids of users, as they stand; not yet by account.
    owner : Series
        Account of each user.
    """

    people: pd.DataFrame
    days: pd.DataFrame
    used: pd.DataFrame
    rare: pd.DataFrame
    features: pd.Index
    persons: pd.Index
    owner: pd.Series


def usage_of(events: pd.DataFrame, accounts: pd.Index) -> Usage:
    """Count events by user and day, and by account and day."""
    day = day_numbers(events["occurred_at"])
    kind = events["kind"].astype("category")
    feature = events["feature"].astype("category")
    person = events["user_id"].astype("category")
    rows = pd.DataFrame(
        {
            "account": codes_of(events["account_id"], accounts),
            "person": person.cat.codes,
            "day": day,
            "known": np.maximum(day, known_days(events, "recorded_at", day)),
            "kind": kind.cat.codes,
            "feature": feature.cat.codes,
        }
    )
    if (rows["account"] < 0).any():
        rows = rows[rows["account"] >= 0]
    by = {"observed": True, "sort": False}
    people = rows.groupby(["account", "person", "day", "known"], **by).size().reset_index(name="events")
    people = people.sort_values(["account", "person", "day", "known"], ignore_index=True)
    # the same id may be used by two accounts
    people["user"] = people.groupby(["account", "person"], sort=False).ngroup()
    people["is_person"] = people["person"] >= 0
    people["first"] = ~people.duplicated(["user", "day"])
    users = people.drop_duplicates("user").set_index("user")
    names = list(kind.cat.categories)
    used = rows[(rows["kind"] == _place(names, "feature_used")) & (rows["feature"] >= 0)]
    used = used[["account", "person", "feature", "day", "known"]].drop_duplicates()
    used = used.merge(users[["account", "person"]].reset_index(), on=["account", "person"])
    used["is_person"] = used["person"] >= 0
    rare = rows[~rows["kind"].isin([_place(names, one) for one in EVERYDAY])]
    rare = rare.groupby(["account", "day", "known", "kind", "feature"], **by).size().reset_index(name="events")
    rare["kind"] = pd.Categorical.from_codes(rare["kind"], kind.cat.categories)
    return Usage(
        people=people.sort_values("day", kind="stable", ignore_index=True),
        days=_days(people),
        used=used.sort_values("day", kind="stable", ignore_index=True),
        rare=rare.sort_values("day", kind="stable", ignore_index=True),
        features=feature.cat.categories,
        persons=person.cat.categories,
        owner=users["account"],
    )


def _place(names: list[str], name: str) -> int:
    return names.index(name) if name in names else -2  # -1 is what is missing


def _days(people: pd.DataFrame) -> pd.DataFrame:
    counted = people.assign(users=people["first"] & people["is_person"])
    days = counted.groupby(["account", "day", "known"], as_index=False).agg(
        events=("events", "sum"), users=("users", "sum")
    )
    days["first"] = ~days.duplicated(["account", "day"])
    days["users"] = days.groupby(["account", "day"], sort=False)["users"].cumsum()
    return days.sort_values("day", kind="stable", ignore_index=True)


def activity(usage: Usage, as_of: int, everyone: pd.Index) -> dict[str, pd.Series]:
    """Measure how much was done, by how many, and when last."""
    measures: dict[str, pd.Series] = {}

    def counted(name: str, by_account: pd.Series) -> None:
        measures[name] = by_account.reindex(everyone, fill_value=0)

    for last, before in ((7, 0), (28, 0), (28, 7), (28, 28), (28, 56), (28, 84)):
        days = window(usage.days, as_of, last, before).groupby("account", sort=False)
        counted(f"events_{last}_{before}", days["events"].sum())
        if (last, before) in ((28, 0), (28, 56)):
            counted(f"peak_{last}_{before}", days["users"].max())
        if (last, before) == (28, 0):
            counted("active_days", days["first"].sum())
    month = window(usage.people, as_of, 28)
    month = month[month["first"] & month["is_person"]]
    counted("user_days", month.groupby("account", sort=False).size())
    working = (month["day"] + 3) % 7 < SATURDAY  # 1970 began on a Thursday
    counted("working_user_days", month[working].groupby("account", sort=False).size())
    for before in STEPS:
        some = window(usage.people, as_of, 28, before)
        users = some.loc[some["is_person"], ["account", "user"]].drop_duplicates("user")
        counted(f"users_28_{before}", users.groupby("account", sort=False).size())
    latest = window(usage.days, as_of, LOOKBACK_DAYS).groupby("account", sort=False)["day"].max()
    measures["days_since_last_use"] = (as_of - latest).reindex(everyone)
    return measures


def touches(usage: Usage, as_of: int, everyone: pd.Index, gate_days: int, gate_crossings: int) -> dict[str, pd.Series]:
    """Measure the events that tell something by themselves, and how closely they stood together."""
    measures: dict[str, pd.Series] = {}

    def counted(name: str, by_account: pd.Series) -> None:
        measures[name] = by_account.reindex(everyone, fill_value=0)

    def events(name: str, kinds: tuple[str, ...], last: int, before: int = 0) -> None:
        some = window(usage.rare, as_of, last, before)
        counted(name, some[some["kind"].isin(kinds)].groupby("account", sort=False)["events"].sum())

    events("gates_recent", GATES, gate_days)
    events("gates_28", GATES, 28)
    events("upgrade_prompts", ("upgrade_prompt",), 28)
    events("limit_errors", ("limit_error",), 30)
    events("integration_calls", ("integration_call",), 28)
    events("exports_28_0", ("export",), 28)
    events("exports_28_28", ("export",), 28, 28)
    month = window(usage.rare, as_of, 28)
    for kind in ("trial_use", "integration_call", "export"):
        days = month.loc[month["kind"] == kind, ["account", "day"]].drop_duplicates()
        counted(f"{kind}_days", days.groupby("account", sort=False).size())
    gates = window(usage.rare, as_of, CLUSTER_DAYS)
    gates = gates[gates["kind"].isin(GATES)]
    together = _together(gates, ["account"], gate_days)
    counted("largest_cluster", together.groupby("account", sort=False)["together"].max())
    clusters = together[together["together"] >= gate_crossings]
    measures["days_since_cluster"] = (as_of - clusters.groupby("account", sort=False)["day"].max()).reindex(everyone)
    named = _together(gates[gates["feature"] >= 0], ["account", "feature"], gate_days)
    counted("largest_feature_cluster", named.groupby("account", sort=False)["together"].max())
    return measures


def _together(events: pd.DataFrame, by: list[str], span: int) -> pd.DataFrame:
    """Give for each day with events how many there were within the days that end with it."""
    daily = events.groupby([*by, "day"], as_index=False)["events"].sum()
    # a total that runs over all groups: what came before the span is taken off again, never across groups
    group = daily.groupby(by, sort=False).ngroup().to_numpy()
    place = group * 10_000_000 + daily["day"].to_numpy()
    total = np.append(0, daily["events"].cumsum().to_numpy())
    begins = np.searchsorted(place, place - span + 1)
    return daily.assign(together=total[1:] - total[begins])


def features(
    usage: Usage, as_of: int, everyone: pd.Index, plan: pd.Series, next_plan: pd.Series, listed: pd.DataFrame
) -> dict[str, pd.Series]:
    """Measure which features were used or touched, out of those of the plan held and those that the next one adds."""
    measures: dict[str, pd.Series] = {}

    def counted(name: str, pairs: pd.DataFrame) -> None:
        measures[name] = pairs.groupby("account", sort=False).size().reindex(everyone, fill_value=0)

    pair = ["account", "feature"]
    used = window(usage.used, as_of, 28)[pair].drop_duplicates()
    counted("features", used)
    counted("features_before", window(usage.used, as_of, 28, 28)[pair].drop_duplicates())
    rare = window(usage.rare, as_of, 28)
    rare = rare[rare["feature"] >= 0]
    counted("gated_features", rare.loc[rare["kind"].isin(GATES), pair].drop_duplicates())
    counted("integrations", rare.loc[rare["kind"] == "integration_call", pair].drop_duplicates())
    tried = pd.concat([used, rare.loc[rare["kind"] == "trial_use", pair]]).drop_duplicates()
    included = listed.assign(feature=usage.features.get_indexer(listed["feature"]))[["plan", "feature"]]
    included = included[included["plan"] >= 0].drop_duplicates()
    counted("features_of_plan", _of(used, plan, included))
    # what the next plan has and this one lacks
    lacking = _of(tried, next_plan, included).merge(_of(tried, plan, included), how="left", on=pair, indicator=True)
    counted("features_of_next_plan", lacking[lacking["_merge"] == "left_only"])
    return measures


def _of(pairs: pd.DataFrame, plan: pd.Series, included: pd.DataFrame) -> pd.DataFrame:
    held = pairs.assign(plan=plan.reindex(pairs["account"]).to_numpy())
    return held.merge(included, on=["plan", "feature"])[["account", "feature"]]
