"""Relationship: the people who carry the product."""

from __future__ import annotations

from uptier.signals.measures import LEADING_ROLES, Measures, Number
from uptier.signals.signal import Effect, Phrase, Unit, signal


@signal(
    label="Active days of a champion or executive",
    unit=Unit.DAYS,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="A champion or executive was active on {value} of 28",
        zero="No champion or executive was active in four weeks",
        missing="Who is a champion or executive is not known",
    ),
)
def executive_active_days(history: Measures) -> Number:
    """Active days of the most active champion or executive, last 28 days.

    Source S0: a C-level champion who uses the product. Roles are overwritten in CRMs, so this is NaN unless the project
    states since when `users.role` holds; NaN from daily usage too.
    """
    return history.days_of_role(*LEADING_ROLES, last=28)
