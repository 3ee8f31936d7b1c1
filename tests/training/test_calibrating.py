from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from uptier.model.calibrator import Beta, Isotonic, Sigmoid
from uptier.training.calibrating import calibrated, platt


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


BENT = Beta(below=1.6, above=0.5, intercept=-0.3)


def bent(n: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    margin = rng.normal(-1, 2, size=n)
    return margin, (rng.random(n) < BENT(margin)).astype(int)


def test_beta_finds_the_bend_that_made_the_labels() -> None:
    beta = calibrated(*bent(200_000), method="beta")
    assert isinstance(beta, Beta)
    assert (beta.below, beta.above, beta.intercept) == pytest.approx((1.6, 0.5, -0.3), abs=0.05)


def test_beta_is_taken_where_it_is_plainly_better_and_a_sigmoid_elsewhere() -> None:
    assert isinstance(calibrated(*bent(20_000)), Beta)
    assert isinstance(calibrated(*drawn(20_000, slope=0.8, intercept=0.0)), Sigmoid)


def test_few_positives_rarely_get_a_third_number() -> None:
    kinds = [type(calibrated(*drawn(1_500, slope=0.8, intercept=0.0, seed=seed))) for seed in range(40)]
    assert kinds.count(Sigmoid) == 40


def test_isotonic_follows_a_step_that_two_numbers_cannot() -> None:
    rng = np.random.default_rng(0)
    margin = rng.normal(size=20_000)
    truth = np.where(margin > 0.5, 0.4, 0.05)
    label = (rng.random(20_000) < truth).astype(int)
    step, line = calibrated(margin, label, method="isotonic"), calibrated(margin, label, method="sigmoid")
    assert isinstance(step, Isotonic)
    assert line is not None
    assert np.abs(step(margin) - truth).mean() < np.abs(line(margin) - truth).mean() / 3
    assert (np.diff(step(np.linspace(-6, 6, 4_001))) > 0).all()


def test_isotonic_asks_for_200_positives() -> None:
    margin, label = drawn(1_000, slope=1.0, intercept=-1.0)
    assert label.sum() < 200
    assert isinstance(calibrated(margin, label, method="isotonic"), Sigmoid)


def test_a_later_slice_counts_where_it_holds_200_positives() -> None:
    early, late = drawn(4_000, slope=1.0, intercept=0.0), drawn(4_000, slope=1.0, intercept=-1.0, seed=1)
    few = tuple(part[:300] for part in late)
    moved, kept = calibrated(*early, method="sigmoid", later=late), calibrated(*early, method="sigmoid", later=few)
    assert moved == platt(*late)
    assert kept == platt(*early)


@pytest.mark.parametrize("method", ["auto", "beta", "isotonic"])
def test_what_misleads_gives_no_calibrator_of_any_kind(method: str) -> None:
    assert calibrated(*drawn(5_000, slope=-0.5, intercept=-1.0), method=method) is None


@pytest.mark.parametrize("method", ["auto", "sigmoid", "beta", "isotonic"])
def test_all_kinds_keep_the_rate(method: str) -> None:
    margin, label = bent(20_000, seed=4)
    calibrator = calibrated(margin, label, method=method)
    assert calibrator is not None
    assert calibrator(margin).mean() == pytest.approx(label.mean(), rel=0.01)
