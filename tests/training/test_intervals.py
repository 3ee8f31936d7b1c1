from __future__ import annotations

import math

import numpy as np
import pytest

from uptier.training.intervals import interval, unbiased


def test_an_interval_holds_the_middle_95_of_100_draws() -> None:
    assert interval(np.r_[50.0, np.arange(101)]) == pytest.approx((2.5, 50.0, 97.5))


def test_a_draw_without_a_value_does_not_count() -> None:
    assert interval(np.r_[50.0, np.arange(101), np.nan, np.inf]) == pytest.approx((2.5, 50.0, 97.5))


def test_an_interval_without_any_draw_is_unknown() -> None:
    low, figure, high = interval(np.array([0.5, np.nan]))
    assert math.isnan(low)
    assert math.isnan(high)
    assert figure == 0.5


def test_an_error_is_shifted_by_its_bias_and_stays_above_zero() -> None:
    low, figure, high = unbiased(np.r_[0.01, np.linspace(0.01, 0.05, 101), np.nan])
    assert figure == 0.01
    assert low == 0.0
    assert high == pytest.approx(0.029)
