"""A disk that is full while files, pages or a SQLite are written: a small file system of its own."""

from __future__ import annotations

from pathlib import Path

from tests.full_disks import on_full_disks

SPACES = (4, 200, 600, 900, 8000)  # KiB left; the last is enough for all
SCRIPT = Path(__file__).with_name("full_disk.py")


def test_a_full_disk_is_said_so_and_the_next_run_mends_it(tmp_path: Path) -> None:
    found = on_full_disks(SCRIPT, tmp_path, SPACES)
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
