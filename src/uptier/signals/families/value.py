"""Value: what the account has achieved with the product."""

from __future__ import annotations

from typing import Any

from uptier.signals.lever import Lever
from uptier.signals.measures import Measures, Number
from uptier.signals.signal import Effect, Phrase, Unit, signal
from uptier.signals.trigger import trigger
from uptier.thresholds import Thresholds

MONTH_DAYS = 365.25 / 12


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
    label="Recent milestones",
    unit=Unit.MILESTONES,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Reached in 90 days: {value}",
        zero="No business milestone was reached in 90 days",
        missing="Milestones are not recorded",
    ),
    lever=Lever(more="reach the next milestone together"),
)
def milestones_in_90_days(history: Measures) -> Number:
    """Business outcomes achieved in the last 90 days.

    The pace of success, where `milestones_reached` grows with age alone (source S0). NaN where milestones are not
    recorded.
    """
    return history.milestones(last=90)


@signal(
    label="Days since the latest milestone",
    unit=Unit.DAYS,
    effect=Effect.LOWERS,
    phrase=Phrase(
        value="The latest business milestone was reached {value} ago",
        missing="When a business milestone was reached is not known",
    ),
    lever=Lever(less="reach the next milestone together", resets=True),
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


@signal(
    label="Days to first value",
    unit=Unit.DAYS,
    effect=Effect.LOWERS,
    phrase=Phrase(
        value="First value came {value} after the first subscription",
        zero="First value came on the day of the first subscription",
        negative="First value came {value} before the first subscription",
        missing="How long it took to first value is not known",
    ),
)
def days_to_first_value(history: Measures) -> Number:
    """Days from the account's first subscription to its first milestone.

    Who got value fast trusts the next step (source S0). Below 0 where a trial reached it before anything was bought.
    NaN before the first milestone, and where the first subscription is not known.
    """
    return history.tenure_days() - history.days_since_first_value()


@signal(
    label="Months since implementation",
    unit=Unit.MONTHS,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="The product was set up {value} ago",
        missing="When the product was set up is not known",
    ),
)
def months_since_implementation(history: Measures) -> Number:
    """Months since the first milestone that says that the product is set up.

    Which milestones say so stands in the list `implementation_milestones` in the project's YAML: go_live, implemented,
    onboarded, ... The sweet spot begins 3-6 months after it (sources S0, S3). A month is a twelfth of a year of 365.25
    days. NaN before it, and where no such milestone is recorded.
    """
    return history.days_since_implementation().cast("float64") / MONTH_DAYS


@trigger(
    label="Success achieved",
    opens="plan_upgrade",
    act_within_days=30,
    frame="value recap: what was achieved, and what the next goal needs",
    says=("days_since_milestone", "milestones_reached"),
    since="days_since_milestone",
)
def success_achieved(signals: Any, thresholds: Thresholds) -> Any:
    """A business milestone was reached in the last 60 days.

    Source S0: stated success metrics achieved. It does not say for how long that is a reason to talk, so the days are
    the project's to set, `milestone_days` in the YAML.
    """
    return signals["days_since_milestone"] <= thresholds.milestone_days
