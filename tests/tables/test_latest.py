from __future__ import annotations

import itertools

import ibis
import pytest

from uptier.errors import SignalError
from uptier.tables.drawn import drawn
from uptier.tables.latest import Latest, latest_of

DAYS = [f"2026-01-{day:02}" for day in range(1, 16)]
# the second became known after the third, the fourth never did
TEXT = """
    # meter_readings
    account | meter | read_at          | value | recorded_at
    a       | api   | 2026-01-02       | 1     |
    a       | api   | 2026-01-04 08:00 | 2     | 2026-01-09
    a       | api   | 2026-01-06       | 3     | 2026-01-07
    a       | api   | 2026-01-06 09:00 | 4     | 2026-02-01
    a       | api   | 2026-01-10       | 5     |
    a       | disk  | 2026-01-02       | 7     | 2026-01-05
    """


def test_each_day_sees_the_row_that_a_search_from_that_day_finds() -> None:
    history = drawn(TEXT, as_of=" ".join(DAYS), accounts="a b")
    past = history.past("meter_readings", days=5).to_pandas()
    newest = past.sort_values("read_at").groupby(["as_of", "meter"])["value"].last()
    grid = history.grid
    found = history.latest("meter_readings", ["meter"], days=120).seen_on(
        grid.mutate(seen_on=grid.as_of), days=5, columns={"found": "value"}
    )
    table = found.to_pandas().set_index(["as_of", "meter"])["found"].sort_index()
    assert table.to_dict() == newest.to_dict()
    assert table.index.is_unique
    values = [table.to_dict().get((as_of, "api")) for as_of, _ in itertools.groupby(table.index.get_level_values(0))]
    assert values == [1, 1, 1, 1, 1, 3, 3, 3, 5, 5, 5, 5, 5]


def test_a_look_without_a_row_stays_and_none_reaches_beyond_its_date() -> None:
    history = drawn(TEXT, as_of="2026-01-03 2026-01-05", accounts="a b")
    grid = history.grid
    looks = grid.mutate(meter=ibis.literal("api"), seen_on=grid.as_of)
    later = looks.mutate(seen_on=(looks.as_of + ibis.interval(days=300)).cast("date"))
    readings = history.latest("meter_readings", ["meter"], days=120)
    for some in (looks, later):
        beside = readings.beside(some, days=30, columns={"found": "value"}).to_pandas()
        beside["found"] = beside["found"].astype(object).where(beside["found"].notna(), None)
        assert sorted(beside[["account_id", "found"]].itertuples(index=False, name=None), key=str) == [
            ("a", 1.0),
            ("a", 1.0),
            ("b", None),
            ("b", None),
        ]


def test_of_two_rows_of_one_moment_one_stands_whatever_their_order() -> None:
    rows = ["a | api | 2026-01-02 | 1", "a | api | 2026-01-02 | 2"]
    for some in itertools.permutations(rows):
        text = "# meter_readings\naccount | meter | read_at | value\n" + "\n".join(some)
        history = drawn(text, as_of="2026-01-05", accounts="a")
        found = latest_of(history.tables["meter_readings"], "meter_readings", ["meter"])
        assert isinstance(found, Latest)
        grid = history.grid
        seen = found.seen_on(grid.mutate(seen_on=grid.as_of), days=9, columns={"value": "value"})
        assert seen.to_pandas()["value"].tolist() == [2]


def test_a_table_that_tells_its_ends_later_is_refused() -> None:
    history = drawn("# tickets\naccount | opened_at | closed_at", as_of="2026-01-05")
    with pytest.raises(SignalError, match="more than was known then"):
        history.latest("tickets", [], days=120)


def test_what_is_formed_before_the_cut_may_not_use_what_shows_later() -> None:
    text = "# tickets\naccount | opened_at | closed_at | text\na | 2026-01-02 | 2026-01-09 | Hello"
    history = drawn(text, as_of="2026-01-05", accounts="a")
    past = history.past("tickets", also={"long": ibis._.text.length()}).to_pandas()
    assert past["long"].tolist() == [5]
    assert past["closed_at"].isna().all()
    with pytest.raises(AttributeError, match="closed_at"):
        history.past("tickets", also={"closed": ibis._.closed_at.notnull()})
