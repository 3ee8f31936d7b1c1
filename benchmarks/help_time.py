"""`uptier --help` answers at once: at most twice what importing typer and rich takes.

The two are started in turns, ten times each, after one start of each that warms the disk.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

STARTS = 10
RATIO_AT_MOST = 2.0
PROGRAMS = {
    "help": [str(Path(sys.executable).with_name("uptier")), "--help"],
    "import_typer_rich": [sys.executable, "-c", "import typer, rich"],
}


def main() -> None:
    """Measure, and print the line."""
    walls: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    processor: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for start in range(STARTS + 1):
        for name, program in PROGRAMS.items():
            wall, used = started(program)
            if start:
                walls[name].append(wall)
                processor[name].append(used)
    ratio = median(walls["help"]) / median(walls["import_typer_rich"])
    line = {
        "name": "help_time",
        "sizes": {"starts": STARTS},
        "seed": None,
        "figures": {
            "ratio": ratio,
            "processor_ratio": median(processor["help"]) / median(processor["import_typer_rich"]),
            "help_seconds": median(walls["help"]),
            "import_typer_rich_seconds": median(walls["import_typer_rich"]),
        },
        "bounds": {"ratio": RATIO_AT_MOST},
        "met": ratio <= RATIO_AT_MOST,
    }
    print(json.dumps(line))


def started(program: list[str]) -> tuple[float, float]:
    """Run a program; what it gives is its wall and its processor seconds."""
    began = time.perf_counter()
    running = subprocess.Popen(program, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(running.pid, 0)
    wall = time.perf_counter() - began
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise SystemExit(f"{program[0]} ended with {running.returncode}")
    return wall, used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
