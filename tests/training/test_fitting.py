from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tests.training.worlds import CATALOG, drawn_examples
from uptier.model.bundle import BundleSignal, encoded
from uptier.settings import TrainingSettings
from uptier.training.fitting import Learnt, learnt, normalised, parameters
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
    small = parameters(n=2_000, positives=80, settings=SETTINGS)
    large = parameters(n=200_000, positives=5_000, settings=SETTINGS)
    assert (small["num_leaves"], small["max_depth"]) == (7, 3)
    assert (large["num_leaves"], large["max_depth"]) == (15, 5)
    assert small["min_data_in_leaf"] < large["min_data_in_leaf"]
    assert not {"scale_pos_weight", "is_unbalance"} & set(large)


def test_threads_are_taken_out_of_the_text() -> None:
    assert normalised("a\n[num_threads: 12]\nb") == "a\n[num_threads: 0]\nb"
