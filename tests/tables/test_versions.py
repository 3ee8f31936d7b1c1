"""What is beside each version, as it is seen from each date: found once, and the same as found anew from every date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uptier.tables.drawn import tables_of
from uptier.tables.history import History, grid_of
from uptier.tables.versions import with_neighbours

COLUMNS = "account | subscription_id | plan | seats | valid_from | valid_to | recorded_at | end_recorded_at"
HEADER = f"# subscriptions\n{COLUMNS}\n"
MOMENTS = {"valid_from": "begins", "valid_to": "ends", "recorded_at": "seen", "end_recorded_at": "end_seen"}
DAY = dt.date(2026, 3, 1)
LAST = 6  # the latest day, counted from that one, on which is looked


def told(day: int | None) -> str:
    return "" if day is None else (DAY + dt.timedelta(days=day)).isoformat()


@st.composite
def versions(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw versions of two subscriptions: early, late, out of order, with breaks, several on one day."""
    rows = []
    for subscription in ("s1", "s2"):
        for number in range(draw(st.integers(0, 4))):
            begins = draw(st.integers(-40, 5))
            ends = draw(st.one_of(st.none(), st.integers(begins, 8)))
            late, end_late = draw(st.sampled_from([0, 0, 3, 9, -5])), draw(st.sampled_from([0, 0, 4, 12]))
            rows.append(
                {
                    "subscription": subscription,
                    "seats": number + 1,
                    "begins": begins,
                    "ends": ends,
                    "seen": begins + late,
                }
                | {"end_seen": None if ends is None else ends + end_late}
            )
    return rows


def expected(rows: list[dict[str, Any]], at: int, before: int) -> list[tuple[Any, ...]]:
    """Say the same row by row, in plain Python."""
    found = []
    for subscription in ("s1", "s2"):
        seen = [
            dict(row, ends=row["ends"] if row["ends"] is not None and row["end_seen"] < at else None)
            for row in rows
            if row["subscription"] == subscription and row["begins"] < at and row["seen"] < at
        ]
        seen.sort(key=lambda row: (row["begins"], row["seen"], row["seats"]))
        first, earlier = None, None
        for row in seen:
            if earlier is None or (earlier["ends"] is not None and row["begins"] > earlier["ends"]):
                first = row["begins"]
            row["first"], earlier = first, row
        begun = [row for row in seen if at - row["begins"] > before]
        if begun and (begun[-1]["ends"] is None or at - begun[-1]["ends"] <= before):
            found.append((subscription, before, begun[-1]["seats"], told(begun[-1]["first"])))
    return found


Running = Callable[[list[dict[str, Any]], int], pd.DataFrame]


@pytest.fixture(scope="module")
def running() -> Running:
    """Give what says which versions ran: compiled once, for tables of text that are filled anew each time."""
    tables = tables_of(HEADER, data_until=told(LAST), accounts="a", threads=1)
    connection = tables.source.connection
    columns = connection.table("subscriptions").schema().to_pyarrow()
    grid = connection.create_table("grid", schema={"account_id": "string", "as_of": "date"})
    sql = connection.compile(History(tables, grid, None).running((0, 3, 20)))

    def ran(rows: list[dict[str, Any]], at: int) -> pd.DataFrame:
        texts = [
            {"account_id": "a", "subscription_id": row["subscription"], "plan_id": "pro", "seats": str(row["seats"])}
            | {column: told(row[day]) or None for column, day in MOMENTS.items()}
            for row in rows
        ]
        engine = connection.con
        engine.execute("DELETE FROM subscriptions")
        engine.register("fresh", pa.Table.from_pylist(texts, columns))
        engine.execute("INSERT INTO subscriptions BY NAME SELECT * FROM fresh")
        engine.execute("DELETE FROM grid")
        engine.execute("INSERT INTO grid VALUES ('a', ?)", [told(at)])
        frame: pd.DataFrame = engine.execute(sql).df()
        return frame

    return ran


@settings(max_examples=60)
@given(rows=versions(), at=st.integers(-10, LAST))
def test_what_ran_is_what_plain_python_says(running: Running, rows: list[dict[str, Any]], at: int) -> None:
    frame = running(rows, at)
    shown = [
        (row.subscription_id, int(row.before), int(row.seats), str(row.first_day)[:10]) for row in frame.itertuples()
    ]
    assert sorted(shown) == sorted(one for before in (0, 3, 20) for one in expected(rows, at, before))


@pytest.mark.parametrize(
    ("row", "in_order"),
    [
        ("2026-02-01 |  | 2026-02-01 |", True),
        ("2026-02-01 |  | 2026-01-20 |", True),  # known before it began
        ("2025-12-01 |  | 2026-02-09 |", False),  # an earlier version that became known later
    ],
)
def test_only_what_became_known_out_of_order_is_looked_at_from_every_date(row: str, in_order: bool) -> None:
    text = f"{HEADER}a | s | pro | 5 | 2026-01-01 | | 2026-01-01 |\na | s | pro | 6 | {row}"
    table = with_neighbours(tables_of(text, data_until="2026-03-01", accounts="a")["subscriptions"]).to_pandas()
    assert table["_in_order"].tolist() == [in_order] * 2


@pytest.mark.parametrize(("end_seen", "in_order"), [("2026-01-10", True), ("2026-02-01", True), ("2026-02-02", False)])
def test_a_break_must_be_known_when_what_follows_is(end_seen: str, in_order: bool) -> None:
    text = f"{HEADER}a | s | pro | 5 | 2026-01-01 | 2026-01-09 | | {end_seen}\na | s | pro | 6 | 2026-02-01 | | | "
    tables = tables_of(text, data_until="2026-03-01", accounts="a")
    assert with_neighbours(tables["subscriptions"]).to_pandas()["_in_order"].tolist() == [in_order] * 2
    pairs = pd.DataFrame({"account_id": ["a"] * 2, "as_of": pd.to_datetime(["2026-02-02", "2026-02-03"])})
    frame = History(tables, grid_of(tables, pairs), None).running().order_by("as_of").to_pandas()
    # from the first date the break is seen only if its end was known
    assert [str(day)[:10] for day in frame["first_day"]] == ["2026-02-01" if in_order else "2026-01-01", "2026-02-01"]
