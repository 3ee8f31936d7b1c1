from __future__ import annotations

import numpy as np
import pandas as pd

from uptier.model.encoding import BundleSignal, encoded


def test_whole_numbers_and_nullable_ones_are_numbers() -> None:
    frame = pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": [True, False], "c": [None, 2]}, dtype=None)
    matrix = encoded(frame, [BundleSignal(name, "seats", False) for name in "abc"], {})
    np.testing.assert_array_equal(matrix, [[1, 1, np.nan], [np.nan, 0, 2]])


def test_a_category_is_its_place_among_the_known() -> None:
    frame = pd.DataFrame({"plan": ["pro", None, "free", "never seen"]})
    matrix = encoded(frame, [BundleSignal("plan", "commercial", True)], {"plan": ("free", "pro")})
    np.testing.assert_array_equal(matrix[:, 0], [1, np.nan, 0, np.nan])
