"""The catalogue's signals as a good pandas programmer would write them: what `benchmarks/signals.py` compares with.

Written from what the signals say of themselves, apart from uptier's engine. Names become codes once, usage is counted
by day once, and nothing loops over accounts or rows: only over dates and windows.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from _pandas import contract, meters, people, periods, records, upsells, usage, voices
from _pandas.cut import dated, day_numbers
from _pandas.families import signals_of
from _pandas.triggers import triggers

__all__ = ["pandas_frame"]


def pandas_frame(tables: dict[str, pd.DataFrame], looks: pd.DataFrame, thresholds: Any) -> pd.DataFrame:
    """Compute every signal of the catalogue.

    Parameters
    ----------
    tables : dict of str to DataFrame
        Canonical tables without faults; columns that are optional may be absent. What is overwritten in place is taken
        to hold on every date.
    looks : DataFrame, columns account_id and as_of
        Who is looked at, and when.
    thresholds : Thresholds
        Where triggers fire.

    Returns
    -------
    DataFrame
        Columns account_id, as_of and one for each signal, ordered by account and date.
    """
    accounts = pd.Index(looks["account_id"].unique()).sort_values()
    everyone = pd.RangeIndex(len(accounts))
    looks = looks.assign(account=accounts.get_indexer(looks["account_id"])).sort_values(["as_of", "account"])
    dates = dict(zip(looks["as_of"].unique(), day_numbers(looks["as_of"].drop_duplicates()).tolist(), strict=True))
    plans, included = contract.plans_of(tables), contract.features_of_plans(tables)
    versions = contract.versions_of(tables["subscriptions"], accounts, plans)
    held = {day: contract.held(versions, plans, day, everyone) for day in dates.values()}
    used = usage.usage_of(tables["usage_events"], accounts)
    invited = dated(tables["users"], "created_at", accounts)
    leading = people.roles_of(invited, used)
    anchors = periods.anchors_of([one["first_day"] for one in held.values()])
    in_periods, peaks = periods.people_of(used, anchors), periods.peaks_of(used, anchors)
    addons = contract.intervals_of(tables["addons"], accounts)
    readings = meters.readings_of(tables["meter_readings"], accounts)
    tickets = voices.tickets_of(tables["tickets"], accounts, thresholds)
    answers = voices.answers_of(tables["survey_responses"], accounts, thresholds)
    outreach = voices.outreach_of(tables["outreach"], accounts)
    milestones = records.milestones_of(tables["milestones"], accounts, thresholds)
    described = records.described(tables["accounts"], accounts)
    frames = []
    for as_of, day in dates.items():
        one = held[day]
        measured = (
            one
            | described
            | usage.activity(used, day, everyone)
            | usage.touches(used, day, everyone, thresholds.gate_days, thresholds.gate_crossings)
            | usage.features(used, day, everyone, one["plan"], one["next_plan"], included)
            | people.power(used, day, everyone, thresholds)
            | people.leaders(used, leading, day, everyone)
            | periods.periods(in_periods, peaks, one["first_day"], day, everyone)
            | contract.addons(addons, day, everyone)
            | upsells.upsells(versions, addons, day, everyone)
            | meters.meters(readings, tables["plan_quotas"], one["plan_id"], day, everyone, thresholds)
            | voices.voices(tickets, answers, day, everyone)
            | voices.talks(outreach, day, everyone)
            | records.milestones(milestones, day, everyone)
            | records.invited(invited, day, everyone)
        )
        signals = signals_of(measured, thresholds)
        signals |= triggers(signals, thresholds)
        here = looks.loc[looks["as_of"] == as_of, "account"].to_numpy()
        frame = pd.DataFrame(signals).take(here)
        frame.insert(0, "account_id", accounts[here])
        frame.insert(1, "as_of", as_of)
        frames.append(frame)
    return pd.concat(frames).sort_values(["account_id", "as_of"], ignore_index=True)
