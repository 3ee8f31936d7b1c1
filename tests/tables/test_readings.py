"""What PostgreSQL may see of a text is what the other engines can read; tests/engines asks the engines themselves."""

from __future__ import annotations

import re

import duckdb
import ibis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptier.tables import readings

DIGITS = st.integers(0, 99).map(lambda number: f"{number:02}")
TIMES = st.builds(
    "{}-{}-{}{}".format,
    st.sampled_from(["2023", "2024", "1900", "2000", "2100"]),
    st.integers(0, 13),
    st.integers(0, 32),
    st.one_of(st.just(""), st.builds(" {}:{}:{}".format, st.integers(0, 25), DIGITS, DIGITS)),
)


@given(text=TIMES)
def test_a_time_is_let_through_where_it_exists(text: str) -> None:
    exists = duckdb.execute("SELECT try_cast(? AS TIMESTAMP)", [text]).fetchone() != (None,)
    hour = re.search(r" (\d+):", text)
    if hour and int(hour[1]) == 24:
        return  # DuckDB takes 24:00:00 for the next day
    assert bool(re.search(readings.TIME, text)) == exists


@pytest.mark.parametrize("text", ["1", " 2.5 ", ".5", "5.", "-1e3", "+7", "1E-2"])
def test_a_number_is_let_through(text: str) -> None:
    assert re.search(readings.NUMBER, text)
    assert duckdb.execute("SELECT try_cast(? AS DOUBLE)", [text]).fetchone() == (float(text),)


@pytest.mark.parametrize("text", ["", "seven", "1,5", "1 000", "--1", "0x10", "."])
def test_what_is_no_number_is_not(text: str) -> None:
    assert not re.search(readings.NUMBER, text)


@pytest.mark.parametrize(
    ("given_", "rounded"), [(0.5, 1), (1.5, 2), (2.5, 3), (-0.5, -1), (-1.5, -2), (0.49, 0), (-0.49, 0)]
)
def test_halves_are_rounded_away_from_zero(given_: float, rounded: int) -> None:
    assert readings.whole(ibis.literal(given_)).execute() == rounded
