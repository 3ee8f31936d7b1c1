"""What happened at an account lately, as a brief tells it: facts beside the reasons, not reasons themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from uptier.explanation.words import IN_ENGLISH, Words

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


def recent_words(recent: Recent, as_of: dt.date, words: Words = IN_ENGLISH) -> Iterator[tuple[str, str]]:
    """Say what happened lately.

    Parameters
    ----------
    recent : Recent
        What did.
    as_of : date
        The date that it is looked at from.
    words : Words
        The project's.

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
        yield words.say("labels.milestones"), _milestones(recent.milestones, words)
    if recent.tickets is not None:
        yield words.say("labels.tickets"), _tickets(recent.tickets, words)
    if recent.has_outreach:
        yield words.say("labels.contacted"), _contact(recent.contact, as_of, words)


def _milestones(reached: tuple[Reached, ...], words: Words) -> str:
    if not reached:
        return words.say("milestones.none", days=RECENT_DAYS)
    named = [
        words.say("milestones.reached", milestone=one.milestone.replace("_", " "), day=words.day(one.day))
        for one in reached[:MOST_MILESTONES]
    ]
    more = len(reached) - len(named)
    rest = f"; {words.count('milestones.more', more, days=RECENT_DAYS)}" if more else ""
    return f"{', '.join(named)}{rest}."


def _tickets(tickets: OpenTickets, words: Words) -> str:
    if not tickets.count or tickets.oldest_days is None:
        return words.say("tickets.none")
    said = words.count("tickets.open", tickets.count, since=words.count("tickets.since", tickets.oldest_days))
    told = {"tickets.urgent": tickets.urgent, "tickets.escalated": tickets.escalated}
    marks = [(words.say(key), count) for key, count in told.items() if count]
    if not marks:
        return f"{said}."
    if tickets.count > 1:
        marked = ", ".join(f"{count} {mark}" for mark, count in marks)
    else:
        first, *others = (mark for mark, _ in marks)
        marked = words.say("tickets.both", first=first, second=others[0]) if others else first
    return f"{said}; {words.count('tickets.marked', tickets.count, marks=marked)}."


def _contact(contact: Contact | None, as_of: dt.date, words: Words) -> str:
    if contact is None:
        return words.say("contacts.none")
    offered, day = f"offers.{contact.about}", words.day(contact.day)
    about = f" {words.say('contacts.about', offer=words.say(offered))}" if words.has(offered) else ""
    result = f": {words.say(f'contacts.{contact.result}')}" if contact.result else ""
    if (as_of - contact.day).days > RECENT_DAYS:
        # what started it is no news any more
        return f"{words.say('contacts.long_ago', days=RECENT_DAYS, day=day)}{about}{result}."
    begun = f", {_starter(contact.started_by, words)}" if contact.started_by else ""
    return f"{words.say('contacts.contacted', day=day)}{about}{begun}{result}."


def _starter(started_by: str, words: Words) -> str:
    if started_by == "calendar":
        return words.say("contacts.calendar")
    return words.say("contacts.trigger", trigger=started_by)
