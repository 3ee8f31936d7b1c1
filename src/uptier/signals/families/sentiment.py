"""Sentiment: how the account is doing with us, by its own words."""

from __future__ import annotations

import pandas as pd

from uptier.settings import Thresholds
from uptier.signals.measures import Measures, Number
from uptier.signals.signal import Effect, Phrase, Unit, signal
from uptier.signals.trigger import trigger


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
)
def open_tickets(history: Measures) -> Number:
    """Tickets opened in the last 366 days of which no end is known.

    Mend before you sell. NaN where the source does not say when tickets were closed.
    """
    return history.open_tickets()


@trigger(
    label="Unhappy customer",
    frame="listen first: what went wrong, and what we do about it",
    says=("nps", "open_tickets"),
)
def unhappy_customer(signals: pd.DataFrame, thresholds: Thresholds) -> pd.Series:
    """The latest likelihood to recommend is that of a detractor, 6 or less of 10.

    Net Promoter's own bounds; source S2: a pushed upsell makes them out of content customers.
    """
    return signals["nps"] <= thresholds.detractor_nps
