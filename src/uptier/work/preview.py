"""What computing the signals would read and build, told before a run: from metadata, and from what is kept.

No signal is computed and no event is read. The small tables are, since they say who is looked at; usage only where its
rollup is kept already.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis

from uptier.signals import frames
from uptier.tables.clean import Tables
from uptier.tables.history import History, grid_of
from uptier.tables.rolling import DAYS, PEOPLE, TOUCHES, Rollup, rolled_up, usage_of
from uptier.tables.rollup import kept_rollup

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.tables.mapping import Mapped
    from uptier.work.material import Material

USAGE_TABLES = ("usage_events", "usage_daily")
TEMPORARY = re.compile(r'"temp"\."main"\."ibis_(\w+?)_[a-z0-9]{26}"')
UNUSED = frozenset({"event_id", "session_id"})  # of events, where nobody looks for doubles


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A table that would be read.

    Attributes
    ----------
    table : str
        Canonical name, or a part of the kept rollup.
    origin : str
        What it is called in the source; ``(SELECT)`` for one of the project's own.
    columns : tuple of str
        The columns of it, as the source calls them.
    files : int
        How many files it lies in; 0 for a server.
    rows : int or None
        None where only reading could tell.
    bytes : int or None
        As stored, of these columns alone where the file tells, else of the whole file; None for a server.
    """

    table: str
    origin: str
    columns: tuple[str, ...]
    files: int
    rows: int | None
    bytes: int | None


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How far a group of questions looks back.

    Attributes
    ----------
    plan : str
        The group, which one pass answers.
    questions : int
        How many different ones are asked.
    days : int
        Length of the longest window, with the days between it and the as-of date.
    periods : int
        Billing periods that are looked back on; 0 for none.
    ever : bool
        Whether one of them looks at all that is known.
    """

    plan: str
    questions: int
    days: int
    periods: int
    ever: bool


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What `uptier signals` would do.

    Attributes
    ----------
    checked : bool
        Whether a check of the same files is kept; else the run begins with one, which reads every column.
    rollup : str
        ``kept``, ``to be built`` from events, ``on the server``, or ``none`` where there is no usage.
    looks : int
        Pairs of an account and an as-of date.
    dates : tuple of date
        The as-of dates.
    stale : tuple of date, or None
        Those that would be computed; None where that is not known before the usage is rolled up.
    readings : tuple of Reading
        What would be read.
    reaches : tuple of Reach
        How far back it is looked.
    signals : int
        How many there are.
    unavailable : dict of str to tuple of str
        Signals that the tables do not allow, and what they lack.
    sql : tuple of (str, str)
        What is kept on the way, by name, and its statement; the last gives the frame.
    """

    checked: bool
    rollup: str
    looks: int
    dates: tuple[dt.date, ...]
    stale: tuple[dt.date, ...] | None
    readings: tuple[Reading, ...]
    reaches: tuple[Reach, ...]
    signals: int
    unavailable: dict[str, tuple[str, ...]]
    sql: tuple[tuple[str, str], ...]


def preview(material: Material, as_of: dt.date | None, folder: Path) -> Preview:
    """Say what computing the signals would read and build.

    Parameters
    ----------
    material : Material
        The project's data.
    as_of : date or None
        The date; None for all months.
    folder : Path
        Where the frame is kept.

    Returns
    -------
    Preview
        Tables, columns, windows, looks, partitions, and the SQL.

    Raises
    ------
    FindingsError
        If the last check found errors that the project has not accepted.
    """
    checked = material.unchecked()
    tables = material.tables
    looks = material.looks(as_of)
    dates = tuple(sorted({moment.date() for moment in looks["as_of"].dt.to_pydatetime()}))
    usage, rollup = _usage(tables)
    stale: tuple[dt.date, ...] | None = dates
    if rollup in ("kept", "none"):
        kept = frames.unchanged(folder, material.digests(looks, usage))
        stale = tuple(date for date in dates if date not in kept)
    elif rollup == "to be built" and frames.on_disk(folder) is not None:
        stale = None
    planned = _Noting(tables, grid_of(tables, looks), usage)
    plan = material.catalog.plan(planned)
    return Preview(
        checked=checked,
        rollup=rollup,
        looks=len(looks),
        dates=dates,
        stale=stale,
        readings=tuple(_readings(material, rollup)),
        reaches=tuple(_reaches(material)),
        signals=len(material.catalog.signals),
        unavailable=plan.unavailable,
        sql=(*((name, _sql(one, material)) for name, one in planned.noted), ("frame", _sql(plan.table, material))),
    )


@dataclass(frozen=True)
class _Noting(History):
    """A past of which nothing is computed: what would be kept on the way is noted, and stands in under a name."""

    noted: list[tuple[str, ir.Table]] = field(default_factory=list)

    def kept(self, answer: ir.Table) -> ir.Table:
        name = f"answer_{len(self.noted) + 1}"
        self.noted.append((name, answer))
        stand_in: ir.Table = ibis.table(answer.schema(), name=name)
        return stand_in


def _usage(tables: Tables) -> tuple[Rollup | None, str]:
    usage = usage_of(tables)
    if usage is None:
        return None, "none"
    if not tables.source.is_ours:
        # without the names of features, for which the usage would have to be read
        return rolled_up(usage, ()), "on the server"
    kept = kept_rollup(tables)
    return (kept, "kept") if kept is not None else (_stand_in(usage), "to be built")


def _stand_in(usage: ir.Table) -> Rollup:
    """Give the tables of a rollup that is still to be built, for their names in statements."""
    counts = dict.fromkeys(("events", "logins", "first", "bits_0"), "int64")
    schemas: dict[str, dict[str, str]] = {
        "days": {**_keys(DAYS), **counts, "users": "int64", "users_so_far": "int64"},
        "touches": {**_keys(TOUCHES), "events": "int64", "bits_0": "int64"},
        "people": {**_keys(PEOPLE), **counts},
    }
    tables = {name: ibis.table(schema, name=f"rollup_{name}") for name, schema in schemas.items()}
    people = tables["people"] if "user_id" in usage.columns else None
    return Rollup(tables["days"], tables["touches"], people, ())


def _keys(names: list[str]) -> dict[str, str]:
    kinds = {"account_id": "string", "user_id": "string", "day": "date", "known_day": "date"}
    return {name: kinds.get(name, "int64") for name in names}


def _sql(table: ir.Table, material: Material) -> str:
    sql = str(ibis.to_sql(table, dialect=material.tables.source.connection.name))
    # temporary tables have names of their own; those that they were made from say more
    sql = TEMPORARY.sub(r'"\1"', sql)
    for one in material.forgotten_ids:
        sql = sql.replace("'" + one.replace("'", "''") + "'", "'(forgotten)'")
    return sql


def _reaches(material: Material) -> Iterator[Reach]:
    measures = material.catalog.measures(material.tables.has, material.settings.thresholds)
    for one in material.catalog.signals:
        one(measures)
    groups: dict[str, list[Any]] = {}
    for column, asked in measures.asked.items():
        if column not in measures.unanswerable:
            groups.setdefault(asked.plan, []).append(asked)
    for plan, questions in groups.items():
        yield Reach(
            plan=plan,
            questions=len(questions),
            days=max(one.last + one.before for one in questions),
            periods=max(one.period for one in questions),
            ever=any(not one.last and not one.period for one in questions),
        )


def _readings(material: Material, rollup: str) -> Iterator[Reading]:
    for name, one in material.checked[1].items():
        if name not in USAGE_TABLES:
            yield _reading(material, one, tuple(sorted(set(one.origin.values()))))
        elif rollup in ("to be built", "on the server"):
            yield _reading(material, one, _usage_columns(material, one))
    if rollup == "kept":
        files = sorted((material.settings.store / "rollup").rglob("*.parquet"))
        for part in ("people", "days", "touches"):
            some = [file for file in files if part in file.parts]
            if some:
                columns, rows, size = _of_parquet(some, None)
                name = f"rollup of {part}"
                yield Reading(
                    table=name, origin="in the store", columns=columns, files=len(some), rows=rows, bytes=size
                )


def _usage_columns(material: Material, one: Mapped) -> tuple[str, ...]:
    repeated = material.repeated
    treated = any(accepted.code == "duplicate-key" for accepted in material.settings.accept)
    spared = UNUSED if repeated is not None and one.name not in repeated and not treated else frozenset()
    return tuple(sorted({theirs for ours, theirs in one.origin.items() if ours not in spared}))


def _reading(material: Material, one: Mapped, columns: tuple[str, ...]) -> Reading:
    wanted = material.settings.table(one.name)
    origin = "(SELECT)" if wanted.sql is not None else wanted.source or one.name
    files = [] if wanted.sql is not None else _files(material, origin)
    rows: int | None = None
    size: int | None = None
    if files and all(file.suffix == ".parquet" for file in files):
        _, rows, size = _of_parquet(files, set(columns))
    elif files:
        size = sum(file.stat().st_size for file in files)
    return Reading(table=one.name, origin=origin, columns=columns, files=len(files), rows=rows, bytes=size)


def _files(material: Material, origin: str) -> list[Path]:
    folder = Path(material.source.address)
    if not folder.is_dir():  # a server, or a DuckDB file, which does not tell what a table takes
        return []
    places = ((file, file.relative_to(folder)) for file in material.source.files)
    return [file for file, place in places if origin in (place.parts[0], place.with_suffix("").as_posix())]


def _of_parquet(files: Iterable[Path], columns: set[str] | None) -> tuple[tuple[str, ...], int, int]:
    """Read from the footers of Parquet files: columns, rows, and bytes of some columns or of all."""
    import pyarrow.parquet as pq

    names: dict[str, None] = {}
    rows = size = 0
    for file in files:
        about = pq.read_metadata(file)
        rows += about.num_rows
        names |= dict.fromkeys(about.schema.to_arrow_schema().names)
        for group in (about.row_group(number) for number in range(about.num_row_groups)):
            for chunk in (group.column(number) for number in range(group.num_columns)):
                if columns is None or chunk.path_in_schema.partition(".")[0] in columns:
                    size += chunk.total_compressed_size
    return tuple(names), rows, size
