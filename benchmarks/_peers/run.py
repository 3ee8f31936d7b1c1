"""One peer in its own interpreter: reads the tables, computes, and writes the frame of its signals.

`peers_signals.py` runs it. It imports nothing of uptier.
"""

from __future__ import annotations

import argparse
import importlib
import json
import platform
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pandas as pd

from _peers.forming import formed
from _peers.spent import Spent

MODULES = {"featuretools": "deep", "tsfresh": "series"}


def main() -> None:
    """Run the peer, and say what it took."""
    parser = argparse.ArgumentParser(description="Compute signals by another library.")
    parser.add_argument("--peer", choices=sorted(MODULES), required=True, help="which")
    parser.add_argument("--folder", type=Path, required=True, help="the world")
    parser.add_argument("--jobs", type=int, required=True, help="processes")
    arguments = parser.parse_args()
    folder = arguments.folder
    measured = importlib.import_module(f"_peers.{MODULES[arguments.peer]}").measured
    names = json.loads((folder / arguments.peer / "signals.json").read_text())
    thresholds = SimpleNamespace(**json.loads((folder / "thresholds.json").read_text()))
    spent = Spent()
    looks = pd.read_parquet(folder / "looks.parquet")
    frame = formed(measured(folder / "tables", looks, thresholds, arguments.jobs), names, thresholds)
    found = spent.told()
    frame.to_parquet(folder / arguments.peer / "theirs.parquet")
    versions = {one: version(one) for one in (arguments.peer, "pandas")} | {"python": platform.python_version()}
    print(json.dumps(found | {"versions": versions}))


if __name__ == "__main__":
    main()
