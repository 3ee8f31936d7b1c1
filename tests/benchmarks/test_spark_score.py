"""What the claim about scoring on Spark counts as a difference."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

CARD = pd.DataFrame(
    {"account_id": ["a", "b", "c"], "p": [0.1, None, 0.3], "said": ["one", None, "three"], "rank": [1, 2, 3]}
)


@pytest.fixture(scope="module")
def claim() -> ModuleType:
    script = Path(__file__).parents[2] / "benchmarks" / "spark_score.py"
    spec = importlib.util.spec_from_file_location("spark_score", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_same_rows_in_another_order_and_the_last_digits_are_no_difference(claim: ModuleType) -> None:
    other = CARD.iloc[::-1].assign(p=lambda card: card["p"] * (1 + 1e-12))
    assert claim.differing(CARD, other, "account_id") == {}


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (CARD.assign(p=[0.1, None, 0.3 + 1e-6]), {"p": 1}),
        (CARD.assign(p=[0.1, 0.2, None]), {"p": 2}),
        (CARD.assign(said=["one", "two", "three"]), {"said": 1}),
        (CARD.assign(rank=[1, 3, 2]), {"rank": 2}),
        (CARD.iloc[:2], {"rows": 1}),
        (CARD.drop(columns="said"), {"said": 3}),
        (None, {"table": 1}),
    ],
)
def test_whatever_else_differs_is_counted(other: pd.DataFrame | None, told: dict[str, int], claim: ModuleType) -> None:
    assert claim.differing(CARD, other, "account_id") == told
