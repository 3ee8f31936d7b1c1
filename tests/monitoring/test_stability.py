from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptier.monitoring.stability import chance_stability, histogram, stability

SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=200)


def test_a_histogram_counts_every_known_chance_and_keeps_none() -> None:
    assert histogram([0.5, 0.5, float("nan"), 0.0, 1.0]) == {"-201": 1, "0": 2, "200": 1}
    assert histogram([]) == {}


def test_the_index_is_the_formula_over_the_deciles_of_the_earlier_list() -> None:
    before = np.repeat(np.arange(0.05, 1, 0.1), 100)  # ten chances, a hundred accounts each
    now = np.concatenate([np.repeat(0.05, 150), np.repeat(0.15, 50), before[200:]])
    a, e = np.full(10, 100.5), np.full(10, 100.5)
    a[:2] = (150.5, 50.5)
    a, e = a / a.sum(), e / e.sum()
    expected = float(((a - e) * np.log(a / e)).sum())
    assert stability(histogram(now), histogram(before)) == pytest.approx(expected, abs=1e-12)


@given(SHARES)
def test_a_list_against_itself_has_no_drift(chances: list[float]) -> None:
    assert stability(histogram(chances), histogram(chances)) == 0


@given(SHARES, SHARES)
def test_the_index_is_a_finite_number_of_at_least_nothing(now: list[float], before: list[float]) -> None:
    found = stability(histogram(now), histogram(before))
    assert math.isfinite(found)
    assert found >= -1e-12


def test_equal_chances_are_one_bin_that_cannot_drift_within_itself() -> None:
    alike = histogram([0.1] * 100)
    assert stability(histogram([0.9] * 50), alike) == 0
    assert chance_stability(histogram([0.9] * 50), alike) == 0


def test_nothing_is_known_of_a_list_without_chances() -> None:
    assert math.isnan(stability({}, histogram([0.1])))
    assert math.isnan(chance_stability(histogram([0.1]), {}))


def test_sampling_alone_stays_below_what_it_is_allowed() -> None:
    random = np.random.default_rng(1)
    beyond = 0
    for _ in range(300):
        now, before = (histogram(random.beta(1, 15, size=150)) for _ in range(2))
        beyond += stability(now, before) > chance_stability(now, before)
    assert beyond <= 3  # once in a thousand times, and the chi-squared is an approximation


def test_a_market_that_turned_is_beyond_what_sampling_gives() -> None:
    random = np.random.default_rng(1)
    before, now = histogram(random.beta(1, 15, size=150)), histogram(random.beta(3, 15, size=150))
    assert stability(now, before) > chance_stability(now, before)
