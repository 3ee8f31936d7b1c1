"""Relationship: the people who carry the product."""

from __future__ import annotations

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
)
def executive_active_days(history: Measures) -> Number:
    """Active days of the most active executive, last 28 days.

    Source S0: a C-level champion who uses the product; apart from other champions, since whoever decides about money
    comes seldom and a champion often. Roles are overwritten in CRMs, so this is NaN unless the project states since
    when `users.role` holds; NaN from daily usage too.
    """
    return history.days_of_role("executive", last=28)
