from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from uptier.training.bags import averaged, count


@pytest.fixture(scope="module")
def matrix() -> np.ndarray:
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(600, 4))
    matrix[:, 3] = rng.integers(0, 12, size=600)
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    return matrix


@pytest.fixture(scope="module")
def models(matrix: np.ndarray) -> list[lightgbm.Booster]:
    rng = np.random.default_rng(1)
    label = (rng.random(600) < np.where(np.nan_to_num(matrix[:, 0]) > 0, 0.6, 0.2)).astype(int)
    chosen = {"objective": "binary", "num_leaves": 7, "bagging_fraction": 0.5, "bagging_freq": 1, "verbosity": -1}
    return [
        lightgbm.train(chosen | {"seed": seed}, lightgbm.Dataset(matrix, label, categorical_feature=[3]), rounds)
        for seed, rounds in ((1, 5), (2, 9), (3, 1))
    ]


def test_a_bag_says_the_mean_of_what_its_models_say(models: list[lightgbm.Booster], matrix: np.ndarray) -> None:
    text = averaged([model.model_to_string() for model in models], stretch=1.3, shift=-0.2)
    bag = lightgbm.Booster(model_str=text)
    mean = np.mean([model.predict(matrix, raw_score=True) for model in models], axis=0)
    np.testing.assert_allclose(bag.predict(matrix, raw_score=True), 1.3 * mean - 0.2, rtol=0, atol=1e-12)
    assert count(text) == bag.num_trees() == 15


def test_contributions_of_a_bag_add_up(models: list[lightgbm.Booster], matrix: np.ndarray) -> None:
    bag = lightgbm.Booster(model_str=averaged([model.model_to_string() for model in models], shift=0.5))
    contributions = bag.predict(matrix, pred_contrib=True)
    np.testing.assert_allclose(contributions.sum(axis=1), bag.predict(matrix, raw_score=True), rtol=0, atol=1e-12)


def test_a_bag_survives_being_read_and_written(models: list[lightgbm.Booster], matrix: np.ndarray) -> None:
    bag = lightgbm.Booster(model_str=averaged([model.model_to_string() for model in models]))
    again = lightgbm.Booster(model_str=bag.model_to_string())
    assert (again.predict(matrix) == bag.predict(matrix)).all()


def test_importances_of_one_model_do_not_pass_for_those_of_all(models: list[lightgbm.Booster]) -> None:
    assert "feature_importances" not in averaged([model.model_to_string() for model in models])
