"""Adoption: how broadly and deeply the product is part of the account's work."""

from __future__ import annotations

import pandas as pd

from uptier.signals.lever import Lever
from uptier.signals.measures import WORKING_DAYS, Measures, Number, ratio
from uptier.signals.signal import Effect, Phrase, Unit, signal
from uptier.signals.trigger import trigger
from uptier.thresholds import Thresholds


@signal(
    label="Functions in use",
    unit=Unit.FEATURES,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="In use in the last four weeks: {value}",
        zero="No named function was used in the last four weeks",
        missing="What is used is not recorded",
    ),
    lever=Lever(more="show functions of the plan that nobody uses yet"),
)
def features_in_use(history: Measures) -> Number:
    """Distinct features used, last 28 days.

    NaN where usage names no features.
    """
    return history.features("feature_used", last=28)


@signal(
    label="Breadth of functions",
    unit=Unit.SHARE,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="The team uses {value} of the functions that its plan includes",
        zero="The team uses no named function of its plan",
        missing="What the plan includes is not known",
    ),
    lever=Lever(more="show functions of the plan that nobody uses yet"),
)
def feature_breadth(history: Measures) -> Number:
    """Features of the plan used in 28 days, over all that the plan includes.

    By name: what is tried above the plan does not count. Source S0 names 95 % as full adoption. NaN where the plan list
    does not name features.
    """
    return ratio(history.features("feature_used", last=28, of="of_plan"), history.plan_fact("features"))


@signal(
    label="Active days",
    unit=Unit.DAYS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="The product was in use on {value} of 28",
        zero="The product was not in use in the last 28 days",
        missing="Use is not recorded",
    ),
    lever=Lever(more="make it part of the team's week"),
)
def active_days(history: Measures) -> Number:
    """Days with any activity, last 28 days."""
    return history.days_with(last=28)


@signal(
    label="Events per user-day",
    unit=Unit.EVENTS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="A user does about {value} on a day of work",
        missing="How much a user does is not known",
    ),
)
def events_per_user_day(history: Measures) -> Number:
    """Events over user-days, last 28 days: how deep a day of work goes.

    NaN where nobody was active.
    """
    return ratio(history.events(last=28), history.user_days(last=28))


@signal(
    label="Activity",
    unit=Unit.EVENTS,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="The team did {value} in four weeks",
        zero="The team did nothing in four weeks",
        missing="Use is not recorded",
    ),
)
def activity(history: Measures) -> Number:
    """Events of all kinds, last 28 days.

    The scale for the ratios of this family.
    """
    return history.events(last=28)


@signal(
    label="Days since last use",
    unit=Unit.DAYS,
    effect=Effect.LOWERS,
    phrase=Phrase(
        value="The product was last used {value} ago",
        missing="When the product was last used is not known",
    ),
    lever=Lever(less="win the team back", resets=True),
)
def days_since_last_use(history: Measures) -> Number:
    """Days since the latest event of any kind, within the last 366 days.

    1 is the day before the as-of date. NaN where there was none.
    """
    return history.days_since_last()


@signal(
    label="Integration share",
    unit=Unit.SHARE,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Integrations make {value} of all activity",
        zero="No activity comes through integrations",
        missing="How much comes through integrations is not known",
    ),
    lever=Lever(more="connect more of their systems"),
)
def integration_share(history: Measures) -> Number:
    """Integration calls over all events, last 28 days.

    Integrated products are hard to leave and hungry for capacity (source S0). NaN without events.
    """
    return ratio(history.events("integration_call", last=28), history.events(last=28))


@signal(
    label="Integrations in use",
    unit=Unit.FEATURES,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Called from other systems: {value}",
        zero="No named function is called from other systems",
        missing="What is called from other systems is not known",
    ),
    lever=Lever(more="connect more of their systems"),
)
def integrations_in_use(history: Measures) -> Number:
    """Distinct features reached by integration calls, last 28 days: how deeply the product is wired in.

    Source S0, integration depth. NaN where usage names no features or records no integration calls.
    """
    return history.features("integration_call", last=28)


@signal(
    label="Integration days",
    unit=Unit.DAYS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Other systems called on {value} of 28",
        zero="No other system called in four weeks",
        missing="Calls from other systems are not recorded",
    ),
)
def integration_days(history: Measures) -> Number:
    """Days with an integration call, last 28 days.

    A nightly job is a workflow, one call a trial (source S0, workflow intensity). NaN where they are not recorded.
    """
    return history.days_with("integration_call", last=28)


@signal(
    label="Stickiness",
    unit=Unit.SHARE,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="On an average working day {value} of the month's users are here",
        missing="How often people come back is not known",
    ),
    lever=Lever(more="make it part of the team's week"),
)
def stickiness(history: Measures) -> Number:
    """Mean daily users on working days over the distinct users of 28 days (DAU over MAU).

    Of the people, not of the seats. NaN where nobody was active, and from daily usage.
    """
    return ratio(history.user_days(last=28, working=True) / WORKING_DAYS, history.active_users(last=28))


@signal(
    label="Events per user",
    unit=Unit.EVENTS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="A user does about {value} in four weeks",
        missing="How much a user does is not known",
    ),
)
def events_per_user(history: Measures) -> Number:
    """Events over distinct users, last 28 days: workflow intensity (source S0).

    NaN where nobody was active, and from daily usage.
    """
    return ratio(history.events(last=28), history.active_users(last=28))


@signal(
    label="New functions taken up",
    unit=Unit.FEATURES,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Against the four weeks before, more in use: {value}",
        zero="As many functions are in use as in the four weeks before",
        negative="Against the four weeks before, fewer in use: {value}",
        missing="What is used is not recorded",
    ),
)
def features_gained(history: Measures) -> Number:
    """Distinct features used in the last 28 days less those used in the 28 days before.

    NaN where usage names no features.
    """
    return history.features("feature_used", last=28) - history.features("feature_used", last=28, before=28)


@signal(
    label="Health score",
    unit=Unit.POINTS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="The health score is {value} of 100",
        missing="The health score is not known",
    ),
)
def health_score(history: Measures) -> Number:
    """Health of 0 to 100 from three parts: how many seats work daily, on how many days, and whether use holds.

    40 points for `daily_active_share` (full at 75 %, source S0), 30 for active days (full at 20 of 28), 30 for this
    month's events over the month before (full at 1, none at 0.5). NaN where a part is not known. The weights are ours;
    source S0 asks only for a score above 80.
    """
    daily = ratio(history.user_days(last=28, working=True) / WORKING_DAYS, history.seats())
    steady = ratio(history.events(last=28), history.events(last=28, before=28))
    share = (daily / history.thresholds.daily_actives).clip(0, 1)
    days = (history.days_with(last=28).cast("float64") / 20).clip(0, 1)
    held = ((steady - 0.5) / 0.5).clip(0, 1)
    return 40 * share + 30 * days + 30 * held


@trigger(
    label="Deep adoption",
    opens="plan_upgrade",
    act_within_days=60,
    frame="value recap: how much of the work runs here, and what would make it easier",
    says=("feature_breadth", "active_days", "features_in_use"),
)
def deep_adoption(signals: pd.DataFrame, thresholds: Thresholds) -> pd.Series:
    """95 % of the plan's features are in use.

    Source S0. Its other sign of intensity, daily actives above 75 % of the licences, is a rule of the points model.
    """
    return signals["feature_breadth"] >= thresholds.feature_breadth
