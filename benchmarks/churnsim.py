"""ChurnSim by its YAML alone: plan upgrade beats the points model and peak daily utilisation by more than chance.

Beside the whole job stands a backtest, which begins learning anew at each of six origins over the later half of the
dates. Its pooled AUC is held against peak daily utilisation too: the intervals, by account, must not touch.

The data are found by UPTIER_DATA; without them nothing is measured and the claim is not met.
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

from uptier.project import Project

CONFIG = Path(__file__).parents[1] / "configs" / "churnsim.yaml"
BEATEN = ("the points model", "peak daily utilisation alone")
CASES = 14  # of churn after an upsell in these data
FIRST = "2022-06-01"  # the months before are burn-in
ORIGINS, LEAST_ORIGINS = 6, 4  # of the backtest
BOUNDS = {
    "exit_code": 0,
    "lead_low": 0.0,
    "post_upsell_cases": CASES,
    "post_upsell_fallback": "Too few cases to learn from",
    "first_as_of": FIRST,
    "backtest_origins_at_least": LEAST_ORIGINS,
    "backtest_low_above": "the high of utilisation, pooled over origins",
}


def main() -> None:
    """Run the job, and print the line."""
    if not os.environ.get("UPTIER_DATA"):
        print(json.dumps(told(sizes={}, figures={"left_out": "UPTIER_DATA is not set"}, met=False)))
        return
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / CONFIG.name
        text = CONFIG.read_text(encoding="utf-8")
        config.write_text(text.replace("store: ../.uptier/churnsim", "store: ./store"), encoding="utf-8")
        began = time.perf_counter()
        program = [Path(sys.executable).with_name("uptier"), "run", config, "--json"]
        done = subprocess.run(program, stdout=subprocess.PIPE, text=True, check=False)
        seconds = time.perf_counter() - began
        if done.returncode not in (0, 3):
            print(json.dumps(told(sizes={}, figures={"exit_code": done.returncode}, met=False)))
            return
        job = json.loads(done.stdout.splitlines()[-1])
        project = Project(config)
        upgrade = project.examples()["plan_upgrade"].frame
        again = project.backtest(origins=ORIGINS).found["plan_upgrade"].as_json()
    heads = job["train"]["heads"]
    head, after = heads["plan_upgrade"], heads["post_upsell_churn"]
    leads = {one["against"]: one["difference"] for one in head["comparisons"] if one["measure"] == "AUC"}
    figures = {
        "exit_code": done.returncode,
        "seconds": seconds,
        "auc": head["auc"],
        "points_auc": head["baselines"]["points"]["auc"],
        "peak_utilisation_auc": head["baselines"]["utilisation"]["auc"],
        "logistic_auc": head["baselines"]["logistic"]["auc"],
        "leads": {name: leads.get(name) for name in BEATEN},
        "passed": [name for name, one in heads.items() if one["passed"]],
        "post_upsell_cases": after["positives"],
        "post_upsell_fallback": after["fallback"],
        "backtest": {
            "pooled": {scorer: one["auc"] for scorer, one in again["figures"].items() if scorer != "constant"},
            "test": again["test"],
            "led_points_at": again["led_points_at"],
            "origins": again["origins"],
        },
        "first_as_of": str(upgrade["as_of"].min().date()),
        "last_as_of": str(upgrade["as_of"].max().date()),
    }
    met = (
        done.returncode == 0
        and head["passed"]
        and all(name in leads and leads[name][0] > 0 for name in BEATEN)
        and after["positives"] == CASES
        and after["fallback"].startswith(BOUNDS["post_upsell_fallback"])
        and figures["first_as_of"] == FIRST
        and len(again["origins"]) >= LEAST_ORIGINS
        and again["figures"]["head"]["auc"][0] > again["figures"]["utilisation"]["auc"][2]
    )
    sizes = {
        "looks": len(upgrade),
        "accounts": job["score"]["rows"],
        "test_rows": head["n"],
        "positives": head["positives"],
    }
    print(json.dumps(told(sizes=sizes, figures=figures, met=met)))


def told(*, sizes: dict[str, Any], figures: dict[str, Any], met: bool) -> dict[str, Any]:
    """Form the line."""
    return {"name": "churnsim", "sizes": sizes, "seed": None, "figures": figures, "bounds": BOUNDS, "met": met}


if __name__ == "__main__":
    main()
