"""`make prove` is green only if every claim was measured and met."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROVE = Path(__file__).parents[2] / "benchmarks" / "prove.py"

LINE = {"name": "fast", "sizes": {"rows": 3}, "seed": 1, "figures": {"ratio": 0.51}, "bounds": {"ratio": 0.6}}
MET = f"print({json.dumps(json.dumps(LINE | {'met': True}))})"
NOT_MET = f"print({json.dumps(json.dumps(LINE | {'met': False}))})"


def test_a_claim_that_is_met_is_kept_and_green(tmp_path: Path) -> None:
    code, output = prove(tmp_path, {"fast": f"print('measuring')\n{MET}"})
    assert code == 0, output
    assert "ratio 0.51" in output
    assert json.loads((tmp_path / "results" / "fast.json").read_text())["met"] is True


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (NOT_MET, "ratio 0.51"),
        ("print('nothing to say')", "0 JSON lines"),
        (f"{MET}\n{MET}", "2 JSON lines"),
        (MET.replace("seed", "soil"), "0 JSON lines"),
        (MET.replace("fast", "../fast"), "0 JSON lines"),
        (f"{MET}\nraise SystemExit(3)", "exit code 3"),
        (MET.replace("true", "1"), "ratio 0.51"),
    ],
    ids=["not met", "silent", "twice", "key missing", "name is a path", "failed", "met is no boolean"],
)
def test_anything_else_is_red_though_others_are_met(script: str, told: str, tmp_path: Path) -> None:
    code, output = prove(tmp_path, {"good": MET.replace("fast", "good"), "other": script})
    assert code == 1, output
    assert told in output


def test_a_folder_without_claims_is_red(tmp_path: Path) -> None:
    code, output = prove(tmp_path, {})
    assert code == 1, output


def test_a_failed_run_leaves_no_older_figures(tmp_path: Path) -> None:
    prove(tmp_path, {"fast": MET})
    prove(tmp_path, {"fast": "raise SystemExit(1)"})
    assert not (tmp_path / "results" / "fast.json").exists()


def prove(folder: Path, scripts: dict[str, str]) -> tuple[int, str]:
    for name, text in scripts.items():
        (folder / f"{name}.py").write_text(text)
    command = [sys.executable, PROVE, "--folder", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr
