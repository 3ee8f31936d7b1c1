"""What the tests of MLflow share: a model that was trained once, and a store whose database is copied, not built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from unittest import mock

from tests.training.worlds import CATALOG, drawn_examples, settings
from uptier.settings import Settings
from uptier.training.connection import DATABASE, connected
from uptier.training.tracking import Registered, log_and_register
from uptier.training.training import Trained, train

TODAY = CATALOG.fingerprint(None)


@cache
def trained() -> Trained:
    """Train one head that passes and one that is pooled."""
    with tempfile.TemporaryDirectory() as folder:
        project = settings(Path(folder), min_fit_positives=20, min_test_positives=10)
    examples = {
        "seat_expansion": drawn_examples("seat_expansion", accounts=250),
        "churn": drawn_examples("churn", accounts=10, seed=1),
    }
    return train(
        examples, CATALOG, project, gains={"seat_expansion": 0.3}, data_hashes={"accounts": "abc"}, warnings=["kept"]
    )


def empty_project(folder: Path) -> Settings:
    """Give a project with an empty database: building one takes MLflow seconds, copying one takes none."""
    made = settings(folder)
    made.store.mkdir()
    shutil.copy(_template(), made.store / DATABASE)
    return made


def registered(project: Settings, made: Trained | None = None, **more: object) -> Registered:
    """Register without drawing figures, which takes the longest."""
    with mock.patch("uptier.training.record.figures", return_value={}):
        return log_and_register(made or trained(), project, **more)


def beside(code: str, *arguments: str) -> int:
    """Run code in a process of its own, which may be killed; give how it ended."""
    roots = [str(Path(__file__).parents[2]), *sys.path]
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, roots))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode <= 0, said.stderr
    return said.returncode


@cache
def _template() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="uptier-mlflow-"))
    made = settings(folder)
    with connected(made, writes=True) as client:
        client.search_experiments()
    return made.store / DATABASE
