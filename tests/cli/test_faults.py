"""What a log tells of errors: words that a person can act on, places of faults, and values of neither."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import typer

from uptier.cli.faults import error_data, short
from uptier.errors import SourceError
from uptier.store import write_whole


def test_words_that_a_person_can_act_on_are_told_without_secrets() -> None:
    error = SourceError("The source x://u:hush@db/x is away.", found="hush-hush", do="Ask.")
    assert error_data(error, ["hush-hush"]) == {
        "class": "SourceError",
        "what": "The source x://***@db/x is away.",
        "found": "***",
        "do": "Ask.",
    }
    assert error_data(typer.BadParameter("'x' is no date."), [])["what"] == "Invalid value: 'x' is no date."


def test_of_a_fault_its_class_and_places_are_told(tmp_path: Path) -> None:
    def fill(path: Path) -> None:
        try:
            pd.Series(["a row's value"]).astype(int)
        except ValueError as error:
            raise KeyError("a row's value") from error

    with pytest.raises(KeyError) as raised:
        write_whole(tmp_path / "x.json", fill)
    told = error_data(raised.value, [])
    assert (told["class"], told["because"]) == ("KeyError", ["ValueError"])
    assert told["trace"][-1].startswith("test_faults.py:")
    assert told["trace"][-1].endswith(" fill")
    assert any(place.startswith("uptier/store.py:") for place in told["trace"])
    assert "a row" not in str(told)


def test_a_cause_that_was_put_away_is_not_told() -> None:
    with pytest.raises(RuntimeError) as raised:
        _put_away()
    assert error_data(raised.value, [])["because"] == []


def _put_away() -> None:
    try:
        raise ValueError("x")
    except ValueError:
        raise RuntimeError("y") from None


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/somewhere/src/uptier/store.py", "uptier/store.py"),
        ("/somewhere/site-packages/pandas/core/frame.py", "pandas/core/frame.py"),
        ("/somewhere/acme/signals.py", "signals.py"),
        ("<string>", "<string>"),
    ],
)
def test_paths_tell_nothing_of_the_machine(path: str, shown: str) -> None:
    assert short(path) == shown
