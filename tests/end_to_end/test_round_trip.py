"""The demo's own champion, found by its alias in a process that never saw it, predicts the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.end_to_end.jobs import Job

# What anybody with MLflow does. That no model is registered without its signature: tests/training/test_tracking.
FRESH = """
import sys, warnings
warnings.simplefilter("ignore")
import mlflow, pandas as pd
address, given, made, missing = sys.argv[1:]
mlflow.set_tracking_uri(address)
mlflow.set_registry_uri(address)
model = mlflow.pyfunc.load_model("models:/uptier@champion")
frame = pd.read_parquet(given)
model.predict(frame).to_parquet(made)
try:
    model.predict(frame.drop(columns=missing))
except Exception as error:
    print(type(error).__name__, str(error).splitlines()[0])
"""
MISSING = "usage_growth"
ATOL = 1e-12


def hardened(frame: pd.DataFrame) -> pd.DataFrame:
    """Give the frame what real ones have: nulls, categories that nobody saw, columns in another order."""
    rng = np.random.default_rng(5)
    hard = frame.copy()
    numbers = [name for name in frame.columns[2:] if pd.api.types.is_float_dtype(frame[name])]
    categories = [name for name in frame.columns[2:] if name not in numbers]
    hard[numbers] = frame[numbers].mask(rng.random((len(frame), len(numbers))) < 0.2)
    for name in categories:
        values = frame[name].astype(object).to_numpy(copy=True)
        values[rng.random(len(frame)) < 0.2] = None
        values[rng.random(len(frame)) < 0.2] = "never seen before"
        hard[name] = pd.Series(values, index=frame.index, dtype=object)
    return hard[list(rng.permutation(hard.columns))]


@pytest.fixture(scope="module")
def loaded(demo: Job, tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    folder = tmp_path_factory.mktemp("round-trip")
    frame = hardened(demo.frame)
    frame.to_parquet(folder / "frame.parquet")
    address = f"sqlite:///{demo.project.settings.store / 'mlflow.db'}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MLFLOW"))}
    done = subprocess.run(
        [sys.executable, "-c", FRESH, address, folder / "frame.parquet", folder / "made.parquet", MISSING],
        env={**clean, "MLFLOW_DISABLE_TELEMETRY": "true"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return frame, pd.read_parquet(folder / "made.parquet"), done.stdout.strip()


def test_a_fresh_process_predicts_the_same(demo: Job, loaded: tuple[pd.DataFrame, pd.DataFrame, str]) -> None:
    frame, made, _ = loaded
    expected = demo.training.trained.bundle.probabilities(frame)
    assert list(made.columns) == list(expected.columns)
    np.testing.assert_allclose(made, expected, rtol=0, atol=ATOL)


def test_the_comparison_is_of_many_different_rows(demo: Job, loaded: tuple[pd.DataFrame, pd.DataFrame, str]) -> None:
    frame, made, _ = loaded
    signals = [signal.name for signal in demo.training.trained.bundle.signals]
    assert frame[signals].isna().any().sum() >= len(signals) - 3
    assert "never seen before" in set(frame["segment"])
    assert [name for name in frame.columns if name in signals] != signals
    for outcome in demo.training.trained.bundle.fitted:
        assert made[outcome].nunique() > len(made) / 2


def test_a_missing_column_is_named(loaded: tuple[pd.DataFrame, pd.DataFrame, str]) -> None:
    said = loaded[2]
    assert said.startswith("ModelError")
    assert said.endswith(f"signals of the model: {MISSING}.")


def test_the_stored_signature_names_every_signal(demo: Job) -> None:
    [stored] = demo.project.settings.store.rglob("MLmodel")
    inputs = json.loads(yaml.safe_load(stored.read_text())["signature"]["inputs"])
    kinds = {one.name: "string" if one.is_category else "double" for one in demo.training.trained.bundle.signals}
    assert [(one["name"], one["type"]) for one in inputs] == list(kinds.items())


def test_the_model_brings_no_pickle(demo: Job) -> None:
    [stored] = demo.project.settings.store.rglob("MLmodel")
    kinds = {path.suffix for path in Path(stored.parent).rglob("*") if path.is_file()}
    assert not kinds & {".pkl", ".pickle", ".joblib", ".cloudpickle"}
