"""RavenStack by its YAML alone: its defects are found, no model is promoted, and rules score.

Nothing in these data predicts anything. They are found by UPTIER_DATA; without them nothing is measured and the claim
is not met.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd

CONFIG = Path(__file__).parents[1] / "configs" / "ravenstack.yaml"
KNOWN = {"duplicate-key": 21, "side-by-side": 500}  # findings, with the counts of the data's own description
OUTSIDE = "usage-outside-subscription"
BOUNDS = {"exit_code": 3, "alias": "challenger", "findings": KNOWN, "basis": ["rules"], "percentages": 0}


def main() -> None:
    """Run the job, and print the line."""
    if not os.environ.get("UPTIER_DATA"):
        print(json.dumps(told(sizes={}, figures={"left_out": "UPTIER_DATA is not set"}, met=False)))
        return
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / CONFIG.name
        text = CONFIG.read_text(encoding="utf-8")
        config.write_text(text.replace("store: ../.uptier/ravenstack", "store: ./store"), encoding="utf-8")
        began = time.perf_counter()
        program = [Path(sys.executable).with_name("uptier"), "run", config, "--json"]
        done = subprocess.run(program, stdout=subprocess.PIPE, text=True, check=False)
        seconds = time.perf_counter() - began
        if done.returncode not in (0, 3):
            print(json.dumps(told(sizes={}, figures={"exit_code": done.returncode}, met=False)))
            return
        job = json.loads(done.stdout.splitlines()[-1])
        card = pd.read_parquet(job["score"]["scorecard"])
    found = {one["code"]: one["count"] for one in job["check"]["findings"] if one["code"] in (*KNOWN, OUTSIDE)}
    heads = job["train"]["heads"]
    figures = {
        "exit_code": done.returncode,
        "seconds": seconds,
        "alias": job["train"]["registered"]["alias"],
        "findings": found,
        "auc": {name: head["auc"] for name, head in heads.items()},
        "fallbacks": {name: head["fallback"] for name, head in heads.items()},
        "basis": sorted(card["basis"].unique()),
        "percentages": int(card.filter(regex="^p_").notna().sum().sum()),
    }
    met = (
        done.returncode == BOUNDS["exit_code"]
        and figures["alias"] == BOUNDS["alias"]
        and KNOWN.items() <= found.items()
        and found.get(OUTSIDE, 0) > 0
        and figures["basis"] == BOUNDS["basis"]
        and figures["percentages"] == 0
    )
    sizes = {"accounts": len(card), "test_rows": {name: head["n"] for name, head in heads.items()}}
    print(json.dumps(told(sizes=sizes, figures=figures, met=met)))


def told(*, sizes: dict[str, Any], figures: dict[str, Any], met: bool) -> dict[str, Any]:
    """Form the line."""
    return {"name": "ravenstack", "sizes": sizes, "seed": None, "figures": figures, "bounds": BOUNDS, "met": met}


if __name__ == "__main__":
    main()
