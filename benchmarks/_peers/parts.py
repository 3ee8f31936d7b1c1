"""Which part of the catalogue each peer can express with the same values, and why not the rest.

All but the signals of `LEFT_OUT` are expressed by featuretools, and those of `TSFRESH` by tsfresh.
"""

from __future__ import annotations

PERIODS = "a window that begins on each account's own billing day"
METERS = "a quota is looked up by meter and by the plan that is held at the date"
QUARTILES = "quartiles of the rest of the team: featuretools has none among its aggregations"
PLANS = "which features count depends on the plan that is held at the date, and on the next one"
CLUSTERS = "the most within any 14 days, of what was known at the date: rolling windows of featuretools know no cut"
UPSELLS = "versions are set against the ones before, over all subscriptions at once"
TRIGGERS = "rules over other signals, some of which stand in this list"

# signal: why featuretools does not say it
LEFT_OUT = {
    **dict.fromkeys(("periods_near_ceiling", "periods_peak_near_ceiling", "days_near_ceiling", "team_pace"), PERIODS),
    **dict.fromkeys(
        ("days_until_ceiling", "days_until_ceiling_earliest", "days_until_ceiling_latest"),
        PERIODS,
    ),
    **dict.fromkeys(
        ("highest_quota_utilisation", "meters_near_quota", "days_until_quota_used_up", "fullest_meter"),
        METERS,
    ),
    **dict.fromkeys(
        ("first_meter_to_run_out", "meters_running_out", "quota_growth", "days_over_quota", "days_near_quota"), METERS
    ),
    **dict.fromkeys(("power_users", "frequent_users", "broad_users", "deep_users"), QUARTILES),
    **dict.fromkeys(("new_power_users", "days_since_power_user_emerged"), QUARTILES),
    **dict.fromkeys(("feature_breadth", "next_tier_features"), PLANS),
    **dict.fromkeys(("largest_gate_cluster", "largest_feature_cluster", "days_since_gate_cluster"), CLUSTERS),
    **dict.fromkeys(("upsells_before", "days_since_upsell", "setbacks_after_upsell"), UPSELLS),
    **dict.fromkeys(("triggers_fired", "days_triggers_together"), TRIGGERS),
}

# one series of numbers for each look and window, and what tsfresh computes of it
TSFRESH = (
    # how much, on how many days, by how many
    *("activity", "active_days", "active_users", "days_since_last_use"),
    *("events_per_user_day", "events_per_user", "stickiness"),
    *("usage_growth", "usage_growth_before", "months_of_growth", "days_of_growth", "week_against_month"),
    *("active_user_growth", "peak_user_growth"),
    # by kind
    *("features_in_use", "features_gained", "gated_features", "integrations_in_use"),
    *("integration_share", "integration_days", "exports", "export_days", "export_growth"),
    *("gate_crossings", "gate_crossings_month", "upgrade_prompts", "trial_days_per_week", "limit_errors"),
    # dated records
    *("invited_users", "milestones_reached", "milestones_in_90_days", "days_since_milestone", "days_since_first_value"),
    *("months_since_implementation", "gaps_named", "hours_since_gap_named", "workarounds_named", "pressure_named"),
    *("nps_mean", "days_since_survey", "tickets_opened", "escalations", "open_tickets"),
    *("days_to_close", "days_since_ticket_closed"),
    *("outreach_in_90_days", "days_since_outreach", "talks_open", "talks_won", "talks_lost", "days_since_talk_lost"),
)
