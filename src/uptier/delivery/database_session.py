"""Talking to a database: its address, its clocks, and what its errors mean, without a password or a row in any of them.

Both SQLAlchemy's and a driver's errors quote statements, addresses and values of rows. Of either only the class and the
SQLSTATE are ever told, and the error itself is not chained to ours.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from uptier.delivery.certificates import verified
from uptier.errors import DeliveryError, UnreachableError

if TYPE_CHECKING:
    import sqlalchemy as sa

DIALECTS = ("postgresql", "sqlite")
# A statement is stopped by the server; if that has fallen silent, our end hangs up after as many times that.
SILENCE = 2

# SQLSTATE (PostgreSQL, appendix A) by class or whole. What passes: connections, resources, locks, restarts, time-outs.
PASSING = ("08", "53", "57", "58", "40", "55P03", "25006")
OF_A_ROW = ("22", "23", "44", "P0")  # values, constraints, views that check, triggers that refuse
FULL = "53100"

# sqlite3, result codes
SQLITE_PASSING = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL", "SQLITE_INTERRUPT")
SQLITE_OF_A_ROW = ("SQLITE_CONSTRAINT", "SQLITE_TOOBIG", "SQLITE_MISMATCH")

# libpq gives no SQLSTATE where no session came about; its words are the only way to tell a wrong password from a server
# that is away. In another language they are not found, and a wrong password is tried some more times: no harm.
NO_USE = ("authentication failed", "does not exist", "pg_hba.conf", "certificate", "SSL", "no password supplied")


def address(environment: Mapping[str, str], variable: str) -> sa.URL:
    """Read the address of a database.

    Parameters
    ----------
    environment : mapping of str to str
        Where it stands.
    variable : str
        Under which name.

    Returns
    -------
    URL
        Of PostgreSQL or SQLite, with the driver that is used.

    Raises
    ------
    DeliveryError
        If there is none, or it is of another database.
    """
    import sqlalchemy as sa

    told = environment.get(variable, "").strip()
    do = f"Set {variable} to an address as SQLAlchemy writes it: postgresql://user:password@host/database."
    if not told:
        raise DeliveryError(f"The environment variable {variable} holds no address of a database.", do=do)
    try:
        url = sa.make_url(told)
    except (sa.exc.ArgumentError, ValueError):  # they quote it
        raise DeliveryError(f"What {variable} holds is no address of a database.", do=do) from None
    name, _, driver = url.drivername.partition("+")
    if name == "postgres":  # as libpq and most hosts write it
        name = "postgresql"
    if name not in DIALECTS or driver not in ("", "psycopg", "pysqlite"):
        raise DeliveryError(
            f"{url.drivername} cannot be delivered to.",
            found=f"its name in {variable}",
            do="Rows are carried to PostgreSQL (by psycopg) and SQLite.",
        )
    if name == "sqlite" and url.database in (None, "", ":memory:"):
        raise DeliveryError(f"{variable} names a SQLite that keeps nothing.", do="Name a file: sqlite:////folder/file.")
    return url.set(drivername="postgresql+psycopg" if name == "postgresql" else "sqlite")


def engine_of(url: sa.URL, environment: Mapping[str, str], *, timeout: float) -> sa.Engine:
    """Make what connects, without connecting.

    Parameters
    ----------
    url : URL
        From :func:`address`.
    environment : mapping of str to str
        What libpq would read of it about TLS.
    timeout : float
        Seconds that connecting and each statement may take.

    Returns
    -------
    Engine
        A new connection for each session: none is kept that a restarted server has forgotten. Parameters of statements
        are hidden in its errors and logs.

    Raises
    ------
    DeliveryError
        If psycopg is not installed.
    """
    import sqlalchemy as sa

    made = {"hide_parameters": True, "poolclass": sa.NullPool}
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(url, connect_args={"timeout": timeout}, **made)
        sa.event.listen(engine, "connect", _leave_transactions_to_us)
        sa.event.listen(engine, "begin", _begin)
        return engine
    try:
        return sa.create_engine(verified(url, environment), connect_args=_clocks(timeout), **made)
    except ImportError:
        raise DeliveryError(
            "PostgreSQL is reached by psycopg, which is not installed.", do="pip install 'uptier[postgresql]'"
        ) from None


@contextmanager
def session(engine: sa.Engine, *, timeout: float) -> Iterator[sa.Connection]:
    """Open a connection for one transaction, committed at the end or rolled back.

    Parameters
    ----------
    engine : Engine
        From :func:`engine_of`.
    timeout : float
        Seconds that each statement may take, and waiting for a lock.

    Yields
    ------
    Connection
        In a transaction.

    Raises
    ------
    UnreachableError
        If the server does not answer in time, goes away or cannot take more now: what became of the transaction is not
        known.
    DeliveryError
        If trying again would not help.
    """
    import sqlalchemy as sa

    try:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                with connection.begin():
                    yield connection
            else:
                with _hanging_up(connection, timeout), connection.begin():
                    # for this transaction alone: a pooler may give the session to somebody else after it
                    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(timeout * 1000)}")
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(timeout * 1000)}")
                    yield connection
    except sa.exc.DBAPIError as error:
        raise _told(error) from None
    except sa.exc.SQLAlchemyError as error:
        raise DeliveryError(
            f"The database cannot be used ({type(error).__name__}).", do="Run 'uptier deliver --setup'."
        ) from None


def is_of_a_row(error: sa.exc.DBAPIError) -> bool:
    """Say whether an error is about what a row holds.

    Parameters
    ----------
    error : DBAPIError
        From a statement.

    Returns
    -------
    bool
        If not, other rows would meet it too.
    """
    import sqlalchemy as sa

    if error.connection_invalidated:
        return False
    code = _code(error)
    if code.startswith("SQLITE"):
        return code.startswith(SQLITE_OF_A_ROW)
    # the driver itself refuses some values, without asking the server
    return code.startswith(OF_A_ROW) if code else isinstance(error, sa.exc.DataError)


def said(error: sa.exc.DBAPIError) -> str:
    """Say what happened without quoting anything.

    Parameters
    ----------
    error : DBAPIError
        From a statement.

    Returns
    -------
    str
        The class of the driver's error, and the SQLSTATE or SQLite's name for it where there is one.
    """
    code = _code(error)
    kind = type(error.orig).__name__
    if not code:
        return kind
    return f"{kind}, {code}" if code.startswith("SQLITE") else f"{kind}, SQLSTATE {code}"


def _code(error: sa.exc.DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None) or "")


def _told(error: sa.exc.DBAPIError) -> DeliveryError:
    import sqlalchemy as sa

    code = _code(error)
    if code == FULL or code == "SQLITE_FULL":
        return DeliveryError(f"The database's disk is full ({said(error)}).", do="Make room there, and deliver again.")
    if code.startswith("SQLITE"):
        if code.startswith(SQLITE_PASSING):
            return UnreachableError(f"The database is busy ({said(error)}).", do="Deliver again in a while.")
        return DeliveryError(
            f"The database refuses ({said(error)}).",
            do="Check the file, its folder and their rights; 'uptier deliver --setup' makes the table.",
        )
    if code.startswith(PASSING) and code:
        return UnreachableError(f"The database cannot now ({said(error)}).", do="Deliver again in a while.")
    lost = isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError) or error.connection_invalidated
    if not code and lost and not any(words in str(error.orig) for words in NO_USE):
        return UnreachableError(
            f"The database does not answer ({said(error)}).", do="Is it up, and is its address right? Deliver again."
        )
    return DeliveryError(
        f"The database refuses ({said(error)}).",
        do="Check the address, the password, TLS (sslmode, sslrootcert) and the rights of the user; "
        "'uptier deliver --setup' makes the table.",
    )


def _clocks(timeout: float) -> dict[str, Any]:
    seconds = max(int(timeout), 2)  # libpq takes whole seconds, and 1 as 2
    return {
        "connect_timeout": seconds,
        "tcp_user_timeout": seconds * 1000,
        "keepalives_idle": seconds,
        "client_encoding": "utf8",  # else that of the server, in which psycopg could not even write some texts
        "prepare_threshold": None,  # poolers that give each transaction another session lose prepared statements
    }


@contextmanager
def _hanging_up(connection: sa.Connection, timeout: float) -> Iterator[None]:
    """Hang up on a server that neither answers nor goes away: psycopg would wait for it for ever."""
    with socket.socket(fileno=socket.dup(connection.connection.dbapi_connection.fileno())) as line:  # type: ignore[union-attr]  # psycopg's
        stopped = threading.Event()

        def hang_up() -> None:
            if not stopped.wait(timeout * SILENCE + 1):
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

        watch = threading.Thread(target=hang_up, daemon=True)
        watch.start()
        try:
            yield
        finally:
            stopped.set()
            watch.join()


def _leave_transactions_to_us(connection: Any, _: object) -> None:
    connection.isolation_level = None  # else sqlite3 begins them too late for savepoints to hold


def _begin(connection: sa.Connection) -> None:
    # at once with the right to write: two that read first and then both want to write could not wait for each other
    connection.exec_driver_sql("BEGIN IMMEDIATE")
