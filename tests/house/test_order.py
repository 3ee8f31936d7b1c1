"""What takes longest is begun first, under names that there are."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import LONGEST

ROOT = Path(__file__).parents[2]


def test_the_files_that_are_begun_first_are_there() -> None:
    assert [file for file in LONGEST if not (ROOT / file).is_file()] == []
    assert len(set(LONGEST)) == len(LONGEST)


def test_they_are_begun_in_that_order() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "--dist loadfile --no-loadscope-reorder" in makefile, (
        "xdist would begin with the most tests, not the longest"
    )
