from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.end_to_end import jobs
from uptier import Project
from uptier.errors import TableError
from uptier.signals.catalog import catalog
from uptier.signals.frames import on_disk
from uptier.work.preview import Preview

FIRST = "snapshots: {first: 2025-11-01}\n"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = jobs.tiny_project(tmp_path_factory.mktemp("preview"), seed=8)
    made.write_text(made.read_text() + FIRST)
    return made


@dataclass(frozen=True)
class Ran:
    """What a run has put into the store, kept aside for those who look at it, and how many rows its frame has."""

    store: Path
    rows: int


@pytest.fixture(scope="module")
def ran(config: Path) -> Ran:
    store, aside = config.parent / "store", config.parent / "store-of-a-run"
    shutil.rmtree(store, ignore_errors=True)
    rows = len(Project(config).write_frame().frame)
    return Ran(Path(shutil.move(store, aside)), rows)


@pytest.fixture(autouse=True)
def empty_store(config: Path) -> None:
    shutil.rmtree(config.parent / "store", ignore_errors=True)


@pytest.fixture
def store_of_a_run(config: Path, empty_store: None, ran: Ran) -> Path:
    return Path(shutil.copytree(ran.store, config.parent / "store", symlinks=True))


@pytest.fixture(scope="module")
def first(config: Path, ran: Ran) -> Preview:
    """Give what is told before the first run."""
    return Project(config).preview()


def readings(preview: Preview) -> dict[str, tuple[int | None, int | None]]:
    return {one.table: (one.rows, one.bytes) for one in preview.readings}


def test_before_the_first_run_everything_would_be_done(config: Path, ran: Ran) -> None:
    preview = Project(config).preview()  # not the one of the others: the store is to be seen after it
    assert not preview.checked
    assert preview.rollup == "to be built"
    assert [str(date) for date in preview.dates] == ["2025-11-01", "2025-12-01", "2026-01-01"]
    assert preview.stale == preview.dates
    assert preview.looks == ran.rows
    assert preview.signals == len(catalog().signals)
    assert not (config.parent / "store" / "frames").exists()


def test_nothing_is_computed_or_written_and_no_event_is_read(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = config.parent / "world" / "usage_events.parquet"
    whole, was = path.read_bytes(), path.stat()
    # whatever is read of the events beside the metadata at their end would now be an error
    path.write_bytes(b"PAR1" + b"\xff" * (len(whole) - 4 - _footer(path)) + whole[len(whole) - _footer(path) :])
    try:
        preview = Project(config).preview()
        assert readings(preview)["usage_events"][0] == pq.read_metadata(path).num_rows
    finally:
        path.write_bytes(whole)
        os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))  # or what others keep of it would be stale
    assert not (config.parent / "store").exists()


def _footer(path: Path) -> int:
    return int.from_bytes(path.read_bytes()[-8:-4], "little") + 8


def test_rows_and_bytes_are_those_of_the_files(config: Path, first: Preview) -> None:
    told = readings(first)
    for name in ("accounts", "users", "usage_events"):
        path = config.parent / "world" / f"{name}.parquet"
        rows, size = told[name]
        assert rows == len(pd.read_parquet(path))
        assert size is not None
        assert 0 < size < path.stat().st_size


def test_after_a_run_the_rollup_is_read_and_every_date_kept(config: Path, store_of_a_run: Path) -> None:
    preview = Project(config).preview()
    assert preview.checked
    assert preview.rollup == "kept"
    assert preview.stale == ()
    told = readings(preview)
    assert "usage_events" not in told
    assert told["rollup of people"][0]
    one = Project(config).preview(preview.dates[0])
    assert one.dates == preview.dates[:1]
    assert one.stale == one.dates, "single dates are kept apart from the months"


def test_a_date_whose_file_was_damaged_would_be_computed(config: Path, store_of_a_run: Path) -> None:
    folder = store_of_a_run / "frames" / "months"
    written = on_disk(folder)
    assert written is not None
    (folder / written.partitions[1].file).write_bytes(b"PAR1")
    assert [str(date) for date in Project(config).preview().stale or ()] == ["2025-12-01"]


def test_what_the_events_will_change_is_not_known_before_they_are_rolled_up(config: Path, store_of_a_run: Path) -> None:
    shutil.rmtree(store_of_a_run / "rollup")
    preview = Project(config).preview()
    assert preview.rollup == "to be built"
    assert preview.stale is None


def test_windows_are_told_by_what_answers_them(first: Preview) -> None:
    reaches = {one.plan: one for one in first.reaches}
    assert max(one.days for one in reaches.values()) >= 56
    assert max(one.periods for one in reaches.values()) >= 2
    assert reaches["milestones"].ever
    assert all(one.questions for one in reaches.values())


def test_the_statements_are_those_of_the_plan_and_name_tables_for_people(first: Preview) -> None:
    names = dict(first.sql)
    assert list(names)[-1] == "frame"
    assert '"answer_1"' in names["frame"]
    assert "seat_utilisation" in names["frame"]
    assert not [name for name, sql in names.items() if '"ibis_' in sql]


def test_signals_without_their_tables_are_named(config: Path, tmp_path: Path) -> None:
    world = tmp_path / "world"
    world.mkdir()
    for file in (config.parent / "world").glob("*.parquet"):
        if file.stem not in ("tickets", "truth"):
            (world / file.name).symlink_to(file)
    bare = tmp_path / "bare.yaml"
    bare.write_text(config.read_text())
    preview = Project(bare).preview()
    assert preview.unavailable["tickets_opened"] == ("tickets",)
    assert "tickets" not in readings(preview)


def test_a_table_that_cannot_be_mapped_stops_it(config: Path) -> None:
    broken = config.with_name("broken.yaml")
    broken.write_text(config.read_text() + "tables: {users: {columns: {role: rank}}}\n")
    with pytest.raises(TableError, match="no column"):
        Project(broken).preview()
