from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from uptier.training.calibrating import platt


def drawn(n: int, *, slope: float, intercept: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    margin = rng.normal(-2, 1.5, size=n)
    return margin, (rng.random(n) < 1 / (1 + np.exp(-(slope * margin + intercept)))).astype(int)


def test_finds_the_slope_that_made_the_labels() -> None:
    sigmoid = platt(*drawn(200_000, slope=0.6, intercept=-0.5))
    assert sigmoid is not None
    assert (sigmoid.slope, sigmoid.intercept) == pytest.approx((0.6, -0.5), abs=0.02)


def test_is_logistic_regression_where_there_is_plenty() -> None:
    margin, label = drawn(20_000, slope=1.4, intercept=0.2)
    sigmoid = platt(margin, label)
    reference = LogisticRegression(C=1e9, tol=1e-10).fit(margin[:, None], label)
    assert sigmoid is not None
    assert sigmoid.slope == pytest.approx(reference.coef_[0, 0], rel=0.01)


def test_keeps_the_rate() -> None:
    margin, label = drawn(3_000, slope=1.0, intercept=-1.0)
    sigmoid = platt(margin, label)
    assert sigmoid is not None
    assert sigmoid(margin).mean() == pytest.approx(label.mean(), rel=0.02)


def test_margins_of_any_scale_are_the_same_to_it() -> None:
    margin, label = drawn(2_000, slope=1.0, intercept=-1.0)
    small, large = platt(margin * 1e-4, label), platt(margin * 1e4, label)
    assert small is not None
    assert large is not None
    np.testing.assert_allclose(small(margin * 1e-4), large(margin * 1e4), atol=1e-8)


def test_separated_classes_do_not_run_away() -> None:
    margin = np.linspace(-1, 1, 200)
    sigmoid = platt(margin, (margin > 0).astype(int))
    assert sigmoid is not None
    assert 0 < sigmoid.slope < 1e4


def test_margins_that_mislead_give_no_calibrator() -> None:
    margin, label = drawn(5_000, slope=-0.5, intercept=-1.0)
    assert platt(margin, label) is None


def test_margins_that_are_all_equal_give_no_calibrator() -> None:
    assert platt(np.full(100, -2.0), np.r_[np.ones(10, dtype=int), np.zeros(90, dtype=int)]) is None


def test_one_class_gives_no_calibrator() -> None:
    assert platt(np.linspace(-1, 1, 100), np.zeros(100, dtype=int)) is None
