from __future__ import annotations

from pathlib import Path

import pytest

from uptier.errors import ModelError
from uptier.model.storage import digest, read_text, written_whole


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    written_whole({"a": "1", "b": "2"}, tmp_path / "one")
    written_whole({"a": "3"}, tmp_path / "one")
    assert {path.name: path.read_text() for path in (tmp_path / "one").iterdir()} == {"a": "3"}
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_line_ends_are_kept(tmp_path: Path) -> None:
    written_whole({"a": "1\r\n2\n"}, tmp_path / "one")
    assert digest(read_text(tmp_path / "one" / "a")) == digest("1\r\n2\n")


def test_what_is_no_text_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(ModelError, match=r"The file a of the model in .* is damaged"):
        read_text(tmp_path / "a")
