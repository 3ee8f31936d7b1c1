"""What a source of answers is, and how what it says is read: words, dates and times, each row or a finding."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from uptier.delivery_settings import AnswersSettings
from uptier.tables.answers import BECAUSES, DISMISSED, NEW, OTHER, STATUSES

# a clock may be ahead of ours, and a day without a zone may be that of Auckland
AHEAD = dt.timedelta(days=1)
BEFORE_ALL = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
EARLIEST = dt.date(2000, 1, 1)  # before it nobody answered: an empty date of a spreadsheet is of 1899 or 1970


@dataclass(frozen=True, kw_only=True)
class Given:
    """One row as its source has it: texts, nothing read yet.

    Attributes
    ----------
    key : str
        Key of the row of the worklist.
    place : str
        Where it stands, for findings: ``line 7``, or the key.
    status, because, until, owner : str
        As people chose them; empty where they did not.
    answered_at : str
        When; empty where the source does not tell.
    account_id : str
        The account; empty where only the key tells it.
    """

    key: str
    place: str
    status: str = ""
    because: str = ""
    until: str = ""
    owner: str = ""
    answered_at: str = ""
    account_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Stand:
    """What somebody says of a case.

    Attributes
    ----------
    status : str
        One of :data:`uptier.tables.answers.STATUSES`.
    because : str or None
        Why it is dismissed.
    until : date or None
        Until when it is dismissed; None for no date.
    owner : str or None
        Who has taken it.
    """

    status: str
    because: str | None = None
    until: dt.date | None = None
    owner: str | None = None


UNTOUCHED = Stand(status=NEW)


@dataclass(frozen=True, kw_only=True)
class Read:
    """One row, read.

    Attributes
    ----------
    key, place, account_id : str
        As given.
    stand : Stand
        What it says.
    answered_at : datetime or None
        UTC; None where the source does not tell.
    """

    key: str
    place: str
    account_id: str
    stand: Stand
    answered_at: dt.datetime | None


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A row that could not be taken.

    Attributes
    ----------
    place : str
        Where it stands.
    code : str
        Stable.
    said : str
        What is wrong, and what to do.
    """

    place: str
    code: str
    said: str


class AnswerSource(Protocol):
    """Where answers are read; nothing is ever written there.

    Attributes
    ----------
    name : str
        As the project's YAML calls it, or ``file``.
    """

    name: str

    def read(self, before: Mapping[str, Stand]) -> list[Given]:
        """Read what people answered.

        Parameters
        ----------
        before : mapping of str to Stand
            What is known of this source, by key: those rows are read whatever they say now.

        Returns
        -------
        list of Given
            In the order of the source; rows that nobody touched may be left out.

        Raises
        ------
        UnreachableError
            If nobody answers, or a limit is reached.
        DeliveryError
            If trying again would not help.
        """
        ...


def read(given: Iterable[Given], settings: AnswersSettings, *, now: dt.datetime) -> tuple[list[Read], list[Fault]]:
    """Read rows.

    Parameters
    ----------
    given : iterable of Given
        Rows of one source.
    settings : AnswersSettings
        How far away a date may be.
    now : datetime
        The clock, UTC.

    Returns
    -------
    list of Read
        In the order of the source; of equal rows one, and those of one key in the order of their times.
    list of Fault
        One for each row that is not among them and says something.
    """
    found: list[Read] = []
    faults: list[Fault] = []
    for one in given:
        try:
            row = _row(one, settings, now)
        except _RowError as error:
            faults.append(Fault(place=one.place, code=error.code, said=str(error)))
            continue
        if row is not None:
            found.append(row)
    return _each_once(found, faults)


class _RowError(ValueError):
    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code = code


def _row(one: Given, settings: AnswersSettings, now: dt.datetime) -> Read | None:
    if not one.status.strip():
        if one.because.strip() or one.until.strip():
            raise _RowError("no-status", f"A reason or a date without a status: set the status to {DISMISSED}.")
        return None
    if not one.key.strip():
        raise _RowError("no-key", "It has a status and no uptier_key: copy the key of the row that is meant.")
    stand = Stand(
        status=_word(one.status, STATUSES, "unknown-status", "status"),
        owner=one.owner.strip() or None,
    )
    if stand.status == DISMISSED:
        # what is left in both fields after a row was taken up again means nothing
        because = _word(one.because, BECAUSES, "unknown-reason", "reason") if one.because.strip() else OTHER
        stand = Stand(status=DISMISSED, because=because, until=_until(one.until, settings, now), owner=stand.owner)
    when = _moment(one.answered_at, now)
    return Read(key=one.key, place=one.place, account_id=one.account_id, stand=stand, answered_at=when)


def _word(given: str, known: Iterable[str], code: str, what: str) -> str:
    found = {one.casefold(): one for one in known}
    word = found.get(" ".join(given.split()).casefold())
    if word is None:
        raise _RowError(code, f"This is no {what} that uptier knows. Known: {', '.join(found.values())}.")
    return word


def _until(given: str, settings: AnswersSettings, now: dt.datetime) -> dt.date | None:
    if not given.strip():
        return None
    try:
        day = dt.date.fromisoformat(given.strip())
    except ValueError:
        raise _RowError("not-a-date", "The date until which it is dismissed is none: write YYYY-MM-DD.") from None
    if day > now.date() + dt.timedelta(days=settings.farthest_days):
        raise _RowError(
            "date-too-far",
            f"It is dismissed for more than {settings.farthest_days} days. Is the year right? If so, raise "
            "delivery.answers.farthest_days.",
        )
    return day


def _moment(given: str, now: dt.datetime) -> dt.datetime | None:
    if not given.strip():
        return None
    try:
        moment = dt.datetime.fromisoformat(given.strip())
    except ValueError:
        raise _RowError(
            "not-a-time", "The time of the answer is none: write YYYY-MM-DD, or YYYY-MM-DDTHH:MM:SSZ."
        ) from None
    moment = moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
    if moment > now + AHEAD:
        raise _RowError("answered-in-future", "The time of the answer is yet to come. Is the year right?")
    if moment.date() < EARLIEST:
        raise _RowError("answered-long-ago", f"The time of the answer lies before {EARLIEST}. Is the year right?")
    return moment


def _each_once(found: list[Read], faults: list[Fault]) -> tuple[list[Read], list[Fault]]:
    by_key: dict[str, list[Read]] = {}
    for row in found:
        told = by_key.setdefault(row.key, [])
        if not any((row.stand, row.answered_at) == (one.stand, one.answered_at) for one in told):
            told.append(row)
    kept: list[Read] = []
    for rows in by_key.values():
        times = {row.answered_at for row in rows}
        if len(rows) > 1 and (None in times or len(times) < len(rows)):
            places = ", ".join(row.place for row in rows)
            said = f"Several rows of one key differ ({places}), and not all say when. Leave one, or fill answered_at."
            faults += [Fault(place=row.place, code="doubled", said=said) for row in rows]
        else:
            kept += sorted(rows, key=_when)
    return kept, faults


def _when(row: Read) -> dt.datetime:
    return row.answered_at or BEFORE_ALL
