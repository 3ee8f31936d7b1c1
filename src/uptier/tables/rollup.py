"""The usage rollup of a project, kept in its store: made once, then appended as new files of events appear.

What is new is told by the files of the source. New files are read for the days that they touch; those days are rolled
up again from all files, so that late rows and rows that stand in two files count as they would in a rebuild. Months
without such a day are left as they are.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis

from uptier.store import cannot_write, write_whole
from uptier.tables.rolling import Rollup, features_of, rolled_up, usage_of, words_of
from uptier.tables.uncollected import uncollected

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.tables.clean import Tables

__all__ = ["Rollup", "kept_rollup", "unbuilt_rollup", "usage_rollup"]

LAYOUT = 2  # raised when the tables of the rollup change: older ones are made anew
MANIFEST = "manifest.json"
PARTS = ("people", "days", "touches")
COUNTS = ("events", "logins", "users", "users_so_far")


@dataclass(frozen=True)
class _Manifest:
    """What the kept rollup is of, and where it is.

    Attributes
    ----------
    reading : str
        Hash of how usage is read: mapping, treatments, and the layout of the rollup.
    files : dict
        Name of each file of usage to its size and time of change.
    accounts : str
        Hash of who is a customer: usage of nobody else is in it.
    features : list of str
        All features, in the order of their bits.
    generation : int
        Counts the times it was written.
    months : dict
        Table of the rollup to month to its files, relative to the folder.
    """

    reading: str
    files: dict[str, list[int]]
    accounts: str = ""
    features: list[str] = field(default_factory=list)
    generation: int = 0
    months: dict[str, dict[str, list[str]]] = field(default_factory=dict)


def usage_rollup(tables: Tables) -> Rollup | None:
    """Roll up a project's usage, or read what the store has of the same data, with what is new appended.

    Parameters
    ----------
    tables : Tables
        The project's clean tables.

    Returns
    -------
    Rollup or None
        None if there is no usage table.

    Raises
    ------
    StoreError
        If the store cannot be written.
    """
    usage = usage_of(tables)
    if usage is None:
        return None
    if not tables.source.is_ours:
        return unbuilt_rollup(tables)
    folder = tables.settings.store / "rollup"
    now, kept = _now(tables, usage), _read(folder)
    if kept is None or not _same(kept, now):
        with uncollected():
            appended = None if kept is None else _appended(tables, usage, folder, kept, now)
            kept = appended or _built(tables, usage, folder, now, generation=0 if kept is None else kept.generation + 1)
    return _opened(tables, folder, kept)


def kept_rollup(tables: Tables) -> Rollup | None:
    """Read the rollup that the store has of the data as they are now.

    Parameters
    ----------
    tables : Tables
        The project's clean tables.

    Returns
    -------
    Rollup or None
        None if there is none, or it is of other data: it would have to be made or appended.
    """
    usage = usage_of(tables)
    if usage is None or not tables.source.is_ours:
        return None
    folder = tables.settings.store / "rollup"
    kept = _read(folder)
    return _opened(tables, folder, kept) if kept is not None and _same(kept, _now(tables, usage)) else None


def unbuilt_rollup(tables: Tables) -> Rollup | None:
    """Roll up a project's usage where nothing is kept in a store: on servers, on Spark, for a look at the SQL.

    Parameters
    ----------
    tables : Tables
        The project's clean tables.

    Returns
    -------
    Rollup or None
        Expressions, for which only the names of features have been read; None if there is no usage table.
    """
    usage = usage_of(tables)
    if usage is None:
        return None
    source = tables.source
    keeps = source.is_ours or source.connection.name == "pyspark"  # on a server nothing is created
    return rolled_up(usage, features_of(usage), source.kept if keeps else None)


# what there is ------------------------------------------------------------------------------------------------------


def _now(tables: Tables, usage: ir.Table) -> _Manifest:
    reading = f"{LAYOUT}\n{ibis.to_sql(usage)}"
    files, alone = _files(tables)
    if not alone:
        reading += "\nof several tables"
    stats = {str(file): file.stat() for file in files}
    accounts = sorted(map(str, tables["accounts"].select("account_id").to_pandas()["account_id"]))
    return _Manifest(
        reading=hashlib.sha256(reading.encode()).hexdigest(),
        files={name: [stat.st_size, stat.st_mtime_ns] for name, stat in stats.items()},
        accounts=hashlib.sha256("\n".join(accounts).encode()).hexdigest(),
    )


def _files(tables: Tables) -> tuple[list[Path], bool]:
    """List the files that usage is read from, and say whether each row of usage comes from one of them alone."""
    name = "usage_events" if "usage_events" in tables else "usage_daily"
    settings = tables.settings.table(name)
    entry = settings.source or name
    own = [file for file in tables.source.files if _entry(tables, file) == entry]
    outside = any(one.code == "usage-outside-subscription" for one in tables.settings.accept)
    if settings.sql is not None or settings.identity is not None or outside or not own:
        return list(tables.source.files), False
    return own, True


def _entry(tables: Tables, file: Path) -> str:
    """Name the table of the source that a file is of."""
    folder = Path(tables.source.address)
    inside = file.relative_to(folder) if file.is_relative_to(folder) else Path(file.name)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def _same(kept: _Manifest, now: _Manifest) -> bool:
    return (kept.reading, kept.files, kept.accounts) == (now.reading, now.files, now.accounts)


def _read(folder: Path) -> _Manifest | None:
    try:
        kept = _Manifest(**json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
        whole = all(_readable(folder / file) for file in _listed(kept))
    except (OSError, ValueError, TypeError, AttributeError):
        # whatever else stands there is no manifest of ours
        return None
    return kept if whole else None


def _listed(kept: _Manifest) -> list[str]:
    return [file for months in kept.months.values() for files in months.values() for file in files]


def _readable(path: Path) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.read_metadata(path)
    except (OSError, pa.ArrowInvalid):
        # what was damaged is made anew
        return False
    return True


def _opened(tables: Tables, folder: Path, kept: _Manifest) -> Rollup:
    opened = {part: _table(tables, folder, kept.months[part]) for part in PARTS if part in kept.months}
    return Rollup(opened["days"], opened["touches"], opened.get("people"), tuple(kept.features))


def _table(tables: Tables, folder: Path, months: Mapping[str, Sequence[str]]) -> ir.Table:
    paths = [str(folder / file) for files in months.values() for file in files]
    return tables.source.connection.read_parquet(
        paths, table_name=ibis.util.gen_name("rollup"), hive_partitioning=False
    )


# making and appending -----------------------------------------------------------------------------------------------


def _built(tables: Tables, usage: ir.Table, folder: Path, now: _Manifest, *, generation: int) -> _Manifest:
    features = features_of(usage)
    with tables.source.meanwhile() as kept:
        return _write(tables, rolled_up(usage, features, kept), folder, now, generation=generation)


def _appended(tables: Tables, usage: ir.Table, folder: Path, kept: _Manifest, now: _Manifest) -> _Manifest | None:
    """Append what new files and new accounts bring; None where that is not all, or not enough is known."""
    fresh = sorted(set(now.files) - set(kept.files))
    older = {name: stat for name, stat in now.files.items() if name in kept.files}
    if kept.reading != now.reading or older != kept.files or not _files(tables)[1]:
        return None
    if any(not name.endswith(".parquet") for name in fresh):
        return None
    new = [_of_files(tables, usage, fresh)] if fresh else []
    if kept.accounts != now.accounts:
        seen = _table(tables, folder, kept.months["days"]).select("account_id").distinct()
        if seen.anti_join(tables["accounts"], "account_id").count().to_pandas():
            return None
        # who became a customer may have used the product before
        new.append(usage.semi_join(tables["accounts"].anti_join(seen, "account_id"), "account_id"))
    told = [some.select("day", "feature").distinct().to_pandas() for some in new]
    touched = sorted({day for some in told for day in some["day"]})
    if not touched:
        return _commit(folder, now, kept.features, kept.generation + 1, kept.months)
    named = sorted({name for some in told for name in some["feature"].dropna()} - set(kept.features))
    features = [*kept.features, *named]
    if len(words_of(features)) != len(words_of(kept.features)):
        # another word of bits would be another column in every month
        return None
    months = sorted({f"{day:%Y-%m}" for day in touched})
    beside = {
        part: _table(
            tables, folder, {month: kept.months[part][month] for month in months if month in kept.months[part]}
        )
        for part in kept.months
        if any(month in kept.months[part] for month in months)
    }
    kept_rows = {part: table.filter(~table.day.isin(touched)) for part, table in beside.items()}
    generation = kept.generation + 1
    with tables.source.meanwhile() as kept_meanwhile:
        rolled = rolled_up(_on(usage, touched), features, kept_meanwhile)
        return _write(
            tables, rolled, folder, now, generation=generation, beside=kept_rows, older=kept.months, months=months
        )


def _of_files(tables: Tables, usage: ir.Table, files: Sequence[str]) -> ir.Table:
    """Give the usage that some of the files hold: the same expression over them alone."""
    connection = tables.source.connection
    name = "usage_events" if "usage_events" in tables else "usage_daily"
    entry = tables.settings.table(name).source or name
    fresh = connection.read_parquet(list(files), table_name=ibis.util.gen_name("fresh"))
    base = connection.table(entry)
    fresh = fresh.select(*base.columns).cast(base.schema())
    return usage.op().replace({base.op(): fresh.op()}).to_expr()


def _on(usage: ir.Table, days: Sequence[dt.date]) -> ir.Table:
    """Keep the usage of some days, by the column that files are sorted by too."""
    first, last = min(days), max(days)
    some = usage.filter(usage.day.isin([ibis.date(f"{day:%Y-%m-%d}") for day in days]))
    if "occurred_at" not in usage.columns:
        return some
    until = dt.datetime.combine(last, dt.time()) + dt.timedelta(days=1)
    began = dt.datetime.combine(first, dt.time())
    return some.filter(some.occurred_at >= began, some.occurred_at < until)


def _write(
    tables: Tables,
    rolled: Rollup,
    folder: Path,
    now: _Manifest,
    *,
    generation: int,
    beside: Mapping[str, ir.Table] | None = None,
    older: Mapping[str, Mapping[str, list[str]]] | None = None,
    months: Sequence[str] = (),
) -> _Manifest:
    here = folder / f"{generation:06d}"
    written: dict[str, dict[str, list[str]]] = {}
    parts = {"people": rolled.people, "days": rolled.days, "touches": rolled.touches}
    for part, table in parts.items():
        if table is None:
            continue
        if beside and part in beside:
            table = table.select(*beside[part].columns).cast(beside[part].schema()).union(beside[part])
        kept = {month: list(files) for month, files in (older or {}).get(part, {}).items() if month not in months}
        written[part] = kept | _partitioned(table, here / part, folder, alone=not kept)
    return _commit(folder, now, list(rolled.features), generation, written)


def _partitioned(table: ir.Table, here: Path, folder: Path, *, alone: bool) -> dict[str, list[str]]:
    """Write a table, a folder for each month, and give its files by month; at least one file where it stands alone."""
    import duckdb

    try:
        shutil.rmtree(here, ignore_errors=True)  # of a run that was killed
        here.mkdir(parents=True)
        # the engine's own sums are wider than a file can hold, and would be written as floats
        whole = {name: table[name].cast("decimal(18, 0)").cast("int64") for name in COUNTS if name in table.columns}
        rows = table.mutate(month=table.day.strftime("%Y-%m"), **whole)
        rows.to_parquet(here, partition_by="month", compression="zstd")
        if alone and not list(here.rglob("*.parquet")):
            # nothing happened of that sort: a file without rows still says which columns there are
            (here / "month=").mkdir()
            rows.drop("month").limit(0).to_parquet(here / "month=" / "none.parquet")
    except OSError as error:
        raise cannot_write(here, error) from None
    except duckdb.IOException as error:
        # the engine's own word for a full disk or a folder that may not be written
        raise cannot_write(here, OSError(str(error))) from None
    months: dict[str, list[str]] = {}
    for file in sorted(here.rglob("*.parquet")):
        months.setdefault(file.parent.name.removeprefix("month="), []).append(str(file.relative_to(folder)))
    return months


def _commit(folder: Path, now: _Manifest, features: list[str], generation: int, months: Mapping[str, Any]) -> _Manifest:
    manifest = _Manifest(now.reading, now.files, now.accounts, features, generation, dict(months))
    # what it lists is there before it, and what it no longer lists goes after it: a killed run loses nothing
    write_whole(folder / MANIFEST, lambda fresh: fresh.write_text(json.dumps(manifest.__dict__), encoding="utf-8"))
    listed = set(_listed(manifest))
    for file in folder.rglob("*.parquet"):
        if str(file.relative_to(folder)) not in listed:
            file.unlink(missing_ok=True)
    for empty in sorted(folder.rglob("*"), reverse=True):
        if empty.is_dir():
            with contextlib.suppress(OSError):
                empty.rmdir()
    return manifest
