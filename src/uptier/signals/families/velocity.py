"""Velocity: how fast use is growing."""

from __future__ import annotations

import ibis
import pandas as pd

from uptier.signals.lever import Lever
from uptier.signals.measures import Measures, Number, growth, monthly_gains, ratio
from uptier.signals.signal import Effect, Phrase, Unit, signal
from uptier.signals.trigger import trigger
from uptier.thresholds import Thresholds

MONTHS_BACK = 3
MONTH_DAYS = 28


@signal(
    label="Usage growth",
    unit=Unit.GROWTH,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Use grew by {value} against the four weeks before",
        zero="Use is where it was four weeks before",
        negative="Use fell by {value} against the four weeks before",
        missing="There was no use to compare with",
    ),
)
def usage_growth(history: Measures) -> Number:
    """Events of the last 28 days against the 28 days before, as a share.

    Source S1: 20 % and more for two months in a row. NaN where the earlier month had none.
    """
    return growth(history.events(last=28), history.events(last=28, before=28))


@signal(
    label="Usage growth, month before",
    unit=Unit.GROWTH,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="In the four weeks before the last four, use grew by {value}",
        zero="In the four weeks before the last four, use stood still",
        negative="In the four weeks before the last four, use fell by {value}",
        missing="There was no use to compare with",
    ),
)
def usage_growth_before(history: Measures) -> Number:
    """Events of days 29-56 back against days 57-84 back, as a share.

    NaN where the earlier month had none.
    """
    return growth(history.events(last=28, before=28), history.events(last=28, before=56))


@signal(
    label="Months of growth",
    unit=Unit.MONTHS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Use has grown fast for {value} in a row",
        zero="Use did not grow fast in the last four weeks",
        missing="There is not enough past to tell growth",
    ),
)
def months_of_growth(history: Measures) -> Number:
    """Months of 28 days in a row, up to 3, with growth at or above the threshold, 20 % by default.

    Two in a row fire the trigger (source S1). NaN where there was no use two months ago.
    """
    return _months_in_a_row(history)


@signal(
    label="Days of growth",
    unit=Unit.DAYS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Use has grown fast for {value}",
        zero="Use did not grow fast in the last four weeks",
        missing="There is not enough past to tell growth",
    ),
)
def days_of_growth(history: Measures) -> Number:
    """Days of the months in a row that `months_of_growth` counts, 28 each: since when use has accelerated.

    NaN where there was no use two months ago.
    """
    return _months_in_a_row(history) * MONTH_DAYS


@signal(
    label="Growth of active users",
    unit=Unit.GROWTH,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="The number of active users grew by {value} in four weeks",
        zero="The number of active users is what it was four weeks ago",
        negative="The number of active users fell by {value} in four weeks",
        missing="How the team grew is not known",
    ),
)
def active_user_growth(history: Measures) -> Number:
    """Active users of the last 28 days against the 28 days before, as a share.

    A growing team outgrows its licence. NaN where nobody was active before, and from daily usage.
    """
    return growth(history.active_users(last=28), history.active_users(last=28, before=28))


@signal(
    label="Growth of the busiest day",
    unit=Unit.GROWTH,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="The busiest day has {value} more users than eight weeks before",
        zero="The busiest day has as many users as eight weeks before",
        negative="The busiest day has {value} fewer users than eight weeks before",
        missing="There is no earlier day to compare with",
    ),
)
def peak_user_growth(history: Measures) -> Number:
    """Most users on a day of the last 28 against days 57-84 back, as a share.

    Known from daily usage too. NaN where nobody was active then.
    """
    return growth(history.peak_daily_users(last=28), history.peak_daily_users(last=28, before=56))


@signal(
    label="This week against the month",
    unit=Unit.RATIO,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="The last week had {value} times the activity of a usual week",
        zero="Nothing happened in the last week",
        missing="There was no use in the four weeks before",
    ),
)
def week_against_month(history: Measures) -> Number:
    """Events of the last 7 days over the weekly mean of the 28 days before them.

    NaN where those had none.
    """
    return ratio(history.events(last=7), history.events(last=28, before=7) / 4)


@signal(
    label="People invited",
    unit=Unit.USERS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Invited in the last four weeks: {value}",
        zero="Nobody was invited in the last four weeks",
        missing="Who was invited when is not known",
    ),
    lever=Lever(more="have more colleagues invited"),
)
def invited_users(history: Measures) -> Number:
    """People invited in the last 28 days.

    A team that grows invites before it works. NaN where the list of users does not say when each was invited.
    """
    return history.invited(last=28)


@signal(
    label="People invited in a quarter, per seat",
    unit=Unit.SHARE,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="In 12 weeks as many people were invited as make {value} of the seats",
        zero="Nobody was invited in 12 weeks",
        missing="How many were invited, out of how many seats, is not known",
    ),
    lever=Lever(more="have more colleagues invited"),
)
def invited_per_seat(history: Measures) -> Number:
    """People invited in the last 84 days over licensed seats.

    NaN without seats, and where the list of users does not say when each was invited.
    """
    return ratio(history.invited(last=84), history.seats())


@signal(
    label="Pace of the team",
    unit=Unit.GROWTH,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Typically the team grows by {value} a month",
        zero="Typically the team keeps its size",
        negative="Typically the team shrinks by {value} a month",
        missing="How the team grows is not known",
    ),
)
def team_pace(history: Measures) -> Number:
    """Median of what active users gained from one billing period to the next, three times, over today's active users.

    The trend behind `days_until_ceiling`, as a share of the team. NaN where nobody is active, before four billing
    periods are complete, and from daily usage.
    """
    _, typical, _ = monthly_gains(history)
    return ratio(typical, history.active_users(last=28))


@trigger(
    label="Use accelerates",
    opens="seat_expansion",
    act_within_days=30,
    frame="growth continuity: plan ahead of the pace",
    says=("usage_growth", "months_of_growth", "usage_growth_before"),
    since="days_of_growth",
)
def use_accelerates(signals: pd.DataFrame, thresholds: Thresholds) -> pd.Series:
    """Month-over-month growth of 20 % or more for two months in a row.

    Source S1, usage velocity inflection.
    """
    return signals["months_of_growth"] >= thresholds.growth_months


def _months_in_a_row(history: Measures) -> Number:
    rates = [
        growth(history.events(last=28, before=28 * month), history.events(last=28, before=28 * (month + 1)))
        for month in range(MONTHS_BACK)
    ]
    row: Number = ibis.ifelse(rates[-1] >= history.thresholds.growth, 1, 0)
    for one in reversed(rates[:-1]):
        row = ibis.ifelse(one >= history.thresholds.growth, row + 1, 0)
    return ibis.ifelse(rates[0].notnull(), row, None)
