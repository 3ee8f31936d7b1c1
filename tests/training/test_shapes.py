from __future__ import annotations

from uptier.training.shapes import PAIRS, RICH, parameters, shapes
from uptier.training_settings import TrainingSettings

SETTINGS = TrainingSettings()


def test_small_data_gets_small_trees() -> None:
    assert [shape.depth for shape in shapes(80)] == [1, 2, 3]
    assert [shape.depth for shape in shapes(5_000)] == [1, 2, 3, 5]
    small = parameters(shapes(80)[-1], n=2_000, settings=SETTINGS)
    large = parameters(shapes(5_000)[-1], n=200_000, settings=SETTINGS)
    assert small["num_leaves"] < large["num_leaves"] == 15
    assert small["min_data_in_leaf"] < large["min_data_in_leaf"]
    assert not {"scale_pos_weight", "is_unbalance"} & set(large)


def test_only_large_models_are_not_drawn_to_the_mean() -> None:
    cautious, rich = (parameters(shape, n=200_000, settings=SETTINGS) for shape in (PAIRS, RICH))
    assert cautious["lambda_l2"] > rich["lambda_l2"]
    assert cautious["min_data_in_leaf"] > rich["min_data_in_leaf"]


def test_a_constraint_is_told_only_where_there_is_one() -> None:
    assert "monotone_constraints" not in parameters(PAIRS, n=100, settings=SETTINGS, monotone=(0, 0))
    assert parameters(PAIRS, n=100, settings=SETTINGS, monotone=(1, 0))["monotone_constraints"] == [1, 0]
