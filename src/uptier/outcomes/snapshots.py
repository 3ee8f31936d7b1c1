"""Which accounts are looked at, at which dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from uptier.errors import OutcomeError
from uptier.moments import days_after, month_starts
from uptier.tables.history import History, grid_of

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
    first = first_day(tables)
    if first is None:
        raise OutcomeError("There is no subscription to look at.", do="Does the table 'subscriptions' have rows?")
    return running_at(tables, as_of_dates(tables.settings, first))


def first_day(tables: Tables) -> dt.date | None:
    """Give the day of the first subscription.

    Parameters
    ----------
    tables : Tables
        The project's clean tables.

    Returns
    -------
    date or None
        None without a subscription.
    """
    day = tables["subscriptions"].day.min().to_pandas()
    return None if pd.isna(day) else pd.Timestamp(day).date()


def running_at(tables: Tables, dates: Sequence[dt.date]) -> pd.DataFrame:
    """List the accounts with a subscription at some dates, as far as was known then.

    Parameters
    ----------
    tables : Tables
        The project's clean tables.
    dates : sequence of date
        The dates; what begins, ends or becomes known on one or later is not seen from it.

    Returns
    -------
    DataFrame
        Columns account_id and as_of, ordered: the same accounts of which signals know seats and plan.
    """
    accounts = tables["accounts"].select("account_id").distinct().to_pandas()
    looks = accounts.merge(pd.DataFrame({"as_of": pd.to_datetime(list(dates))}), how="cross")
    running = History(tables, grid_of(tables, looks), None).running()
    every = running.select("account_id", "as_of").distinct().order_by(["account_id", "as_of"]).to_pandas()
    typed: pd.DataFrame = every.astype({"account_id": "str", "as_of": "datetime64[us]"})
    return typed
