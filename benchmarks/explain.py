"""From a matrix to reasons, beside LightGBM's own contributions and the shap package.

The rows are those of a `standard` world, with their missing values, given as often as is needed; the model is the head
that `uptier train` would ship for seat expansions, learnt from what was known at the last origin. All on one thread, in
one run; seconds are processor time, so that a busy neighbour hardly counts.

`ours` is everything up to words: encoding, contributions, the check that they add up, families, points, and for each
row which reasons and which facts, for and against. `lightgbm` is `pred_contrib` of the same trees and rows.
`shap_large` is `shap.TreeExplainer` on 500 uncapped trees of 31 leaves, learnt from the same rows; `shap_same` on ours.
`max_abs_diff` is per signal against `pred_contrib`, log-odds. AUCs are of the months after the origin. Memory is the
peak above what the process held when it began to explain; `peak_mib_quarter` is that of a quarter of the rows.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

SEED, ACCOUNTS, ROWS, OUTCOME = 61, 6_000, 200_000, "seat_expansion"
BOUNDS = {"times_lightgbm_at_most": 1.15, "times_shap_large_at_least": 8.0, "auc_within": 0.003, "diff_at_most": 1e-6}
PEAK_GROWS_AT_MOST = 1.25  # from a quarter of the rows to all of them
MEBIBYTE = 1024.0  # kibibytes


def main() -> None:
    """Learn, explain, and print the line."""
    parser = argparse.ArgumentParser(description="From a matrix to reasons, beside LightGBM and shap.")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--accounts", type=int, default=ACCOUNTS, help="of the world that the rows are of")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--json", action="store_true", help="print the figures alone, on one level")
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"  # shap asks LightGBM without saying how many
    warnings.filterwarnings("ignore")  # shap's and matplotlib's own
    figures = measured(given.rows, given.accounts, given.seed)
    times = figures["ours_s"] / figures["lightgbm_s"], figures["shap_large_s"] / figures["ours_s"]
    line = {
        "name": "explain",
        "sizes": {"rows": given.rows, "accounts": given.accounts, "threads": 1},
        "seed": given.seed,
        "figures": figures | {"times_lightgbm": times[0], "times_shap_large": times[1]},
        "bounds": BOUNDS | {"peak_grows_at_most": PEAK_GROWS_AT_MOST},
        "met": times[0] <= BOUNDS["times_lightgbm_at_most"]
        and times[1] >= BOUNDS["times_shap_large_at_least"]
        and figures["auc_large"] - figures["auc_default"] <= BOUNDS["auc_within"]
        and figures["max_abs_diff"] <= BOUNDS["diff_at_most"]
        and figures["peak_mib"] <= PEAK_GROWS_AT_MOST * figures["peak_mib_quarter"],
    }
    print(json.dumps(figures if given.json else line))


def measured(rows: int, accounts: int, seed: int) -> dict[str, Any]:
    """Learn from a world, and explain its rows in every way."""
    import lightgbm
    import numpy as np
    import pandas as pd
    import shap
    from _bundles import before_last_origin, bundle_of, learnt
    from _worlds import auc, made

    from uptier.explanation.choosing import chosen
    from uptier.explanation.reasons import fired_triggers
    from uptier.explanation.shares import blocks, explained
    from uptier.training.training import in_order

    with tempfile.TemporaryDirectory() as folder:
        _, project = made(Path(folder), preset="standard", seed=seed, accounts=accounts)
        examples = in_order(project.examples()[OUTCOME])
    catalog, settings = project.catalog(), project.settings
    made_head = learnt(project, examples, *before_last_origin(project, examples))
    model, material = made_head.model, made_head.material
    bundle = bundle_of(project, examples, {OUTCOME: made_head.head})
    large_knobs = {"objective": "binary", "num_leaves": 31, "learning_rate": 0.05, "verbosity": -1, "num_threads": 1}
    data = lightgbm.Dataset(
        material.matrix[made_head.fit], material.label[made_head.fit], categorical_feature=material.codes
    )
    large = lightgbm.train(large_knobs | {"seed": seed, "deterministic": True}, data, num_boost_round=500)
    ours, label = lightgbm.Booster(model_str=model.learnt.trees), material.label[made_head.test]
    told(f"learnt: {model.learnt.shape}, {model.learnt.rounds} rounds of {model.learnt.models} models")

    place = np.arange(rows) % len(examples.frame)
    frame, matrix = examples.frame.iloc[place].reset_index(drop=True), material.matrix[place]

    def reasons(some: pd.DataFrame) -> int:
        found = 0
        for block in blocks(some):
            taken = explained(bundle, OUTCOME, block, catalog)
            fired = fired_triggers(block, catalog, settings.thresholds)
            sides = chosen(taken, frame=block, fired=fired, catalog=catalog, thresholds=settings.thresholds)
            found += sum(int((side.trigger >= 0).sum()) for side in sides)
        return found

    reasons(frame.iloc[:1000])  # what is imported and compiled once
    quarter = peak_of(lambda: reasons(frame.iloc[: rows // 4]))
    peak = peak_of(lambda: reasons(frame))
    count, ours_s = timed(lambda: reasons(frame), "ours")
    beside, lightgbm_s = timed(lambda: ours.predict(matrix, pred_contrib=True, num_threads=1), "lightgbm")
    some = explained(bundle, OUTCOME, frame.iloc[:20_000], catalog).contributions.to_numpy()
    diff = float(np.abs(some - np.asarray(beside)[: len(some), :-1]).max())
    _, same_s = timed(lambda: shap.TreeExplainer(ours).shap_values(matrix), "shap, the same trees")
    _, large_s = timed(lambda: shap.TreeExplainer(large).shap_values(matrix), "shap, large trees")
    return {
        "rows": rows,
        "distinct_rows": len(examples.frame),
        "reasons": count,
        "trees": {"depth": model.learnt.shape.depth, "count": model.learnt.rounds * model.learnt.models},
        "ours_s": ours_s,
        "lightgbm_s": lightgbm_s,
        "shap_large_s": large_s,
        "shap_same_s": same_s,
        "rows_per_s": rows / ours_s,
        "max_abs_diff": diff,
        "auc_default": auc(model.learnt.whole_test, label),
        "auc_large": auc(np.asarray(large.predict(material.matrix[made_head.test], raw_score=True)), label),
        "peak_mib": peak,
        "peak_mib_quarter": quarter,
    }


def timed(what: Callable[[], Any], name: str) -> tuple[Any, float]:
    """Do it, and say how long the processor took."""
    began = time.process_time()
    answer = what()
    seconds = time.process_time() - began
    told(f"{name}: {seconds:.1f} s")
    return answer, seconds


def peak_of(what: Callable[[], Any]) -> float:
    """Do it, and say how much memory it took above what was held before, MiB (Linux)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the high-water mark begins anew
    before = held("VmRSS")
    what()
    return held("VmHWM") - before


def held(name: str) -> float:
    """Read one figure of this process's memory, MiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return float(next(line for line in lines if line.startswith(name)).split()[1]) / MEBIBYTE


def told(what: str) -> None:
    """Say how far things are."""
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
