"""Value: what the account has achieved with the product."""

from __future__ import annotations

import pandas as pd

from uptier.settings import Thresholds
from uptier.signals.measures import Measures, Number
from uptier.signals.signal import Effect, Phrase, Unit, signal
from uptier.signals.trigger import trigger

FRESH_DAYS = 60  # how long a milestone stays a reason to talk


@signal(
    label="Milestones reached",
    unit=Unit.MILESTONES,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Reached so far: {value}",
        zero="No business milestone has been reached yet",
        missing="Milestones are not recorded",
    ),
)
def milestones_reached(history: Measures) -> Number:
    """Business outcomes that the account has achieved.

    Never sell before first value (sources S0, S3).
    """
    return history.milestones()


@signal(
    label="Days since the latest milestone",
    unit=Unit.DAYS,
    effect=Effect.LOWERS,
    phrase=Phrase(
        value="The latest business milestone was reached {value} ago",
        missing="When a business milestone was reached is not known",
    ),
)
def days_since_milestone(history: Measures) -> Number:
    """Days since the latest business outcome was achieved.

    A fresh success is the moment to talk about the next step (source S0). NaN before the first.
    """
    return history.days_since_milestone()


@signal(
    label="Days since first value",
    unit=Unit.DAYS,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="First value came {value} ago",
        missing="When first value came is not known",
    ),
)
def days_since_first_value(history: Measures) -> Number:
    """Days since the account's first milestone.

    The sweet spot begins 3-6 months after it (sources S0, S3). NaN before it.
    """
    return history.days_since_first_value()


@trigger(
    label="Success achieved",
    opens="plan_upgrade",
    act_within_days=30,
    frame="value recap: what was achieved, and what the next goal needs",
    says=("days_since_milestone", "milestones_reached"),
)
def success_achieved(signals: pd.DataFrame, thresholds: Thresholds) -> pd.Series:
    """A business milestone was reached in the last 60 days.

    Source S0: stated success metrics achieved.
    """
    return signals["days_since_milestone"] <= FRESH_DAYS
