"""A disk that is full while a model is logged: a small file system of its own, in a process of its own."""

from __future__ import annotations

from pathlib import Path

from tests.full_disks import on_full_disks

SPACES = (8, 200, 500, 800, 850, 900, 8000)  # KiB left: too little to begin, for the model, for its runs; enough
SCRIPT = Path(__file__).with_name("full_disk.py")


def test_a_full_disk_is_said_so_and_leaves_nothing_registered(tmp_path: Path) -> None:
    found = on_full_disks(SCRIPT, tmp_path, SPACES)
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
