"""What people wrote is read in their words, or told by place with what to do."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as some

from uptier.delivery.answers import Fault, Given, Read, Stand, read
from uptier.delivery_settings import AnswersSettings

NOW = dt.datetime(2026, 3, 1, 6, tzinfo=dt.UTC)
KEY = "0417:add_on:2026-01-01"
SETTINGS = AnswersSettings()


def one(**given: str) -> Given:
    return Given(**{"key": KEY, "place": "line 2", "status": "Contacted", **given})


def taken(*given: Given) -> list[Read]:
    rows, faults = read(given, SETTINGS, now=NOW)
    assert faults == []
    return rows


def faulty(*given: Given) -> list[Fault]:
    rows, faults = read(given, SETTINGS, now=NOW)
    assert rows == []
    return faults


def test_words_are_read_whatever_their_case_and_blanks() -> None:
    (row,) = taken(one(status=" dismissed ", because="Reason  is wrong", until=" 2026-05-01", owner=" Ana "))
    assert row.stand == Stand(status="Dismissed", because="reason is wrong", until=dt.date(2026, 5, 1), owner="Ana")


def test_a_dismissal_needs_neither_reason_nor_date() -> None:
    (row,) = taken(one(status="Dismissed"))
    assert row.stand == Stand(status="Dismissed", because="other")


def test_what_is_left_in_the_fields_of_a_dismissal_means_nothing_later() -> None:
    (row,) = taken(one(status="Contacted", because="nonsense", until="nonsense"))
    assert row.stand == Stand(status="Contacted")


def test_a_row_that_says_nothing_is_no_answer() -> None:
    assert taken(one(status=""), one(status=" ", key="", owner="Ana")) == []


def test_times_are_utc() -> None:
    for text, told in (
        ("2026-02-01", dt.datetime(2026, 2, 1, tzinfo=dt.UTC)),
        ("2026-02-01T10:00:00Z", dt.datetime(2026, 2, 1, 10, tzinfo=dt.UTC)),
        ("2026-02-01T10:00:00.000+0200", dt.datetime(2026, 2, 1, 8, tzinfo=dt.UTC)),
    ):
        assert taken(one(answered_at=text))[0].answered_at == told


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"status": "Contactd"}, "unknown-status"),
        ({"status": "Dismissed", "because": "dunno"}, "unknown-reason"),
        ({"status": "Dismissed", "until": "31.12.2026"}, "not-a-date"),
        ({"status": "Dismissed", "until": "2026-02-30"}, "not-a-date"),
        ({"status": "Dismissed", "until": "2206-05-01"}, "date-too-far"),
        ({"answered_at": "yesterday"}, "not-a-time"),
        ({"answered_at": "2026-03-03"}, "answered-in-future"),
        ({"answered_at": "1899-12-30"}, "answered-long-ago"),
        ({"status": "", "because": "not now"}, "no-status"),
        ({"key": " "}, "no-key"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place_and_without_its_value(given: dict[str, str], code: str) -> None:
    (fault,) = faulty(one(**given))
    assert (fault.place, fault.code) == ("line 2", code)
    assert not any(value.strip() and value in fault.said for value in given.values())


def test_the_farthest_date_is_that_of_the_settings() -> None:
    last = NOW.date() + dt.timedelta(days=SETTINGS.farthest_days)
    assert taken(one(status="Dismissed", until=last.isoformat()))[0].stand.until == last
    assert faulty(one(status="Dismissed", until=(last + dt.timedelta(days=1)).isoformat()))[0].code == "date-too-far"


def test_a_clock_a_day_ahead_is_forgiven() -> None:
    assert taken(one(answered_at="2026-03-02T06:00:00Z"))
    assert faulty(one(answered_at="2026-03-02T06:00:01Z"))


def test_equal_rows_count_once_and_others_of_one_key_need_their_times() -> None:
    assert len(taken(one(), one(place="line 3"))) == 1
    found = faulty(one(), one(place="line 3", status="Done"))
    assert [(fault.place, fault.code) for fault in found] == [("line 2", "doubled"), ("line 3", "doubled")]
    assert "line 2, line 3" in found[0].said
    rows = taken(one(status="Done", answered_at="2026-02-02"), one(answered_at="2026-02-01"))
    assert [row.stand.status for row in rows] == ["Contacted", "Done"]
    assert faulty(one(answered_at="2026-02-01"), one(status="Done", answered_at="2026-02-01"))


def test_what_is_wrong_with_one_row_keeps_no_other_back() -> None:
    rows, faults = read([one(status="?"), one(key="0923:add_on:2026-01-01", place="line 3")], SETTINGS, now=NOW)
    assert ([row.place for row in rows], [fault.place for fault in faults]) == (["line 3"], ["line 2"])


@given(some.builds(Given, **dict.fromkeys(("key", "place", "status", "because", "until", "answered_at"), some.text())))
def test_whatever_is_written_each_row_is_read_told_or_silent(given: Given) -> None:
    rows, faults = read([given], SETTINGS, now=NOW)
    assert len(rows) + len(faults) == (1 if (given.status + given.because + given.until).strip() else 0)
