"""The part of the catalogue that featuretools and tsfresh can express: the same values, and how much longer they take.

One world is made (`_bursty.py`), with all accounts at twelve monthly dates. featuretools computes its part with cutoff
times, tsfresh its own, each in an interpreter with the pandas that they support (`_peers/interpreter.py`), with two
processes, from the Parquet files to the frame of signals; uptier computes exactly those signals from the same files,
with two threads, from an empty store, rollup and all. Every value is compared. What a peer does not say, and why,
stands in `_peers/parts.py`.

Seconds are of the wall, from after the imports; `cpu` are seconds of all processors over the same time, children
included. uptier runs once before each peer and once after it, and the slower run counts. A ratio is how many times as
long the peer took.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from _peers.interpreter import NoInterpreterError, interpreter
from _peers.phases import PEERS, PHASES, SEED
from _signals import THREADS

EVENTS, ACCOUNTS = 1_000_000, 1_000
FASTER = 1.0  # times
FOLDER = Path(__file__).parent
DIFFER, SAME = "signals_that_differ", "signals_that_never_vary"


def main() -> None:
    """Run all phases, and print the line."""
    parser = argparse.ArgumentParser(description="Compare signals, and the time that they take, with other libraries.")
    parser.add_argument("--events", type=int, default=EVENTS, help="raw events")
    parser.add_argument("--accounts", type=int, default=ACCOUNTS, help="accounts")
    parser.add_argument("--peers", type=Path, help="a Python that has the peers; one is made where none is given")
    parser.add_argument("--json", action="store_true", help="print the figures of the claim alone")
    parser.add_argument("--phase", choices=sorted(PHASES), help=argparse.SUPPRESS)
    parser.add_argument("--peer", choices=sorted(PEERS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.phase:
        print(json.dumps(PHASES[arguments.phase](arguments)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            python = interpreter(arguments.peers, folder / "peers")
        except NoInterpreterError as error:
            raise SystemExit(str(error)) from None
        line = measure(folder / "world", arguments.events, arguments.accounts, python)
    print(json.dumps(line["figures"] if arguments.json else line))


def measure(folder: Path, events: int, accounts: int, python: Path) -> dict[str, Any]:
    """Run each phase, and set what they took against each other."""
    made = run(sys.executable, "--phase", "made", "--folder", folder, "--events", events, "--accounts", accounts)
    found = {}
    for peer in PEERS:
        ask = (sys.executable, "--phase", "ours", "--peer", peer, "--folder", folder)
        before = run(*ask)
        theirs = run(python, "--peer", peer, "--folder", folder, "--jobs", THREADS, module="_peers.run")
        ours = slower(before, run(*ask))
        compared = run(sys.executable, "--phase", "compared", "--peer", peer, "--folder", folder)
        found[peer] = {"theirs": theirs, "ours": ours, "compared": compared}
    return line_of(made, found)


def slower(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Give the slower of two runs, in either measure: what else runs on a machine comes and goes."""
    return one | {name: max(one[name], other[name]) for name in ("seconds", "cpu_s")}


def line_of(made: dict[str, Any], found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Form the line from what the phases found, by peer."""
    figures: dict[str, Any] = {"signals_of_catalogue": made["signals"], "signals": {}, DIFFER: 0, SAME: 0, "cpu": {}}
    for peer, one in found.items():
        theirs, ours = one["theirs"], one["ours"]
        figures["signals"][peer] = ours["signals"]
        figures[DIFFER] += len(one["compared"]["differing"])
        figures[SAME] += len(one["compared"]["never_varying"])
        figures["cpu"] |= {peer: theirs["cpu_s"], f"ours_of_{peer}": ours["cpu_s"]}
        figures |= {f"{peer}_s": theirs["seconds"], f"ours_of_{peer}_s": ours["seconds"]}
        figures[f"{peer}_over_ours"] = theirs["seconds"] / ours["seconds"]
        figures[f"{peer}_over_ours_cpu"] = theirs["cpu_s"] / ours["cpu_s"]
    ratios = [f"{peer}_over_ours{of}" for peer in found for of in ("", "_cpu")]
    return {
        "name": "peers_signals",
        "sizes": {name: made[name] for name in ("events", "accounts", "dates", "rows")} | {"threads": THREADS},
        "seed": SEED,
        "versions": {name: version for one in found.values() for name, version in one["theirs"]["versions"].items()},
        "figures": figures,
        "bounds": {f"{name}_above": FASTER for name in ratios} | {DIFFER: 0, SAME: 0},
        "met": all(figures[name] > FASTER for name in ratios) and figures[DIFFER] == 0 and figures[SAME] == 0,
    }


def run(python: str | Path, *arguments: object, module: str = "peers_signals") -> dict[str, Any]:
    """Run a phase in a process of its own, and give what it found."""
    command = [python, "-W", "ignore", "-m", module, *arguments]
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ARROW_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    environment = {**os.environ, **dict.fromkeys(names, str(THREADS)), "PYTHONPATH": str(FOLDER)}
    done = subprocess.run([*map(str, command)], env=environment, stdout=subprocess.PIPE, check=True, cwd=FOLDER)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(f"{' '.join(map(str, arguments[:4]))}: {json.dumps(found)}", file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    main()
