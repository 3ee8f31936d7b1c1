"""Worklists as rows of a table in PostgreSQL or SQLite, each written over its own row of before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from uptier.delivery.database_session import address, engine_of, is_of_a_row, said, session
from uptier.delivery.database_table import faults, longest, migrate, table_of, upsert
from uptier.delivery.destination import Answer
from uptier.delivery.payload import FINGERPRINT, KEY, Payload
from uptier.errors import DeliveryError, UnreachableError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from uptier.delivery_settings import DatabaseSettings

BATCH_SIZE = 500  # also what one statement asks about: far below what either database takes as parameters
READ_AT_ONCE = 10_000


class Database:
    """A table of a database.

    Parameters
    ----------
    name : str
        As the project's YAML calls it.
    settings : DatabaseSettings
        The table, and where its address stands.
    environment : mapping of str to str
        Where that is looked up, when it is first needed.
    """

    batch_size = BATCH_SIZE
    whole = False

    def __init__(self, name: str, settings: DatabaseSettings, environment: Mapping[str, str]) -> None:
        self.name = name
        self._settings = settings
        self._environment = environment

    def __repr__(self) -> str:
        return f"Database({self.name!r}, table={self._settings.table!r})"

    def preflight(self) -> list[str]:
        """Look whether rows could be written: the table, its columns and their types, and the rights of the user.

        Returns
        -------
        list of str
            What is wrong.

        Raises
        ------
        UnreachableError
            If the database does not answer.
        """
        import sqlalchemy as sa

        try:
            with self._session() as connection:
                found = faults(connection, self._table)
                if found:
                    return found
                trial = connection.begin_nested()
                try:
                    # twice: the second time it is an update
                    for row in (longest(), longest() | {FINGERPRINT: "2"}):
                        connection.execute(self._upsert, row)
                    connection.execute(sa.select(self._table.c[KEY]).limit(1)).all()
                except sa.exc.DBAPIError as error:
                    if error.connection_invalidated:
                        raise
                    return [
                        f"{self._table.fullname} does not take a row that was tried ({said(error)}). "
                        "The user needs SELECT, INSERT and UPDATE on it, and the database UTF-8."
                    ]
                finally:
                    if trial.is_active:
                        trial.rollback()
        except UnreachableError:
            raise
        except DeliveryError as error:
            return [str(error)]
        return []

    def setup(self) -> list[str]:
        """Make the table, or add the columns and the room that it lacks; nothing is dropped or narrowed.

        Returns
        -------
        list of str
            What was made.

        Raises
        ------
        UnreachableError
            If the database does not answer.
        DeliveryError
            If the user may not, or the table that is there needs a person; then nothing is changed.
        """
        with self._session() as connection:
            made = migrate(connection, self._table)
            left = faults(connection, self._table)
            if left:  # raised within the transaction, which is rolled back
                raise DeliveryError(" ".join(left), do="Change that, and run 'uptier deliver --setup' again.")
        return made

    def held(self) -> Mapping[str, str]:
        """Say which of our rows are in the table.

        Returns
        -------
        mapping of str to str
            Key to fingerprint; empty where there is no table.

        Raises
        ------
        UnreachableError
            If the database does not answer.
        DeliveryError
            If it may not be read.
        """
        import sqlalchemy as sa

        with self._session() as connection:
            if not sa.inspect(connection).has_table(self._table.name, schema=self._table.schema):
                return {}
            asked = sa.select(self._table.c[KEY], self._table.c[FINGERPRINT])
            rows = connection.execution_options(yield_per=READ_AT_ONCE).execute(asked)
            return {key: fingerprint or "" for key, fingerprint in rows}

    def fingerprints(self, keys: Iterable[str]) -> Mapping[str, str]:
        """Say as what some rows are in the table.

        Parameters
        ----------
        keys : iterable of str
            Any number.

        Returns
        -------
        mapping of str to str
            Key to fingerprint.

        Raises
        ------
        UnreachableError
            If the database does not answer.
        DeliveryError
            If it may not be read, or there is no table.
        """
        import sqlalchemy as sa

        asked = list(keys)
        found: dict[str, str] = {}
        with self._session() as connection:
            for start in range(0, len(asked), BATCH_SIZE):
                some = self._table.c[KEY].in_(asked[start : start + BATCH_SIZE])
                rows = connection.execute(sa.select(self._table.c[KEY], self._table.c[FINGERPRINT]).where(some))
                found |= {key: fingerprint or "" for key, fingerprint in rows}
        return found

    def send(self, batch: Sequence[Payload]) -> list[Answer]:
        """Write rows in one transaction, those left out that break a rule of the table.

        Parameters
        ----------
        batch : sequence of Payload
            At most `batch_size`.

        Returns
        -------
        list of Answer
            One for each row.

        Raises
        ------
        UnreachableError
            If the database does not answer, or not in time: the whole batch is there, or nothing of it.
        DeliveryError
            If it may not be written, or there is no table; nothing is written.
        """
        import sqlalchemy as sa

        rows = [dict(one.values) for one in batch]
        if not rows:
            return []
        with self._session() as connection:
            together = connection.begin_nested()
            try:
                connection.execute(self._upsert, rows)
            except sa.exc.DBAPIError as error:
                if not is_of_a_row(error):
                    raise
                together.rollback()
                return [self._sent(connection, one) for one in batch]
            together.commit()
        return [Answer(key=one.key, ok=True) for one in batch]

    def _sent(self, connection: sa.Connection, row: Payload) -> Answer:
        import sqlalchemy as sa

        try:
            with connection.begin_nested():
                connection.execute(self._upsert, dict(row.values))
        except sa.exc.DBAPIError as error:
            if not is_of_a_row(error):
                raise
            return Answer(key=row.key, ok=False, said=said(error))
        return Answer(key=row.key, ok=True)

    @cached_property
    def _table(self) -> sa.Table:
        return table_of(self._settings.table, self._settings.db_schema)

    @cached_property
    def _upsert(self) -> Any:
        return upsert(self._table, self._engine.dialect.name)

    @cached_property
    def _engine(self) -> sa.Engine:
        url = address(self._environment, self._settings.url_env)
        if url.get_backend_name() == "sqlite" and self._settings.db_schema is not None:
            raise DeliveryError("SQLite has no schemas.", do="Leave db_schema out.")
        return engine_of(url, self._environment, timeout=self._settings.timeout)

    @contextmanager
    def _session(self) -> Iterator[sa.Connection]:
        with session(self._engine, timeout=self._settings.timeout) as connection:
            yield connection
