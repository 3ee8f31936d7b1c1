"""Run every claim: each script beside this one in a process of its own, its JSON line kept, a table at the end.

Exits 1 if a claim is not met, or a script failed or printed no such line. `benchmarks/README.md` says what it prints.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

KEYS = {"name", "sizes", "seed", "figures", "bounds", "met"}


def main() -> int:
    """Run the claims that are asked for, or all."""
    parser = argparse.ArgumentParser(description="Run the measured claims.")
    parser.add_argument("names", nargs="*", help="scripts to run, without .py; all by default")
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent, help="where the scripts are")
    arguments = parser.parse_args()
    # what claims share begins with an underscore
    scripts = {path.stem: path for path in sorted(arguments.folder.glob("[!_]*.py")) if path.stem != "prove"}
    unknown = [name for name in arguments.names if name not in scripts]
    if unknown or not scripts:
        print(f"No such claim: {', '.join(unknown) or 'the folder holds none'}. Known: {', '.join(scripts)}.")
        return 1
    rows = [proved(scripts[name], arguments.folder / "results") for name in arguments.names or scripts]
    print(table(rows))
    return 0 if all(row["met"] == "yes" for row in rows) else 1


def proved(script: Path, results: Path) -> dict[str, str]:
    """Run one script and keep its line; what it gives is a row of the table."""
    print(f"{script.stem} ...", flush=True)
    (results / f"{script.stem}.json").unlink(missing_ok=True)  # a script that dies leaves no older figures behind
    began = time.monotonic()
    done = subprocess.run([sys.executable, script], stdout=subprocess.PIPE, text=True, check=False)
    row = {"claim": script.stem, "met": "no", "seconds": f"{time.monotonic() - began:.0f}"}
    if done.returncode != 0:
        return row | {"figures": f"exit code {done.returncode}"}
    lines = [line for line in map(claim, done.stdout.splitlines()) if line is not None]
    if len(lines) != 1:
        return row | {"figures": f"{len(lines)} JSON lines with {', '.join(sorted(KEYS))}, not one"}
    [line] = lines
    results.mkdir(exist_ok=True)
    (results / f"{line['name']}.json").write_text(json.dumps(line, indent=2) + "\n", encoding="utf-8")
    return row | {
        "met": "yes" if line["met"] is True else "no",
        "figures": shown(line["figures"]),
        "bounds": shown(line["bounds"]),
        "sizes": shown(line["sizes"]),
    }


def claim(line: str) -> dict[str, Any] | None:
    """Read a line of output; None for any line that is not the one that is asked for."""
    try:
        value = json.loads(line)
    except json.JSONDecodeError:
        return None
    if not isinstance(value, dict) or not value.keys() >= KEYS:
        return None
    # it becomes a file name
    return value if re.fullmatch(r"[a-z0-9_-]+", str(value["name"])) else None


def shown(value: object) -> str:
    """Write a value of the line in the width of a table."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {shown(item)}" for key, item in value.items())
    if isinstance(value, list):
        return "[" + " ".join(map(shown, value)) + "]"
    return "-" if value is None else str(value)


def table(rows: list[dict[str, str]]) -> str:
    """Align the rows under their headings; figures last, since they are long."""
    columns = ["claim", "met", "seconds", "sizes", "bounds", "figures"]
    cells = [columns, *([row.get(column, "") for column in columns] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(columns))]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in cells)


if __name__ == "__main__":
    sys.exit(main())
