"""Signals by tsfresh: for each look short series of what it has seen, and a calculator or two of each.

tsfresh knows no dates and no cut: pandas cuts, as it does in the twin of the catalogue, and that is part of its time.
One series for each look and window holds daily values, ages in days, or codes, of which the distinct ones are counted.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from _pandas.cut import LOOKBACK_DAYS, day_numbers, window
from _pandas.usage import GATES, SATURDAY, usage_of
from tsfresh import extract_features

from _peers.reading import events_read
from _peers.series_records import of_records, records_of

SUM, LENGTH, MOST, LEAST, MEAN = "sum_values", "length", "maximum", "minimum", "mean"
# times the length, the number of distinct values
DISTINCT = "ratio_value_number_to_time_series_length"
MONTH = 28  # days
WINDOWS = ((7, 0), (28, 0), (28, 7), (28, 28), (28, 56), (28, 84))
ERROR_DAYS = 30
# measure: the series that it is of, and how
MEASURES = {
    **{f"events_{last}_{before}": (f"events_{last}_{before}", SUM) for last, before in WINDOWS},
    "active_days": ("events_28_0", LENGTH),
    "days_since_last_use": ("ages", LEAST),
    **{f"peak_28_{before}": (f"users_a_day_28_{before}", MOST) for before in (0, 56)},
    "user_days": ("users_a_day_28_0", SUM),
    "working_user_days": ("users_a_working_day", SUM),
    **{f"users_28_{before}": (f"people_28_{before}", DISTINCT) for before in (0, 28)},
    "features": ("features_28_0", DISTINCT),
    "features_before": ("features_28_28", DISTINCT),
    **{name: (name, SUM) for name in ("gates_recent", "gates_28", "upgrade_prompts", "limit_errors")},
    "gated_features": ("gated_features", DISTINCT),
    "integrations": ("integrations", DISTINCT),
    "integration_calls": ("integration_call", SUM),
    **{f"{kind}_days": (kind, LENGTH) for kind in ("trial_use", "integration_call", "export")},
    "exports_28_0": ("export", SUM),
    "exports_28_28": ("exports_before", SUM),
    "invited_28": ("invited", LENGTH),
    "days_since_set_up": ("set_up", MOST),
    "milestones": ("milestones", LENGTH),
    "milestones_recent": ("milestones_recent", LENGTH),
    "days_since_milestone": ("milestones", LEAST),
    "days_since_first_value": ("milestones", MOST),
    "nps_mean": ("nps", MEAN),
    "days_since_nps": ("answers", LEAST),
    **{name: (name, LENGTH) for name in ("tickets", "escalations", "open_tickets")},
    "minutes_to_close": ("took", MEAN),
    "days_since_closed": ("closed", LEAST),
    **{f"{subject}_named": (subject, LENGTH) for subject in ("gap", "workaround", "pressure")},
    "minutes_since_gap": ("minutes", LEAST),
    "outreach": ("outreach_recent", LENGTH),
    "days_since_outreach": ("outreach", LEAST),
    **{name: (name, LENGTH) for name in ("talks_open", "talks_won", "talks_lost")},
    "days_since_lost": ("lost", LEAST),
}


def measured(folder: Path, looks: pd.DataFrame, thresholds: Any, jobs: int) -> pd.DataFrame:
    """Compute what is measured, for each look: account_id, as_of, and one column for each measure."""
    series = series_of(folder, looks, thresholds)
    asked: dict[str, dict[str, None]] = {}
    for kind, calculator in MEASURES.values():
        asked.setdefault(kind, {})[calculator] = None
        if calculator == DISTINCT:
            asked[kind][LENGTH] = None
    found = extract_features(
        series,
        column_id="look",
        column_value="value",
        kind_to_fc_parameters=asked,
        n_jobs=jobs,
        disable_progressbar=True,
    ).reindex(range(len(looks)))
    by_name = {}
    for name, (kind, calculator) in MEASURES.items():
        values = found[f"{kind}__{calculator}"]
        if calculator == DISTINCT:
            values = (values * found[f"{kind}__{LENGTH}"]).round()
        by_name[name] = values
    return looks.reset_index(drop=True).join(pd.DataFrame(by_name))


def series_of(folder: Path, looks: pd.DataFrame, thresholds: Any) -> dict[str, pd.DataFrame]:
    """Cut the series of all looks: by kind, the number of the look and a value."""
    accounts = pd.Index(looks["account_id"].unique()).sort_values()
    usage = usage_of(events_read(folder), accounts)
    records = records_of(folder, accounts, thresholds)
    numbered = looks.assign(look=np.arange(len(looks)), account=accounts.get_indexer(looks["account_id"]))
    cut: dict[str, list[pd.DataFrame]] = {}
    for as_of, here in numbered.groupby("as_of"):
        [day] = day_numbers(pd.Series([as_of])).tolist()
        number = np.full(len(accounts), -1)
        number[here["account"]] = here["look"]
        for kind, (rows, values) in (_of_usage(usage, day, thresholds) | of_records(records, day)).items():
            look = number[rows["account"].to_numpy()]
            one = pd.DataFrame({"look": look, "value": np.asarray(values, dtype="float64")})
            cut.setdefault(kind, []).append(one[look >= 0])
    return {kind: pd.concat(frames, ignore_index=True) for kind, frames in cut.items()}


def _of_usage(usage: Any, as_of: int, thresholds: Any) -> dict[str, tuple[pd.DataFrame, Any]]:
    series = {}
    for last, before in WINDOWS:
        daily = _daily(window(usage.days, as_of, last, before))
        series[f"events_{last}_{before}"] = (daily, daily["events"])
    for before in (0, 28, 56):
        people = window(usage.people, as_of, MONTH, before)
        people = people[people["first"] & people["is_person"]]
        series[f"people_28_{before}"] = (people, people["user"])
        daily = people.groupby(["account", "day"], as_index=False, sort=False).size()
        series[f"users_a_day_28_{before}"] = (daily, daily["size"])
        if before == 0:
            working = daily[(daily["day"] + 3) % 7 < SATURDAY]  # 1970 began on a Thursday
            series["users_a_working_day"] = (working, working["size"])
    year = window(usage.days, as_of, LOOKBACK_DAYS)
    year = year[year["first"]]
    series["ages"] = (year, as_of - year["day"])
    for before in (0, 28):
        used = window(usage.used, as_of, MONTH, before)[["account", "day", "feature"]].drop_duplicates()
        series[f"features_28_{before}"] = (used, used["feature"])
    return {kind: one for kind, one in (series | _of_kinds(usage, as_of, thresholds)).items() if kind in KINDS}


def _of_kinds(usage: Any, as_of: int, thresholds: Any) -> dict[str, tuple[pd.DataFrame, Any]]:
    series = {}
    for name, kinds, last, before in (
        ("gates_recent", GATES, thresholds.gate_days, 0),
        ("gates_28", GATES, MONTH, 0),
        ("upgrade_prompts", ("upgrade_prompt",), MONTH, 0),
        ("limit_errors", ("limit_error",), ERROR_DAYS, 0),
        ("trial_use", ("trial_use",), MONTH, 0),
        ("integration_call", ("integration_call",), MONTH, 0),
        ("export", ("export",), MONTH, 0),
        ("exports_before", ("export",), MONTH, MONTH),
    ):
        rows = window(usage.rare, as_of, last, before)
        rows = rows[rows["kind"].isin(kinds)]
        daily = _daily(rows)
        series[name] = (daily, daily["events"])
        if name in ("gates_28", "integration_call"):
            named = rows[rows["feature"] >= 0]
            series["gated_features" if name == "gates_28" else "integrations"] = (named, named["feature"])
    return series


def _daily(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.groupby(["account", "day"], as_index=False, sort=False)["events"].sum()


KINDS = {kind for kind, _ in MEASURES.values()}
