"""Which triggers that open a talk fire together, and since when."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def triggers(one: dict[str, pd.Series], thresholds: Any) -> dict[str, pd.Series]:
    """Count the triggers that fire, and the days for which two have fired together."""
    users, days = one["periods_near_ceiling"], one["periods_peak_near_ceiling"]
    fired = {
        "seats": (users >= thresholds.seat_periods) | (users.isna() & (days >= thresholds.seat_periods)),
        "capacity": (one["highest_quota_utilisation"] >= thresholds.quota_utilisation)
        | (one["limit_errors"] >= thresholds.limit_errors),
        "gates": (one["days_since_gate_cluster"] <= thresholds.gate_days)
        | (one["trial_days_per_week"] >= thresholds.trial_days_per_week)
        | (one["next_tier_features"] >= thresholds.next_tier_features),
        "power_users": one["new_power_users"] >= 1,
        "velocity": one["months_of_growth"] >= thresholds.growth_months,
        "adoption": one["feature_breadth"] >= thresholds.feature_breadth,
        "value": one["days_since_milestone"] <= thresholds.milestone_days,
        "gaps": one["hours_since_gap_named"] <= thresholds.gap_hours,
    }
    since = {
        "seats": one["days_near_ceiling"],
        "capacity": one["days_near_quota"],
        "gates": one["days_since_gate_cluster"],
        "power_users": one["days_since_power_user_emerged"],
        "velocity": one["days_of_growth"],
        "value": one["days_since_milestone"],
        "gaps": one["hours_since_gap_named"] / 24,
    }
    told = pd.DataFrame({name: days.where(fired[name]) for name, days in since.items()})
    # the second longest is the longest that two have in common
    longest = np.sort(told.fillna(-1.0).to_numpy(dtype=float), axis=1)[:, -2]
    return {
        "triggers_fired": pd.DataFrame(fired).sum(axis=1),
        "days_triggers_together": pd.Series(longest, index=told.index).where(longest >= 0),
    }
