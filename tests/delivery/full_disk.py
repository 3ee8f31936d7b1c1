"""What test_full_disk.py runs where it may mount: ever more space, and what stands after a refusal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.delivery.drawn_rows import row, told
from uptier.delivery.database import Database
from uptier.delivery.digest import Digest
from uptier.delivery.files import Files
from uptier.delivery_settings import DatabaseSettings, DigestSettings, FilesSettings
from uptier.errors import DeliveryError

SIZE_MIB = 16
FEW = [row(f"few{number}") for number in range(3)]
MANY = [row(f"many{number}", details="x y " * 2000, owner=f"o{number % 3}") for number in range(60)]


def files(place: Path) -> Any:
    every = ("csv", "parquet", "jsonl")
    return Files("files", FilesSettings(kind="files", folder=place / "files", formats=every), {})


def digest(place: Path) -> Any:
    return Digest("digest", DigestSettings(kind="digest", folder=place / "pages"), {}, place / "kept")


def database(place: Path) -> Any:
    return Database("database", DatabaseSettings(kind="database"), {"UPTIER_DELIVERY_DATABASE": f"sqlite:///{place}/a"})


DESTINATIONS: dict[str, Callable[[Path], Any]] = {"files": files, "digest": digest, "database": database}


def main(place: Path, spaces: list[int]) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "tmpfs", place], check=True)
    for name, destination in DESTINATIONS.items():
        for left in spaces:
            folder = place / f"{name}{left}"
            folder.mkdir()
            print(json.dumps({"name": name, "left": left, **tried(destination(folder), place, left)}), flush=True)
            subprocess.run(["rm", "-r", folder], check=True)


def tried(there: Any, place: Path, left: int) -> dict[str, object]:
    there.setup()
    there.send(FEW)
    ballast = place / "ballast"
    status = os.statvfs(place)
    ballast.write_bytes(b"x" * (status.f_bavail * status.f_frsize - left * 1024))
    error = ""
    try:
        there.send(MANY)
    except DeliveryError as refused:
        error = f"{type(refused).__name__}: {refused}"
    held = dict(there.held())
    unfinished = [path.name for path in place.rglob("*unfinished*")]
    ballast.unlink()
    before = held == told(FEW)
    there.send(MANY)
    after = {key: there.held().get(key) for key in told(MANY)} == told(MANY)
    return {"error": error, "before": before, "none": not held, "unfinished": unfinished, "after": after}


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(left) for left in sys.argv[2:]])
