"""Training one head on 500,000 rows of 80 signals, beside a bare `lightgbm.train` of the same trees.

The same trees are those that ship: as many, of the same shape, grown by the same parameters, bins and threads, on the
same rows. `fit` is the whole training of a head: binning, the search for a shape, the fold models, the bag. `head` is
that with what follows: calibration, and AUC, log loss and the rest with their intervals on a later tenth of the rows.
`grown` is the bare training of every tree that was grown for good, on the rows that each of them was grown on.

Each runs in a process of its own; seconds are process time by the number of threads, and memory is the peak above what
the process held when it had imported everything, the matrix included.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from typing import Any

ROWS, SIGNALS, SEED, RATE = 500_000, 80, 11, 0.06
TESTED = 0.1  # share of the rows, beside those that are learnt from
BOUNDS = {"fit_times": 1.25, "head_times": 2.0, "memory_times": 2.5}
MEBIBYTE = 2**20


def main() -> None:
    """Run the parts in processes of their own, and print the line."""
    parser = argparse.ArgumentParser(description="Hold the training of a head beside a bare lightgbm.train.")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--part", help="one part, in this process", choices=["fit", "head", "bare", "grown"])
    parser.add_argument("--trees", type=json.loads, default={}, help="of the parts that compare: what was grown")
    given = parser.parse_args()
    if given.part:
        print(json.dumps(part(given.part, rows=given.rows, threads=given.threads, trees=given.trees)))
        return
    began = {name: told(name, given, {}) for name in ("fit", "head")}
    trees = began["fit"].pop("trees")
    parts = began | {name: told(name, given, trees) for name in ("bare", "grown")}
    matrix = given.rows * SIGNALS * 8 / MEBIBYTE
    figures: dict[str, Any] = {
        "seconds": {name: one["seconds"] for name, one in parts.items()},
        "memory_mib": {name: one["memory_mib"] for name, one in parts.items()},
        "trees": trees,
        "matrix_mib": matrix,
        "fit_times": parts["fit"]["seconds"] / parts["bare"]["seconds"],
        "head_times": parts["head"]["seconds"] / parts["bare"]["seconds"],
        "fit_times_all_that_grew": parts["fit"]["seconds"] / parts["grown"]["seconds"],
        "memory_times": max(parts[name]["memory_mib"] for name in ("fit", "head")) / matrix,
        "auc": parts["head"]["auc"],
    }
    line = {
        "name": "train",
        "sizes": {"rows": given.rows, "signals": SIGNALS, "threads": given.threads},
        "seed": SEED,
        "figures": figures,
        "bounds": BOUNDS,
        "met": all(figures[name] <= bound for name, bound in BOUNDS.items()),
    }
    print(json.dumps(line))


def told(name: str, given: argparse.Namespace, trees: dict[str, Any]) -> dict[str, Any]:
    """Run one part in a process of its own."""
    asked = ["--part", name, "--rows", str(given.rows), "--threads", str(given.threads), "--trees", json.dumps(trees)]
    done = subprocess.run([sys.executable, __file__, *asked], stdout=subprocess.PIPE, text=True, check=True)
    print(f"{name}: {done.stdout.strip()}", file=sys.stderr, flush=True)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def part(name: str, *, rows: int, threads: int, trees: dict[str, Any]) -> dict[str, Any]:
    """Run one part here; its seconds and its memory above the imports."""
    import lightgbm
    import numpy as np
    import pandas as pd
    import sklearn.metrics  # noqa: F401  # among the imports, whose memory does not count

    from uptier.training.calibrating import calibrated
    from uptier.training.fitting import learnt
    from uptier.training.judging import calibration_curve, predicted
    from uptier.training.resampling import drawn_accounts
    from uptier.training.shapes import RICH, Shape, parameters
    from uptier.training_settings import TrainingSettings

    before = peak()
    fit, label = drawn(rows, np.random.default_rng(SEED))
    test, truth = drawn(round(rows * TESTED) if name == "head" else 1, np.random.default_rng(SEED + 1))
    settings = TrainingSettings(threads=threads)
    folds = np.arange(rows) // 10 % settings.folds
    answer: dict[str, Any] = {}
    began = time.process_time()
    if name in ("fit", "head"):
        model = learnt(fit, label, folds, test, categories=[], settings=settings)
        answer["trees"] = {"shape": vars(model.shape), "rounds": model.rounds, "models": model.models}
    if name == "head":
        calibrator = calibrated(model.out_of_fold, label)
        assert calibrator is not None
        probability = calibrator(model.whole_test)
        accounts = (np.arange(len(truth)) // 10).astype(object)
        draws = drawn_accounts(accounts, draws=settings.bootstraps, seed=settings.seed)
        figures = predicted(truth, probability, draws, capacity_share=settings.capacity_share).figures()
        calibration_curve(truth, probability, draws)
        answer["auc"] = figures.auc
    if name in ("bare", "grown"):
        shape = Shape(**trees["shape"])
        chosen = parameters(shape, n=rows, settings=settings)
        data = lightgbm.Dataset(fit, label=label, params=chosen).construct()
        if name == "bare" or shape == RICH:
            lightgbm.train(chosen, data, num_boost_round=trees["rounds"] * trees["models"])
        else:
            for fold in range(trees["models"]):
                lightgbm.train(chosen, data.subset(np.flatnonzero(folds != fold)), num_boost_round=trees["rounds"])
    answer["seconds"] = time.process_time() - began
    answer["memory_mib"] = (peak() - before) / MEBIBYTE
    answer["versions"] = f"lightgbm {lightgbm.__version__}, pandas {pd.__version__}"
    return answer


def drawn(n: int, rng: Any) -> tuple[Any, Any]:
    """Draw signals, a tenth of all values unknown; a dozen tell: alone, together, or from a threshold on."""
    import numpy as np

    matrix = rng.standard_normal((n, SIGNALS))
    log_odds = np.log(RATE / (1 - RATE)) - 0.6 + 0.5 * matrix[:, :4].sum(axis=1) / 2
    log_odds += 0.6 * (matrix[:, 4] > 1) + 0.5 * (matrix[:, 5] > 0) * matrix[:, 6] - 0.4 * np.abs(matrix[:, 7])
    log_odds += 0.5 * (matrix[:, 8] > 0.5) * (matrix[:, 9] > 0.5) + 0.2 * matrix[:, 10] * matrix[:, 11]
    label = (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(np.int64)
    for place in range(0, SIGNALS, 8):
        matrix[rng.random(n) < 0.8, place] = np.nan
    return matrix, label


def peak() -> float:
    """Give the most memory that this process has held, bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


if __name__ == "__main__":
    main()
