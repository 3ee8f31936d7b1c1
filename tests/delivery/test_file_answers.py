"""A CSV of answers is read line by line, as spreadsheets write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from uptier.delivery.answers import Given
from uptier.delivery.file_answers import FileAnswers
from uptier.errors import DeliveryError

KEY = "0417:add_on:2026-01-01"


def given(folder: Path, text: str | bytes) -> list[Given]:
    path = folder / "answers.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return FileAnswers(path).read({})


def test_every_column_is_read_and_others_are_passed_over(tmp_path: Path) -> None:
    text = (
        "account_id,uptier_key,status,note,dismissed_because,dismissed_until,owner,answered_at\n"
        f"0417,{KEY},Dismissed,hello,not now,2026-05-01,Ana,2026-02-01\n"
    )
    assert given(tmp_path, text) == [
        Given(
            key=KEY, place="line 2", status="Dismissed", because="not now", until="2026-05-01", owner="Ana",
            answered_at="2026-02-01", account_id="0417",
        )
    ]  # fmt: skip


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    text = f'\ufeffuptier_key, status ,note\r\n\r\n"{KEY}",Done,"two\r\nlines"\r\n,,\r\n{KEY},New\r\n'
    assert [(row.place, row.status) for row in given(tmp_path, text)] == [("line 3", "Done"), ("line 6", "New")]


def test_a_file_of_headings_has_no_answer(tmp_path: Path) -> None:
    assert given(tmp_path, "uptier_key,status\n") == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "lack the column uptier_key"),
        ("uptier_key;status\n", "lack the column uptier_key"),
        ("uptier_key,state\n", "lack the column status"),
        ("uptier_key,status,status\n", "column status twice"),
        ('uptier_key,status\n"never closed,Done\n', "cannot be read"),
        (b"uptier_key,status\n\xff\xfe,Done\n", "cannot be read"),
    ],
)
def test_a_file_that_is_none_is_told(tmp_path: Path, text: str | bytes, told: str) -> None:
    with pytest.raises(DeliveryError, match=told):
        given(tmp_path, text)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="cannot be read"):
        FileAnswers(tmp_path / "answers.csv").read({})
