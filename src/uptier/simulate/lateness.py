"""Rows that become known late, and events that are delivered twice."""

from __future__ import annotations

import numpy as np
import pandas as pd

from uptier.simulate.chain import Bools
from uptier.simulate.timeline import Floats, Ints, Timeline, moments
from uptier.simulate.usage import DAY_SECONDS

MILLION = 1_000_000
MIGRATED_MINUTE = 120  # after midnight UTC
HAPPENED = {"tickets": "opened_at", "survey_responses": "answered_at"}  # what an older system held


def late_events(events: pd.DataFrame, *, share: float, days: int, random: np.random.Generator) -> pd.DataFrame:
    """Let some events become known late.

    Parameters
    ----------
    events : DataFrame
        From :func:`uptier.simulate.usage.events`.
    share : float
        Of events.
    days : int
        Between one and so many days late.
    random : Generator
        Where chance comes from.

    Returns
    -------
    DataFrame
        The same events.
    """
    late, wait = _late(share, days, len(events), random)
    recorded = events["recorded"].to_numpy().copy()
    recorded[late] += (DAY_SECONDS * wait[late]).astype(np.int64)
    return events.assign(recorded=recorded)


def delivered(events: pd.DataFrame, timeline: Timeline, *, doubled: float, random: np.random.Generator) -> pd.DataFrame:
    """Give the events that arrive before the world ends, by account and time.

    Parameters
    ----------
    events : DataFrame
        In any order.
    timeline : Timeline
        The world's clock.
    doubled : float
        How many of a million arrive twice.
    random : Generator
        Where chance comes from.

    Returns
    -------
    DataFrame
        What arrives twice stands in two equal rows.
    """
    first, until = (int(edge) * DAY_SECONDS for edge in timeline.edges[[0, -1]])
    place = events["account"].to_numpy() * (until - first) + events["occurred"].to_numpy() - first
    sorted_ = bool((place[1:] >= place[:-1]).all())
    order = np.arange(len(events)) if sorted_ else np.argsort(place, kind="stable")
    times = (events["recorded"].to_numpy() < until) * (1 + (random.random(len(events)) * MILLION < doubled))
    if sorted_ and (times == 1).all():
        return events
    order = np.repeat(order, times[order])
    return pd.DataFrame({name: events[name].to_numpy()[order] for name in events.columns})


def doubled_rows(rows: pd.DataFrame, *, doubled: float, random: np.random.Generator) -> pd.DataFrame:
    """Write some rows twice.

    Parameters
    ----------
    rows : DataFrame
        A table.
    doubled : float
        How many of a million.
    random : Generator
        Where chance comes from.

    Returns
    -------
    DataFrame
        In the same order.
    """
    times = 1 + (random.random(len(rows)) * MILLION < doubled).astype(np.int64)
    return rows.iloc[np.repeat(np.arange(len(rows)), times)].reset_index(drop=True)


def late_rows(
    rows: pd.DataFrame, timeline: Timeline, *, share: float, days: int, random: np.random.Generator
) -> pd.DataFrame:
    """Let some rows of a table, and some of the ends that they tell, become known late.

    Parameters
    ----------
    rows : DataFrame
        A table with `recorded_at`; versions of subscriptions in order of time.
    timeline : Timeline
        The world's clock: what happened in it is known before it ends, if need be less late.
    share : float
        Of rows.
    days : int
        Between one and so many days late.
    random : Generator
        Where chance comes from.

    Returns
    -------
    DataFrame
        The same rows. No version of a subscription is known before the one that it follows, and the end of a version
        is known with the one that follows it.
    """
    recorded = _later(rows["recorded_at"], timeline, share, days, random)
    rows = rows.assign(recorded_at=recorded)
    if "end_recorded_at" not in rows.columns:
        return rows
    ends = _later(rows["end_recorded_at"], timeline, share, days, random)
    if "subscription_id" in rows.columns:
        one = rows["subscription_id"]
        rows["recorded_at"] = rows.groupby(one, sort=False)["recorded_at"].cummax()
        following = rows.groupby(one, sort=False)[["valid_from", "recorded_at"]].shift(-1)
        ends = ends.mask(following["valid_from"] == rows["valid_to"], following["recorded_at"])
    # an end is not known before what ends; where there is no end, the comparison is false
    return rows.assign(end_recorded_at=ends.mask(ends < rows["recorded_at"], rows["recorded_at"]))


def migrated(rows: pd.DataFrame, name: str, timeline: Timeline, *, share: float) -> pd.DataFrame:
    """Let the rows of an older system become known when they were brought over, all in one go.

    Parameters
    ----------
    rows : DataFrame
        The table.
    name : str
        One of :data:`HAPPENED`.
    timeline : Timeline
        The world's clock.
    share : float
        Of the time, after which they were brought over.

    Returns
    -------
    DataFrame
        The same rows.
    """
    first, until = int(timeline.edges[0]), int(timeline.edges[-1])
    day = min(first + int(share * (until - first)), until - 1)
    moment = moments(np.array([day]), np.array([MIGRATED_MINUTE]))[0]
    older = (rows[HAPPENED[name]] < moment) & (rows["recorded_at"] < moment)
    return rows.assign(recorded_at=rows["recorded_at"].mask(older, moment))


def _late(share: float, days: int, count: int, random: np.random.Generator) -> tuple[Bools, Floats]:
    """Which rows are late, and by how many days; one number a row, so that rows behind them change nothing."""
    chance = random.random(count)
    late: Bools = chance < share
    return late, 1 + (days - 1) * np.minimum(chance / share, 1.0) if share > 0 else np.ones(count)


def _later(moment: pd.Series, timeline: Timeline, share: float, days: int, random: np.random.Generator) -> pd.Series:
    late, wait = _late(share, days, len(moment), random)
    last = moments(timeline.edges[-1:])[0] - np.timedelta64(1, "m")
    minutes: Ints = np.where(late, 1440 * wait, 0).astype(np.int64)
    later = moment + minutes.astype("timedelta64[m]")
    known: pd.Series = later.mask(later > last, moment.clip(lower=last))
    return known
