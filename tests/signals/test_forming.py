"""A frame that comes in parts is the frame, whichever engine gives it."""

from __future__ import annotations

import pandas as pd
import pytest

from uptier.signals import forming
from uptier.signals.catalog import Catalog, catalog
from uptier.tables.drawn import drawn

TEXT = """
# subscriptions
account_id | valid_from | plan_id | seats | mrr
a | 2025-01-01 | basic | 5 | 10
b | 2025-01-01 | basic | 6 | 10
c | 2025-01-01 | basic | 7 | 10
"""
AS_OF = "2026-01-01 2026-02-01"


def part_of_catalog() -> Catalog:
    return Catalog((catalog().signal("seats"), catalog().signal("plan")), ())


# the engine of these tests stands in for a server, and Ibis calls it by an old name
OF_IBIS = "ignore:fetch_record_batch:DeprecationWarning"


@pytest.mark.filterwarnings(OF_IBIS)
@pytest.mark.parametrize("rows", [1, 2, 5, 100])
def test_rows_of_a_server_come_as_they_are_fetched(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    history = drawn(TEXT, as_of=AS_OF, accounts="a b c")
    some = part_of_catalog()
    whole = some.frame(history)
    monkeypatch.setattr(forming, "ROWS_AT_ONCE", rows)
    parts = [forming.typed(part, some.signals) for part in forming.fetched(some.plan(history).table)]
    assert [len(part) for part in parts] == {1: [1] * 6, 2: [2] * 3, 5: [5, 1], 100: [6]}[rows]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole)
    assert whole["seats"].tolist() == [5, 5, 6, 6, 7, 7]


@pytest.mark.filterwarnings(OF_IBIS)
def test_nobody_to_look_at_is_one_part_with_all_columns() -> None:
    history = drawn(TEXT, as_of=AS_OF, accounts="")
    [part] = list(forming.fetched(part_of_catalog().plan(history).table))
    assert (len(part), list(part.columns)) == (0, ["account_id", "as_of", "seats", "plan"])
    assert [len(one) for one in part_of_catalog().parts(history)] == [0]
