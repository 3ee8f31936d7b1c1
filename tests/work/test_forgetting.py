"""Somebody who is forgotten is in no byte of the store, and no later run brings them back."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.end_to_end import jobs
from tests.end_to_end.jobs import called
from tests.tables.told_answers import drawn_answers
from uptier import Project
from uptier.errors import StoreError
from uptier.scoring import placing
from uptier.scoring.scorecard import latest, read_manifest
from uptier.signals import frames
from uptier.tables.answers import FILE, FOLDER, add_answers, alone, read_answers
from uptier.work import forgetting

ACCOUNT, USER = "acct-to-be-forgotten", "person-to-be-forgotten"
FIRST = "snapshots: {first: 2025-10-01}\n"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Do the whole job on a small world in which two ids can be told from any other bytes."""
    home = tmp_path_factory.mktemp("forgetting")
    config = jobs.tiny_project(home, seed=5)
    config.write_text(config.read_text() + FIRST)
    world = config.parent / "world"
    held = pd.read_parquet(world / "subscriptions.parquet")
    account, other = sorted(held[held["valid_to"].isna()]["account_id"].unique())[:2]
    users = pd.read_parquet(world / "users.parquet")
    user = users[users["account_id"] == other]["user_id"].iloc[0]
    for file in world.glob("*.parquet"):
        table = pd.read_parquet(file)
        if "account_id" in table:
            if "user_id" in table:
                theirs = (table["account_id"] == other) & (table["user_id"] == user)
                table["user_id"] = table["user_id"].mask(theirs, USER)
            table["account_id"] = table["account_id"].replace(account, ACCOUNT)
        table.to_parquet(file, index=False)
    assert called("run", config).code == 3
    project = Project(config)
    project.score(pd.Timestamp("2025-12-01").date())
    project.write_frame()
    project.write_frame(project.settings.data_until)
    shutil.move(config.parent / "store", config.parent / "store-of-the-run")
    return config


@pytest.fixture
def config(ran: Path) -> Path:
    """Give each test the store as the run has left it."""
    store = ran.parent / "store"
    shutil.rmtree(store, ignore_errors=True)
    shutil.copytree(ran.parent / "store-of-the-run", store, symlinks=True)
    return ran


def naming(store: Path, wanted: str) -> set[str]:
    """List the files that have a text, as bytes or among the values of a table."""
    found = set()
    for path in sorted(store.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        content = path.read_bytes()
        if wanted.encode() in content or wanted.encode() in str(path).encode():
            found.add(str(path.relative_to(store)))
        if content[:4] == b"PAR1" and wanted in pq.ParquetFile(path).read().to_pandas().to_csv():
            found.add(str(path.relative_to(store)))
    return found


def contents(store: Path) -> dict[str, str]:
    return {
        str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(store.rglob("*"))
        if path.is_file()
    }


def rooms(files: set[str]) -> set[str]:
    return {file.partition("/")[0] for file in files}


# an account ----------------------------------------------------------------------------------------------------------


def test_the_store_names_an_account_in_rollup_frames_and_scorecards_and_models_name_nobody(config: Path) -> None:
    store = config.parent / "store"
    assert rooms(naming(store, ACCOUNT)) == {"rollup", "frames", "scorecards"}
    assert rooms(naming(store, USER)) == {"rollup"}
    assert (store / "mlflow.db").exists()
    assert (store / "mlflow-artifacts").is_dir()


def test_a_dry_run_says_what_would_be_touched_and_touches_nothing(config: Path) -> None:
    store = config.parent / "store"
    before = contents(store)
    told = called("forget", config, "--account", ACCOUNT, "--dry-run", "--json")
    assert (told.code, told.err) == (0, "")
    assert contents(store) == before
    files = {one["file"] for one in told.json()["touched"]}
    real = {str(Path(store, file).resolve()) for file in files}
    assert {str(Path(store, file).resolve()) for file in naming(store, ACCOUNT)} <= real
    assert told.json()["dry_run"] is True
    assert ACCOUNT not in told.out


def test_a_forgotten_account_is_in_no_byte_of_the_store_and_stays_away(config: Path) -> None:
    store = config.parent / "store"
    before = pd.read_parquet(store / "scorecards" / "2026-01-01" / "scorecard.parquet")
    lines = (store / "scorecards" / "2026-01-01" / "scorecard.csv").read_text().splitlines()
    told = called("forget", config, "--account", ACCOUNT)
    assert (told.code, told.err) == (0, "")
    assert ACCOUNT not in told.out
    assert naming(store, ACCOUNT) == set()
    # the scorecards are whole, and say so
    folder = latest(store)
    assert folder == store / "scorecards" / "2026-01-01"
    after = pd.read_parquet(folder / "scorecard.parquet")
    expected = before[before["account_id"] != ACCOUNT].reset_index(drop=True)
    pd.testing.assert_frame_equal(after, expected)
    manifest = read_manifest(folder)
    assert manifest["rows"] == len(before) - 1
    assert sum(manifest["rows_by_action"].values()) == len(after)
    for name, key in (("scorecard.parquet", "data_hash"), ("scorecard.csv", "csv_hash")):
        assert manifest[key] == f"sha256:{hashlib.sha256((folder / name).read_bytes()).hexdigest()}"
    assert (folder / "scorecard.csv").read_text().splitlines() == [line for line in lines if ACCOUNT not in line]
    # frames too
    months = frames.read(store / "frames" / "months")
    assert len(months)
    assert "forgotten" in {one.state for one in frames.on_disk(store / "frames" / "months").partitions}  # type: ignore[union-attr]
    # the source still has the account: nothing brings it back
    project = Project(config)
    scored = project.score()
    assert len(scored.scorecard) == len(after)
    written = project.write_frame()
    assert ACCOUNT not in set(written.frame["account_id"])
    assert set(written.frame["account_id"]) == set(months["account_id"])
    project.write_frame(project.settings.data_until)
    shown = called("signals", config, "--explain")
    assert shown.code == 0
    assert ACCOUNT not in shown.out
    assert naming(store, ACCOUNT) == set()


def test_statements_shown_before_a_run_do_not_name_the_forgotten(config: Path) -> None:
    assert called("forget", config, "--account", ACCOUNT).code == 0
    shutil.rmtree(config.parent / "store" / "rollup")
    shown = called("signals", config, "--explain")
    assert "The usage is rolled up first" in shown.out
    assert ACCOUNT not in shown.out + shown.err


def test_to_forget_again_finds_nothing_more(config: Path) -> None:
    first = Project(config).forget(ACCOUNT)
    assert not first.already
    again = Project(config).forget(ACCOUNT)
    assert again.already
    assert again.touched == ()
    assert "Nothing in the store names them." in called("forget", config, "--account", ACCOUNT).out


def test_what_people_answered_about_an_account_is_forgotten_with_it(config: Path) -> None:
    store = config.parent / "store"
    other = pd.read_parquet(config.parent / "world" / "accounts.parquet")["account_id"].iloc[-1]
    add_answers(
        store,
        drawn_answers(f"""
            key                         | status    | owner | known_at
            {ACCOUNT}:add_on:2025-11-01 | Contacted | Ana   | 2025-11-03
            {other}:add_on:2025-11-01   | Contacted | Ana   | 2025-11-03
            """),
    )
    assert f"{FOLDER}/{FILE}" in naming(store, ACCOUNT)
    with alone(store), pytest.raises(StoreError, match="is going on"):
        Project(config).forget(ACCOUNT)
    told = Project(config).forget(ACCOUNT)
    assert told.already  # what was begun is gone on with
    assert naming(store, ACCOUNT) == set()
    assert read_answers(store)["account_id"].tolist() == [other]
    assert called("signals", config).code == 0
    assert naming(store, ACCOUNT) == set()


def test_answers_that_cannot_be_read_are_not_thrown_away(config: Path) -> None:
    path = config.parent / "store" / FOLDER / FILE
    path.parent.mkdir()
    path.write_bytes(b"half a file")
    with pytest.raises(StoreError, match="cannot be read"):
        Project(config).forget(ACCOUNT)
    assert path.read_bytes() == b"half a file"


# a user --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_account", [True, False])
def test_a_forgotten_user_is_in_no_byte_of_the_store_and_stays_away(config: Path, with_account: bool) -> None:
    store = config.parent / "store"
    users = pd.read_parquet(config.parent / "world" / "users.parquet")
    account = str(users[users["user_id"] == USER]["account_id"].iloc[0])
    before = frames.read(store / "frames" / "months")
    Project(config).forget(account if with_account else None, USER)
    assert naming(store, USER) == set()
    project = Project(config)
    written = project.write_frame()
    assert naming(store, USER) == set()
    assert written.written is not None
    assert "built" in {one.state for one in written.written.partitions}, "what the user did counts no more"
    assert not before.equals(written.frame)
    rows = before[before["account_id"] != account]
    others = written.frame[written.frame["account_id"] != account]
    pd.testing.assert_frame_equal(others.reset_index(drop=True), rows.reset_index(drop=True))


# when things go wrong ------------------------------------------------------------------------------------------------


def test_killed_at_any_file_it_can_be_done_again(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = config.parent / "store"
    real = os.replace
    steps = 0

    def killed(*arguments: object, **named: object) -> None:
        nonlocal steps
        steps += 1
        if steps == kill_at:
            raise KeyboardInterrupt
        real(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "replace", killed)
    kill_at = 1
    while True:
        steps = 0
        try:
            Project(config).forget(ACCOUNT)
            break
        except KeyboardInterrupt:
            for path in store.rglob("*.parquet"):
                if not path.name.startswith("."):
                    pq.read_metadata(path)  # whole
            kill_at += 1
    monkeypatch.undo()
    assert kill_at > 1, "os.replace was not the way that files are replaced"
    assert naming(store, ACCOUNT) == set()


def test_nobody_of_that_id_is_told_and_nothing_is_written(config: Path) -> None:
    before = contents(config.parent / "store")
    for asked in (("--account", "typo"), ("--user", "typo"), ("--account", ACCOUNT, "--user", "typo")):
        refused = called("forget", config, *asked)
        assert (refused.code, refused.out) == (4, "")
        assert "Neither the source nor the store names this" in refused.err
        assert ACCOUNT not in refused.err
    assert contents(config.parent / "store") == before


def test_somebody_has_to_be_named(config: Path) -> None:
    with pytest.raises(StoreError, match="Nobody was named"):
        Project(config).forget(None)


def test_an_account_that_only_the_source_names_is_kept_out_from_the_start(config: Path) -> None:
    shutil.rmtree(config.parent / "store")
    told = Project(config).forget(ACCOUNT)
    assert told.touched == ()
    Project(config).score()
    assert naming(config.parent / "store", ACCOUNT) == set()


def test_what_a_killed_run_left_half_written_goes(config: Path) -> None:
    rollup = config.parent / "store" / "rollup"
    left = rollup / ".usage.999999999.parquet"
    left.write_bytes(ACCOUNT.encode())
    alive = rollup / f".usage.{os.getppid()}.parquet"
    alive.write_bytes(ACCOUNT.encode())
    with pytest.raises(StoreError, match="Another run may be writing"):
        Project(config).forget(ACCOUNT)
    alive.unlink()
    hidden = config.parent / "store" / "scorecards" / ".2025-12-01-leftover"
    hidden.mkdir()
    (hidden / "scorecard.csv").write_text(ACCOUNT)
    Project(config).forget(ACCOUNT)
    assert naming(config.parent / "store", ACCOUNT) == set()
    assert not left.exists()


def test_a_damaged_file_goes_since_nobody_knows_whom_it_names(config: Path) -> None:
    store = config.parent / "store"
    [path, *_] = sorted((store / "rollup").rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:100] + ACCOUNT.encode())
    Project(config).forget(ACCOUNT)
    assert not path.exists()
    assert naming(store, ACCOUNT) == set()


def test_values_that_no_row_has_any_more_go_with_their_dictionary(tmp_path: Path) -> None:
    path = tmp_path / "usage.parquet"
    table = pa.table({"account_id": pa.array([ACCOUNT, "b", "b"]).dictionary_encode(), "n": [1, 2, 3]})
    pq.write_table(table, path)
    forgetting._erase(path, ACCOUNT, None)
    assert pq.read_table(path).to_pydict() == {"account_id": ["b", "b"], "n": [2, 3]}
    assert naming(tmp_path, ACCOUNT) == set()


def test_a_scorecard_of_nobody_else_is_removed_and_the_latest_is_the_one_before(config: Path) -> None:
    store = config.parent / "store"
    place = store / "scorecards"
    newest = place / "2026-01-01"
    card = pd.read_parquet(newest / "scorecard.parquet")
    card[card["account_id"] == ACCOUNT].to_parquet(newest / "scorecard.parquet", index=False)
    Project(config).forget(ACCOUNT)
    assert placing.dates(place) == ["2025-12-01"]
    assert latest(store) == place / "2025-12-01"
    assert json.loads((place / "latest.json").read_text())["as_of"] == "2025-12-01"
