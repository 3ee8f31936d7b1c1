from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from uptier.errors import StoreError
from uptier.store import only_copy, write_whole


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    path = write_whole(tmp_path / "store" / "frames" / "one.txt", lambda fresh: fresh.write_text("new"))
    assert path.read_text() == "new"
    assert names(path.parent) == ["one.txt"]


def test_an_older_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "one.txt"
    path.write_text("old")
    write_whole(path, lambda fresh: fresh.write_text("new"))
    assert path.read_text() == "new"


def test_half_a_file_is_never_seen(tmp_path: Path) -> None:
    path = tmp_path / "one.txt"
    path.write_text("old")

    def write(fresh: Path) -> None:
        fresh.write_text("ne")
        assert path.read_text() == "old"
        fresh.write_text("new")

    write_whole(path, write)
    assert path.read_text() == "new"


def test_the_file_in_the_making_has_the_kind_of_the_final_one(tmp_path: Path) -> None:
    # some writers go by the ending
    given: list[Path] = []
    write_whole(tmp_path / "one.parquet", lambda fresh: (given.append(fresh), fresh.touch()))
    assert given[0].suffix == ".parquet"
    assert given[0].parent == tmp_path


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), ValueError("our fault"), KeyboardInterrupt()]
)
def test_whatever_stops_it_leaves_the_older_file_and_nothing_else(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "one.txt"
    path.write_text("old")

    def write(fresh: Path) -> None:
        fresh.write_text("ne")
        raise error

    with pytest.raises((StoreError, ValueError, KeyboardInterrupt)):
        write_whole(path, write)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["one.txt"]


def test_a_full_disk_is_said_so(tmp_path: Path) -> None:
    def write(fresh: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(StoreError) as refused:
        write_whole(tmp_path / "one.txt", write)
    assert str(refused.value) == (
        f"{tmp_path / 'one.txt'} cannot be written: No space left on device.\n"
        "Is this a folder that you may write to, with room left on its disk?"
    )


def test_a_file_in_the_place_of_a_folder_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file in the way")
    with pytest.raises(StoreError, match="cannot be written: File exists"):
        write_whole(tmp_path / "store" / "one.txt", lambda fresh: fresh.touch())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


HOLDS = """
import sys
from pathlib import Path
from uptier.store import only_copy
with only_copy(Path(sys.argv[1]), "Scoring"):
    print("mine", flush=True)
    sys.stdin.read()
"""


def test_a_second_copy_is_told_of_the_first_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    lock = tmp_path / "store" / ".lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "mine\n"
        with (
            pytest.raises(StoreError, match="Scoring is going on"),
            only_copy(lock, "Scoring"),
        ):
            pytest.fail("both were let in")
        other.kill()
        other.wait()
        with only_copy(lock, "Scoring"):
            assert lock.exists()
