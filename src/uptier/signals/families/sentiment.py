"""Sentiment: how the account is doing with us, by its own words."""

from __future__ import annotations

from typing import Any

from uptier.signals.lever import Lever
from uptier.signals.measures import Measures, Number, ratio
from uptier.signals.signal import Effect, Phrase, Unit, signal
from uptier.signals.trigger import trigger
from uptier.thresholds import Thresholds

DAY_MINUTES = 24 * 60


@signal(
    label="Likelihood to recommend",
    unit=Unit.RATIO,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="The customer's latest likelihood to recommend is {value} of 10",
        missing="How likely the customer is to recommend is not known",
    ),
)
def nps(history: Measures) -> Number:
    """Latest answer to the NPS question, 0 to 10, within the last 366 days.

    Of several answers on that day, the lowest: mend before you sell. NaN without one.
    """
    return history.nps()


@signal(
    label="Change of the likelihood to recommend",
    unit=Unit.RATIO,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="The customer's likelihood to recommend rose by {value} since the answer before",
        zero="The customer's likelihood to recommend is that of the answer before",
        negative="The customer's likelihood to recommend fell by {value} since the answer before",
        missing="How the likelihood to recommend changed is not known",
    ),
)
def nps_change(history: Measures) -> Number:
    """Latest answer to the NPS question less that of the day with answers before it, within the last 366 days.

    A fall comes before a level that alarms: a pushed upsell lowers it (source S2). Of several answers of a day, the
    lowest. NaN without a day of answers before.
    """
    return history.nps() - history.nps_before()


@signal(
    label="Mean likelihood to recommend",
    unit=Unit.RATIO,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="The customer's mean likelihood to recommend was {value} of 10 in 120 days",
        missing="The customer was not asked in 120 days how likely it is to recommend",
    ),
)
def nps_mean(history: Measures) -> Number:
    """Mean of the answers to the NPS question, last 120 days, 0 to 10.

    Every answer counts the same, so that one person's bad day is not the account's (source S2). NaN without one.
    """
    return ratio(history.nps_sum(last=120), history.nps_answers(last=120))


@signal(
    label="Days since the latest survey",
    unit=Unit.DAYS,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="The customer last said {value} ago how likely it is to recommend",
        missing="When the customer last said how likely it is to recommend is not known",
    ),
)
def days_since_survey(history: Measures) -> Number:
    """Days since the latest answer to the NPS question, within the last 366 days.

    How old the customer's word is: an old one says little about today. NaN without one.
    """
    return history.days_since_nps()


@signal(
    label="Pressure named",
    unit=Unit.TIMES,
    effect=Effect.LOWERS,
    phrase=Phrase(
        value="The customer spoke of pressure to buy {value} in 180 days",
        zero="The customer did not speak of pressure to buy in 180 days",
        missing="What customers write is not recorded",
    ),
)
def pressure_named(history: Measures) -> Number:
    """Survey answers and tickets of the last 180 days that speak of pressure to buy.

    A text does if it holds a word of the list `pressure_words` in the project's YAML: "felt pressured", "sales call",
    "keeps pushing" (source S1). Where only one of the two tables has texts, they alone count; NaN where neither has.
    """
    return history.texts_naming("naming_pressure", history.thresholds.pressure_words, last=180)


@signal(
    label="Tickets",
    unit=Unit.TIMES,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="Support was asked {value} in 90 days",
        zero="Support was not asked in 90 days",
        missing="Tickets are not recorded",
    ),
)
def tickets_opened(history: Measures) -> Number:
    """Tickets opened, last 90 days.

    Many mean trouble or ambition: the model decides which.
    """
    return history.tickets(last=90)


@signal(
    label="Open tickets",
    unit=Unit.TICKETS,
    effect=Effect.LOWERS,
    phrase=Phrase(
        value="Waiting for an answer: {value}",
        zero="No ticket of the last year is open",
        missing="Whether tickets are open is not recorded",
    ),
    lever=Lever(less="close open tickets"),
)
def open_tickets(history: Measures) -> Number:
    """Tickets opened in the last 366 days of which no end is known.

    Mend before you sell. NaN where the source does not say when tickets were closed.
    """
    return history.open_tickets()


@signal(
    label="Escalations",
    unit=Unit.TICKETS,
    effect=Effect.LOWERS,
    phrase=Phrase(
        value="Escalated in 90 days: {value}",
        zero="No ticket of 90 days was escalated",
        missing="Whether tickets were escalated is not known",
    ),
    lever=Lever(less="settle what was escalated"),
)
def escalations(history: Measures) -> Number:
    """Tickets opened in the last 90 days that were escalated.

    Mend before you sell (source S2). Whether a ticket is escalated is overwritten in place, so this is NaN unless the
    project states since when `tickets.escalated` holds.
    """
    return history.escalations(last=90)


@signal(
    label="Days to close a ticket",
    unit=Unit.DAYS,
    effect=Effect.LOWERS,
    phrase=Phrase(
        value="On average a ticket was closed after {value}",
        zero="Tickets were closed in the minute in which they were opened",
        missing="No ticket is known to have been closed in 90 days",
    ),
    lever=Lever(less="answer tickets faster"),
)
def days_to_close(history: Measures) -> Number:
    """Mean days from opening to closing of the tickets that were closed in the last 90 days.

    How well we served decides how an offer sounds (source S1). A ticket counts once it is known to be closed, and if it
    had been opened within 366 days; one that was closed before it was opened does not. NaN where none was closed.
    """
    return ratio(history.minutes_to_close(last=90), history.tickets_closed(last=90)) / DAY_MINUTES


@signal(
    label="Days since a ticket was closed",
    unit=Unit.DAYS,
    effect=Effect.EITHER,
    phrase=Phrase(
        value="The latest ticket to be closed was closed {value} ago",
        missing="No ticket is known to have been closed within a year",
    ),
)
def days_since_ticket_closed(history: Measures) -> Number:
    """Days since a ticket was last closed, of those opened within 366 days.

    A problem that was just solved is the moment in which talks about a gap convert best: service recovery (source S1).
    NaN where none is known to have been closed.
    """
    return history.days_since_ticket_closed()


@trigger(
    label="Unhappy customer",
    frame="listen first: what went wrong, and what we do about it",
    says=("nps", "open_tickets"),
    since="days_since_survey",
)
def unhappy_customer(signals: Any, thresholds: Thresholds) -> Any:
    """The latest likelihood to recommend is that of a detractor, 6 or less of 10.

    Net Promoter's own bounds; source S2: a pushed upsell makes them out of content customers.
    """
    return signals["nps"] <= thresholds.detractor_nps
