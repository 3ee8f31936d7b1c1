"""The ledger's tables, the version that they have, and how their database is opened."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Identity,
    Index,
    Integer,
    MetaData,
    NullPool,
    String,
    Table,
    Text,
    create_engine,
    event,
    insert,
    select,
    text,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from uptier.delivery.certificates import verified
from uptier.errors import DeliveryError

VERSION = 2
# what brings a ledger of an older version to the next one, by the older version; tables that are new are made anyway
MIGRATIONS: dict[int, Callable[[Connection], None]] = {1: lambda connection: None}

BUSY_MILLISECONDS = 30_000
CONNECT_SECONDS = 10
STATEMENT_MILLISECONDS = 600_000
SALT_BYTES = 32
MAKING = 0x7570_7469_6572  # the lock under which PostgreSQL lets one process make the tables

SQLITE, POSTGRESQL = "sqlite", "postgresql"
FORGOTTEN = "forgotten"  # stands in the ledger once an account was, and before each hash of what it erased


class State(StrEnum):
    """What became of one attempt."""

    INTENDED = "intended"  # about to be sent, or killed before anybody knew
    SENT = "sent"  # the destination holds the row as it was sent
    FAILED = "failed"  # not there now; may pass later
    REFUSED = "refused"  # not taken, and not tried again until the row changes
    UNKNOWN = "unknown"  # nobody answered


UNSETTLED = (State.INTENDED, State.UNKNOWN, State.FAILED)

_number = BigInteger().with_variant(Integer, SQLITE)  # SQLite counts rows in an INTEGER alone
metadata = MetaData()

about = Table(
    "uptier_ledger",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)
runs = Table(
    "uptier_runs",
    metadata,
    Column("id", _number, Identity(), primary_key=True),
    Column("project", Text, nullable=False),
    Column("destination", String(40), nullable=False),
    Column("run", Text, nullable=False),
    Column("began_at", String(40), nullable=False),
    Column("after", _number, nullable=False),  # the newest attempt when it began
    Index("uptier_runs_by_name", "project", "destination", "run", unique=True),
)
wholly = Table(  # which list a destination holds from the first row to the last, if it is known to
    "uptier_wholly",
    metadata,
    Column("project", Text, primary_key=True),
    Column("destination", String(40), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("rows", _number, nullable=False),
)
attempts = Table(
    "uptier_attempts",
    metadata,
    Column("id", _number, Identity(), primary_key=True),
    Column("project", Text, nullable=False),
    Column("destination", String(40), nullable=False),
    Column("run", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("account_id", Text),  # none where only the key is known: adopted
    Column("as_of", String(10)),
    Column("model_version", Text),
    Column("fingerprint", String(64), nullable=False),
    Column("is_open", Boolean),  # none where only the key is known
    Column("payload", Text),  # none where only the key is known, or the account is forgotten
    Column("attempt", Integer, nullable=False),
    Column("state", String(10), nullable=False),
    Column("said", Text, nullable=False, default=""),
    Column("intended_at", String(40), nullable=False),
    Column("settled_at", String(40)),
    Index("uptier_attempts_by_key", "project", "destination", "key"),
    Index("uptier_attempts_by_state", "project", "destination", "state", "key"),
    Index("uptier_attempts_by_account", "account_id"),
)


def utc_now() -> dt.datetime:
    """Read the clock.

    Returns
    -------
    datetime
        Now, in UTC.
    """
    return dt.datetime.now(dt.UTC)


def address_of(file: Path) -> str:
    """Write the address of a ledger in a SQLite file.

    Parameters
    ----------
    file : Path
        The file.

    Returns
    -------
    str
        As SQLAlchemy writes addresses.
    """
    return URL.create(SQLITE, database=str(file)).render_as_string(hide_password=False)


def read_address(address: str) -> URL:
    """Read where a ledger is.

    Parameters
    ----------
    address : str
        As SQLAlchemy writes addresses: ``sqlite:///file`` or ``postgresql://user:password@host/database``.

    Returns
    -------
    URL
        Which shows no password where it is printed.

    Raises
    ------
    DeliveryError
        If it is none, or names another kind of database; the address is not quoted.
    """
    try:
        url = make_url(address)
    except ArgumentError:
        raise DeliveryError(
            "The ledger's address cannot be read.",
            do="Write it as sqlite:////folder/ledger.db or postgresql://user:password@host/database.",
        ) from None
    kind = url.get_backend_name()
    if kind in (POSTGRESQL, "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if kind == SQLITE and url.database not in (None, "", ":memory:"):
        return url
    raise DeliveryError(
        "The ledger is kept in a SQLite file or in PostgreSQL.",
        found="SQLite without a file" if kind == SQLITE else f"an address that begins with {kind}",
        do="A ledger in memory would forget what was sent.",
    )


def opened(url: URL) -> Engine:
    """Open a ledger's database, and make or migrate its tables.

    Parameters
    ----------
    url : URL
        Where it is.

    Returns
    -------
    Engine
        Each connection is opened anew; no parameter is shown in its errors.

    Raises
    ------
    DeliveryError
        If it cannot be opened, or was made by a newer uptier.
    """
    with told():
        try:
            engine = _engine(url)
        except ModuleNotFoundError:
            raise DeliveryError(
                "A ledger in PostgreSQL needs psycopg.", do="pip install 'uptier[postgresql]'"
            ) from None
        if url.get_backend_name() == SQLITE:
            with _making(Path(str(url.database))), engine.begin() as connection:
                _bring_up_to_date(connection)
        else:
            with engine.begin() as connection:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MAKING})
                _bring_up_to_date(connection)
    return engine


def salt(connection: Connection) -> str:
    """Read what goes into the hash of everybody who is forgotten.

    Parameters
    ----------
    connection : Connection
        To the ledger.

    Returns
    -------
    str
        Drawn once for a ledger.
    """
    return str(connection.execute(select(about.c.value).where(about.c.name == "salt")).scalar_one())


@contextmanager
def told() -> Iterator[None]:
    """Tell what a database says as an error that a person can act on.

    Yields
    ------
    None
        For the statements.

    Raises
    ------
    DeliveryError
        Without the address, the statement or any value.
    """
    try:
        yield
    except SQLAlchemyError as error:
        raise DeliveryError(
            "The ledger cannot be read or written; what it does not know as sent, the next run looks up and finishes.",
            found=_reason(error),
            do="Is its database up, is there room on its disk, and may you write to it? Then run the same again.",
        ) from None


def _reason(error: SQLAlchemyError) -> str:
    """Name an error by its class and code: its text may quote an address or a row."""
    cause: Any = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return type(cause).__name__ + (f" {code}" if code else "")


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != SQLITE:
        limits = {
            "connect_timeout": CONNECT_SECONDS,
            "options": f"-c statement_timeout={STATEMENT_MILLISECONDS} -c lock_timeout={BUSY_MILLISECONDS}",
        }
        safe = verified(url, os.environ)
        return create_engine(safe, poolclass=NullPool, hide_parameters=True, connect_args=limits)
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        # WAL: history is read while rows are delivered; FULL: a commit is on the disk; secure_delete: erased is gone
        for pragma in (
            f"busy_timeout={BUSY_MILLISECONDS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "secure_delete=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine


@contextmanager
def _making(file: Path) -> Iterator[None]:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.with_name(f"{file.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise DeliveryError(
            "The ledger's file cannot be made.",
            found=error.strerror or type(error).__name__,
            do="Is its folder one that you may write to, with room left on its disk?",
        ) from None


def _bring_up_to_date(connection: Connection) -> None:
    metadata.tables["uptier_ledger"].create(connection, checkfirst=True)
    known = dict(connection.execute(select(about.c.name, about.c.value)).all())
    found = int(known.get("version", "0"))
    if found > VERSION:
        raise DeliveryError(
            "The ledger was made by a newer uptier, and is not touched.",
            found=f"version {found}; this uptier knows version {VERSION}",
            do="Update uptier on this machine.",
        )
    if found == VERSION:
        return
    for version in range(found, VERSION) if found else ():
        MIGRATIONS[version](connection)
    metadata.create_all(connection)
    # last, so that tables made half by a killed process are made again
    fresh = {"salt": secrets.token_hex(SALT_BYTES)} | known | {"version": str(VERSION)}
    connection.execute(about.delete())
    connection.execute(insert(about), [{"name": name, "value": value} for name, value in fresh.items()])
