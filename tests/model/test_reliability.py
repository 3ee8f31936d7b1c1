"""The interval of a chance is what followed where chances like it were given, or nothing."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptier.model.reliability import LEAST_CASES, ReliabilityBin, interval_at

LOW = ReliabilityBin(lower=0.01, n=1000, predicted=0.03, low=0.02, observed=0.03, high=0.045)
HIGH = ReliabilityBin(lower=0.2, n=200, predicted=0.4, low=0.33, observed=0.38, high=0.47)
BINS = (LOW, HIGH)
SHARES = st.floats(1e-6, 1 - 1e-6)


def test_where_a_chance_is_the_mean_of_its_bin_the_interval_is_that_of_the_bin():
    assert interval_at(BINS, 0.03) == pytest.approx((0.02, 0.045))
    assert interval_at(BINS, 0.4) == pytest.approx((0.33, 0.47))


def test_a_chance_below_all_that_were_tested_is_looked_up_in_the_lowest_bin():
    low, high = interval_at(BINS, 0.003) or (math.nan, math.nan)
    assert 0 < low < 0.003 < high < 0.02


@given(SHARES)
def test_an_interval_lies_between_0_and_1_and_holds_a_chance_that_the_tests_bear_out(probability):
    low, high = interval_at(BINS, probability) or (math.nan, math.nan)
    assert 0 < low < probability < high < 1


@given(SHARES)
def test_where_the_head_was_off_the_interval_does_not_hold_the_chance(probability):
    off = replace(HIGH, low=0.1, observed=0.2, high=0.3, lower=0.0)
    _, high = interval_at((off,), probability) or (math.nan, math.nan)
    assert high < probability


@pytest.mark.parametrize(
    "one",
    [
        replace(HIGH, observed=(LEAST_CASES - 1) / 200),
        replace(HIGH, observed=1 - (LEAST_CASES - 1) / 200),
        replace(HIGH, low=0.0),
        replace(HIGH, high=1.0),
        replace(HIGH, low=0.4, high=0.4),
        replace(HIGH, predicted=1.0),
    ],
)
def test_where_too_little_was_seen_nothing_is_told(one):
    assert interval_at((one,), 0.4) is None


def test_nothing_is_told_of_no_bins_and_of_no_chance():
    assert interval_at((), 0.4) is None
    for probability in (0.0, 1.0, math.nan):
        assert interval_at(BINS, probability) is None
