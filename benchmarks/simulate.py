"""Making worlds: `standard` within 120 s and 4 GiB on two cores, `large` within 6 GiB, and cost no worse than linear.

Each world is made by `uptier simulate` in a process of its own. Growth is measured on `large` with 5,000, 20,000 and
100,000 accounts: seconds of processor time per account must not rise. `standard` is made twice, with one and with four
threads, and every file must have the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

SEED = 11
SECONDS_AT_MOST = 120.0
GIB_AT_MOST = 4.0
LARGE_GIB_AT_MOST = 6.0
EVENTS_AT_LEAST = 20_000_000
SIZES = (5_000, 20_000, 100_000)
GROWTH_AT_MOST = 1.1  # seconds per account, from one size to the next: 1 is linear, and machines are noisy
KIB_PER_GIB = 2**20


def main() -> None:
    """Make the worlds, and print the line."""
    parser = argparse.ArgumentParser(description="Time the making of worlds.")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="accounts of the large worlds, with commas")
    sizes = [int(size) for size in parser.parse_args().sizes.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        one = made(Path(folder) / "one", "standard", threads=1)
        four = made(Path(folder) / "four", "standard", threads=4)
        same = fingerprints(Path(folder) / "one") == fingerprints(Path(folder) / "four")
        large = {}
        for size in sizes:
            large[size] = made(Path(folder) / str(size), "large", accounts=size)
            subprocess.run(["rm", "-rf", Path(folder) / str(size)], check=True)
    each = [large[size]["cpu_seconds"] / size for size in sizes]
    growth = [later / earlier for earlier, later in pairwise(each)]
    figures = {
        "standard": four,
        "standard_on_one_thread": one,
        "same_bytes": same,
        "large": {str(size): run for size, run in large.items()},
        "growth": growth,
    }
    bounds = {
        "standard_seconds": SECONDS_AT_MOST,
        "standard_gib": GIB_AT_MOST,
        "standard_events_at_least": EVENTS_AT_LEAST,
        "large_gib": LARGE_GIB_AT_MOST,
        "growth": GROWTH_AT_MOST,
        "same_bytes": True,
    }
    met = (
        four["seconds"] <= SECONDS_AT_MOST
        and four["peak_gib"] <= GIB_AT_MOST
        and four["events"] >= EVENTS_AT_LEAST
        and all(run["peak_gib"] <= LARGE_GIB_AT_MOST for run in large.values())
        and all(ratio <= GROWTH_AT_MOST for ratio in growth)
        and same
    )
    print(
        json.dumps(
            {
                "name": "simulate",
                "sizes": {"large_accounts": sizes},
                "seed": SEED,
                "figures": figures,
                "bounds": bounds,
                "met": met,
            }
        )
    )


def made(out: Path, preset: str, *, accounts: int | None = None, threads: int | None = None) -> dict[str, float]:
    """Make one world, and measure."""
    command = [Path(sys.executable).with_name("uptier"), "simulate", "--preset", preset, "--seed", str(SEED)]
    command += ["--out", out] + (["--accounts", str(accounts)] if accounts else [])
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ARROW_NUM_THREADS")
    environment = {**os.environ, **({name: str(threads) for name in names} if threads else {})}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    # a process between, so that the peak is of this child alone
    measured = (
        "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:], stdout=sys.stderr).returncode;"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", measured, *map(str, command)], env=environment, stdout=subprocess.PIPE, check=True
    )
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    files = list(out.rglob("*.parquet"))
    return {
        "seconds": seconds,
        "cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "peak_gib": int(done.stdout) / KIB_PER_GIB,
        "events": float(sum(rows(file) for file in files if "usage_events" in str(file.relative_to(out)))),
        "gigabytes": sum(file.stat().st_size for file in files) / 1e9,
        "files": float(len(files)),
    }


def rows(file: Path) -> int:
    """Count the rows of a Parquet file."""
    import pyarrow.parquet as pq

    return int(pq.read_metadata(file).num_rows)


def fingerprints(folder: Path) -> dict[str, str]:
    """Hash every file."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


if __name__ == "__main__":
    main()
