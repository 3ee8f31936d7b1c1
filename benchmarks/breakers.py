"""Circuit breakers stay closed while nothing is wrong, and open when something is.

A world `standard` of 1,000 accounts over four years, and its project. The model is learnt and let in on as-of dates up
to 2023-12-01, whose windows end by March 2024; then every account is scored on the first of each month from 2024-02-01,
24 times, by the same champion, as `uptier score` does it, and each list is held against the one before. The first has
only absolute bounds. None may trip. Ages are those of the newest row that was known at each date, of the tables in
`AGED`. `nearest_to_bound` says how near any run came to each bound against last time, as a share of the bound.

The worklists are those that the runs make, each going on from the one before: cases stay open, close and end.

That they open is seen on the same lists, each spoilt in the ways that the claim names: no row; every second account;
every signal lacking; tables that end a month before; a model that gives every account its mean chance; and in two
more: a worklist of which nothing is on anybody's list, and one of which every fourth row is left. Each must trip on
each date, by its own breaker and by name; the first list, which has none before it, is held against itself.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from _worlds import asked

from tests.simulate.anchors import opened
from uptier.breaker_settings import BreakerSettings
from uptier.monitoring.breakers import tripped
from uptier.monitoring.comparing import compared
from uptier.monitoring.stability import stability
from uptier.monitoring.summary import ages_of, summary
from uptier.project import Project
from uptier.settings import CONVERSIONS, OUTCOMES
from uptier.simulate.demo import project_text
from uptier.simulate.world import simulate

PRESET, SEED, ACCOUNTS, MONTHS = "standard", 5, 1000, 48
LEARNT_UNTIL = dt.date(2023, 12, 1)  # last as-of date that is learnt from
DATES = [dt.date(2024 + month // 12, month % 12 + 1, 1) for month in range(1, 25)]
AGED = ("usage_events", "meter_readings", "tickets", "survey_responses", "outreach", "opportunities", "subscriptions")
MONTH_DAYS = 31
# what each way of spoiling a list must trip
SPOILT = {
    "empty": "rows-few",
    "half the rows": "rows-lost",
    "all nulls": "signals-lacking",
    "last month's data": "data-old",
    "everyone alike": "scores-alike",
    "nobody on a list": "worklist-empty",
    "a quarter of the worklist": "worklist-lost",
}


def main() -> None:
    """Make the world, learn, score two years, and print the line."""
    began = time.perf_counter()
    settings = BreakerSettings()
    clean: dict[str, list[str]] = {}
    opened_by: dict[str, int] = dict.fromkeys(SPOILT, 0)
    nearest: dict[str, float] = {}
    rows, listed = [], []
    with tempfile.TemporaryDirectory() as thrown_away:
        world, project = made(Path(thrown_away))
        training = project.train()
        heads = sum(head.fallback is None for head in training.trained.bundle.heads.values())
        said(f"learnt: {heads} heads are models; champion: {training.registered.alias}", began)
        newest = newest_rows(world)
        last: tuple[dict[str, Any], pd.DataFrame] | None = None
        for date in DATES:
            scored = project.score(date)
            card, frame = scored.scorecard, project.frame(date)
            ages = ages_of(newest[date], date)
            cases = scored.worklist if scored.worklist is not None else pd.DataFrame()
            now = summary(card, frame, worklist=cases, ages=ages)
            listed.append(now["worklist"])
            before, moved = (None, None) if last is None else (last[0], compared(card, last[1]))
            found = tripped(now, before, settings, ages=ages, moved=moved)
            if found:
                clean[str(date)] = [str(one) for one in found]
            if before is not None and moved is not None:
                for name, share in distances(now, before, moved, settings).items():
                    nearest[name] = max(nearest.get(name, 0.0), share)
            for name, code in SPOILT.items():
                spoilt, aged = spoil(name, card, frame, cases, ages)
                codes = [one.code for one in tripped(spoilt, before or now, settings, ages=aged)]
                opened_by[name] += code in codes
            rows.append(len(card))
            last = (now, card)
            said(f"{date}: {len(card)} accounts, {[one.code for one in found] or 'none trips'}", began)
    line = {
        "name": "breakers",
        "sizes": {
            "preset": PRESET,
            "accounts": ACCOUNTS,
            "runs": len(DATES),
            "accounts_scored": [min(rows), max(rows)],
            "open_rows": [min(one["open"] for one in listed), max(one["open"] for one in listed)],
            "on_lists": [min(one["listed"] for one in listed), max(one["listed"] for one in listed)],
            "heads_that_are_models": heads,
        },
        "seed": SEED,
        "figures": {
            "clean_runs_tripped": len(clean),
            "tripped_by": clean,
            "nearest_to_bound": {name: round(share, 3) for name, share in sorted(nearest.items())},
            "spoilt_runs_stopped": opened_by,
            "seconds": time.perf_counter() - began,
        },
        "bounds": {"clean_runs_tripped": 0, "spoilt_runs_stopped": len(DATES), "heads_that_are_models": 1},
        "met": not clean and set(opened_by.values()) == {len(DATES)} and heads > 0 and scored.version is not None,
    }
    print(json.dumps(line))


def made(folder: Path) -> tuple[Path, Project]:
    """Make a world and a project that learns from its first half."""
    world = folder / PRESET
    simulate(preset=PRESET, seed=SEED, out=world, accounts=ACCOUNTS, months=MONTHS)
    path = folder / f"{PRESET}.yaml"
    text = project_text(project=f"{PRESET}-world", source=f"./{world.name}")
    path.write_text(f"{text}\nsnapshots:\n  last: {LEARNT_UNTIL}\n", encoding="utf-8")
    return world, Project(path)


def newest_rows(world: Path) -> dict[dt.date, dict[str, dt.date | None]]:
    """Say by date, for each table, of which day its newest row was that was known then."""
    from uptier.tables.contracts import CONTRACT

    base = opened(world)
    found: dict[dt.date, dict[str, dt.date | None]] = {date: {} for date in DATES}
    base.register("dates", pd.DataFrame({"as_of": pd.to_datetime(DATES)}))
    for table in AGED:
        happened = CONTRACT[table].time
        days = asked(
            base,
            f"""
            SELECT dates.as_of, max({happened})::DATE AS day FROM dates JOIN {table}
            ON greatest({happened}::TIMESTAMPTZ, recorded_at::TIMESTAMPTZ) < dates.as_of::TIMESTAMPTZ GROUP BY ALL
            """,
        ).set_index("as_of")["day"]
        for date in DATES:
            day = days.get(pd.Timestamp(date))
            found[date][table] = None if day is None else pd.Timestamp(day).date()
    base.close()
    return found


def spoil(
    name: str, card: pd.DataFrame, frame: pd.DataFrame, cases: pd.DataFrame, ages: Mapping[str, int | None]
) -> tuple[dict[str, Any], dict[str, int | None]]:
    """Sum up a list that is wrong in one way, with the ages of its data."""
    aged = dict(ages)
    if name == "empty":
        card, frame = card.iloc[:0], frame.iloc[:0]
    elif name == "half the rows":
        card, frame = card.iloc[::2], frame.iloc[::2]
    elif name == "all nulls":
        frame = frame.assign(**{column: None for column in frame.columns if column not in ("account_id", "as_of")})
    elif name == "last month's data":
        aged = {table: None if age is None else age + MONTH_DAYS for table, age in ages.items()}
    elif name == "nobody on a list":
        cases = cases.assign(rank=float("nan"))
    elif name == "a quarter of the worklist":
        cases = cases.iloc[::4]
    else:
        card = card.assign(**{f"p_{outcome}": card[f"p_{outcome}"].mean() for outcome in OUTCOMES})
    return summary(card, frame, worklist=cases, ages=aged), aged


def distances(
    now: Mapping[str, Any], before: Mapping[str, Any], moved: Mapping[str, Any], settings: BreakerSettings
) -> dict[str, float]:
    """Say how near a list came to each bound against last time, as a share of the bound."""
    change = (now["rows"] - before["rows"]) / before["rows"]
    opened_more = now["worklist"]["open"] / before["worklist"]["open"] - 1
    risen = max(rate - before["null_rates"][name] for name, rate in now["null_rates"].items())
    aged = [age - before["ages"][table] for table, age in now["ages"].items() if age is not None]
    drift = {
        name: stability(one["histogram"], before["chances"][name]["histogram"]) / settings.score_drift
        for name, one in now["chances"].items()
    }
    return {
        "rows_lost": max(0.0, -change) / settings.rows_lost,
        "rows_gained": max(0.0, change) / settings.rows_gained,
        "nulls_risen": max(0.0, risen) / settings.nulls_risen,
        "action_changed": moved["action_changed"] / settings.action_changed,
        "tier_changed": moved["tier_changed"] / settings.tier_changed,
        "score_drift": max(drift.values()),
        "age_risen_days": max(0, *aged) / settings.age_risen_days,
        "worklist_lost": max(0.0, -opened_more) / settings.worklist_lost,
        "worklist_gained": max(0.0, opened_more) / settings.worklist_gained,
        "mean_chance": max(now["chances"][name]["mean"] for name in CONVERSIONS) / settings.mean_chance,
    }


def said(what: str, began: float) -> None:
    """Say how far it is."""
    print(f"{time.perf_counter() - began:6.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
