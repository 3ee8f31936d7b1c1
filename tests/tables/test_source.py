from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from uptier.errors import SourceError
from uptier.tables.check import check
from uptier.tables.clean import clean
from uptier.tables.drawn import settings_of
from uptier.tables.source import connect, in_memory

ACCOUNTS = pd.DataFrame({"account_id": ["a", "b"]})
SUBSCRIPTIONS = pd.DataFrame(
    {"subscription_id": ["1", "2"], "account_id": ["a", "b"], "seats": [5, 7], "valid_from": ["2025-01-01"] * 2}
)
EVENTS = pd.DataFrame({"account_id": ["a", "b"], "occurred_at": ["2026-01-01"] * 2, "kind": ["login"] * 2})
TABLES = {"accounts": ACCOUNTS, "subscriptions": SUBSCRIPTIONS, "usage_events": EVENTS}


def write(folder: Path, kind: str) -> Path:
    folder.mkdir()
    if kind == "duckdb":
        path = folder / "acme.duckdb"
        with duckdb.connect(path) as connection:
            for name, frame in TABLES.items():
                connection.register("frame", frame)
                connection.execute(f"CREATE TABLE {name} AS SELECT * FROM frame")
        return path
    for name, frame in TABLES.items():
        if kind == "csv":
            frame.to_csv(folder / f"{name}.csv", index=False)
        elif kind == "jsonl":
            frame.to_json(folder / f"{name}.jsonl", orient="records", lines=True)
        elif kind == "parquet":
            frame.to_parquet(folder / f"{name}.parquet")
        else:
            for number in range(len(frame)):
                (folder / name / f"month={number}").mkdir(parents=True)
                frame.iloc[[number]].to_parquet(folder / name / f"month={number}" / "part.parquet")
    return folder


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "folders of parquet", "duckdb"])
def test_every_kind_of_source_gives_the_same_tables(kind: str, tmp_path: Path) -> None:
    path = write(tmp_path / "data", kind)
    before = contents(tmp_path)
    source = connect(str(path))
    settings = settings_of(data_until="2026-04-01")
    found, mapped = check(source, settings)
    assert found.errors == ()
    tables = clean(source, settings, mapped)
    seats = tables["subscriptions"].to_pandas()
    assert dict(zip(seats["account_id"], seats["seats"], strict=True)) == {"a": 5, "b": 7}
    assert len(tables["usage_events"].to_pandas()) == 2
    assert source.is_ours
    assert source.files
    assert source.table("nothing") is None
    assert contents(tmp_path) == before, "the source is only read"


def test_a_plain_address_and_one_with_a_scheme_lead_to_the_same_place(tmp_path: Path) -> None:
    path = write(tmp_path / "data", "duckdb")
    assert connect(f"duckdb://{path}").names == connect(str(path)).names == tuple(sorted(TABLES))


def test_what_is_not_a_table_is_passed_by(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", "csv")
    (folder / "README.md").write_text("hello")
    (folder / "_delta_log").mkdir()
    (folder / ".hidden.csv").write_text("x\n1\n")
    (folder / "pictures").mkdir()
    assert connect(str(folder)).names == tuple(sorted(TABLES))


def test_nothing_there_is_told_with_what_is_near(tmp_path: Path) -> None:
    write(tmp_path / "data", "csv")
    with pytest.raises(SourceError) as caught:
        connect(str(tmp_path / "dta"))
    assert str(caught.value) == f"There is no folder or DuckDB file at {tmp_path / 'dta'}.\nDid you mean 'data'?"
    with pytest.raises(SourceError) as caught:
        connect(str(tmp_path / "no" / "data"))
    assert str(caught.value) == (
        f"There is no folder or DuckDB file at {tmp_path / 'no' / 'data'}.\n"
        f"The folder {tmp_path / 'no'} does not exist either."
    )


def test_an_empty_folder_is_told_with_what_a_table_is(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(SourceError) as caught:
        connect(str(tmp_path))
    assert str(caught.value) == (
        f"The folder {tmp_path} holds no table.\n"
        "Found: 1 other entries.\n"
        "A table is a file ending in .parquet, .csv or .jsonl, or a folder of .parquet files."
    )


def test_one_table_in_two_files_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", "csv")
    ACCOUNTS.to_parquet(folder / "accounts.parquet")
    with pytest.raises(SourceError) as caught:
        connect(str(folder))
    assert str(caught.value) == (
        f"The folder {folder} holds the table 'accounts' twice.\n"
        "Found: accounts.csv, accounts.parquet.\n"
        "Move one of them out of the folder."
    )


@pytest.mark.parametrize("name", ["accounts.parquet", "acme.duckdb"])
def test_a_broken_file_is_told_and_not_a_traceback(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"not what the ending says")
    with pytest.raises(SourceError, match="cannot be read"):
        connect(str(tmp_path if name.endswith("parquet") else tmp_path / name))


def test_a_server_that_does_not_answer_is_told_without_its_password() -> None:
    with pytest.raises(SourceError) as caught:
        connect("postgres://reader:hunter2@127.0.0.1:1/sales?sslmode=require")
    told = str(caught.value)
    assert "postgres://127.0.0.1:1/sales" in told
    assert "hunter2" not in told
    assert "reader" not in told
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_an_address_of_an_unknown_kind_is_told() -> None:
    with pytest.raises(SourceError, match="The source nowhere://host does not answer"):
        connect("nowhere://user:hunter2@host")


def test_tables_in_memory_have_no_files_to_keep_anything_of() -> None:
    source = in_memory({"accounts": pa.table({"account_id": ["a"]})}, threads=1)
    assert not source.is_ours
    assert source.names == ("accounts",)
    assert source.connection.raw_sql("SELECT current_setting('threads')").fetchone() == (1,)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
