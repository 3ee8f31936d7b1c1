"""Truth is honest: the world is run again from as-of dates with many other futures, and frequencies agree with it.

300 accounts of one block of `standard`, each at a date of its own, live 200 futures in each of the three cases; then
once more with each cause taken away. What is compared, in all: every outcome in every case, overall, in ten bins of
rising chance, by account and in the spread over accounts; churn also by the month in which the term ends; every outcome
without each cause, overall and by account, and how much taking it away changes, for those whom it raised and those whom
it lowered. One p-value for each, adjusted for their number by Holm's method. The engine is tests/simulate/futures.py,
which never reads truth backwards.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.simulate.futures import (
    CASES,
    CAUSES,
    OUTCOMES,
    Change,
    at_rest,
    changes,
    compared,
    frequencies,
    p_value,
    past,
    spread,
    starts,
)
from uptier.simulate.looks import Looks, joined, looks_of
from uptier.simulate.presets import find_preset
from uptier.simulate.truth import truth

PRESET = "standard"
SEED = 11
BLOCK_OF = 1000  # accounts that the block has
ACCOUNTS = 300
FUTURES = 200
BINS = 10
AFTER_THE_WINDOW = 4  # months; for renewals
FEW = 10  # accounts that a cause must have raised, or lowered, for the change to be looked at
P_VALUE_AT_LEAST = 0.01  # after Holm's adjustment
MEAN_SQUARE = (0.9, 1.1)  # of standardised errors, over some thousands of cells


def main() -> None:
    """Run the world on, compare, and print the line."""
    began = time.process_time()
    parameters = find_preset(PRESET)
    world = past(parameters, accounts=BLOCK_OF, seed=SEED, months=parameters.months)
    begun = starts(world, one_date_each(looks_of(world.chronicle)))
    rested = {cause: at_rest(begun, cause) for cause in CAUSES}
    together = truth(world.eras, joined([begun.looks, *(one.looks for one in rested.values())]), world.first_day)
    told, *apart = (
        together.iloc[first : first + ACCOUNTS].reset_index(drop=True) for first in range(0, len(together), ACCOUNTS)
    )
    seen = frequencies(begun, world.eras, told, futures=FUTURES, seed=SEED + 1)
    p_values = {f"{name}, {what}": value for name in seen for what, value in compare(seen, told, name, BINS).items()}
    p_values |= by_renewal(begun.looks, seen, told)
    squares = {name: spread(seen[name].to_numpy(), chances(told, name), FUTURES)[:2] for name in seen}
    shown: dict[str, dict[str, list[float]]] = {}
    turned = []
    for number, ((cause, one), rest) in enumerate(zip(rested.items(), apart, strict=True)):
        lived = frequencies(one, world.eras, rest, futures=FUTURES, seed=SEED + 2 + number, cases=("",))
        for name in lived:
            of_rest = compare(lived, rest, name, 1)
            p_values |= {f"{name} without {cause}, {what}": of_rest[what] for what in ("overall", "accounts")}
            for group, change in change_of(name, (told, rest), (seen, lived)).items():
                p_values[f"{name} without {cause}, {group}"] = change.p_value
                shown.setdefault(name, {})[f"{cause} {group}"] = [round(change.told, 4), round(change.seen, 4)]
                turned += [f"{name} without {cause}, {group}"] * change.turns
    adjusted = holm(p_values)
    mean_square = float(np.average([mean for mean, _ in squares.values()], weights=[n for _, n in squares.values()]))
    worst = min(adjusted, key=lambda name: (adjusted[name], p_values[name]))
    print(f"{time.process_time() - began:.0f} s of process time", file=sys.stderr)
    line = {
        "name": "futures",
        "sizes": {
            "preset": PRESET,
            "accounts": ACCOUNTS,
            "dates": len(set(begun.looks.month.tolist())),
            "futures": FUTURES,
            "comparisons": len(p_values),
        },
        "seed": SEED,
        "figures": {
            "least_adjusted_p_value": adjusted[worst],
            "furthest_off": f"{worst}: p = {p_values[worst]:.2g} before adjustment",
            "mean_square": round(mean_square, 3),
            "changes_with_another_sign": turned,
            "told_and_seen": {
                name: [round(float(chances(told, name).mean()), 4), round(float(seen[name].mean()) / FUTURES, 4)]
                for name in seen
            },
            "mean_square_by_outcome": {name: round(mean, 3) for name, (mean, _) in squares.items()},
            "change_told_and_seen_without_a_cause": shown,
        },
        "bounds": {
            "least_adjusted_p_value": P_VALUE_AT_LEAST,
            "mean_square": list(MEAN_SQUARE),
            "changes_with_another_sign": [],
        },
        "met": adjusted[worst] >= P_VALUE_AT_LEAST
        and MEAN_SQUARE[0] <= mean_square <= MEAN_SQUARE[1]
        and not turned
        and set(seen) == {f"{outcome}{case}" for outcome, case in product(OUTCOMES, CASES)},
    }
    print(json.dumps(line))


def one_date_each(looks: Looks) -> np.ndarray:
    """Draw accounts, and for each one of its dates; in the order of the looks."""
    random = np.random.default_rng(SEED)
    shuffled = random.permutation(len(looks))
    _, first = np.unique(looks.account_id[shuffled].astype(str), return_index=True)
    return np.sort(random.permutation(shuffled[first])[:ACCOUNTS])


def chances(told: pd.DataFrame, name: str) -> np.ndarray:
    """Truth's column of an outcome in a case."""
    return told[f"p_{name}"].to_numpy()


def compare(seen: pd.DataFrame, told: pd.DataFrame, name: str, bins: int) -> dict[str, float]:
    """Give the p-values of one outcome in one case."""
    return compared(seen[name].to_numpy(), chances(told, name), futures=FUTURES, bins=bins)


def by_renewal(looks: Looks, seen: pd.DataFrame, told: pd.DataFrame) -> dict[str, float]:
    """Compare outcomes of churn among those whose term ends in the same month of the window, or after it."""
    renewal = np.minimum(looks.renewal, AFTER_THE_WINDOW)
    return {
        f"{name}, renewal in month {month}": p_value(seen[name].to_numpy()[rows], chances(told, name)[rows], FUTURES)
        for name in seen
        if "churn" in name
        for month in range(AFTER_THE_WINDOW + 1)
        if (rows := renewal == month).any()
    }


def change_of(
    name: str, told: tuple[pd.DataFrame, pd.DataFrame], seen: tuple[pd.DataFrame, pd.DataFrame]
) -> dict[str, Change]:
    """Say what taking a cause away changes; with it, without it."""
    with_it, without = (chances(one, name) for one in told)
    hits = (seen[0][name].to_numpy(), seen[1][name].to_numpy())
    return dict(changes((with_it, without), hits, futures=FUTURES, few=FEW))


def holm(p_values: dict[str, float]) -> dict[str, float]:
    """Adjust p-values for their number (Holm 1979, "A simple sequentially rejective multiple test procedure")."""
    ordered = sorted(p_values, key=p_values.__getitem__)
    adjusted, largest = {}, 0.0
    for place, name in enumerate(ordered):
        largest = max(largest, min(1.0, (len(ordered) - place) * p_values[name]))
        adjusted[name] = largest
    return adjusted


if __name__ == "__main__":
    main()
