from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from uptier.errors import StoreError
from uptier.training.store import require_database, require_writable


def test_a_store_is_made_with_its_parents_and_left_empty(tmp_path: Path) -> None:
    require_writable(tmp_path / "a" / "store")
    assert list((tmp_path / "a" / "store").iterdir()) == []


def test_a_file_in_the_way_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    for store in (tmp_path / "store", tmp_path / "store" / "below"):
        with pytest.raises(StoreError, match="cannot be written"):
            require_writable(store)


def test_a_whole_database_or_none_passes_and_a_damaged_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "with space" / "mlflow.db"
    path.parent.mkdir()
    require_database(path)
    sqlite3.connect(path).close()
    require_database(path)
    path.write_text("no database " * 200)
    with pytest.raises(StoreError, match=r"move it away: the next training begins a new one"):
        require_database(path)
