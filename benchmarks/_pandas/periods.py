"""Billing periods: months from the first day of a stretch of subscriptions, counted back from each date."""

from __future__ import annotations

import numpy as np
import pandas as pd

from _pandas.usage import Usage

MOST = 6
REACH_DAYS = 31 * (MOST + 1)  # no complete period among the last ones began earlier
ANCHOR = ["account", "first_day"]
PERIOD = [*ANCHOR, "number"]


def whole_months(first: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Count the whole months from one day to another; days are counted from 1970."""
    first, day = (np.asarray(one).astype("datetime64[D]") for one in (first, day))
    month, of_month = first.astype("datetime64[M]"), day.astype("datetime64[M]")
    # the same day of the later month, or its last where it has no such day
    place = np.minimum(first - month, (of_month + 1).astype("datetime64[D]") - of_month - 1)
    return (of_month - month).astype(int) - (day < of_month + place)


def anchors_of(first_days: list[pd.Series]) -> pd.DataFrame:
    """Give the accounts and first days of all dates, each once."""
    rows = pd.concat(
        [one.dropna().astype(int).rename_axis("account").reset_index(name="first_day") for one in first_days]
    )
    return rows.drop_duplicates(ignore_index=True)


def people_of(usage: Usage, anchors: pd.DataFrame) -> pd.DataFrame:
    """Give each user's billing periods of activity, with the first day on which that was known."""
    rows = usage.people[usage.people["first"] & usage.people["is_person"]]
    rows = _numbered(rows[["account", "user", "day", "known"]], anchors)
    return rows.groupby([*PERIOD, "user"], sort=False)["known"].min().reset_index()


def peaks_of(usage: Usage, anchors: pd.DataFrame) -> pd.DataFrame:
    """Give each day's users, as they became known, with the billing period."""
    return _numbered(usage.days[["account", "day", "known", "users"]], anchors)


def _numbered(rows: pd.DataFrame, anchors: pd.DataFrame) -> pd.DataFrame:
    rows = rows.merge(anchors, on="account")
    rows = rows[rows["day"] >= rows["first_day"]]
    return rows.assign(number=whole_months(rows["first_day"], rows["day"]))


def periods(
    people: pd.DataFrame, peaks: pd.DataFrame, first_day: pd.Series, as_of: int, everyone: pd.Index
) -> dict[str, pd.DataFrame]:
    """Measure the users of the last complete periods, and of their busiest days: a column each, 1 for the last."""
    looks = first_day.dropna().astype(int).rename_axis("account").reset_index(name="first_day")
    looks["complete"] = whole_months(looks["first_day"], np.full(len(looks), as_of))
    complete = looks.set_index("account")["complete"]
    found = {}
    recent = peaks[peaks["day"] >= as_of - REACH_DAYS]
    for name, rows in (("users", people), ("peak_users", recent)):
        some = rows[rows["known"] < as_of].merge(looks, on=ANCHOR)
        some = some.assign(period=some["complete"] - some["number"])
        some = some[some["period"].between(1, MOST)].groupby(["account", "period"])
        counts = some.size() if name == "users" else some["users"].max()
        table = counts.unstack().reindex(index=looks["account"], columns=range(1, MOST + 1)).fillna(0)
        known = table.where(complete.to_numpy()[:, None] >= np.arange(1, MOST + 1))
        found[name] = known.reindex(everyone)
    return found
