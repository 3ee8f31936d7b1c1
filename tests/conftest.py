"""What all tests share: quiet libraries, repeatable examples, third-party data, and no skip in silence."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# before any library reads them
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # a thread that looks for an outside host
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # see .ci/run
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # see .ci/run

# Forming and compiling a hundred signals makes millions of small objects that live on: to look through all of them as
# often as Python does by itself is more than a third of the time.
gc.set_threshold(50_000, 20, 100)

# no deadline: the first call of pandas takes longer than any sensible one
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")

# Files that take longest, in that order: one that a worker begins last is waited for by all others.
LONGEST = (
    "tests/engines/test_spark.py",
    "tests/end_to_end/test_demo.py",
    "tests/test_cli.py",
    "tests/test_checks_can_fail.py",
    "tests/simulate/test_world.py",
    "tests/tables/test_rollup.py",
    "tests/signals/test_no_leakage.py",
    "tests/work/test_forgetting.py",
    "tests/tables/test_history.py",
    "tests/end_to_end/test_churnsim.py",
    "tests/signals/test_promises.py",
    "tests/tables/test_digest.py",
    "tests/test_bad_input.py",
    "tests/simulate/test_truth.py",
    "tests/test_documentation.py",
    "tests/work/test_preview.py",
    "tests/simulate/test_defects.py",
    "tests/test_project.py",
    "notebooks/03_explain_accounts.ipynb",
    "notebooks/01_signals.ipynb",
    "tests/simulate/test_anchors.py",
    "tests/engines/test_warehouses.py",
    "tests/signals/test_every_signal.py",
    "tests/tables/test_check.py",
    "tests/end_to_end/test_ravenstack.py",
    "tests/signals/test_plans.py",
    "tests/outcomes/test_choices.py",
    "tests/engines/test_postgresql.py",
    "tests/signals/test_near_copies.py",
)

# Files that one worker does one after the other, since what was costly to make for the first serves the others too.
TOGETHER = {
    "tests/end_to_end/test_round_trip.py": "tests/end_to_end/test_demo.py",
    "tests/end_to_end/test_rules_only.py": "tests/test_cli.py",
    "tests/work/test_briefs.py": "tests/test_cli.py",
}

ALLOWED_SKIPS = Path(__file__).with_name("allowed_skips.txt")


@pytest.fixture(scope="session")
def third_party_data() -> Path:
    """Give the folder of third-party data, which is too large for the repository."""
    folder = os.environ.get("UPTIER_DATA")
    if not folder:
        pytest.skip("UPTIER_DATA is not set: third-party data is not in the repository")
    if not Path(folder).is_dir():
        pytest.fail("UPTIER_DATA is set, but names no folder")
    return Path(folder)


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("UPTIER_REQUIRE_ALL") == "1":
        config.pluginmanager.register(RequireAll(allowed_skips(ALLOWED_SKIPS)), "require-all")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {file: number for number, file in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(together(item.nodeid), len(place)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give xdist's scheduler of whole files, to which some of them are one."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return together(nodeid)

    return Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


def together(nodeid: str) -> str:
    """Give the file of a test, or the one that its file goes with."""
    file = nodeid.partition("::")[0]
    return TOGETHER.get(file, file)


def allowed_skips(path: Path) -> list[str]:
    """Read the patterns of tests that need not run; each has its reason after a ``#``."""
    patterns = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        pattern, _, reason = (part.strip() for part in line.partition("#"))
        if pattern and not reason:
            raise pytest.UsageError(
                f"{path.name}, line {number}: a test may be left out for a reason only: 'id  # why'"
            )
        if pattern:
            patterns.append(pattern)
    return patterns


class RequireAll:
    """Turns the run red if a test was skipped, expected to fail or deselected without leave."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self.allowed = allowed
        self.left_out: list[str] = []

    def note(self, nodeid: str, how: str) -> None:
        # equality too: the brackets of a parametrised test are a set of characters to fnmatch
        if not any(nodeid == pattern or fnmatchcase(nodeid, pattern) for pattern in self.allowed):
            self.left_out.append(f"{nodeid} ({how})")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped:
            self.note(report.nodeid, "expected to fail" if hasattr(report, "wasxfail") else "skipped")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.note(report.nodeid, "skipped")

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        for item in items:
            self.note(item.nodeid, "deselected")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        # what a worker of xdist left out, it alone has seen: deselections come with no report
        told = getattr(node, "workeroutput", {}).get("left_out", [])
        self.left_out.extend(line for line in told if line not in self.left_out)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Iterator[None]:
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["left_out"] = self.left_out
        elif self.left_out and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return (yield)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.left_out:
            terminalreporter.section("left out without leave (tests/allowed_skips.txt)", red=True)
            for line in self.left_out:
                terminalreporter.line(line, red=True)
