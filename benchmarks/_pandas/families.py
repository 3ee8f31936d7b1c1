"""The signals: measures set against each other, family by family."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd

from _pandas.contract import MINOR_UNITS
from _pandas.cut import DAY_MINUTES, growth, ratio
from _pandas.periods import MOST

WORKING_DAYS = 20
MOST_DAYS_AHEAD = 365
MONTH_DAYS = 365.25 / 12

Measured = dict[str, Any]


def signals_of(one: Measured, thresholds: Any) -> dict[str, pd.Series]:
    """Form all signals but those that count triggers."""
    return (
        seats(one, thresholds)
        | capacity(one)
        | gates(one)
        | power_users(one)
        | velocity(one, thresholds)
        | adoption(one, thresholds)
        | value(one)
        | voice(one)
        | relationship(one)
        | commercial(one)
    )


def seats(one: Measured, thresholds: Any) -> dict[str, pd.Series]:
    """How close the team is to the licences it pays for."""
    licensed, active = one["seats"], one["users_28_0"]
    users, peaks = (_periods_in_a_row(one[name], licensed, thresholds) for name in ("users", "peak_users"))
    slowest, typical, fastest = _gains(one)
    return {
        "seat_utilisation": ratio(active, licensed),
        "peak_daily_utilisation": ratio(one["peak_28_0"], licensed),
        "daily_active_share": ratio(one["working_user_days"] / WORKING_DAYS, licensed),
        "periods_near_ceiling": users,
        "periods_peak_near_ceiling": peaks,
        "days_until_ceiling": _until_ceiling(one, typical),
        "days_until_ceiling_earliest": _until_ceiling(one, fastest),
        "days_until_ceiling_latest": _until_ceiling(one, slowest),
        "days_near_ceiling": users.fillna(peaks) * 30,
        "active_users": active,
        "seats": licensed,
    }


def _periods_in_a_row(users: pd.DataFrame, licensed: pd.Series, thresholds: Any) -> pd.Series:
    shares = users.div(licensed.where(licensed != 0), axis=0)
    full = shares >= thresholds.seat_utilisation
    return full.cumprod(axis=1).sum(axis=1).where(shares[1].notna()).clip(upper=MOST)


def _gains(one: Measured) -> tuple[pd.Series, pd.Series, pd.Series]:
    users = one["users"]
    gains = np.sort(users[[1, 2, 3]].to_numpy() - users[[2, 3, 4]].to_numpy(), axis=1)
    slowest, typical, fastest = (pd.Series(gains[:, place], index=users.index) for place in range(3))
    known = users[4].notna()
    return slowest.where(known), typical.where(known), fastest.where(known)


def _until_ceiling(one: Measured, gain: pd.Series) -> pd.Series:
    spare = one["seats"] - one["users_28_0"]
    days = spare * 30 / gain.where(gain != 0)
    ahead = days.where((gain > 0) & (days <= MOST_DAYS_AHEAD))
    return ahead.mask(spare <= 0, 0.0).where(one["seats"] > 0)


def capacity(one: Measured) -> dict[str, pd.Series]:
    """How close metered use is to the plan's quotas."""
    return {
        "highest_quota_utilisation": one["utilisation"],
        "meters_near_quota": one["near"],
        "days_until_quota_used_up": one["days_until"],
        "fullest_meter": one["fullest"],
        "first_meter_to_run_out": one["first_out"],
        "meters_running_out": one["running_out"],
        "quota_growth": one["growth"],
        "days_over_quota": one["days_over"],
        "days_near_quota": one["days_near"],
        "limit_errors": one["limit_errors"],
    }


def gates(one: Measured) -> dict[str, pd.Series]:
    """Interest in capabilities above the account's plan."""
    return {
        "gate_crossings": one["gates_recent"],
        "gate_crossings_month": one["gates_28"],
        "gated_features": one["gated_features"],
        "largest_gate_cluster": one["largest_cluster"],
        "largest_feature_cluster": one["largest_feature_cluster"],
        "days_since_gate_cluster": one["days_since_cluster"],
        "upgrade_prompts": one["upgrade_prompts"],
        "trial_days_per_week": one["trial_use_days"] / 4,
        "next_tier_features": ratio(one["features_of_next_plan"], one["next_new_features"]),
    }


def power_users(one: Measured) -> dict[str, pd.Series]:
    """People far above their own account's average."""
    return {
        "power_users": one["power_users"],
        "frequent_users": one["frequent_users"],
        "broad_users": one["broad_users"],
        "deep_users": one["deep_users"],
        "new_power_users": one["new_power_users"],
        "days_since_power_user_emerged": one["days_since_emerged"],
        "busiest_user_days": one["busiest_user_days"],
        "busiest_user_share": ratio(one["busiest_user_events"], one["events_28_0"]),
    }


def velocity(one: Measured, thresholds: Any) -> dict[str, pd.Series]:
    """How fast use is growing."""
    months = [one[f"events_28_{before}"] for before in (0, 28, 56, 84)]
    rates = pd.concat([growth(*pair) for pair in itertools.pairwise(months)], axis=1, keys=range(3))
    in_a_row = (rates >= thresholds.growth).cumprod(axis=1).sum(axis=1).where(rates[0].notna())
    _, typical, _ = _gains(one)
    return {
        "usage_growth": rates[0],
        "usage_growth_before": rates[1],
        "months_of_growth": in_a_row,
        "days_of_growth": in_a_row * 28,
        "active_user_growth": growth(one["users_28_0"], one["users_28_28"]),
        "peak_user_growth": growth(one["peak_28_0"], one["peak_28_56"]),
        "week_against_month": ratio(one["events_7_0"], one["events_28_7"] / 4),
        "invited_users": one["invited_28"],
        "invited_per_seat": ratio(one["invited_84"], one["seats"]),
        "team_pace": ratio(typical, one["users_28_0"]),
    }


def adoption(one: Measured, thresholds: Any) -> dict[str, pd.Series]:
    """How broadly and deeply the product is part of the account's work."""
    events, users, working = one["events_28_0"], one["users_28_0"], one["working_user_days"] / WORKING_DAYS
    daily = (ratio(working, one["seats"]) / thresholds.daily_actives).clip(0, 1)
    often = (one["active_days"] / 20).clip(0, 1)
    held = ((ratio(events, one["events_28_28"]) - 0.5) / 0.5).clip(0, 1)
    return {
        "features_in_use": one["features"],
        "feature_breadth": ratio(one["features_of_plan"], one["plan_features"]),
        "active_days": one["active_days"],
        "events_per_user_day": ratio(events, one["user_days"]),
        "activity": events,
        "days_since_last_use": one["days_since_last_use"],
        "integration_share": ratio(one["integration_calls"], events),
        "integrations_in_use": one["integrations"],
        "integration_days": one["integration_call_days"],
        "stickiness": ratio(working, users),
        "events_per_user": ratio(events, users),
        "features_gained": one["features"] - one["features_before"],
        "health_score": 40 * daily + 30 * often + 30 * held,
    }


def value(one: Measured) -> dict[str, pd.Series]:
    """What the account has achieved with the product."""
    return {
        "milestones_reached": one["milestones"],
        "milestones_in_90_days": one["milestones_recent"],
        "days_since_milestone": one["days_since_milestone"],
        "days_since_first_value": one["days_since_first_value"],
        "days_to_first_value": one["tenure"] - one["days_since_first_value"],
        "months_since_implementation": one["days_since_set_up"] / MONTH_DAYS,
    }


def voice(one: Measured) -> dict[str, pd.Series]:
    """Gaps and sentiment: what customers say, and what leaves the product."""
    return {
        "gaps_named": one["gap_named"],
        "hours_since_gap_named": one["minutes_since_gap"] / 60,
        "workarounds_named": one["workaround_named"],
        "exports": one["exports_28_0"],
        "export_days": one["export_days"],
        "export_growth": growth(one["exports_28_0"], one["exports_28_28"]),
        "nps": one["nps"],
        "nps_change": one["nps"] - one["nps_before"],
        "nps_mean": one["nps_mean"],
        "days_since_survey": one["days_since_nps"],
        "pressure_named": one["pressure_named"],
        "tickets_opened": one["tickets"],
        "open_tickets": one["open_tickets"],
        "escalations": one["escalations"],
        "days_to_close": one["minutes_to_close"] / DAY_MINUTES,
        "days_since_ticket_closed": one["days_since_closed"],
    }


def relationship(one: Measured) -> dict[str, pd.Series]:
    """The people who carry the product, and our talks with them about more."""
    return {
        "champion_active_days": one["champion_days"],
        "executive_active_days": one["executive_days"],
        "champions": one["champions"],
        "days_since_champion_active": one["days_since_champion"],
        "outreach_in_90_days": one["outreach"],
        "days_since_outreach": one["days_since_outreach"],
        "talks_open": one["talks_open"],
        "talks_won": one["talks_won"],
        "talks_lost": one["talks_lost"],
        "days_since_talk_lost": one["days_since_lost"],
    }


def commercial(one: Measured) -> dict[str, pd.Series]:
    """Plan, price, term and what was bought before."""
    paid = one["mrr"] / MINOR_UNITS
    return {
        "plan": one["plan_id"],
        "tier": one["tier"],
        "region": one["region"],
        "segment": one["segment"],
        "industry": one["industry"],
        "mrr": paid,
        "price_per_seat": ratio(paid, one["seats"]),
        "mrr_per_active_user": ratio(paid, one["users_28_0"]),
        "share_of_list_price": ratio(one["mrr"], one["list_price"]),
        "price_step": (one["next_price"] - one["mrr"]) / MINOR_UNITS,
        "days_until_renewal": one["days_until_renewal"],
        "tenure": one["tenure"],
        "billing_months": one["billing_months"],
        "seats_gained": one["seats"] - one["seats_before"],
        "tiers_gained": one["tier"] - one["tier_before"],
        "revenue_growth": growth(one["mrr"], one["mrr_before"]),
        "addons_held": one["addons"],
        "upsells_before": one["upsells"],
        "days_since_upsell": one["days_since_upsell"],
        "setbacks_after_upsell": one["setbacks"],
    }
