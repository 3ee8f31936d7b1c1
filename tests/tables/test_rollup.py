from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from uptier.errors import StoreError
from uptier.tables.check import check
from uptier.tables.clean import Tables, clean
from uptier.tables.drawn import settings_of, tables_of
from uptier.tables.rollup import usage_rollup
from uptier.tables.source import connect

EVENTS = """
    account | user | occurred_at      | kind   | feature | recorded_at
    a       | u    | 2026-03-01 09:00 | login  |         |
    a       | u    | 2026-03-01 10:00 | login  |         |
    a       | u    | 2026-03-01 23:59 | login  |         | 2026-03-05
    a       | v    | 2026-03-01       | login  |         |
    a       | u    | 2026-03-01       | export | csv     |
    a       | u    | 2026-03-01 01:00 | export | pdf     |
    b       |      | 2026-03-02       | login  |         |
    """


def test_events_are_counted_by_user_day_known_day_kind_and_feature() -> None:
    rollup = usage_rollup(tables_of(EVENTS, data_until="2026-04-01"))
    assert rollup is not None
    assert rollup.per_user
    assert counted(rollup.table) == {
        ("a", "u", "2026-03-01", "2026-03-01", "login", None): 2,
        ("a", "u", "2026-03-01", "2026-03-05", "login", None): 1,
        ("a", "v", "2026-03-01", "2026-03-01", "login", None): 1,
        ("a", "u", "2026-03-01", "2026-03-01", "export", "csv"): 1,
        ("a", "u", "2026-03-01", "2026-03-01", "export", "pdf"): 1,
        ("b", None, "2026-03-02", "2026-03-02", "login", None): 1,
    }


def test_daily_usage_keeps_its_own_users() -> None:
    text = """
        # usage_daily
        account | day        | kind  | events | users | day_users
        a       | 2026-03-01 | login | 9      | 3     | 4
        a       | 2026-03-02 | login | 1      |       |
        """
    rollup = usage_rollup(tables_of(text, data_until="2026-04-01"))
    assert rollup is not None
    assert not rollup.per_user
    rows = rollup.table.order_by("day").to_pandas()
    assert rows["events"].tolist() == [9, 1]
    assert rows[["users", "day_users"]].astype(object).where(rows[["users", "day_users"]].notna(), None).to_numpy().tolist() == [[3, 4], [None, None]]  # fmt: skip  # noqa: E501


def test_without_usage_there_is_no_rollup() -> None:
    assert usage_rollup(tables_of("", data_until="2026-04-01")) is None


# kept in the store -------------------------------------------------------------------------------------------------


def project(folder: Path, events: int = 2, store: Path | None = None) -> Tables:
    data = folder / "data"
    data.mkdir(exist_ok=True)
    pd.DataFrame({"account_id": ["a"]}).to_parquet(data / "accounts.parquet")
    days = pd.DataFrame({"subscription_id": ["1"], "account_id": ["a"], "valid_from": [pd.Timestamp("2025-01-01")]})
    days.to_parquet(data / "subscriptions.parquet")
    times = pd.date_range("2026-03-01", periods=events, freq="h")
    pd.DataFrame({"account_id": "a", "occurred_at": times, "kind": "login"}).to_csv(
        data / "usage_events.csv", index=False
    )
    source = connect(str(data))
    settings = settings_of(data_until="2026-04-01", store=store or folder / "store")
    return clean(source, settings, check(source, settings)[1])


def total(tables: Tables) -> int:
    rollup = usage_rollup(tables)
    assert rollup is not None
    return int(rollup.table.events.sum().to_pandas())


def test_the_rollup_is_built_once_and_again_when_the_data_change(tmp_path: Path) -> None:
    assert total(project(tmp_path)) == 2
    file = tmp_path / "store" / "rollup" / "usage.parquet"
    os.utime(file, ns=(1, 1))
    assert total(project_again(tmp_path)) == 2
    assert file.stat().st_mtime_ns == 1, "read, not built again"
    assert total(project(tmp_path, events=5)) == 5
    assert file.stat().st_mtime_ns != 1
    assert sorted(path.name for path in file.parent.iterdir()) == ["usage.json", "usage.parquet"]


def test_a_rollup_whose_note_is_broken_or_missing_is_not_believed(tmp_path: Path) -> None:
    total(project(tmp_path))
    folder = tmp_path / "store" / "rollup"
    for broken in ("{", "{}", "[]", None):
        (folder / "usage.parquet").write_bytes(b"half of a file")
        if broken is None:
            (folder / "usage.json").unlink()
        else:
            (folder / "usage.json").write_text(broken)
        assert total(project_again(tmp_path)) == 2


def test_another_way_to_read_the_data_is_another_rollup(tmp_path: Path) -> None:
    tables = project(tmp_path)
    assert total(tables) == 2
    settings = settings_of(
        data_until="2026-04-01", store=tmp_path / "store", tables={"usage_events": {"values": {"kind": {"login": "x"}}}}
    )
    source = connect(str(tmp_path / "data"))
    other = usage_rollup(clean(source, settings, check(source, settings)[1]))
    assert other is not None
    assert other.table.kind.to_pandas().unique().tolist() == ["other"]


@pytest.mark.parametrize("store", ["a file", "/proc/uptier"])
def test_a_store_that_cannot_be_written_is_told_and_nothing_is_left(store: str, tmp_path: Path) -> None:
    path = Path(store) if store.startswith("/") else tmp_path / "file"
    if not store.startswith("/"):
        path.write_text("a file where the folder should be")
    with pytest.raises(StoreError) as caught:
        total(project(tmp_path, store=path))
    assert str(path / "rollup" / "usage.parquet") in caught.value.what
    assert caught.value.do == "Is this a folder that you may write to, with room left on its disk?"
    assert sorted(one.name for one in tmp_path.iterdir()) == (["data"] if store.startswith("/") else ["data", "file"])


def project_again(folder: Path) -> Tables:
    """Open the same data once more, as another run does."""
    source, settings = connect(str(folder / "data")), settings_of(data_until="2026-04-01", store=folder / "store")
    return clean(source, settings, check(source, settings)[1])


def counted(table: Any) -> dict[tuple[Any, ...], int]:
    rows = table.to_pandas()
    for column in ("day", "known_day"):
        rows[column] = rows[column].astype("datetime64[us]").dt.strftime("%Y-%m-%d")
    keys = rows[["account_id", "user_id", "day", "known_day", "kind", "feature"]].astype(object)
    keys = keys.where(keys.notna(), None)
    return dict(zip(keys.itertuples(index=False, name=None), rows["events"], strict=True))
