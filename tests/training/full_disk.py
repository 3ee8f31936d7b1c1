"""What test_full_disk.py runs where it may mount: models logged with ever more space left, and what stands then."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.training import tracked
from uptier.errors import UptierError
from uptier.settings import Settings
from uptier.training.connection import connected

SIZE_MIB = 64


def main(place: Path, spaces: list[int]) -> None:
    tracked.trained()  # before the disk is full: it is the logging that is tried
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "tmpfs", place], check=True)
    for left in spaces:
        folder = place / str(left)
        folder.mkdir()
        print(json.dumps({"left": left, **tried(tracked.empty_project(folder), place, left)}), flush=True)


def tried(project: Settings, place: Path, left: int) -> dict[str, object]:
    ballast = place / "ballast"
    status = os.statvfs(place)
    ballast.write_bytes(b"x" * (status.f_bavail * status.f_frsize - left * 1024))
    error = ""
    try:
        tracked.registered(project)
    except UptierError as refused:
        error = f"{type(refused).__name__}: {refused}"
    stands = {"error": error, **standing(project)}
    ballast.unlink()
    return {**stands, "afterwards": tracked.registered(project).alias}


def standing(project: Settings) -> dict[str, object]:
    with connected(project, writes=False) as client:
        models = client.search_registered_models()
        experiments = [one.experiment_id for one in client.search_experiments()]
        return {
            "versions": [one.version for one in client.search_model_versions()],
            "aliases": [alias for one in models for alias in one.aliases],
            "runs": [run.info.status for run in client.search_runs(experiments)],
        }


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(left) for left in sys.argv[2:]])
