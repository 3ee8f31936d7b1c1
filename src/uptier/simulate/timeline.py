"""The world's clock: each month is four steps, so that every first of a month is the edge of a step.

A step covers days 1-7, 8-14, 15-21 or 22 to the end of its month. The world decides once for each step, and what it
decides falls on one of the step's working days. So a window that begins 7 days after the first of a month begins at the
edge of a step too, and its end cuts one step at most: the chances over a window stay exact.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

STEPS_PER_MONTH = 4
STEP_DAYS = 7  # of the first three steps of a month; the last takes what is left

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def day_number(day: dt.date) -> int:
    """Give the number of a day, counted from 1970-01-01.

    Parameters
    ----------
    day : date
        Any day.

    Returns
    -------
    int
        As `numpy.datetime64` counts days.
    """
    return int(np.datetime64(day, "D").astype(np.int64))


def months_before(day: dt.date, months: int) -> dt.date:
    """Give the first of the month that lies `months` months earlier.

    Parameters
    ----------
    day : date
        Its month is counted from.
    months : int
        How many months back.

    Returns
    -------
    date
        A first of a month.
    """
    index = day.year * 12 + day.month - 1 - months
    return dt.date(index // 12, index % 12 + 1, 1)


@dataclass(frozen=True, eq=False)
class Timeline:
    """The steps between two firsts of a month.

    Attributes
    ----------
    first_day : date
        First day of the first step; a first of a month.
    data_until : date
        First day after the last step; a first of a month.
    edges : ndarray of int, shape (n_steps + 1,)
        Day number on which each step begins; the last is that of `data_until`.
    """

    first_day: dt.date
    data_until: dt.date
    edges: Ints = field(init=False)
    _working: Ints = field(init=False)

    def __post_init__(self) -> None:
        starts = []
        month = self.first_day
        while month < self.data_until:
            starts += [day_number(month) + STEP_DAYS * quarter for quarter in range(STEPS_PER_MONTH)]
            month = months_before(month, -1)
        object.__setattr__(self, "edges", np.array([*starts, day_number(self.data_until)], dtype=np.int64))
        object.__setattr__(self, "_working", np.array([_working_days(*self.days(step)) for step in range(self.steps)]))

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return len(self.edges) - 1

    @property
    def month_of_first(self) -> int:
        """Months from year 0 to the first step's month."""
        return self.first_day.year * 12 + self.first_day.month - 1

    def days(self, step: int) -> tuple[int, int]:
        """Give the days of a step.

        Parameters
        ----------
        step : int
            Number of the step.

        Returns
        -------
        tuple of int
            Its first day, and the first day after it.
        """
        return int(self.edges[step]), int(self.edges[step + 1])

    def month(self, step: int) -> int:
        """Give the month of a step.

        Parameters
        ----------
        step : int
            Number of the step.

        Returns
        -------
        int
            Months from year 0.
        """
        return self.month_of_first + step // STEPS_PER_MONTH

    def working_day(self, step: int | Ints, chance: Floats) -> Ints:
        """Give the working day of a step on which something falls.

        Parameters
        ----------
        step : int or ndarray of int, shape (n,)
            Number of the step.
        chance : ndarray of float, shape (n,)
            Where in the step, 0 to 1; evenly drawn, every working day is as likely.

        Returns
        -------
        ndarray of int, shape (n,)
            Day numbers, Monday to Friday.
        """
        first = self.edges[step]
        count = self._working[step]
        nth = np.minimum((chance * count).astype(np.int64), count - 1)
        return _nth_working_day(np.broadcast_to(first, chance.shape).astype(np.int64), nth)


def share_of_working_days(first: int, end: int, *, before: int) -> float:
    """Give the share of a stretch's working days that lie before a day.

    Parameters
    ----------
    first, end : int
        Its first day, and the first day after it, as day numbers.
    before : int
        The day.

    Returns
    -------
    float
        0 to 1.
    """
    if before <= first:
        return 0.0
    return _working_days(first, min(before, end)) / _working_days(first, end)


def _working_days(first: int, end: int) -> int:
    days = np.arange(first, end)
    return int((weekday(days) < 5).sum())


def weekday(days: Ints) -> Ints:
    """Give the days of the week.

    Parameters
    ----------
    days : ndarray of int, shape (n,)
        Day numbers.

    Returns
    -------
    ndarray of int, shape (n,)
        0 for Monday.
    """
    return (days + 3) % 7  # day 0, 1970-01-01, was a Thursday


def _nth_working_day(first: Ints, nth: Ints) -> Ints:
    begins = weekday(first)
    monday = np.where(begins > 4, first + 7 - begins, first - begins)  # from a weekend on, the next one
    position = np.where(begins > 4, 0, begins) + nth
    return monday + position // 5 * 7 + position % 5


def moments(day: Ints, minute: Ints | None = None) -> npt.NDArray[np.datetime64]:
    """Give moments in UTC.

    Parameters
    ----------
    day : ndarray of int, shape (n,)
        Day numbers.
    minute : ndarray of int, shape (n,), optional
        Minutes after midnight; midnight by default.

    Returns
    -------
    ndarray of datetime64[us], shape (n,)
        The moments.
    """
    at = np.asarray(day, dtype="datetime64[D]").astype("datetime64[us]")
    return at if minute is None else at + np.asarray(minute, dtype="timedelta64[m]")


def office_minutes(random: np.random.Generator, count: int) -> Ints:
    """Draw when in the day something is written down in an office.

    Parameters
    ----------
    random : Generator
        Where chance comes from.
    count : int
        How many.

    Returns
    -------
    ndarray of int, shape (count,)
        Minutes after midnight UTC, between 8 and 17 o'clock.
    """
    return 8 * 60 + random.integers(9 * 60, size=count)
