"""The embedded engine is a good neighbour."""

from __future__ import annotations

from pathlib import Path

import duckdb

from uptier.tables.embedded import own_duckdb


def test_the_engine_leaves_memory_to_others_and_spills_nowhere_near(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    engine = own_duckdb()
    limit, spilled = engine.raw_sql(
        "SELECT current_setting('memory_limit'), current_setting('temp_directory')"
    ).fetchone()
    own, own_unit = duckdb.connect().sql("SELECT current_setting('memory_limit')").fetchone()[0].split()
    amount, unit = limit.split()
    assert unit == own_unit
    assert 0.5 < float(amount) / float(own) < 0.7
    assert Path(spilled).is_absolute()
    assert not Path(spilled).is_relative_to(tmp_path)
    engine.raw_sql("SET memory_limit = '40 MB'")
    rows = engine.raw_sql("SELECT count(DISTINCT s) FROM (SELECT range::VARCHAR || 'x' AS s FROM range(2000000))")
    assert rows.fetchone() == (2_000_000,)
    assert list(tmp_path.iterdir()) == []
