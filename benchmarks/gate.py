"""The gate lets nothing through where there is nothing, and what is worth using where there is something.

First ten worlds of the preset `null`, whose outcomes fall evenly on everybody, through the whole of learning, judging
and the gate: none may be promoted. Then its power: ten worlds of `standard`'s parameters whose true log-odds are
flattened until an oracle would rank with an AUC of 0.55, 0.65 and 0.80, and whose labels are drawn from the flattened
chances, alike from month to month as in life (a normal copula, 0.7 between neighbouring months of an account); signals
and rows are those of the world. A world counts as promoted if any of its three conversion heads passes.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from _truth import auc
from _worlds import made
from numpy.typing import NDArray
from scipy.stats import norm

from uptier.outcomes.outcome import Examples
from uptier.project import Project
from uptier.settings import CONVERSIONS
from uptier.training.training import Trained, train

SEEDS = tuple(range(1, 11))
NULL_ACCOUNTS, ACCOUNTS = 800, 1500
ORACLES = (0.55, 0.65, 0.80)
MUST = 0.80  # at which all ten worlds must be promoted
ALIKE = 0.7  # correlation of neighbouring months of an account
Floats = NDArray[np.float64]


def main() -> None:
    """Run the worlds, and print the line."""
    parser = argparse.ArgumentParser(description="Try the gate on worlds with nothing, little and much to learn.")
    parser.add_argument("--seeds", default=",".join(map(str, SEEDS)), help="seeds of the worlds, with commas")
    given = parser.parse_args()
    warnings.filterwarnings("ignore", category=RuntimeWarning)
    seeds = [int(seed) for seed in given.seeds.split(",")]
    began = time.perf_counter()
    empty = {seed: in_nothing(seed, began) for seed in seeds}
    found = {seed: in_something(seed, began) for seed in seeds}
    shares = {str(area): float(np.mean([found[seed][area] for seed in seeds])) for area in ORACLES}
    line = {
        "name": "gate",
        "sizes": {"worlds": len(seeds), "null_accounts": NULL_ACCOUNTS, "accounts": ACCOUNTS},
        "seed": seeds,
        "figures": {
            "null_worlds_promoted": int(sum(empty.values())),
            "share_promoted_by_oracle_auc": shares,
            "seconds": time.perf_counter() - began,
        },
        "bounds": {"null_worlds_promoted": 0, "share_promoted_by_oracle_auc": {str(MUST): 1.0}},
        "met": not any(empty.values()) and shares[str(MUST)] == 1.0,
    }
    print(json.dumps(line))


def in_nothing(seed: int, began: float) -> bool:
    """Learn in a world in which there is nothing to learn, and say whether anything was promoted."""
    with tempfile.TemporaryDirectory() as folder:
        _, project = made(Path(folder), preset="null", seed=seed, accounts=NULL_ACCOUNTS)
        done = learnt(project, project.examples())
    said(f"null, seed {seed}: {', '.join(done.bundle.fitted) or 'nothing'} passed", began)
    return done.promoted


def in_something(seed: int, began: float) -> dict[float, bool]:
    """Learn in a world in which there is as much to learn as is asked for; whether anything was promoted."""
    with tempfile.TemporaryDirectory() as folder:
        world, project = made(Path(folder), preset="standard", seed=seed, accounts=ACCOUNTS)
        examples = {outcome: one for outcome, one in project.examples().items() if outcome in CONVERSIONS}
        truth = pd.read_parquet(world / "truth.parquet")
        promoted = {}
        for area in ORACLES:
            done = learnt(project, {name: flattened(one, truth, area, seed) for name, one in examples.items()})
            promoted[area] = done.promoted
            said(f"oracle {area}, seed {seed}: {', '.join(done.bundle.fitted) or 'nothing'} passed", began)
    return promoted


def learnt(project: Project, examples: dict[str, Examples]) -> Trained:
    """Learn, judge and sentence, as `uptier train` does; nothing is written down."""
    return train(examples, project.catalog(), project.settings, gains={}, data_hashes={}, warnings=[])


def flattened(given: Examples, truth: pd.DataFrame, area: float, seed: int) -> Examples:
    """The same rows with labels drawn from chances that an oracle ranks with the AUC that is asked for."""
    column = f"p_{given.outcome}"
    told = truth[["account_id", "as_of", column]].assign(as_of=truth["as_of"].astype(given.frame["as_of"].dtype))
    p = given.frame[["account_id", "as_of"]].merge(told, on=["account_id", "as_of"], how="left")[column].to_numpy()
    kept = (p > 0) & (p < 1)  # the truth is silent of accounts that merge
    parts = {
        name: getattr(given, name)[kept].reset_index(drop=True) for name in ("frame", "label", "known_at", "event_at")
    }
    chances = as_flat(p[kept], area)
    label = pd.Series((alike(parts["frame"], seed) < chances).astype(np.int64))
    event = parts["known_at"].where(label == 1)
    return dataclasses.replace(given, **{**parts, "label": label, "event_at": event}, **NO_WORDS)


PARTS = ("frame", "label", "known_at", "event_at")
NO_WORDS = {word: pd.Series(dtype="str") for word in ("how", "dated_by", "not_counted")}


def as_flat(p: Floats, area: float) -> Floats:
    """Chances whose log-odds are p's drawn together, with the same mean, until they rank themselves with the area."""
    logit = np.log(p) - np.log1p(-p)
    low, high = 0.0, 3.0
    for _ in range(40):
        middle = (low + high) / 2
        made = with_mean(middle * logit, float(p.mean()))
        low, high = (middle, high) if auc(made, made) < area else (low, middle)
    return with_mean(low * logit, float(p.mean()))


def with_mean(log_odds: Floats, mean: float) -> Floats:
    """Probabilities of shifted log-odds, shifted so that their mean is the one that is asked for."""
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 / (1 + np.exp(-(log_odds + middle)))).mean() < mean else (low, middle)
    return np.asarray(1 / (1 + np.exp(-(log_odds + low))))


def alike(rows: pd.DataFrame, seed: int) -> Floats:
    """Uniform numbers, one a row, alike in neighbouring months of an account."""
    rng = np.random.default_rng(seed)
    order = rows.sort_values(["account_id", "as_of"], kind="stable").index.to_numpy()
    first = rows["account_id"].to_numpy()[order]
    begins = np.r_[True, first[1:] != first[:-1]]
    drawn, last = rng.normal(size=len(order)), 0.0
    made = np.empty(len(order))
    for place, (begin, fresh) in enumerate(zip(begins, drawn, strict=True)):
        last = fresh if begin else ALIKE * last + np.sqrt(1 - ALIKE**2) * fresh
        made[place] = last
    numbers = np.empty(len(order))
    numbers[order] = norm.cdf(made)
    return numbers


def said(what: str, began: float) -> None:
    """Say how far things are."""
    print(f"{time.perf_counter() - began:6.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
