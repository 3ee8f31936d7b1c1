from __future__ import annotations

import ibis
import pandas as pd
import pytest

from uptier.tables.written import written_grid


def grid(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    frame = pd.DataFrame(pairs, columns=["account_id", "as_of"])
    frame["as_of"] = pd.to_datetime(frame["as_of"])
    written = written_grid(frame)
    assert {name: str(kind) for name, kind in written.schema().items()} == {"account_id": "string", "as_of": "date"}
    rows = ibis.duckdb.connect().to_pandas(written).astype(str)
    return sorted(rows.itertuples(index=False, name=None))


def test_each_account_is_looked_at_on_its_own_dates() -> None:
    pairs = [("a", "2026-01-01"), ("a", "2026-02-01"), ("b", "2026-02-01"), ("c", "2024-02-29")]
    assert grid(pairs[::-1]) == sorted(pairs)


def test_a_pair_that_stands_twice_counts_once() -> None:
    assert grid([("a", "2026-01-01")] * 2) == [("a", "2026-01-01")]


def test_nobody_is_looked_at_in_an_empty_grid() -> None:
    assert grid([]) == []


@pytest.mark.parametrize(
    "odd", ["a,b;c|d~e^f", "o'clock", "back\\slash", "line\nbreak", " led", "11,1", "\ue000\ue001"]
)
def test_any_letter_may_stand_in_an_id(odd: str) -> None:
    pairs = [(odd, "2026-01-01"), ("plain", "2026-02-01")]
    assert grid(pairs) == sorted(pairs)
