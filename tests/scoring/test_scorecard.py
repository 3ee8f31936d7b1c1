"""A scorecard is written whole or not at all; what stops it leaves the last one as it was."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
import os
import subprocess
import sys
import textwrap

import pandas as pd
import pytest

from tests.explanation.tiny import AS_OF, CATALOG, bundle, facts, frame, settings
from tests.scoring.worked import account, worked
from uptier.errors import ScoringError, StoreError
from uptier.scoring.batch import score
from uptier.scoring.erasing import erase, naming
from uptier.scoring.scorecard import WORKLIST, latest, read_manifest, read_worklist, write
from uptier.scoring.spreadsheet import write_csv

DAY = dt.timedelta(days=1)


def card(rows=30, *, model=True, as_of=AS_OF):
    given = frame(rows)
    chosen = bundle() if model else None
    return score(given, facts(given), chosen, CATALOG, settings(), as_of=as_of, version="3" if model else None)


def written(store, scorecard=None, **changed):
    given = {
        "as_of": AS_OF,
        "run_id": "run-1",
        "model_version": "3",
        "catalogue_hash": "tiny",
        "expected_accounts": 30,
        "newest_usage": AS_OF - DAY,
    } | changed
    return write(card() if scorecard is None else scorecard, settings=settings(store), **given)


def read_csv(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contents(store):
    return {
        str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(store.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def test_a_scorecard_comes_back_as_it_was(tmp_path):
    scorecard = card()
    done = written(tmp_path, scorecard)
    pd.testing.assert_frame_equal(pd.read_parquet(done.parquet), scorecard)
    lines = read_csv(done.csv)
    assert [line["account_id"] for line in lines] == scorecard["account_id"].tolist()
    assert lines[0]["as_of"] == "2026-03-01"
    assert float(lines[0]["priority"]) == scorecard["priority"][0]
    assert (done.rows, done.fallback) == (30, False)


def test_the_manifest_tells_what_the_files_hold(tmp_path):
    scorecard = card()
    done = written(tmp_path, scorecard)
    manifest = read_manifest(done.folder)
    digest = hashlib.sha256(done.parquet.read_bytes()).hexdigest()
    assert manifest | {"columns": None, "csv_hash": None, "rows_by_action": None} == {
        "schema_version": 1,
        "project": "tiny",
        "currency": "USD",
        "run_id": "run-1",
        "model_version": "3",
        "as_of": "2026-03-01",
        "expires_on": "2026-03-31",
        "newest_usage": "2026-02-28",
        "catalogue_hash": "tiny",
        "rows": 30,
        "rows_by_action": None,
        "rows_by_basis": {"model": 30},
        "columns": None,
        "data_hash": f"sha256:{digest}",
        "csv_hash": None,
    }
    assert manifest["rows_by_action"] == scorecard["action"].value_counts().to_dict()
    assert manifest["columns"] == list(scorecard.columns)


def test_the_same_scorecard_twice_gives_the_same_bytes(tmp_path):
    written(tmp_path)
    once = contents(tmp_path)
    written(tmp_path)
    assert {name.split("/")[-1]: digest for name, digest in contents(tmp_path).items()} == {
        name.split("/")[-1]: digest for name, digest in once.items()
    }


def test_a_scorecard_by_rules_says_so(tmp_path):
    done = written(tmp_path, card(model=False), model_version=None, run_id=None)
    assert done.fallback
    assert read_manifest(done.folder)["rows_by_basis"] == {"rules": 30}


STOPPED = {
    "zero rows": (lambda: card().iloc[:0], {}, "has no rows"),
    "one account too few": (card, {"expected_accounts": 31}, "lacks accounts"),
    "one account twice": (lambda: pd.concat([card().iloc[:29], card().iloc[:1]]), {}, "lacks accounts"),
    "usage one day too old": (card, {"newest_usage": AS_OF - 8 * DAY}, "too old"),
    "no usage": (card, {"newest_usage": None}, "No usage is known"),
}


@pytest.mark.parametrize("name", STOPPED)
def test_what_is_empty_incomplete_or_stale_is_not_written_and_the_last_scorecard_is_untouched(tmp_path, name):
    scorecard, changed, words = STOPPED[name]
    written(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(ScoringError, match=words) as caught:
        written(tmp_path, scorecard(), **changed)
    assert caught.value.exit_code == 4
    assert "the last one stands" in str(caught.value)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", STOPPED)
def test_a_first_run_that_is_stopped_leaves_nothing(tmp_path, name):
    scorecard, changed, words = STOPPED[name]
    with pytest.raises(ScoringError, match=words):
        written(tmp_path, scorecard(), **changed)
    assert list(tmp_path.iterdir()) == []


def test_what_lies_just_inside_the_bounds_is_written(tmp_path):
    written(tmp_path, newest_usage=AS_OF - 7 * DAY, expected_accounts=30)
    assert latest(tmp_path) is not None


def test_a_date_scored_again_replaces_its_scorecard_and_clears_the_old_one(tmp_path):
    written(tmp_path)
    done = written(tmp_path, model_version="4")
    assert read_manifest(done.folder)["model_version"] == "4"
    hidden = [path for path in (tmp_path / "scorecards").iterdir() if path.name.startswith(".2026")]
    assert len(hidden) == 1


def test_the_latest_scorecard_is_that_of_the_newest_date(tmp_path):
    assert latest(tmp_path) is None
    newer = written(tmp_path)
    earlier = AS_OF - 30 * DAY
    older = written(tmp_path, as_of=earlier, newest_usage=earlier - DAY)
    assert latest(tmp_path) == newer.folder
    assert older.folder.name == "2026-01-30"
    assert read_manifest(older.folder)["rows"] == 30


def test_a_pointer_that_cannot_be_read_is_written_anew(tmp_path):
    done = written(tmp_path)
    (tmp_path / "scorecards" / "latest.json").write_text("{")
    assert latest(tmp_path) is None
    written(tmp_path)
    assert latest(tmp_path) == done.folder


@pytest.mark.parametrize("blocked", ["", "scorecards", "scorecards/2026-03-01"])
def test_a_store_that_cannot_be_written_is_said_and_nothing_is_left(tmp_path, blocked):
    store = tmp_path / "store"
    if blocked.endswith("01"):
        (store / blocked).mkdir(parents=True)  # a full folder of somebody else's where the date's link belongs
        (store / blocked / "mine.txt").write_text("mine")
    else:
        (store / blocked).parent.mkdir(parents=True, exist_ok=True)
        (store / blocked).write_text("a file where a folder belongs")
    before = contents(tmp_path)
    with pytest.raises(StoreError, match="cannot be written to"):
        written(store)
    assert contents(tmp_path) == before


def test_a_disk_that_fills_up_leaves_the_last_scorecard(tmp_path, monkeypatch):
    written(tmp_path)
    before = contents(tmp_path)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left on device"):
        written(tmp_path, model_version="4")
    assert contents(tmp_path) == before


def test_a_manifest_that_is_not_there_is_an_error_a_person_can_act_on(tmp_path):
    with pytest.raises(StoreError, match="uptier score"):
        read_manifest(tmp_path)


# Every call by which something lasting happens; the writer is killed before each in turn, like a power cut.
KILLED = """
    import os, sys, json
    from pathlib import Path
    import pandas as pd
    import tests.scoring.test_scorecard as own

    store = Path(sys.argv[1])
    first, second = own.card(), own.card(rows=31)
    events = []

    def state():
        try:
            folder = store / "scorecards" / own.AS_OF.isoformat()
            manifest = own.read_manifest(folder)
            read = pd.read_parquet(folder / "scorecard.parquet")
            digest = own.hashlib.sha256((folder / "scorecard.parquet").read_bytes()).hexdigest()
            csv_digest = own.hashlib.sha256((folder / "scorecard.csv").read_bytes()).hexdigest()
            whole = manifest["data_hash"] == f"sha256:{digest}" and manifest["csv_hash"] == f"sha256:{csv_digest}"
            return len(read) if whole and own.latest(store) == folder else "broken"
        except Exception as error:
            return f"broken: {error}"

    own.written(store, first)
    for kill_at in range(1, 200):
        child = os.fork()
        if child == 0:
            seen = 0
            def counted(real):
                def step(*arguments, **named):
                    global seen
                    seen += 1
                    if seen == kill_at:
                        os._exit(9)
                    return real(*arguments, **named)
                return step
            for name in ("fsync", "replace", "rename", "symlink", "mkdir", "chmod", "unlink", "rmdir"):
                setattr(os, name, counted(getattr(os, name)))
            own.written(store, second, expected_accounts=31)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        events.append((code, state()))
        # the next ordinary run always works and clears what the killed one left
        own.written(store, first)
        left = [path.name for path in (store / "scorecards").iterdir() if path.name.startswith(".2026")]
        events.append(("next", state(), len(left)))
        if code == 0:
            break
    print(json.dumps(events))
"""


def test_a_kill_between_any_two_steps_leaves_the_old_or_the_new_scorecard_whole(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path)], capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    events = json.loads(run.stdout.splitlines()[-1])
    kills = [event for event in events if event[0] == 9]
    assert len(kills) >= 8
    assert {rows for _, rows in kills} == {30, 31}  # old before the link is replaced, new after
    assert [rows for _, rows in kills] == sorted(rows for _, rows in kills)
    assert [event for event in events if event[0] == 0] == [[0, 31]]
    assert {tuple(event[1:]) for event in events if event[0] == "next"} == {(30, 1)}


def test_texts_that_a_spreadsheet_would_run_are_made_harmless_and_numbers_are_not_touched(tmp_path):
    scorecard = card()
    evil = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n =1", "a=1", "a\r=1", None]
    scorecard.loc[: len(evil) - 1, "account_name"] = pd.Series(evil, dtype="str")
    scorecard.loc[0, "priority"] = -5.0
    done = written(tmp_path, scorecard)
    lines = read_csv(done.csv)
    assert [line["account_name"] for line in lines][: len(evil)] == [
        "'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "'\r=1", "'\n =1", "a=1", "a\r=1", "",
    ]  # fmt: skip
    assert lines[0]["priority"] == "-5"
    assert pd.read_parquet(done.parquet)["account_name"].tolist()[:3] == evil[:3]
    assert "'=1+1" not in scorecard["account_name"].tolist()


def test_texts_in_an_object_column_are_made_harmless_too_and_what_is_missing_is_empty(tmp_path):
    table = pd.DataFrame({"said": pd.Series(["=1", "b", None], dtype=object), "number": [-1.5, float("nan"), 3]})
    write_csv(table, tmp_path / "said.csv")
    lines = read_csv(tmp_path / "said.csv")
    assert [line["said"] for line in lines] == ["'=1", "b", ""]
    assert [line["number"] for line in lines] == ["-1.5", "", "3"]
    assert table["said"].tolist()[0] == "=1"


def cases():
    return worked(
        [account("0001", "add_on"), account("0002", "add_on", nps=2), account("0003", "add_on", opted_out=True)]
    )


def test_the_worklist_stands_beside_the_scorecard_and_the_manifest_counts_it(tmp_path):
    done = written(tmp_path, worklist=cases())
    pd.testing.assert_frame_equal(read_worklist(done.folder), cases())
    manifest = read_manifest(done.folder)
    digest = hashlib.sha256((done.folder / WORKLIST).read_bytes()).hexdigest()
    assert manifest["worklist"] == {
        "rows": 3,
        "rows_by_state": {"closed": 1, "open": 2},
        "rows_by_suppression": {"detractor": 1, "opted_out": 1},
        "listed": 1,
        "data_hash": f"sha256:{digest}",
    }
    assert manifest["draws"] == {"salt": "tiny", "holdout_share": 0, "exploration_share": 0}


def test_a_scorecard_without_a_worklist_still_reads(tmp_path):
    done = written(tmp_path)
    assert read_worklist(done.folder) is None
    assert not {"worklist", "draws"} & set(read_manifest(done.folder))
    erase(tmp_path, "0001")
    assert len(pd.read_parquet(done.parquet)) == 29


def test_a_worklist_that_cannot_be_read_is_told(tmp_path):
    done = written(tmp_path, worklist=cases())
    (done.folder / WORKLIST).write_bytes(b"PAR1")
    with pytest.raises(StoreError, match="worklist"):
        read_worklist(done.folder)


def test_an_account_is_erased_from_the_worklist_too(tmp_path):
    done = written(tmp_path, worklist=cases())
    assert naming(tmp_path, "0001") == {
        "2026-03-01": {"scorecard.parquet": 1, "worklist.parquet": 1, "scorecard.csv": 1}
    }
    erase(tmp_path, "0001")
    assert naming(tmp_path, "0001") == {}
    assert read_worklist(done.folder)["account_id"].tolist() == ["0002", "0003"]
    assert read_manifest(done.folder)["worklist"]["rows"] == 2
