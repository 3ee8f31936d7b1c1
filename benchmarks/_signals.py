"""The phases that `signals.py` measures, in this order, each in a process of its own.

Seconds are of the wall, from after the imports.
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from uptier.tables.clean import Tables

SEED = 5
THREADS = 2
TIMES = 3  # of which the best counts, where it is warm
RELATIVE = 1e-9
COLUMNS = ["account_id", "user_id", "occurred_at", "kind", "feature", "recorded_at"]
SCAN = "SELECT bit_xor(hash(account_id)), bit_xor(hash(user_id)), bit_xor(hash(occurred_at)) FROM '{events}'"
FLOOR = (
    "SELECT count(*), max(events) FROM (SELECT account_id, user_id, occurred_at::DATE AS day, count(*) AS events"
    " FROM '{events}' GROUP BY ALL)"
)


def made(arguments: argparse.Namespace) -> dict[str, Any]:
    """Make the world."""
    from _bursty import bursty

    bursty(arguments.folder, accounts=arguments.accounts, events=arguments.events, seed=SEED)
    return {}


def floor(arguments: argparse.Namespace) -> dict[str, Any]:
    """Scan the columns, and count by account, user and day: the best of three, warm."""
    import duckdb

    connection = duckdb.connect(config={"threads": THREADS})
    events = arguments.folder / "tables" / "usage_events" / "*.parquet"
    statements = {"scan_s": SCAN.format(events=events), "floor_s": FLOOR.format(events=events)}
    print(statements["floor_s"], file=sys.stderr)
    seconds = {}
    for name, statement in statements.items():
        runs = [timed(lambda sql=statement: connection.execute(sql).fetchall()) for _ in range(TIMES + 1)]
        seconds[name] = min(runs[1:])
    [counted] = connection.execute(f"SELECT count(*) FROM '{events}'").fetchall()
    return {**seconds, "events": counted[0]}


def from_raw(arguments: argparse.Namespace) -> dict[str, Any]:
    """Build the whole frame from an empty store."""
    shutil.rmtree(arguments.folder / "store", ignore_errors=True)
    return from_rollup(arguments)


def from_rollup(arguments: argparse.Namespace) -> dict[str, Any]:
    """Build the whole frame from what the store has."""
    from uptier.outcomes.snapshots import snapshots

    imported()
    clock = Clock()
    tables = opened(arguments.folder, clock)
    frame = framed(tables, snapshots(tables), clock)
    seconds = clock.total()
    frame.to_parquet(arguments.folder / "ours.parquet")
    return {
        "seconds": seconds,
        "steps": clock.steps,
        "rows": len(frame),
        "dates": frame["as_of"].nunique(),
        "n_signals": len(frame.columns) - 2,
    }


def one_date(arguments: argparse.Namespace) -> dict[str, Any]:
    """Build the frame of the last date from what the store has.

    Cold, in a process that has computed nothing yet; anew: project, tables and statements; and warm, as in a service or
    a notebook: tables open and statements compiled, for accounts that are looked up then.
    """
    import datetime as dt

    from uptier.outcomes.snapshots import running_at
    from uptier.signals.catalog import catalog
    from uptier.tables.history import history_of
    from uptier.tables.rollup import usage_rollup

    dates = [dt.date(2025, 2, 1)]

    def anew() -> None:
        clock = Clock()
        tables = opened(arguments.folder, clock)
        framed(tables, running_at(tables, dates), clock)

    cold, *warmer = (timed(anew) for _ in range(TIMES + 1))
    tables = opened(arguments.folder, Clock())
    rollup = usage_rollup(tables)
    _, *warm = (
        timed(lambda: catalog().frame(history_of(tables, running_at(tables, dates), rollup))) for _ in range(TIMES + 1)
    )
    return {"cold_s": cold, "anew_s": min(warmer), "warm_s": min(warm)}


def pandas(arguments: argparse.Namespace) -> dict[str, Any]:
    """Build the whole frame by pandas: read the tables, then compute."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq
    from _pandas import pandas_frame

    from uptier.thresholds import Thresholds

    pa.set_cpu_count(THREADS)
    looks = pd.read_parquet(arguments.folder / "ours.parquet", columns=["account_id", "as_of"])
    began = time.perf_counter()
    folder = arguments.folder / "tables"
    tables = {path.stem: pq.read_table(path).to_pandas() for path in folder.glob("*.parquet")}
    # ids and names as categories: read many times faster than as text
    read = ds.ParquetFileFormat(dictionary_columns=["account_id", "user_id", "kind", "feature"])
    events = ds.dataset(folder / "usage_events", format=read).to_table(columns=COLUMNS)
    tables["usage_events"] = events.unify_dictionaries().to_pandas(split_blocks=True, self_destruct=True)
    reading = time.perf_counter() - began
    frame = pandas_frame(tables, looks, Thresholds())
    seconds = time.perf_counter() - began
    frame.to_parquet(arguments.folder / "theirs.parquet")
    return {"seconds": seconds, "reading_s": reading}


def compared(arguments: argparse.Namespace) -> dict[str, Any]:
    """Name the signals in which the two frames differ."""
    import numpy as np
    import pandas as pd

    ours, theirs = (pd.read_parquet(arguments.folder / f"{whose}.parquet") for whose in ("ours", "theirs"))
    if set(ours) != set(theirs) or len(ours) != len(theirs):
        raise ValueError(f"not the same frames: {sorted(set(ours) ^ set(theirs))}, {len(ours)} and {len(theirs)} rows")
    differing = []
    for name in ours:
        one, other = ours[name], theirs[name]
        both = one.isna() & other.isna()
        if pd.api.types.is_numeric_dtype(one):
            same = np.isclose(one, other.astype("float64"), rtol=RELATIVE, atol=0.0)
        else:
            same = (one == other).fillna(False).to_numpy(dtype=bool)
        if not (same | both).all():
            differing.append(name)
    return {"differing": differing}


def check(arguments: argparse.Namespace) -> dict[str, Any]:
    """Check the project, as the verb does."""
    from uptier.project import Project

    project = Project(arguments.folder / "bursty.yaml")
    return {"seconds": timed(project.check)}


def append(arguments: argparse.Namespace) -> dict[str, Any]:
    """Append the file of a new day, late rows of the days before included, to the rollup in the store."""
    import duckdb

    events = arguments.folder / "tables" / "usage_events"
    last = f"(SELECT max(occurred_at)::DATE FROM '{events}/*.parquet')"
    one = "INTERVAL 1 DAY"
    duckdb.execute(
        f"COPY (SELECT * REPLACE ('new' || event_id AS event_id, (occurred_at + {one}) AS occurred_at,"
        f" (recorded_at + {one}) AS recorded_at) FROM '{events}/*.parquet' WHERE recorded_at::DATE = {last})"
        f" TO '{events / 'new_day.parquet'}'"
    )
    return rolled(arguments)


def rebuild(arguments: argparse.Namespace) -> dict[str, Any]:
    """Roll up the same events from an empty store."""
    shutil.rmtree(arguments.folder / "store")
    return rolled(arguments)


def rolled(arguments: argparse.Namespace) -> dict[str, Any]:
    """Bring the rollup in the store up to date."""
    from uptier.tables.rollup import usage_rollup

    imported()
    tables = opened(arguments.folder, Clock())
    return {"rollup_s": timed(lambda: usage_rollup(tables))}


PHASES: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    one.__name__: one
    for one in (made, floor, from_raw, from_rollup, one_date, pandas, compared, check, append, rebuild)
}


# what they share ----------------------------------------------------------------------------------------------------


def imported() -> None:
    """Import what is about to be timed."""
    for module in ("settings", "outcomes.snapshots", "signals.catalog", "tables.rollup", "tables.source"):
        importlib.import_module(f"uptier.{module}")
    for module in ("pandas", "pyarrow.parquet"):
        importlib.import_module(module)
    # families are imported once they are asked for
    importlib.import_module("uptier.signals.catalog").catalog()


class Clock:
    """Seconds, step by step."""

    def __init__(self) -> None:
        self.began = self.now = time.perf_counter()
        self.steps: dict[str, float] = {}

    def step(self, name: str) -> None:
        """Note what has been done since the step before."""
        before, self.now = self.now, time.perf_counter()
        self.steps[name] = self.now - before

    def total(self) -> float:
        """Give the seconds since it began."""
        return time.perf_counter() - self.began


def opened(folder: Path, clock: Clock) -> Tables:
    """Give the project's clean tables."""
    from uptier.settings import read_settings
    from uptier.tables.clean import clean
    from uptier.tables.contracts import CONTRACT
    from uptier.tables.mapping import map_table
    from uptier.tables.source import connect

    settings = read_settings(folder / "bursty.yaml")
    source = connect(settings.source)
    source.connection.raw_sql(f"SET threads = {THREADS}")
    mapped = {name: one for name in CONTRACT if (one := map_table(source, settings, name)) is not None}
    # the check, which is timed apart, finds that no row stands twice
    tables = clean(source, settings, mapped, repeated=frozenset())
    clock.step("tables")
    return tables


def framed(tables: Tables, looks: pd.DataFrame, clock: Clock) -> pd.DataFrame:
    """Give all signals of some looks."""
    from uptier.signals.catalog import catalog
    from uptier.tables.history import history_of
    from uptier.tables.rollup import usage_rollup

    clock.step("looks")
    rollup = usage_rollup(tables)
    clock.step("rollup")
    frame = catalog().frame(history_of(tables, looks, rollup))
    clock.step("frame")
    return frame


def timed(done: Callable[[], object]) -> float:
    """Give the seconds that something takes."""
    began = time.perf_counter()
    done()
    return time.perf_counter() - began
