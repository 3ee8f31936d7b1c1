"""What a person gives is checked, and what is wrong with it is said where it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError, model_validator

from uptier.errors import SimulationError
from uptier.simulate.given import Given, checked, faults, read_given
from uptier.simulate.parameters import FaultAtError, Group, Share, TwoRates


class Inner(Group):
    chance: Share = 0.5
    rates: TwoRates = (1.0, 2.0)
    least: int = 1
    most: int = 9

    @model_validator(mode="after")
    def _in_order(self) -> Inner:
        if self.least > self.most:
            raise FaultAtError(("least",), f"must be no more than the {self.most} of 'most'")
        return self


class Item(Group):
    name: str = Field(min_length=1, pattern="^[a-z]+$")


class Outer(Group):
    count: int = Field(default=3, ge=1, le=10)
    speed: Annotated[float, Field(gt=0, lt=2)] = 1.0
    lit: bool = True
    text: str = "x"
    inner: Inner = Inner()
    items: Annotated[tuple[Item, ...], Field(min_length=1)] = (Item(name="a"),)
    pair: Annotated[tuple[Item, ...], Field(min_length=2, max_length=3)] = (Item(name="a"), Item(name="b"))
    sizes: dict[str, int] = {}


def given(folder: Path, text: str, name: str = "mine.yaml") -> Given:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_given(path, part="parameters", what="parameters")


def said(folder: Path, text: str, **more: Any) -> str:
    """Check a text, with the name of the file left out of what is said."""
    read = given(folder, text)
    with pytest.raises(SimulationError) as error:
        checked(Outer, {**Outer().model_dump(), **read.raw}, read, whose="a world", like=Outer(), **more)
    return str(error.value).replace(f"{read.file.path}, ", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lit: true\ncount: 0\n", "line 2, count: must be 1 or more. Found: 0."),
        ("lit: true\n\ncount: 11\n", "line 3, count: must be 10 or less. Found: 11."),
        ("speed: 0.0\n", "line 1, speed: must be more than 0. Found: 0.0."),
        ("speed: 2.0\n", "line 1, speed: must be less than 2. Found: 2.0."),
        ("inner:\n  chance: 1.5\n", "line 2, inner.chance: must be 1 or less. Found: 1.5."),
        ("inner:\n  rates:\n  - 1\n  - -2\n", "line 4, inner.rates.1: must be 0 or more. Found: -2."),
    ],
)
def test_what_is_out_of_bounds_is_said_with_its_bound_and_line(tmp_path: Path, text: str, expected: str) -> None:
    assert said(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("count: 2.5\n", "count: must be a whole number. Found: 2.5."),
        ("count: '2'\n", "count: must be a whole number. Found: '2'."),
        ("speed: fast\n", "speed: must be a number. Found: 'fast'."),
        ("speed: .inf\n", "speed: must be a number. Found: inf."),
        ("speed:\n", "speed: must be a number. Found: nothing."),
        ("lit: 1\n", "lit: must be true or false. Found: 1."),
        ("text: 1\n", "text: must be a text. Found: 1."),
        ("inner: 3\n", "inner: must be keys with values. Found: 3."),
        ("sizes: 3\n", "sizes: must be keys with values. Found: 3."),
        ("items: 3\n", "items: must be a list of 1 values. Found: 3."),
        ("items: [{name: ''}]\n", "items.0.name: must not be empty. Found: ''."),
        ("items: [{name: A}]\n", "items.0.name: must be written as the pattern ^[a-z]+$ says. Found: 'A'."),
        ("inner: {rates: [1]}\n", "inner.rates: must be a list of 2 values."),
        ("inner: {rates: [1, 2, 3]}\n", "inner.rates: must be a list of 2 values."),
        ("inner: {least: 10}\n", "inner.least: must be no more than the 9 of 'most'. Found: 10."),
    ],
)
def test_what_is_of_another_sort_is_said_in_plain_words(tmp_path: Path, text: str, expected: str) -> None:
    assert said(tmp_path, text) == f"line 1, {expected}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("coumt: 3\n", "line 1, coumt: there is no such key. Did you mean 'count'?"),
        ("inner:\n  chanse: 0\n", "line 2, inner.chanse: there is no such key. Did you mean 'chance'?"),
        ("items:\n- name: a\n  nam: b\n", "line 3, items.0.nam: there is no such key. Did you mean 'name'?"),
        # of the very name, in another group
        ("chance: 0\n", "line 1, chance: there is no such key. Did you mean 'inner.chance'?"),
    ],
)
def test_an_unknown_key_is_told_with_the_one_that_was_meant(tmp_path: Path, text: str, expected: str) -> None:
    assert said(tmp_path, text) == expected


def test_a_key_like_none_is_told_with_those_that_exist(tmp_path: Path) -> None:
    told = said(tmp_path, "zzzzzz: secret\n")
    assert told.startswith("line 1, zzzzzz: there is no such key. ")
    assert "'count'" in told or "count," in told
    assert "secret" not in told


def test_lists_too_short_or_too_long_are_said_so_where_no_length_is_usual(tmp_path: Path) -> None:
    entry = "{name: a}"
    for entries, expected in (
        (1, "must have at least 2 entries, and has 1."),
        (4, "must have at most 3 entries, and has 4."),
    ):
        read = given(tmp_path, f"pair: [{', '.join([entry] * entries)}]\n")
        with pytest.raises(SimulationError, match=re.escape(expected)):
            checked(Outer, read.raw, read, whose="a world")


def test_a_key_that_is_no_text_is_said_so(tmp_path: Path) -> None:
    read = given(tmp_path, "lit: true\nsizes:\n  1: 2\n")
    with pytest.raises(SimulationError, match=r"line 3, sizes\.1.*: must be a text\."):
        checked(Outer, read.raw, read, whose="a world")


def test_what_is_missing_is_said_at_what_lacks_it(tmp_path: Path) -> None:
    assert said(tmp_path, "lit: true\nitems:\n- {}\n") == "line 3, items.0.name: the key 'name' is missing."


def test_all_that_is_wrong_is_said_and_each_once(tmp_path: Path) -> None:
    told = said(tmp_path, "count: 0\nspeed: 9.0\ninner:\n  rates: []\n").splitlines()
    assert told == [
        "line 1, count: must be 1 or more. Found: 0.",
        "line 2, speed: must be less than 2. Found: 9.0.",
        "line 4, inner.rates: must be a list of 2 values.",
    ]


def test_what_does_not_come_from_the_file_is_not_put_down_to_it(tmp_path: Path) -> None:
    read = given(tmp_path, "count: 5\n")
    for values, overruled in (({"count": 0}, ["count"]), ({"count": 5, "inner": {"chance": -1}}, [])):
        with pytest.raises(SimulationError) as error:
            checked(Outer, values, read, whose="a world", overruled=overruled)
        name, found = ("count", "must be 1 or more. Found: 0.")
        if not overruled:
            name, found = ("inner.chance", "must be 0 or more. Found: -1.")
        assert str(error.value) == f"The {name} of a world {found}"
    with pytest.raises(SimulationError, match=r"^The count of a list must be 10 or less\. Found: 99\.$"):
        checked(Outer, {"count": 99}, None, whose="a list")


def test_what_is_in_order_is_taken(tmp_path: Path) -> None:
    read = given(tmp_path, "count: 5\ninner: {rates: [3, 4]}\n")
    found = checked(Outer, read.raw, read, whose="a world")
    assert (found.count, found.inner.rates) == (5, (3.0, 4.0))


def test_the_part_of_a_worlds_own_file_is_meant(tmp_path: Path) -> None:
    text = "preset: demo\nseed: 1\nparameters:\n  count: 0\n  inner: {chance: 0.1}\n"
    read = given(tmp_path, text)
    assert read.raw == {"count": 0, "inner": {"chance": 0.1}}
    assert read.written(("inner", "chance")) == 0.1
    assert read.written(("inner", "rates")) is None
    assert read.where(("count",)) == f"{read.file.path}, line 4, parameters.count"
    assert read.where(()) == f"{read.file.path}, line 3, parameters"
    assert said(tmp_path, text) == "line 4, parameters.count: must be 1 or more. Found: 0."


def test_a_file_that_only_has_such_a_key_is_meant_as_a_whole(tmp_path: Path) -> None:
    read = given(tmp_path, "parameters:\n  count: 0\n")
    assert read.raw == {"parameters": {"count": 0}}
    assert read.where(()) == str(read.file.path)


def test_a_file_that_is_not_there_is_told_with_the_one_that_was_meant(tmp_path: Path) -> None:
    (tmp_path / "changes.yaml").write_text("count: 1\n", encoding="utf-8")
    for name, expected in (
        ("chnages.yaml", f"Did you mean '{tmp_path / 'changes.yaml'}'?"),
        ("other.txt", "Name a YAML with parameters."),
        ("nowhere/changes.yaml", "Name a YAML with parameters."),
    ):
        with pytest.raises(SimulationError) as error:
            read_given(tmp_path / name, part="parameters", what="parameters")
        assert str(error.value) == f"There is no file {tmp_path / name}.\n{expected}"


def test_what_is_no_yaml_of_keys_and_values_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match=r"mine\.yaml must hold keys and values: parameters\.$"):
        given(tmp_path, "- 1\n")
    with pytest.raises(SimulationError, match=r"mine\.yaml, line 2: this is not YAML"):
        given(tmp_path, "count: [\n")
    with pytest.raises(SimulationError, match=r"line 2: the key 'count' stands here for the second time"):
        given(tmp_path, "count: 1\ncount: 2\n")


def test_faults_of_values_together_are_told_as_clauses() -> None:
    with pytest.raises(ValidationError) as error:
        Inner(least=10)
    assert faults(error.value) == "must be no more than the 9 of 'most'"
    with pytest.raises(ValidationError) as error:
        Outer(count=0, speed=9.0)
    assert faults(error.value) == "must be 1 or more; must be less than 2"
