from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests.signals.stored import LOOKS, open_company, write_company
from uptier.signals.catalog import Catalog, catalog
from uptier.signals.script import Noting, Script, script_of
from uptier.tables.history import History, history_of


@pytest.fixture
def history(tmp_path: Path) -> History:
    write_company(tmp_path)
    return open_company(tmp_path)


def some() -> Catalog:
    """Part of the catalogue, as another object: nothing is compiled for it yet."""
    return Catalog(tuple(one for one in catalog().signals if one.family in ("seats", "power_users")), ())


def test_a_script_gives_the_frame_that_the_plan_gives(history: History) -> None:
    planned = some().plan(history).table.order_by(["account_id", "as_of"]).to_pandas()
    frame = some().frame(history)
    for column in frame.columns.drop(["account_id", "as_of"]):
        pd.testing.assert_series_equal(frame[column], planned[column].astype(frame[column].dtype), check_exact=True)
    assert frame["seat_utilisation"].notna().all()


def test_it_is_compiled_once_and_run_for_other_looks(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    signals = some()
    whole = signals.frame(history)

    def never(*arguments: object) -> Script:
        raise AssertionError("compiled again")

    monkeypatch.setattr("uptier.signals.catalog.script_of", never)
    assert signals.frame(history).equals(whole)
    fewer = replace(history_of(history.tables, LOOKS.iloc[[3]], history.usage), dense=True, everyone=True)
    one = signals.frame(fewer).reset_index(drop=True)
    assert one.equals(whole.iloc[[3]].reset_index(drop=True))
    with pytest.raises(AssertionError, match="compiled again"):
        signals.frame(replace(history, dense=not history.dense))


def test_intermediate_tables_go_as_soon_as_nothing_reads_them(history: History) -> None:
    engine = history.tables.source.connection.con
    before = engine.execute("SHOW TABLES").fetchall()
    signals = some()
    signals.frame(history)
    assert engine.execute("SHOW TABLES").fetchall() == before
    script = script_of(lambda past: signals.plan(past).table, history)
    gone: list[str] = []
    for step in script.steps:
        assert not any(f'"{name}"' in step.sql for name in gone)
        gone += step.done_with
    assert not any(f'"{name}"' in script.frame for name in gone)
    assert gone, "the people behind power users are read by their own account's row alone"


def test_what_fails_on_the_way_leaves_nothing_behind(history: History) -> None:
    engine = history.tables.source.connection.con
    before = engine.execute("SHOW TABLES").fetchall()
    script = script_of(lambda past: some().plan(past).table, history)
    with pytest.raises(Exception, match="nowhere"):
        list(replace(script, frame="SELECT * FROM nowhere").run(history))
    assert engine.execute("SHOW TABLES").fetchall() == before


def test_noting_computes_nothing(history: History) -> None:
    noting = Noting(history.tables, history.grid, history.usage)
    stand_in = noting.kept(history.grid)
    assert stand_in.schema() == history.grid.schema()
    assert [name for name, _ in noting.noted] == [stand_in.get_name()]
