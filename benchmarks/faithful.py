"""Reasons beside the known causes of simulated worlds: does uptier name what truly drives an account?

A world's truth holds the log-odds that each hidden cause adds to those of the population's mean (`docs/world.md`).
Heads are learnt as training learns them, before any gate, from what the last origin knew of two thirds of the accounts;
asked is about the later dates of the other third, by turns. What is looked at is the fifth of each date that scores
highest. Where the strongest true cause adds at least twice what the second does (**plain** rows), it should be among
the three reasons, and first. The **rest** are rows with some cause that adds, but none so plain.

Which causes does a trigger tell of? Those of whose state (1) the world's rules make something that the family measures
depend, and (2) the family's signals alone tell 5 % of the variance on accounts that were not learnt from (`told_by`
below measures it in each run, on the first world). Where a cause is told by several triggers any of them counts; what a
trigger truly adds is the sum over the causes that it tells of.

| family | tells of | since |
|---|---|---|
| seats | pressure, growth, mood | licences fill by pressure, at the pace of growth; people come by mood |
| capacity | need, pressure | meters rise with need; limit errors come by need, and where seats are taken |
| gates | need, pressure | gates, prompts, trials by need; limit errors count here too |
| power_users | growth, mood | they come while a team stirs or grows; mood moves how often people come |
| velocity | growth, pressure | people are invited as the licence fills, which is what growth does |
| adoption | depth, mood, champion, pressure | features by depth, days by mood, integrations by champion, health |
| value | mood, champion, depth | goals are met by all three, though seldom |
| gaps | gap, need | exports and texts by gap; texts name wishes by need |
| sentiment | mood, gap | answers and faults by mood; most tickets of an urgent gap are about it |
| relationship | champion, budget, talk, mood | no trigger: days of champions and executives, calls, opportunities |
| commercial | setting, pressure | no trigger: plan, segment, renewal; revenue per active user is use turned over |

All three of value fall short of (2); it is held to them none the less. What passes (2) alone is left out, such as power
users and pressure, or adoption and growth, which go together only since teams that grow fill their licence.

So no trigger tells of budget, talk and setting: `told` counts rows by the causes that some trigger tells of alone.

Beside ours stand, on the same rows: `shap`, the three signals that add most to the margin, mapped by their family
whether or not it has a trigger; `points`, the rules of the points model that hold, by points; `constant`, for all rows
the three families that ours names first most often; `voiced`, families by what they add, had relationship a trigger;
`ceiling`, the product's own rule on trees that learnt true chances; and `causes`, trees that learnt the true causes
themselves from the same signals, and name causes, not families: where they fail too, the tables do not show the cause.

On the preset `null` nothing may be a reason: no account gets more than a point, since the gate refuses all heads; what
the heads that were refused would have said is told too.

Worlds are kept where `--worlds` says, and used again; so is what was learnt there, as long as the catalogue of signals
is the same, so that another rule of reasons is measured in minutes. After a change of training, begin with a folder
without `learnt-*`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from _faithful import (
    ASKED,
    NAMED_AT_MOST,
    TELLS,
    Bools,
    Floats,
    Named,
    World,
    ceiling_heads,
    families_of,
    families_of_rules,
    families_of_signals,
    families_with_relationship,
    in_top,
    learnt_causes,
    reasons_of,
    rounded,
    states_told,
    taken_apart,
    unseen_heads,
    world_of,
)
from numpy.typing import NDArray

from uptier.explanation.shares import Explained
from uptier.model.bundle import Bundle
from uptier.simulate.causes import CAUSES
from uptier.training.training import train

SEEDS, ACCOUNTS = "41,42,43", 4000
NULL_SEEDS, NULL_ACCOUNTS = "51", 1500
PARTS = 3
PLAIN = 2.0  # times the second cause
IN_THREE, FIRST, NEGATIVE = 0.90, 0.70, 0.03
MOST_ON_NULL = 0.01
CLEARLY = -0.1  # log-odds
DRAWS = 500
TWO = 2  # sentences
NAMERS = ("ours", "against", "shap", "voiced", "points")
WITH_TRIGGER = tuple(family for family in TELLS if family not in ("relationship", "commercial"))
TOLD = np.array([any(cause in TELLS[family] for family in WITH_TRIGGER) for cause in CAUSES])
Columns = dict[str, Any]


def main() -> None:
    """Run the worlds, and print the line."""
    parser = argparse.ArgumentParser(description="Hold reasons against the known causes of simulated worlds.")
    parser.add_argument("--seeds", default=SEEDS, help="seeds of the worlds, with commas")
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    parser.add_argument("--null-seeds", default=NULL_SEEDS, help="seeds of the worlds in which nothing has a cause")
    parser.add_argument("--null-accounts", type=int, default=NULL_ACCOUNTS)
    parser.add_argument("--worlds", type=Path, help="where worlds are kept; by default they are made and thrown away")
    given = parser.parse_args()
    warnings.filterwarnings("ignore", category=RuntimeWarning)
    seeds, null_seeds = ([int(seed) for seed in text.split(",") if seed] for text in (given.seeds, given.null_seeds))
    found: dict[str, list[Columns]] = {outcome: [] for outcome in ASKED}
    told_by: Columns = {}
    null: list[Columns] = []
    with tempfile.TemporaryDirectory() as thrown_away:
        folder = given.worlds or Path(thrown_away)
        for seed in null_seeds:
            world = world_of(folder, "null", seed, given.null_accounts)
            null.append(on_null(world))
        for seed in seeds:
            world = world_of(folder, "standard", seed, given.accounts)
            said(f"seed {seed}: world")
            told_by = told_by or world.kept("told", partial(states_told, world))
            for outcome, worlds in found.items():
                worlds.append(of_outcome(world, outcome, seed))
    figures = {outcome: figures_of(worlds) for outcome, worlds in found.items()}
    missed = [f"{outcome}: {what}" for outcome, one in figures.items() for what in misses(one)]
    if not null or max(one["shipped"] for one in null) > MOST_ON_NULL:
        missed.append("null: a reason of more than a point was shipped, or nothing was tried")
    line = {
        "name": "faithful",
        "sizes": {
            "worlds": len(seeds),
            "accounts": given.accounts,
            "null_worlds": len(null),
            "null_accounts": given.null_accounts,
        },
        "seed": [*seeds, *null_seeds],
        "figures": {"missed": missed, **figures, "null": null, "told_by": told_by},
        "bounds": {
            "plain_in_three_at_least": IN_THREE,
            "plain_first_at_least": FIRST,
            "negative_at_most": NEGATIVE,
            "points_on_null_at_most": MOST_ON_NULL,
        },
        "met": not missed,
    }
    print(json.dumps(line))


def of_outcome(world: World, outcome: str, seed: int) -> Columns:
    """Ask heads of other accounts about one outcome; what is named, beside the true causes, of the highest fifth."""
    material, frame = world.material(outcome), world.examples[outcome].frame
    causes = world.causes(outcome)
    asked = world.origin(outcome).test
    asked = asked[~np.isnan(causes[asked]).any(axis=1)]  # of accounts that merge the truth is silent
    known = set(asked.tolist())
    named: dict[str, dict[int, tuple[str, ...]]] = {name: {} for name in NAMERS}
    score, sentences = np.full(len(frame), np.nan), np.zeros(len(frame))
    for bundle, rows in unseen_heads(world, material, parts=PARTS):
        rows = rows[[row in known for row in rows.tolist()]]
        few = frame.iloc[rows].reset_index(drop=True)
        if not bundle.fitted:
            score[rows] = bundle.heads[outcome].base_rate
            continue
        apart = taken_apart(world, bundle, outcome, few)
        score[rows], reasons = apart.probability, reasons_of(world, apart, few)
        sentences[rows] = [sum(len(reason.signals) for reason in one.supporting) for one in reasons]
        for name, names in {
            "ours": families_of(world, [one.supporting for one in reasons]),
            "against": families_of(world, [one.opposing for one in reasons]),
            "shap": families_of_signals(world, apart),
            "voiced": families_with_relationship(world, apart),
            "points": families_of_rules(world, few),
        }.items():
            named[name] |= dict(zip(rows.tolist(), names, strict=True))
    said(f"  {outcome}: ours")
    top = asked[in_top(score[asked], frame["as_of"].iloc[asked])]
    ceiling: dict[int, tuple[str, ...]] = {}
    for bundle, rows in ceiling_heads(world, material):
        rows = rows[np.isin(rows, top)]
        few = frame.iloc[rows].reset_index(drop=True)
        reasons = reasons_of(world, taken_apart(world, bundle, outcome, few), few)
        names = families_of(world, [one.supporting for one in reasons])
        ceiling |= dict(zip(rows.tolist(), names, strict=True))
    said(f"  {outcome}: ceiling")
    causes_told = world.kept(f"{outcome}-causes", lambda: {"learnt": learnt_causes(material, causes, asked)})
    learnt = np.array(causes_told["learnt"])
    said(f"  {outcome}: causes learnt; {len(top)} of {len(asked)} rows")
    telling = {
        name: telling_of([rows.get(row, ()) for row in top.tolist()])
        for name, rows in {**named, "ceiling": ceiling}.items()
    }
    return {
        "causes": causes[top],
        "account": np.array([f"{seed}-{account}" for account in frame["account_id"].iloc[top]], dtype=object),
        "telling": telling | {"causes": telling_of_causes(learnt[np.isin(asked, top)])},
        "named": [named["ours"].get(row, ()) for row in top.tolist()],
        "sentences": sentences[top],
        "observable": 1 - (causes[asked] - learnt).var(axis=0) / np.maximum(causes[asked].var(axis=0), 1e-12),
        "spread": causes[asked].std(axis=0),
    }


def telling_of(named: Named) -> Bools:
    """Say which causes each reason of each row tells of, shape (n_rows, 3, n_causes)."""
    told = np.zeros((len(named), NAMED_AT_MOST, len(CAUSES)), dtype=bool)
    for row, families in enumerate(named):
        for place, family in enumerate(families):
            told[row, place] = [cause in TELLS[family] for cause in CAUSES]
    return told


def telling_of_causes(predicted: Floats) -> Bools:
    """Name the three causes that are predicted to add most, as far as they add."""
    told = np.zeros((len(predicted), NAMED_AT_MOST, len(CAUSES)), dtype=bool)
    order = np.argsort(-predicted, axis=1, kind="stable")
    for place in range(NAMED_AT_MOST):
        cause = order[:, place]
        told[np.arange(len(predicted)), place, cause] = predicted[np.arange(len(predicted)), cause] > 0
    return told


def figures_of(worlds: list[Columns]) -> dict[str, Any]:
    """Measure what was named in all worlds together."""
    causes = np.concatenate([one["causes"] for one in worlds])
    accounts = np.concatenate([one["account"] for one in worlds])
    telling = {name: np.concatenate([one["telling"][name] for one in worlds]) for name in worlds[0]["telling"]}
    firsts = [names[0] for one in worlds for names in one["named"] if names]
    against = telling.pop("against")
    telling["constant"] = telling_of([tuple(pd.Series(firsts).value_counts().index[:NAMED_AT_MOST])] * len(causes))
    told = np.where(TOLD, causes, 0.0)
    return {
        "rows": len(causes),
        "plain_share": rounded(plain(causes).mean()),
        "plain_share_of_told": rounded(plain(told).mean()),
        "scorers": {
            name: {**hits(one, causes, accounts), "told": hits(one, told, accounts), **negatives(one, causes)}
            for name, one in telling.items()
        },
        "two_sentences": rounded((np.concatenate([one["sentences"] for one in worlds]) >= TWO).mean()),
        "against": negatives(against, -causes),  # wrong where its causes truly add
        "by_strongest_cause": by_cause(causes, telling),
        "by_family": by_family([names for one in worlds for names in one["named"]], causes),
        "observable": of_causes([one["observable"] for one in worlds], [one["spread"] for one in worlds]),
    }


def plain(causes: Floats) -> Bools:
    """Say in which rows the strongest cause adds at least twice what the second does."""
    ordered = np.sort(np.maximum(causes, 0), axis=1)
    return np.asarray((ordered[:, -1] > 0) & (ordered[:, -1] >= PLAIN * ordered[:, -2]))


def hit(telling: Bools, causes: Floats) -> tuple[Bools, Bools]:
    """Say whether the strongest cause is told by the first reason, and by any of the three."""
    of_strongest = telling[np.arange(len(causes)), :, causes.argmax(axis=1)]
    return of_strongest[:, 0], np.asarray(of_strongest.any(axis=1))


def hits(telling: Bools, causes: Floats, accounts: NDArray[np.object_]) -> dict[str, Any]:
    """Give the shares of rows whose strongest cause is told, of plain rows and of the rest."""
    first, three = hit(telling, causes)
    is_plain = plain(causes)
    rest = ~is_plain & (causes.max(axis=1) > 0)
    return {
        "plain_in_three": rounded(three[is_plain].mean()),
        "plain_in_three_interval": interval(three[is_plain], accounts[is_plain]),
        "plain_first": rounded(first[is_plain].mean()),
        "plain_first_interval": interval(first[is_plain], accounts[is_plain]),
        "rest_in_three": rounded(three[rest].mean()),
        "rest_first": rounded(first[rest].mean()),
    }


def negatives(telling: Bools, causes: Floats) -> dict[str, float]:
    """Give the share of reasons whose causes truly take, or take clearly, and how many reasons a row has."""
    is_reason = np.asarray(telling.any(axis=2))
    adds = (telling * causes[:, None, :]).sum(axis=2)[is_reason]
    return {
        "negative": rounded((adds < 0).mean()),
        "clearly_negative": rounded((adds < CLEARLY).mean()),
        "first_negative": rounded(((telling[:, 0] * causes).sum(axis=1)[is_reason[:, 0]] < 0).mean()),
        "reasons_a_row": rounded(is_reason.sum(axis=1).mean()),
    }


def by_cause(causes: Floats, telling: dict[str, Bools]) -> dict[str, dict[str, float]]:
    """Tell plain rows apart by their strongest cause."""
    strongest, is_plain = causes.argmax(axis=1), plain(causes)
    found = {}
    for place, cause in enumerate(CAUSES):
        rows = np.asarray(is_plain & (strongest == place))
        if bool(rows.any()):
            found[cause] = {"share_of_plain": rounded(rows.sum() / is_plain.sum())}
            for name in ("ours", "voiced", "shap", "ceiling", "causes"):
                first, three = hit(telling[name][rows], causes[rows])
                found[cause] |= {f"{name}_first": rounded(first.mean()), f"{name}_in_three": rounded(three.mean())}
    return dict(sorted(found.items(), key=lambda one: -one[1]["share_of_plain"]))


def by_family(named: Named, causes: Floats) -> dict[str, dict[str, float]]:
    """Tell our reasons apart by family: their share of all reasons, and of how many the causes truly take."""
    telling = telling_of(named)
    adds = (telling * causes[:, None, :]).sum(axis=2)
    said_by = [(family, adds[row, place] < 0) for row, names in enumerate(named) for place, family in enumerate(names)]
    table = pd.DataFrame(said_by, columns=["family", "negative"]).groupby("family")["negative"].agg(["size", "mean"])
    return {
        str(family): {"share": rounded(one["size"] / len(said_by)), "negative": rounded(one["mean"])}
        for family, one in table.sort_values("size", ascending=False).iterrows()
    }


def of_causes(told: list[Floats], spread: list[Floats]) -> dict[str, dict[str, float]]:
    """Give for each cause how much it moves the outcome, and how much of that trees tell that learnt it."""
    return {
        cause: {"spread": rounded(deviation), "told": rounded(share)} for cause, deviation, share in zip(
            CAUSES, np.median(spread, axis=0), np.median(told, axis=0), strict=True
        )
    }  # fmt: skip


def on_null(world: World) -> Columns:
    """Give the most that a reason adds where nothing has a cause: as the product ships it, and had no gate refused."""

    def shipping() -> list[Bundle]:
        catalog, settings = world.project.catalog(), world.project.settings
        return [train(world.examples, catalog, settings, gains={}, data_hashes={}, warnings=[]).bundle]

    (made,) = world.bundles("shipped", shipping)
    shipped: dict[str, float] = {}
    refused: dict[str, tuple[float, ...]] = {}
    for outcome in ASKED:
        material, frame = world.material(outcome), world.examples[outcome].frame
        rows = frame.iloc[world.origin(outcome).test].reset_index(drop=True)
        if made.heads[outcome].is_fitted:
            shipped[outcome] = most(world, taken_apart(world, made, outcome, rows), rows)[0]
        for bundle, of_part in unseen_heads(world, material, parts=PARTS):
            few = frame.iloc[of_part].reset_index(drop=True)
            said_of = most(world, taken_apart(world, bundle, outcome, few), few) if bundle.fitted else (0.0, 0.0)
            refused[outcome] = tuple(max(pair) for pair in zip(refused.get(outcome, (0.0, 0.0)), said_of, strict=True))
    said("  null")
    return {
        "fitted": list(made.fitted),
        "shipped": max(shipped.values(), default=0.0),
        "without_gate": {outcome: {"most": one[0], "share_above": one[1]} for outcome, one in refused.items()},
    }


def most(world: World, apart: Explained, frame: pd.DataFrame) -> tuple[float, float]:
    """Give the most that a reason adds, share of probability, and the share of rows with a reason above the bound."""
    adds = np.array([
        max((reason.points or 0.0 for reason in one.supporting), default=0.0)
        for one in reasons_of(world, apart, frame)
    ])  # fmt: skip
    return rounded(adds.max()), rounded((adds > MOST_ON_NULL).mean())


def misses(one: dict[str, Any]) -> list[str]:
    """Say which bounds an outcome misses."""
    ours = one["scorers"]["ours"]
    asked = {
        f"in three {ours['plain_in_three']}": ours["plain_in_three"] >= IN_THREE,
        f"first {ours['plain_first']}": ours["plain_first"] >= FIRST,
        f"negative {ours['negative']}": ours["negative"] <= NEGATIVE,
    }
    return [name for name, held in asked.items() if not held]


def interval(held: Bools, accounts: NDArray[np.object_]) -> list[float]:
    """Give the 95 % interval of a share, by drawing accounts anew."""
    number, names = pd.factorize(accounts)
    hits_of, rows_of = np.bincount(number, weights=held), np.bincount(number)
    drawn = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), size=DRAWS)
    low, high = np.quantile((drawn @ hits_of) / (drawn @ rows_of), [0.025, 0.975])
    return [rounded(low), rounded(high)]


BEGAN = time.perf_counter()


def said(what: str) -> None:
    """Say how far things are."""
    print(f"{time.perf_counter() - BEGAN:6.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
