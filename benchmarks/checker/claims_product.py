"""Sentences about the product: quotas, gates, how deeply it is in use, what was achieved with it."""

from __future__ import annotations

import math

from checker.claims import Claim, nothing, says, unknown

NEVER_METERED = ("ever_metered", (0.0, 0.0))
# what is over its quota comes no nearer to it
NOT_OVER = ("highest_quota_utilisation", (-math.inf, 1.0))

CAPACITY: tuple[Claim, ...] = (
    says("highest_quota_utilisation", "The fullest meter stands at <highest_quota_utilisation:share> of its quota"),
    nothing("highest_quota_utilisation", "No meter has been used yet", NEVER_METERED),
    unknown("highest_quota_utilisation", "How full the meters are is not known"),
    says("meters_near_quota", "Near or over its quota: <meters_near_quota:meters>"),
    nothing("meters_near_quota", "No meter is near its quota"),
    says(
        "days_until_quota_used_up",
        "At the pace of the latest readings the first quota is used up within <days_until_quota_used_up:days>",
    ),
    nothing("days_until_quota_used_up", "A quota is used up"),
    unknown("days_until_quota_used_up", "No day on which a quota runs out is in sight"),
    says("fullest_meter", "The fullest meter is <fullest_meter:name>"),
    unknown("fullest_meter", "Which meter is the fullest is not known"),
    says("first_meter_to_run_out", "The first quota to be used up is that of <first_meter_to_run_out:name>"),
    unknown("first_meter_to_run_out", "No quota that will be used up is in sight"),
    says("meters_running_out", "Used up soon at the pace of the latest readings: <meters_running_out:meters>"),
    nothing("meters_running_out", "At the pace of the latest readings no quota will be used up soon"),
    says(
        "quota_growth",
        "In four weeks the fullest meter came nearer to its quota by <quota_growth:share> of it",
        NOT_OVER,
    ),
    nothing("quota_growth", "The fullest meter stands where it stood four weeks ago"),
    says("quota_growth", "In four weeks the fullest meter fell by <-quota_growth:share> of its quota"),
    unknown("quota_growth", "How full the fullest meter was four weeks ago is not known"),
    says("days_over_quota", "One quota was used up on <days_over_quota:days> of 30"),
    nothing("days_over_quota", "No quota was used up in 30 days"),
    says("days_near_quota", "The fullest meter has been near its quota for <days_near_quota:days>"),
    unknown("days_near_quota", "No meter is known to be near its quota"),
    says("limit_errors", "The plan's limits were hit <limit_errors:often> in 30 days"),
    nothing("limit_errors", "The plan's limits were not hit in 30 days"),
    unknown("limit_errors", "Whether the plan's limits were hit is not recorded"),
)

GATES: tuple[Claim, ...] = (
    says("gate_crossings", "The team met a gate or a limit of its plan <gate_crossings:often> recently"),
    nothing("gate_crossings", "Nobody met a gate or a limit of the plan recently"),
    unknown("gate_crossings", "Interest in what lies above the plan is not recorded"),
    says(
        "gate_crossings_month", "The team met a gate or a limit of its plan <gate_crossings_month:often> in four weeks"
    ),
    nothing("gate_crossings_month", "Nobody met a gate or a limit of the plan in four weeks"),
    says("gated_features", "Met at a gate or a limit of the plan in four weeks: <gated_features:functions>"),
    nothing("gated_features", "No named function above the plan was touched in four weeks"),
    says(
        "largest_gate_cluster",
        "At its busiest the team met gates or limits of its plan <largest_gate_cluster:often> within two weeks",
    ),
    nothing("largest_gate_cluster", "Nobody met a gate or a limit of the plan in the last six weeks"),
    says(
        "largest_feature_cluster",
        "At its busiest the team met one and the same gate <largest_feature_cluster:often> within two weeks",
    ),
    nothing("largest_feature_cluster", "Nobody met a gate of a named function in the last six weeks"),
    unknown("largest_feature_cluster", "Which gates were met is not recorded"),
    says(
        "days_since_gate_cluster",
        "The team last met gates or limits of its plan in quick succession <days_since_gate_cluster:days> ago",
    ),
    unknown("days_since_gate_cluster", "Gates were not met in quick succession in the last six weeks"),
    says("upgrade_prompts", "The upgrade page was opened <upgrade_prompts:often> in four weeks"),
    nothing("upgrade_prompts", "The upgrade page was not opened in four weeks"),
    unknown("upgrade_prompts", "Visits of the upgrade page are not recorded"),
    says("trial_days_per_week", "A premium capability is tried on <trial_days_per_week:number> days a week"),
    nothing("trial_days_per_week", "No premium capability is being tried"),
    unknown("trial_days_per_week", "Trials of premium capabilities are not recorded"),
    says("next_tier_features", "The team already works with <next_tier_features:share> of what the next plan adds"),
    nothing("next_tier_features", "The team uses nothing yet of what the next plan adds"),
    unknown("next_tier_features", "What the next plan would add is not known"),
)

ADOPTION: tuple[Claim, ...] = (
    says("features_in_use", "In use in the last four weeks: <features_in_use:functions>"),
    nothing("features_in_use", "No named function was used in the last four weeks"),
    unknown("features_in_use", "What is used is not recorded"),
    says("feature_breadth", "The team uses <feature_breadth:share> of the functions that its plan includes"),
    nothing("feature_breadth", "The team uses no named function of its plan"),
    unknown("feature_breadth", "What the plan includes is not known"),
    says("active_days", "The product was in use on <active_days:days> of 28"),
    nothing("active_days", "The product was not in use in the last 28 days"),
    unknown("active_days", "Use is not recorded"),
    says("events_per_user_day", "A user does about <events_per_user_day:events> on a day of work"),
    unknown("events_per_user_day", "How much a user does is not known"),
    says("activity", "The team did <activity:events> in four weeks"),
    nothing("activity", "The team did nothing in four weeks"),
    says("days_since_last_use", "The product was last used <days_since_last_use:days> ago"),
    unknown("days_since_last_use", "When the product was last used is not known"),
    says("integration_share", "Integrations make <integration_share:share> of all activity"),
    nothing("integration_share", "No activity comes through integrations"),
    unknown("integration_share", "How much comes through integrations is not known"),
    says("integrations_in_use", "Called from other systems: <integrations_in_use:functions>"),
    nothing("integrations_in_use", "No named function is called from other systems"),
    unknown("integrations_in_use", "What is called from other systems is not known"),
    says("integration_days", "Other systems called on <integration_days:days> of 28"),
    nothing("integration_days", "No other system called in four weeks"),
    unknown("integration_days", "Calls from other systems are not recorded"),
    says("stickiness", "On an average working day <stickiness:share> of the month's users are here"),
    unknown("stickiness", "How often people come back is not known"),
    says("events_per_user", "A user does about <events_per_user:events> in four weeks"),
    unknown("events_per_user", "How much a user does is not known"),
    says("features_gained", "Against the four weeks before, more in use: <features_gained:functions>"),
    nothing("features_gained", "As many functions are in use as in the four weeks before"),
    says("features_gained", "Against the four weeks before, fewer in use: <-features_gained:functions>"),
    says("health_score", "The health score is <health_score:points> of 100"),
    unknown("health_score", "The health score is not known"),
)

VALUE: tuple[Claim, ...] = (
    says("milestones_reached", "Reached so far: <milestones_reached:milestones>"),
    nothing("milestones_reached", "No business milestone has been reached yet"),
    unknown("milestones_reached", "Milestones are not recorded"),
    says("milestones_in_90_days", "Reached in 90 days: <milestones_in_90_days:milestones>"),
    nothing("milestones_in_90_days", "No business milestone was reached in 90 days"),
    says("days_since_milestone", "The latest business milestone was reached <days_since_milestone:days> ago"),
    unknown("days_since_milestone", "When a business milestone was reached is not known"),
    says("days_since_first_value", "First value came <days_since_first_value:days> ago"),
    unknown("days_since_first_value", "When first value came is not known"),
    says("days_to_first_value", "First value came <days_to_first_value:days> after the first subscription"),
    nothing("days_to_first_value", "First value came on the day of the first subscription"),
    says("days_to_first_value", "First value came <-days_to_first_value:days> before the first subscription"),
    unknown("days_to_first_value", "How long it took to first value is not known"),
    says("months_since_implementation", "The product was set up <months_since_implementation:months> ago"),
    unknown("months_since_implementation", "When the product was set up is not known"),
)

CLAIMS = (*CAPACITY, *GATES, *ADOPTION, *VALUE)
