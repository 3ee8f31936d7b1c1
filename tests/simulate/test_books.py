"""A block's rows while they are numbers still."""

from __future__ import annotations

import pandas as pd

from tests.simulate.worlds import chronicle
from uptier.simulate.books import NEVER, Books, day_numbers
from uptier.simulate.looks import looks_of
from uptier.simulate.presets import Parameters


def test_a_moment_falls_on_its_day_and_none_on_a_day_beyond_all_others() -> None:
    found = day_numbers(pd.Series(pd.to_datetime(["1970-01-01 00:00", "1970-01-02 23:59", "2025-01-01 00:00", None])))
    assert found.tolist() == [0, 1, 20089, NEVER]
    assert NEVER + NEVER > NEVER  # two of them can be added up


def test_another_table_leaves_the_others_and_the_books_before_as_they_were() -> None:
    past = chronicle(Parameters(), accounts=3, seed=1, months=2)
    none = pd.DataFrame()
    tables = {"tickets": none, "milestones": none}
    books = Books(population=past.population, user_ids=[], users=none, events=none, tables=tables, looks=looks_of(past))
    rows = pd.DataFrame({"account": [1]})
    changed = books.with_table("tickets", rows)
    assert changed.tables["tickets"] is rows
    assert changed.tables["milestones"] is none
    assert books.tables["tickets"] is none
