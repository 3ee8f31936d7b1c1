"""Capacity: how close metered use is to the plan's quotas."""

from __future__ import annotations

import pandas as pd

from uptier.settings import Thresholds
from uptier.signals.measures import Measures, Number
from uptier.signals.signal import Effect, Phrase, Unit, signal
from uptier.signals.trigger import trigger


@signal(
    label="Highest quota utilisation",
    unit=Unit.SHARE,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="The fullest meter stands at {value} of its quota",
        zero="No meter has been used yet",
        missing="How full the meters are is not known",
    ),
)
def highest_quota_utilisation(history: Measures) -> Number:
    """Latest reading over quota, of the meter where that is highest.

    The quota of the reading itself, else that of the plan held. Above 80 % capacity becomes a topic (sources S0, S4).
    NaN where no meter with a quota has been read.
    """
    return history.meter("highest_utilisation")


@signal(
    label="Meters near their quota",
    unit=Unit.METERS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Near or over its quota: {value}",
        zero="No meter is near its quota",
        missing="How full the meters are is not known",
    ),
)
def meters_near_quota(history: Measures) -> Number:
    """Meters whose latest reading is at or above the threshold of its quota, 80 % by default.

    NaN where no meter has been read.
    """
    return history.meter("above", least=history.thresholds.quota_utilisation)


@signal(
    label="Days until a quota is used up",
    unit=Unit.DAYS,
    effect=Effect.LOWERS,
    phrase=Phrase(
        value="At the pace of the latest readings the first quota is used up within {value}",
        zero="A quota is used up",
        missing="No day on which a quota runs out is in sight",
    ),
)
def days_until_quota_used_up(history: Measures) -> Number:
    """Days until the first meter reaches its quota, at the pace between its latest reading and one 28 days older.

    0 only where the latest reading is at or above its quota. Where that pace says that the quota should be used up by
    now, but the latest reading was still below it, 1: no later than within a day. NaN where no meter grows, where that
    day is more than 365 days ahead, or where there is only one reading and it is below.
    """
    return history.meter("days_until_exhausted")


@signal(
    label="Limit errors",
    unit=Unit.TIMES,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="The plan's limits were hit {value} in 30 days",
        zero="The plan's limits were not hit in 30 days",
        missing="Whether the plan's limits were hit is not recorded",
    ),
)
def limit_errors(history: Measures) -> Number:
    """Errors caused by a limit of the plan, last 30 days.

    Source S2 counts 12 in a month as a sign. NaN where usage has no kinds of events.
    """
    return history.events("limit_error", last=30)


@trigger(
    label="Running out of capacity",
    opens="plan_upgrade",
    act_within_days=14,
    frame="capacity planning: what is about to run out, and when",
    says=("highest_quota_utilisation", "limit_errors", "days_until_quota_used_up"),
)
def running_out_of_capacity(signals: pd.DataFrame, thresholds: Thresholds) -> pd.Series:
    """A meter at or above 80 % of its quota, or 12 limit errors in 30 days.

    Sources S0 and S4 for the quota, S2 for the limit errors.
    """
    full = signals["highest_quota_utilisation"] >= thresholds.quota_utilisation
    return full | (signals["limit_errors"] >= thresholds.limit_errors)
