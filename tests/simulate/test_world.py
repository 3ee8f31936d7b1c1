from __future__ import annotations

import datetime as dt
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from uptier.errors import SimulationError
from uptier.simulate import files
from uptier.simulate.files import schema_of
from uptier.simulate.presets import PRESETS, find_preset
from uptier.simulate.tables import person_ids
from uptier.simulate.world import World, simulate
from uptier.tables.contracts import CONTRACT

Tables = dict[str, pd.DataFrame]
WRITTEN = sorted(set(CONTRACT) - {"usage_daily"})  # usage is in its finer form
REFERENCES = [
    ("subscriptions", "plan_id", "plans"),
    ("plan_features", "plan_id", "plans"),
    ("plan_quotas", "plan_id", "plans"),
    ("usage_events", "user_id", "users"),
    *((name, "account_id", "accounts") for name in WRITTEN if "account_id" in CONTRACT[name].columns),
]


def fingerprints(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_the_summary_says_what_was_written(world: World, tables: Tables) -> None:
    assert world.rows == {name: len(rows) for name, rows in tables.items()}
    assert sorted(tables) == sorted([*WRITTEN, "truth"])
    assert (world.first_day, world.data_until) == (dt.date(2025, 1, 1), dt.date(2026, 1, 1))
    assert (world.preset, world.seed, world.accounts) == ("demo", 5, 110)


@pytest.mark.parametrize("name", WRITTEN)
def test_every_table_has_exactly_the_columns_of_the_contract(world: World, name: str) -> None:
    written = pq.read_schema(world.folder / f"{name}.parquet")
    assert written.names == list(CONTRACT[name].columns)
    assert written.equals(schema_of(name))


@pytest.mark.parametrize("name", WRITTEN)
def test_keys_are_unique_and_what_is_required_is_there(tables: Tables, name: str) -> None:
    rows = tables[name].drop_duplicates() if name == "usage_events" else tables[name]
    assert rows.duplicated(list(CONTRACT[name].key)).sum() == 0
    assert rows[[*CONTRACT[name].key, *CONTRACT[name].required_columns()]].notna().all().all()


@pytest.mark.parametrize(("name", "column", "of"), REFERENCES)
def test_references_lead_somewhere(tables: Tables, name: str, column: str, of: str) -> None:
    assert set(tables[name][column]) <= set(tables[of][column])


@pytest.mark.parametrize("name", [name for name in WRITTEN if "recorded_at" in CONTRACT[name].columns])
def test_nothing_is_known_before_it_happens_or_after_the_world_ends(tables: Tables, world: World, name: str) -> None:
    rows = tables[name]
    until = pd.Timestamp(world.data_until, tz="UTC")
    assert (rows["recorded_at"] >= rows[CONTRACT[name].time]).all()
    for column in {"recorded_at", "end_recorded_at", "closed_at", "result_at"} & set(rows.columns):
        assert (rows[column].dropna() < until).all()


@pytest.mark.parametrize("name", WRITTEN)
def test_categories_hold_the_values_that_the_contract_allows(tables: Tables, name: str) -> None:
    for column, kind in CONTRACT[name].columns.items():
        if kind.values:
            assert set(tables[name][column]) <= set(kind.values)


def test_account_ids_are_padded_text(tables: Tables) -> None:
    assert tables["accounts"]["account_id"].tolist()[:2] == ["0001", "0002"]
    assert person_ids(2) == ["u000001", "u000002"]
    assert find_preset("demo").accounts >= 417


def test_the_same_seed_gives_the_same_bytes_and_another_one_another_world(tmp_path: Path) -> None:
    made = {}
    for name, seed in (("first", 3), ("again", 3), ("other", 4)):
        simulate(preset="demo", seed=seed, accounts=25, months=4, out=tmp_path / name)
        made[name] = fingerprints(tmp_path / name)
    assert made["first"] == made["again"]
    same = {name for name in made["first"] if made["first"][name] == made["other"][name]}
    assert same == {"plans.parquet", "plan_features.parquet", "plan_quotas.parquet"}


def test_neither_threads_nor_the_order_of_hashes_matter(tmp_path: Path) -> None:
    made = []
    for threads, hashes in (("1", "0"), ("4", "1")):
        out = tmp_path / threads
        code = (
            "import sys, pathlib, pyarrow; pyarrow.set_cpu_count(int(sys.argv[2]));"
            "from uptier.simulate.world import simulate;"
            "simulate(preset='demo', seed=3, accounts=25, months=4, out=pathlib.Path(sys.argv[1]))"
        )
        wanted = {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "PYTHONHASHSEED": hashes}
        subprocess.run([sys.executable, "-c", code, str(out), threads], env={**os.environ, **wanted}, check=True)
        made.append(fingerprints(out))
    assert made[0] == made[1]


def test_in_the_null_world_everyone_begins_on_the_lowest_plan(tmp_path: Path) -> None:
    world = simulate(preset="null", seed=1, accounts=40, months=6, out=tmp_path / "null")
    rows = pd.read_parquet(world.folder / "subscriptions.parquet").sort_values("valid_from")
    assert set(rows.groupby("account_id")["plan_id"].first()) == {"team"}


def test_one_account_and_one_month_are_a_world_too(tmp_path: Path) -> None:
    world = simulate(preset="demo", seed=0, accounts=1, months=1, out=tmp_path / "tiny")
    assert world.rows["accounts"] == 1
    assert world.rows["truth"] >= 1


def test_progress_is_told_and_only_grows(tmp_path: Path) -> None:
    told: list[float] = []
    simulate(
        preset="demo", seed=0, accounts=5, months=2, out=tmp_path / "w", progress=lambda _, share: told.append(share)
    )
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)


def test_an_unknown_preset_is_named_with_what_was_meant(tmp_path: Path) -> None:
    with pytest.raises(SimulationError) as error:
        simulate(preset="dmeo", seed=1, out=tmp_path / "w")
    assert str(error.value) == "There is no preset 'dmeo'.\nDid you mean 'demo'?"
    assert list(tmp_path.iterdir()) == []
    assert set(PRESETS) == {"demo", "null"}


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({"seed": -1}, "The seed of a world must be 0 or more.\nFound: -1."),
        ({"seed": 1.5}, "The seed of a world must be a whole number.\nFound: 1.5."),
        ({"accounts": 0}, "The accounts of a world must be 1 or more.\nFound: 0."),
        ({"accounts": True}, "The accounts of a world must be a whole number.\nFound: True."),
        ({"months": 0}, "The months of a world must be between 1 and 120.\nFound: 0."),
        ({"months": 121}, "The months of a world must be between 1 and 120.\nFound: 121."),
    ],
)
def test_numbers_that_make_no_sense_are_refused_before_anything_is_written(
    tmp_path: Path, numbers: dict[str, int], said: str
) -> None:
    with pytest.raises(SimulationError) as error:
        simulate(**{"preset": "demo", "seed": 1, "out": tmp_path / "w", **numbers})  # type: ignore[arg-type]  # on purpose
    assert str(error.value) == said
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "mine.txt").write_text("mine")
    with pytest.raises(SimulationError, match="the folder is not empty"):
        simulate(preset="demo", seed=1, accounts=5, months=1, out=tmp_path / "w")
    assert [path.name for path in (tmp_path / "w").iterdir()] == ["mine.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["w"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w").write_text("mine")
    with pytest.raises(SimulationError, match="there is a file of that name"):
        simulate(preset="demo", seed=1, accounts=5, months=1, out=tmp_path / "w")


def test_an_empty_folder_is_filled_and_missing_parents_are_made(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for out in (tmp_path / "empty", tmp_path / "a" / "b"):
        simulate(preset="demo", seed=1, accounts=5, months=1, out=out)
        assert len(list(out.iterdir())) == len(WRITTEN) + 1


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_run_that_breaks_off_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    write, count = pq.write_table, 0

    def breaks(*arguments: object, **options: object) -> None:
        nonlocal count
        count += 1
        if count == 5:
            raise error
        write(*arguments, **options)

    monkeypatch.setattr(files.pq, "write_table", breaks)
    with pytest.raises((SimulationError, KeyboardInterrupt)) as raised:
        simulate(preset="demo", seed=1, accounts=5, months=1, out=tmp_path / "w")
    if isinstance(error, OSError):
        assert str(raised.value).endswith(
            "Found: No space left on device.\nName a folder that you may write to, on a disk with room."
        )
    assert list(tmp_path.iterdir()) == []
