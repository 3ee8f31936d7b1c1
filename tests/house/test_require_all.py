"""A test that does not run is seen: UPTIER_REQUIRE_ALL=1 turns the run red."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

RUNS = "def test_runs(): pass\n"
SKIPPED = "import pytest\n@pytest.mark.skip(reason='not today')\ndef test_left_out(): pass\n"
MODULE_SKIPPED = "import pytest\npytest.skip('not today', allow_module_level=True)\n"
EXPECTED_TO_FAIL = "import pytest\n@pytest.mark.xfail(reason='known')\ndef test_left_out(): assert False\n"
DESELECTED = "def test_left_out(): pass\n"
NEEDS_DATA = "def test_left_out(third_party_data): pass\n"

LEFT_OUT = {
    "skip": (SKIPPED, "test_it.py::test_left_out (skipped)"),
    "skipped module": (MODULE_SKIPPED, "test_it.py (skipped)"),
    "xfail": (EXPECTED_TO_FAIL, "test_it.py::test_left_out (expected to fail)"),
    "deselection": (DESELECTED, "test_it.py::test_left_out (deselected)"),
    "no third-party data": (NEEDS_DATA, "test_it.py::test_left_out (skipped)"),
}


@pytest.mark.parametrize(("text", "told"), LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_a_test_left_out_is_red_only_where_all_are_required(text: str, told: str, tmp_path: Path) -> None:
    arguments = ["-k", "not left_out"] if text == DESELECTED else []
    code, output = run(tmp_path, text, arguments, require_all=False)
    assert code == 0, output
    code, output = run(tmp_path, text, arguments, require_all=True)
    assert code == 1, output
    assert told in output
    assert "passed" in output.splitlines()[-1], "pytest's own line must stay the last"


@pytest.mark.parametrize(("text", "told"), LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_a_test_left_out_by_a_worker_is_red_too(text: str, told: str, tmp_path: Path) -> None:
    arguments = ["-n", "1", *(["-k", "not left_out"] if text == DESELECTED else [])]
    code, output = run(tmp_path, text, arguments, require_all=True)
    assert code == 1, output
    assert told in output


def test_a_run_with_nothing_left_out_is_green(tmp_path: Path) -> None:
    code, output = run(tmp_path, RUNS, require_all=True)
    assert code == 0, output


def test_an_allowed_test_may_be_left_out(tmp_path: Path) -> None:
    code, output = run(tmp_path, SKIPPED, require_all=True, allowed="test_it.py::*left_out  # needs a printer\n")
    assert code == 0, output


def test_leave_without_a_reason_is_refused(tmp_path: Path) -> None:
    code, output = run(tmp_path, SKIPPED, require_all=True, allowed="test_it.py::test_left_out\n")
    assert code == 4
    assert "allowed_skips.txt, line 1" in output


def run(
    folder: Path, text: str, arguments: list[str] | None = None, *, require_all: bool, allowed: str = ""
) -> tuple[int, str]:
    shutil.copy(TESTS / "conftest.py", folder)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "allowed_skips.txt").write_text(allowed)
    (folder / "test_it.py").write_text(text)
    (folder / "test_other.py").write_text(RUNS)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("UPTIER_", "PYTEST_"))}
    if require_all:
        environment["UPTIER_REQUIRE_ALL"] = "1"
    # of all plugins that are installed only the one that matters here: the others are most of the time it takes
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-p",
        "xdist",
        "--color=no",
        *(arguments or []),
    ]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr
