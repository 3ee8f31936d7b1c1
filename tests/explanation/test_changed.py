"""What changed adds up, whatever model spoke before."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.explanation import tiny
from tests.explanation.test_brief import PITCH
from uptier.explanation.changed import Chances, Changed, moved, turned
from uptier.explanation.shares import explained

ROWS = tiny.frame(40, seed=9)
SINCE = dt.date(2025, 12, 1)


def chances(place: int, other: int, told: float | None, outcome: str = "seat_expansion") -> Chances:
    now, then = (explained(tiny.bundle(), outcome, ROWS.iloc[[one]], tiny.CATALOG) for one in (place, other))
    return moved(now, then, told, tiny.CATALOG)


def said(given: Changed) -> str:
    text = dataclasses.replace(PITCH, changed=given).text()
    return " ".join(text.partition("changed ")[2].partition("\nchances")[0].split())


@given(st.integers(0, 39), st.integers(0, 39), st.one_of(st.none(), st.just(math.nan), st.floats(0.001, 0.999)))
def test_what_changed_adds_up(place, other, told):
    one = chances(place, other, told)
    parts = one.before + one.model + one.context + sum(points for _, points in one.families)
    assert parts == pytest.approx(one.now, abs=1e-6)
    if told is None or math.isnan(told):
        assert one.model == 0


def test_another_model_is_a_term_of_its_own():
    same, other = chances(3, 4, None), chances(3, 4, 0.5)
    assert other.families == same.families
    assert other.model == pytest.approx(same.before - 0.5)


def test_nothing_changes_from_a_date_to_itself():
    one = chances(5, 5, None)
    assert one.now == one.before
    assert {points for _, points in one.families} == {0.0}


def test_the_heaviest_comes_first():
    weights = [abs(points) for _, points in chances(3, 4, None).families]
    assert weights == sorted(weights, reverse=True)


def test_triggers_that_turned_are_named():
    then = [True, False, False, True, False]
    now = [False, True, False, True, False]
    assert turned(now, then, tiny.CATALOG) == (("Quota nearly used up",), ("Approaching seat ceiling",))


def test_it_is_said_in_whole_points_that_add_up():
    one = Chances(
        before=0.124,
        now=0.214,
        families=(("Seats", 0.061), ("Gates", 0.043), ("Value", -0.012)),
        context=-0.002,
        model=0.0,
    )
    told = said(Changed(since=SINCE, fired=("Approaching seat ceiling",), cleared=(), chances=one))
    assert told == (
        "since 1 December 2025: from 12 to 21 in 100: Seats +6 points, Gates +4 points, Value -1 point. "
        "Fired since: Approaching seat ceiling."
    )


def test_circumstances_are_told_apart_from_the_rest():
    one = Chances(before=0.10, now=0.21, families=(("Seats", 0.05), ("Gates", 0.02)), context=0.03, model=0.01)
    assert said(Changed(since=SINCE, fired=(), cleared=(), chances=one)) == (
        "since 1 December 2025: from 10 to 21 in 100: Seats +5 points, Gates +2 points, circumstances "
        "+3 points, learnt since +1 point."
    )


@given(st.integers(0, 39), st.integers(0, 39), st.one_of(st.none(), st.floats(0.001, 0.999)))
def test_what_is_said_adds_up_too(place, other, told):
    words = said(Changed(since=SINCE, fired=(), cleared=(), chances=chances(place, other, told)))
    if "from" not in words:
        return
    before, now = (int(one) for one in words.partition("from ")[2].partition(" in 100")[0].split(" to "))
    parts = re.findall(r"([+-]\d+) points?", words.partition("in 100: ")[2])
    assert sum(map(int, parts)) == now - before


def test_where_nothing_moved_it_says_so():
    still = Chances(before=0.2, now=0.201, families=(("Seats", 0.001),), context=0.0, model=0.0)
    assert said(Changed(since=SINCE, fired=(), cleared=(), chances=still)).endswith("the chance stays at 20 in 100.")
    assert said(Changed(since=SINCE, fired=(), cleared=(), chances=None)).endswith("no trigger fired or cleared.")
