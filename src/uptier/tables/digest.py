"""Digests of what is visible before each as-of date: by which a kept frame is known to be still right.

Each row has a stamp, the later of the days on which it happened and became known: it is visible from every as-of date
after it. A digest is a sum over the hashes of all visible rows, so the order of rows does not matter, and one pass over
each table gives the sums of every date. A row that arrives late changes the digests of exactly those dates that see it.

What History hides is left out here too: columns that are overwritten in place are not hashed, ends and results are
hashed apart and stamped with the day on which they became known. Usage is digested from its rollup, and features as the
bits that they are there: a rollup that is appended keeps their places, one that is made anew with more features may
not, and then every date has another digest.

The hashes are DuckDB's own, which is why they hold for one version of it, and why a server has no digests.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from uptier.tables import fingerprint
from uptier.tables.clean import SHOWN_ONCE_KNOWN, hidden_columns, vouched_columns
from uptier.tables.contracts import CONTRACT
from uptier.tables.history import grid_of
from uptier.tables.rolling import BITS

if TYPE_CHECKING:
    import pandas as pd
    from ibis.expr import types as ir

    from uptier.tables.clean import Tables
    from uptier.tables.rolling import Rollup
    from uptier.tables.source import Source

ALWAYS = dt.date(1, 1, 1)  # the stamp of what every date sees
USAGE = ("usage_events", "usage_daily")
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class _Part:
    """Rows that are hashed alike."""

    table: ir.Table
    columns: tuple[str, ...]
    stamps: tuple[str, ...] = ()  # columns of the table; the latest counts
    floor: dt.date = ALWAYS  # no stamp is earlier
    only_where: str = ""  # a column that must not be null


def visible(
    tables: Tables, usage: Rollup | None, looks: pd.DataFrame, context: Iterable[str] = ()
) -> dict[dt.date, str] | None:
    """Give a digest of what is visible before each as-of date.

    Parameters
    ----------
    tables : Tables
        The project's clean tables.
    usage : Rollup or None
        Usage by day.
    looks : DataFrame, columns account_id and as_of
        Who is looked at, and when: of the accounts only those count that a date looks at.
    context : iterable of str
        What else matters to every date: thresholds, the catalogue's hash.

    Returns
    -------
    dict of date to str, or None
        By as-of date; two runs with equal digests see the same. None where the source is a server.
    """
    if tables.source.connection.name != "duckdb":
        return None
    dates = sorted({moment.date() for moment in looks["as_of"].dt.to_pydatetime()})
    used = _of_usage(usage, tables.source)
    told: dict[dt.date, list[str]] = {date: [] for date in dates}
    for name, part in _parts(tables, used):
        for date, (total, rows) in _before(_sums(tables, part), dates).items():
            told[date].append(f"{name} {total} {rows}")
    for date, total, rows in _of_accounts(tables, looks):
        told[date].append(f"accounts {total} {rows}")
    for date, names in _features(usage, used, dates, tables) if usage is not None else ():
        told[date].append(names)
    always = [*context, _engine()]
    return {date: fingerprint.of_parts([*always, date.isoformat(), *parts]) for date, parts in told.items()}


def _of_usage(usage: Rollup | None, source: Source) -> dict[str, ir.Table]:
    # the one place that knows what a rollup consists of; its days are made of its people where it has them
    if usage is None:
        return {}
    parts = {"usage": usage.days if usage.people is None else usage.people, "touches": usage.touches}
    if source.is_ours:
        return parts
    # tables in memory: their rollup is kept nowhere, and its parts are read more than once
    connection: Any = source.connection
    return {name: connection.create_table(ibis.util.gen_name(name), table, temp=True) for name, table in parts.items()}


def _features(
    usage: Rollup, used: Mapping[str, ir.Table], dates: Sequence[dt.date], tables: Tables
) -> Iterator[tuple[dt.date, str]]:
    """Name the features behind the bits that each date sees: which bit is which may change from rollup to rollup."""
    words = [name for name in usage.words if name in usage.touches.columns]
    sights: dict[str, list[tuple[dt.date, int]]] = {word: [] for word in words}
    for table in used.values():
        bits = ", ".join(f"BIT_OR({_quoted(word)})" for word in words)
        for stamp, *several in _fetched(
            tables,
            f"SELECT GREATEST(CAST(day AS DATE), CAST(known_day AS DATE)), {bits} FROM ({_sql(table)}) GROUP BY 1",
        ):
            for word, seen in zip(words, several, strict=True):
                sights[word].append((stamp, seen or 0))
    for date in dates:
        names: list[str] = []
        for number, word in enumerate(words):
            seen = 0
            for stamp, more in sights[word]:
                seen |= more if stamp < date else 0
            listed = usage.features[number * BITS : (number + 1) * BITS]
            names += [f"{number * BITS + place} {name}" for place, name in enumerate(listed) if seen >> place & 1]
        yield date, json.dumps(names)


def _parts(tables: Tables, used: Mapping[str, ir.Table]) -> Iterator[tuple[str, _Part]]:
    for name, table in used.items():
        yield name, _Part(table, tuple(table.columns), ("day", "known_day"))
    for name in sorted(tables.clean):
        if name not in (*USAGE, "accounts"):
            yield from ((name, part) for part in _of_table(tables, name))


def _of_table(tables: Tables, name: str) -> Iterator[_Part]:
    table = tables[name]
    stamps = ("day", "known_day") if CONTRACT[name].time else ()
    hidden, vouched = hidden_columns(name, tables.settings), vouched_columns(name, tables.settings)
    known_later: dict[str, list[str]] = {}
    for column, known in SHOWN_ONCE_KNOWN.get(name, {}).items():
        if column in table.columns:
            known_later.setdefault(known, []).append(column)
    apart = {*hidden, *vouched, *(column for columns in known_later.values() for column in columns)}
    fixed = tuple(column for column in table.columns if column not in apart)
    yield _Part(table, fixed, stamps)
    for known, columns in known_later.items():
        # with the row's other columns, or it would not be told whose end it is
        yield _Part(table, (*fixed, *columns), (*stamps, known), only_where=known)
    for column, since in vouched.items():
        if column in table.columns:
            yield _Part(table, (*fixed, column), stamps, floor=since - ONE_DAY)


def _sums(tables: Tables, part: _Part) -> list[tuple[dt.date, int, int]]:
    stamps = "".join(f", CAST({_quoted(one)} AS DATE)" for one in part.stamps)  # GREATEST passes over nulls
    where = f"WHERE {_quoted(part.only_where)} IS NOT NULL" if part.only_where else ""
    return _rows(
        tables,
        f"SELECT GREATEST({_day(part.floor)}{stamps}), {_hashed(part.columns)}, COUNT(*) "
        f"FROM ({_sql(part.table)}) {where} GROUP BY 1",
    )


def _of_accounts(tables: Tables, looks: pd.DataFrame) -> Iterator[tuple[dt.date, int, int]]:
    """Digest the accounts that each date looks at: a new customer changes nothing for the dates before it."""
    table, settings = tables["accounts"], tables.settings
    hidden, vouched = hidden_columns("accounts", settings), vouched_columns("accounts", settings)
    fixed = tuple(column for column in table.columns if column not in hidden and column not in vouched)
    grid = _sql(grid_of(tables, looks))
    seen: dict[tuple[str, ...], dt.date] = {fixed: ALWAYS}
    seen |= {(*fixed, column): since for column, since in vouched.items() if column in table.columns}
    for columns, since in seen.items():
        yield from _rows(
            tables,
            f"SELECT as_of, {_hashed(columns)}, COUNT(*) FROM ({_sql(table)}) JOIN ({grid}) "
            f"USING (account_id) WHERE as_of >= {_day(since)} GROUP BY 1 ORDER BY 1",
        )


def _before(sums: Sequence[tuple[dt.date, int, int]], dates: Sequence[dt.date]) -> dict[dt.date, tuple[int, int]]:
    """Add up what is stamped before each date."""
    made: dict[dt.date, tuple[int, int]] = {}
    left = sorted(sums, reverse=True)
    total = rows = 0
    for date in dates:
        while left and left[-1][0] < date:
            _, more, count = left.pop()
            total, rows = total + more, rows + count
        made[date] = (total, rows)
    return made


def _hashed(columns: Sequence[str]) -> str:
    # hashed once more: what combines the columns ends in an exclusive or, whose sums could cancel out
    return f"SUM(HASH(HASH({', '.join(map(_quoted, columns))})))"


def _sql(table: ir.Table) -> str:
    return str(ibis.to_sql(table, dialect="duckdb", pretty=False))


def _rows(tables: Tables, sql: str) -> list[tuple[dt.date, int, int]]:
    return _fetched(tables, sql)


def _fetched(tables: Tables, sql: str) -> list[Any]:
    connection: Any = tables.source.connection
    found: list[Any] = connection.raw_sql(sql).fetchall()
    return found


def _engine() -> str:
    import duckdb

    return f"duckdb {duckdb.__version__}"


def _day(day: dt.date) -> str:
    return f"DATE '{day.isoformat()}'"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
