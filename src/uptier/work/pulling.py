"""Pulling answers: what people said of rows of worklists, from where they said it into the store.

Each change of an answer is a further row of the store, with the time of pulling. Pulling twice adds nothing, and a pull
that was killed has added all or nothing and can be run again. A row that cannot be taken is told, and stays where it
is; all others go on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from uptier.delivery.answers import UNTOUCHED, AnswerSource, Fault, Read, Stand, read
from uptier.delivery.answers_cases import Case, cases_of
from uptier.delivery.file_answers import NAME as FILE
from uptier.delivery.file_answers import FileAnswers
from uptier.delivery_settings import HubspotSettings, SalesforceSettings
from uptier.errors import DeliveryError, did_you_mean
from uptier.tables import answers, forgotten

if TYPE_CHECKING:
    from uptier.settings import Settings

_Known = tuple[str, Stand, dt.datetime | None]  # key, what is said, and when


@dataclass(frozen=True, kw_only=True)
class Change:
    """An answer that differs from what was known.

    Attributes
    ----------
    key, account_id, upsell : str
        The row of the worklist.
    reason_code : str or None
        Its first reason.
    before, now : Stand
        What was known, and what is said now.
    answered_at : datetime or None
        When, UTC; None where the source does not tell.
    """

    key: str
    account_id: str
    upsell: str
    reason_code: str | None
    before: Stand
    now: Stand
    answered_at: dt.datetime | None


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """What was pulled from one source.

    Attributes
    ----------
    source : str
        Its name.
    changes : tuple of Change
        What is new.
    unchanged : int
        Rows that say what is known.
    forgotten : int
        Rows of accounts that were erased: not taken.
    faults : tuple of Fault
        Rows that could not be taken.
    failed : str
        Why nothing could be read; empty if it was.
    """

    source: str
    changes: tuple[Change, ...] = ()
    unchanged: int = 0
    forgotten: int = 0
    faults: tuple[Fault, ...] = ()
    failed: str = ""

    @property
    def is_partly(self) -> bool:
        """Whether something could not be taken."""
        return bool(self.faults or self.failed)


@dataclass(frozen=True, kw_only=True)
class Pull:
    """What a run pulled.

    Attributes
    ----------
    known_at : datetime
        When: UTC.
    dry_run : bool
        Whether nothing was kept.
    sources : tuple of Pulled
        One for each source.
    """

    known_at: dt.datetime
    dry_run: bool
    sources: tuple[Pulled, ...] = field(default=())

    @property
    def is_partly(self) -> bool:
        """Whether something could not be taken."""
        return any(one.is_partly for one in self.sources)


def pull(
    settings: Settings, *, environment: Mapping[str, str], now: dt.datetime, only: str | None = None, dry_run: bool
) -> Pull:
    """Pull answers into the store.

    Parameters
    ----------
    settings : Settings
        The project.
    environment : mapping of str to str
        Where credentials are looked up.
    now : datetime
        The clock, with its zone.
    only : str, optional
        One source; all by default.
    dry_run : bool
        Whether to keep nothing.

    Returns
    -------
    Pull
        What was new, and what could not be taken.

    Raises
    ------
    DeliveryError
        If the project has no such source, or nothing could be read from any.
    StoreError
        If the store cannot be read or written, or another run changes it.
    """
    asked = sources(settings, environment, only)
    moment = now.astimezone(dt.UTC)
    with nullcontext() if dry_run else answers.alone(settings.store):
        known = answers.read_answers(settings.store)
        errors: list[DeliveryError] = []
        pulled = []
        for source in asked:
            try:
                pulled.append(_pulled(source, settings, known, moment))
            except DeliveryError as error:
                errors.append(error)
                pulled.append(Pulled(source=source.name, failed=str(error)))
        if len(errors) == len(asked):
            raise errors[0]
        fresh = [row for one in pulled for row in _rows(one, moment)]
        if fresh and not dry_run:
            answers.add_answers(settings.store, answers.typed(fresh))
    return Pull(known_at=moment, dry_run=dry_run, sources=tuple(pulled))


def sources(settings: Settings, environment: Mapping[str, str], only: str | None = None) -> list[AnswerSource]:
    """Give where answers are read; nothing is connected yet.

    Parameters
    ----------
    settings : Settings
        The project.
    environment : mapping of str to str
        Where credentials are looked up.
    only : str, optional
        One of them; all by default.

    Returns
    -------
    list of AnswerSource
        The destinations that take answers, and the file last.

    Raises
    ------
    DeliveryError
        If there is none, or none of that name.
    """
    found: dict[str, AnswerSource] = {}
    for name, one in settings.delivery.destinations.items():
        if isinstance(one, SalesforceSettings):
            from uptier.delivery.salesforce_answers import SalesforceAnswers

            found[name] = SalesforceAnswers(name, one, environment)
        elif isinstance(one, HubspotSettings):
            from uptier.delivery.hubspot_answers import HubspotAnswers

            found[name] = HubspotAnswers(name, one, environment)
    path = settings.delivery.answers.file
    if path is not None:
        if FILE in found:
            raise DeliveryError(
                f"Both a destination and the file of answers are called '{FILE}'.",
                do="Give the destination another name.",
            )
        found[FILE] = FileAnswers(settings.path.absolute().parent / path.expanduser())
    if only is not None and only not in found and only in settings.delivery.destinations:
        raise DeliveryError(
            f"The destination '{only}' holds no answers.",
            do="People answer in Salesforce, in HubSpot, or in the file under delivery.answers.file.",
        )
    if not found:
        raise DeliveryError(
            f"The project {settings.project} has nowhere to pull answers from.",
            do="List a destination of the kind salesforce or hubspot, or set delivery.answers.file in its YAML; "
            "docs/answers.md shows how.",
        )
    if only is not None and only not in found:
        raise DeliveryError(f"There is no source of answers '{only}'.", do=did_you_mean(only, sorted(found)))
    return list(found.values()) if only is None else [found[only]]


def _pulled(source: AnswerSource, settings: Settings, known: pd.DataFrame, now: dt.datetime) -> Pulled:
    mine = _known(known[known["source"] == source.name])
    before = {key: stand for key, stand, _ in mine}  # the last one of each key stays
    rows, faults = read(source.read(before), settings.delivery.answers, now=now)
    fresh, late = _fresh(rows, mine, before)
    faults += late
    days = {row.key: (row.answered_at or now).date() for row in fresh}
    cases = cases_of(settings.store, days)
    listed = forgotten.read_list(settings.store)
    erased = set() if listed is None else set(listed.accounts_among({_account(row.key) for row in fresh}))
    changes: list[Change] = []
    gone = 0
    for row in fresh:
        if _account(row.key) in erased:
            gone += 1
            continue
        fault = _about(row, cases.get(row.key))
        if fault is not None:
            faults.append(fault)
            continue
        case = cases[row.key]
        changes.append(
            Change(
                key=row.key,
                account_id=case.account_id,
                upsell=case.upsell,
                reason_code=case.reason_code,
                before=before.get(row.key, UNTOUCHED),
                now=row.stand,
                answered_at=row.answered_at,
            )
        )
        before[row.key] = row.stand
    return Pulled(
        source=source.name,
        changes=tuple(changes),
        unchanged=len(rows) - len(fresh) - len(late),
        forgotten=gone,
        faults=tuple(faults),
    )


def _fresh(rows: Sequence[Read], mine: Sequence[_Known], before: Mapping[str, Stand]) -> tuple[list[Read], list[Fault]]:
    """Leave out what is known; what a log of answers has out of order is a fault."""
    told = set(mine)
    latest = {key: when for key, _, when in mine}
    several = {row.key for place, row in enumerate(rows) if place and rows[place - 1].key == row.key}
    stand = dict(before)
    fresh: list[Read] = []
    late: list[Fault] = []
    for row in rows:
        newest = latest.get(row.key)
        when = row.answered_at if row.key in several else None  # of a log
        if when is not None and (row.key, row.stand, when) in told:
            continue
        if when is not None and newest is not None and when < newest:
            said = "It is older than what was read of its key before. Answers of one key are read in their order."
            late.append(Fault(place=row.place, code="out-of-order", said=said))
        elif row.stand != stand.get(row.key, UNTOUCHED) and not _is_untouched(row, stand):
            fresh.append(row)
            stand[row.key] = row.stand
    return fresh, late


def _is_untouched(row: Read, stand: Mapping[str, Stand]) -> bool:
    # that somebody owns a row which nobody has answered is no answer
    return row.key not in stand and row.stand.status == UNTOUCHED.status


def _about(row: Read, case: Case | None) -> Fault | None:
    if case is None:
        said = "No worklist in the store has a row with this key. Is it from another project, or was it cut?"
        return Fault(place=row.place, code="unknown-key", said=said)
    if row.account_id and row.account_id != case.account_id:
        said = "Its account_id is not that of its uptier_key: one of both was moved by a row."
        return Fault(place=row.place, code="other-account", said=said)
    return None


def _account(key: str) -> str:
    """Give the account of a key, which may itself have colons."""
    return key.rsplit(":", 2)[0]


def _known(mine: pd.DataFrame) -> list[_Known]:
    texts = (mine[name].astype(object).where(mine[name].notna(), None) for name in ("status", "because", "owner"))
    until, times = (
        [None if one is pd.NaT else one for one in mine[name].dt.to_pydatetime()] for name in ("until", "answered_at")
    )
    return [
        (
            str(key),
            Stand(status=str(status), because=because, until=day and day.date(), owner=owner),
            when and when.replace(tzinfo=dt.UTC),
        )
        for key, status, because, owner, day, when in zip(mine["uptier_key"], *texts, until, times, strict=True)
    ]


def _rows(pulled: Pulled, now: dt.datetime) -> Iterator[dict[str, Any]]:
    for one in pulled.changes:
        yield {
            "source": pulled.source,
            "uptier_key": one.key,
            "account_id": one.account_id,
            "upsell": one.upsell,
            "reason_code": one.reason_code,
            "status": one.now.status,
            "because": one.now.because,
            "until": one.now.until,
            "owner": one.now.owner,
            "answered_at": _plain(one.answered_at),
            "known_at": _plain(now),
        }


def _plain(moment: dt.datetime | None) -> dt.datetime | None:
    return None if moment is None else moment.replace(tzinfo=None)  # tables are in UTC
