"""Gaps: work that the product does not do, named by the customer or seen from what leaves the product."""

from __future__ import annotations

from typing import Any

from uptier.signals.measures import Measures, Number, growth
from uptier.signals.signal import Effect, Phrase, Unit, signal
from uptier.signals.trigger import trigger
from uptier.thresholds import Thresholds

HOUR_MINUTES = 60
GAP = "naming_gap"
WORKAROUND = "naming_workaround"


@signal(
    label="Gaps named",
    unit=Unit.TIMES,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="The customer named a gap {value} in 60 days",
        zero="The customer named no gap in 60 days",
        missing="What customers write is not recorded",
    ),
)
def gaps_named(history: Measures) -> Number:
    """Tickets and survey answers of the last 60 days that name a gap.

    A text names one if it holds a word of the list `gap_words` in the project's YAML: transparent, and yours to
    change. The best moment for an add-on is a gap that the customer has named, in a ticket, a review or a survey
    (source S1). Where only one of the two tables has texts, they alone count; NaN where neither has.
    """
    return history.texts_naming(GAP, history.thresholds.gap_words, last=60)


@signal(
    label="Hours since a gap was named",
    unit=Unit.HOURS,
    effect=Effect.LOWERS,
    phrase=Phrase(
        value="The customer last named a gap {value} ago",
        missing="When the customer last named a gap is not known",
    ),
)
def hours_since_gap_named(history: Measures) -> Number:
    """Hours from the ticket or survey answer that last named a gap to the as-of date, within the last 366 days.

    Source S1: talk in the same interaction or within 48-72 hours. The as-of date begins at midnight UTC; minutes count,
    seconds do not. NaN if no text named a gap.
    """
    return history.minutes_since_naming(GAP, history.thresholds.gap_words) / HOUR_MINUTES


@signal(
    label="Workarounds named",
    unit=Unit.TIMES,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="The customer told of work done outside the product {value} in 60 days",
        zero="The customer told of no work done outside the product in 60 days",
        missing="What customers write is not recorded",
    ),
)
def workarounds_named(history: Measures) -> Number:
    """Tickets and survey answers of the last 60 days that tell of a workaround: a spreadsheet, work by hand.

    Source S3: workarounds say that the plan is outgrown; source S4: so does manual work that a higher one automates.
    A text tells of one if it holds a word of the list `workaround_words`. Such a text names a gap too, so most of these
    words stand in `gap_words` as well: this counts the part of `gaps_named` that already costs the customer work. Where
    only one of the two tables has texts, they alone count; NaN where neither has.
    """
    return history.texts_naming(WORKAROUND, history.thresholds.workaround_words, last=60)


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


@signal(
    label="Days with an export",
    unit=Unit.DAYS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Data were taken to other tools on {value} of 28",
        zero="On no day of 28 were data taken to other tools",
        missing="Exports are not recorded",
    ),
)
def export_days(history: Measures) -> Number:
    """Days of the last 28 with an export to an outside tool.

    Many exports of one day are one piece of work; exports on many days are a routine outside the product (source S1).
    NaN where exports are not recorded.
    """
    return history.days_with("export", last=28)


@signal(
    label="Export growth",
    unit=Unit.GROWTH,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Exports grew by {value} against the four weeks before",
        zero="As much was taken to other tools as in the four weeks before",
        negative="Exports fell by {value} against the four weeks before",
        missing="There were no exports in the four weeks before",
    ),
)
def export_growth(history: Measures) -> Number:
    """Exports of the last 28 days against those of the 28 days before, as a share.

    More and more work leaves the product (source S1). NaN where there were none before, or they are not recorded.
    """
    return growth(history.events("export", last=28), history.events("export", last=28, before=28))


@trigger(
    label="The customer named a gap",
    opens="add_on",
    act_within_days=3,
    frame="gap resolution: what they do elsewhere, and the module that does it here",
    says=("hours_since_gap_named", "gaps_named", "exports"),
    since="hours_since_gap_named",
)
def gap_named(signals: Any, thresholds: Thresholds) -> Any:
    """A ticket or a survey answer of the last 72 hours names a gap.

    Source S1: a workflow gap named by the customer, in a ticket, a review or a survey; the talk about it comes in the
    same interaction or within 48-72 hours. Who scores once a week may want more hours, `gap_hours` in the YAML.
    """
    return signals["hours_since_gap_named"] <= thresholds.gap_hours
