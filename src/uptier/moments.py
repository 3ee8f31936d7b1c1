"""The words of time: as-of date, gap, horizon, month starts, days.

An as-of date is midnight UTC of a day: nothing that happened or became known at or after it is seen. So whole days are
exact, and every date in the project is a plain :class:`datetime.date`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

DAYS_PER_MONTH = 30.4375  # mean length of a Gregorian month, days


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """The stretch of time in which an outcome is looked for.

    Attributes
    ----------
    gap_days : int
        Days between the as-of date and the first day of the window: time to score, sync and act.
    horizon_days : int
        Length of the window, days.
    """

    gap_days: int
    horizon_days: int

    @property
    def days(self) -> int:
        """Days from the as-of date to the end of the window."""
        return self.gap_days + self.horizon_days


def month_starts(first: dt.date, last: dt.date) -> list[dt.date]:
    """Give the first day of each month from `first` to `last`, both included.

    Parameters
    ----------
    first : date
        Where to begin; a month that has begun before it does not count.
    last : date
        Where to end.

    Returns
    -------
    list of date
        In order; empty if there is none.

    Examples
    --------
    >>> [str(day) for day in month_starts(dt.date(2026, 1, 15), dt.date(2026, 3, 1))]
    ['2026-02-01', '2026-03-01']
    """
    month = first if first.day == 1 else next_month(first)
    days = []
    while month <= last:
        days.append(month)
        month = next_month(month)
    return days


def next_month(day: dt.date) -> dt.date:
    """Give the first day of the month after `day`.

    Parameters
    ----------
    day : date
        Any day.

    Returns
    -------
    date
        A first of the month.

    Examples
    --------
    >>> str(next_month(dt.date(2025, 12, 31)))
    '2026-01-01'
    """
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def days_after(day: dt.date, days: int) -> dt.date:
    """Give the day that lies `days` days after `day`.

    Parameters
    ----------
    day : date
        Where to count from.
    days : int
        How far; negative goes back.

    Returns
    -------
    date
        The day.
    """
    return day + dt.timedelta(days=days)
