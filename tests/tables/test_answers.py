"""Answers are kept whole, one row for each change, by one at a time."""

from __future__ import annotations

import datetime as dt
import resource
from pathlib import Path

import pandas as pd
import pytest

from tests.tables.told_answers import drawn_answers
from uptier.errors import StoreError
from uptier.tables.answers import COLUMNS, FILE, FOLDER, add_answers, alone, known_before, newest, read_answers, said_at

TOLD = """
key                 | status    | because | until      | answered_at      | known_at
a:add_on:2026-01-01 | Contacted |         |            | 2026-01-02 10:00 | 2026-01-03 06:00
a:add_on:2026-01-01 | Dismissed | not now | 2026-03-01 |                  | 2026-01-09 06:00
b:add_on:2026-01-01 | Done      |         |            | 2026-01-11 00:00 | 2026-01-10 06:00
"""


def test_a_store_without_answers_has_none(tmp_path: Path) -> None:
    found = read_answers(tmp_path)
    assert (list(found.columns), len(found)) == (list(COLUMNS), 0)
    assert newest(found).empty


def test_answers_are_added_and_none_is_taken_away(tmp_path: Path) -> None:
    told = drawn_answers(TOLD)
    add_answers(tmp_path, told.head(1))
    add_answers(tmp_path, told.tail(2).reset_index(drop=True))
    pd.testing.assert_frame_equal(read_answers(tmp_path), told)
    assert [one.name for one in (tmp_path / FOLDER).iterdir()] == [FILE]


def test_a_disk_without_room_leaves_what_was_there(tmp_path: Path) -> None:
    told = drawn_answers(TOLD)
    add_answers(tmp_path, told.head(1))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(StoreError, match="cannot be written"):
            add_answers(tmp_path, told.tail(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [one.name for one in (tmp_path / FOLDER).iterdir()] == [FILE]
    pd.testing.assert_frame_equal(read_answers(tmp_path), told.head(1))


def test_a_file_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / FILE).write_bytes(b"half a file")
    with pytest.raises(StoreError, match="cannot be read"):
        read_answers(tmp_path)


def test_one_changes_them_at_a_time(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(StoreError, match="is going on"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_an_answer_was_given_when_its_source_says_and_never_after_it_was_pulled() -> None:
    said = said_at(drawn_answers(TOLD))
    assert [f"{one:%m-%d %H:%M}" for one in said] == ["01-02 10:00", "01-09 06:00", "01-10 06:00"]


def test_what_was_pulled_later_was_not_known() -> None:
    assert len(known_before(drawn_answers(TOLD), dt.date(2026, 1, 9))) == 1
    assert len(known_before(drawn_answers(TOLD), dt.date(2026, 1, 10))) == 2


def test_the_newest_answer_stands_and_of_several_sources_the_one_given_last() -> None:
    told = drawn_answers("""
        key                 | source | status    | answered_at      | known_at
        a:add_on:2026-01-01 | crm    | Contacted | 2026-01-02 10:00 | 2026-01-03 06:00
        a:add_on:2026-01-01 | file   | Dismissed | 2026-01-02 12:00 | 2026-01-03 05:00
        b:add_on:2026-01-01 | crm    | Contacted | 2026-01-05 10:00 | 2026-01-06 06:00
        b:add_on:2026-01-01 | crm    | New       | 2026-01-04 10:00 | 2026-01-07 06:00
        """)
    assert dict(zip(newest(told)["account_id"], newest(told)["status"], strict=True)) == {"a": "Dismissed", "b": "New"}
