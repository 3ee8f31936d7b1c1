from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from uptier.signals.catalog import Catalog, catalog
from uptier.signals.script import Noting, Script, script_of
from uptier.tables.clean import clean
from uptier.tables.contracts import CONTRACT
from uptier.tables.drawn import settings_of
from uptier.tables.history import History, history_of
from uptier.tables.mapping import map_table
from uptier.tables.rollup import usage_rollup
from uptier.tables.source import connect

LOOKS = pd.MultiIndex.from_product(
    [["a", "b"], pd.to_datetime(["2026-02-01", "2026-03-01"])], names=["account_id", "as_of"]
).to_frame(index=False)


@pytest.fixture
def history(tmp_path: Path) -> History:
    data = tmp_path / "data"
    data.mkdir()
    pd.DataFrame({"account_id": ["a", "b"]}).to_parquet(data / "accounts.parquet")
    began = pd.DataFrame({"subscription_id": ["1", "2"], "account_id": ["a", "b"], "seats": [3, 4]})
    began.assign(valid_from=pd.Timestamp("2025-01-01")).to_parquet(data / "subscriptions.parquet")
    events = pd.DataFrame({"occurred_at": pd.date_range("2026-01-01", periods=90, freq="12h")})
    events.assign(
        account_id=["a", "b", "a"] * 30, user_id=["u", "v", "w"] * 30, kind=["login", "export", "feature_used"] * 30
    ).to_parquet(data / "usage_events.parquet")
    source = connect(str(data))
    settings = settings_of(data_until="2026-04-01", store=tmp_path / "store")
    mapped = {name: map_table(source, settings, name) for name in CONTRACT}
    tables = clean(source, settings, {name: one for name, one in mapped.items() if one is not None})
    return history_of(tables, LOOKS, usage_rollup(tables))


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
        replace(script, frame="SELECT * FROM nowhere").run(history)
    assert engine.execute("SHOW TABLES").fetchall() == before


def test_noting_computes_nothing(history: History) -> None:
    noting = Noting(history.tables, history.grid, history.usage)
    stand_in = noting.kept(history.grid)
    assert stand_in.schema() == history.grid.schema()
    assert [name for name, _ in noting.noted] == [stand_in.get_name()]
