"""Seats: how close the team is to the licences it pays for."""

from __future__ import annotations

from collections.abc import Callable

import ibis
import pandas as pd

from uptier.signals.lever import Lever
from uptier.signals.measures import MAX_PERIODS, WORKING_DAYS, Measures, Number, monthly_gains, ratio
from uptier.signals.signal import Effect, Phrase, Unit, signal
from uptier.signals.trigger import trigger
from uptier.thresholds import Thresholds

MOST_DAYS_AHEAD = 365  # a projection further away says nothing
DAYS_A_PERIOD = 30


@signal(
    label="Seat utilisation",
    unit=Unit.SHARE,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="The team had {active_users} active in the last 28 days: {value} of {seats}",
        missing="How many seats are in use is not known",
        zero="None of {seats} was in use in the last 28 days",
    ),
    lever=Lever(more="bring idle seats into use"),
)
def seat_utilisation(history: Measures) -> Number:
    """Active users over licensed seats, last 28 days.

    A team that fills its seats needs more of them (source S1: 80-85 % or more). NaN without seats, and from daily
    usage, which does not tell users apart.
    """
    return ratio(history.active_users(last=28), history.seats())


@signal(
    label="Peak daily utilisation",
    unit=Unit.SHARE,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="On the busiest of the last 28 days {value} of {seats} were in use",
        missing="How many seats were in use on the busiest day is not known",
        zero="None of {seats} was in use on any of the last 28 days",
    ),
)
def peak_daily_utilisation(history: Measures) -> Number:
    """Most users on one day over licensed seats, last 28 days.

    Known from events and from daily usage alike, so it stands in where `seat_utilisation` is not available. NaN without
    seats.
    """
    return ratio(history.peak_daily_users(last=28), history.seats())


@signal(
    label="Daily active share",
    unit=Unit.SHARE,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="On an average working day {value} of {seats} are in use",
        missing="How many seats are in use on a working day is not known",
        zero="None of {seats} was in use on a working day of the last four weeks",
    ),
    lever=Lever(more="make it part of the working day of more people"),
)
def daily_active_share(history: Measures) -> Number:
    """Mean daily users on working days over licensed seats, last 28 days.

    User-days from Monday to Friday, over 20 such days, over seats. Above 75 % the product is part of the day's work
    (source S0). NaN without seats.
    """
    return ratio(history.user_days(last=28, working=True) / WORKING_DAYS, history.seats())


@signal(
    label="Billing periods near the ceiling",
    unit=Unit.PERIODS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="The team would have nearly filled today's seats for {value} in a row",
        zero="The team would not have nearly filled today's seats in the last billing period",
        missing="For how long the team would have filled today's seats is not known",
    ),
)
def periods_near_ceiling(history: Measures) -> Number:
    """Complete billing periods in a row, up to 6, in which active users reached the threshold of today's seats.

    Terms of more than a month are cut into months from their start day. Two in a row fire the trigger (source S1). NaN
    without seats, before the first period is over, and from daily usage.
    """
    return _in_a_row(history, history.active_users_in_period)


@signal(
    label="Billing periods with full days",
    unit=Unit.PERIODS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="The busiest day would have nearly filled today's seats for {value} in a row",
        zero="No day of the last billing period would have nearly filled today's seats",
        missing="For how long the busiest days would have filled today's seats is not known",
    ),
)
def periods_peak_near_ceiling(history: Measures) -> Number:
    """Complete billing periods in a row, up to 6, whose busiest day reached the threshold of today's seats.

    As `periods_near_ceiling`, from the most users on one day: known from daily usage too. NaN without seats and before
    the first period is over.
    """
    return _in_a_row(history, history.peak_daily_users_in_period)


@signal(
    label="Days until the seat ceiling",
    unit=Unit.DAYS,
    effect=Effect.LOWERS,
    phrase=Phrase(
        value="At the pace of the last four months the seats are full in {value}",
        zero="All seats are taken",
        missing="No day on which the seats run out is in sight",
    ),
)
def days_until_ceiling(history: Measures) -> Number:
    """Days until active users reach the seats, at the typical pace of the last four complete billing periods.

    The pace is a robust trend: the median of what active users gained from each of the four periods to the next, so
    that one odd month does not move it; a period is taken as 30 days. The way is from today's active users. 0 where all
    seats are taken. NaN where users do not grow, where the ceiling lies more than 365 days ahead, before four periods
    are complete, without seats, and from daily usage.
    """
    _, typical, _ = monthly_gains(history)
    return _until_ceiling(history, typical)


@signal(
    label="Days until the seat ceiling, at the earliest",
    unit=Unit.DAYS,
    effect=Effect.LOWERS,
    phrase=Phrase(
        value="At the fastest pace of the last four months the seats are full in {value}",
        zero="All seats are taken",
        missing="On which day the seats run out at the earliest is not known",
    ),
)
def days_until_ceiling_earliest(history: Measures) -> Number:
    """Days until active users reach the seats, at the fastest of the three gains behind `days_until_ceiling`.

    How far this lies before `days_until_ceiling` says how uncertain that is. NaN as there.
    """
    _, _, most = monthly_gains(history)
    return _until_ceiling(history, most)


@signal(
    label="Days until the seat ceiling, at the latest",
    unit=Unit.DAYS,
    effect=Effect.LOWERS,
    phrase=Phrase(
        value="At the slowest pace of the last four months the seats are full in {value}",
        zero="All seats are taken",
        missing="On which day the seats run out at the latest is not known",
    ),
)
def days_until_ceiling_latest(history: Measures) -> Number:
    """Days until active users reach the seats, at the slowest of the three gains behind `days_until_ceiling`.

    Known only where users grew all along: the ceiling then comes however one looks at it. NaN otherwise, and as there.
    """
    least, _, _ = monthly_gains(history)
    return _until_ceiling(history, least)


@signal(
    label="Days near the seat ceiling",
    unit=Unit.DAYS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Today's seats would have been nearly full for {value}",
        zero="Today's seats were not nearly full in the last billing period",
        missing="For how long the seats would have been nearly full is not known",
    ),
)
def days_near_ceiling(history: Measures) -> Number:
    """Days since the first of the billing periods in a row, up to 6, in which users reached the threshold began.

    Since when the trigger has been in the making: periods in a row, counted in users, else by the busiest day, times 30
    days. 0 where the last period was none of them. NaN where neither is known.
    """
    peaks = _in_a_row(history, history.peak_daily_users_in_period)
    if not history.has("usage_events", ("user_id",)):
        return peaks * DAYS_A_PERIOD
    periods = _in_a_row(history, history.active_users_in_period)
    return ibis.coalesce(periods, peaks) * DAYS_A_PERIOD


@signal(
    label="Active users",
    unit=Unit.USERS,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="The team had {value} active in the last 28 days",
        zero="Nobody was active in the last 28 days",
        missing="The number of active users is not known",
    ),
    lever=Lever(more="bring more of the team in"),
)
def active_users(history: Measures) -> Number:
    """Distinct users who did anything in the last 28 days.

    NaN from daily usage, which does not tell users apart.
    """
    return history.active_users(last=28)


@signal(
    label="Licensed seats",
    unit=Unit.SEATS,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="The licence covers {value}",
        missing="The number of seats is not known",
    ),
)
def seats(history: Measures) -> Number:
    """Licensed seats over all running subscriptions.

    Sets the scale for every other signal of this family. NaN where the plan has no seats.
    """
    return history.seats()


@trigger(
    label="Approaching the seat ceiling",
    opens="seat_expansion",
    act_within_days=30,
    frame="growth continuity: plan for the team's growth before anybody is locked out",
    # in pairs: of people where they are told apart, else of days
    says=(
        "seat_utilisation",
        "periods_near_ceiling",
        "peak_daily_utilisation",
        "periods_peak_near_ceiling",
        "days_until_ceiling",
    ),
    since="days_near_ceiling",
)
def approaching_seat_ceiling(signals: pd.DataFrame, thresholds: Thresholds) -> pd.Series:
    """Utilisation at or above 85 % for 2 or more billing periods in a row, counted in users, else by the busiest day.

    Source S1: 80-85 % or more (95 % still fires) for two consecutive billing periods, before the limit, not after.
    """
    users, days = signals["periods_near_ceiling"], signals["periods_peak_near_ceiling"]
    return (users >= thresholds.seat_periods) | (users.isnull() & (days >= thresholds.seat_periods))


def _until_ceiling(history: Measures, gain: Number) -> Number:
    spare = history.seats() - history.active_users(last=28)
    days = ratio(spare * DAYS_A_PERIOD, gain)
    ahead = ibis.ifelse((gain > 0) & (days <= MOST_DAYS_AHEAD), days, None)
    # nobody runs out of seats that were never licensed
    return ibis.ifelse(history.seats() > 0, ibis.ifelse(spare <= 0, 0.0, ahead), None)


def _in_a_row(history: Measures, users_in: Callable[[int], Number]) -> Number:
    full = [
        ratio(users_in(period), history.seats()) >= history.thresholds.seat_utilisation
        for period in range(1, MAX_PERIODS + 1)
    ]
    row: Number = ibis.ifelse(full[-1], 1, 0)
    for one in reversed(full[:-1]):
        row = ibis.ifelse(one, row + 1, 0)
    return ibis.ifelse(ratio(users_in(1), history.seats()).notnull(), row, None)
