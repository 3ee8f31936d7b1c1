"""An answer is about the row that people saw: its account, type and first reason then."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.delivery.told_lists import list_of
from uptier.delivery.answers_cases import Case, cases_of
from uptier.errors import StoreError
from uptier.scoring.scorecard import FOLDER, WORKLIST

KEY, ODD = "a:add_on:2026-01-01", "x:y:z:discovery:2026-02-01"


def test_the_reason_is_that_of_the_list_which_was_answered(tmp_path: Path) -> None:
    list_of(tmp_path, "2026-01-01", (KEY, "a", "add_on", "gates"))
    list_of(tmp_path, "2026-02-01", (KEY, "a", "add_on", "ceiling"), (ODD, "x:y:z", "discovery", "calendar"))
    list_of(tmp_path, "2026-03-01", (KEY, "a", "add_on", None))
    for day, reason in (("2025-12-01", "gates"), ("2026-01-31", "gates"), ("2026-02-01", "ceiling")):
        days = {KEY: dt.date.fromisoformat(day)}
        assert cases_of(tmp_path, days) == {KEY: Case(account_id="a", upsell="add_on", reason_code=reason)}
    # where the newest list gives no reason any more, that of the one before was the last that people saw
    assert cases_of(tmp_path, {KEY: dt.date(2026, 3, 5)})[KEY].reason_code == "ceiling"
    assert cases_of(tmp_path, {ODD: dt.date(2026, 3, 5)})[ODD].account_id == "x:y:z"


def test_a_key_on_no_list_has_no_case(tmp_path: Path) -> None:
    assert cases_of(tmp_path, {KEY: dt.date(2026, 3, 1)}) == {}
    list_of(tmp_path, "2026-01-01", (ODD, "x:y:z", "discovery", None))
    assert cases_of(tmp_path, {KEY: dt.date(2026, 3, 1)}) == {}
    assert cases_of(tmp_path, {}) == {}


def test_a_list_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    list_of(tmp_path, "2026-01-01", (KEY, "a", "add_on", "gates"))
    (tmp_path / FOLDER / "2026-01-01" / WORKLIST).write_bytes(b"half")
    with pytest.raises(StoreError, match="cannot be read"):
        cases_of(tmp_path, {KEY: dt.date(2026, 3, 1)})
