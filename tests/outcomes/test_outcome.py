from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from uptier.outcomes.outcome import Labels, examples

ROWS = pd.DataFrame(
    {
        "account_id": ["b", "a"],
        "as_of": pd.to_datetime(["2025-03-01", "2025-03-01"]).astype("datetime64[us]"),
        "label": [1, 0],
        "event_at": pd.to_datetime(["2025-04-01", None]).astype("datetime64[us]"),
        "known_at": pd.to_datetime(["2025-05-07", "2025-05-07"]).astype("datetime64[us]"),
    }
)


def frame(*accounts: str) -> pd.DataFrame:
    as_of = pd.Series(pd.Timestamp("2025-03-01"), index=range(len(accounts))).astype("datetime64[us]")
    return pd.DataFrame({"account_id": accounts, "as_of": as_of, "seats": np.arange(len(accounts), dtype="float64")})


def test_signals_stand_beside_labels_in_the_order_of_the_frame() -> None:
    found = examples(Labels("add_on", ROWS, {"censored": 3}), frame("a", "unlabelled", "b"))
    assert found.outcome == "add_on"
    assert found.frame["account_id"].tolist() == ["a", "b"]
    assert found.frame["seats"].tolist() == [0.0, 2.0]
    assert list(found.frame.columns) == ["account_id", "as_of", "seats"]
    assert found.label.tolist() == [0, 1]
    assert found.label.dtype == "int64"
    assert found.event_at.isna().tolist() == [True, False]
    assert found.left_out == {"censored": 3}


def test_a_row_that_stands_twice_in_the_frame_is_refused() -> None:
    with pytest.raises(pd.errors.MergeError):
        examples(Labels("add_on", ROWS), frame("a", "a", "b"))
