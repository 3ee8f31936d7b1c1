"""Snowflake and BigQuery: the SQL of the whole frame is written without a server, and creates nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import ibis
import pytest
import sqlglot
from sqlglot.dialects import BigQuery

from tests.engines.worlds import NAMES, ODD, World, odd_looks, tables_in
from uptier.signals.catalog import catalog
from uptier.tables.history import History, grid_of
from uptier.tables.rolling import features_of, rolled_up, usage_of
from uptier.tables.source import Source, connect

WAREHOUSES = ("snowflake", "bigquery")
CREATES = re.compile(r"\b(CREATE|TEMP|TEMPORARY|INSERT|UPDATE|DELETE|MERGE|DROP|ALTER)\b")


@dataclass(frozen=True)
class Nowhere:
    """Stands for a server's connection: it has a name, and no server."""

    name: str


@dataclass(frozen=True)
class Described(Source):
    """A source of which only the columns are known."""

    schemas: dict[str, ibis.Schema] = None  # type: ignore[assignment]

    def table(self, name: str) -> ibis.Table | None:
        return ibis.table(self.schemas[name], name=name) if name in self.schemas else None

    def query(self, sql: str, *, where: str) -> ibis.Table:
        return ibis.table(self.schemas[sql], name="described")


def described(world: World, warehouse: str) -> Described:
    files = connect(str(world.folder))
    schemas = {name: files.connection.table(name).schema() for name in files.names}
    selects = [table.sql for table in world.settings.tables.values() if table.sql is not None]
    schemas |= {sql: files.query(sql, where="here").schema() for sql in selects}
    return Described(connection=Nowhere(warehouse), address="nowhere", names=files.names, schemas=schemas)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def sql_of(world_of: Callable[[str], World]) -> Callable[[str, str], str]:
    @cache
    def written(name: str, warehouse: str) -> str:
        world = world_of(name)
        tables = tables_in(described(world, warehouse), world.settings)
        looks = odd_looks() if name == ODD else world.looks
        # a server would be asked for the names of features first
        rollup = rolled_up(usage_of(tables), features_of(usage_of(world.tables)), None)
        history = History(tables, grid_of(tables, looks), rollup)
        return str(ibis.to_sql(catalog().plan(history).table, dialect=warehouse, pretty=False))

    return written


@pytest.mark.parametrize("warehouse", WAREHOUSES)
@pytest.mark.parametrize("name", [*NAMES, ODD])
def test_the_whole_frame_is_one_select(
    name: str, warehouse: str, sql_of: Callable[[str, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sql = sql_of(name, warehouse)
    # it is to be read, not to be rewritten: BigQuery's commas in FROM would cost a copy of each SELECT within others
    monkeypatch.setattr(BigQuery.Parser, "SUPPORTS_IMPLICIT_UNNEST", False)
    statements = sqlglot.parse(sql, read=warehouse)
    assert [type(one).__name__ for one in statements] == ["Select"]
    without_text = re.sub(r"'(?:[^'\\]|\\.|'')*'|\"[^\"]*\"|`[^`]*`", "''", sql)
    assert not CREATES.findall(without_text)


@pytest.mark.parametrize("warehouse", WAREHOUSES)
def test_the_grid_is_written_once_and_small(warehouse: str, sql_of: Callable[[str, str], str]) -> None:
    # BigQuery and Snowflake take a query of about a million letters
    assert len(sql_of("demo", warehouse)) < 600_000
    # the letter that separates them stands in no id, so each id is there as it is
    assert sql_of("odd", warehouse).count("zoë 🙂") <= 2
