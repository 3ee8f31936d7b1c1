"""Where outcomes are independent of everything, nothing finds anything: ten worlds of the preset `null`.

In each world, for each outcome: every signal, every column of every table (its last known value, and its sum over 28
days), and two models of all signals, LightGBM and logistic regression. Rows of one account hang together and windows
overlap, so each account is tested at one date alone. It is drawn from all dates, not from those at which the account is
there: who leaves soon has few, and a draw from them would know the future. After an upsell it is the account's first
one. What must be learnt (models; the mean label of a category) is learnt on all dates of other accounts and tested
on that one date, by its rank within the part of the accounts that was left out. The p-value is that of the rank-sum
test with ties (two-sided for numbers; one-sided for what was learnt, which has a direction); where that is below
0.001, labels are permuted 200,000 times instead, since the normal approximation is poor in the tail of rare values.
Holm's method adjusts for all tests of a world. Rows on which the outcome is impossible have no label: the highest plan
for a plan upgrade.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from _worlds import AFTER, Columns, as_seen, design, halves, logistic, made, numbers_of, signals, target_means, trees
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from uptier.outcomes.outcome import Examples
from uptier.signals.catalog import catalog

PRESET, ACCOUNTS = "null", 800
SEEDS = tuple(range(1, 11))
P_VALUE_AT_LEAST = 0.01  # after Holm's adjustment
FOLDS = 5
LOOKED_INTO = 0.001
DRAWS, DRAWN_AT_ONCE = 200_000, 4_000
FEWEST = 5  # cases that an outcome must have among the tested rows
TOP = 3

Score = Callable[[NDArray[np.bool_], NDArray[np.bool_]], NDArray[np.float64]]


def main() -> None:
    """Make the worlds, test, and print the line."""
    began = time.perf_counter()
    least, shown, tests, cases = {}, {}, {}, {}
    for seed in SEEDS:
        with tempfile.TemporaryDirectory() as folder:
            world, project = made(Path(folder), preset=PRESET, seed=seed, accounts=ACCOUNTS)
            examples = project.examples()
            seen = as_seen(world, examples)
            p_values: dict[str, float] = {}
            for name, one in examples.items():
                found, positives = tested(name, one, seen[name], seed)
                p_values |= {f"{name}: {what}": value for what, value in found.items()}
                cases.setdefault(name, []).append(positives)
        adjusted = holm(p_values)
        ordered = sorted(p_values, key=p_values.__getitem__)[:TOP]
        least[str(seed)] = adjusted[ordered[0]]
        tests[str(seed)] = len(p_values)
        shown[str(seed)] = {what: float(f"{p_values[what]:.2g}") for what in ordered}
        told(f"seed {seed}: {shown[str(seed)]}, adjusted {least[str(seed)]:.3f}", began)
    line = {
        "name": "null_world",
        "sizes": {"preset": PRESET, "accounts": ACCOUNTS, "worlds": len(SEEDS), "tests": tests, "cases": cases},
        "seed": list(SEEDS),
        "figures": {
            "least_adjusted_p_value": min(least.values()),
            "adjusted_by_seed": least,
            "least_p_values_by_seed": shown,
            "seconds": time.perf_counter() - began,
        },
        "bounds": {"least_adjusted_p_value": P_VALUE_AT_LEAST},
        "met": min(least.values()) >= P_VALUE_AT_LEAST,
    }
    print(json.dumps(line))


def tested(name: str, one: Examples, seen: Columns, seed: int) -> tuple[dict[str, float], int]:
    """Give the p-value of everything that could tell an outcome, and the number of cases."""
    looks = one.frame[["account_id", "as_of"]].reset_index(drop=True)
    label = one.label.to_numpy()
    random = np.random.default_rng([seed, len(name)])
    chosen = first_each(looks) if name == AFTER else one_date_each(looks, np.unique(looks["as_of"]), random)
    if int(label[chosen].sum()) < FEWEST:
        return {}, int(label[chosen].sum())
    fold = halves(looks["account_id"], parts=FOLDS, seed=seed)
    names = {signal.name: signal.is_category for signal in catalog().signals}
    of_signals = signals(one, names)
    found = {}
    for source, given in (("signal", of_signals), ("column", seen)):
        for column in given.values:
            if column in given.categories:
                score = learnt_means(given, column, label)
                found[f"{source} {column}"] = p_of_learnt(score, label, fold, chosen, random)
            else:
                value = numbers_of(column, given.values[column])[chosen]
                found[f"{source} {column}"] = p_value(
                    value, label[chosen], np.zeros(len(value), dtype=np.int64), random, two_sided=True
                )
    matrix, categories = design(of_signals)
    for what, model in (("logistic regression", logistic), ("LightGBM", trees)):

        def score(learnt: NDArray[np.bool_], rows: NDArray[np.bool_], model=model) -> NDArray[np.float64]:  # type: ignore[no-untyped-def]
            return model(matrix, categories, label, learnt, rows)

        found[what] = p_of_learnt(score, label, fold, chosen, random)
    return found, int(label[chosen].sum())


def one_date_each(looks: pd.DataFrame, dates: NDArray[np.datetime64], random: np.random.Generator) -> NDArray[np.int64]:
    """Give each account one of the dates, whether or not it is looked at then, and find the rows that are."""
    accounts, place = np.unique(looks["account_id"].to_numpy(dtype=str), return_inverse=True)
    drawn = random.integers(len(dates), size=len(accounts))
    return np.flatnonzero(looks["as_of"].to_numpy() == dates[drawn][place])


def first_each(looks: pd.DataFrame) -> NDArray[np.int64]:
    """Find the first row of each account."""
    first = looks.groupby("account_id")["as_of"].transform("min")
    return np.flatnonzero((looks["as_of"] == first).to_numpy())


def learnt_means(given: Columns, column: str, label: NDArray[np.int64]) -> Score:
    """Score a category by the mean label of rows that are learnt from."""
    return lambda learnt, rows: target_means(given.values[column], label, learnt, rows)


def p_of_learnt(
    score: Score,
    label: NDArray[np.int64],
    fold: NDArray[np.int64],
    chosen: NDArray[np.int64],
    random: np.random.Generator,
) -> float:
    """Learn on other accounts, each fold in turn, and test the rows that are chosen."""
    there = np.zeros(len(label), dtype=bool)
    there[chosen] = True
    values = np.zeros(len(label))
    for part in range(FOLDS):
        rows = (fold == part) & there
        values[rows] = score(fold != part, rows)
    return p_value(values[chosen], label[chosen], fold[chosen], random, two_sided=False)


def p_value(
    value: NDArray[np.float64],
    label: NDArray[np.int64],
    stratum: NDArray[np.int64],
    random: np.random.Generator,
    *,
    two_sided: bool,
) -> float:
    """Give the p-value of a rank-sum test within strata; 1 where all values are equal."""
    centred, variance, seen = [], 0.0, 0.0
    for one in np.unique(stratum):
        ranks = rankdata(value[stratum == one])
        ranks = ranks - ranks.mean()
        hits, count = int(label[stratum == one].sum()), len(ranks)
        centred.append((ranks, hits))
        seen += float(ranks[label[stratum == one] == 1].sum())
        if count > 1:
            variance += float(hits * (count - hits) / count * (ranks**2).sum() / (count - 1))
    if variance <= 0:
        return 1.0
    distance = seen / np.sqrt(variance)
    near = float(2 * norm.sf(abs(distance)) if two_sided else norm.sf(distance))
    return near if near >= LOOKED_INTO else permuted(centred, seen, random, two_sided=two_sided)


def permuted(
    centred: list[tuple[NDArray[np.float64], int]], seen: float, random: np.random.Generator, *, two_sided: bool
) -> float:
    """Give the share of permutations of the labels that are as far off."""
    further = 0
    for _ in range(DRAWS // DRAWN_AT_ONCE):
        total = np.zeros(DRAWN_AT_ONCE)
        for ranks, hits in centred:
            if 0 < hits < len(ranks):
                places = np.argpartition(random.random((DRAWN_AT_ONCE, len(ranks))), hits, axis=1)[:, :hits]
                total += ranks[places].sum(axis=1)
        further += int(((np.abs(total) if two_sided else total) >= (abs(seen) if two_sided else seen) - 1e-9).sum())
    return (further + 1) / (DRAWS + 1)


def holm(p_values: dict[str, float]) -> dict[str, float]:
    """Adjust p-values for their number (Holm 1979, "A simple sequentially rejective multiple test procedure")."""
    adjusted, largest = {}, 0.0
    for place, name in enumerate(sorted(p_values, key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[name]))
        adjusted[name] = largest
    return adjusted


def told(what: str, began: float) -> None:
    """Say how far it is."""
    print(f"{time.perf_counter() - began:6.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
