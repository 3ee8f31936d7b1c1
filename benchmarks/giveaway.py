"""The world is no giveaway: even who knows everything cannot tell for sure, and no single column tells much.

On `standard`, over accounts without an open expansion opportunity, at all monthly as-of dates whose windows are over
(for churn after an upsell: at all upsells, with what truth knew at the month's beginning; there the opportunity is the
one just won). Compared are the oracle, which knows the true chance; the last known value of each column of each table,
and its sum over 28 days; each signal by itself; and logistic regression on all signals, learnt on the other half of the
accounts. A share is (AUC - 0.5) over (oracle's AUC - 0.5).
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from _worlds import (
    AFTER,
    Columns,
    as_seen,
    asked,
    auc,
    design,
    halves,
    in_talks,
    logistic,
    made,
    opened,
    ranking,
    signals,
    soft_auc,
)

from uptier.outcomes.outcome import Examples
from uptier.settings import CONVERSIONS
from uptier.signals.catalog import catalog

PRESET, SEED = "standard", 11
ORACLE = {**dict.fromkeys(CONVERSIONS, (0.82, 0.93)), "churn": (0.70, 0.88), AFTER: (0.70, 0.88)}
COLUMN_AT_MOST = {**dict.fromkeys(CONVERSIONS, 0.75), "churn": 0.70, AFTER: 0.70}
SIGNAL_SHARE_AT_MOST = 0.65
LOGISTIC_SHARE_AT_MOST = 0.92
TOP = 3
KIB_IN_GIB = 2**20


def main() -> None:
    """Make the world, measure, and print the line."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        world, project = made(Path(folder), preset=PRESET, seed=SEED)
        told("the world is made", began)
        examples = project.examples()
        told("the signals are formed", began)
        base = opened(world)
        truth = asked(base, f"SELECT account_id, as_of, {', '.join(f'p_{name}' for name in ORACLE)} FROM truth")
        base.close()
        truth = truth.rename(columns={"as_of": "month"}).astype({"month": "datetime64[us]"})
        seen = as_seen(world, examples)
        told("the columns are looked at", began)
        figures = {}
        for name, one in examples.items():
            figures[name] = measured(name, one, seen[name], truth, world)
            told(name, began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_IN_GIB
    line = {
        "name": "giveaway",
        "sizes": {
            "preset": PRESET,
            "accounts": project_accounts(truth),
            "rows": {name: one["rows"] for name, one in figures.items()},
            "positives": {name: one["positives"] for name, one in figures.items()},
        },
        "seed": SEED,
        "figures": {"failed": failed(figures), **figures, "peak_gib": peak, "seconds": time.perf_counter() - began},
        "bounds": {
            "failed": [],
            "oracle": ORACLE,
            "column_at_most": COLUMN_AT_MOST,
            "signal_share_at_most": SIGNAL_SHARE_AT_MOST,
            "logistic_share_at_most": LOGISTIC_SHARE_AT_MOST,
        },
        "met": not failed(figures),
    }
    print(json.dumps(line))


def measured(name: str, one: Examples, seen: Columns, truth: pd.DataFrame, world: Path) -> dict[str, object]:
    """Measure everything about one outcome."""
    looks = one.frame[["account_id", "as_of"]].reset_index(drop=True)
    month = looks["as_of"].dt.to_period("M").dt.to_timestamp().astype("datetime64[us]")
    chance = looks.assign(month=month).merge(truth, on=["account_id", "month"], how="left")[f"p_{name}"]
    kept = chance.notna().to_numpy(copy=True)
    if name != AFTER:
        kept &= ~in_talks(world, looks)
    rows = np.flatnonzero(kept)
    label = one.label.to_numpy()[rows]
    half = halves(looks["account_id"].iloc[rows], parts=2, seed=SEED)
    oracle = auc(chance.to_numpy()[rows], label)
    names = {signal.name: signal.is_category for signal in catalog().signals}
    of_signals = signals(one, names).rows(rows)
    by_column, by_signal = ranking(seen.rows(rows), label, half), ranking(of_signals, label, half)
    matrix, categories = design(of_signals)
    sides = [
        auc(logistic(matrix, categories, label, half != side, half == side), label[half == side]) for side in (0, 1)
    ]
    best, regression = next(iter(by_signal.values())), float(np.mean(sides))
    return {
        "rows": len(rows),
        "positives": int(label.sum()),
        "oracle": round(oracle, 4),
        "oracle_soft": round(soft_auc(chance.to_numpy()[rows]), 4),
        "columns": top(by_column),
        "signals": top(by_signal),
        "signal_share": round((best - 0.5) / (oracle - 0.5), 4),
        "logistic": round(regression, 4),
        "logistic_share": round((regression - 0.5) / (oracle - 0.5), 4),
    }


def top(ranked: dict[str, float]) -> dict[str, float]:
    """Give the best few."""
    return {name: round(value, 4) for name, value in list(ranked.items())[:TOP]}


def failed(figures: dict[str, dict[str, object]]) -> list[str]:
    """Name what lies outside its bounds."""
    found = []
    for name, one in figures.items():
        low, high = ORACLE[name]
        if not low <= one["oracle"] <= high:
            found.append(f"{name}: oracle")
        if max(one["columns"].values()) > COLUMN_AT_MOST[name]:
            found.append(f"{name}: column")
        if one["signal_share"] > SIGNAL_SHARE_AT_MOST:
            found.append(f"{name}: signal")
        if one["logistic_share"] > LOGISTIC_SHARE_AT_MOST:
            found.append(f"{name}: logistic")
    return found


def project_accounts(truth: pd.DataFrame) -> int:
    """Count the accounts that truth knows."""
    return int(truth["account_id"].nunique())


def told(what: str, began: float) -> None:
    """Say how far it is."""
    print(f"{time.perf_counter() - began:6.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
