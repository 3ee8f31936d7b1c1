"""Whole jobs that several tests look at: each is done once in a run, and nobody changes what it gave."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pandas as pd

from uptier.cli import main
from uptier.explanation.brief import Brief
from uptier.project import Project, Scoring, Training
from uptier.simulate.demo import demo_project
from uptier.simulate.looks import Looks
from uptier.simulate.world import simulate
from uptier.tables.findings import Findings

if TYPE_CHECKING:
    from uptier.outcomes.outcome import Examples

CONFIGS = Path(__file__).parents[2] / "configs"
DEMO_SEED = 7  # what `make demo` shows

SMALL = """\
project: small
source: ./world
store: ./store
data_until: 2026-01-01
timezone: UTC
"""


@dataclass(frozen=True, eq=False)
class Job:
    """A project with all that its whole job gave."""

    config: Path
    project: Project
    findings: Findings
    training: Training
    scoring: Scoring
    brief: Brief
    frame: pd.DataFrame  # signals at the date of the scorecard


@dataclass(frozen=True)
class Called:
    """What a call of the command line left behind."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Read the last line of standard output; none of the lines before it may be JSON."""
        *before, last = self.out.splitlines()
        assert not [line for line in before if line.startswith(("{", "["))]
        return json.loads(last)


def of_the_run(own: Path) -> Path:
    """Give the folder that all workers of a run share; each one's own lies in it."""
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@contextlib.contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Let one worker make what the folder is for: the others wait, and find it."""
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@cache
def demo(folder: Path) -> Job:
    """Do what `make demo` does."""
    home = of_the_run(folder) / "demo"
    with one_at_a_time(home):
        return job(demo_project(home, seed=DEMO_SEED))


@cache
def demo_config(folder: Path) -> Path:
    """Make the demo's world and project alone, or find them."""
    home = of_the_run(folder) / "demo"
    with one_at_a_time(home):
        return demo_project(home, seed=DEMO_SEED)


@cache
def demo_examples(folder: Path) -> dict[str, Examples]:
    """Put the demo's signals beside what came of them; what the job has formed is in the store."""
    config = demo_config(folder)
    with one_at_a_time(of_the_run(folder) / "demo"):
        return Project(config).examples()


def job(config: Path) -> Job:
    """Check, train, score and explain."""
    project = Project(config)
    findings = project.check()
    training = project.train()
    scoring = project.score()
    brief = project.explain(str(scoring.scorecard["account_id"].iloc[0]))
    return Job(config, project, findings, training, scoring, brief, project.frame(scoring.as_of))


@cache
def small_project(folder: Path) -> Path:
    """Make a world too small to learn from, with its project."""
    return _project(folder / "small", seed=3, accounts=150, months=14)


def tiny_project(folder: Path, *, seed: int) -> Path:
    """Make a world that is only good for looking at, with its project."""
    return _project(folder / f"tiny-{seed}", seed=seed, accounts=40, months=7)


def _project(home: Path, *, seed: int, accounts: int, months: int) -> Path:
    with no_chances():
        simulate(preset="demo", seed=seed, accounts=accounts, months=months, out=home / "world")
    config = home / "small.yaml"
    config.write_text(SMALL, encoding="utf-8")
    return config


@contextlib.contextmanager
def no_chances() -> Iterator[None]:
    """Have worlds made whose truth has no chances: they take longer than all the rest, and few tests read them."""

    def rows(eras: object, looks: Looks, *rest: object) -> pd.DataFrame:
        return pd.DataFrame({"account_id": looks.account_id})

    with mock.patch("uptier.simulate.world.truth", rows):
        yield


@cache
def small_run(folder: Path) -> Called:
    """Do the whole job on the small world by the command line."""
    return called("run", small_project(folder), "--json")


def beside(config: str, folder: Path, *, more: str = "") -> Path:
    """Copy one of the repository's projects, with its store in the given folder; everything else is as it ships."""
    lines = (CONFIGS / config).read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.startswith("store:")]) == 1
    redirected = ["store: ./store" if line.startswith("store:") else line for line in lines]
    copy = folder / config
    copy.write_text("\n".join(redirected) + "\n" + more, encoding="utf-8")
    return copy


def called(*arguments: object) -> Called:
    """Call the command line in this process, as the installed program does."""
    out, err = io.StringIO(), io.StringIO()
    before = sys.argv
    sys.argv = ["uptier", *map(str, arguments)]
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.argv = before
    return Called(code, out.getvalue(), err.getvalue())


# Runs a verb, then says on a line of its own which of some packages were imported on the way.
LOOK = """
import sys
from uptier.cli import main
try:
    main()
except SystemExit as ended:
    code = ended.code
packages = {name.partition(".")[0] for name in sys.modules}
print("imported", *sorted(packages & set("HEAVY".split())), file=sys.stderr)
sys.exit(code)
"""
HEAVY = "duckdb ibis lightgbm matplotlib mlflow numpy pandas pyarrow scipy shap sklearn sqlalchemy"


def in_a_fresh_process(*arguments: object) -> tuple[Called, set[str]]:
    """Call the command line in a process of its own, and say which heavy packages it imported."""
    # a conftest sets these for this process; here nothing may depend on them
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW")}
    done = subprocess.run(
        [sys.executable, "-c", LOOK.replace("HEAVY", HEAVY), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    *errors, last = done.stderr.splitlines()
    assert last.startswith("imported"), done.stderr
    return Called(done.returncode, done.stdout, "\n".join(errors)), set(last.split()[1:])
