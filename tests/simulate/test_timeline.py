from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from uptier.simulate.timeline import Timeline, day_number, months_before, share_of_working_days

YEAR = Timeline(dt.date(2024, 1, 1), dt.date(2025, 1, 1))


def dates(numbers: np.ndarray) -> list[str]:  # type: ignore[type-arg]  # only for reading
    return [str(one) for one in np.asarray(numbers).astype("datetime64[D]")]


def test_each_month_is_four_steps_that_meet_at_its_first() -> None:
    assert YEAR.steps == 48
    assert dates(YEAR.edges[4:9]) == ["2024-02-01", "2024-02-08", "2024-02-15", "2024-02-22", "2024-03-01"]
    assert dates(YEAR.edges[-1:]) == ["2025-01-01"]


@pytest.mark.parametrize("step", range(48))
def test_working_days_are_mondays_to_fridays_of_the_step_each_as_likely(step: int) -> None:
    first, end = YEAR.days(step)
    chance = (np.arange(6000) + 0.5) / 6000
    days, counts = np.unique(YEAR.working_day(step, chance), return_counts=True)
    there = np.arange(first, end)
    assert days.tolist() == there[np.is_busday(there.astype("datetime64[D]"))].tolist()
    assert counts.max() - counts.min() <= 1


def test_steps_may_differ_between_rows() -> None:
    days = YEAR.working_day(np.array([0, 4, 47]), np.array([0.0, 0.0, 0.999]))
    assert dates(days) == ["2024-01-01", "2024-02-01", "2024-12-31"]


def test_the_share_of_working_days_leaves_weekends_out() -> None:
    first, end = day_number(dt.date(2024, 3, 8)), day_number(dt.date(2024, 3, 15))  # Friday to Thursday
    shares = [share_of_working_days(first, end, before=first + days) for days in range(9)]
    assert shares == [0.0, 0.2, 0.2, 0.2, 0.4, 0.6, 0.8, 1.0, 1.0]


def test_months_are_counted_across_years() -> None:
    assert months_before(dt.date(2026, 1, 1), 24) == dt.date(2024, 1, 1)
    assert months_before(dt.date(2025, 11, 30), -2) == dt.date(2026, 1, 1)
