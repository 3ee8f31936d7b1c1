"""What the sources say opens a talk, or forbids one, line by line, and where each line is in the catalogue."""

from __future__ import annotations

from dataclasses import dataclass

WINDOWS = "Four usage signals that open a window"
OTHER = "Other triggers"
GUARDS = "Guards"
POINTS = "Points model"
CONTEXT = "Context"
OURS = "ours"  # no source says so
SECTIONS = (WINDOWS, OTHER, GUARDS, POINTS, CONTEXT)


@dataclass(frozen=True)
class Line:
    """One statement of a source.

    Attributes
    ----------
    section : str
        One of `SECTIONS`.
    said : str
        What it says, in our words.
    source : str
        S0 to S4, as the page on signals lists them; `OURS` where none of them says it.
    signals : tuple of str
        Signals that measure it.
    triggers : tuple of str
        Triggers that fire on it.
    thresholds : tuple of str
        Thresholds that it sets.
    rules : tuple of str
        Rules of the points model that are it.
    elsewhere : str
        What else does its work, where that is no signal.
    """

    section: str
    said: str
    source: str
    signals: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    thresholds: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    elsewhere: str = ""


DOMAIN = (
    Line(
        WINDOWS,
        "Approaching the seat ceiling: 80 to 85 % of the seats or more are active for two billing periods in a row; "
        "longer terms count by the month",
        "S1",
        signals=(
            "seat_utilisation",
            "periods_near_ceiling",
            "peak_daily_utilisation",
            "periods_peak_near_ceiling",
            "days_near_ceiling",
            "active_users",
            "seats",
        ),
        triggers=("approaching_seat_ceiling",),
        thresholds=("seat_utilisation", "seat_periods"),
    ),
    Line(
        WINDOWS,
        "A projection of the days until the ceiling: act before it, not after",
        "S1",
        signals=("days_until_ceiling", "days_until_ceiling_earliest", "days_until_ceiling_latest", "team_pace"),
    ),
    Line(
        WINDOWS,
        "Crossing the boundary of the plan: two or more clicks at a gate, upgrade prompts, uses in trial or limit "
        "errors within any 14 days; the cluster counts, never one click",
        "S1",
        signals=(
            "largest_gate_cluster",
            "largest_feature_cluster",
            "days_since_gate_cluster",
            "gate_crossings",
            "gate_crossings_month",
            "gated_features",
            "upgrade_prompts",
        ),
        triggers=("reaching_for_next_plan",),
        thresholds=("gate_crossings", "gate_days"),
    ),
    Line(
        WINDOWS,
        "Power users emerge: far above their own account's average in how often they log in, how many features they "
        "use or how deep a session goes",
        "S1",
        signals=(
            "power_users",
            "frequent_users",
            "broad_users",
            "deep_users",
            "new_power_users",
            "days_since_power_user_emerged",
            "busiest_user_days",
            "busiest_user_share",
        ),
        triggers=("power_users_emerge",),
        thresholds=(
            "power_user_factor",
            "power_user_spread",
            "power_user_days",
            "power_user_features",
            "deep_user_days",
        ),
    ),
    Line(
        WINDOWS,
        "Use accelerates: it grows by 20 % or more month over month, two months in a row",
        "S1",
        signals=(
            "usage_growth",
            "usage_growth_before",
            "months_of_growth",
            "days_of_growth",
            "active_user_growth",
            "peak_user_growth",
            "week_against_month",
        ),
        triggers=("use_accelerates",),
        thresholds=("growth", "growth_months"),
    ),
    Line(
        OTHER,
        "A meter stands above 80 % of its quota; when it will be used up",
        "S0, S4",
        signals=(
            "highest_quota_utilisation",
            "meters_near_quota",
            "fullest_meter",
            "days_near_quota",
            "quota_growth",
            "days_until_quota_used_up",
            "first_meter_to_run_out",
            "meters_running_out",
        ),
        triggers=("running_out_of_capacity",),
        thresholds=("quota_utilisation", "meter_days"),
    ),
    Line(
        OTHER,
        "Limits of the plan are hit, say 12 times in a month",
        "S2",
        signals=("limit_errors",),
        triggers=("running_out_of_capacity",),
        thresholds=("limit_errors",),
    ),
    Line(
        OTHER,
        "A premium feature is tried on four or five days a week",
        "S0",
        signals=("trial_days_per_week",),
        triggers=("reaching_for_next_plan",),
        thresholds=("trial_days_per_week",),
    ),
    Line(
        OTHER,
        "Four of five features of the next plan are in use already",
        "S2",
        signals=("next_tier_features",),
        triggers=("reaching_for_next_plan",),
        thresholds=("next_tier_features",),
    ),
    Line(
        OTHER,
        "More than 75 % of the licences are active on a day",
        "S0",
        signals=("daily_active_share", "stickiness"),
        thresholds=("daily_actives",),
        rules=("heavy_use",),
    ),
    Line(
        OTHER,
        "The plan is used in its breadth, say 95 % of its features",
        "S0",
        signals=("feature_breadth", "features_in_use", "features_gained"),
        triggers=("deep_adoption",),
        thresholds=("feature_breadth",),
    ),
    Line(
        OTHER,
        "Integrations go deep, and the daily work is intense",
        "S0",
        signals=(
            "integration_share",
            "integrations_in_use",
            "integration_days",
            "active_days",
            "events_per_user_day",
            "events_per_user",
            "activity",
            "days_since_last_use",
        ),
    ),
    Line(
        OTHER,
        "The customer names a gap in a ticket, a review or a survey; act within 48 to 72 hours",
        "S1",
        signals=("gaps_named", "hours_since_gap_named"),
        triggers=("gap_named",),
        thresholds=("gap_hours", "gap_words"),
    ),
    Line(
        OTHER,
        "Data is exported to outside tools",
        "S1",
        signals=("exports", "export_days", "export_growth"),
    ),
    Line(
        OTHER,
        "A problem was just solved: talks after a service recovery convert best",
        "S1",
        signals=("days_since_ticket_closed", "days_to_close"),
    ),
    Line(
        OTHER,
        "A business outcome was achieved",
        "S0",
        signals=("days_since_milestone", "milestones_reached", "milestones_in_90_days"),
        triggers=("success_achieved",),
        thresholds=("milestone_days",),
        rules=("success_achieved",),
    ),
    Line(
        OTHER,
        "The health score is above 80",
        "S0",
        signals=("health_score",),
        thresholds=("health",),
        rules=("healthy",),
    ),
    Line(
        OTHER,
        "A champion or an executive is active",
        "S0",
        signals=("champion_active_days", "days_since_champion_active", "champions", "executive_active_days"),
        rules=("executive_active",),
    ),
    Line(
        OTHER,
        "Renewal is 60 days away or more",
        "S0",
        signals=("days_until_renewal",),
        thresholds=("renewal_days",),
        rules=("before_renewal",),
    ),
    Line(
        OTHER,
        "The account uses more than the plan is meant for",
        "S3",
        signals=("days_over_quota", "mrr_per_active_user", "share_of_list_price"),
    ),
    Line(
        OTHER,
        "People work around what is missing; work is done by hand that a higher plan does by itself",
        "S3, S4",
        signals=("workarounds_named",),
        thresholds=("workaround_words",),
    ),
    Line(
        OTHER,
        "Who uses one thing much is likelier to need another: heavy reporting comes before analytics",
        "S3",
        signals=("plan", "tier", "addons_held", "industry", "segment", "region"),
        elsewhere="learnt from data by the head for add-ons, not assumed",
    ),
    Line(
        OTHER,
        "Several signals together convert three to four times as often as tenure or renewal alone",
        "S0",
        signals=("triggers_fired", "days_triggers_together"),
        elsewhere="the first notebook measures it",
    ),
    Line(
        OTHER,
        "The calendar is the backstop where no signal fired: a talk to find out, not a pitch",
        "S1",
        signals=("tenure", "days_until_renewal", "billing_months", "outreach_in_90_days", "days_since_outreach"),
        elsewhere="an account worth a contact where no trigger fires is nurtured, not pitched to",
    ),
    Line(
        GUARDS,
        "Never before first value",
        "S0, S3",
        signals=("days_since_first_value", "days_to_first_value"),
        elsewhere="an account without it is nurtured, not pitched to",
    ),
    Line(
        GUARDS,
        "The best time begins three to six months after implementation, and ends before renewal",
        "S0, S3",
        signals=("months_since_implementation", "days_until_renewal"),
        thresholds=("implementation_milestones", "renewal_days"),
    ),
    Line(
        GUARDS,
        "A pushed sale makes a detractor of a content customer",
        "S2",
        signals=("nps", "nps_change", "nps_mean", "days_since_survey"),
        triggers=("unhappy_customer",),
        thresholds=("detractor_nps",),
    ),
    Line(
        GUARDS,
        "Listen for pressure in what recently upsold customers write",
        "S1",
        signals=("pressure_named",),
        thresholds=("pressure_words",),
    ),
    Line(
        GUARDS,
        "Mend before you sell: open and escalated tickets come first",
        "S2",
        signals=("open_tickets", "escalations", "tickets_opened"),
    ),
    Line(
        POINTS,
        "25 points: more than 75 % of the licences are active on a day",
        "S0",
        signals=("daily_active_share",),
        thresholds=("daily_actives",),
        rules=("heavy_use",),
    ),
    Line(
        POINTS,
        "30 points: capacity above 80 %",
        "S0",
        signals=("highest_quota_utilisation",),
        thresholds=("quota_utilisation",),
        rules=("near_capacity",),
    ),
    Line(
        POINTS,
        "20 points: premium features are in use in trial",
        "S0",
        signals=("trial_days_per_week",),
        rules=("premium_trial",),
    ),
    Line(
        POINTS,
        "25 points: a stated success metric was achieved",
        "S0",
        signals=("milestones_reached",),
        rules=("success_achieved",),
    ),
    Line(
        POINTS,
        "15 points: the health score is above 80",
        "S0",
        signals=("health_score",),
        thresholds=("health",),
        rules=("healthy",),
    ),
    Line(
        POINTS,
        "10 points: 60 days or more before renewal",
        "S0",
        signals=("days_until_renewal",),
        thresholds=("renewal_days",),
        rules=("before_renewal",),
    ),
    Line(
        POINTS,
        "15 points: a champion at the top of the company is active",
        "S0",
        signals=("executive_active_days",),
        rules=("executive_active",),
    ),
    Line(
        CONTEXT,
        "The team itself grows: people are invited",
        OURS,
        signals=("invited_users", "invited_per_seat"),
    ),
    Line(
        CONTEXT,
        "What was bought before, and what came of it, says how the next offer is taken",
        OURS,
        signals=(
            "upsells_before",
            "days_since_upsell",
            "setbacks_after_upsell",
            "seats_gained",
            "tiers_gained",
            "revenue_growth",
        ),
    ),
    Line(
        CONTEXT,
        "One option with its price difference belongs into the talk",
        "S1",
        signals=("price_step", "mrr", "price_per_seat"),
    ),
    Line(
        CONTEXT,
        "A talk that is open, won or lost says how the next one is taken",
        OURS,
        signals=("talks_open", "talks_won", "talks_lost", "days_since_talk_lost"),
    ),
)
