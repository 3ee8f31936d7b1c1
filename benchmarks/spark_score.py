"""`uptier score` on Spark, from the tables to scorecard and worklist: what DuckDB gives, account by account.

The demo's company is trained by DuckDB. Then two projects score one date by that same champion: one reads its folder
by DuckDB, the other is the same YAML with `backend: spark` and a store of its own, on a Spark of two cores within this
process. Everything that scoring writes is compared: each column of the scorecard and of the worklist, numbers to 1e-9
and all else, sentences too, exactly. `seconds` are a whole run of each: engine started, tables checked, usage rolled
up.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

SEED = 7
TOLERANCE = 1e-9  # relative; signals are quotients of whole numbers


def main() -> None:
    """Score by both engines, and print the line."""
    from uptier import Project
    from uptier.simulate.demo import demo_project
    from uptier.training.connection import DATABASE

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    with tempfile.TemporaryDirectory() as scratch:
        config = demo_project(Path(scratch), seed=SEED)
        said("a company", began := time.perf_counter())
        trained = Project(config)
        passed = sorted(name for name, one in trained.train().trained.judgements.items() if one.passed)
        said(f"trained, {', '.join(passed)} passed", began)
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{trained.settings.store / DATABASE}"
        text = config.read_text(encoding="utf-8")
        scored, seconds = {}, {}
        for engine, more in (("duckdb", ""), ("spark", "backend: spark\n")):
            own = config.with_name(f"{engine}.yaml")
            lines = [f"store: ./by-{engine}" if one.startswith("store:") else one for one in text.splitlines()]
            own.write_text("\n".join([*lines, more]), encoding="utf-8")
            started = time.perf_counter()
            scored[engine] = Project(own).score()
            seconds[engine] = time.perf_counter() - started
            said(f"scored by {engine} in {seconds[engine]:.0f} s", began)
        ours, theirs = scored["duckdb"], scored["spark"]
        different = {
            "scorecard": differing(ours.scorecard, theirs.scorecard, "account_id"),
            "worklist": differing(ours.worklist, theirs.worklist, "uptier_key"),
        }
    card = ours.scorecard
    figures = {
        "accounts": len(card),
        "listed": 0 if ours.worklist is None else int(ours.worklist["rank"].notna().sum()),
        "heads_passed": passed,
        "by_model": bool(ours.version and ours.version == theirs.version),
        "columns": len(card.columns) + (0 if ours.worklist is None else len(ours.worklist.columns)),
        "different": different,
        "seconds": seconds,
    }
    line = {
        "name": "spark_score",
        "sizes": {"accounts": len(card), "threads": 2},
        "seed": SEED,
        "figures": figures,
        "bounds": {"cells_that_differ": 0, "by_model": True, "heads_passed_at_least": 1},
        "met": not any(different.values()) and figures["by_model"] and bool(passed),
    }
    print(json.dumps(line))


def differing(ours: pd.DataFrame | None, theirs: pd.DataFrame | None, key: str) -> dict[str, int]:
    """Count the cells that differ, by column; a row or a column that only one has is one too."""
    if ours is None or theirs is None:
        return {"table": 1}
    one, other = (table.set_index(key).sort_index() for table in (ours, theirs))
    found = {}
    if not one.index.equals(other.index):
        found["rows"] = len(one.index.symmetric_difference(other.index))
    for column in one.columns.symmetric_difference(other.columns):
        found[str(column)] = len(one)
    both, columns = one.index.intersection(other.index), one.columns.intersection(other.columns)
    for column in columns:
        mine, its = one.loc[both, column], other.loc[both, column]
        same = (mine.isna() & its.isna()) | (mine == its)
        if pd.api.types.is_float_dtype(mine) and pd.api.types.is_float_dtype(its):
            same |= (mine - its).abs() <= TOLERANCE * mine.abs()
        if not same.all():
            found[str(column)] = int((~same).sum())
    return found


def said(what: str, began: float) -> None:
    """Say how far things are."""
    print(f"{time.perf_counter() - began:6.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
