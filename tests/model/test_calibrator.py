from __future__ import annotations

import numpy as np
import pytest

from uptier.errors import ModelError
from uptier.model.calibrator import Sigmoid

MARGINS = np.linspace(-20, 20, 401)


def test_probability_rises_with_the_margin() -> None:
    assert (np.diff(Sigmoid(0.7, -1.0)(MARGINS)) > 0).all()


def test_inverse_gives_the_margin_back() -> None:
    sigmoid = Sigmoid(0.7, -1.0)
    inner = np.linspace(-8, 8, 101)
    np.testing.assert_allclose(sigmoid.inverse(sigmoid(inner)), inner, atol=1e-11)


def test_derivative_is_the_slope_of_the_curve() -> None:
    sigmoid, step = Sigmoid(1.3, 0.4), 1e-6
    inner = np.linspace(-5, 5, 21)
    slope = (sigmoid(inner + step) - sigmoid(inner - step)) / (2 * step)
    np.testing.assert_allclose(sigmoid.derivative(inner), slope, rtol=1e-7)


def test_extreme_margins_do_not_overflow() -> None:
    with np.errstate(all="raise"):
        assert Sigmoid(1.0, 0.0)(np.array([0.0, 700.0])).tolist() == [0.5, 1.0]
    assert Sigmoid(1.0, 0.0)(np.array([-5000.0, 5000.0])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(("slope", "intercept"), [(0.0, 0.0), (-1.0, 0.0), (float("nan"), 0.0), (1.0, float("inf"))])
def test_refuses_what_is_not_strictly_increasing(slope: float, intercept: float) -> None:
    with pytest.raises(ModelError, match="strictly increasing"):
        Sigmoid(slope, intercept)


@pytest.mark.parametrize("probability", [0.0, 1.0, float("nan")])
def test_certainty_has_no_margin(probability: float) -> None:
    with pytest.raises(ModelError, match="both excluded"):
        Sigmoid(1.0, 0.0).inverse(probability)
