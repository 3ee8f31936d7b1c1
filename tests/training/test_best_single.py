from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from uptier.training.best_single import best_single, column_auc


def drawn(n: int = 4_000, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(n, 6))
    matrix[:, 5] = rng.integers(0, 4, size=n)
    chance = 1 / (1 + np.exp(2 + matrix[:, 3] - 0.2 * matrix[:, 1]))
    return matrix, (rng.random(n) < chance).astype(int)


NAMES = [f"signal_{number}" for number in range(6)]


@pytest.mark.parametrize("ties", [False, True])
def test_auc_of_a_column_is_that_of_scikit_learn(ties: bool) -> None:
    matrix, label = drawn()
    column = np.round(matrix[:, 3]) if ties else matrix[:, 3]
    assert column_auc(column, label == 1) == pytest.approx(roc_auc_score(label, column), abs=1e-12)


def test_the_best_signal_is_found_with_its_direction() -> None:
    matrix, label = drawn()
    made = best_single(matrix[:3000], label[:3000], matrix[3000:], names=NAMES, categories=[5])
    assert (made.name, made.rises) == ("signal_3", False)
    assert made.fit_auc == pytest.approx(1 - roc_auc_score(label[:3000], matrix[:3000, 3]))
    assert made.score.tolist() == (-matrix[3000:, 3]).tolist()


def test_the_test_slice_has_no_say() -> None:
    matrix, label = drawn()
    other = matrix[3000:].copy()
    other[:, 0] = np.where(label[3000:], 100.0, -100.0)
    assert best_single(matrix[:3000], label[:3000], other, names=NAMES, categories=[]).name == "signal_3"


@pytest.mark.parametrize(("chance_of_blank", "stands"), [((0.5, 0.0), "lowest"), ((0.0, 0.5), "highest")])
def test_blanks_stand_where_they_tell_most(chance_of_blank: tuple[float, float], stands: str) -> None:
    # of the negatives and of the positives; the signal rises with the label
    rng = np.random.default_rng(0)
    label = (rng.random(4_000) < 0.2).astype(int)
    column = label + rng.normal(size=4_000)
    column[rng.random(4_000) < np.array(chance_of_blank)[label]] = np.nan
    made = best_single(column[:, None], label, column[:, None], names=["one"], categories=[])
    assert made.blanks == stands
    assert made.rises
    assert not np.isnan(made.score).any()
    assert made.fit_auc == pytest.approx(roc_auc_score(label, made.score), abs=1e-12)


@pytest.mark.parametrize("sign", [1, -1])
def test_blanks_without_meaning_stand_in_the_middle(sign: int) -> None:
    matrix, label = drawn()
    column = sign * matrix[:, 3]
    column[np.random.default_rng(1).random(len(column)) < 0.4] = np.nan
    made = best_single(column[:, None], label, column[:, None], names=["one"], categories=[])
    assert made.blanks == "middle"
    assert made.rises == (sign < 0)
    assert made.fit_auc == pytest.approx(roc_auc_score(label, made.score), abs=1e-3)


def test_a_category_is_scored_by_its_rates_on_the_fit_slice() -> None:
    rng = np.random.default_rng(0)
    code = rng.integers(0, 3, size=3_000).astype(float)
    code[rng.random(3_000) < 0.2] = np.nan
    chance = np.where(np.isnan(code), 0.5, np.array([0.2, 0.05, 0.4])[np.nan_to_num(code).astype(int)])
    label = (rng.random(3_000) < chance).astype(int)
    asked = np.array([[0.0], [1.0], [2.0], [np.nan], [9.0]])
    made = best_single(code[:, None], label, asked, names=["plan"], categories=[0])
    order = np.argsort(made.score)
    assert made.name == "plan"
    assert order.tolist() in ([1, 0, 4, 2, 3], [1, 4, 0, 2, 3])  # the last is not known to the fit slice: the mean rate
    assert made.score[4] == pytest.approx(label.mean())


def test_nothing_to_rank_by_is_a_constant() -> None:
    label = np.array([0, 1, 0, 1])
    matrix = np.column_stack([np.full(4, np.nan), np.full(4, 3.0)])
    made = best_single(matrix, label, matrix, names=["empty", "same"], categories=[])
    assert (made.name, made.score.tolist()) == ("", [0.0] * 4)


def test_one_class_alone_tells_nothing() -> None:
    matrix, _ = drawn(50)
    assert best_single(matrix, np.zeros(50, dtype=int), matrix, names=NAMES, categories=[5]).name == ""
