"""A project's own files: run from where they stand, under names of their own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from uptier.errors import SettingsError
from uptier.own_code import line_of, load


def test_a_file_is_run_once_for_as_long_as_its_text_stays(tmp_path: Path) -> None:
    file = tmp_path / "some.py"
    file.write_text("marks = []\n")
    first = load(file, place="here")
    first.marks.append(1)
    assert load(file, place="here") is first
    file.write_text("marks = ['other']\n")
    second = load(file, place="here")
    assert second.marks == ["other"]
    assert second.__name__ != first.__name__
    assert first.__name__.endswith(".some")
    assert sys.modules[second.__name__] is second


def test_a_dataclass_in_a_file_works_as_anywhere(tmp_path: Path) -> None:
    file = tmp_path / "some.py"
    file.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n\n@dataclass\nclass One:\n    n: int\n"
    )
    assert load(file, place="here").One(3).n == 3


@pytest.mark.parametrize("name", ["Some.py", "some.txt", "some-more.py", "1.py"])
def test_a_name_that_names_no_module_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("")
    with pytest.raises(SettingsError, match=rf"here: {name} gives no name to what it declares"):
        load(tmp_path / name, place="here")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "some.py").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match=r"some\.py cannot be read: UnicodeDecodeError"):
        load(tmp_path / "some.py", place="here")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(SettingsError, match=r"folder\.py cannot be read: IsADirectoryError"):
        load(tmp_path / "folder.py", place="here")


def test_the_line_of_an_error_is_the_innermost_one_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "some.py"
    file.write_text("def outer(n):\n    return inner(n)\n\n\ndef inner(n):\n    return int(n)\n")
    module = load(file, place="here")
    with pytest.raises(ValueError, match="invalid literal") as caught:
        module.outer("x")
    assert line_of(file, caught.value.__traceback__) == 6
    assert line_of(tmp_path / "other.py", caught.value.__traceback__) == 1
