"""The series behind an account's pictures: users against seats, meters against quotas, interest above the plan."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class SeatPoint:
    """Users and seats of one stretch of 28 days.

    Attributes
    ----------
    day : date
        Its last day.
    users : int
        Distinct users who did anything in it.
    seats : float or None
        Licensed on the day after it; None where no subscription with seats is known for then.
    """

    day: dt.date
    users: int
    seats: float | None


@dataclass(frozen=True, kw_only=True)
class SeatTrend:
    """Active users against the seat ceiling.

    Attributes
    ----------
    points : tuple of SeatPoint
        Oldest first; the last is what `active_users` and `seats` say.
    full_on : date or None
        When the seats are full at the pace of the last months; None where that is not in sight or they are full now.
    """

    points: tuple[SeatPoint, ...]
    full_on: dt.date | None


@dataclass(frozen=True, kw_only=True)
class MeterPoint:
    """The latest reading of a meter in one stretch of 28 days.

    Attributes
    ----------
    day : date
        When it was read.
    value, quota : float
        In units of the meter.
    """

    day: dt.date
    value: float
    quota: float

    @property
    def share(self) -> float:
        """The value over the quota."""
        return self.value / self.quota


@dataclass(frozen=True, kw_only=True)
class MeterTrend:
    """One meter against its quota.

    Attributes
    ----------
    meter : str
        Its name in the table.
    points : tuple of MeterPoint
        Oldest first; the last is its latest reading.
    """

    meter: str
    points: tuple[MeterPoint, ...]


@dataclass(frozen=True, kw_only=True)
class GateWeek:
    """What an account met above its plan in seven days.

    Attributes
    ----------
    begins : date
        The first of them.
    times : tuple of int
        How often, for each of the kinds of the trend.
    """

    begins: dt.date
    times: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class GateCluster:
    """Crossings of gates in quick succession, as the trigger counts them.

    Attributes
    ----------
    first, last : date
        Days of its first and last crossing.
    times : int
        Crossings from the one to the other.
    """

    first: dt.date
    last: dt.date
    times: int


@dataclass(frozen=True, kw_only=True)
class GateTrend:
    """Gate hits, upgrade prompts, trials and limit errors by week.

    Attributes
    ----------
    kinds : tuple of str
        Kinds of usage events that were met at all.
    weeks : tuple of GateWeek
        All weeks, those without a crossing too, oldest first; the last ends before the as-of date.
    clusters : tuple of GateCluster
        Oldest first; no two share a day.
    least, span_days : int
        How many crossings within how many days make a cluster.
    """

    kinds: tuple[str, ...]
    weeks: tuple[GateWeek, ...]
    clusters: tuple[GateCluster, ...]
    least: int
    span_days: int


@dataclass(frozen=True, kw_only=True)
class Trends:
    """What is drawn beside an account's brief.

    Attributes
    ----------
    seats : SeatTrend or None
        None where users or seats are not known.
    meters : tuple of MeterTrend
        Those with a quota, the fullest first; empty where there is none.
    gates : GateTrend or None
        None where such events are not recorded, and where there were none.
    """

    seats: SeatTrend | None = None
    meters: tuple[MeterTrend, ...] = ()
    gates: GateTrend | None = None
