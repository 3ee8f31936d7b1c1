from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tests.training.worlds import CATALOG, drawn_examples
from uptier.model.bundle import BundleSignal, encoded
from uptier.settings import TrainingSettings
from uptier.training.fitting import Learnt, learnt, normalised, parameters, shapes
from uptier.training.splitting import account_folds

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


def test_small_data_gets_small_trees() -> None:
    assert [shape.depth for shape in shapes(80)] == [1, 2, 3]
    assert [shape.depth for shape in shapes(5_000)] == [1, 2, 5]
    small = parameters(shapes(80)[-1], n=2_000, settings=SETTINGS)
    large = parameters(shapes(5_000)[-1], n=200_000, settings=SETTINGS)
    assert small["num_leaves"] < large["num_leaves"] == 15
    assert small["min_data_in_leaf"] < large["min_data_in_leaf"]
    assert not {"scale_pos_weight", "is_unbalance"} & set(large)


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
