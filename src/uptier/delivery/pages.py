"""What can be read of one destination's part of the ledger."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Table, case, func, select

from uptier.delivery.ledger_tables import FORGOTTEN, UNSETTLED, State, about, attempts, runs, salt, told, wholly
from uptier.delivery.payload import Payload, read
from uptier.errors import DeliveryError

CHUNK = 1000  # keys in one statement
SHOWN_RUNS = 5

# all but the text, which is most of a row
BRIEF = (
    *(attempts.c[name] for name in ("id", "key", "account_id", "fingerprint", "is_open", "state")),
    attempts.c.payload.is_not(None).label("has_payload"),
)
IN_FULL = tuple(attempts.c)

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Stand:
    """How a row stands at a destination, as far as is known.

    Attributes
    ----------
    confirmed : str or None
        Fingerprint of the newest attempt that was confirmed; None if none was.
    is_whole : bool
        Whether what was confirmed is known in full: not where only the key was adopted.
    is_certain : bool
        Whether no newer attempt leaves it open what the destination holds.
    refused : str or None
        Fingerprint of the newest attempt, where it was refused.
    """

    confirmed: str | None = None
    is_whole: bool = False
    is_certain: bool = True
    refused: str | None = None


class Pages:
    """One destination's part of the ledger, to be read; each method is one transaction.

    Parameters
    ----------
    connection : Connection
        To the ledger.
    project, destination : str
        Whose rows, and where.
    """

    def __init__(self, connection: Connection, project: str, destination: str) -> None:
        self._connection = connection
        self._project = project
        self._destination = destination

    def is_empty(self) -> bool:
        """Say whether nothing was ever tried at the destination.

        Returns
        -------
        bool
            True on the first run, and where the ledger was lost.
        """
        with self._transaction() as connection:
            return connection.execute(select(attempts.c.id).where(*self._ours).limit(1)).first() is None

    def holds(self, digest: str) -> int | None:
        """Say whether the destination holds a list from the first row to the last.

        Parameters
        ----------
        digest : str
            Of the list.

        Returns
        -------
        int or None
            How many rows it has; None where that is not known, or another list was begun since.
        """
        asked = select(wholly.c.rows).where(*self._at(wholly), wholly.c.digest == digest)
        with self._transaction() as connection:
            return connection.execute(asked).scalar()

    def stands(self, keys: Collection[str]) -> dict[str, Stand]:
        """Say how rows stand.

        Parameters
        ----------
        keys : collection of str
            At most :data:`CHUNK`.

        Returns
        -------
        dict of str to Stand
            By key, of those that were ever tried, under their own key or, forgotten, under its hash.
        """
        with self._transaction() as connection:
            names = {key: key for key in keys} | self._hashed(connection, keys)
            newest = self._newest(connection, list(names))
            rows = self._by_id(connection, {one for pair in newest.values() for one in pair if one is not None})
        found = {}
        for name, (last_id, sent_id) in newest.items():
            last, sent = rows[last_id], rows.get(sent_id)
            found[names[name]] = Stand(
                confirmed=sent.fingerprint if sent else None,
                is_whole=sent is not None and (sent.has_payload or sent.account_id is not None),
                is_certain=last.state not in UNSETTLED,
                refused=last.fingerprint if last.state == State.REFUSED else None,
            )
        return found

    def last(self, keys: Collection[str]) -> dict[str, Payload | None]:
        """Give rows as they were confirmed last.

        Parameters
        ----------
        keys : collection of str
            At most :data:`CHUNK`.

        Returns
        -------
        dict of str to Payload or None
            By key, of those that were; None where only the key is known.
        """
        with self._transaction() as connection:
            newest = self._newest(connection, list(keys))
            rows = self._by_id(connection, {sent for _, sent in newest.values() if sent is not None}, IN_FULL)
        return {row.key: read(row.payload) if row.payload else None for row in rows.values()}

    def open_keys(self) -> Iterator[str]:
        """Go through the rows that the destination holds and that are not closed there.

        Yields
        ------
        str
            Keys, without those of forgotten accounts; with those of which only the key is known.
        """
        for page in self._confirmed(BRIEF):
            yield from (
                row.key for row in page if row.is_open is not False and (row.has_payload or row.account_id is None)
            )

    def after(self, run: str) -> Iterator[Payload]:
        """Go through what the destination held when a run had ended.

        Parameters
        ----------
        run : str
            Its id.

        Yields
        ------
        Payload
            Open and closed rows, without those of forgotten accounts.

        Raises
        ------
        DeliveryError
            If there was no such run at this destination.
        """
        with self._transaction() as connection:
            began = connection.execute(select(runs.c.after).where(*self._at(runs), runs.c.run == run)).scalar()
            if began is None:
                shown = select(runs.c.run).where(*self._at(runs)).order_by(runs.c.id.desc()).limit(SHOWN_RUNS)
                known = ", ".join(connection.execute(shown).scalars())
                raise DeliveryError(f"There was no run {run} to {self._destination}.", found=known or "no run at all")
            of_run = select(func.max(attempts.c.id)).where(*self._ours, attempts.c.run == run)
            until = max(began, connection.execute(of_run).scalar() or 0)
        for page in self._confirmed(IN_FULL, attempts.c.id <= until):
            yield from (read(row.payload) for row in page if row.payload is not None)

    def unsettled(self) -> list[str]:
        """List the rows of which it is open what the destination holds.

        Returns
        -------
        list of str
            Keys with an attempt that failed, was not answered or never settled after the newest confirmed one.
        """
        # what is forgotten has no payload, and no key to be looked up by
        unsettled = (attempts.c.state.in_(UNSETTLED), attempts.c.payload.is_not(None))
        asked = select(attempts.c.key, func.max(attempts.c.id)).where(*self._ours, *unsettled)
        with self._transaction() as connection:
            newest = dict(connection.execute(asked.group_by(attempts.c.key)).all())
            sent: dict[str, int] = {}
            for keys in batches(newest, CHUNK):
                sent |= {key: one for key, (_, one) in self._newest(connection, keys).items() if one is not None}
        return sorted(key for key, one in newest.items() if one > sent.get(key, 0))

    def open_of(self, account_id: str) -> list[str]:
        """List what the destination may still show of an account.

        Parameters
        ----------
        account_id : str
            The account.

        Returns
        -------
        list of str
            Keys of rows that it may hold and that are not known to be closed.
        """
        with self._transaction() as connection:
            asked = select(attempts.c.key).where(*self._ours, attempts.c.account_id == account_id)
            keys = list(connection.execute(asked.distinct().order_by(attempts.c.key)).scalars())
            newest = self._newest(connection, keys)
            rows = self._by_id(connection, {one for pair in newest.values() for one in pair if one is not None})
        possible = {*UNSETTLED, State.SENT}
        return [
            key
            for key in keys
            if any(
                rows[one].is_open is not False and rows[one].state in possible for one in newest[key] if one is not None
            )
        ]

    @property
    def _place(self) -> dict[str, str]:
        return {"project": self._project, "destination": self._destination}

    @property
    def _ours(self) -> tuple[ColumnElement[bool], ...]:
        return self._at(attempts)

    def _at(self, table: Table) -> tuple[ColumnElement[bool], ...]:
        return tuple(table.c[name] == value for name, value in self._place.items())

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with told(), self._connection.begin():
            yield self._connection

    def _hashed(self, connection: Connection, keys: Iterable[str]) -> dict[str, str]:
        if connection.execute(select(about.c.value).where(about.c.name == FORGOTTEN)).first() is None:
            return {}
        salted = salt(connection)
        return {tombstone(salted, key): key for key in keys}

    def _newest(self, connection: Connection, keys: Sequence[str]) -> dict[str, tuple[int, int | None]]:
        """Give the numbers of each key's newest attempt and of its newest confirmed one."""
        sent = func.max(case((attempts.c.state == State.SENT, attempts.c.id)))
        asked = select(attempts.c.key, func.max(attempts.c.id), sent).where(*self._ours, attempts.c.key.in_(keys))
        return {key: (last, one) for key, last, one in connection.execute(asked.group_by(attempts.c.key))}

    def _by_id(
        self, connection: Connection, ids: Collection[int], columns: Sequence[ColumnElement[Any]] = BRIEF
    ) -> dict[int | None, Row[Any]]:
        found: dict[int | None, Row[Any]] = {}
        for part in batches(ids, CHUNK):
            found |= {row.id: row for row in connection.execute(select(*columns).where(attempts.c.id.in_(part)))}
        return found

    def _confirmed(
        self, columns: Sequence[ColumnElement[Any]], *conditions: ColumnElement[bool]
    ) -> Iterator[list[Row[Any]]]:
        """Go through the newest confirmed attempt of each key, by pages, so that no transaction stays open between."""
        after = ""
        while True:
            newest = (
                select(func.max(attempts.c.id).label("id"), attempts.c.key.label("key"))
                .where(*self._ours, attempts.c.state == State.SENT, attempts.c.key > after, *conditions)
                .group_by(attempts.c.key)
                .order_by(attempts.c.key)
                .limit(CHUNK)
                .subquery()
            )
            asked = select(*columns).join(newest, attempts.c.id == newest.c.id).order_by(attempts.c.key)
            with self._transaction() as connection:
                page = list(connection.execute(asked))
            if not page:
                return
            yield page
            after = page[-1].key


def tombstone(salted: str, name: str) -> str:
    """Give what stands in the ledger for the id of somebody who is forgotten.

    Parameters
    ----------
    salted : str
        The ledger's salt.
    name : str
        An account's id, or a row's key.

    Returns
    -------
    str
        The same for the same id.
    """
    return f"{FORGOTTEN}:{hmac.new(bytes.fromhex(salted), name.encode(), hashlib.sha256).hexdigest()}"


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Cut what comes into batches.

    Parameters
    ----------
    items : iterable
        Any.
    size : int
        Most in one batch.

    Yields
    ------
    list
        In the same order; the last may be smaller.
    """
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch
