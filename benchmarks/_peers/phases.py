"""The phases of `peers_signals.py` that run beside uptier: the world, uptier's own part, and the comparison."""

from __future__ import annotations

import argparse
import json
import shutil
from typing import TYPE_CHECKING, Any

from _signals import Clock, imported, opened

from _peers.parts import LEFT_OUT, TSFRESH
from _peers.spent import Spent

if TYPE_CHECKING:
    from uptier.signals.signal import Signal

SEED = 5
PEERS = ("featuretools", "tsfresh")


def part_of(peer: str) -> tuple[Signal, ...]:
    """Give the signals of the catalogue that a peer expresses."""
    from uptier.signals.catalog import catalog

    if peer == "tsfresh":
        return tuple(catalog().signal(name) for name in TSFRESH)
    return tuple(one for one in catalog().signals if one.name not in LEFT_OUT)


def made(arguments: argparse.Namespace) -> dict[str, Any]:
    """Make the world, and write down who is looked at when, thresholds, and the names of each peer's signals."""
    from _bursty import bursty

    from uptier.outcomes.snapshots import snapshots
    from uptier.signals.catalog import catalog
    from uptier.thresholds import Thresholds

    folder = arguments.folder
    bursty(folder, accounts=arguments.accounts, events=arguments.events, seed=SEED)
    tables = opened(folder, Clock())
    looks = snapshots(tables)
    looks.to_parquet(folder / "looks.parquet")
    (folder / "thresholds.json").write_text(Thresholds().model_dump_json())
    for peer in PEERS:
        (folder / peer).mkdir()
        (folder / peer / "signals.json").write_text(json.dumps([one.name for one in part_of(peer)]))
    return {
        "events": int(tables["usage_events"].count().to_pandas()),
        "accounts": arguments.accounts,
        "dates": looks["as_of"].nunique(),
        "rows": len(looks),
        "signals": len(catalog().signals),
    }


def ours(arguments: argparse.Namespace) -> dict[str, Any]:
    """Build the frame of a peer's signals from an empty store."""
    import pandas as pd

    from uptier.signals.catalog import Catalog
    from uptier.tables.history import history_of
    from uptier.tables.rollup import usage_rollup

    folder = arguments.folder
    shutil.rmtree(folder / "store", ignore_errors=True)
    imported()
    signals = part_of(arguments.peer)
    spent, clock = Spent(), Clock()
    looks = pd.read_parquet(folder / "looks.parquet")
    tables = opened(folder, clock)
    rollup = usage_rollup(tables)
    clock.step("rollup")
    frame = Catalog(signals, ()).frame(history_of(tables, looks, rollup))
    clock.step("frame")
    found = spent.told()
    frame.to_parquet(folder / arguments.peer / "ours.parquet")
    return found | {"steps": clock.steps, "signals": len(signals)}


def compared(arguments: argparse.Namespace) -> dict[str, Any]:
    """Name the signals in which the two frames differ, and those of which a comparison says nothing."""
    import pandas as pd
    from _signals import compared as differing

    folder = arguments.folder / arguments.peer
    frame = pd.read_parquet(folder / "ours.parquet")
    same = [name for name in frame.columns[2:] if frame[name].nunique() < 2]
    return differing(argparse.Namespace(folder=folder)) | {"never_varying": same}


PHASES = {one.__name__: one for one in (made, ours, compared)}
