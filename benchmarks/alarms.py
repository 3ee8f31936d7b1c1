"""Leakage alarms: silent where nothing leaks, and the smallest leak that makes one ring.

Fresh worlds of `standard` without a leak, one for each seed, must ring nothing. In the first of them leaks are planted
into the fit slice of every outcome: signals of the catalogue that look 3, 7 or 20 days ahead (their own values of that
later day), a new column that tells whether the event comes within so many days, and columns written back from the end
of the data; in 5, 20 and 100 % of the rows. A leak is caught by what the examples show (`too_good`,
`past_better_than_future`, `collapses_with_gap`), or by the known-at audit, which forms a sample of looks again from
cut tables and is for signals that are formed from tables alone. It looks at the rows of all outcomes together, as a
training does, and what it finds rings in each of them. The gap of 7 days leaves out rows with an event in it: what
looks 3 or 7 days ahead sees no event of the window, save after an upsell, where there is no gap.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
import time
from collections import defaultdict
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from _worlds import made

from uptier.model.bundle import BundleSignal
from uptier.outcomes.outcome import Examples
from uptier.project import Project
from uptier.training.alarms import alarms_of
from uptier.training.known_at_audit import differences, formed_again, looks_again
from uptier.training.splitting import origins_of

PRESET, SEEDS, ACCOUNTS = "standard", tuple(range(501, 511)), 2000
DAYS, SHARES = (3, 7, 20), (0.05, 0.2, 1.0)
AHEAD = ("days_since_upsell", "upsells_before", "seats", "active_users", "daily_active_share")
COMES, SOLD, SOLD_OFTEN, LAST_SEATS = "comes_soon", "sold_by_the_end", "times_sold_by_the_end", "seats_at_the_end"
WRITTEN_BACK = (SOLD, SOLD_OFTEN, LAST_SEATS)
MUST = (*AHEAD, COMES, SOLD)  # 20 days, or written back, in all rows: always
KEY = ["account_id", "as_of"]


def main() -> None:
    """Make the worlds, plant the leaks, and print the line."""
    parser = argparse.ArgumentParser(description="Alarms on clean worlds and on planted leaks.")
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    given = parser.parse_args()
    began = time.perf_counter()
    rang: dict[str, list[str]] = {}
    rows: dict[str, int] = defaultdict(int)
    positives: dict[str, int] = defaultdict(int)
    caught: dict[str, dict[str, list[str]]] = {}
    audit: list[str] = []
    learnt: set[str] = set()
    for seed in given.seeds:
        with tempfile.TemporaryDirectory() as folder:
            _, project = made(Path(folder), preset=PRESET, seed=seed, accounts=given.accounts)
            examples = project.examples()
            found = []
            for name, one in examples.items():
                fit = fit_rows(one, project)
                rows[name] += len(fit)
                positives[name] += int(one.label.iloc[fit].sum())
                found += [alarm.told() for alarm in alarms(one, fit, project)]
            rang[str(seed)] = found
            said(f"seed {seed}: {len(found)} alarms", began)
            if seed == given.seeds[0]:
                learnt = {name for name, one in examples.items() if can_be_learnt(one, project)}
                caught, audit = planted(examples, project, began)
    clean = [told for some in rang.values() for told in some]
    missed = [
        f"{name} {key}: {outcome}"
        for name in MUST
        for key in caught.get(name, {})
        if key.startswith(("20 days 100 %", "written back 100 %"))
        for outcome in sorted(learnt - {told.split(":")[0] for told in caught[name][key]})
    ]
    line = {
        "name": "alarms",
        "sizes": {
            "preset": PRESET,
            "accounts": given.accounts,
            "worlds": len(given.seeds),
            "fit_rows": dict(rows),
            "fit_positives": dict(positives),
            "worlds_with_leaks": 1,
            "outcomes_with_leaks_that_can_be_learnt": sorted(learnt),
            "worlds_audited": 1,
        },
        "seed": list(given.seeds),
        "figures": {
            "clean_alarms": clean,
            "clean_audit": audit,
            "missed": missed,
            "smallest": smallest(caught),
            "caught": caught,
            "seconds": time.perf_counter() - began,
        },
        "bounds": {"clean_alarms": [], "clean_audit": [], "missed": []},
        "met": not clean and not audit and not missed and len(given.seeds) >= len(SEEDS),
    }
    print(json.dumps(line))


def fit_rows(one: Examples, project: Project) -> np.ndarray:
    """Give the fit slice of the last origin, the longest."""
    knobs = project.settings.training
    origins = origins_of(one, test_share=knobs.test_share, origins=knobs.origins)
    return origins[-1].fit if origins else np.empty(0, dtype=np.int64)


def can_be_learnt(one: Examples, project: Project) -> bool:
    """Say whether accounts enough have the outcome for a head: else there is nothing to promote."""
    fit = fit_rows(one, project)
    accounts = one.frame["account_id"].iloc[fit][one.label.iloc[fit].to_numpy() == 1]
    return bool(accounts.nunique() >= project.settings.training.min_fit_positives)


def alarms(one: Examples, fit: np.ndarray, project: Project, more: tuple[str, ...] = ()) -> list:
    """Look for leaks, in new columns too."""
    signals = [BundleSignal(some.name, some.family, some.is_category) for some in project.catalog().signals]
    signals += [BundleSignal(name, "planted", False) for name in more]
    return list(alarms_of(one, fit, signals, (), settings=project.settings))


def planted(
    examples: dict[str, Examples], project: Project, began: float
) -> tuple[dict[str, dict[str, list[str]]], list[str]]:
    """Plant every leak in every outcome; by leak, by days and share: in which outcomes what caught it."""
    material = project._material
    looks = pd.concat([one.frame[KEY] for one in examples.values()]).drop_duplicates().sort_values(KEY)
    everything = pd.concat([one.frame for one in examples.values()]).drop_duplicates(KEY)
    again = looks_again(everything, seed=project.settings.training.seed)
    cut = formed_again(again, material.checked[1], material.source, project.settings, project.catalog())
    clean = [f"{one.signal}: {one.rows} of {one.compared}" for one in differences(everything, cut)]
    said(f"audited, {len(clean)} signals differ", began)
    later = {}
    for days in DAYS:
        moved = looks.assign(as_of=looks["as_of"] + pd.Timedelta(days=days))
        moved = moved[moved["as_of"] <= pd.Timestamp(project.settings.data_until)]
        frame = material.signals(moved.reset_index(drop=True))
        later[days] = frame.assign(as_of=frame["as_of"] - pd.Timedelta(days=days)).set_index(KEY)
        said(f"looked {days} days ahead", began)
    caught: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    seen = audited(examples, later, cut, project.settings.training.seed)
    said(f"of {len(seen)} leaks into signals of the catalogue the audit sees {sum(seen.values())}", began)
    for outcome, one in examples.items():
        fit = fit_rows(one, project)
        if not one.label.iloc[fit].sum():
            continue
        for leak, tag, values in leaks(one, later):
            for share in SHARES:
                key = f"{tag} {share:.0%}".replace("%", " %")
                by = by_what(one, fit, leak, values, share, project=project)
                by += ["known_at"] if seen.get((leak, key)) else []
                caught[leak][key] += [f"{outcome}: {', '.join(by)}"] if by else []
        said(f"planted in {outcome}", began)
    return {leak: dict(some) for leak, some in caught.items()}, clean


def leaks(one: Examples, later: dict[int, pd.DataFrame]) -> list[tuple[str, str, np.ndarray]]:
    """Give the leaked values, as long as the frame."""
    keys = pd.MultiIndex.from_frame(one.frame[KEY])
    until = (one.event_at - one.frame["as_of"]).dt.days.to_numpy(dtype=np.float64)
    found = []
    for days in DAYS:
        ahead = later[days].reindex(keys)
        found += [(name, f"{days} days", ahead[name].to_numpy(dtype=np.float64)) for name in AHEAD]
        found.append((COMES, f"{days} days", (until < days).astype(np.float64)))
    account = one.frame["account_id"]
    events = pd.DataFrame({"account_id": account, "day": one.event_at}).dropna().drop_duplicates()
    times = account.map(events.groupby("account_id").size()).fillna(0).to_numpy(dtype=np.float64)
    last = one.frame.sort_values("as_of").groupby("account_id")["seats"].last()
    written = (np.minimum(times, 1), times, account.map(last).to_numpy(dtype=np.float64))
    return found + [(name, "written back", values) for name, values in zip(WRITTEN_BACK, written, strict=True)]


def by_what(
    one: Examples,
    fit: np.ndarray,
    leak: str,
    values: np.ndarray,
    share: float,
    *,
    project: Project,
) -> list[str]:
    """Plant one leak into a share of the rows, and say which alarms of the examples name it."""
    name = "seats" if leak == LAST_SEATS else leak
    few = [some for some in ("daily_active_share", "gate_crossings", "exports", "events_per_user") if some != name]
    # beside signals enough to lead: all hundred would say the same and take twenty times as long
    column = spoilt(one, name, values, share, project.settings.training.seed)
    frame = one.frame[[*KEY, *few]].assign(**{name: column})
    more = () if name in one.frame else (name,)
    rang = alarms(dataclasses.replace(one, frame=frame), fit, project, more)
    return [alarm.code for alarm in rang if alarm.signal == name]


def spoilt(one: Examples, name: str, values: np.ndarray, share: float, seed: int) -> np.ndarray:
    """Give the column with the leaked values in a share of the rows."""
    chosen = np.random.default_rng(seed).random(len(values)) < share
    honest = one.frame[name].to_numpy(dtype=np.float64) if name in one.frame else np.zeros(len(values))
    return np.where(chosen, values, honest)


def audited(
    examples: dict[str, Examples], later: dict[int, pd.DataFrame], cut: pd.DataFrame, seed: int
) -> dict[tuple[str, str], bool]:
    """Say of each signal that looks ahead whether the audit sees it, in the rows of all outcomes together."""
    planted_in = {
        outcome: {(leak, tag): values for leak, tag, values in leaks(one, later)} for outcome, one in examples.items()
    }
    found = {}
    for name in AHEAD:
        for tag, share in product([f"{days} days" for days in DAYS], SHARES):
            columns = [
                one.frame[KEY].assign(**{name: spoilt(one, name, planted_in[outcome][name, tag], share, seed)})
                for outcome, one in examples.items()
            ]
            together = pd.concat(columns).drop_duplicates(KEY)
            found[name, f"{tag} {share:.0%}".replace("%", " %")] = bool(differences(together, cut))
    return found


def smallest(caught: dict[str, dict[str, list[str]]]) -> dict[str, str]:
    """Say of each leak the least days, then the least share, at which it is caught in every outcome that it was."""
    found = {}
    for leak, some in caught.items():
        for how, kept in (
            ("by the examples", lambda told: any(code != "known_at" for code in told.split(": ")[1].split(", "))),
            ("by the audit", lambda told: "known_at" in told),
        ):
            first = next((key for key, outcomes in some.items() if any(kept(told) for told in outcomes)), None)
            if first:
                where = [told.split(":")[0] for told in some[first] if kept(told)]
                found[f"{leak} {how}"] = f"{first} ({', '.join(where)})"
    return found


def said(what: str, began: float) -> None:
    """Say how far it is."""
    print(f"{time.perf_counter() - began:6.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
