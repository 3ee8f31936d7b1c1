"""Capacity: how close metered use is to the plan's quotas."""

from __future__ import annotations

from typing import Any

from uptier.signals.measures import Measures, Number
from uptier.signals.signal import Effect, Phrase, Unit, signal
from uptier.signals.trigger import trigger
from uptier.thresholds import Thresholds

DAYS_OVER = 30  # window of the days over quota, as of the limit errors


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
    label="Fullest meter",
    unit=Unit.CATEGORY,
    effect=Effect.EITHER,
    phrase=Phrase(value="The fullest meter is {value}", missing="Which meter is the fullest is not known"),
)
def fullest_meter(history: Measures) -> Number:
    """Name of the meter that stands highest in its quota, the first by name of several alike.

    What runs out decides which plan helps (sources S0, S4). Missing where no meter with a quota has been read.
    """
    return history.meter_name("fullest")


@signal(
    label="First meter to run out",
    unit=Unit.CATEGORY,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="The first quota to be used up is that of {value}",
        missing="No quota that will be used up is in sight",
    ),
)
def first_meter_to_run_out(history: Measures) -> Number:
    """Name of the meter whose quota is used up first at its pace, the first by name of several alike.

    The one that `days_until_quota_used_up` is about, which need not be the fullest (sources S0, S4). Missing where no
    day on which a quota runs out is in sight.
    """
    return history.meter_name("first_to_run_out")


@signal(
    label="Meters running out",
    unit=Unit.METERS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Used up soon at the pace of the latest readings: {value}",
        zero="At the pace of the latest readings no quota will be used up soon",
        missing="How full the meters are is not known",
    ),
)
def meters_running_out(history: Measures) -> Number:
    """Meters whose quota is used up, or will be within the threshold of days at their pace, 60 by default.

    Pace as for `days_until_quota_used_up`; one meter may be an oversight, several say that the plan is outgrown
    (sources S0, S4). NaN where no meter with a quota has been read.
    """
    return history.meter("running_out", within=history.thresholds.meter_days)


@signal(
    label="Quota growth",
    unit=Unit.SHARE,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="In four weeks the fullest meter came nearer to its quota by {value} of it",
        zero="The fullest meter stands where it stood four weeks ago",
        negative="In four weeks the fullest meter fell by {value} of its quota",
        missing="How full the fullest meter was four weeks ago is not known",
    ),
)
def quota_growth(history: Measures) -> Number:
    """Utilisation of the fullest meter now less that of the same meter 28 days before.

    Use that grows towards a quota, and not only a high level, says that the quota will matter (source S4). Each
    reading counts against its own quota, one without against that of the plan held now. NaN where the fullest meter
    had not been read by then, or its quota was not known or 0.
    """
    return history.meter("growth")


@signal(
    label="Days over quota",
    unit=Unit.DAYS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="One quota was used up on {value} of 30",
        zero="No quota was used up in 30 days",
        missing="How full the meters are is not known",
    ),
)
def days_over_quota(history: Measures) -> Number:
    """Days of the last 30 with a reading at or above the quota, of the meter that was so most often.

    Usage above what the plan is meant for (source S3). Any use of a meter whose quota is 0 is over it; such a meter has
    no utilisation, so it counts here alone. NaN where no meter with a quota has been read.
    """
    return history.meter("days_over", within=DAYS_OVER)


@signal(
    label="Days near the quota",
    unit=Unit.DAYS,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="The fullest meter has been near its quota for {value}",
        missing="No meter is known to be near its quota",
    ),
)
def days_near_quota(history: Measures) -> Number:
    """Days since the fullest meter was first read at or above the threshold of its quota, 80 %, and not below it since.

    At most 120, which is how far back readings are looked at. The source S0 asks for a talk while there is room left.
    NaN where it is below the threshold, and where no meter with a quota has been read.
    """
    return history.meter("days_near", least=history.thresholds.quota_utilisation)


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
    since="days_near_quota",
)
def running_out_of_capacity(signals: Any, thresholds: Thresholds) -> Any:
    """A meter at or above 80 % of its quota, or 12 limit errors in 30 days.

    Sources S0 and S4 for the quota, S2 for the limit errors.
    """
    full = signals["highest_quota_utilisation"] >= thresholds.quota_utilisation
    return full | (signals["limit_errors"] >= thresholds.limit_errors)
