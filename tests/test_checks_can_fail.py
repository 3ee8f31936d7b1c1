"""A check is not a check until it has been seen to fail: each fault is planted in the product, and must be found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import ibis
import ibis.expr.types as ir
import pytest

from tests.signals.timelines import (
    DifferentError,
    Looker,
    check_equal_rows_count_once,
    check_only_the_past_matters,
    signals_that_see_more_than_the_past,
)
from uptier.signals.catalog import catalog
from uptier.signals.families import FAMILIES
from uptier.tables.history import History
from uptier.tables.latest import Latest, latest_of

EXAMPLES = 4  # of 24 histories: a fault that needs more is one that the search would miss on a bad day

Conditions = Callable[[ir.Table, ir.Table], list[Any]]

FAULTS: dict[str, Conditions] = {
    "no event-time cut": lambda table, grid: [table.known_day < grid.as_of],
    "no known-at cut": lambda table, grid: [table.day < grid.as_of],
    "event time cut off by one day": lambda table, grid: [table.day <= grid.as_of, table.known_day < grid.as_of],
    "known-at cut off by one day": lambda table, grid: [table.day < grid.as_of, table.known_day <= grid.as_of],
    "both cuts off by one day": lambda table, grid: [table.day <= grid.as_of, table.known_day <= grid.as_of],
}


@cache
def looker_with(fault: str) -> Looker:
    """Give the one looker of a fault, to be used while it is planted: what it has compiled then, it keeps."""
    return Looker(0)


@pytest.mark.parametrize(
    ("fault", "usage"), [*((fault, "usage_events") for fault in FAULTS), ("no event-time cut", "usage_daily")]
)
def test_a_planted_leak_is_found(fault: str, usage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(History, "_cut", cut_by(FAULTS[fault]))
    with pytest.raises(DifferentError):
        check_only_the_past_matters(usage, looker_with(fault), examples=EXAMPLES)


@pytest.mark.parametrize("fault", ["no known-at cut", "known-at cut off by one day"])
def test_a_planted_leak_is_found_in_every_family(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(History, "_cut", cut_by(FAULTS[fault]))
    found = signals_that_see_more_than_the_past("usage_events", looker_with(fault), examples=EXAMPLES)
    assert {catalog().signal(name).family for name in found} == set(FAMILIES)


def test_a_latest_row_that_is_shown_before_it_is_known_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def latest(history: History, name: str, thing: Sequence[str], *, days: int) -> Latest:
        table = history.tables[name]
        return latest_of(table.mutate(known_day=table.day), name, thing)

    monkeypatch.setattr(History, "latest", latest)
    found = signals_that_see_more_than_the_past("usage_events", Looker(0), examples=EXAMPLES)
    # commercial counts the triggers that fire, of which capacity is one
    assert {"capacity"} <= {catalog().signal(name).family for name in found} <= {"capacity", "commercial"}


def test_an_end_that_is_shown_before_it_is_known_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(History, "_masked", lambda history, past, name: past)
    with pytest.raises(DifferentError):
        check_only_the_past_matters("usage_events", Looker(0), examples=EXAMPLES)


def test_the_same_cut_without_a_fault_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        History, "_cut", cut_by(lambda table, grid: [table.day < grid.as_of, table.known_day < grid.as_of])
    )
    check_only_the_past_matters("usage_daily", Looker(0), examples=2)


@pytest.mark.parametrize("usage", ["usage_events"])
def test_duplicates_counted_twice_are_found(usage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uptier.tables.clean.without_equal_rows", lambda table, key: table)
    with pytest.raises(DifferentError):
        check_equal_rows_count_once(usage, Looker(0), examples=EXAMPLES)


def cut_by(conditions: Conditions) -> Callable[..., ir.Table]:
    """Give the product's cut with other conditions on time."""

    def cut(history: History, table: ir.Table, days: int | None = None) -> ir.Table:
        grid = history.grid
        seen = [table.account_id == grid.account_id, *conditions(table, grid)]
        if days is not None:
            seen.append(table.day >= (grid.as_of - ibis.interval(days=days)).cast("date"))
        joined = table.inner_join(grid, seen)
        return joined.select(*table.columns, "as_of").mutate(age=lambda row: row.as_of.delta(row.day, unit="day"))

    return cut
