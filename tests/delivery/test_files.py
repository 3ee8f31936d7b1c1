from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given

from tests.delivery.drawn_rows import ODD, any_rows, row, told
from tests.delivery.killed import killed_at
from uptier.delivery.files import MANIFEST, WRITERS, Files
from uptier.delivery.folder import UNFINISHED
from uptier.delivery.payload import FIELDS, KEY, Payload, closed, read
from uptier.delivery_settings import FilesSettings
from uptier.errors import DeliveryError
from uptier.scoring.spreadsheet import harmless_text

ALL = ("csv", "parquet", "jsonl")
NAMES = [field.name for field in FIELDS]


def files(folder: Path, *formats: str) -> Files:
    return Files("files", FilesSettings(kind="files", folder=folder, formats=formats or ALL), {})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def read_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_each_file_is_written_with_all_rows(tmp_path: Path) -> None:
    rows = [row("acme"), row("bolt", owner="Bo")]
    answers = files(tmp_path).send(rows)
    assert {one.key: one.ok for one in answers} == {one.key: True for one in rows}
    assert names(tmp_path) == [MANIFEST, "worklist.csv", "worklist.jsonl", "worklist.parquet"]


def test_what_is_held_is_what_was_sent(tmp_path: Path) -> None:
    rows = [row("acme"), row("bolt")]
    there = files(tmp_path)
    there.send(rows)
    assert there.held() == told(rows)
    assert there.fingerprints([rows[0].key, "nobody"]) == told(rows[:1])
    assert files(tmp_path).held() == told(rows)  # of another process


def test_the_same_rows_in_any_order_are_the_same_bytes(tmp_path: Path) -> None:
    rows = [row("acme", rank=2), row("bolt", rank=1), row("cask", rank=None), row("dune", owner=None)]
    files(tmp_path).send(rows)
    before = read_bytes(tmp_path)
    files(tmp_path).send(rows[::-1])
    assert read_bytes(tmp_path) == before


def test_rows_are_in_the_order_of_each_csms_day(tmp_path: Path) -> None:
    rows = [row("acme", rank=10), row("bolt", rank=9), row("cask", rank=None), row("dune", owner="Aaron", rank=99)]
    files(tmp_path, "csv").send(rows)
    with (tmp_path / "worklist.csv").open(newline="", encoding="utf-8") as file:
        assert [one["account_id"] for one in csv.DictReader(file)] == ["dune", "bolt", "acme", "cask"]


def test_rows_of_before_are_replaced(tmp_path: Path) -> None:
    there = files(tmp_path)
    there.send([row("acme"), row("bolt")])
    there.send([row("bolt", rank=5)])
    assert there.held() == told([row("bolt", rank=5)])
    assert "acme" not in (tmp_path / "worklist.csv").read_text()


def test_no_rows_are_files_with_only_a_header(tmp_path: Path) -> None:
    there = files(tmp_path)
    assert there.send([]) == []
    assert there.held() == {}
    assert (tmp_path / "worklist.csv").read_text() == ",".join(f'"{name}"' for name in NAMES) + "\n"
    assert (tmp_path / "worklist.jsonl").read_bytes() == b""
    assert pq.read_table(tmp_path / "worklist.parquet").column_names == NAMES


@given(rows=any_rows())
def test_what_is_read_back_is_what_was_told(tmp_path_factory: pytest.TempPathFactory, rows: list[Payload]) -> None:
    folder = tmp_path_factory.mktemp("files")
    there = files(folder)
    there.send(rows)
    assert there.held() == told(rows)
    values = {one.key: dict(one.values) for one in rows}
    lines = (folder / "worklist.jsonl").read_bytes().decode("utf-8").split("\n")
    assert {one.key: dict(one.values) for one in map(read, lines[:-1])} == values
    assert {one[KEY]: one for one in pq.read_table(folder / "worklist.parquet").to_pylist()} == values
    assert sorted(from_csv(folder / "worklist.csv"), key=str) == sorted(map(as_csv, rows), key=str)
    shutil.rmtree(folder)


def from_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def as_csv(one: Payload) -> dict[str, str]:
    return {
        name: "" if value is None else harmless_text(value) if isinstance(value, str) else str(value)
        for name, value in one.values.items()
    }


@pytest.mark.parametrize("text", ODD)
def test_no_cell_of_a_csv_begins_like_a_formula(tmp_path: Path, text: str) -> None:
    files(tmp_path, "csv").send([row(reason_1=text, details=text)])
    [one] = from_csv(tmp_path / "worklist.csv")
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in one.values())


def test_negative_numbers_are_numbers_in_a_csv(tmp_path: Path) -> None:
    files(tmp_path, "csv").send([row(expected_value=-12.5)])
    assert ",-12.5," in (tmp_path / "worklist.csv").read_text()


@pytest.mark.parametrize("lost", ["worklist.csv", "worklist.jsonl", "worklist.parquet"])
def test_files_that_differ_from_each_other_hold_nothing(tmp_path: Path, lost: str) -> None:
    # what a kill after this one file leaves: it is new, the others and the manifest are old
    there = files(tmp_path)
    there.send([row(rank=2)])
    new = tmp_path / "new"
    files(new).send([row(rank=1)])
    (new / lost).replace(tmp_path / lost)
    assert there.held() == {}
    there.send([row(rank=1)])
    assert there.held() == told([row(rank=1)])


KILLED = """
from tests.delivery.drawn_rows import row
from tests.delivery.test_files import files
files(place).send([row("acme", rank=2), row("cask")])
"""


@pytest.mark.parametrize("step", range(1, 9))
def test_after_a_kill_at_any_step_all_files_are_held_or_none(tmp_path: Path, step: int) -> None:
    before, after = [row("acme"), row("bolt")], [row("acme", rank=2), row("cask")]
    there = files(tmp_path)
    there.send(before)
    killed_at(step, tmp_path, KILLED)
    held = {1: told(before), 8: told(after)}  # nothing was replaced yet; all was, and only what is left was not cleared
    assert there.held() == held.get(step, {})
    there.send(after)
    assert there.held() == told(after)
    assert names(tmp_path) == [MANIFEST, "worklist.csv", "worklist.jsonl", "worklist.parquet"]


@pytest.mark.parametrize("lost", [MANIFEST, "worklist.csv", "worklist.parquet"])
def test_a_file_that_somebody_took_away_holds_nothing(tmp_path: Path, lost: str) -> None:
    there = files(tmp_path)
    there.send([row()])
    (tmp_path / lost).unlink()
    assert there.held() == {}


def test_a_manifest_that_cannot_be_read_holds_nothing(tmp_path: Path) -> None:
    there = files(tmp_path)
    there.send([row()])
    for text in ("{", "[]", "\x00", "{}"):
        (tmp_path / MANIFEST).write_text(text)
        assert there.held() == {}


def test_what_a_kill_left_half_made_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / f"{UNFINISHED}1-worklist.csv").write_text("half")
    files(tmp_path).send([row()])
    assert not [name for name in names(tmp_path) if name.startswith(UNFINISHED)]


def test_a_format_that_is_asked_for_no_more_is_removed_and_a_strangers_file_is_not(tmp_path: Path) -> None:
    files(tmp_path).send([row()])
    (tmp_path / "notes.csv").write_text("a person's")
    there = files(tmp_path, "csv")
    assert there.held() == {}
    there.send([row()])
    assert names(tmp_path) == [MANIFEST, "notes.csv", "worklist.csv"]
    assert there.held() == told([row()])


def test_a_file_that_cannot_be_written_leaves_those_of_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = files(tmp_path)
    there.send([row(rank=2)])
    before = read_bytes(tmp_path)

    def broken(rows: Any, path: Path) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(WRITERS, ".csv", broken)
    with pytest.raises(DeliveryError, match="No space left on device") as refused:
        there.send([row(rank=1)])
    assert "with room left on its disk" in str(refused.value)
    assert read_bytes(tmp_path) == before


def test_a_folder_that_is_a_file_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("in the way")
    there = files(tmp_path / "out")
    assert there.preflight() == [
        f"{tmp_path / 'out'} is not a folder, so nothing can be written to {tmp_path / 'out'}. "
        "Name another folder, or move it away."
    ]
    for call in (lambda: there.send([row()]), there.setup):
        with pytest.raises(DeliveryError, match="cannot be written: File exists"):
            call()
    assert there.held() == {}


def test_a_file_below_a_file_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("in the way")
    there = files(tmp_path / "out" / "deep")
    assert len(there.preflight()) == 1
    with pytest.raises(DeliveryError, match="cannot be written: Not a directory"):
        there.send([row()])


def test_a_folder_that_takes_no_files_is_said_so_by_preflight(tmp_path: Path) -> None:
    # /proc takes no file from anybody, root either
    [said] = files(Path("/proc/uptier")).preflight()
    assert said.startswith("/proc/uptier cannot be written: ")
    assert files(tmp_path / "not" / "there").preflight() == []
    assert names(tmp_path) == []


def test_preflight_tells_of_a_folder_in_a_files_place_and_of_no_format(tmp_path: Path) -> None:
    (tmp_path / "worklist.csv").mkdir()
    assert files(tmp_path).preflight() == [
        f"{tmp_path / 'worklist.csv'} is a folder, where a file belongs. Move it away."
    ]
    none = Files("files", FilesSettings(kind="files", folder=tmp_path, formats=()), {})
    assert none.preflight() == ["No file is asked for. Name at least one under formats: csv, parquet or jsonl."]


def test_setup_makes_the_folder_once(tmp_path: Path) -> None:
    there = files(tmp_path / "deep" / "out")
    assert there.setup() == [f"The folder {tmp_path / 'deep' / 'out'}."]
    assert there.setup() == []


def test_a_closed_row_that_is_given_is_written_as_one(tmp_path: Path) -> None:
    # only open rows are given; a closed one that is given is written as such, not taken for one that is there
    one = closed(row().values, "sold")
    there = files(tmp_path)
    there.send([one])
    assert there.held() == told([one])
    assert json.loads((tmp_path / "worklist.jsonl").read_text())["state"] == "closed"


def test_it_says_what_it_is(tmp_path: Path) -> None:
    assert repr(files(tmp_path)) == f"Files('files', folder='{tmp_path}')"
    assert files(tmp_path).whole
    assert files(tmp_path).batch_size >= 10_000_000


def test_more_rows_than_parquet_writes_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uptier.delivery.files.ROW_GROUP", 2)
    rows = [row(f"a{number}", rank=number) for number in range(5)]
    files(tmp_path, "parquet").send(rows)
    assert pq.read_table(tmp_path / "worklist.parquet")["rank"].to_pylist() == [0, 1, 2, 3, 4]
