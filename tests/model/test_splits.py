"""Where trees change their answer is read from their own text."""

from __future__ import annotations

from itertools import pairwise

import lightgbm
import numpy as np
import pytest

from tests.explanation.tiny import SIGNALS, bundle, frame
from uptier.model.splits import seen_ranges, split_points
from uptier.model.trees import tree_margins
from uptier.training.bags import averaged

NAMES = [signal.name for signal in SIGNALS]
TREES = bundle().heads["seat_expansion"].trees
USED = NAMES.index("seat_utilisation")


def test_between_two_points_trees_give_one_answer_and_beyond_one_another():
    matrix = bundle().matrix(frame(1, missing=0.0))
    points = split_points(TREES)[USED]
    assert len(points) > 10
    edges = np.concatenate([[0.0], points, [1.2]])
    inside = np.concatenate([np.linspace(low, high, 5)[1:] for low, high in pairwise(edges)])
    rows = np.repeat(matrix, len(inside), axis=0)
    rows[:, USED] = inside
    answers = tree_margins(TREES, rows).reshape(-1, 4)
    assert (answers == answers[:, :1]).all()
    assert len(set(answers[:, 0])) > len(points) / 2


def test_the_range_is_that_of_the_rows_that_were_learnt_from():
    learnt = bundle().matrix(frame(3000, seed=2))
    for place, seen in enumerate(seen_ranges(TREES)):
        known = learnt[:, place][~np.isnan(learnt[:, place])]
        assert seen == pytest.approx((known.min(), known.max()))


def test_categories_have_neither_points_nor_a_range():
    rng = np.random.default_rng(5)
    matrix = np.column_stack([rng.integers(0, 4, 400), rng.random(400)]).astype(float)
    data = lightgbm.Dataset(matrix, label=(matrix[:, 0] == 2) * 0.9 + 0.05 > rng.random(400), categorical_feature=[0])
    told = lightgbm.train({"objective": "binary", "verbosity": -1, "num_threads": 1}, data, 5).model_to_string()
    assert len(split_points(told)[0]) == 0
    assert seen_ranges(told)[0] is None
    assert len(split_points(told)[1]) > 0


def test_a_bag_has_the_points_of_all_its_models():
    other = bundle().heads["churn"].trees
    points = split_points(averaged([TREES, other]))
    for place, both in enumerate(points):
        expected = np.union1d(split_points(TREES)[place], split_points(other)[place])
        np.testing.assert_array_equal(both, expected)


def test_trees_that_never_split_have_no_points():
    data = lightgbm.Dataset(np.ones((50, 2)), label=np.arange(50.0) % 2)
    told = lightgbm.train({"objective": "binary", "verbosity": -1}, data, num_boost_round=2).model_to_string()
    assert [len(points) for points in split_points(told)] == [0, 0]
    assert seen_ranges(told) == (None, None)
