"""The demo's champion, found by its alias in a fresh process, predicts what it predicted in memory, to 1e-12.

On all monthly looks at the demo's accounts, with nulls, categories that nobody saw and columns in another order.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.end_to_end.test_round_trip import FRESH, MISSING, hardened
from uptier.project import Project
from uptier.simulate.demo import demo_project

SEED = 7
DIFFERENCE_AT_MOST = 1e-12


def main() -> None:
    """Train, load and compare, and print the line."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = Project(demo_project(folder, seed=SEED))
        training = project.train()
        frame = hardened(project.frame())
        frame.to_parquet(folder / "frame.parquet")
        address = f"sqlite:///{project.settings.store / 'mlflow.db'}"
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "MLFLOW"))}
        said = subprocess.run(
            [sys.executable, "-c", FRESH, address, folder / "frame.parquet", folder / "made.parquet", MISSING],
            env={**clean, "MLFLOW_DISABLE_TELEMETRY": "true"},
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout.strip()
        made = pd.read_parquet(folder / "made.parquet")
    expected = training.trained.bundle.probabilities(frame)
    difference = float(np.abs(made.to_numpy() - expected[list(made)].to_numpy()).max())
    named = said.endswith(f": {MISSING}.")
    line = {
        "name": "round_trip",
        "sizes": {"rows": len(frame), "signals": frame.shape[1] - 2, "nulls": int(frame.isna().sum().sum())},
        "seed": SEED,
        "figures": {
            "largest_difference": difference,
            "missing_column_named": named,
            "fitted": list(training.trained.bundle.fitted),
        },
        "bounds": {"largest_difference": DIFFERENCE_AT_MOST, "missing_column_named": True},
        "met": difference <= DIFFERENCE_AT_MOST and named and bool(training.trained.bundle.fitted),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
