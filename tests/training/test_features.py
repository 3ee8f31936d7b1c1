from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from uptier.training.features import FeatureError, features

TABLE = pd.DataFrame(
    {
        "number": [1, 2, None] * 10,
        "whole": pd.array([1, None, 3] * 10, dtype="Int64"),
        "decimal": [Decimal("1.5"), None, Decimal(2)] * 10,
        "yes or no": [True, False, None] * 10,
        "time": pd.to_datetime(["2024-01-01", "2024-01-03", None] * 10, utc=True),
        "day": [dt.date(2024, 1, 1), None, dt.date(2024, 1, 3)] * 10,
        "took": pd.to_timedelta([1, 2, None] * 10, unit="D"),
        "written day": ["2024-01-01", "2024-01-03", None] * 10,
        "written number": ["1.5", "-2", None] * 10,
        "text": ["b", "a", None] * 10,
        "category": pd.Categorical(["x", "y", None] * 10),
        "code": [f"code {number}" for number in range(30)],
        "nothing": [None] * 30,
    }
)
FEATURES = features(TABLE)


def test_each_column_is_taken_for_what_it_is() -> None:
    kinds = dict(zip(FEATURES.names, FEATURES.kinds, strict=True))
    numbers = dict.fromkeys(["number", "whole", "decimal", "yes or no"], "number")
    dates = dict.fromkeys(["time", "day", "took", "written day"], "date")
    texts = {"written number": "written", "text": "category", "category": "category", "code": "none", "nothing": "none"}
    assert kinds == numbers | dates | texts


def test_the_matrix_holds_numbers_days_and_codes() -> None:
    first = FEATURES.matrix(TABLE)[:3]
    expected = [
        [1.0, 1.0, 1.5, 1.0, 19723.0, 19723.0, 1.0, 19723.0, 1.5, 1.0, 0.0, np.nan, np.nan],
        [2.0, np.nan, np.nan, 0.0, 19725.0, np.nan, 2.0, 19725.0, -2.0, 0.0, 1.0, np.nan, np.nan],
        [np.nan, 3.0, 2.0, np.nan, np.nan, 19725.0, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan],
    ]
    np.testing.assert_array_equal(first, expected)
    assert FEATURES.matrix(TABLE[:0]).shape == (0, 13)


def test_what_was_not_seen_is_missing() -> None:
    unseen = TABLE[:1].assign(**{"text": "z", "written number": "none", "written day": "soon"})
    matrix = FEATURES.matrix(unseen)[0]
    assert np.isnan(matrix[[FEATURES.names.index(name) for name in ("text", "written number", "written day")]]).all()


def test_only_values_that_several_rows_share_are_known() -> None:
    table = pd.DataFrame({"text": ["often"] * 10 + ["seldom"] * 9})
    assert features(table).categories == {"text": ("often",)}


def test_the_order_of_the_rows_does_not_matter() -> None:
    table = pd.DataFrame({"text": [f"value {number}" for number in range(300)] * 12})
    assert features(table) == features(table[::-1])
    assert len(features(table).categories["text"]) == 250


def test_columns_of_one_name_are_refused() -> None:
    with pytest.raises(FeatureError, match="share a name: number"):
        features(TABLE[["number", "text", "number"]])


def test_infinity_is_refused() -> None:
    with pytest.raises(FeatureError, match="infinity: number"):
        FEATURES.matrix(TABLE.assign(number=-np.inf))
