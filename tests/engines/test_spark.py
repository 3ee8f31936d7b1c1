"""The same definitions on a Spark of two cores give the same frame."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.engines.worlds import DATES, NAMES, ODD, World, apart, beside_signals, looked_at, read, seen, tables_in
from uptier.errors import SourceError
from uptier.outcomes.snapshots import running_at
from uptier.signals.families import FAMILIES
from uptier.tables.clean import Tables
from uptier.tables.source import connect

# for tables this small, compiling code for each stage and planning each join anew take longer than the work
QUICK = {
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
}


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("no Java: Spark needs 17 or newer")
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        builder = sql.SparkSession.builder.master("local[2]").appName("tests")
        for key, value in {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", **QUICK}.items():
            builder = builder.config(key, value)
        session = builder.getOrCreate()
        yield session
        session.stop()


@pytest.fixture(scope="module")
def tables_of(spark: Any, world_of: Callable[[str], World]) -> Callable[[str], Tables]:
    @cache
    def read(name: str) -> Tables:
        world = world_of(name)
        return tables_in(connect(str(world.folder), "spark"), world.settings)

    return read


@pytest.fixture(scope="module")
def frame_of(
    tables_of: Callable[[str], Tables], world_of: Callable[[str], World]
) -> Callable[[str], tuple[pd.DataFrame, pd.DataFrame]]:
    """Give a function that has Spark compute a company's frame, and beside it the frame of DuckDB."""

    @cache
    def both(name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        world = world_of(name)
        return seen(tables_of(name), world.looks), world.frame

    return both


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", NAMES)
def test_every_signal_is_the_same(name: str, family: str, frame_of: Callable[[str], Any]) -> None:
    frame, reference = frame_of(name)
    assert frame[["account_id", "as_of"]].equals(reference[["account_id", "as_of"]])
    assert apart(frame, reference, family) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_same_accounts_run(name: str, tables_of: Callable[[str], Tables], world_of: Callable[[str], World]) -> None:
    looks = running_at(tables_of(name), DATES[name])
    assert len(looks) > 20
    pd.testing.assert_frame_equal(looks, world_of(name).looks)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_scored_with_the_signals_is_the_same(
    name: str, tables_of: Callable[[str], Tables], world_of: Callable[[str], World]
) -> None:
    world = world_of(name)
    mine, dates = beside_signals(tables_of(name), world.frame)
    theirs, their_dates = beside_signals(world.tables, world.frame)
    pd.testing.assert_frame_equal(mine, theirs)
    assert dates == their_dates


def test_odd_ids_numbers_and_times_are_read_alike(
    tables_of: Callable[[str], Tables], world_of: Callable[[str], World]
) -> None:
    world = world_of(ODD)
    tables = tables_of(ODD)
    mine, theirs = read(tables), read(world.tables)
    assert {name: len(rows) for name, rows in mine.items()} == {name: len(rows) for name, rows in theirs.items()}
    for name in theirs:
        assert mine[name] == theirs[name], name
    pd.testing.assert_frame_equal(looked_at(tables), looked_at(world.tables))


FRAME = pd.DataFrame(
    {
        "account_id": ["a", "b", "c"],
        "seats": [5, 7, None],
        "share": [0.5, 1.25, 3.0],
        "is_paid": [True, False, True],
        "began": ["2026-01-01", "2026-02-28", "2024-02-29"],
        "seen": ["2026-01-01 10:30:00", "2026-02-28 23:59:59", "2024-02-29 00:00:00"],
        "note": ["a, b", 'said "so"', "two\nlines"],
    }
)


@pytest.mark.parametrize("kind", ["csv", "semicolons", "jsonl", "parquet", "folder", "partitions"])
def test_a_folder_shows_the_same_columns_and_rows(kind: str, spark: Any, tmp_path: Path) -> None:
    if kind == "csv":
        FRAME.to_csv(tmp_path / "things.csv", index=False)
    elif kind == "semicolons":
        FRAME.to_csv(tmp_path / "things.csv", index=False, sep=";")
    elif kind == "jsonl":
        FRAME.to_json(tmp_path / "things.jsonl", orient="records", lines=True)
    elif kind == "parquet":
        FRAME.assign(zoned=pd.to_datetime(FRAME["seen"], utc=True)).to_parquet(tmp_path / "things.parquet")
    else:
        for place in range(len(FRAME)):
            part = tmp_path / "things" / (f"month={place + 1}" if kind == "partitions" else f"of {place}")
            part.mkdir(parents=True)
            FRAME.iloc[[place]].to_parquet(part / "part.parquet")
    ours, theirs = connect(str(tmp_path)).table("things"), connect(str(tmp_path), "spark").table("things")
    assert ours is not None
    assert theirs is not None
    assert types(theirs) == types(ours)
    assert rows(theirs) == rows(ours)


def types(table: Any) -> dict[str, str]:
    # how wide and how fine they are may differ
    return {name: re.sub(r"\d+|, |\(\d*\)", "", str(kind)) for name, kind in table.schema().items()}


def rows(table: Any) -> list[tuple[str, ...]]:
    frame = table.to_pandas().astype(object)
    shown = frame.where(frame.notna(), None).map(lambda value: str(value).removesuffix(" 00:00:00"))
    return sorted(shown.itertuples(index=False, name=None))


def test_days_that_spark_would_read_otherwise_are_refused(spark: Any, tmp_path: Path) -> None:
    (tmp_path / "things.csv").write_text("account_id,began\na,25/12/2025\nb,13/01/2026\n")
    with pytest.raises(SourceError) as caught:
        connect(str(tmp_path), "spark")
    assert str(caught.value) == (
        f"The file {tmp_path / 'things.csv'} writes days as %d/%m/%Y, which Spark would not read as DuckDB does.\n"
        "Write days as 2026-03-29, or make a Parquet file of it."
    )


def test_a_broken_file_is_told_and_not_a_traceback(spark: Any, tmp_path: Path) -> None:
    (tmp_path / "things.parquet").write_bytes(b"not what the ending says")
    with pytest.raises(SourceError, match=r"The file .*things.parquet cannot be read"):
        connect(str(tmp_path), "spark")


def test_tables_of_one_project_do_not_hide_those_of_another(spark: Any, tmp_path: Path) -> None:
    for name, account in (("one", "a"), ("other", "b")):
        (tmp_path / name).mkdir()
        pd.DataFrame({"account_id": [account]}).to_parquet(tmp_path / name / "accounts.parquet")
    one, other = (connect(str(tmp_path / name), "spark") for name in ("one", "other"))
    assert [source.table("accounts").to_pandas()["account_id"].tolist() for source in (one, other)] == [["a"], ["b"]]
    assert one.kept(one.table("accounts"), "kept").to_pandas()["account_id"].tolist() == ["a"]
    assert not one.is_ours
    assert [file.name for file in one.files] == ["accounts.parquet"]


def test_a_select_that_does_not_run_is_told(spark: Any, tmp_path: Path) -> None:
    pd.DataFrame({"account_id": ["a"]}).to_parquet(tmp_path / "accounts.parquet")
    with pytest.raises(SourceError, match=r"line 7: the SELECT does not run: .*nothing.*cannot be resolved"):
        connect(str(tmp_path), "spark").query("SELECT nothing FROM accounts", where="acme.yaml, line 7")
