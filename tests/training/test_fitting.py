from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tests.training.worlds import CATALOG, drawn_examples
from uptier.model.bundle import BundleSignal, encoded
from uptier.model.trees import tree_margins
from uptier.training.bags import count
from uptier.training.calibrating import platt
from uptier.training.fitting import Learnt, learnt, normalised
from uptier.training.shapes import PAIRS, RICH
from uptier.training.splitting import account_folds
from uptier.training_settings import TrainingSettings

SIGNALS = tuple(BundleSignal(one.name, one.family, one.is_category) for one in CATALOG.signals)
SETTINGS = TrainingSettings(folds=3)


def model(
    settings: TrainingSettings = SETTINGS, *, blank: tuple[str, ...] = ()
) -> tuple[Learnt, np.ndarray, np.ndarray]:
    drawn = drawn_examples(accounts=250)
    frame = drawn.frame.assign(**dict.fromkeys(blank, np.nan))
    matrix = encoded(frame, SIGNALS, {"segment": ("large", "middle", "small")})
    label, folds = drawn.label.to_numpy(), account_folds(frame["account_id"], drawn.label, folds=3, seed=7)
    fitted = learnt(matrix, label, folds, matrix[:50], categories=[len(SIGNALS) - 1], settings=settings)
    return fitted, label, folds


def test_same_input_gives_the_same_bytes_on_any_number_of_threads() -> None:
    one, _, _ = model()
    again, _, _ = model(SETTINGS.model_copy(update={"threads": 2}))
    assert again.trees == one.trees
    assert (again.out_of_fold == one.out_of_fold).all()


def test_another_seed_gives_other_trees() -> None:
    assert model(SETTINGS.model_copy(update={"seed": 8}))[0].trees != model()[0].trees


def test_out_of_fold_margins_tell_and_know_less_than_the_whole() -> None:
    fitted, label, _ = model()
    out_of_fold = roc_auc_score(label, fitted.out_of_fold)
    assert 0.65 < out_of_fold < 0.9
    assert fitted.fold_test.shape == (3, 50)
    assert fitted.whole_test.shape == (50,)
    assert 1 <= fitted.rounds <= 300


def test_constant_and_unknown_signals_do_no_harm() -> None:
    fitted, _, _ = model(blank=("health_score", "days_until_renewal"))
    assert np.isfinite(fitted.out_of_fold).all()


def test_nothing_to_learn_from_gives_equal_margins() -> None:
    fitted, _, _ = model(blank=tuple(one.name for one in SIGNALS))
    assert np.ptp(fitted.whole_test) == 0
    assert fitted.whole_test[0] == pytest.approx(fitted.expected_margin)


@pytest.mark.parametrize(("acts", "unfit"), [("alone", 5), ("together", 1)])
def test_trees_are_as_deep_as_signals_act_together(acts: str, unfit: int) -> None:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(6_000, 6))
    log_odds = matrix[:, 0] + matrix[:, 1] - 2 if acts == "alone" else 2 * np.sign(matrix[:, 0] * matrix[:, 1]) - 2
    label = (rng.random(6_000) < 1 / (1 + np.exp(-log_odds))).astype(int)
    fitted = learnt(matrix, label, np.arange(6_000) % 3, matrix[:10], categories=[], settings=SETTINGS)
    assert fitted.shape.depth != unfit


def test_threads_are_taken_out_of_the_text() -> None:
    assert normalised("a\n[num_threads: 12]\nb") == "a\n[num_threads: 0]\nb"


def drawn(n: int = 3_000, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(n, 6))
    label = (rng.random(n) < 1 / (1 + np.exp(2 - matrix[:, 0] - 0.5 * matrix[:, 1]))).astype(int)
    return matrix, label, np.arange(n) % 3


def ball(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    matrix = np.random.default_rng(0).normal(size=(n, 8))
    return matrix, ((matrix**2).sum(axis=1) > 7.3).astype(int), np.arange(n) % 3


@pytest.mark.parametrize("data", [drawn(), ball(3_000)], ids=["bag", "one large model"])
def test_trees_are_the_same_byte_for_byte_over_runs_and_threads(data: tuple[np.ndarray, ...]) -> None:
    texts = {
        learnt(*data, data[0][:5], categories=[], settings=SETTINGS.model_copy(update={"threads": threads})).trees
        for threads in (1, 2, 1)
    }
    assert len({text.partition("parameters:")[0] for text in texts}) == 1


def test_what_ships_is_what_was_tested() -> None:
    for matrix, label, folds in (drawn(), ball(3_000)):
        fitted = learnt(matrix, label, folds, matrix[:40], categories=[], settings=SETTINGS)
        np.testing.assert_allclose(fitted.whole_test, tree_margins(fitted.trees, matrix[:40]), rtol=0, atol=1e-12)
        assert count(fitted.trees) == fitted.rounds * fitted.models


def test_all_models_of_a_bag_together_hold_at_most_200_trees() -> None:
    matrix, label, folds = drawn(6_000)
    fitted = learnt(matrix, label, folds, matrix[:5], categories=[], settings=SETTINGS)
    assert fitted.models == 3
    assert count(fitted.trees) <= 200
    assert fitted.shape.depth <= 5


def test_what_a_bag_cannot_hold_is_learnt_by_one_large_model() -> None:
    matrix, label, folds = ball(3_000)
    fitted = learnt(matrix, label, folds, matrix[:5], categories=[], settings=SETTINGS)
    assert (fitted.models, fitted.shape) == (1, RICH)
    assert roc_auc_score(label, fitted.out_of_fold) > 0.93
    assert fitted.fold_test.shape == (3, 5)


def test_a_shape_chosen_before_is_kept() -> None:
    matrix, label, folds = drawn()
    assert learnt(matrix, label, folds, matrix[:5], categories=[], settings=SETTINGS, shape=PAIRS).shape == PAIRS


def test_a_constraint_holds_for_every_row() -> None:
    matrix, label, folds = drawn(2_000, seed=2)
    lower, higher = matrix.copy(), matrix.copy()
    higher[:, 0] += 0.7
    for way in (1, -1):
        fitted = learnt(matrix, label, folds, lower, categories=[], settings=SETTINGS, monotone=[way, 0, 0, 0, 0, 0])
        assert (way * (tree_margins(fitted.trees, higher) - fitted.whole_test) >= -1e-12).all()


def test_the_mean_of_the_models_is_as_sure_as_each_of_them() -> None:
    # what one model says of rows that it did not see, and what the bag says of new ones, ask for the same calibrator
    rng = np.random.default_rng(3)
    matrix = rng.normal(size=(41_200, 40))
    log_odds = 0.5 * matrix[:, :4].sum(axis=1) - 2.5
    label = (rng.random(len(matrix)) < 1 / (1 + np.exp(-log_odds))).astype(int)
    few, new = slice(0, 1_200), slice(1_200, None)
    fitted = learnt(matrix[few], label[few], np.arange(1_200) % 3, matrix[new], categories=[], settings=SETTINGS)
    one, bag = platt(fitted.fold_test[0], label[new]), platt(fitted.whole_test, label[new])
    plain = platt(fitted.fold_test.mean(axis=0), label[new])
    assert one is not None
    assert bag is not None
    assert plain is not None
    assert bag.slope == pytest.approx(one.slope, rel=0.08)
    assert plain.slope > one.slope * 1.1
