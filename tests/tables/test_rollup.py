"""The rollup that the store keeps: built once, appended as files appear, and never believed where it may be wrong."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.tables.rollups import everything, told
from uptier.errors import StoreError
from uptier.tables import rollup as rollups
from uptier.tables.clean import Tables, clean
from uptier.tables.contracts import CONTRACT
from uptier.tables.drawn import settings_of
from uptier.tables.mapping import map_table
from uptier.tables.rollup import kept_rollup, usage_rollup
from uptier.tables.source import connect

COLUMNS = ("account_id", "user_id", "occurred_at", "kind", "feature", "recorded_at")
DAILY = ("account_id", "day", "kind", "feature", "events", "users", "day_users")
TIMES = {"occurred_at", "recorded_at", "valid_from", "day"}

Row = tuple[Any, ...]


class Project:
    """A folder of tables, usage among them as a folder of files, and a store."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.data, self.store, self.settings = folder / "data", folder / "store", settings
        self.write("accounts", [("a",), ("b",)], ("account_id",))
        self.write("subscriptions", [("1", "a", "2025-01-01"), ("2", "b", "2025-01-01")], SUBSCRIBED)

    def write(self, name: str, rows: list[Row], columns: tuple[str, ...] = COLUMNS) -> Path:
        path = self.data / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        frame = pd.DataFrame(rows, columns=list(columns)).astype(object)
        for column in TIMES & set(columns):
            frame[column] = pd.to_datetime(frame[column])
        for column in {"events", "users", "day_users"} & set(columns):
            frame[column] = frame[column].astype("int64")
        for column in set(columns) - TIMES - {"events", "users", "day_users"}:
            frame[column] = frame[column].astype("string")
        frame.to_parquet(path)
        return path

    def tables(self, *, store: Path | None = None, **settings: Any) -> Tables:
        """Open the data once more, as another run does."""
        source = connect(str(self.data))
        project = settings_of(data_until="2026-09-01", store=store or self.store, **(self.settings | settings))
        mapped = {name: one for name in CONTRACT if (one := map_table(source, project, name)) is not None}
        # what the check saw is not told: rows that stand twice are looked for
        return clean(source, project, mapped)

    def rolled(self) -> dict[str, Any]:
        found = usage_rollup(self.tables())
        assert found is not None
        return everything(found)

    def rebuilt(self) -> dict[str, Any]:
        """Roll up the same data where nothing is kept yet."""
        fresh = self.store.with_name("fresh store")
        shutil.rmtree(fresh, ignore_errors=True)
        found = usage_rollup(self.tables(store=fresh))
        assert found is not None
        return everything(found)

    @property
    def manifest(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.store / "rollup" / "manifest.json").read_text())
        return told

    @property
    def files(self) -> dict[str, int]:
        """All that is in the rollup's folder, with the time of its change."""
        folder = self.store / "rollup"
        return {str(one.relative_to(folder)): one.stat().st_mtime_ns for one in folder.rglob("*") if one.is_file()}


SUBSCRIBED = ("subscription_id", "account_id", "valid_from")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    one = Project(tmp_path)
    one.write("usage_events/2026-01", JANUARY)
    one.write("usage_events/2026-02", FEBRUARY)
    one.write("usage_events/2026-03", MARCH)
    return one


JANUARY = [
    ("a", "u", "2026-01-10 09:00", "feature_used", "reports", None),
    ("a", "v", "2026-01-10 10:00", "gate_hit", "sso", None),
    ("b", "u", "2026-01-20 10:00", "login", None, None),
]
FEBRUARY = [
    ("a", "u", "2026-02-10 09:00", "feature_used", "boards", None),
    ("b", None, "2026-02-10 10:00", "export", "csv", None),
]
MARCH = [
    ("a", "u", "2026-03-01 09:00", "login", None, None),
    ("a", "u", "2026-03-02 10:00", "feature_used", "reports", None),
]


# built and read ----------------------------------------------------------------------------------------------------


def test_the_rollup_is_built_once_and_then_read(project: Project) -> None:
    assert project.rolled() == project.rebuilt()
    before = project.files
    assert project.rolled() == project.rebuilt()
    assert project.files == before
    kept = kept_rollup(project.tables())
    assert kept is not None
    assert everything(kept) == project.rebuilt()
    assert {name.split("/")[0] for name in before} == {"000000", "manifest.json"}


def test_counts_are_kept_as_whole_numbers(project: Project) -> None:
    project.rolled()
    for name in project.files:
        if name.endswith(".parquet"):
            schema = pq.read_schema(project.store / "rollup" / name)
            numbers = {str(one.type) for one in schema if one.name not in ("account_id", "user_id", "day", "known_day")}
            assert numbers == {"int64"}, name


def test_what_would_have_to_be_made_is_not_read(project: Project) -> None:
    assert kept_rollup(project.tables()) is None
    project.rolled()
    project.write("usage_events/2026-04", [("a", "u", "2026-04-01", "login", None, None)])
    assert kept_rollup(project.tables()) is None


@pytest.mark.parametrize("rows", [[], JANUARY[2:]], ids=["nothing happened", "nothing but logins"])
def test_of_what_never_happened_the_rollup_has_no_rows(rows: list[Row], tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("usage_events/1", rows)
    assert project.rolled() == project.rolled() == project.rebuilt()
    assert project.rolled()["touches"] == {}
    project.write("usage_events/2", JANUARY)
    assert project.rolled() == project.rebuilt()
    assert len(project.rolled()["touches"]) == 1


def test_daily_usage_is_kept_and_appended_too(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("usage_daily/1", [("a", "2026-01-10", "login", None, 9, 3, 4), ("a", "2026-02-10", "export", "x", 2, 1, 1)], DAILY)  # fmt: skip  # noqa: E501
    assert set(project.rolled()) == {"days", "touches"}
    # a row of a day that has some already
    project.write("usage_daily/2", [("a", "2026-01-10", "feature_used", "y", 5, 6, 7)], DAILY)
    assert project.rolled() == project.rebuilt()
    assert project.manifest["generation"] == 1
    assert next(iter(project.rolled()["days"].values())) == (14, 9, 7, 7, {"y"}, 1)


BROKEN: dict[str, Callable[[Path], object]] = {
    "half of it": lambda manifest: manifest.write_text(manifest.read_text()[:-20]),
    "no dictionary": lambda manifest: manifest.write_text("[]"),
    "empty": lambda manifest: manifest.write_text("{}"),
    "missing": lambda manifest: manifest.unlink(),
    "of a later uptier": lambda manifest: manifest.write_text(
        json.dumps(json.loads(manifest.read_text()) | {"new": 1})
    ),
    "with months that are none": lambda manifest: manifest.write_text(
        json.dumps(json.loads(manifest.read_text()) | {"months": {"days": 3}})
    ),
    "a folder": lambda manifest: (manifest.unlink(), manifest.mkdir(), manifest.rmdir()),
    "with a file that is not there": lambda manifest: next(manifest.parent.rglob("*.parquet")).unlink(),
    "with half of a file": lambda manifest: next(manifest.parent.rglob("*.parquet")).write_bytes(b"PAR1 half"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_manifest_that_is_damaged_or_foreign_is_not_believed(how: str, project: Project) -> None:
    project.rolled()
    BROKEN[how](project.store / "rollup" / "manifest.json")
    assert kept_rollup(project.tables()) is None
    assert project.rolled() == project.rebuilt()
    listed = {file for months in project.manifest["months"].values() for files in months.values() for file in files}
    assert set(project.files) == {*listed, "manifest.json"}


def test_another_way_to_read_the_data_is_another_rollup(project: Project) -> None:
    project.rolled()
    other = usage_rollup(project.tables(tables={"usage_events": {"values": {"kind": {"login": "export"}}}}))
    assert other is not None
    assert sum(events for events, _ in told(other, "touches", "events", "used").values()) == 4
    late = usage_rollup(project.tables(tables={"usage_events": {"lag_days": 3}}))
    assert late is not None
    assert ("a", "2026-03-01", "2026-03-04") in told(late, "days", "events")


@pytest.mark.parametrize("store", ["a file", "/proc/uptier"])
def test_a_store_that_cannot_be_written_is_told_and_nothing_is_left(store: str, project: Project) -> None:
    beside = project.data.parent
    path = Path(store) if store.startswith("/") else beside / "file"
    if not store.startswith("/"):
        path.write_text("a file where the folder should be")
    before = sorted(beside.iterdir())
    with pytest.raises(StoreError) as caught:
        usage_rollup(project.tables(store=path))
    assert str(path / "rollup" / "000000") in caught.value.what
    assert caught.value.do == "Is this a folder that you may write to, with room left on its disk?"
    assert sorted(beside.iterdir()) == before


# appended ----------------------------------------------------------------------------------------------------------

NEW = {
    "on time": [("a", "w", "2026-03-03 09:00", "feature_used", "boards", None)],
    "in a month of its own": [("a", "w", "2026-04-03 09:00", "export", "csv", None)],
    "late, known later": [
        ("a", "u", "2026-01-10 12:00", "login", None, "2026-03-20"),
        ("a", "new user", "2026-01-10 12:00", "login", None, "2026-03-21"),
        ("a", "v", "2026-01-11 12:00", "gate_hit", "sso", "2026-03-20"),
    ],
    "late, and known at once": [("a", "new user", "2026-01-10 12:00", "feature_used", "reports", None)],
    "rows that stand in an old file": [*JANUARY, MARCH[0], ("a", "w", "2026-03-03 09:00", "login", None, None)],
    "the same rows, known later": [(*JANUARY[0][:5], "2026-03-20")],
    "new features": [
        ("a", "u", "2026-03-03 09:00", "feature_used", "a feature before the others", None),
        ("a", "u", "2026-03-03 10:00", "integration_call", "zapier", None),
    ],
    "new users": [("a", "new user", "2026-03-02 09:00", "login", None, None)],
    "an account that is no customer": [("c", "u", "2026-03-02 09:00", "login", None, None)],
    "nothing": [],
    "the first of a kind": [("b", "u", "2026-02-10 09:00", "limit_error", None, None)],
}


@pytest.mark.parametrize("what", NEW)
def test_an_appended_rollup_is_what_a_rebuild_gives_and_only_touched_months_are_written(
    what: str, project: Project
) -> None:
    before, old = project.rolled(), project.files
    project.write("usage_events/new", NEW[what])
    after = project.rolled()
    assert after == project.rebuilt()
    # what nobody may ask for is not there
    assert (after == before) == (what in {"an account that is no customer", "nothing"})
    touched = {row[2][:7] for row in NEW[what] if row[0] != "c"}
    kept = {name for name in old if name != "manifest.json" and _month(name) not in touched}
    fresh = set(project.files) - set(old)
    assert {name: project.files[name] for name in kept} == {name: old[name] for name in kept}, "not even written again"
    assert {_month(name) for name in fresh} == touched
    assert {name.split("/")[0] for name in fresh} <= {"000001"}, "appended, not built"
    assert set(project.files) == {"manifest.json", *kept, *fresh}


def _month(name: str) -> str:
    return Path(name).parent.name.removeprefix("month=")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_file_after_file_the_rollup_stays_what_a_rebuild_gives(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    project = Project(tmp_path)
    rows: list[Row] = []
    for number in range(6):
        # days up to this file's own month, some known late, and some rows that stood in a file before
        new = [_drawn(chance, number + 1) for _ in range(12)] + chance.sample(rows, min(3, len(rows)))
        project.write(f"usage_events/{number}", new)
        rows += new
        assert project.rolled() == project.rebuilt()
    assert project.manifest["generation"] == 5


def _drawn(chance: random.Random, month: int) -> Row:
    day = pd.Timestamp(2026, chance.randint(1, month), chance.randint(1, 4), chance.randint(0, 23))
    late = chance.choice([None, None, day + pd.Timedelta(days=chance.randint(0, 60))])
    # a feature of each month is new in it
    feature = chance.choice([None, "reports", f"feature of month {month}"])
    kind = chance.choice(["login", "feature_used", "gate_hit", "export"])
    return (chance.choice("ab"), chance.choice(["u", "v", None]), day, kind, feature, late)


@pytest.mark.parametrize(
    ("count", "words", "appended"), [(58, 1, True), (59, 2, False), (120, 2, False), (121, 3, False)]
)
def test_features_for_which_a_word_of_bits_has_no_room_build_it_anew(
    count: int, words: int, appended: bool, project: Project
) -> None:
    # boards, csv, reports and sso are known; 62 fit into a word
    project.rolled()
    january = {name for name in project.files if _month(name) == "2026-01"}
    rows = [("a", "u", "2026-03-05", "feature_used", f"f{number:03}", None) for number in range(count)]
    project.write("usage_events/many", rows)
    assert project.rolled() == project.rebuilt()
    assert (january <= set(project.files)) == appended
    schemas = [pq.read_schema(project.store / "rollup" / one) for one in project.files if one.endswith("parquet")]
    assert {sum(name.startswith("bits_") for name in schema.names) for schema in schemas} == {words}


OTHERWISE: dict[str, Callable[[Project], object]] = {
    "an old file says something else": lambda project: project.write("usage_events/2026-01", JANUARY[:1]),
    "an old file is gone": lambda project: (project.data / "usage_events" / "2026-01.parquet").unlink(),
    "an old file has another name": lambda project: (project.data / "usage_events" / "2026-01.parquet").rename(
        project.data / "usage_events" / "other.parquet"
    ),
    "a file is new and an old one is gone": lambda project: (
        (project.data / "usage_events" / "2026-01.parquet").unlink(),
        project.write("usage_events/2026-04", MARCH),
    ),
    "an account is no customer any more": lambda project: project.write("accounts", [("a",)], ("account_id",)),
}


@pytest.mark.parametrize("what", OTHERWISE)
def test_whatever_is_not_only_new_is_built_anew(what: str, project: Project) -> None:
    project.rolled()
    before = project.files
    OTHERWISE[what](project)
    assert project.rolled() == project.rebuilt()
    assert not set(before) & set(project.files) - {"manifest.json"}


def test_an_old_file_that_was_only_touched_is_read_again_all_the_same(project: Project) -> None:
    before = project.rolled()
    os.utime(project.data / "usage_events" / "2026-01.parquet", ns=(1, 1))
    assert project.rolled() == before
    assert project.manifest["generation"] == 1


def test_who_becomes_a_customer_brings_the_usage_of_before(project: Project) -> None:
    project.write("usage_events/2026-04", [("c", "x", "2026-02-10 08:00", "feature_used", "a trial", None)])
    assert "a trial" not in str(project.rolled())
    february = {name for name in project.files if _month(name) == "2026-02"}
    project.write("accounts", [("a",), ("b",), ("c",), ("d",)], ("account_id",))
    assert project.rolled() == project.rebuilt()
    assert "a trial" in str(project.rolled())
    assert not february & set(project.files)
    assert {name.split("/")[0] for name in project.files if _month(name) == "2026-01"} == {"000000"}


def test_usage_that_counts_only_within_subscriptions_is_built_anew_with_them(project: Project) -> None:
    accepted = {"code": "usage-outside-subscription", "reason": "tried before they bought", "treatment": "drop"}
    project.settings["accept"] = [accepted]
    before = project.rolled()
    project.write("subscriptions", [("1", "a", "2026-02-01"), ("2", "b", "2025-01-01")], SUBSCRIBED)
    after = project.rolled()
    assert after == project.rebuilt()
    assert len(after["days"]) < len(before["days"])


@pytest.mark.parametrize("there", [False, True], ids=["building", "appending"])
def test_a_run_that_is_killed_before_the_manifest_is_written_does_no_harm(
    there: bool, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*arguments: object) -> object:
        raise KeyboardInterrupt

    before = project.rolled() if there else None
    if there:
        project.write("usage_events/new", NEW["late, known later"])
    with monkeypatch.context() as patched:
        patched.setattr(rollups, "_commit", killed)
        with pytest.raises(KeyboardInterrupt):
            project.rolled()
    if there:
        # what the manifest lists is still there
        (project.data / "usage_events" / "new.parquet").rename(project.data.parent / "new.parquet")
        assert project.rolled() == before
        (project.data.parent / "new.parquet").rename(project.data / "usage_events" / "new.parquet")
    else:
        assert kept_rollup(project.tables()) is None
    assert project.rolled() == project.rebuilt()
    listed = {file for months in project.manifest["months"].values() for files in months.values() for file in files}
    assert set(project.files) == {*listed, "manifest.json"}
