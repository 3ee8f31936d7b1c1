from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from uptier.errors import StoreError
from uptier.signals import frames
from uptier.signals.frame_files import write_parts

JANUARY, FEBRUARY, MARCH = (dt.date(2026, month, 1) for month in (1, 2, 3))
DIGESTS = {JANUARY: "one", FEBRUARY: "two", MARCH: "three"}
KNOWN = {"project": "drawn", "signals": ["seats", "plan", "rare"]}


def looks(*dates: dt.date, accounts: str = "a b") -> pd.DataFrame:
    grid = pd.MultiIndex.from_product([accounts.split(), pd.to_datetime(list(dates))], names=["account_id", "as_of"])
    return grid.to_frame(index=False).astype({"account_id": "str", "as_of": "datetime64[us]"})


def frame_of(asked: pd.DataFrame) -> pd.DataFrame:
    """Give signals of which one is unknown to everybody, as the catalogue does."""
    made = asked.sort_values(["account_id", "as_of"], ignore_index=True)
    made["seats"] = made["as_of"].dt.month * 10.0
    made.loc[made["account_id"] == "b", "seats"] = float("nan")
    made["plan"] = pd.Series([None if one == "b" else "basic" for one in made["account_id"]], dtype=object)
    made["rare"] = pd.Series([None] * len(made), dtype=object)
    return made


class Formed:
    """Counts what it is asked for."""

    def __init__(self, parts: int = 1) -> None:
        self.asked: list[list[str]] = []
        self.parts = parts

    def __call__(self, asked: pd.DataFrame) -> Iterator[pd.DataFrame]:
        self.asked.append(sorted({str(one.date()) for one in asked["as_of"]}))
        frame = frame_of(asked)
        accounts = np.array_split(sorted(set(frame["account_id"])), self.parts)
        for some in accounts:
            yield frame[frame["account_id"].isin(some)]


def written(
    folder: Path,
    digests: dict[dt.date, str] | None,
    *,
    form: Formed | None = None,
    whole: bool = True,
    dates: tuple[dt.date, ...] = (JANUARY, FEBRUARY, MARCH),
    told: list[str] | None = None,
) -> frames.Frame:
    return frames.write(
        folder,
        looks(*dates),
        digests,
        form or Formed(),
        known=KNOWN,
        whole=whole,
        progress=lambda what, done, of: None if told is None else told.append(f"{what} {done}/{of}"),
    )


def states(told: frames.Frame) -> dict[str, str]:
    return {one.as_of: one.state for one in told.partitions}


def test_what_is_read_is_what_was_formed(tmp_path: Path) -> None:
    written(tmp_path, DIGESTS)
    expected = frame_of(looks(JANUARY, FEBRUARY, MARCH))
    pd.testing.assert_frame_equal(frames.read(tmp_path), expected)
    one = expected[expected["as_of"] == pd.Timestamp(FEBRUARY)].reset_index(drop=True)
    pd.testing.assert_frame_equal(frames.read(tmp_path, [FEBRUARY]), one)


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_a_frame_that_comes_in_parts_is_the_same_frame(parts: int, tmp_path: Path) -> None:
    asked = looks(JANUARY, FEBRUARY, accounts="a b c d e")
    told: list[int] = []
    made = frames.write(
        tmp_path, asked, None, Formed(parts), known=KNOWN, whole=True, progress=lambda what, done, of: told.append(done)
    )
    assert [one.rows for one in made.partitions] == [5, 5]
    assert (len(told), told[-1]) == (parts, 10)
    pd.testing.assert_frame_equal(frames.read(tmp_path), frame_of(asked))
    whole = frame_of(looks(FEBRUARY, accounts="a b c d e"))
    pd.testing.assert_frame_equal(
        frames.read(tmp_path, [FEBRUARY], ["plan", "seats"]), whole[["account_id", "as_of", "plan", "seats"]]
    )
    blocks = list(frames.read_blocks(tmp_path, FEBRUARY, 2))
    assert [len(one) for one in blocks] == [2, 2, 1] if parts == 1 else sum(map(len, blocks)) == 5
    pd.testing.assert_frame_equal(pd.concat(blocks, ignore_index=True), whole)
    assert frames.null_rates(tmp_path, FEBRUARY) == {"seats": 0.2, "plan": 0.2, "rare": 1.0}


def test_an_old_partition_stands_until_all_parts_have_come(tmp_path: Path) -> None:
    written(tmp_path, DIGESTS)

    def halves(asked: pd.DataFrame) -> Iterator[pd.DataFrame]:
        yield frame_of(asked).head(1)
        raise MemoryError

    with pytest.raises(MemoryError):
        frames.write(
            tmp_path, looks(JANUARY), None, halves, known=KNOWN, whole=False, progress=lambda what, done, of: None
        )
    pd.testing.assert_frame_equal(frames.read(tmp_path), frame_of(looks(JANUARY, FEBRUARY, MARCH)))
    assert [one.name for one in tmp_path.rglob(".*")] == []


def test_a_file_that_cannot_be_written_is_named_and_no_other_is_replaced(tmp_path: Path) -> None:
    files = {date: tmp_path / f"{date}" / "part.parquet" for date in (JANUARY, FEBRUARY)}
    assert write_parts(files, Formed(2)(looks(*files)), lambda rows: None) == {JANUARY: 2, FEBRUARY: 2}
    before = files[JANUARY].read_bytes()
    files[FEBRUARY] = files[FEBRUARY].with_name("part.parquet") / "below a file.parquet"
    with pytest.raises(StoreError, match=r"below a file.parquet cannot be written"):
        write_parts(files, Formed()(looks(*files, accounts="a")), lambda rows: None)
    assert files[JANUARY].read_bytes() == before


def test_others_read_the_folder_as_one_table(tmp_path: Path) -> None:
    written(tmp_path, DIGESTS)
    theirs = pd.read_parquet(tmp_path)
    assert list(theirs.columns) == ["account_id", "seats", "plan", "rare", "as_of"]
    assert sorted(theirs["as_of"].astype(str).unique()) == ["2026-01-01", "2026-02-01", "2026-03-01"]
    [(rows, first)] = duckdb.sql(f"SELECT COUNT(*), MIN(as_of) FROM '{tmp_path}/**/*.parquet'").fetchall()
    assert (rows, first) == (6, JANUARY)


def test_a_manifest_tells_each_partition(tmp_path: Path) -> None:
    told = written(tmp_path, DIGESTS)
    manifest = json.loads(told.manifest.read_text())
    assert manifest["rows"] == 6
    assert manifest["digested"] is True
    assert manifest["signals"] == KNOWN["signals"]
    assert [one["file"] for one in manifest["partitions"]] == [
        f"as_of=2026-0{month}-01/part.parquet" for month in (1, 2, 3)
    ]
    assert [one["digest"] for one in manifest["partitions"]] == ["one", "two", "three"]
    assert all(one["rows"] == 2 and one["seconds"] >= 0 for one in manifest["partitions"])
    assert frames.on_disk(tmp_path) == told


def test_only_what_changed_is_computed_and_all_of_it_at_once(tmp_path: Path) -> None:
    form = Formed()
    first = written(tmp_path, DIGESTS, form=form)
    assert states(first) == dict.fromkeys(("2026-01-01", "2026-02-01", "2026-03-01"), "built")
    assert form.asked == [["2026-01-01", "2026-02-01", "2026-03-01"]]
    assert set(states(written(tmp_path, DIGESTS, form=form)).values()) == {"kept"}
    assert len(form.asked) == 1
    told: list[str] = []
    again = written(tmp_path, {**DIGESTS, FEBRUARY: "late", MARCH: "rows"}, form=form, told=told)
    assert states(again) == {"2026-01-01": "kept", "2026-02-01": "built", "2026-03-01": "built"}
    assert form.asked[1:] == [["2026-02-01", "2026-03-01"]]
    assert told == [f"Writing {tmp_path.name} 4/4"]
    assert again.partitions[0].seconds == first.partitions[0].seconds


def test_where_nothing_can_be_told_all_is_computed_each_time(tmp_path: Path) -> None:
    for _ in range(2):
        told = written(tmp_path, None)
        assert set(states(told).values()) == {"built"}
        assert told.known["digested"] is False
    assert set(states(written(tmp_path, DIGESTS)).values()) == {"built"}, "no digest is no believed digest"


@pytest.mark.parametrize("damage", ["half", "other", "gone"])
def test_a_damaged_partition_is_computed_anew_and_not_read(damage: str, tmp_path: Path) -> None:
    told = written(tmp_path, DIGESTS)
    path = tmp_path / told.partitions[1].file
    if damage == "gone":
        path.unlink()
    else:
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2] if damage == "half" else whole[::-1])
    with pytest.raises(StoreError, match="no sound partition of 2026-02-01"):
        frames.read(tmp_path)
    form = Formed()
    assert states(written(tmp_path, DIGESTS, form=form))["2026-02-01"] == "built"
    assert form.asked == [["2026-02-01"]]
    pd.testing.assert_frame_equal(frames.read(tmp_path), frame_of(looks(JANUARY, FEBRUARY, MARCH)))


@pytest.mark.parametrize("manifest", ["", "{", "[]", "{}", '{"schema_version": 0, "partitions": []}', None])
def test_without_a_manifest_nothing_is_believed(manifest: str | None, tmp_path: Path) -> None:
    told = written(tmp_path, DIGESTS)
    if manifest is None:
        told.manifest.unlink()
    else:
        told.manifest.write_text(manifest)
    assert frames.on_disk(tmp_path) is None
    with pytest.raises(StoreError, match="There is no frame"):
        frames.read(tmp_path)
    assert set(states(written(tmp_path, DIGESTS)).values()) == {"built"}


def test_months_that_are_no_longer_asked_for_go_and_single_dates_stay(tmp_path: Path) -> None:
    written(tmp_path, DIGESTS)
    (tmp_path / "as_of=2020-01-01").mkdir()  # what a killed run may leave
    fewer = written(tmp_path, DIGESTS, dates=(MARCH,))
    assert states(fewer) == {"2026-03-01": "kept"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["_manifest.json", "as_of=2026-03-01"]
    more = written(tmp_path, DIGESTS, dates=(JANUARY,), whole=False)
    assert states(more) == {"2026-01-01": "built", "2026-03-01": "kept"}
    with pytest.raises(StoreError, match="no sound partition of 2026-02-01"):
        frames.read(tmp_path, [FEBRUARY])


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        written(tmp_path / "file" / "months", DIGESTS)


# Every call by which something lasting happens; the writer is killed before each in turn.
KILLED = """
    import json, os, sys
    from pathlib import Path
    import tests.signals.test_frames as own

    folder = Path(sys.argv[1])
    other = {date: f"{digest} changed" for date, digest in own.DIGESTS.items()}
    events = []
    for kill_at in range(1, 200):
        own.written(folder, own.DIGESTS)
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
            for name in ("replace", "rename", "mkdir", "unlink", "rmdir"):
                setattr(os, name, counted(getattr(os, name)))
            own.written(folder, other)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        # whatever stands there is whole, and nothing is believed that the manifest does not name
        whole = len(own.pd.read_parquet(folder)) == 6
        believed = len(own.frames.unchanged(folder, other))
        equal = own.frames.read(own.written(folder, other).folder).equals(own.frame_of(own.looks(*other)))
        events.append([code, whole, believed, equal])
        if code == 0:
            break
    print(json.dumps(events))
"""


def test_a_kill_between_any_two_steps_leaves_what_the_next_run_mends(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(KILLED), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    events = json.loads(run.stdout.splitlines()[-1])
    kills = [event for event in events if event[0] == 9]
    assert len(kills) >= 8
    assert {(whole, equal) for _, whole, _, equal in kills} == {(True, True)}
    # nothing before the manifest is replaced, all after it
    assert [believed for _, _, believed, _ in kills] == sorted(believed for _, _, believed, _ in kills)
    assert {believed for _, _, believed, _ in kills[:-1]} == {0}
    assert events[-1] == [0, True, 3, True]
