from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from tests.simulate.worlds import without_defects
from uptier.errors import SimulationError, SourceError
from uptier.simulate import block, files
from uptier.simulate import world as worlds
from uptier.simulate.files import schema_of
from uptier.simulate.presets import PRESETS, find_preset
from uptier.simulate.world import World, simulate
from uptier.tables.contracts import CONTRACT
from uptier.tables.source import connect

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
    """A fingerprint of each file, by its path within the folder."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_the_summary_says_what_was_written(world: World, tables: Tables) -> None:
    assert world.rows == {name: len(rows) for name, rows in tables.items()}
    assert sorted(tables) == sorted([*WRITTEN, "truth"])
    assert (world.first_day, world.data_until) == (dt.date(2025, 1, 1), dt.date(2026, 1, 1))
    assert (world.preset, world.seed, world.parameters.accounts) == ("demo", 5, 110)


@pytest.mark.parametrize("name", WRITTEN)
def test_every_table_has_exactly_the_columns_of_the_contract(world: World, name: str) -> None:
    written = pq.read_schema(world.folder / f"{name}.parquet")
    left_out = {"accounts": ["currency"]}.get(name, [])
    assert written.names == [column for column in CONTRACT[name].columns if column not in left_out]
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
            there = tables[name][column]
            assert set(there if column in CONTRACT[name].required_columns() else there.dropna()) <= set(kind.values)


def test_account_ids_are_padded_text(tables: Tables) -> None:
    assert tables["accounts"]["account_id"].tolist()[:2] == ["0001", "0002"]
    assert block.account_ids(100_000)[-1] == "100000"


def test_the_same_seed_gives_the_same_bytes_and_another_one_another_world(tmp_path: Path) -> None:
    made = {}
    for name, seed in (("first", 3), ("again", 3), ("other", 4)):
        simulate(preset="demo", seed=seed, accounts=25, months=4, out=tmp_path / name)
        made[name] = fingerprints(tmp_path / name)
    assert made["first"] == made["again"]
    same = {name for name in made["first"] if made["first"][name] == made["other"][name]}
    assert same == {f"{name}.parquet" for name in ("plans", "plan_features", "plan_quotas")}


def test_neither_threads_nor_the_order_of_hashes_matter(tmp_path: Path) -> None:
    made = []
    for threads, hashes in (("1", "0"), ("4", "1")):
        out = tmp_path / threads
        code = (
            "import sys, pathlib, pyarrow; pyarrow.set_cpu_count(int(sys.argv[2]));"
            "from uptier.simulate import block, world; block.BLOCK = world.BLOCK = 20;"
            "world.simulate(preset='demo', seed=3, accounts=25, months=4, out=pathlib.Path(sys.argv[1]))"
        )
        wanted = {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "PYTHONHASHSEED": hashes}
        subprocess.run([sys.executable, "-c", code, str(out), threads], env={**os.environ, **wanted}, check=True)
        made.append(fingerprints(out))
    assert made[0] == made[1]
    assert "users/part-0001.parquet" in made[0]


# blocks --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def in_blocks_of_20(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (block, worlds):
        monkeypatch.setattr(module, "BLOCK", 20)


@pytest.mark.usefixtures("in_blocks_of_20")
def test_a_world_of_several_blocks_is_one_world(tmp_path: Path) -> None:
    changes = without_defects(tmp_path)
    world = simulate(preset="demo", seed=5, accounts=50, months=6, out=tmp_path / "w", changes=changes)
    source = connect(str(world.folder))
    assert set(source.names) == {*WRITTEN, "truth"}
    tables: Tables = {name: pd.read_parquet(world.folder / name) for name in WRITTEN if (world.folder / name).is_dir()}
    assert set(WRITTEN) - set(tables) == {"plans", "plan_features", "plan_quotas"}
    assert len(list((world.folder / "accounts").iterdir())) == 3
    for name in WRITTEN:
        found = source.table(name)
        assert found is not None
        assert found.count().execute() == world.rows[name]
        assert list(found.columns) == schema_of(name).names
    for name, rows in tables.items():
        once = rows.drop_duplicates() if name == "usage_events" else rows
        assert once.duplicated(list(CONTRACT[name].key)).sum() == 0, name
    accounts = tables["accounts"]["account_id"]
    assert sorted(accounts) == block.account_ids(50)
    for name, column, of in REFERENCES:
        if name in tables and of in tables:
            assert set(tables[name][column]) <= set(tables[of][column]), (name, column)
    assert set(pd.read_parquet(world.folder / "truth.parquet")["account_id"]) <= set(accounts)


@pytest.mark.usefixtures("in_blocks_of_20", "no_chances")
def test_blocks_are_made_each_by_itself(tmp_path: Path) -> None:
    for name, accounts in (("two", 40), ("three", 60)):
        simulate(preset="demo", seed=5, accounts=accounts, months=3, out=tmp_path / name)
    two, three = (
        pd.read_parquet(tmp_path / name / "accounts" / "part-0001.parquet").drop(columns="owner")
        for name in ("two", "three")
    )
    pd.testing.assert_frame_equal(two, three)  # owners are shared out among more of them
    first = pd.read_parquet(tmp_path / "two" / "accounts" / "part-0000.parquet")
    assert not (first["created_at"] == two["created_at"]).all()


# again, and otherwise ------------------------------------------------------------------------------------------------


def test_a_world_says_what_makes_it_again(tmp_path: Path) -> None:
    plans = Path(__file__).parents[2] / "configs" / "plans" / "sales_crm.yaml"
    simulate(preset="demo", seed=3, accounts=25, months=4, out=tmp_path / "one", jitter=0.3, plans=plans)
    note = tmp_path / "one" / "world.yaml"
    said = yaml.safe_load(note.read_text())
    assert (said["preset"], said["seed"], said["jitter"]) == ("demo", 3, 0.3)
    assert said["parameters"]["accounts"] == 25
    assert f"uptier simulate --preset demo --seed 3 --changes {note.name}" in note.read_text()
    simulate(preset="demo", seed=3, out=tmp_path / "again", changes=note, plans=note)
    one, again = (fingerprints(tmp_path / name) for name in ("one", "again"))
    assert {name for name in one if one[name] != again[name]} == {"world.yaml"}  # its jitter is in the parameters


@pytest.mark.usefixtures("no_chances")
def test_jitter_draws_other_rates_for_each_seed(tmp_path: Path) -> None:
    rates = []
    for seed in (3, 4):
        made = simulate(preset="demo", seed=seed, accounts=5, months=1, out=tmp_path / str(seed), jitter=0.3)
        rates.append(made.parameters.rates.churn)
        assert made.parameters.accounts == 5
    usual = find_preset("demo").rates.churn
    assert len({*rates, usual}) == 3
    assert all(0.7 * usual <= rate <= 1.3 * usual for rate in rates)


@pytest.mark.usefixtures("no_chances")
def test_another_price_list_is_used_throughout(tmp_path: Path) -> None:
    plans = Path(__file__).parents[2] / "configs" / "plans" / "developer_api.yaml"
    world = simulate(preset="demo", seed=3, accounts=40, months=6, out=tmp_path / "w", plans=plans)
    tables = {path.stem: pd.read_parquet(path) for path in world.folder.glob("*.parquet")}
    assert tables["plans"]["plan_id"].tolist() == ["build", "launch", "scale"]
    assert set(tables["subscriptions"]["plan_id"]) <= {"build", "launch", "scale"}
    assert set(tables["meter_readings"]["meter"]) == {"requests", "projects", "log_days", "requests_a_second"}
    assert set(tables["addons"]["addon_id"]) <= {
        "dedicated_capacity", "log_streaming", "uptime_guarantee", "solution_engineer",
    }  # fmt: skip
    assert set(tables["usage_events"]["feature"].dropna()) <= set(tables["plan_features"]["feature"])


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


def test_each_preset_is_told_in_a_line() -> None:
    assert set(PRESETS) >= {"demo", "null"}
    for preset in PRESETS.values():
        assert re.fullmatch(r"[A-Z0-9].{20,150}\.", preset.about)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({"seed": -1}, "The seed of a world must be 0 or more.\nFound: -1."),
        ({"seed": 1.5}, "The seed of a world must be a whole number.\nFound: 1.5."),
        ({"accounts": 0}, "The accounts of a world must be 1 or more. Found: 0."),
        ({"accounts": True}, "The accounts of a world must be a whole number.\nFound: True."),
        ({"months": 0}, "The months of a world must be 1 or more. Found: 0."),
        ({"months": 121}, "The months of a world must be 120 or less. Found: 121."),
        ({"jitter": -0.1}, "The jitter of a world must be a share between 0 and 1.\nFound: -0.1."),
        ({"jitter": 30}, "The jitter of a world must be a share between 0 and 1.\nFound: 30."),
        ({"jitter": float("nan")}, "The jitter of a world must be a share between 0 and 1.\nFound: nan."),
    ],
)
def test_numbers_that_make_no_sense_are_refused_before_anything_is_written(
    tmp_path: Path, numbers: dict[str, int], said: str
) -> None:
    with pytest.raises(SimulationError) as error:
        simulate(**{"preset": "demo", "seed": 1, "out": tmp_path / "w", **numbers})  # type: ignore[arg-type]  # on purpose
    assert str(error.value) == said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", ["changes", "plans"])
def test_a_bad_file_is_refused_before_anything_is_written(tmp_path: Path, given: str) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("rates: {churn: -1}\n")
    with pytest.raises(SimulationError, match=re.escape(str(bad))):
        simulate(preset="demo", seed=1, out=tmp_path / "deep" / "w", **{given: bad})  # type: ignore[arg-type]  # one of two
    assert list(tmp_path.iterdir()) == [bad]


@pytest.mark.usefixtures("no_chances")
def test_jitter_that_leaves_no_room_is_said_so(tmp_path: Path) -> None:
    crowded = tmp_path / "crowded.yaml"
    crowded.write_text("rates: {need: [0.1, 0.5, 0.5, 0.1]}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("uptier.simulate.parameters.TRIES", 1)
        for seed in range(20):
            try:
                simulate(
                    preset="demo", seed=seed, accounts=1, months=1, jitter=1.0, out=tmp_path / "w", changes=crowded
                )
            except SimulationError as error:
                said = str(error)
                break
            (tmp_path / "w").rename(tmp_path / f"w{seed}")
    assert said.startswith("With a jitter of 1 the rates leave no room: the chances of ")
    assert said.endswith("more than 1.\nAsk for less jitter, or for lower rates.")


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


@pytest.mark.usefixtures("no_chances")
def test_an_empty_folder_is_filled_and_missing_parents_are_made(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for out in (tmp_path / "empty", tmp_path / "a" / "b"):
        simulate(preset="demo", seed=1, accounts=5, months=1, out=out)
        assert {"truth.parquet", "users.parquet", "world.yaml"} <= {path.name for path in out.iterdir()}


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


HELD_UP = """
import pathlib, sys, time
from uptier.simulate import block, world
block.BLOCK = world.BLOCK = 2
make = world.make_block
def slow(*given, number, **named):
    if number == 2:
        print("in the middle", flush=True)
        time.sleep(600)
    return make(*given, number=number, **named)
world.make_block = slow
world.simulate(preset="demo", seed=1, accounts=6, months=1, out=pathlib.Path(sys.argv[1]))
"""


@pytest.mark.usefixtures("no_chances")
def test_a_killed_run_leaves_nothing_that_later_steps_accept(tmp_path: Path) -> None:
    out = tmp_path / "w"
    running = subprocess.Popen([sys.executable, "-c", HELD_UP, str(out)], stdout=subprocess.PIPE, text=True)
    hidden = out.with_name(f".w.part-{running.pid}")
    try:
        assert running.stdout is not None
        assert running.stdout.readline() == "in the middle\n"
        assert (hidden / "users" / "part-0001.parquet").exists()
        # while it runs, its folder is left alone
        simulate(preset="demo", seed=1, accounts=5, months=1, out=out)
        assert hidden.is_dir()
    finally:
        running.send_signal(signal.SIGKILL)
        running.communicate()
    assert hidden.is_dir()
    assert not (hidden / "world.yaml").exists()
    (tmp_path / "alone").mkdir()
    hidden.rename(tmp_path / "alone" / hidden.name)
    with pytest.raises(SourceError, match="holds no table"):
        connect(str(tmp_path / "alone"))
    # what it left goes with the next run for the same folder, and what others left stays
    (tmp_path / "alone" / hidden.name).rename(hidden)
    (tmp_path / ".other.part-1").mkdir()
    (tmp_path / ".w.part-mine").mkdir()
    for path in out.iterdir():
        path.unlink()
    simulate(preset="demo", seed=1, accounts=5, months=1, out=out)
    assert {path.name for path in tmp_path.iterdir()} == {"w", "alone", ".other.part-1", ".w.part-mine"}


@pytest.mark.usefixtures("no_chances")
def test_what_a_process_of_the_same_number_left_is_cleared(tmp_path: Path) -> None:
    # in a container every run may be process 1
    left = tmp_path / f".w.part-{os.getpid()}"
    left.mkdir()
    (left / "users.parquet").write_text("half")
    simulate(preset="demo", seed=1, accounts=5, months=1, out=tmp_path / "w")
    assert [path.name for path in tmp_path.iterdir()] == ["w"]


@pytest.mark.usefixtures("no_chances")
def test_the_folder_in_which_one_stands_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "w").mkdir()
    monkeypatch.chdir(tmp_path / "w")
    for here in (Path(), tmp_path / "w", Path("..") / "w"):
        with pytest.raises(SimulationError) as error:
            simulate(preset="demo", seed=1, accounts=5, months=1, out=here)
        assert error.value.do == f"Name a folder in it: {here / 'world'}."
    simulate(preset="demo", seed=1, accounts=5, months=1, out=Path("..") / "v")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["v", "w"]
