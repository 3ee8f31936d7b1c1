"""With few cases: from how many on a model foretells better than the rate of everybody, and whether types share.

Small companies are drawn from worlds of `standard`'s parameters: some accounts of them, with what was known at the
first origin of the rolling test. Each learns its heads as `uptier train` does, and is asked about all *other* accounts
of the world in the months after, where the true chances are known. So companies are small and the evidence is not.

`gain` is how far a head comes from the pooled rate (0) to the true chances (1), by log loss against the true chances;
below 0 the pooled rate foretold better. Beside each head stands **pooling across types**: trees that learnt whether an
account bought anything at all, from the cases of all three types, with a calibrator for each type.

`min_fit_positives` is right if from so many accounts with the outcome on a head hardly ever foretells worse than the
pooled rate, and pooling across types would have to gain more than the types by themselves to be worth having. The last
part is the preset `few`, through training as it is: who has too few cases gets rates with their intervals, and no AUC.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from _worlds import made
from numpy.typing import NDArray

from uptier.model.bundle import BundleSignal
from uptier.outcomes.outcome import Examples
from uptier.settings import CONVERSIONS
from uptier.training.calibrating import calibrated
from uptier.training.rolled import Material, material_of, model_of
from uptier.training.splitting import origins_of
from uptier.training.training import in_order, train
from uptier.training_settings import TrainingSettings

SEEDS, ACCOUNTS = "41,42", 4000
COMPANIES = (50, 80, 120, 200, 300)  # accounts
DRAWS = 4  # of each size, in each world
ASKED = (*CONVERSIONS, "churn")
KEY = ["account_id", "as_of"]
LEAST_CASES = 5  # accounts with the outcome, below which nothing is tried
MOST_ROWS = 20_000  # asked about
LEAST_BETTER = 0.95  # share of companies from the floor on whose head foretells better than the pooled rate
FEW_SEEDS = (1, 2, 3)
Floats = NDArray[np.float64]
Places = NDArray[np.int64]


def main() -> None:
    """Run the companies, and print the line."""
    parser = argparse.ArgumentParser(description="Learn from few cases, and see from how many on it is worth it.")
    parser.add_argument("--seeds", default=SEEDS, help="seeds of the worlds, with commas")
    parser.add_argument("--accounts", type=int, default=ACCOUNTS, help="of each world")
    given = parser.parse_args()
    warnings.filterwarnings("ignore", category=RuntimeWarning)
    seeds = [int(seed) for seed in given.seeds.split(",")]
    began = time.perf_counter()
    found = pd.concat([of_world(seed, given.accounts, began) for seed in seeds], ignore_index=True)
    young = {str(seed): of_few(seed, began) for seed in FEW_SEEDS}
    floor = TrainingSettings().min_fit_positives
    bands = {name: banded(some) for name, some in found.groupby(bands_of(found["cases"], floor), observed=True)}
    missed = misses(found, floor) + [
        f"few, seed {seed}, {outcome}: an AUC without its interval"
        for seed, heads in young.items()
        for outcome, one in heads.items()
        if one["auc"] is not None and len(one["auc"]) != 3
    ]
    line = {
        "name": "few",
        "sizes": {"worlds": len(seeds), "accounts": given.accounts, "companies": len(found) // len(ASKED)},
        "seed": seeds,
        "figures": {
            "min_fit_positives": floor,
            "by_accounts_with_the_outcome": bands,
            "preset_few": young,
            "missed": missed,
            "seconds": round(time.perf_counter() - began),
        },
        "bounds": {
            "share_better_than_the_pooled_rate_from_the_floor": LEAST_BETTER,
            "gain_of_pooling_across_types": "not above that of the types by themselves, from the floor on",
            "few": "no AUC without its interval",
        },
        "met": not missed,
    }
    print(json.dumps(line))


def of_world(seed: int, accounts: int, began: float) -> pd.DataFrame:
    """Draw companies from a world; one row for each and outcome: accounts, cases, gain, gain_of_pooling."""
    with tempfile.TemporaryDirectory() as folder:
        world, project = made(Path(folder), preset="standard", seed=seed, accounts=accounts)
        examples = {outcome: in_order(one) for outcome, one in project.examples().items() if outcome in ASKED}
        truth = pd.read_parquet(world / "truth.parquet")
        signals = tuple(BundleSignal(one.name, one.family, one.is_category) for one in project.catalog().signals)
        knobs = project.settings.training
    said(f"seed {seed}: world and examples", began)
    day = origins_of(examples["churn"], test_share=knobs.test_share, origins=knobs.origins)[0].date
    anything = bought_anything(examples)
    names = sorted({name for one in examples.values() for name in one.frame["account_id"]})
    known = {
        one.name: tuple(sorted({str(value) for value in anything.frame[one.name].dropna().unique()}))
        for one in signals
        if one.is_category
    }
    heads = {outcome: Asked(material_of(one, signals, known), truth, day) for outcome, one in examples.items()}
    together = Asked(material_of(anything, signals, known), None, day)
    rng, rows = np.random.default_rng(seed), []
    for size in COMPANIES:
        for _ in range(DRAWS):
            company = set(rng.choice(names, size, replace=False))
            shared = Shared(together, company, knobs)
            rows += [
                {"accounts": size, "outcome": outcome, **gains(head, company, shared, knobs)}
                for outcome, head in heads.items()
            ]
        said(f"  companies of {size} accounts", began)
    return pd.DataFrame(rows).dropna(subset=["gain"])


def bought_anything(examples: dict[str, Examples]) -> Examples:
    """Put the three types together: one row a look, whose label says whether anything was bought in its window."""
    each = [
        examples[name].frame.assign(label=examples[name].label.to_numpy(), known=examples[name].known_at.to_numpy())
        for name in CONVERSIONS
    ]
    every = pd.concat(each, ignore_index=True).sort_values(["as_of", "account_id"], kind="stable")
    looks = every.groupby(KEY, sort=False)
    frame = every.drop(columns=["label", "known"]).drop_duplicates(KEY).reset_index(drop=True)
    return replace(
        examples[CONVERSIONS[0]],
        frame=frame,
        label=looks["label"].max().reset_index(drop=True),
        known_at=looks["known"].max().reset_index(drop=True),
        event_at=pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us]"),
        **{word: pd.Series(dtype="str") for word in ("how", "dated_by", "not_counted")},
        gained=pd.Series(dtype="float64"),
    )


class Asked:
    """The rows of an outcome, which of them are known at the origin, and which may be asked about."""

    def __init__(self, material: Material, truth: pd.DataFrame | None, day: pd.Timestamp) -> None:
        given = material.given
        self.material = material
        self.early = ((given.frame["as_of"] < day) & (given.known_at <= day)).to_numpy()
        self.place = pd.Series(np.arange(len(given.frame)), index=pd.MultiIndex.from_frame(given.frame[KEY]))
        self.late = (given.frame["as_of"] >= day).to_numpy()
        self.p = np.zeros(len(given.frame))
        if truth is not None:
            column = f"p_{given.outcome}"
            told = truth[[*KEY, column]].assign(as_of=truth["as_of"].astype(given.frame["as_of"].dtype))
            self.p = given.frame[KEY].merge(told, on=KEY, how="left")[column].to_numpy()

    def fit(self, company: set[str]) -> Places:
        """Rows that the company learns from."""
        return np.flatnonzero(self.early & self.material.account.isin(company).to_numpy())

    def others(self, company: set[str]) -> Places:
        """Rows of everybody else in the months after; the truth is silent of accounts that merge."""
        rows = np.flatnonzero(self.late & ~self.material.account.isin(company).to_numpy() & (self.p > 0))
        return rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST_ROWS)).astype(int))]


class Shared:
    """Trees of a company that learnt whether an account bought anything at all."""

    def __init__(self, together: Asked, company: set[str], knobs: TrainingSettings) -> None:
        self.together, self.fit = together, together.fit(company)
        everybody = np.arange(len(together.early))
        self.model = model_of(together.material, self.fit, everybody, knobs)[0]

    def told(self, given: Asked, fit: Places, test: Places, knobs: TrainingSettings) -> Floats | None:
        """What they say of a type, by a calibrator of its own; None where more does not mean likelier."""
        seen = pd.Series(self.model.learnt.out_of_fold, index=self.fit)
        frame = given.material.given.frame
        at_fit = self.together.place.loc[pd.MultiIndex.from_frame(frame.iloc[fit][KEY])].to_numpy()
        margin = seen.reindex(at_fit).to_numpy()
        known = np.isfinite(margin)
        label = given.material.label[fit][known]
        calibrator = (
            calibrated(margin[known], label, method=knobs.calibration) if 0 < label.sum() < len(label) else None
        )
        if calibrator is None:
            return None
        at_test = self.together.place.loc[pd.MultiIndex.from_frame(frame.iloc[test][KEY])].to_numpy()
        return probability(calibrator.log_odds(self.model.learnt.whole_test[at_test]))


def gains(given: Asked, company: set[str], shared: Shared, knobs: TrainingSettings) -> dict[str, float]:
    """Learn one head of a company, and say what it gains on everybody else; NaN with too few cases to try."""
    fit, test = given.fit(company), given.others(company)
    label = given.material.label[fit]
    cases = given.material.account.iloc[fit][label == 1].nunique()
    if cases < LEAST_CASES:
        return {"cases": cases, "gain": np.nan, "gain_of_pooling": np.nan}
    model = model_of(given.material, fit, test, knobs)[0]
    own = None if model.calibrator is None else probability(model.calibrator.log_odds(model.learnt.whole_test))
    p, rate = given.p[test], float(label.mean())
    nothing, best = loss(np.full(len(p), rate), p), loss(p, p)

    def gain(told: Floats | None) -> float:
        # without a calibrator a head gives everybody the pooled rate
        return 0.0 if told is None else (nothing - loss(told, p)) / (nothing - best)

    is_type = given.material.given.outcome in CONVERSIONS
    pooling = gain(shared.told(given, fit, test, knobs)) if is_type else np.nan
    return {"cases": cases, "gain": gain(own), "gain_of_pooling": pooling}


def of_few(seed: int, began: float) -> dict[str, dict[str, Any]]:
    """Train on a world of the preset `few`; by outcome its cases, rate with interval, and AUC, if it claims one."""
    with tempfile.TemporaryDirectory() as folder:
        _, project = made(Path(folder), preset="few", seed=seed)
        done = train(project.examples(), project.catalog(), project.settings, gains={}, data_hashes={}, warnings=[])
    said(f"few, seed {seed}: {', '.join(done.bundle.fitted) or 'no head'} passed", began)
    return {
        outcome: {
            "accounts_with_the_outcome": head.positive_accounts,
            "rate": [head.interval[0], head.base_rate, head.interval[1]],
            "pooled": head.fallback,
            "auc": done.judgements[outcome].as_json()["auc"],
        }
        for outcome, head in done.bundle.heads.items()
    }


def bands_of(cases: pd.Series, floor: int) -> pd.Series:
    """Name the band of each company: below half the floor, below it, up to twice it, above."""
    edges = [LEAST_CASES - 1, floor // 2 - 1, floor - 1, 2 * floor - 1, np.inf]
    names = [
        f"{LEAST_CASES}-{floor // 2 - 1}",
        f"{floor // 2}-{floor - 1}",
        f"{floor}-{2 * floor - 1}",
        f"{2 * floor}+",
    ]
    return pd.Series(pd.cut(cases, edges, labels=names))


def banded(some: pd.DataFrame) -> dict[str, Any]:
    """Sum up the companies of a band, by outcome."""
    return {
        outcome: {
            "companies": len(one),
            "gain": round(float(one["gain"].mean()), 3),
            "lowest_gain": round(float(one["gain"].min()), 3),
            "better_than_the_pooled_rate": round(float((one["gain"] > 0).mean()), 3),
            "worse": round(float((one["gain"] < 0).mean()), 3),
            **({} if outcome == "churn" else {"gain_of_pooling": round(float(one["gain_of_pooling"].mean()), 3)}),
        }
        for outcome, one in some.groupby("outcome")
    }


def misses(found: pd.DataFrame, floor: int) -> list[str]:
    """Say which bounds are missed by companies with as many cases as the floor asks for."""
    enough = found[found["cases"] >= floor]
    missed = []
    for outcome, one in enough.groupby("outcome"):
        better = float((one["gain"] > 0).mean())
        if better < LEAST_BETTER:
            missed.append(f"{outcome}: better than the pooled rate in {better:.0%} of {len(one)} companies")
        if outcome in CONVERSIONS and one["gain_of_pooling"].mean() > one["gain"].mean():
            missed.append(f"{outcome}: pooling across types gains more")
    return missed + [f"{name}: no company has cases enough" for name in ASKED if name not in set(enough["outcome"])]


def probability(log_odds: Floats) -> Floats:
    """From log-odds."""
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def loss(told: Floats, p: Floats) -> float:
    """Mean log loss against true chances."""
    told = np.clip(told, 1e-6, 1 - 1e-6)
    return float(-(p * np.log(told) + (1 - p) * np.log1p(-told)).mean())


def said(what: str, began: float) -> None:
    """Say how far things are."""
    print(f"{time.perf_counter() - began:6.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
