from __future__ import annotations

import inspect
import pickle

import pytest

from uptier import errors
from uptier.errors import (
    BreakerError,
    PartlyDeliveredError,
    SettingsError,
    TableError,
    UptierError,
    closest,
    did_you_mean,
)

KINDS = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, UptierError)]


def test_an_error_says_what_was_found_and_what_to_do() -> None:
    error = UptierError("The cup is empty.", found="a cup", do="Fill it.")
    assert str(error) == "The cup is empty.\nFound: a cup.\nFill it."
    assert str(UptierError("The cup is empty.")) == "The cup is empty."
    assert str(UptierError("The cup is empty.", do="Fill it.")) == "The cup is empty.\nFill it."


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_survives_pickling_with_its_facts(kind: type[UptierError]) -> None:
    error = pickle.loads(pickle.dumps(kind("what", found="found", do="do")))  # noqa: S301  # our own
    assert type(error) is kind
    assert (error.what, error.found, error.do) == ("what", "found", "do")
    assert str(error) == "what\nFound: found.\ndo"


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_has_the_exit_code_of_what_a_person_can_act_on(kind: type[UptierError]) -> None:
    assert kind.exit_code == {BreakerError: 5, PartlyDeliveredError: 6}.get(kind, 4)
    assert kind.__doc__


def test_every_error_about_a_table_has_the_code_of_its_finding() -> None:
    codes = [kind.code for kind in KINDS if issubclass(kind, TableError) and "code" in vars(kind)]
    assert len(set(codes)) == len(codes)
    assert TableError.code == "table-unusable"
    assert not hasattr(SettingsError, "code")


def test_the_nearest_names_come_first() -> None:
    assert closest("occured_at", ["account_id", "occurred_at", "recorded_at"])[0] == "occurred_at"
    assert closest("xyz", ["account_id"]) == []
    assert len(closest("seat_1", ["seat_2", "seat_3", "seat_4"], count=2)) == 2


def test_a_hint_names_the_nearest_or_all_that_there_is() -> None:
    assert did_you_mean("seets", ["seats", "mrr"]) == "Did you mean 'seats'?"
    assert did_you_mean("xyz", ["seats", "mrr"]) == "Known: mrr, seats."
