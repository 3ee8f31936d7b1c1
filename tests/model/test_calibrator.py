from __future__ import annotations

import json

import numpy as np
import pytest

from uptier.errors import ModelError
from uptier.model.calibrator import Beta, Calibrator, Isotonic, Sigmoid, read, written

MARGINS = np.linspace(-20, 20, 401)
KINDS = [
    Sigmoid(0.7, -1.0),
    Beta(0.2, 3.0, -0.4),
    Beta(2.0, 0.3, 0.5),
    Isotonic((-3.0, -1.0, 0.5), (-4.0, -3.9, 1.0), 0.6),
]
every_kind = pytest.mark.parametrize("calibrator", KINDS, ids=lambda one: one.kind)


@every_kind
def test_probability_rises_with_the_margin(calibrator: Calibrator) -> None:
    assert (np.diff(calibrator(np.linspace(-10, 10, 2_001))) > 0).all()


@every_kind
def test_inverse_gives_the_margin_back(calibrator: Calibrator) -> None:
    inner = np.linspace(-8, 8, 101)
    np.testing.assert_allclose(calibrator.inverse(calibrator(inner)), inner, atol=1e-6)
    np.testing.assert_allclose(calibrator.margin_of(calibrator.log_odds(MARGINS * 3)), MARGINS * 3, atol=1e-11)


@every_kind
def test_derivative_is_the_slope_of_the_curve(calibrator: Calibrator) -> None:
    step = 1e-6
    inner = np.linspace(-5, 5, 21) + 0.01  # beside the knots
    slope = (calibrator(inner + step) - calibrator(inner - step)) / (2 * step)
    np.testing.assert_allclose(calibrator.derivative(inner), slope, rtol=1e-4)


@every_kind
def test_one_margin_gives_one_probability(calibrator: Calibrator) -> None:
    assert calibrator(np.float64(0.3)) == pytest.approx(calibrator(np.array([0.3]))[0])
    assert float(calibrator.inverse(0.2)) == pytest.approx(calibrator.inverse(np.array([0.2]))[0])
    assert np.isnan(calibrator(np.array([np.nan]))).all()


@every_kind
def test_what_was_written_is_read(calibrator: Calibrator) -> None:
    assert read(json.loads(json.dumps(written(calibrator)))) == calibrator


def test_a_sigmoid_of_before_there_were_kinds_is_read() -> None:
    assert read({"slope": 0.7, "intercept": -1.0}) == Sigmoid(0.7, -1.0)


def test_an_unknown_kind_is_not_read() -> None:
    with pytest.raises(KeyError):
        read({"kind": "spline", "slope": 1.0})


def test_extreme_margins_do_not_overflow() -> None:
    with np.errstate(all="raise"):
        assert Sigmoid(1.0, 0.0)(np.array([0.0, 700.0])).tolist() == [0.5, 1.0]
    assert Sigmoid(1.0, 0.0)(np.array([-5000.0, 5000.0])).tolist() == [0.0, 1.0]
    assert Beta(1.0, 2.0, 0.0)(np.array([-5000.0, 5000.0])).tolist() == [0.0, 1.0]


def test_beta_of_equal_slopes_is_a_sigmoid() -> None:
    np.testing.assert_allclose(Beta(0.7, 0.7, -1.0)(MARGINS), Sigmoid(0.7, -1.0)(MARGINS), atol=1e-15)


@pytest.mark.parametrize(("slope", "intercept"), [(0.0, 0.0), (-1.0, 0.0), (float("nan"), 0.0), (1.0, float("inf"))])
def test_refuses_what_is_not_strictly_increasing(slope: float, intercept: float) -> None:
    with pytest.raises(ModelError, match="strictly increasing"):
        Sigmoid(slope, intercept)
    with pytest.raises(ModelError, match="strictly increasing"):
        Beta(slope, 1.0, intercept)
    with pytest.raises(ModelError, match="strictly increasing"):
        Beta(1.0, slope, intercept)


@pytest.mark.parametrize(
    ("margins", "knots", "beyond"),
    [
        ((0.0, 1.0), (1.0, 1.0), 1.0),
        ((0.0, 0.0), (0.0, 1.0), 1.0),
        ((0.0,), (0.0,), 1.0),
        ((0.0, 1.0), (0.0, 1.0, 2.0), 1.0),
        ((0.0, 1.0), (0.0, 1.0), 0.0),
        ((0.0, float("nan")), (0.0, 1.0), 1.0),
    ],
)
def test_refuses_knots_that_do_not_rise(margins: tuple[float, ...], knots: tuple[float, ...], beyond: float) -> None:
    with pytest.raises(ModelError, match="strictly increasing"):
        Isotonic(margins, knots, beyond)


@pytest.mark.parametrize("probability", [0.0, 1.0, float("nan")])
def test_certainty_has_no_margin(probability: float) -> None:
    with pytest.raises(ModelError, match="both excluded"):
        Sigmoid(1.0, 0.0).inverse(probability)
