"""Pictures say in words what they show, load nothing, and are readable on a light and a dark page."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from uptier.explanation.picture_forms import KINDS
from uptier.explanation.pictures import pictures
from uptier.explanation.trends import (
    GateCluster,
    GateTrend,
    GateWeek,
    MeterPoint,
    MeterTrend,
    SeatPoint,
    SeatTrend,
    Trends,
)
from uptier.signals.fixed_words import english
from uptier.signals.measures import GATE_KINDS

LAST = dt.date(2026, 2, 28)
HOSTILE = "</svg><script>alert(1)</script>"


def before(stretches: int, days: int = 28) -> dt.date:
    return LAST - dt.timedelta(days=days * stretches)


SEATS = SeatTrend(
    points=tuple(
        SeatPoint(day=before(one), users=23 - one, seats=25.0 if one < 6 else 15.0) for one in reversed(range(13))
    ),
    full_on=dt.date(2026, 4, 11),
)
METERS = tuple(
    MeterTrend(
        meter=meter,
        points=tuple(MeterPoint(day=before(one), value=value - one, quota=100.0) for one in reversed(range(13))),
    )
    for meter, value in (("api_calls", 87.5), ("storage_gb", 60.0), ("contacts", 15.0))
)
GATES = GateTrend(
    kinds=("gate_hit", "trial_use"),
    weeks=tuple(
        GateWeek(begins=before(one + 1, 7) + dt.timedelta(days=1), times=(one % 4, 1 if one == 3 else 0))
        for one in reversed(range(13))
    ),
    clusters=(GateCluster(first=dt.date(2026, 2, 3), last=dt.date(2026, 2, 20), times=5),),
    least=2,
    span_days=14,
)
TRENDS = Trends(seats=SEATS, meters=METERS, gates=GATES)


def texts(svg: str) -> list[str]:
    return [text for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg) if text]


def test_each_says_the_same_in_words():
    assert [(one.title, one.words) for one in pictures(TRENDS)] == [
        (
            "Active users and seats, by 28 days",
            "23 users were active in the 28 days to 28 February 2026; the licence covers 25 seats. In the 28 days to "
            "29 March 2025 it was 11 of 15 seats. At the pace of the last four months the seats are full on "
            "11 April 2026.",
        ),
        (
            "Meters against their quota, by 28 days",
            "api calls: 87.5 of 100 on 28 February 2026, 88 %; it was 76 % on 29 March 2025. storage gb: 60 of 100 on "
            "28 February 2026, 60 %; it was 48 % on 29 March 2025. contacts: 15 of 100 on 28 February 2026, 15 %; it "
            "was 3 % on 29 March 2025.",
        ),
        (
            "Gates and limits of the plan that were met, by week; shaded: 2 or more within 14 days",
            "In the 13 weeks: functions above the plan 18 times, trials once. 1 cluster of 2 or more within 14 days, "
            "shaded; the last 3 February 2026 to 20 February 2026, 5 times.",
        ),
    ]


def test_title_and_words_are_in_the_picture_for_whoever_does_not_see_it():
    for one in pictures(TRENDS):
        root = ElementTree.fromstring(one.svg)
        assert root.get("role") == "img"
        assert [part.tag for part in root[:2]] == ["title", "desc"]
        assert [part.text for part in root[:2]] == [one.title, one.words]


def test_axes_say_their_units():
    seats, meters, gates = (texts(one.svg) for one in pictures(TRENDS))
    assert {"users, seats", "end of each 28 days", "active users", "seats"} <= set(seats)
    assert {"share of the quota", "day of the reading", "api calls", "storage gb", "100 %"} <= set(meters)
    assert {"times a week", "week from", *(english()[f"kinds.{kind}"] for kind in KINDS)} <= set(gates)


def test_a_picture_holds_nothing_that_loads_runs_or_clashes_with_another():
    for one in pictures(TRENDS):
        assert not re.search(r"(?i)<(script|link|img|image|style|foreignObject)|https?:|url\(|\son\w+=|\sid=", one.svg)


def test_text_and_axes_take_the_colour_of_the_page():
    for one in pictures(TRENDS):
        assert re.findall(r"<text[^>]*>", one.svg)
        assert all('fill="currentColor"' in text for text in re.findall(r"<text[^>]*>", one.svg))
        drawn = set(re.findall(r"#[0-9a-fA-F]{3,8}\b|\b(?:white|black)\b", one.svg.partition("</desc>")[2]))
        assert drawn <= {"#0072b2", "#d55e00", "#009e73", "#cc79a7"}
        assert all(contrast(colour, page) >= 3 for colour in drawn for page in ("#ffffff", "#121212"))


def test_the_projection_is_drawn_only_where_the_ceiling_is_in_sight():
    (ahead,) = pictures(Trends(seats=SEATS))
    (without,) = pictures(Trends(seats=dataclasses.replace(SEATS, full_on=None)))
    assert "stroke-dasharray" in ahead.svg
    assert "stroke-dasharray" not in without.svg
    assert "are full on" not in without.words


def test_a_series_of_one_point_is_drawn_and_said():
    seats = SeatTrend(points=SEATS.points[-1:], full_on=None)
    meters = (MeterTrend(meter="api_calls", points=METERS[0].points[-1:]),)
    said = [one.words for one in pictures(Trends(seats=seats, meters=meters))]
    assert said == [
        "23 users were active in the 28 days to 28 February 2026; the licence covers 25 seats.",
        "api calls: 87.5 of 100 on 28 February 2026, 88 %.",
    ]


def test_large_figures_are_written_out():
    point = MeterPoint(day=LAST, value=2_345_678.25, quota=10_000_000.0)
    (one,) = pictures(Trends(meters=(MeterTrend(meter="api_calls", points=(point,)),)))
    assert "2,345,678.2 of 10,000,000 on" in one.words


def test_without_a_cluster_none_is_shaded():
    (one,) = pictures(Trends(gates=dataclasses.replace(GATES, clusters=())))
    assert "shaded" not in one.title
    assert "No cluster of 2 or more within 14 days" in one.words


def test_nothing_known_nothing_drawn():
    assert list(pictures(Trends())) == []


def test_a_meter_is_never_read_as_markup():
    (one,) = pictures(Trends(meters=(dataclasses.replace(METERS[0], meter=HOSTILE + "\n\x1b[31m"),)))
    assert "<script" not in one.svg
    assert "\x1b" not in one.svg
    assert len(ElementTree.fromstring(one.svg)) > 2


def test_pictures_are_small_and_the_same_bytes_in_every_process():
    made = [one.svg for one in pictures(TRENDS)]
    assert sum(map(len, made)) < 30_000
    code = (
        "from tests.explanation.test_pictures import TRENDS, pictures\n"
        "import sys; sys.stdout.write(''.join(one.svg for one in pictures(TRENDS)))"
    )
    again = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert again.stdout == "".join(made)


def test_every_kind_of_crossing_has_its_words():
    assert set(KINDS) == set(GATE_KINDS)


@pytest.mark.parametrize(("light", "dark", "least"), [("#ffffff", "#000000", 20.9), ("#777777", "#777777", 0.9)])
def test_contrast_is_that_of_wcag(light, dark, least):
    assert least <= contrast(light, dark) <= least + 0.2


def contrast(one: str, other: str) -> float:
    """Give the contrast ratio of two colours, as WCAG 2.2 defines it."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
