"""The rhythm of the year: which days are busy and which are quiet, by region and industry."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from uptier.simulate.parameters import Group, Rate, Share, ThreeRates
from uptier.simulate.population import INDUSTRIES, REGIONS
from uptier.simulate.timeline import Floats, Ints, Timeline, weekday

FRIDAY = 4  # as weekday() counts
LONGEST_MONTH = 31  # days

Days = Annotated[int, Field(ge=0, le=LONGEST_MONTH)]
Months = tuple[Annotated[int, Field(ge=1, le=12)], ...]
Dates = tuple[Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")], ...]  # month and day


class Calendar(Group):
    """How busy each day is.

    Attributes
    ----------
    friday, weekend, holiday : float
        How busy these are, times a Monday to Thursday.
    holidays : tuple of str
        Everybody's holidays, month and day.
    holidays_by_region : tuple of tuple of str
        Further ones, in the order of the regions: americas, europe, asia-pacific.
    summer_months : tuple of int
        Months of the quiet summer.
    summer : tuple of float, shape (3,)
        How busy these are by region, times other months.
    school_break_months : tuple of int
        Months in which education is quiet.
    school_break : float
        How busy these are, times other months.
    retail_peak_months : tuple of int
        Months in which retail is busy.
    retail_peak : float
        How busy these are, times other months.
    retail_lull_days : int
        First days of January, in which retail is quiet.
    retail_lull : float
        How busy these are, times other days.
    quarter_end_days : int
        Days before the 1st of the next quarter, in which finance is busy.
    quarter_end : float
        How busy these are, times other days.
    """

    friday: Rate = 0.9
    weekend: Share = 0.06
    holiday: Share = 0.1
    holidays: Dates = ("12-24", "12-25", "12-26", "12-31", "01-01")
    holidays_by_region: tuple[Dates, Dates, Dates] = (
        ("07-04", "11-27", "11-28", "11-29"),
        ("01-02", "01-03", "01-06", "05-01"),
        ("01-29", "01-30", "01-31", "02-01", "02-02", "02-03", "02-04"),
    )
    summer_months: Months = (7, 8)
    summer: ThreeRates = (0.95, 0.80, 1.0)
    school_break_months: Months = (6, 7, 8)
    school_break: Rate = 0.6
    retail_peak_months: Months = (11,)
    retail_peak: Rate = 1.25
    retail_lull_days: Days = 15
    retail_lull: Rate = 0.75
    quarter_end_days: Days = 14
    quarter_end: Rate = 1.2


def business(timeline: Timeline, calendar: Calendar) -> Floats:
    """Say how busy each day is.

    Parameters
    ----------
    timeline : Timeline
        The world's clock.
    calendar : Calendar
        Holidays, seasons and the week.

    Returns
    -------
    ndarray of float, shape (n_regions, n_industries, n_days)
        1 for a usual Monday to Thursday.
    """
    days = np.arange(timeline.edges[0], timeline.edges[-1])
    dates = days.astype("datetime64[D]")
    of_week = weekday(days)
    week = np.select([of_week < FRIDAY, of_week == FRIDAY], [1.0, calendar.friday], calendar.weekend)
    month_and_day = np.array([date[5:] for date in dates.astype(str)])
    regions = []
    for region in range(len(REGIONS)):
        off = np.isin(month_and_day, [*calendar.holidays, *calendar.holidays_by_region[region]])
        summer = np.where(np.isin(_month(dates), calendar.summer_months), calendar.summer[region], 1.0)
        regions.append(np.where(off, np.minimum(calendar.holiday, week), week) * summer)
    busy: Floats = np.stack(regions)[:, None, :] * _by_industry(dates, calendar)[None, :, :]
    return busy


def _by_industry(dates: np.ndarray[tuple[int], np.dtype[np.datetime64]], calendar: Calendar) -> Floats:
    """How busy each day is by industry, shape (n_industries, n_days)."""
    month = _month(dates)
    this_month = dates.astype("datetime64[M]")
    gone = (dates - this_month.astype("datetime64[D]")).astype(np.int64)
    left = ((this_month + 1).astype("datetime64[D]") - dates).astype(np.int64)
    lull = (month == 1) & (gone < calendar.retail_lull_days)
    quarter_end = (month % 3 == 0) & (left <= calendar.quarter_end_days)
    times = {
        "education": np.where(np.isin(month, calendar.school_break_months), calendar.school_break, 1.0),
        "retail": np.where(lull, calendar.retail_lull, 1.0)
        * np.where(np.isin(month, calendar.retail_peak_months), calendar.retail_peak, 1.0),
        "finance": np.where(quarter_end, calendar.quarter_end, 1.0),
    }
    return np.stack([times.get(industry, np.ones(len(dates))) for industry in INDUSTRIES])


def _month(dates: np.ndarray[tuple[int], np.dtype[np.datetime64]]) -> Ints:
    """1 for January."""
    month: Ints = dates.astype("datetime64[M]").astype(np.int64) % 12 + 1
    return month
