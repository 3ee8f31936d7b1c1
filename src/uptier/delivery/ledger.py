"""What was told to whom: every attempt of every row at every destination, in a SQLite file or a PostgreSQL.

Attempts are added and settled, never taken away. An attempt is written before its row is sent, so whatever a killed run
may have sent is known to the next one, which looks it up at the destination before it sends anything.
"""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from uptier.delivery.book import Book
from uptier.delivery.ledger_tables import (
    FORGOTTEN,
    SQLITE,
    State,
    about,
    attempts,
    opened,
    read_address,
    salt,
    told,
    utc_now,
)
from uptier.delivery.pages import Pages, tombstone
from uptier.errors import DeliveryError


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One attempt, as people ask for it.

    Attributes
    ----------
    destination, run, key : str
        Where, in which run, and which row.
    as_of, model_version : str or None
        From which date and model; None where only the key is known, or rules said it.
    fingerprint : str
        Of what was told.
    payload : str or None
        What was told, as JSON; None where only the key is known, or the account is forgotten.
    attempt : int
        Which attempt of its run, from 1.
    state : State
        What became of it.
    said : str
        What the destination said.
    intended_at, settled_at : str or None
        When, in UTC; not settled by a run that was killed.
    """

    destination: str
    run: str
    key: str
    as_of: str | None
    model_version: str | None
    fingerprint: str
    payload: str | None
    attempt: int
    state: State
    said: str
    intended_at: str
    settled_at: str | None


class Ledger:
    """The ledger of a project.

    Parameters
    ----------
    address : str
        Of its database, as SQLAlchemy writes it: see :func:`uptier.delivery.ledger_tables.read_address`.
    project : str
        Projects may share a database; each sees its own rows alone.
    now : callable
        The clock.

    Raises
    ------
    DeliveryError
        If it cannot be opened, or was made by a newer uptier.
    """

    def __init__(self, address: str, project: str, now: Callable[[], datetime] = utc_now) -> None:
        self._url = read_address(address)
        self._engine = opened(self._url)
        self._now = now
        self.project = project

    def __repr__(self) -> str:
        return f"Ledger of {self.project} in {'a SQLite file' if self._is_file else 'PostgreSQL'}"

    @contextmanager
    def alone(self, destination: str) -> Iterator[Book]:
        """Be the only one who delivers to a destination.

        Parameters
        ----------
        destination : str
            As the project's YAML calls it.

        Yields
        ------
        Book
            What the ledger knows of the destination, to be read and written.

        Raises
        ------
        DeliveryError
            If a second copy delivers there now, or the ledger does not answer.
        """
        # the lock and all that is written share a connection: whoever loses the one cannot go on with the other
        with self._connected() as connection, self._locked(connection, destination):
            yield Book(connection, self.project, destination, self._now)

    @contextmanager
    def reading(self, destination: str) -> Iterator[Pages]:
        """Look at a destination's part without keeping others out.

        Parameters
        ----------
        destination : str
            As the project's YAML calls it.

        Yields
        ------
        Pages
            What the ledger knows of the destination.
        """
        with self._connected() as connection:
            yield Pages(connection, self.project, destination)

    def history(self, account_id: str) -> list[Entry]:
        """Say what was told about an account: to whom, when, and from which model.

        Parameters
        ----------
        account_id : str
            The account; after it was forgotten, its id finds what is left.

        Returns
        -------
        list of Entry
            Newest first.
        """
        columns = [attempts.c[name] for name in Entry.__dataclass_fields__]
        with told(), self._engine.connect() as connection:
            ids = [account_id, tombstone(salt(connection), account_id)]
            asked = select(*columns).where(attempts.c.project == self.project, attempts.c.account_id.in_(ids))
            found = connection.execute(asked.order_by(attempts.c.id.desc())).mappings().all()
        return [Entry(**{**row, "state": State(row["state"])}) for row in found]

    def forget(self, account_id: str) -> Mapping[str, tuple[str, ...]]:
        """Erase an account: what was told about it, and its id, also where it is part of a key.

        Fingerprints stay, so that a row that comes back unchanged is not sent again.

        Parameters
        ----------
        account_id : str
            The account.

        Returns
        -------
        mapping of str to tuple of str
            By destination, the keys of rows that it took and that are not closed there: they are to be deleted there,
            since the ledger cannot close them any more.

        Raises
        ------
        DeliveryError
            If rows are delivered to one of the destinations now.
        """
        ours = (attempts.c.project == self.project, attempts.c.account_id == account_id)
        with told(), self._engine.connect() as connection, ExitStack() as locks:
            named = select(attempts.c.destination).where(*ours).distinct().order_by(attempts.c.destination)
            destinations = list(connection.execute(named).scalars())
            connection.rollback()
            for destination in destinations:
                locks.enter_context(self._locked(connection, destination))
            open_there = {
                destination: tuple(Pages(connection, self.project, destination).open_of(account_id))
                for destination in destinations
            }
            with connection.begin():
                salted = salt(connection)
                if connection.execute(select(about).where(about.c.name == FORGOTTEN)).first() is None:
                    connection.execute(insert(about).values(name=FORGOTTEN, value="yes"))
                keys = list(connection.execute(select(attempts.c.key).where(*ours).distinct()).scalars())
                for key in keys:
                    # by key, which reaches what was adopted before the account was known
                    connection.execute(
                        update(attempts)
                        .where(attempts.c.project == self.project, attempts.c.key == key)
                        .values(
                            key=tombstone(salted, key), account_id=tombstone(salted, account_id), payload=None, said=""
                        )
                    )
            if self._is_file:
                connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
                connection.rollback()
        return {destination: found for destination, found in open_there.items() if found}

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        with told():
            connection = self._engine.connect()
        with connection:  # what is raised in here is not the ledger's, unless a book says so
            yield connection

    @property
    def _is_file(self) -> bool:
        return self._url.get_backend_name() == SQLITE

    @contextmanager
    def _locked(self, connection: Connection, destination: str) -> Iterator[None]:
        """Let one in for each project and destination; the system lets go when the process ends, however it ends."""
        name = hashlib.sha256(f"{self.project}\0{destination}".encode()).digest()
        if self._is_file:
            file = Path(str(self._url.database))
            with file.with_name(f"{file.name}.{name.hex()[:16]}.lock").open("w") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise _second(destination) from None
                yield
            return
        number = int.from_bytes(name[:8], "big", signed=True)
        with told(), connection.begin():
            is_ours = connection.execute(select(func.pg_try_advisory_lock(number))).scalar_one()
        if not is_ours:
            raise _second(destination)
        try:
            yield
        finally:
            # a closed connection lets go of it too, but only when the server has noticed; one that is lost already has
            with suppress(SQLAlchemyError), connection.begin():
                connection.execute(select(func.pg_advisory_unlock(number)))


def _second(destination: str) -> DeliveryError:
    return DeliveryError(
        f"Rows are being delivered to {destination} now, by another run.",
        do="Wait until it is done; it lets go by itself when it ends or is killed.",
    )
