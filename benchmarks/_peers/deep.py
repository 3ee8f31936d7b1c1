"""Signals by featuretools: an entity set, features by its own primitives, one call with cutoff times.

What a date has seen of a row is said in its own words: it happened before the cutoff (`include_cutoff_time=False`),
within so many days (`use_previous`), and what is known later counts once it was (`where`).
"""

from __future__ import annotations

import multiprocessing
import re
from pathlib import Path
from typing import Any

import featuretools as ft
import pandas as pd
from _pandas.voices import SUBJECTS
from featuretools import primitives as by
from woodwork.logical_types import Boolean, Categorical, Datetime, Double, Integer, NaturalLanguage

from _peers.asking import Asking
from _peers.deep_usage import LOOKBACK, QUARTER, Made, usage
from _peers.reading import answers_of, events_of, on_days, plans_of, read, tickets_of

HALF_YEAR, YEAR = 180, 365
NPS_DAYS = 120
SHARED: Made = {}  # what forked processes find
RECORDS = ("addons", "milestones", "tickets", "answers", "outreach", "subscriptions")


def measured(folder: Path, looks: pd.DataFrame, thresholds: Any, jobs: int) -> pd.DataFrame:
    """Compute what is measured, for each look: account_id, as_of, and one column for each measure."""
    ask = Asking(entities_of(folder))
    made = usage(ask, thresholds) | contract(ask) | value(ask, thresholds) | voices(ask, thresholds) | talks(ask)
    features = [one.rename(name) for name, one in made.items()]
    cutoffs = looks.rename(columns={"as_of": "time"})
    dates = cutoffs["time"].drop_duplicates().sort_values()
    # every other date to the other process: later ones have more past to look at
    parts = [cutoffs[cutoffs["time"].isin(dates[place::jobs])] for place in range(jobs)]
    SHARED.update(features=features, entities=ask.entities, parts=parts)
    # forked, so that nothing is copied. Its own n_jobs is by dask: it hands the entity set to each worker, and fails to
    # start with a distributed of today, which no longer knows the option diagnostics_port
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        found = pd.concat(pool.map(_computed, range(jobs)))
        pool.close()
        pool.join()
    found = found.reset_index().rename(columns={"time": "as_of"})
    for subject in SUBJECTS:
        found[f"{subject}_named"] = found[[f"{subject}_in_tickets", f"{subject}_in_answers"]].sum(axis=1)
    found["minutes_since_gap"] = found[["minutes_since_gap_in_tickets", "minutes_since_gap_in_answers"]].min(axis=1)
    return found


def _computed(place: int) -> pd.DataFrame:
    found = ft.calculate_feature_matrix(
        SHARED["features"],
        SHARED["entities"],
        cutoff_time=SHARED["parts"][place],
        include_cutoff_time=False,
        cutoff_time_in_index=True,
    )
    # without the types that woodwork keeps beside it
    return pd.DataFrame(found)


def entities_of(folder: Path) -> ft.EntitySet:
    """Say what belongs to what, and when each row happened."""
    entities = ft.EntitySet("company")

    def add(name: str, rows: pd.DataFrame, index: str, time: str | None, types: dict[Any, str]) -> None:
        logical = {column: one for one, columns in types.items() for column in columns.split()}
        columns = [index, *([time] if time else []), *logical]
        logical |= {time: Datetime} if time else {}
        rows = rows[list(dict.fromkeys(columns))]
        entities.add_dataframe(rows, name, index=index, time_index=time, logical_types=logical)

    add("accounts", read(folder, "accounts"), "account_id", None, {Categorical: "account_id segment industry region"})
    add(
        "users",
        on_days(read(folder, "users"), "created_at"),
        "user_id",
        "created_at",
        {Categorical: "user_id account_id role"},
    )
    events = events_of(folder)
    days = events.drop_duplicates("account_day")
    add("days", days, "account_day", "day", {Integer: "account_day", Categorical: "account_id"})
    types = {Categorical: "account_id user_id kind feature day_number", Integer: "account_day"}
    add("events", events, "row", "day", types | {Datetime: "recorded_at", Boolean: "working"})
    add("plans", plans_of(folder), "plan_id", None, {Categorical: "plan_id", Double: "tier_rank price next_price"})
    types = {
        Categorical: "account_id plan_id",
        Double: "seats mrr billing_period_months",
        Datetime: "valid_to term_end",
    }
    versions = on_days(read(folder, "subscriptions"), "valid_from", "valid_to", "term_end")
    add("subscriptions", versions, "row", "valid_from", types)
    add(
        "addons",
        on_days(read(folder, "addons"), "valid_from"),
        "row",
        "valid_from",
        {Categorical: "account_id addon_id"},
    )
    milestones = on_days(read(folder, "milestones"), "reached_at")
    milestones["milestone"] = milestones["milestone"].str.lower()
    add("milestones", milestones, "row", "reached_at", {Categorical: "account_id milestone"})
    types = {
        Categorical: "account_id",
        Datetime: "closed_at said_at",
        Double: "took escalated",
        NaturalLanguage: "text",
    }
    add("tickets", tickets_of(folder), "row", "opened_at", types)
    types = {Categorical: "account_id", Datetime: "said_at", Double: "nps", NaturalLanguage: "text"}
    add("answers", answers_of(folder), "row", "answered_at", types)
    outreach = on_days(read(folder, "outreach"), "contacted_at", "result_at")
    add("outreach", outreach, "row", "contacted_at", {Categorical: "account_id result", Datetime: "result_at"})
    for child in ("users", "days", "events", *RECORDS):
        entities.add_relationship("accounts", "account_id", child, "account_id")
    entities.add_relationship("users", "user_id", "events", "user_id")
    entities.add_relationship("days", "account_day", "events", "account_day")
    entities.add_relationship("plans", "plan_id", "subscriptions", "plan_id")
    return entities


def contract(ask: Asking) -> Made:
    """Measure what an account holds, pays and is bound to."""
    column, age = ask.column, ask.age
    begun, ended, term = (age("subscriptions", name) for name in ("valid_from", "valid_to", "term_end"))
    # an end counts from the day after
    running = ~(ended > 0)
    earlier = (begun > HALF_YEAR) & ~(ended > HALF_YEAR)
    facts = {
        "tier": ask.down(column("plans", "tier_rank"), "subscriptions"),
        "list_price": ask.down(column("plans", "price"), "subscriptions"),
        "next_price": ask.down(column("plans", "next_price"), "subscriptions"),
        **{name: column("subscriptions", name) for name in ("seats", "mrr")},
        "billing_months": column("subscriptions", "billing_period_months"),
    }
    # of the one subscription that each account of this world has
    made = {name: ask.over(one, by.Max, where=running) for name, one in facts.items()}
    made |= {f"{name}_before": ask.over(facts[name], by.Max, where=earlier) for name in ("tier", "seats", "mrr")}
    return made | {
        "plan_id": ask.over(column("subscriptions", "plan_id"), by.Last, where=running),
        "days_until_renewal": -ask.over(term, by.Max, where=running & (term <= 0)),
        "tenure": ask.over(begun, by.Max),
        "addons": ask.over(column("addons", "addon_id"), by.NumUnique),
        **{name: column("accounts", name) for name in ("region", "segment", "industry")},
    }


def value(ask: Asking, thresholds: Any) -> Made:
    """Measure what an account has achieved."""
    reached = ask.age("milestones", "reached_at")
    set_up = ask.column("milestones", "milestone").isin([one.lower() for one in thresholds.implementation_milestones])
    return {
        "milestones": ask.count("milestones"),
        "milestones_recent": ask.count("milestones", last=QUARTER),
        "days_since_milestone": ask.over(reached, by.Min),
        "days_since_first_value": ask.over(reached, by.Max),
        "days_since_set_up": ask.over(reached, by.Max, where=set_up),
    }


def voices(ask: Asking, thresholds: Any) -> Made:
    """Measure how often customers speak, about what, and how it goes."""
    made: Made = {}
    for subject, (words, days) in SUBJECTS.items():
        word = by.CountString("|".join(map(re.escape, getattr(thresholds, words))), is_regex=True)
        for frame in ("tickets", "answers"):
            named = ft.Feature(ask.column(frame, "text"), primitive=word) > 0
            made[f"{subject}_in_{frame}"] = ask.count(frame, where=named, last=days)
            if subject == "gap":
                since = ask.age(frame, "said_at", "minutes")
                made[f"minutes_since_gap_in_{frame}"] = ask.over(since, by.Min, where=named, last=LOOKBACK)
    return made | _of_tickets(ask) | _of_answers(ask)


def _of_tickets(ask: Asking) -> Made:
    since, took = ask.age("tickets", "closed_at"), ask.column("tickets", "took")
    # an end shows once it was known; one before the beginning tells nothing
    closed = (since > 0) & (took >= 0)
    return {
        "tickets": ask.count("tickets", last=QUARTER),
        "escalations": ask.count("tickets", where=ask.column("tickets", "escalated") > 0, last=QUARTER),
        "open_tickets": ask.count("tickets", where=~(since > 0), last=LOOKBACK),
        "minutes_to_close": ask.over(took, by.Mean, where=closed & (since <= QUARTER), last=LOOKBACK),
        "days_since_closed": ask.over(since, by.Min, where=closed, last=LOOKBACK),
    }


def _of_answers(ask: Asking) -> Made:
    nps, age = ask.column("answers", "nps"), ask.age("answers", "answered_at")
    told = nps >= 0
    latest = ask.over(age, by.Min, where=told, last=LOOKBACK)
    before = ask.over(age, by.Min, where=told & (age > ask.down(latest, "answers")), last=LOOKBACK)
    return {
        "days_since_nps": latest,
        "nps": ask.over(nps, by.Min, where=told & (age == ask.down(latest, "answers"))),
        "nps_before": ask.over(nps, by.Min, where=told & (age == ask.down(before, "answers"))),
        "nps_mean": ask.over(nps, by.Mean, where=told, last=NPS_DAYS),
    }


def talks(ask: Asking) -> Made:
    """Measure how often we talked about more, and what came of it."""
    result, resulted = ask.column("outreach", "result"), ask.age("outreach", "result_at")
    won, lost = ((result == one) & (resulted > 0) for one in ("won", "lost"))
    return {
        "outreach": ask.count("outreach", last=QUARTER),
        "talks_open": ask.count("outreach", where=~(won | lost), last=QUARTER),
        "talks_won": ask.count("outreach", where=won, last=YEAR),
        "talks_lost": ask.count("outreach", where=lost, last=YEAR),
        "days_since_outreach": ask.over(ask.age("outreach", "contacted_at"), by.Min, last=LOOKBACK),
        "days_since_lost": ask.over(resulted, by.Min, where=lost, last=LOOKBACK),
    }
