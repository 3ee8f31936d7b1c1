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
