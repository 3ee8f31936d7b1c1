"""Relationship: the people who carry the product, and our talks with them about more."""

from __future__ import annotations

from uptier.signals.lever import Lever
from uptier.signals.measures import Measures, Number
from uptier.signals.signal import Effect, Phrase, Unit, signal


@signal(
    label="Active days of a champion",
    unit=Unit.DAYS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="A champion was active on {value} of 28",
        zero="No champion was active in four weeks",
        missing="Who is a champion is not known",
    ),
    lever=Lever(more="bring the champion back in"),
)
def champion_active_days(history: Measures) -> Number:
    """Active days of the most active champion, last 28 days.

    Source S0: a champion who uses the product. Roles are overwritten in CRMs, so this is NaN unless the project states
    since when `users.role` holds; NaN from daily usage too.
    """
    return history.days_of_role("champion", last=28)


@signal(
    label="Active days of an executive",
    unit=Unit.DAYS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="An executive was active on {value} of 28",
        zero="No executive was active in four weeks",
        missing="Who is an executive is not known",
    ),
    lever=Lever(more="bring an executive in"),
)
def executive_active_days(history: Measures) -> Number:
    """Active days of the most active executive, last 28 days.

    Source S0: a C-level champion who uses the product; apart from other champions, since whoever decides about money
    comes seldom and a champion often. Roles are overwritten in CRMs, so this is NaN unless the project states since
    when `users.role` holds; NaN from daily usage too.
    """
    return history.days_of_role("executive", last=28)


@signal(
    label="Champions",
    unit=Unit.USERS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Known as champion: {value}",
        zero="Nobody is known as a champion",
        missing="Who is a champion is not known",
    ),
    lever=Lever(more="win a champion"),
)
def champions(history: Measures) -> Number:
    """People with the role of a champion who had been invited by then.

    A talk about more needs somebody inside who wants it (source S0); with one alone it leaves when that person does.
    Roles are overwritten in CRMs, so this is NaN unless the project states since when `users.role` holds.
    """
    return history.people("champion")


@signal(
    label="Days since a champion was active",
    unit=Unit.DAYS,
    effect=Effect.LOWERS,
    phrase=Phrase(
        value="A champion was last active {value} ago",
        missing="No champion is known to have been active in 90 days",
    ),
    lever=Lever(less="bring the champion back in", resets=True),
)
def days_since_champion_active(history: Measures) -> Number:
    """Days since any champion was active, within the last 90 days.

    A champion who has fallen silent no longer speaks for us (source S0). Roles are overwritten in CRMs, so this is NaN
    unless the project states since when `users.role` holds; NaN too where none was active in 90 days, and from daily
    usage.
    """
    return history.days_since_role("champion", last=90)


@signal(
    label="Contacts",
    unit=Unit.TIMES,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="We talked about more {value} in 90 days",
        zero="We did not talk about more in 90 days",
        missing="Earlier talks are not recorded",
    ),
    lever=Lever(more="get in touch"),
)
def outreach_in_90_days(history: Measures) -> Number:
    """Contacts of the account about an upsell, last 90 days.

    A talk that comes too soon after another reads as pressure (source S1). NaN where outreach is not recorded.
    """
    return history.outreach(last=90)


@signal(
    label="Days since the latest contact",
    unit=Unit.DAYS,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="We last talked about more {value} ago",
        missing="No talk about more within a year is known",
    ),
    lever=Lever(less="get in touch", resets=True),
)
def days_since_outreach(history: Measures) -> Number:
    """Days since the latest contact about an upsell, within the last 366 days.

    Where no signal fired, the calendar is the backstop: a check-in every 90 days (source S1). NaN without one.
    """
    return history.days_since_outreach()


@signal(
    label="Open talks",
    unit=Unit.TIMES,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="Talks of the last 90 days whose result is not known: asked {value}",
        zero="No talk of the last 90 days is open",
        missing="What talks came to is not recorded",
    ),
)
def talks_open(history: Measures) -> Number:
    """Contacts of the last 90 days of which neither a win nor a loss was known yet.

    Somebody is at it already: a second talk beside it is pressure (source S1). A result counts from the day on which it
    was known. NaN where results, or their days, are not recorded.
    """
    return history.talks("open", last=90)


@signal(
    label="Talks won",
    unit=Unit.TIMES,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Talks about more were won {value} in a year",
        zero="No talk about more was won in a year",
        missing="What talks came to is not recorded",
    ),
)
def talks_won(history: Measures) -> Number:
    """Contacts of the last 365 days that were known to be won.

    Win rates by what started a talk are the sources' own measure of a programme (source S1). NaN where results, or
    their days, are not recorded.
    """
    return history.talks("won", last=365)


@signal(
    label="Talks lost",
    unit=Unit.TIMES,
    effect=Effect.LOWERS,
    phrase=Phrase(
        value="Talks about more were lost {value} in a year",
        zero="No talk about more was lost in a year",
        missing="What talks came to is not recorded",
    ),
)
def talks_lost(history: Measures) -> Number:
    """Contacts of the last 365 days that were known to be lost.

    A talk that read as a push dampens how the next one is received (source S1). NaN where results, or their days, are
    not recorded.
    """
    return history.talks("lost", last=365)


@signal(
    label="Days since a talk was lost",
    unit=Unit.DAYS,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="A talk about more was last lost {value} ago",
        missing="No talk lost within a year is known",
    ),
)
def days_since_talk_lost(history: Measures) -> Number:
    """Days since a contact was known to be lost, of those of the last 366 days.

    How fresh the no is: it dampens how the next talk is received (source S1). NaN without one.
    """
    return history.days_since_result("lost")
