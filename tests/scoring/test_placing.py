from __future__ import annotations

from pathlib import Path

import pytest

from uptier.scoring import placing


def fill(text: str) -> object:
    def filled(folder: Path) -> None:
        (folder / placing.MANIFEST).write_text(text)

    return filled


def test_a_date_means_the_folder_that_was_put_last(tmp_path: Path) -> None:
    for text in ("old", "new"):
        placing.put(tmp_path, "2026-01-01", fill(text))  # type: ignore[arg-type]
        assert (tmp_path / "2026-01-01" / placing.MANIFEST).read_text() == text
    assert placing.dates(tmp_path) == ["2026-01-01"]
    placing.clear(tmp_path, "2026-01-01")
    assert len([one for one in tmp_path.iterdir() if one.is_dir() and not one.is_symlink()]) == 1


def test_a_folder_that_cannot_be_filled_leaves_nothing(tmp_path: Path) -> None:
    def broken(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        placing.put(tmp_path, "2026-01-01", broken)
    assert list(tmp_path.iterdir()) == []


def test_a_removed_date_means_nothing_and_the_latest_must_be_there(tmp_path: Path) -> None:
    placing.put(tmp_path, "2026-01-01", fill("one"))  # type: ignore[arg-type]
    placing.point_to(tmp_path, "2026-01-01", "3")
    assert placing.latest_date(tmp_path) == "2026-01-01"
    placing.remove(tmp_path, "2026-01-01")
    assert placing.dates(tmp_path) == []
    assert placing.latest_date(tmp_path) is None
    assert [one.name for one in tmp_path.iterdir()] == [placing.LATEST]
