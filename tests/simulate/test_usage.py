from __future__ import annotations

import numpy as np
import pandas as pd

from uptier.simulate.usage import KINDS

Tables = dict[str, pd.DataFrame]


def lifetimes(tables: Tables) -> pd.DataFrame:
    rows = tables["subscriptions"].sort_values("valid_from").groupby("account_id")
    until = pd.Timestamp("2026-01-01", tz="UTC")
    return pd.DataFrame({"start": rows["valid_from"].first(), "end": rows["valid_to"].apply(_last).fillna(until)})


def _last(values: pd.Series) -> pd.Timestamp:
    return values.iloc[-1]


def test_everything_in_the_product_lies_within_a_subscription(tables: Tables) -> None:
    lives = lifetimes(tables)
    for name, time in (
        ("usage_events", "occurred_at"),
        ("meter_readings", "read_at"),
        ("tickets", "opened_at"),
        ("survey_responses", "answered_at"),
        ("milestones", "reached_at"),
    ):
        rows = tables[name]
        assert (rows[time] >= rows["account_id"].map(lives["start"])).all(), name
        assert (rows[time] < rows["account_id"].map(lives["end"])).all(), name


def test_every_kind_of_event_occurs_and_logins_have_no_feature(tables: Tables) -> None:
    events = tables["usage_events"]
    assert set(events["kind"]) == set(KINDS)
    assert (events["feature"].isna() == (events["kind"] == "login")).all()


def test_gates_are_hit_on_features_above_the_plan_and_used_ones_belong_to_it(tables: Tables) -> None:
    events = tables["usage_events"].drop_duplicates()
    plan = tables["subscriptions"][["account_id", "plan_id", "valid_from", "valid_to"]]
    rows = events[events["kind"].isin(["gate_hit", "trial_use", "feature_used"])].merge(plan, on="account_id")
    day = rows["occurred_at"]
    rows = rows[(day >= rows["valid_from"]) & ~(day >= rows["valid_to"])]
    included = set(map(tuple, tables["plan_features"][["plan_id", "feature"]].to_numpy()))
    inside = np.array([pair in included for pair in zip(rows["plan_id"], rows["feature"], strict=True)])
    used = (rows["kind"] == "feature_used").to_numpy()
    # the step in which the plan changes is lived on the old one to its end
    assert inside[used].mean() > 0.99
    assert inside[~used].mean() < 0.05


def test_weekends_and_holidays_are_quiet(tables: Tables) -> None:
    events = tables["usage_events"]
    by_day = events.groupby(events["occurred_at"].dt.day_of_week).size()
    assert by_day[[5, 6]].mean() < 0.15 * by_day[[0, 1, 2, 3, 4]].mean()
    daily = events.groupby(events["occurred_at"].dt.floor("D")).size()
    assert daily[pd.Timestamp("2025-12-25", tz="UTC")] < 0.35 * daily[pd.Timestamp("2025-12-18", tz="UTC")]


def test_a_few_events_come_twice_and_equal_and_no_other_id_repeats(tables: Tables) -> None:
    events = tables["usage_events"]
    twice = events.duplicated().sum()
    assert 1 <= twice <= 20
    assert events["event_id"].duplicated().sum() == twice


def test_events_become_known_after_minutes_or_a_few_days_late(tables: Tables) -> None:
    events = tables["usage_events"]
    delay = (events["recorded_at"] - events["occurred_at"]).dt.total_seconds()
    assert delay.min() > 0
    late = delay > 3600
    assert 0.006 < late.mean() < 0.014
    assert delay[late].between(86400, 3 * 86400 + 1000).all()
    assert delay[~late].max() < 1000


def test_a_meter_stays_within_the_quota_of_the_plan(tables: Tables) -> None:
    rows = tables["meter_readings"]
    assert rows["value"].min() >= 0
    assert (rows["value"] <= rows["quota"]).all()
    quotas = set(map(tuple, tables["plan_quotas"][["meter", "quota"]].to_numpy()))
    assert set(map(tuple, rows[["meter", "quota"]].drop_duplicates().to_numpy())) <= quotas


def test_needs_show_in_what_is_touched(tables: Tables) -> None:
    told = tables["truth"].rename(columns={"as_of": "month"})
    events = tables["usage_events"]
    month = events["occurred_at"].dt.tz_localize(None).dt.to_period("M").dt.to_timestamp()
    for kind, state, low, high in (("gate_hit", "need", "none", "strong"), ("export", "gap", "none", "urgent")):
        count = events[events["kind"] == kind].groupby(["account_id", month]).size().rename("count")
        rows = told.merge(count, left_on=["account_id", "month"], right_index=True, how="left").fillna({"count": 0})
        rows = rows[(rows["tier"] < 3) & (rows["month"] < "2026-01-01")]
        mean = rows.groupby(state)["count"].mean()
        assert mean[high] > 1.5 * mean[low]
