"""What takes longest is begun first, under names that there are."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import LONGEST, TOGETHER, together

ROOT = Path(__file__).parents[2]


def test_the_files_that_are_begun_first_are_there() -> None:
    assert [file for file in LONGEST if not (ROOT / file).is_file()] == []
    assert len(set(LONGEST)) == len(LONGEST)
    assert [file for pair in TOGETHER.items() for file in pair if not (ROOT / file).is_file()] == []


def test_files_that_go_together_are_one_piece_of_work() -> None:
    assert not set(TOGETHER) & {*LONGEST, *TOGETHER.values()}, "a file that follows another has no place of its own"
    assert together("tests/end_to_end/test_round_trip.py::test_a") == "tests/end_to_end/test_demo.py"
    assert together("tests/test_store.py::test_a[b::c]") == "tests/test_store.py"


def test_they_are_begun_in_that_order() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "--dist loadfile --no-loadscope-reorder" in makefile, (
        "xdist would begin with the most tests, not the longest"
    )
