"""Reasons stay when a model is learnt again: with other seeds nearly always, with another order of rows always.

On each world and for each outcome a head is learnt, as training learns it and before any gate, from what was known at
the last origin; asked is about the date of that origin. The fifth that scores highest under the first seed is what is
looked at. Then everything is learnt again with other seeds: other folds, other trees, tree sizes sought anew. `first`
is the share of those accounts whose first reason is the same trigger, mean over the other seeds; `close` is the share
whose first two reasons were less than a tenth of the first apart, where another order says little; `first_if_not_close`
leaves these out. `in_three` is the share whose first reason is still among the three, `same_set` that with the same
reasons in any order. `most_often_first` says how many accounts share one first reason, which makes it easy to keep.

Order is another matter: rows and columns of the training frame, or of the scored frame, in any other order must give
the same trees, byte for byte, and the same reasons, equal in every word and every digit.
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
from _faithful import ASKED, Floats, World, bundle_of, head_of, in_top, reasons_of, rounded, taken_apart, world_of

from uptier.explanation.reasons import Reasons
from uptier.model.bundle import Bundle
from uptier.outcomes.outcome import Examples
from uptier.training.rolled import material_of
from uptier.training.training import in_order

SEEDS, ACCOUNTS = "41,42,43", 4000
RETRAINED = (8, 9)  # seeds of training, beside the project's own
SAME_FIRST = 0.85
CLOSE = 0.1
BESIDE = ("label", "known_at", "event_at")


def main() -> None:
    """Run the worlds, and print the line."""
    parser = argparse.ArgumentParser(description="Learn again, and see which reasons stay.")
    parser.add_argument("--seeds", default=SEEDS, help="seeds of the worlds, with commas")
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    parser.add_argument("--worlds", type=Path, help="where worlds are kept; by default they are made and thrown away")
    given = parser.parse_args()
    warnings.filterwarnings("ignore", category=RuntimeWarning)
    seeds = [int(seed) for seed in given.seeds.split(",")]
    found: dict[str, list[dict[str, float]]] = {outcome: [] for outcome in ASKED}
    order: dict[str, list[bool]] = {"trees": [], "reasons": [], "scored": []}
    with tempfile.TemporaryDirectory() as thrown_away:
        for number, seed in enumerate(seeds):
            world = world_of(given.worlds or Path(thrown_away), "standard", seed, given.accounts)
            said(f"seed {seed}: world and examples")
            for outcome in ASKED:
                # the promise about order is exact, so one world is enough to break it
                found[outcome].append(of_outcome(world, outcome, order if number == 0 else None))
                said(f"  {outcome}: {found[outcome][-1]}")
    figures = {
        outcome: {name: rounded(np.average([one[name] for one in worlds], weights=[one["rows"] for one in worlds]))
                  for name in worlds[0] if name != "rows"} | {"rows": sum(one["rows"] for one in worlds)}
        for outcome, worlds in found.items()
    }  # fmt: skip
    same = {name: all(held) and bool(held) for name, held in order.items()}
    missed = [f"{outcome}: first {one['first']}" for outcome, one in figures.items() if one["first"] < SAME_FIRST]
    missed += [f"order: {name}" for name, held in same.items() if not held]
    line = {
        "name": "stable",
        "sizes": {"worlds": len(seeds), "accounts": given.accounts, "retrained": len(RETRAINED)},
        "seed": [*seeds, *RETRAINED],
        "figures": {"missed": missed, **figures, "same_in_any_order": same},
        "bounds": {"first_at_least": SAME_FIRST, "same_in_any_order": "exactly"},
        "met": not missed,
    }
    print(json.dumps(line))


def of_outcome(world: World, outcome: str, order: dict[str, list[bool]] | None) -> dict[str, float]:
    """Learn one outcome with several seeds, and compare the reasons of the first one's highest fifth."""
    given = world.examples[outcome]
    frame = asked_frame(world, given)
    bundle, score, reasons = told(world, given, frame, seed=world.project.settings.training.seed)
    top = np.flatnonzero(in_top(score, frame["as_of"]))
    firsts = [first(reasons[place]) for place in top]
    if order is not None:
        for name, held in in_any_order(world, given, frame, bundle, reasons).items():
            order[name].append(held)
    close = np.array([is_close(reasons[place]) for place in top])
    kept, in_three, same_set, stayed = [], [], [], []
    for seed in RETRAINED:
        _, again, others = told(world, given, frame, seed=seed)
        kept.append([first(others[place]) == before for place, before in zip(top, firsts, strict=True)])
        in_three.append([
            before in [reason.code for reason in others[place].supporting] or before == first(others[place])
            for place, before in zip(top, firsts, strict=True)
        ])  # fmt: skip
        same_set.append([codes(others[place]) == codes(reasons[place]) for place in top])
        stayed.append(in_top(again, frame["as_of"])[top])
    same = np.array(kept)
    return {
        "rows": len(top),
        "first": rounded(same.mean()),
        "first_if_not_close": rounded(same[:, ~close].mean()),
        "close": rounded(close.mean()),
        "in_three": rounded(np.mean(in_three)),
        "same_set": rounded(np.mean(same_set)),
        "still_in_top_fifth": rounded(np.mean(stayed)),
        "most_often_first": rounded(pd.Series(firsts).value_counts(normalize=True).iloc[0]),
    }


def asked_frame(world: World, given: Examples) -> pd.DataFrame:
    """Give the rows of the last origin's own date."""
    origin = world.origin(given.outcome)
    rows = given.frame.iloc[origin.test]
    return rows[rows["as_of"] == origin.date].reset_index(drop=True)


def told(world: World, given: Examples, frame: pd.DataFrame, *, seed: int) -> tuple[Bundle, Floats, list[Reasons]]:
    """Learn from what the last origin knew, in the order in which training takes it; the scores and reasons of rows."""
    material = material_of(in_order(given), world.signals)
    knobs = world.project.settings.training.model_copy(update={"seed": seed})
    head, _ = head_of(material, world.origin(given.outcome).fit, knobs)
    bundle = bundle_of(world, material, head)
    if not bundle.fitted:
        return bundle, np.full(len(frame), head.base_rate, dtype=np.float64), [Reasons()] * len(frame)
    apart = taken_apart(world, bundle, given.outcome, frame)
    return bundle, np.asarray(apart.probability, dtype=np.float64), reasons_of(world, apart, frame)


def in_any_order(
    world: World, given: Examples, frame: pd.DataFrame, bundle: Bundle, reasons: list[Reasons]
) -> dict[str, bool]:
    """Say whether trees and reasons stay exactly what they are when rows and columns come in another order."""
    outcome = given.outcome
    random = np.random.default_rng(1)
    rows, columns = random.permutation(len(given.frame)), random.permutation(given.frame.shape[1])
    mixed = dataclasses.replace(
        given,
        frame=given.frame.iloc[rows, columns].reset_index(drop=True),
        **{name: getattr(given, name).iloc[rows].reset_index(drop=True) for name in BESIDE},
        **{
            one.name: getattr(given, one.name).iloc[rows].reset_index(drop=True)
            for one in dataclasses.fields(given)
            if one.name not in ("frame", *BESIDE) and isinstance(getattr(given, one.name), pd.Series)
            and len(getattr(given, one.name)) == len(rows)
        },
    )  # fmt: skip
    again, _, others = told(world, mixed, frame, seed=world.project.settings.training.seed)
    places = random.permutation(len(frame))
    scored = frame.iloc[places, random.permutation(frame.shape[1])]
    back = reasons_of(world, taken_apart(world, bundle, outcome, scored), scored)
    return {
        "trees": again.heads == bundle.heads,
        "reasons": others == reasons,
        "scored": back == [reasons[place] for place in places],
    }


def first(reasons: Reasons) -> str:
    """Give the code of the first reason; empty where there is none."""
    return reasons.supporting[0].code if reasons.supporting else ""


def codes(reasons: Reasons) -> set[str]:
    """Give the codes of all reasons for."""
    return {reason.code for reason in reasons.supporting}


def is_close(reasons: Reasons) -> bool:
    """Say whether the second reason adds nearly as much as the first."""
    adds = [reason.points or 0.0 for reason in reasons.supporting]
    return len(adds) > 1 and adds[1] > (1 - CLOSE) * adds[0]


BEGAN = time.perf_counter()


def said(what: str) -> None:
    """Say how far things are."""
    print(f"{time.perf_counter() - BEGAN:6.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
