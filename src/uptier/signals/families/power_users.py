"""Power users: people far above their own account's average, who lead the team's growth."""

from __future__ import annotations

import pandas as pd

from uptier.settings import Thresholds
from uptier.signals.measures import Measures, Number, ratio
from uptier.signals.signal import Effect, Phrase, Unit, signal
from uptier.signals.trigger import trigger


@signal(
    label="Power users",
    unit=Unit.USERS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Far more active than the rest of the team: {value}",
        zero="Nobody is far more active than the rest of the team",
        missing="Users are not told apart",
    ),
)
def power_users(history: Measures) -> Number:
    """Users active on at least 10 of 28 days and on twice the account's mean days per active user.

    Factor and floor are thresholds. Power users lead seat constraints by 30-60 days (source S1). NaN from daily usage.
    """
    return history.power_users(last=28)


@signal(
    label="New power users",
    unit=Unit.USERS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Far more active than the rest of the team since four weeks ago: {value} more",
        zero="As many users as four weeks ago are far more active than the rest of the team",
        negative="Far more active than the rest of the team: {value} fewer than four weeks ago",
        missing="Users are not told apart",
    ),
)
def new_power_users(history: Measures) -> Number:
    """Power users of the last 28 days less those of the 28 days before.

    Emergence, not presence, is what leads (source S1). NaN from daily usage.
    """
    return history.power_users(last=28) - history.power_users(last=28, before=28)


@signal(
    label="Active days of the most active user",
    unit=Unit.DAYS,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="The most active user worked on {value} of 28",
        zero="Nobody worked in the last 28 days",
        missing="Users are not told apart",
    ),
)
def busiest_user_days(history: Measures) -> Number:
    """Active days of the most active user, last 28 days.

    NaN from daily usage.
    """
    return history.busiest_user_days(last=28)


@signal(
    label="Share of the busiest user",
    unit=Unit.SHARE,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="One user makes {value} of all activity",
        missing="Users are not told apart",
    ),
)
def busiest_user_share(history: Measures) -> Number:
    """Events of the busiest user over all events, last 28 days.

    High on small teams and where one person carries the product, which is also a risk. NaN without events and from
    daily usage.
    """
    return ratio(history.busiest_user_events(last=28), history.events(last=28))


@trigger(
    label="Power users emerge",
    opens="seat_expansion",
    act_within_days=45,
    frame="growth continuity: what these people have found, and who else should have it",
    says=("power_users", "new_power_users"),
)
def power_users_emerge(signals: pd.DataFrame, thresholds: Thresholds) -> pd.Series:
    """There are more power users than four weeks before.

    Source S1: one or more users far above their account's average, 30-60 days ahead of the team.
    """
    return (signals["power_users"] >= 1) & (signals["new_power_users"] >= 1)
