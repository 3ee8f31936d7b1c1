"""Gaps: work that the product does not do, named by the customer or seen from what leaves the product."""

from __future__ import annotations

import pandas as pd

from uptier.settings import Thresholds
from uptier.signals.measures import Measures, Number
from uptier.signals.signal import Effect, Phrase, Unit, signal
from uptier.signals.trigger import trigger


@signal(
    label="Gaps named",
    unit=Unit.TIMES,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="The customer named a gap {value} in 60 days",
        zero="The customer named no gap in 60 days",
        missing="What customers write in tickets is not recorded",
    ),
)
def gaps_named(history: Measures) -> Number:
    """Tickets of the last 60 days that name a gap.

    A ticket names one if it holds a word of the list `gap_words` in the project's YAML: transparent, and yours to
    change. The best moment for an add-on is a gap that the customer has named (source S1). NaN without texts.
    """
    return history.gaps_named(last=60)


@signal(
    label="Days since a gap was named",
    unit=Unit.DAYS,
    effect=Effect.LOWERS,
    phrase=Phrase(
        value="The customer last named a gap {value} ago",
        missing="When the customer last named a gap is not known",
    ),
)
def days_since_gap_named(history: Measures) -> Number:
    """Days since a ticket last named a gap, within the last 366 days.

    Source S1: talk within 48-72 hours. NaN if none did.
    """
    return history.days_since_gap_named()


@signal(
    label="Exports",
    unit=Unit.TIMES,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Data were taken to other tools {value} in four weeks",
        zero="No data were taken to other tools in four weeks",
        missing="Exports are not recorded",
    ),
)
def exports(history: Measures) -> Number:
    """Exports to outside tools, last 28 days.

    An export is work that the product does not do: a workflow gap (source S1).
    """
    return history.events("export", last=28)


@trigger(
    label="The customer named a gap",
    opens="add_on",
    act_within_days=3,
    frame="gap resolution: what they do elsewhere, and the module that does it here",
    says=("days_since_gap_named", "gaps_named", "exports"),
)
def gap_named(signals: pd.DataFrame, thresholds: Thresholds) -> pd.Series:
    """A ticket of the last 30 days names a gap.

    Source S1: a workflow gap named by the customer, in a ticket, a review or a survey.
    """
    return signals["days_since_gap_named"] <= thresholds.gap_days
