"""Which accounts are looked at, at which dates."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pandas as pd

from uptier.errors import OutcomeError
from uptier.moments import days_after, month_starts
from uptier.outcomes.changes import subscribed

if TYPE_CHECKING:
    from uptier.settings import Settings
    from uptier.tables.clean import Tables

WARM_UP_DAYS = 183  # after the first subscription, before which windows of months have nothing to look at


def as_of_dates(settings: Settings, first_day: dt.date) -> list[dt.date]:
    """Give the dates at which accounts are looked at to learn.

    Parameters
    ----------
    settings : Settings
        The project.
    first_day : date
        Day of the first subscription.

    Returns
    -------
    list of date
        Firsts of months, the last not after `data_until`.

    Raises
    ------
    OutcomeError
        If there is none.
    """
    first = settings.snapshots.first or days_after(first_day, WARM_UP_DAYS)
    last = min(settings.snapshots.last or settings.data_until, settings.data_until)
    dates = month_starts(first, last)
    if not dates:
        raise OutcomeError(
            f"There is no month to learn from between {first} and {last}.",
            do="See snapshots: and data_until: in the project's YAML.",
        )
    return dates


def snapshots(tables: Tables) -> pd.DataFrame:
    """List the accounts with a running subscription at each as-of date.

    Parameters
    ----------
    tables : Tables
        The project's clean tables.

    Returns
    -------
    DataFrame
        Columns account_id and as_of, ordered.
    """
    states = subscribed(tables)
    if states.empty:
        raise OutcomeError("There is no subscription to look at.", do="Does the table 'subscriptions' have rows?")
    dates = as_of_dates(tables.settings, states["day"].min().date())
    looks = [running_at(states, date).assign(as_of=pd.Timestamp(date)) for date in dates]
    every = pd.concat(looks, ignore_index=True).astype({"as_of": "datetime64[us]"})
    return every.sort_values(["account_id", "as_of"], ignore_index=True)


def running_at(states: pd.DataFrame, as_of: dt.date) -> pd.DataFrame:
    """List the accounts with a subscription that was running just before a date, as far as was known then.

    Parameters
    ----------
    states : DataFrame
        From :func:`uptier.outcomes.changes.subscribed`.
    as_of : date
        The date; what begins, ends or becomes known on it or later is not seen.

    Returns
    -------
    DataFrame
        Column account_id, ordered.
    """
    day = pd.Timestamp(as_of)
    before = states[(states["day"] < day) & (states["known_day"] < day)]
    latest = before.groupby("account_id")["running"].last()
    accounts = latest.index[latest > 0]
    return pd.DataFrame({"account_id": accounts.astype("str")})
