"""A grid written into the query itself: a reader of a server may create nothing, not even a temporary table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

import ibis

if TYPE_CHECKING:
    import pandas as pd
    from ibis.expr import types as ir

LOOKED_AT, NOT_LOOKED_AT = "1", "0"
NEVER = dt.date(1970, 1, 1)  # when nobody is looked at, there is a date nevertheless: no engine reads an empty one


def written_grid(pairs: pd.DataFrame) -> ir.Table:
    """Write accounts and dates as text that an engine splits.

    Parameters
    ----------
    pairs : DataFrame, columns account_id and as_of
        Who is looked at, and when; a pair that stands twice counts once.

    Returns
    -------
    Table
        Columns account_id (text) and as_of (date). The query grows by each account's id and one letter for each date,
        about 20 letters for an account at 12 dates.
    """
    rows = pairs[["account_id", "as_of"]].drop_duplicates()
    dates = sorted(rows["as_of"].dt.date.unique())
    looks = rows.assign(_place=rows["as_of"].dt.date.map({day: place for place, day in enumerate(dates)}))
    accounts, letters = [], []
    for account, places in looks.groupby("account_id", sort=True)["_place"]:
        seen = set(places)
        accounts.append(str(account))
        letters.append("".join(LOOKED_AT if place in seen else NOT_LOOKED_AT for place in range(len(dates))))
    unused = _letters_not_in("".join(accounts))
    between, within = next(unused), next(unused)
    lines = between.join(f"{when}{within}{account}" for account, when in zip(accounts, letters, strict=True))
    who = _split(lines, between, "line")
    days = " ".join(f"{day.isoformat()}:{place}" for place, day in enumerate(dates or [NEVER]))
    when = _split(days, " ", "written")
    when = when.select(as_of=when.written.substr(0, 10).cast("date"), place=when.written.substr(11).cast("int32"))
    grid = who.cross_join(when)
    grid = grid.filter(grid.line.substr(grid.place, 1) == LOOKED_AT)
    return grid.select(account_id=grid.line.substr(len(dates) + 1), as_of=grid.as_of)


def _split(text: str, between: str, name: str) -> ir.Table:
    # unnested as a table: as a column, two of the engines get the text written eight times
    table: ir.Table = ibis.literal(text).split(between).name(name).as_table().unnest(name)
    return table


def _letters_not_in(text: str) -> Iterator[str]:
    # any two would do that no id holds; the first ones are easiest to read in a query
    used = set(text)
    candidates = [*",;|~^", *map(chr, range(0xE000, 0xF8FF))]
    yield from (letter for letter in candidates if letter not in used)
