from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptier.moments import Horizon, days_after, month_starts, next_month

DAYS = st.dates(dt.date(1990, 1, 1), dt.date(2100, 1, 1))


def test_a_horizon_reaches_from_the_as_of_date_over_gap_and_window() -> None:
    assert Horizon(gap_days=7, horizon_days=60).days == 67


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        ("2026-01-01", "2026-01-01", ["2026-01-01"]),
        ("2026-01-02", "2026-01-31", []),
        ("2026-01-31", "2026-03-01", ["2026-02-01", "2026-03-01"]),
        ("2025-11-30", "2026-02-28", ["2025-12-01", "2026-01-01", "2026-02-01"]),
        ("2026-02-01", "2026-01-01", []),
    ],
)
def test_month_starts_lie_between_two_days(first: str, last: str, months: list[str]) -> None:
    found = month_starts(dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    assert [day.isoformat() for day in found] == months


@given(day=DAYS)
def test_the_next_month_begins_within_31_days(day: dt.date) -> None:
    following = next_month(day)
    assert following.day == 1
    assert 1 <= (following - day).days <= 31


@given(day=DAYS, days=st.integers(-400, 400))
def test_days_after_can_be_undone(day: dt.date, days: int) -> None:
    assert days_after(days_after(day, days), -days) == day
    assert days_after(dt.date(2024, 2, 28), 1) == dt.date(2024, 2, 29)
