"""The product on simulated worlds, beside what is true there: how much of the oracle it reaches, how calibrated it is.

For each seed a world of `standard`'s parameters is made (with `--jitter` each has every rate drawn anew), and at every
origin of the product's own rolling test heads are learnt as `uptier train` learns them: account folds, search of tree
sizes, calibration. What is compared with the true chances is what the product itself would be judged by: predictions
for the months after each origin, by models that never saw the account. `shipped` is the model that scoring would meet.

Beside ours stand the oracle (the true chances), and the **observable ceiling**: the same signals and the same rows, but
learnt from the true chances instead of what happened to happen, as if each account had lived its month countless times.
What lies between ceiling and oracle cannot be known from the tables.

`share` is (AUC - 0.5) / (the oracle's AUC - 0.5). AUCs weigh each row by its true chance instead of what happened to
happen, which has the same mean and less noise. Calibration is against true chances too. Where fewer than 300 cases were
learnt from, 1 must lie within the interval over accounts drawn anew of the ratio in the top fifth instead. What follows
a sale is asked of everybody; figures that begin with `buyers_` count each row by its true chance of buying instead.

`value` is what contacting is truly worth (see `_value.py`): at the capacity of CSMs, the product's own worklist beside
the oracle's and those by P(convert), by the points model, by days to renewal and at random; and with the guard, which
protects who is about to leave, beside without it. What is asked of it depends on the preset: of `standard` that the
product's list reaches enough of the oracle's and leads the rivals, of `pushy` that the guard drives fewer accounts away
and costs no value.

Worlds are kept where `--worlds` says, and used again; so are figures, as long as the catalogue of signals is the same:
a run that was stopped goes on where it was, and where figures were kept before there was a `value`, it alone is found.
After a change of training, begin with a folder without them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from _lists import RIVALS, of_lists
from _truth import Told, among_buyers, auc, figures_of, logit_slope, precision_at
from numpy.typing import NDArray

from uptier.model.bundle import BundleSignal
from uptier.outcomes.outcome import Examples
from uptier.project import Project
from uptier.settings import CONVERSIONS, OUTCOMES
from uptier.simulate.demo import project_text
from uptier.simulate.world import simulate
from uptier.training import baselines
from uptier.training.best_single import best_single
from uptier.training.rolled import Material, material_of, rolled
from uptier.training.splitting import Origin, origins_of
from uptier.training.training import in_order

SEEDS = "31,32,33,34,35"
ACCOUNTS = 20_000
AFTER = "post_upsell_churn"
VALUE = "value"  # what lists are worth, beside the outcomes
LEAST_SHARE = {**dict.fromkeys(CONVERSIONS, 0.90), "churn": 0.80, AFTER: 0.80}
LEAST_PRECISION = 0.90  # of the oracle's, at capacity
LEAST_VALUE = 0.80  # of the oracle's list
MOST_ECE = 0.01
SLOPE = (0.9, 1.1)
TOP_FIFTH = (0.85, 1.15)
PLENTY = 300  # cases from which figures must lie within the bounds themselves
Floats = NDArray[np.float64]


def main() -> None:
    """Run the worlds, and print the line."""
    parser = argparse.ArgumentParser(description="Hold the product against the truth of simulated worlds.")
    parser.add_argument("--seeds", default=SEEDS, help="seeds of the worlds, with commas")
    parser.add_argument("--jitter", type=float, default=0.0, help="draw every rate within this share around what it is")
    parser.add_argument("--preset", default="standard", help="whose parameters")
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    parser.add_argument("--worlds", type=Path, help="where worlds are kept; by default they are made and thrown away")
    given = parser.parse_args()
    warnings.filterwarnings("ignore", category=RuntimeWarning)
    seeds = [int(seed) for seed in given.seeds.split(",")]
    with tempfile.TemporaryDirectory() as thrown_away:
        folder = given.worlds or Path(thrown_away)
        worlds = {seed: compared(folder, given.preset, seed, given.jitter, given.accounts) for seed in seeds}
    figures = {
        outcome: summary([world[outcome] for world in worlds.values() if outcome in world]) for outcome in OUTCOMES
    }
    missed = [f"{outcome}: {what}" for outcome, one in figures.items() for what in misses(outcome, one)]
    value = summary([world[VALUE] for world in worlds.values()])
    missed += [f"{VALUE}: {what}" for what in value_misses(given.preset, value)]
    line = {
        "name": "truth" if given.jitter == 0 else "truth_jittered",
        "sizes": {"worlds": len(seeds), "accounts": given.accounts},
        "seed": seeds,
        "figures": {"preset": given.preset, "jitter": given.jitter, "missed": missed, **figures, VALUE: value},
        "bounds": {
            "median_share_at_least": LEAST_SHARE,
            "precision_of_oracle_at_least": LEAST_PRECISION,
            "ece_at_most": MOST_ECE,
            "slope": SLOPE,
            "top_fifth": TOP_FIFTH,
            "brier_skill_above": 0,
            "beats": "points, best single signal; logistic regression by at least -0.005 AUC",
            "value_of_oracle_at_least": LEAST_VALUE,
            "value_beats": RIVALS,
            "guard_in_pushy": "drives fewer accounts away than without it, at no less value",
        },
        "met": not missed and len(figures) == len(OUTCOMES),
    }
    print(json.dumps(line))


def compared(folder: Path, preset: str, seed: int, jitter: float, accounts: int) -> dict[str, dict[str, float]]:
    """Make one world or take the kept one, learn from it, and compare; by outcome."""
    began = time.perf_counter()
    home = folder / f"{preset}-{seed}-{accounts}-{jitter}"
    if not (home / "world" / "truth.parquet").exists():
        simulate(preset=preset, seed=seed, out=home / "world", accounts=accounts, jitter=jitter)
    (home / "project.yaml").write_text(project_text(project="truth", source="./world"), encoding="utf-8")
    project = Project(home / "project.yaml")
    kept = home / f"figures-{project.catalog().fingerprint(project.settings.thresholds)[:12]}.json"
    found: dict[str, dict[str, float]] = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    if VALUE in found:
        said(f"seed {seed}: figures are kept", began)
        return found
    examples = {outcome: in_order(given) for outcome, given in project.examples().items()}
    truth = pd.read_parquet(home / "world" / "truth.parquet")
    said(f"seed {seed}: world of {accounts} accounts and its examples", began)
    if not found:
        signals = tuple(BundleSignal(one.name, one.family, one.is_category) for one in project.catalog().signals)
        for outcome in OUTCOMES:
            if figures := of_outcome(examples[outcome], examples["churn"], signals, project, truth, began):
                found[outcome] = figures
        kept.write_text(json.dumps(found), encoding="utf-8")
    found[VALUE] = of_lists(project, examples, truth)
    said(f"  {VALUE}: {json.dumps({key: round(number, 3) for key, number in found[VALUE].items()})}", began)
    kept.write_text(json.dumps(found), encoding="utf-8")
    return found


def of_outcome(
    given: Examples,
    months: Examples,
    signals: tuple[BundleSignal, ...],
    project: Project,
    truth: pd.DataFrame,
    began: float,
) -> dict[str, float]:
    """Learn one outcome at each origin, and compare what it says of later months with the truth."""
    knobs = project.settings.training
    origins = origins_of(given, test_share=knobs.test_share, origins=knobs.origins)
    if given.outcome == AFTER:
        given, origins = asked_of_everybody(given, months, origins)
    if not origins or given.label.to_numpy()[origins[0].fit].sum() < knobs.min_fit_positives:
        return {}
    material = material_of(given, signals)
    asked = rolled(material, origins, knobs)
    rows = given.frame.iloc[asked.rows].reset_index(drop=True)
    p = true_chances(truth, rows, given.outcome)
    known = np.flatnonzero(p > 0)  # NaN for accounts that merge: the truth is silent of them
    rows, p = rows.iloc[known].reset_index(drop=True), p[known]
    single = best_single(
        material.matrix[origins[0].fit],
        material.label[origins[0].fit],
        material.matrix[asked.rows[known]],
        names=material.names,
        categories=material.codes,
    )
    told = Told(p=p, dates=rows["as_of"].to_numpy(), accounts=rows["account_id"].to_numpy())
    ceiling, at = ceiling_of(material, origins, true_chances(truth, given.frame, given.outcome), asked.rows[known])
    figures = {
        **figures_of(asked.unseen[known], told, capacity=knobs.capacity_share),
        "oracle_auc": auc(p, p),
        "mean_true": float(p.mean()),
        "rows": float(len(p)),
        "cases": float(material.label[origins[0].fit].sum()),
    }
    scores = {
        "ours": asked.unseen[known],
        "shipped": asked.ungrouped[known],
        "logistic": asked.logistic[known],
        "points": baselines.points_score(rows, project.settings.thresholds),
        "best_signal": single.score,
        "ceiling": ceiling,
    }
    for scorer, score in scores.items():
        figures[f"{scorer}_auc"] = auc(score, p)
        figures[f"{scorer}_share"] = (figures[f"{scorer}_auc"] - 0.5) / (figures["oracle_auc"] - 0.5)
    figures["precision_of_oracle"] = figures["precision"] / precision_at(p, told, knobs.capacity_share)
    figures["ceiling_precision_of_oracle"] = precision_at(ceiling, told, knobs.capacity_share) / precision_at(
        p, told, knobs.capacity_share
    )
    if given.outcome == AFTER:
        buying = sum(true_chances(truth, rows, name) for name in CONVERSIONS)
        figures |= among_buyers(asked.unseen[known], p, np.asarray(buying))
    figures["shipped_slope"] = logit_slope(asked.ungrouped[known], p)
    shown = json.dumps({key: round(value, 3) for key, value in figures.items()})
    said(f"  {given.outcome}: {shown} best single signal {single.name}, ceiling over {at} rows", began)
    return figures


def asked_of_everybody(
    given: Examples, months: Examples, origins: tuple[Origin, ...]
) -> tuple[Examples, tuple[Origin, ...]]:
    """Learn from upsells, ask about everybody on the firsts of the months after each origin."""
    shift = len(given.frame)
    frame = pd.concat([given.frame, months.frame], ignore_index=True)
    nothing = pd.Series(np.zeros(len(months.frame), dtype=np.int64))
    both = Examples(
        outcome=given.outcome,
        frame=frame,
        label=pd.concat([given.label, nothing], ignore_index=True),
        known_at=pd.concat([given.known_at, months.known_at], ignore_index=True),
        event_at=pd.concat([given.event_at, months.event_at], ignore_index=True),
    )
    dates = months.frame["as_of"]
    ends = [*(one.date for one in origins[1:]), dates.max() + pd.Timedelta(days=1)]
    return both, tuple(
        Origin(
            date=one.date,
            fit=one.fit,
            test=np.flatnonzero(((dates >= one.date) & (dates < end)).to_numpy()) + shift,
            purged=one.purged,
        )
        for one, end in zip(origins, ends, strict=True)
    )


def true_chances(truth: pd.DataFrame, rows: pd.DataFrame, outcome: str) -> Floats:
    """The true chance of each row; NaN where the truth is silent."""
    told = truth[["account_id", "as_of", f"p_{outcome}"]].assign(as_of=truth["as_of"].astype(rows["as_of"].dtype))
    both = rows[["account_id", "as_of"]].merge(told, on=["account_id", "as_of"], how="left")
    return both[f"p_{outcome}"].to_numpy(dtype=np.float64)


def ceiling_of(
    material: Material, origins: tuple[Origin, ...], p: Floats, asked: NDArray[np.int64]
) -> tuple[Floats, int]:
    """Score rows by trees that learnt true chances of other accounts; and from how many rows they did.

    Accounts are halved: each half is scored by trees of the other, on rows before and after the origins alike, since a
    ceiling may know what it likes. Cross-entropy with the chance as the label.
    """
    import lightgbm

    accounts, _ = pd.factorize(material.account, sort=True)
    half = np.random.default_rng(0).integers(0, 2, size=accounts.max() + 1)[accounts]
    scores, learnt = np.empty(len(material.label)), 0
    for side in (0, 1):
        fit = np.flatnonzero((half != side) & (p > 0) & (p < 1))
        learnt += len(fit)
        chosen = {
            "objective": "cross_entropy",
            "num_leaves": 63,
            "learning_rate": 0.05,
            "min_data_in_leaf": 100,
            "feature_fraction": 0.5,
            "num_threads": 2,
            "seed": 1,
            "verbosity": -1,
        }
        data = lightgbm.Dataset(material.matrix[fit], p[fit], categorical_feature=material.codes)
        trees = lightgbm.train(chosen, data, num_boost_round=600)
        here = half == side
        scores[here] = trees.predict(material.matrix[here], raw_score=True)
    return scores[asked], learnt


def misses(outcome: str, one: dict[str, Any]) -> list[str]:
    """Say which bounds the medians of an outcome miss."""
    middle = {name: value["median"] for name, value in one.items() if isinstance(value, dict)}
    if not middle:
        return ["nothing was learnt"]
    asked = {
        f"share {middle['ours_share']:.3f}": middle["ours_share"] >= LEAST_SHARE[outcome],
        "brier skill": middle["brier_skill"] > 0,
    }
    if outcome in CONVERSIONS:
        asked |= {
            f"precision {middle['precision_of_oracle']:.3f} of the oracle's": middle["precision_of_oracle"]
            >= LEAST_PRECISION,
            "points": middle["ours_auc"] > middle["points_auc"],
            "best single": middle["ours_auc"] > middle["best_signal_auc"],
            "logistic": middle["ours_auc"] > middle["logistic_auc"] - 0.005,
        }
    if middle["cases"] >= PLENTY:
        asked |= {
            f"ece {middle['ece']:.4f}": middle["ece"] <= MOST_ECE,
            f"slope {middle['slope']:.3f}": SLOPE[0] <= middle["slope"] <= SLOPE[1],
            f"top fifth {middle['top_fifth']:.3f}": TOP_FIFTH[0] <= middle["top_fifth"] <= TOP_FIFTH[1],
        }
    else:
        asked["top fifth's interval"] = middle["top_fifth_low"] <= 1 <= middle["top_fifth_high"]
    return [name for name, held in asked.items() if not held]


def value_misses(preset: str, one: dict[str, Any]) -> list[str]:
    """Say which bounds the medians of what lists are worth miss; of which bounds, the preset decides."""
    middle = {name: value["median"] for name, value in one.items() if isinstance(value, dict)}
    asked = {}
    if preset == "standard":
        ours = middle["of_oracle_uptier"]
        asked = {f"{ours:.3f} of the oracle's": ours >= LEAST_VALUE}
        asked |= {
            f"{name} {middle[f'of_oracle_{name}']:.3f}, ours {ours:.3f}": ours > middle[f"of_oracle_{name}"]
            for name in RIVALS
        }
    if preset == "pushy":
        away, gained = middle["guard_driven_away"], middle["guard_value"]
        asked = {f"guard, driven away {away:+.3f}": away < 0, f"guard, value {gained:+.0f}": gained >= 0}
    return [name for name, held in asked.items() if not held]


def summary(worlds: list[dict[str, float]]) -> dict[str, Any]:
    """Median, lowest and highest of each figure; in how many worlds a head was learnt at all."""
    names = sorted({name for world in worlds for name in world})
    spread: dict[str, Any] = {"worlds_learnt": len(worlds)}
    for name in names:
        values = [world[name] for world in worlds if name in world]
        spread[name] = {key: round(float(of(values)), 5) for key, of in SPREAD.items()}
    return spread


SPREAD = {"median": np.median, "lowest": min, "highest": max}


def said(what: str, began: float) -> None:
    """Say how far things are."""
    print(f"{time.perf_counter() - began:6.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
