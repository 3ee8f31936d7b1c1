"""A disk that is full while files, pages or a SQLite are written: a small file system of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SPACES = (4, 200, 600, 900, 8000)  # KiB left; the last is enough for all
SCRIPT = Path(__file__).with_name("full_disk.py")


def test_a_full_disk_is_said_so_and_the_next_run_mends_it(tmp_path: Path) -> None:
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
    assert [one["left"] for one in found] == list(SPACES) * 3
    assert [one["name"] for one in found if one["left"] == SPACES[-1] and one["error"]] == []
    for name in ("files", "digest", "database"):
        assert len([one for one in found if one["name"] == name and one["error"]]) >= 2
    for one in found:
        assert one["after"], one
        assert one["unfinished"] == [], one
        if one["error"]:
            assert one["error"].startswith("DeliveryError: "), one
            assert "No space left on device" in one["error"] or "disk is full" in one["error"], one
            # of files and a database all or nothing; pages are each CSM's own
            assert one["before"] or (one["name"] == "files" and one["none"]) or one["name"] == "digest", one
