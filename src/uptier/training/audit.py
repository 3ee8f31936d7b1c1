"""The audit of a registered model: who trained, promoted, refused or rolled back which version, when and why.

An event is written once and never changed. Its key holds its number and the first digits of the SHA-256 of its text, so
that an event that was changed afterwards is seen. What an event says is what was decided: the alias follows it, and a
run that is killed between the two is finished by asking again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from uptier.errors import StoreError

Action = Literal["train", "refuse", "promote", "promote-against-the-gate", "rollback"]

ACTORS = ("UPTIER_ACTOR", "USER", "LOGNAME", "USERNAME")  # environment variables, the first that is set names who
UNKNOWN = "unknown"
LONGEST_ACTOR = 100  # characters
LONGEST_WHY = 2000  # characters; the oldest servers that take our tags refuse values over 5,000
KEY = re.compile(r"event\.(?P<number>\d{6,})\.(?P<digest>[0-9a-f]{12})")


@dataclass(frozen=True, kw_only=True)
class Event:
    """One thing that happened to a version.

    Attributes
    ----------
    number : int
        Place in the audit of the model, from 1.
    at : datetime
        When, UTC.
    actor : str
        Who.
    action : str
        ``train``, ``refuse``, ``promote``, ``promote-against-the-gate`` or ``rollback``.
    version : str
        The version that it is about: what was trained, refused or made the champion.
    before, after : str or None
        The champion before and after; None where there is none.
    why : str
        The reason given, or what the gate said.
    """

    number: int
    at: dt.datetime
    actor: str
    action: Action
    version: str
    before: str | None
    after: str | None
    why: str

    @property
    def moves(self) -> bool:
        """Whether another version becomes the champion."""
        return self.before != self.after

    @property
    def key(self) -> str:
        """Name of the tag, and with ``.json`` of the file, that holds it."""
        return f"event.{self.number:06d}.{_digest(self.text)}"

    @property
    def text(self) -> str:
        """The event as one line of JSON."""
        return json.dumps(
            {
                "number": self.number,
                "at": self.at.astimezone(dt.UTC).isoformat(),
                "actor": self.actor,
                "action": self.action,
                "version": self.version,
                "from": self.before,
                "to": self.after,
                "why": self.why,
            },
            ensure_ascii=False,
        )


def event(
    number: int,
    action: Action,
    *,
    version: str,
    before: str | None,
    after: str | None,
    why: str,
    actor: str,
    at: dt.datetime,
) -> Event:
    """Put an event together.

    Parameters
    ----------
    number : int
        One more than that of the last event.
    action : str
        See :class:`Event`.
    version : str
        The version that it is about.
    before, after : str or None
        The champion before and after.
    why : str
        Cut at 2,000 characters.
    actor : str
        Cut at 100 characters.
    at : datetime
        With its zone.

    Returns
    -------
    Event
        In UTC.
    """
    return Event(
        number=number,
        at=at.astimezone(dt.UTC),
        actor=_one_line(actor)[:LONGEST_ACTOR] or UNKNOWN,
        action=action,
        version=version,
        before=before,
        after=after,
        why=_one_line(why)[:LONGEST_WHY],
    )


def events_in(tags: Mapping[str, str]) -> list[Event]:
    """Read the events among the tags of a version.

    Parameters
    ----------
    tags : mapping of str to str
        All tags of one version; those that are no events are passed over.

    Returns
    -------
    list of Event
        By number.

    Raises
    ------
    StoreError
        If an event is not what was written.
    """
    read = []
    for key, text in tags.items():
        named = KEY.fullmatch(key)
        if named:
            if _digest(text) != named["digest"]:
                raise _changed(key)
            read.append(_event_of(key, text))
    return in_order(read)


def in_order(events: Iterable[Event]) -> list[Event]:
    """Put events in the order in which they happened.

    Parameters
    ----------
    events : iterable of Event
        Of any versions.

    Returns
    -------
    list of Event
        By number, then time: two who write at once may take the same number.
    """
    return sorted(events, key=lambda one: (one.number, one.at, one.key))


def champion_before(events: Sequence[Event], champion: str) -> str | None:
    """Find the champion that a rollback goes back to.

    Parameters
    ----------
    events : sequence of Event
        In order.
    champion : str
        The version that is the champion now.

    Returns
    -------
    str or None
        The one that it replaced; one that was rolled back from is never gone back to. None where there was none.
    """
    line: list[str] = []  # champions, each with those that it replaced before it
    for one in events:
        if one.moves and one.after is not None:
            # the event knows who was the champion: an alias may have been moved by hand, or never after an event
            line = _until(line, one.before)
            line = _until(line, one.after) if one.action == "rollback" else [*line, one.after]
    if champion in line:
        line = _until(line, champion)[:-1]
    return line[-1] if line else None


def actor_of(environment: Mapping[str, str]) -> str:
    """Say who acts.

    Parameters
    ----------
    environment : mapping of str to str
        Of the process.

    Returns
    -------
    str
        UPTIER_ACTOR, else the name of the user, else ``unknown``.
    """
    return next((environment[name] for name in ACTORS if environment.get(name)), UNKNOWN)


def _until(line: list[str], version: str | None) -> list[str]:
    if version is None:
        return []
    # a version that was promoted again stands there twice: its last time counts
    return line[: len(line) - line[::-1].index(version)] if version in line else [version]


def _event_of(key: str, text: str) -> Event:
    try:
        written = json.loads(text)
        return Event(
            number=int(written["number"]),
            at=dt.datetime.fromisoformat(written["at"]),
            actor=written["actor"],
            action=written["action"],
            version=written["version"],
            before=written["from"],
            after=written["to"],
            why=written["why"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _changed(key) from error


def _changed(key: str) -> StoreError:
    return StoreError(
        f"The audit of the model was changed: the tag {key} is not what was written.",
        do="The run of that version keeps a copy of the event under 'events'; put it back as it was.",
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _one_line(text: str) -> str:
    return " ".join(text.split())
