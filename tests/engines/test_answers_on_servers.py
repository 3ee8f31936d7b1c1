"""Answers are laid over a PostgreSQL that uptier may only read, and over Spark, as over files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.engines import test_postgresql, test_spark
from tests.engines.worlds import World
from uptier.settings import Settings
from uptier.tables.answered import with_answers
from uptier.tables.answers import typed
from uptier.tables.clean import Tables, clean
from uptier.tables.contracts import CONTRACT
from uptier.tables.mapping import map_table
from uptier.tables.source import Source, connect

server, spark = test_postgresql.server, test_spark.spark
CREATED = test_postgresql.CREATED
ASKED = ("account_id", "day", "known_day", "contacted_at", "upsell_type", "started_by", "result", "result_at")


def told(world: World) -> pd.DataFrame:
    """Answers about contacts of the world's own, about others, and about an account that is not there."""
    own = connect(str(world.folder)).connection.table("outreach").order_by("outreach_id").limit(40).to_pandas()
    own["contacted_at"] = own["contacted_at"].dt.tz_localize(None)
    own = own[own["contacted_at"] < pd.Timestamp("2025-11-01")].reset_index(drop=True)
    assert len(own) > 5
    rows: list[dict[str, Any]] = []
    for place, (account, when, upsell) in enumerate(
        zip(own["account_id"], own["contacted_at"], own["upsell_type"], strict=True)
    ):
        case = {"source": "crm", "account_id": account, "reason_code": "it's a 'reason'; \\ 100 %"}
        key = f"{account}:{upsell}:2025-01-{place % 28 + 1:02d}"
        said = pd.Timestamp(when) + pd.Timedelta(days=place % 3)  # every third on the same day
        for status, after in (("Contacted", 1), ("Won" if place % 2 else "Done", 5)):
            known = said.normalize() + pd.Timedelta(days=after, hours=6)
            case = {**case, "status": status, "answered_at": said, "known_at": known}
            rows.append({**case, "uptier_key": key, "upsell": upsell})
    rows.append({**rows[0], "account_id": "stranger", "uptier_key": "stranger:discovery:2025-01-01"})
    rows.append({**rows[0], "uptier_key": f"{rows[0]['account_id']}:discovery:2025-01-01", "upsell": "discovery"})
    return typed(sorted(rows, key=lambda row: row["known_at"]))


def laid(source: Source, settings: Settings, answers: pd.DataFrame, *, without: str = "") -> Tables:
    mapped = {name: one for name in CONTRACT if (one := map_table(source, settings, name)) is not None}
    mapped.pop(without, None)
    return clean(source, settings, with_answers(mapped, source, settings, answers))


def rows(tables: Tables) -> list[tuple[str, ...]]:
    table = tables["outreach"]
    asked = [table[name].cast("date").name(name) if name.endswith("day") else table[name] for name in ASKED]
    found = table.select(*asked).to_pandas()
    for name in ("day", "known_day", "contacted_at", "result_at"):
        found[name] = pd.to_datetime(found[name]).dt.strftime("%Y-%m-%d %H:%M:%S")
    return sorted(map(tuple, found.astype(object).where(found.notna(), "").astype(str).itertuples(index=False)))


@pytest.mark.parametrize("without", ["", "outreach"])
def test_postgresql_sees_the_same_and_nothing_is_created(
    server: test_postgresql.Server, world_of: Callable[[str], World], without: str
) -> None:
    world = world_of("demo")
    if not server.run("SELECT 1 FROM pg_namespace WHERE nspname = 'demo'"):
        server.load(world)
    source, before = connect(server.address("demo")), server.run(CREATED)
    answers = told(world)
    try:
        mine = rows(laid(source, world.settings, answers, without=without))
    finally:
        source.connection.disconnect()
    assert server.run(CREATED) == before
    theirs = rows(laid(connect(str(world.folder)), world.settings, answers, without=without))
    assert mine == theirs
    assert len(theirs) > (10 if without else len(connect(str(world.folder)).connection.table("outreach").to_pandas()))


@pytest.mark.parametrize("without", ["", "outreach"])
def test_spark_sees_the_same(spark: Any, world_of: Callable[[str], World], without: str) -> None:
    world = world_of("demo")
    answers = told(world)
    mine = rows(laid(connect(str(Path(world.folder)), "spark"), world.settings, answers, without=without))
    assert mine == rows(laid(connect(str(world.folder)), world.settings, answers, without=without))
