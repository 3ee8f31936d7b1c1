from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import ibis
import pandas as pd
import pytest

from uptier.settings import Settings
from uptier.tables import fingerprint
from uptier.tables.check import check
from uptier.tables.clean import clean
from uptier.tables.drawn import settings_of, source_of
from uptier.tables.findings import Findings
from uptier.tables.kept_check import keep_check, kept_check
from uptier.tables.rollup import usage_rollup
from uptier.tables.source import Source, connect


def project(folder: Path, *, doubled: bool = True, **settings: Any) -> tuple[Source, Settings]:
    data = folder / "data"
    if not data.exists():
        data.mkdir()
        pd.DataFrame({"account_id": ["a"]}).to_parquet(data / "accounts.parquet")
        starts = pd.DataFrame(
            {"subscription_id": ["1"], "account_id": ["a"], "valid_from": [pd.Timestamp("2025-01-01")]}
        )
        starts.to_parquet(data / "subscriptions.parquet")
        times = ["2026-03-01 10:00", "2026-03-01 10:00" if doubled else "2026-03-01 11:00", "2026-03-02 10:00"]
        pd.DataFrame({"account_id": "a", "occurred_at": times, "kind": "login"}).to_csv(
            data / "usage_events.csv", index=False
        )
    yaml = folder / "drawn.yaml"
    yaml.write_text("tables: {usage_events: {sql: SELECT}}")  # where messages look for their line
    fixed = {"data_until": "2026-04-01", "store": folder / "store", "path": yaml}
    return connect(str(data)), settings_of(**{**fixed, **settings})


def checked(folder: Path, **settings: Any) -> Findings:
    source, read = project(folder, **settings)
    findings, _ = check(source, read)
    keep_check(source, read, findings)
    return findings


def test_a_kept_check_finds_the_same_and_maps_the_same_tables(tmp_path: Path) -> None:
    findings = checked(tmp_path)
    source, settings = project(tmp_path)
    kept = kept_check(source, settings)
    assert kept is not None
    assert kept[0] == findings
    assert {name: one.present for name, one in kept[1].items()} == {
        name: one.present for name, one in check(source, settings)[1].items()
    }


@pytest.mark.parametrize("file", ["usage_events.csv", "accounts.parquet"])
def test_a_file_that_changed_is_checked_anew(file: str, tmp_path: Path) -> None:
    checked(tmp_path)
    path = tmp_path / "data" / file
    os.utime(path, ns=(1, 1))
    assert kept_check(*project(tmp_path)) is None


def test_other_settings_are_checked_anew_and_others_that_do_not_matter_are_not(tmp_path: Path) -> None:
    checked(tmp_path)
    mapping = {"usage_events": {"values": {"kind": {"login": "export"}}}}
    assert kept_check(*project(tmp_path, tables=mapping)) is None
    assert kept_check(*project(tmp_path, thresholds={"growth": 0.5})) is not None


def test_another_version_of_the_code_checks_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked(tmp_path)
    monkeypatch.setattr(fingerprint, "of_code", lambda *rooms: "of another version")
    assert kept_check(*project(tmp_path)) is None


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"fingerprint": 1}'])
def test_what_is_no_check_of_ours_is_not_believed(broken: str, tmp_path: Path) -> None:
    checked(tmp_path)
    (tmp_path / "store" / "checked" / "check.json").write_text(broken)
    assert kept_check(*project(tmp_path)) is None


def test_a_check_with_errors_is_not_kept(tmp_path: Path) -> None:
    findings = checked(tmp_path, data_until="2026-03-02")
    assert findings.errors
    assert not (tmp_path / "store").exists()


def test_a_source_without_files_is_always_checked(tmp_path: Path) -> None:
    source = source_of("account | occurred_at | kind\na | 2026-03-01 | login")
    settings = settings_of(data_until="2026-04-01", store=tmp_path / "store")
    keep_check(source, settings, check(source, settings)[0])
    assert kept_check(source, settings) is None
    assert not (tmp_path / "store").exists()


def test_a_select_that_reads_a_file_of_its_own_is_always_checked(tmp_path: Path) -> None:
    project(tmp_path)
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_text("account_id,occurred_at,kind\na,2026-03-01,login\n")
    own = {"usage_events": {"sql": "WITH mine AS (SELECT * FROM usage_events) SELECT * FROM mine"}}
    checked(tmp_path, tables=own)
    assert kept_check(*project(tmp_path, tables=own)) is not None
    for sql in (f"SELECT * FROM '{elsewhere}'", f"SELECT * FROM read_csv('{elsewhere}')"):
        other = {"usage_events": {"sql": sql}}
        checked(tmp_path, tables=other)
        assert kept_check(*project(tmp_path, tables=other)) is None


def test_a_store_that_cannot_be_written_does_not_stop_a_check(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    checked(tmp_path)
    assert kept_check(*project(tmp_path)) is None


# what the check saw spares the cleaning ------------------------------------------------------------------------------


def test_a_doubled_row_counts_once_when_the_check_is_kept(tmp_path: Path) -> None:
    assert checked(tmp_path).repeated == {"usage_events"}
    source, settings = project(tmp_path)
    kept = kept_check(source, settings)
    assert kept is not None
    assert _events(source, settings, kept[0].repeated) == 2
    assert _events(source, settings, None) == 2


def test_rows_are_looked_for_twice_only_where_there_are_doubles(tmp_path: Path) -> None:
    source, settings = project(tmp_path, doubled=False)
    findings, mapped = check(source, settings)
    assert findings.repeated == frozenset()
    assert "DISTINCT" in _sql(source, settings, mapped, None)
    assert "DISTINCT" not in _sql(source, settings, mapped, frozenset())


def _events(source: Source, settings: Settings, repeated: frozenset[str] | None) -> int:
    usage = clean(source, settings, check(source, settings)[1], repeated)["usage_events"]
    return int(usage.count().to_pandas())


def _sql(source: Source, settings: Settings, mapped: Any, repeated: frozenset[str] | None) -> str:
    return str(ibis.to_sql(clean(source, settings, mapped, repeated)["usage_events"]))


def test_the_rollup_of_a_kept_check_counts_once_too(tmp_path: Path) -> None:
    checked(tmp_path)
    source, settings = project(tmp_path)
    kept = kept_check(source, settings)
    assert kept is not None
    rollup = usage_rollup(clean(source, settings, kept[1], kept[0].repeated))
    assert rollup is not None
    assert _total(rollup) == 2


def _total(rollup: Any) -> int:
    table = getattr(rollup, "days", None)
    table = rollup.table if table is None else table
    return int(table.events.sum().to_pandas())


def test_fingerprints_tell_files_and_settings_apart(tmp_path: Path) -> None:
    source, settings = project(tmp_path)
    assert fingerprint.of_files(source) == fingerprint.of_files(connect(source.address))
    assert fingerprint.of_reading(settings) != fingerprint.of_reading(project(tmp_path, timezone="Europe/Berlin")[1])
    assert fingerprint.of_code("tables") != fingerprint.of_code("tables", "moments")
