from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from pydantic import ValidationError

from uptier.simulate.population import INDUSTRIES, REGIONS
from uptier.simulate.seasons import Calendar, business
from uptier.simulate.timeline import Floats, Timeline

YEAR = Timeline(dt.date(2025, 1, 1), dt.date(2026, 1, 1))
CALENDAR = Calendar()


@pytest.fixture(scope="module")
def busy() -> Floats:
    return business(YEAR, CALENDAR)


def on(busy: Floats, date: str, *, region: str = "americas", industry: str = "software") -> float:
    day = dt.date.fromisoformat(f"2025-{date}").timetuple().tm_yday - 1
    return float(busy[REGIONS.index(region), INDUSTRIES.index(industry), day])


def test_each_day_of_each_region_and_industry_has_a_figure(busy: Floats) -> None:
    assert busy.shape == (len(REGIONS), len(INDUSTRIES), 365)
    assert busy.min() > 0


def test_a_usual_week_has_four_full_days_a_quieter_friday_and_a_weekend(busy: Floats) -> None:
    week = [on(busy, f"03-{day:02d}") for day in range(3, 10)]
    assert week == [1.0] * 4 + [CALENDAR.friday] + [CALENDAR.weekend] * 2


@pytest.mark.parametrize(
    ("date", "quiet"),
    [
        ("12-25", {"americas", "europe", "asia-pacific"}),
        ("07-04", {"americas"}),
        ("11-27", {"americas"}),
        ("01-06", {"europe"}),
        ("05-01", {"europe"}),
        ("01-30", {"asia-pacific"}),
    ],
)
def test_holidays_are_quiet_where_they_are_kept(busy: Floats, date: str, quiet: set[str]) -> None:
    assert {region for region in REGIONS if on(busy, date, region=region) < 0.2} == quiet


def test_a_holiday_on_a_weekend_is_not_busier_than_the_weekend(busy: Floats) -> None:
    assert on(busy, "02-01", region="asia-pacific") == CALENDAR.weekend


def test_the_summer_is_quiet_by_region(busy: Floats) -> None:
    summer = [on(busy, "07-15", region=region) for region in REGIONS]
    assert summer == list(CALENDAR.summer)


def test_industries_have_their_own_seasons(busy: Floats) -> None:
    assert on(busy, "06-17", industry="education") == CALENDAR.school_break
    assert on(busy, "11-18", industry="retail") == CALENDAR.retail_peak
    assert on(busy, "01-15", industry="retail") == CALENDAR.retail_lull
    assert on(busy, "01-16", industry="retail") == 1.0
    assert [on(busy, date, industry="finance") for date in ("06-16", "06-17", "06-30", "07-01")] == [
        1.0,
        CALENDAR.quarter_end,
        CALENDAR.quarter_end,
        CALENDAR.summer[0],
    ]


def test_a_calendar_without_seasons_knows_only_the_week() -> None:
    plain = Calendar(
        holidays=(), holidays_by_region=((), (), ()), summer_months=(), school_break=1, retail_peak=1, retail_lull=1,
        quarter_end=1,
    )  # fmt: skip
    busy = business(YEAR, plain)
    assert (busy == busy[0, 0]).all()
    assert np.unique(busy).tolist() == [plain.weekend, plain.friday, 1.0]


@pytest.mark.parametrize(
    "wrong", [{"weekend": 1.2}, {"friday": -0.1}, {"holidays": ("13-01",)}, {"summer_months": (0,)}, {"easter": 0.1}]
)
def test_a_calendar_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Calendar(**wrong)  # type: ignore[arg-type]  # on purpose
