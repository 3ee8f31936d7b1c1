"""All signals of 20 million events at a few times the cost of reading them, and many times faster than good pandas.

One world is made (`_bursty.py`): users, bursts, every table. The floor is one DuckDB statement that reads three columns
of the events and counts by account, user and day. Over it: the whole catalogue at twelve monthly as-of dates, from raw
events and from the rollup that the store keeps, and one date alone. The same signals by plain pandas (`_pandas`) are
timed beside it, and every value is compared. Each phase is a process of its own, so that its peak memory is its own;
seconds are of the wall, from after the imports; processor seconds, of whole processes, stand beside them under `cpu`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from _signals import PHASES, SEED, THREADS

EVENTS, ACCOUNTS = 20_000_000, 20_000
SMALLER = 10  # times, for growth
APPEND_SECONDS = 0.3  # beside its share of a rebuild
KIB_PER_MIB = 1024
BOUNDS = {
    "floor_over_scan": 8.0,
    "from_raw_over_floor": 8.0,
    "from_rollup_over_floor": 5.0,
    "one_date_over_floor": 0.7,
    "peak_mib": 2048.0,
    "append_ratio": 0.05,
    "growth_ratio": 11.0,
    "signals_that_differ": 0,
}
AT_LEAST = {"pandas_over_from_raw": 5.0, "n_signals": 70}
CLAIMED = (
    *("scan_s", "floor_s", "from_raw_s", "from_rollup_s", "one_date_s", "pandas_s"),
    *("peak_mib", "append_ratio", "growth_ratio", "n_signals"),
)


def main() -> None:
    """Run all phases, and print the line."""
    parser = argparse.ArgumentParser(description="Time the signals of many events.")
    parser.add_argument("--events", type=int, default=EVENTS, help="raw events")
    parser.add_argument("--accounts", type=int, default=ACCOUNTS, help="accounts")
    parser.add_argument("--json", action="store_true", help="print the figures of the claim alone")
    parser.add_argument("--phase", choices=sorted(PHASES), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.phase:
        print(json.dumps(measured(arguments)))
        return
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), arguments.events, arguments.accounts)
    if arguments.json:
        print(json.dumps({name: figures[name] for name in CLAIMED}))
        return
    met = all(figures[name] <= bound for name, bound in BOUNDS.items())
    met = met and all(figures[name] >= bound for name, bound in AT_LEAST.items())
    bounds = BOUNDS | {f"{name}_at_least": bound for name, bound in AT_LEAST.items()}
    sizes = {name: figures.pop(name) for name in ("events", "accounts", "dates", "rows")} | {"threads": THREADS}
    print(
        json.dumps({"name": "signals", "sizes": sizes, "seed": SEED, "figures": figures, "bounds": bounds, "met": met})
    )


def measure(folder: Path, events: int, accounts: int) -> dict[str, Any]:
    """Run each phase, and set what they took against each other."""
    whole, part = folder / "whole", folder / "part"
    run("made", whole, events, accounts)
    found = {phase: run(phase, whole) for phase in PHASES if phase != "made"}
    shutil.rmtree(whole)
    run("made", part, events // SMALLER, accounts // SMALLER)
    found["from_raw_of_a_part"] = run("from_raw", part)
    floor, raw = found["floor"]["floor_s"], found["from_raw"]["seconds"]
    append, rebuild = found["append"]["rollup_s"], found["rebuild"]["rollup_s"]
    return {
        "scan_s": found["floor"]["scan_s"],
        "floor_s": floor,
        "from_raw_s": raw,
        "from_rollup_s": found["from_rollup"]["seconds"],
        "one_date_s": found["one_date"]["warm_s"],
        "one_date_anew_s": found["one_date"]["anew_s"],
        "one_date_cold_s": found["one_date"]["cold_s"],
        "pandas_s": found["pandas"]["seconds"],
        "check_s": found["check"]["seconds"],
        "peak_mib": found["from_raw"]["peak_mib"],
        "n_signals": found["from_raw"]["n_signals"],
        "floor_over_scan": floor / found["floor"]["scan_s"],
        "from_raw_over_floor": raw / floor,
        "from_rollup_over_floor": found["from_rollup"]["seconds"] / floor,
        "one_date_over_floor": found["one_date"]["warm_s"] / floor,
        "pandas_over_from_raw": found["pandas"]["seconds"] / raw,
        "append_s": append,
        "rebuild_s": rebuild,
        "append_ratio": (append - APPEND_SECONDS) / rebuild,
        "from_raw_of_a_tenth_s": found["from_raw_of_a_part"]["seconds"],
        "growth_ratio": raw / found["from_raw_of_a_part"]["seconds"],
        "signals_that_differ": len(found["compared"]["differing"]),
        "steps": {phase: found[phase]["steps"] for phase in ("from_raw", "from_rollup")},
        "cpu": {phase: one["cpu_s"] for phase, one in found.items()},
        "peaks_mib": {phase: one["peak_mib"] for phase, one in found.items()},
        "events": found["floor"]["events"],
        "accounts": accounts,
        "dates": found["from_raw"]["dates"],
        "rows": found["from_raw"]["rows"],
    }


def run(phase: str, folder: Path, events: int = 0, accounts: int = 0) -> dict[str, Any]:
    """Run a phase in a process of its own; this one stays small, since a child's peak begins with its parent's."""
    command = [sys.executable, __file__, "--phase", phase, "--folder", folder]
    command += ["--events", events, "--accounts", accounts]
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ARROW_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, str(THREADS))}
    done = subprocess.run([*map(str, command)], env=environment, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    told = {name: value for name, value in found.items() if name != "steps"}
    print(f"{phase}: {json.dumps(told)}", file=sys.stderr, flush=True)
    return found


def measured(arguments: argparse.Namespace) -> dict[str, Any]:
    """Run one phase here, and say what it took of this process."""
    found = PHASES[arguments.phase](arguments)
    usage = resource.getrusage(resource.RUSAGE_SELF)
    # of the whole process, imports and all
    cpu = usage.ru_utime + usage.ru_stime
    return {"cpu_s": cpu, "peak_mib": usage.ru_maxrss / KIB_PER_MIB} | found


if __name__ == "__main__":
    main()
