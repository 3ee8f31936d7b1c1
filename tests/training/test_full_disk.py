"""A disk that is full while a model is logged: a small file system of its own, in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SPACES = (8, 200, 500, 800, 850, 900, 8000)  # KiB left: too little to begin, for the model, for its runs; enough
SCRIPT = Path(__file__).with_name("full_disk.py")


def test_a_full_disk_is_said_so_and_leaves_nothing_registered(tmp_path: Path) -> None:
    if (
        shutil.which("unshare") is None
        or subprocess.run(
            ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", tmp_path], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("no file system can be mounted here, not even in a name space of one's own")
    roots = [str(Path(__file__).parents[2]), *sys.path]
    said = subprocess.run(
        # it is gone with the process, whatever becomes of that
        ["unshare", "-rm", sys.executable, "-W", "ignore", SCRIPT, tmp_path, *map(str, SPACES)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, roots))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr[-3000:]
    found = [json.loads(line) for line in said.stdout.splitlines() if line.startswith("{")]
    assert [one["left"] for one in found] == list(SPACES)
    refused = [one for one in found if one["error"]]
    assert len(refused) >= 3
    assert not found[-1]["error"]
    for one in refused:
        assert one["error"].startswith("StoreError: "), one
        assert "disk is full" in one["error"] or "No space left on device" in one["error"], one
        assert one["versions"] == one["aliases"] == [], one
        assert set(one["runs"]) <= {"FAILED"}, one
        assert one["afterwards"] == "champion", one
