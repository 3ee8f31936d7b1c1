"""What happened at an account lately, as a brief tells it: facts beside the reasons, not reasons themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from uptier.decision.actions import WORDS

RECENT_DAYS = 90  # what is older is not news to a CSM who talks to the account every quarter
MOST_MILESTONES = 2  # named; of the others only the number is said


@dataclass(frozen=True, kw_only=True)
class Reached:
    """A milestone that was reached.

    Attributes
    ----------
    milestone : str
        Its name in the table.
    day : date
        When.
    """

    milestone: str
    day: dt.date


@dataclass(frozen=True, kw_only=True)
class OpenTickets:
    """The support tickets that were not known to be closed.

    Attributes
    ----------
    count : int
        How many.
    oldest_days : int or None
        Days since the oldest of them was opened; None where there is none.
    urgent, escalated : int or None
        How many of them are; None where the table does not tell, or tells only what it says today.
    """

    count: int
    oldest_days: int | None = None
    urgent: int | None = None
    escalated: int | None = None


@dataclass(frozen=True, kw_only=True)
class Contact:
    """One contact of an account about an upsell.

    Attributes
    ----------
    day : date
        When.
    about : str or None
        The upsell; None where it is not told or is none that we know.
    started_by : str or None
        ``"calendar"``, or the label of the trigger; None for anything else, which might be a person's name.
    result : str or None
        ``"won"``, ``"lost"`` or ``"open"``, as far as was known; None where the table does not tell when it was.
    """

    day: dt.date
    about: str | None = None
    started_by: str | None = None
    result: str | None = None


@dataclass(frozen=True, kw_only=True)
class Recent:
    """What the tables tell of an account's last months, each part only if its table is there.

    Attributes
    ----------
    milestones : tuple of Reached, or None
        Reached in the last `RECENT_DAYS`, newest first; None without the table.
    tickets : OpenTickets or None
        None without the table.
    has_outreach : bool
        Whether there is a table of outreach.
    contact : Contact or None
        The last one; None if none is recorded.
    """

    milestones: tuple[Reached, ...] | None = None
    tickets: OpenTickets | None = None
    has_outreach: bool = False
    contact: Contact | None = None


def recent_words(recent: Recent, as_of: dt.date) -> Iterator[tuple[str, str]]:
    """Say what happened lately.

    Parameters
    ----------
    recent : Recent
        What did.
    as_of : date
        The date that it is looked at from.

    Yields
    ------
    tuple of str and str
        What stands at the left, and a sentence; nothing of a table that is not there.

    Examples
    --------
    >>> dict(recent_words(Recent(milestones=(), tickets=OpenTickets(count=0)), dt.date(2026, 3, 1)))
    {'milestones': 'none recorded in the last 90 days.', 'tickets': 'none is open.'}
    """
    if recent.milestones is not None:
        yield "milestones", _milestones(recent.milestones)
    if recent.tickets is not None:
        yield "tickets", _tickets(recent.tickets)
    if recent.has_outreach:
        yield "contacted", _contact(recent.contact, as_of)


def _milestones(reached: tuple[Reached, ...]) -> str:
    if not reached:
        return f"none recorded in the last {RECENT_DAYS} days."
    named = [f"{one.milestone.replace('_', ' ')} on {_day(one.day)}" for one in reached[:MOST_MILESTONES]]
    more = len(reached) - len(named)
    rest = f"; {more} more in the last {RECENT_DAYS} days" if more else ""
    return f"{', '.join(named)}{rest}."


def _tickets(tickets: OpenTickets) -> str:
    if not tickets.count or tickets.oldest_days is None:
        return "none is open."
    since = f"{tickets.oldest_days} {'day' if tickets.oldest_days == 1 else 'days'}"
    told = {"urgent": tickets.urgent, "escalated": tickets.escalated}
    if tickets.count == 1:
        marks = [word for word, count in told.items() if count]
        ending = f"; it is {' and '.join(marks)}" if marks else ""
        return f"1 is open, for {since}{ending}."
    marks = [f"{count} {word}" for word, count in told.items() if count]
    ending = f"; of them {', '.join(marks)}" if marks else ""
    return f"{tickets.count} are open, the oldest for {since}{ending}."


def _contact(contact: Contact | None, as_of: dt.date) -> str:
    if contact is None:
        return "no contact about an upsell is recorded."
    about = f" about {WORDS[contact.about]}" if contact.about in WORDS else ""
    result = {"won": ": won", "lost": ": lost", "open": ": no result is known yet"}.get(contact.result or "", "")
    if (as_of - contact.day).days > RECENT_DAYS:
        # what started it is no news any more
        return f"not in the last {RECENT_DAYS} days; last on {_day(contact.day)}{about}{result}."
    begun = f", started by {_starter(contact.started_by)}" if contact.started_by else ""
    return f"on {_day(contact.day)}{about}{begun}{result}."


def _starter(started_by: str) -> str:
    return "the calendar" if started_by == "calendar" else f"the trigger '{started_by}'"


def _day(day: dt.date) -> str:
    return f"{day.day} {day:%B} {day.year}"
