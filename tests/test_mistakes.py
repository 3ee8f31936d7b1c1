from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from uptier.mistakes import freely_named, mistakes
from uptier.project_file import read_project_file


class Meter(BaseModel, extra="forbid"):
    quota: int


class Meters(BaseModel):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Meter]


class Whole(BaseModel, extra="forbid"):
    meters: Meters


def test_a_part_whose_keys_are_named_freely_says_what_they_hold() -> None:
    assert freely_named(Meters) is Meter
    assert freely_named(Whole) is None


def test_a_mistake_is_told_with_its_line_and_the_key_that_was_meant(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_text("meters:\n  api:\n    qota: 3\n", encoding="utf-8")
    file = read_project_file(path)
    with pytest.raises(ValidationError) as raised:
        Whole.model_validate(file.expanded({}))
    told = str(mistakes(raised.value, file, Whole))
    assert "line 3" in told
    assert "there is no such key. Did you mean 'quota'?" in told


class Wanted(BaseModel, extra="forbid"):
    file: Path | None = None
    names: list[str] = []
    meters: dict[str, int] = {}
    part: Meter | None = None


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("file: [1]", "line 1, file: the path of a file or folder is wanted here, as text."),
        ("file: {of: it}", "line 1, file: the path of a file or folder is wanted here, as text."),
        ("names: one", "line 1, names: a list is wanted here. Found: 'one'."),
        ("meters: [one]", "line 1, meters: keys, each with its value, are wanted here."),
        ("part: 3", "line 1, part: keys, each with its value, are wanted here. Found: 3."),
    ],
)
def test_what_is_wanted_is_told_in_words_of_the_yaml(written: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_text(f"{written}\n", encoding="utf-8")
    file = read_project_file(path)
    with pytest.raises(ValidationError) as raised:
        Wanted.model_validate(file.expanded({}))
    assert str(mistakes(raised.value, file, Wanted)).splitlines()[0].endswith(told)
