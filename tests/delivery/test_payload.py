"""A row is told whole and safe, the same row always as the same row, or not at all."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from uptier.delivery.payload import BY_NAME, CLOSED, FIELDS, FINGERPRINT, KEY, Kind, closed, cut, payload, read, written
from uptier.errors import DeliveryError

ROW = {
    KEY: "0417:seat_expansion:2026-01-01",
    "account_id": "0417",
    "upsell": "seat_expansion",
    "cycle": dt.date(2026, 1, 1),
    "state": "open",
    "rank": 1,
    "chance": 0.52345678,
    "expected_value": 1234.567,
    "as_of": pd.Timestamp("2026-03-01"),
    "reason_1": "23 of 25 seats are in use",
}


def test_every_field_is_told_in_its_own_form():
    told = payload(ROW).values
    assert set(told) == set(BY_NAME)
    assert told["chance"] == 0.523457
    assert told["expected_value"] == 1234.57
    assert told["as_of"] == dt.date(2026, 3, 1)
    assert not isinstance(told["as_of"], dt.datetime)
    assert told["reason_2"] is None
    assert len(str(told[FINGERPRINT])) == 64


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT, np.nan])
def test_what_is_missing_is_told_as_nothing(missing):
    told = payload({**ROW, "risk": missing, "act_by": missing, "owner": missing}).values
    assert (told["risk"], told["act_by"], told["owner"]) == (None, None, None)


def test_the_fingerprint_hangs_on_every_field_and_on_nothing_else():
    same = payload(dict(reversed(list(ROW.items())))).fingerprint
    assert same == payload(ROW).fingerprint
    others = {
        Kind.TEXT: "other", Kind.LONG_TEXT: "other", Kind.WHOLE: 7, Kind.NUMBER: 0.7, Kind.DAY: dt.date(2020, 1, 1),
    }  # fmt: skip
    for field in FIELDS:
        if field.name not in (FINGERPRINT, "state"):
            assert payload({**ROW, field.name: others[field.kind]}).fingerprint != same, field.name
    assert payload({**ROW, "unknown": 1}).fingerprint == same


@given(some.text(max_size=400))
def test_any_text_comes_out_clean_within_its_length_and_the_same_when_told_again(text):
    told = payload({**ROW, "reason_1": text, "details": text}).values
    for name in ("reason_1", "details"):
        said = told[name]
        if said is not None:
            assert len(said) <= BY_NAME[name].length
            assert all(sign.isprintable() or (sign == "\n" and name == "details") for sign in said)
            said.encode("utf-8")
            assert payload({**ROW, name: said}).values[name] == said


@given(some.integers(10, 60), some.lists(some.text("abcdefgh", min_size=1, max_size=12), min_size=1, max_size=15))
def test_a_text_is_cut_at_a_word(length, words):
    text = " ".join(words)
    said = cut(text, length)
    assert len(said) <= length
    if len(text) > length:
        assert said.endswith("…")
        whole = said[:-1]
        assert text.startswith(whole)
        assert text[len(whole)] == " " or " " not in text[: length - 1]


def test_codes_are_cut_between_two_of_them():
    codes = ",".join(f"trigger_{number:02}" for number in range(40))
    told = payload({**ROW, "triggers_fired": codes}).values["triggers_fired"]
    assert told.endswith("…")
    assert set(told[:-1].split(",")) <= set(codes.split(","))
    assert len(told) > 230
    assert payload({**ROW, "triggers_fired": told}).values["triggers_fired"] == told


@pytest.mark.parametrize(
    ("given_value", "told"), [(True, "yes"), (False, "no"), (np.True_, "yes"), (np.False_, "no"), (None, None)]
)
def test_what_holds_or_not_is_told_in_a_word(given_value, told):
    assert payload({**ROW, "exploration": given_value}).values["exploration"] == told


def test_a_row_of_before_a_field_was_there_keeps_its_fingerprint_and_has_nothing_in_it():
    now = payload(ROW)
    before = {name: value for name, value in now.values.items() if name not in ("points", "held_by")}
    again = read(written({**before, FINGERPRINT: "as it was told", "gone_since": 1}))
    assert set(again.values) == set(BY_NAME)
    assert (again.values["points"], again.values["held_by"], again.fingerprint) == (None, None, "as it was told")
    assert closed(again.values, "no longer in scope").values["points"] is None


def test_emoji_formulas_and_long_texts_arrive():
    told = payload({**ROW, "owner": "=1+1 🙂", "details": "line\nline\x00" + "x" * 40_000}).values
    assert told["owner"] == "=1+1 🙂"
    assert told["details"].startswith("line\nline")
    assert "\x00" not in told["details"]
    assert len(told["details"]) <= 30_000


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"account_id": None}, "has no account_id"),
        ({"account_id": "a\nb"}, "has no account_id"),
        ({KEY: "x" * 201}, "has no uptier_key"),
        ({"state": "ajar"}, "neither open nor closed"),
        ({"rank": "first"}, "field rank of account 0417"),
        ({"expected_value": float("inf")}, "field expected_value of account 0417"),
        ({"act_by": "soon"}, "field act_by of account 0417"),
    ],
)
def test_what_no_field_can_hold_is_refused_with_the_account_and_without_the_value(broken, said):
    with pytest.raises(DeliveryError, match=said) as raised:
        payload({**ROW, **broken})
    assert "first" not in str(raised.value)


def test_a_row_that_was_written_reads_as_the_same():
    told = payload(ROW)
    again = read(written(told.values))
    assert again == told
    assert json.loads(written(told.values))["cycle"] == "2026-01-01"


def test_a_row_is_closed_with_its_key_and_its_cause():
    told = payload(ROW)
    done = closed(told.values, "no longer in scope")
    assert (done.key, done.values["state"], done.values["rank"]) == (told.key, CLOSED, None)
    assert done.values["closed_because"] == "no longer in scope"
    assert not done.is_open
    assert told.is_open
    assert done.fingerprint != told.fingerprint
