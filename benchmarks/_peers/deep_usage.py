"""What featuretools measures of usage: events by day, by user, and by kind."""

from __future__ import annotations

from typing import Any

from featuretools import primitives as by

from _peers.asking import Asking

MONTH, QUARTER, LOOKBACK = 28, 90, 366  # days
CHAMPION_DAYS = 90
GATES = ("gate_hit", "upgrade_prompt", "trial_use", "limit_error")
Made = dict[str, Any]  # features of the account, by the name of what they measure


def usage(ask: Asking, thresholds: Any) -> Made:
    """Measure how much was done, by how many, with what and when last."""
    # as a secondary time index would say it, which sets values to null
    known = ask.age("events", "recorded_at") > 0
    return _by_day(ask, known) | _by_kind(ask, known, thresholds) | _by_user(ask, known)


def _by_day(ask: Asking, known: Any) -> Made:
    events = ask.count("events", "days", where=known, last=LOOKBACK)
    users = ask.over(ask.column("events", "user_id"), by.NumUnique, "days", where=known, last=3 * MONTH)
    age, used = ask.age("days", "day"), events > 0
    # from the cutoff back, for windows end to end
    until = {last: ask.over(events, by.Sum, last=last) for last in (7, 28, 35, 56, 84, 112)}
    made = {f"events_{last}_0": until[last] for last in (7, 28)}
    made |= {f"events_28_{before}": until[before + 28] - until[before] for before in (7, 28, 56, 84)}
    return made | {
        "active_days": ask.count("days", where=used, last=MONTH),
        "days_since_last_use": ask.over(age, by.Min, where=used, last=LOOKBACK),
        "peak_28_0": ask.over(users, by.Max, last=MONTH),
        "peak_28_56": ask.over(users, by.Max, where=age > 2 * MONTH, last=3 * MONTH),
    }


def _by_kind(ask: Asking, known: Any, thresholds: Any) -> Made:
    kind, feature, day = (ask.column("events", name) for name in ("kind", "feature", "day_number"))
    seen = {one: (kind == one) & known for one in (*GATES, "feature_used", "integration_call", "export")}
    gates = kind.isin(list(GATES)) & known
    used, exported = seen["feature_used"], seen["export"]
    made = {
        "gates_recent": ask.count("events", where=gates, last=thresholds.gate_days),
        "gates_28": ask.count("events", where=gates, last=MONTH),
        "upgrade_prompts": ask.count("events", where=seen["upgrade_prompt"], last=MONTH),
        "limit_errors": ask.count("events", where=seen["limit_error"], last=30),
        "integration_calls": ask.count("events", where=seen["integration_call"], last=MONTH),
        "exports_28_0": ask.count("events", where=exported, last=MONTH),
        "exports_28_28": ask.count("events", where=exported & (ask.age("events", "day") > MONTH), last=2 * MONTH),
        "features": ask.over(feature, by.NumUnique, where=used, last=MONTH),
        "features_before": ask.over(
            feature, by.NumUnique, where=used & (ask.age("events", "day") > MONTH), last=2 * MONTH
        ),
        "gated_features": ask.over(feature, by.NumUnique, where=gates, last=MONTH),
        "integrations": ask.over(feature, by.NumUnique, where=seen["integration_call"], last=MONTH),
    }
    return made | {
        f"{one}_days": ask.over(day, by.NumUnique, where=seen[one], last=MONTH)
        for one in ("trial_use", "integration_call", "export")
    }


def _by_user(ask: Asking, known: Any) -> Made:
    day, role, age = ask.column("events", "day_number"), ask.column("users", "role"), ask.age("events", "day")
    days = ask.over(day, by.NumUnique, "users", where=known, last=MONTH)
    before = ask.count("events", "users", where=known & (age > MONTH), last=2 * MONTH)
    working = ask.over(day, by.NumUnique, "users", where=known & ask.column("events", "working"), last=MONTH)
    latest = ask.over(age, by.Min, "users", where=known, last=CHAMPION_DAYS)
    champion = role == "champion"
    return {
        "users_28_0": ask.count("users", where=days > 0),
        "users_28_28": ask.count("users", where=before > 0),
        "user_days": ask.over(days, by.Sum),
        "working_user_days": ask.over(working, by.Sum),
        "busiest_user_days": ask.over(days, by.Max),
        "busiest_user_events": ask.over(ask.count("events", "users", where=known, last=MONTH), by.Max),
        "champion_days": ask.over(days, by.Max, where=champion),
        "executive_days": ask.over(days, by.Max, where=role == "executive"),
        "days_since_champion": ask.over(latest, by.Min, where=champion),
        "champions": ask.count("users", where=champion),
        "invited_28": ask.count("users", last=MONTH),
        "invited_84": ask.count("users", last=3 * MONTH),
    }
