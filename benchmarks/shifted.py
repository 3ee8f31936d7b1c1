"""A market that turns: the backtest shows when, and shows nothing of the kind where nothing turned.

Worlds of the preset `shifted` (in month 15 budgets freeze, and who used to buy no longer does; more leave) and, beside
them, worlds of `standard`'s parameters of the same size, through `uptier backtest` as it is: learning begun anew at
each of six origins over the later half of the dates. An origin is hit if the windows that it is asked about reach past
the turn.

In every world that turns, churn must break at an origin that is hit, and nothing before the turn; where nothing turned,
no origin of any outcome may break in more worlds than one (a level of 1 % for each outcome lets one in twenty worlds
break by chance). Types of upsell are told beside: the turn lowers their true chances by about an eighth, since needs
that are not met pile up, while it raises those of leaving by two thirds; `true_change` is how much.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
from _worlds import made

from uptier.simulate.presets import DATA_UNTIL, PRESETS

SEEDS = "1,2,3"
ACCOUNTS = 2000
TURNS, STAYS = "shifted", "standard"
CLEAN_BREAKS = 1
LONGEST_DAYS = 97  # from an as-of date to the end of the longest window, that of churn


def main() -> None:
    """Run the worlds, and print the line."""
    parser = argparse.ArgumentParser(description="Hold the backtest against worlds whose market turns.")
    parser.add_argument("--seeds", default=SEEDS, help="seeds of the worlds, with commas")
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    given = parser.parse_args()
    warnings.filterwarnings("ignore", category=RuntimeWarning)
    seeds = [int(seed) for seed in given.seeds.split(",")]
    began = time.perf_counter()
    worlds = {
        preset: {str(seed): of_world(preset, seed, given.accounts, began) for seed in seeds}
        for preset in (TURNS, STAYS)
    }
    turned = turn()
    missed = [
        f"{TURNS}, seed {seed}: {what}" for seed, one in worlds[TURNS].items() for what in not_shown(one, str(turned))
    ]
    clean = [seed for seed, one in worlds[STAYS].items() if any(found["broke"] for found in one.values())]
    if len(clean) > CLEAN_BREAKS:
        missed.append(f"{STAYS}: something broke in {len(clean)} of {len(seeds)} worlds")
    line = {
        "name": "shifted",
        "sizes": {"worlds": 2 * len(seeds), "accounts": given.accounts},
        "seed": seeds,
        "figures": {
            "turn": str(turned),
            "clean_worlds_with_a_break": len(clean),
            "missed": missed,
            **worlds,
            "seconds": round(time.perf_counter() - began),
        },
        "bounds": {
            "breaks_at_a_hit_origin": "churn, in every world",
            "breaks_before_the_turn": 0,
            "clean_worlds_with_a_break_at_most": CLEAN_BREAKS,
        },
        "met": not missed,
    }
    print(json.dumps(line))


def turn() -> dt.date:
    """Give the first day of the month in which the market turns."""
    parameters = PRESETS[TURNS].parameters
    first = pd.Timestamp(DATA_UNTIL) - pd.DateOffset(months=parameters.months)
    return (first + pd.DateOffset(months=parameters.shift.month)).date()


def of_world(preset: str, seed: int, accounts: int, began: float) -> dict[str, dict[str, Any]]:
    """Backtest one world; by outcome its origins, when what each was asked about ends, and what broke."""
    with tempfile.TemporaryDirectory() as folder:
        world, project = made(Path(folder), preset=preset, seed=seed, accounts=accounts)
        found = project.backtest().found
        truth = pd.read_parquet(world / "truth.parquet")
    told, later = {}, truth["as_of"] >= pd.Timestamp(turn())
    for outcome, one in found.items():
        dates = [at.date for at in one.origins]
        told[outcome] = {
            "why_not": one.why_not,
            "origins": [
                {"date": at.date, "until": until, "cases": at.positives, "auc": at.auc, "ratio": at.calibration_ratio}
                for at, until in zip(one.origins, [*dates, str(DATA_UNTIL)][1:], strict=True)
            ],
            "broke": list(one.broke),
            "true_change": float(truth.loc[later, f"p_{outcome}"].mean() / truth.loc[~later, f"p_{outcome}"].mean()),
        }
        said = "; ".join(one.broke) or one.why_not or "nothing broke"
        print(f"{time.perf_counter() - began:6.0f} s  {preset}, seed {seed}, {outcome}: {said}", file=sys.stderr)
    return told


def not_shown(world: dict[str, dict[str, Any]], turned: str) -> list[str]:
    """Say what a backtest of a world that turned did not show, or showed too early.

    Parameters
    ----------
    world : dict
        By outcome, from :func:`of_world`.
    turned : str
        Day of the turn, ISO.

    Returns
    -------
    list of str
        Empty where all is as it must be.
    """
    missed, shown = [], False
    for outcome, one in world.items():
        ends = {at["date"]: at["until"] for at in one["origins"]}
        for told in one["broke"]:
            date = told.partition(":")[0]
            if pd.Timestamp(ends[date]) + pd.Timedelta(days=LONGEST_DAYS) <= pd.Timestamp(turned):
                missed.append(f"{outcome} broke before the turn: {told}")
            else:
                shown = shown or outcome == "churn"
    if not shown:
        missed.append("churn did not break")
    return missed


if __name__ == "__main__":
    main()
