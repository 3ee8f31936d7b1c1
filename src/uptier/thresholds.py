"""Where triggers fire and signals count: the part of a project's YAML that holds the sources' claims as defaults."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=0)]
PositiveDays = Annotated[int, Field(gt=0)]


class Part(BaseModel):
    """A part of the YAML: unknown keys are errors, values do not change once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Thresholds(Part):
    """Where a trigger fires; defaults are the claims of the sources named in docs/signals.md.

    Attributes
    ----------
    seat_utilisation : float
        Active users over seats, share.
    seat_periods : int
        Consecutive billing periods at or above it.
    quota_utilisation : float
        Use over quota of a meter, share.
    limit_errors : int
        Limit hits in 30 days.
    gate_crossings : int
        Interactions with gated features.
    gate_days : int
        Days within which they count together.
    power_user_factor : float
        Times the account's mean below which nobody is a power user.
    power_user_spread : float
        Times the distance between the team's quartiles, above the upper one, from which a user is far above the rest:
        3 is what Tukey calls far out, 1.5 outside.
    power_user_days : int
        Active days in 28 below which nobody is a power user.
    power_user_features : int
        Features used in 28 days below which nobody stands out by breadth.
    deep_user_days : int
        Active days in 28 below which nobody stands out by depth.
    growth : float
        Month-over-month growth, share.
    growth_months : int
        Consecutive months of it.
    daily_actives : float
        Daily active users over seats, share.
    health : float
        Health score, 0 to 100.
    trial_days_per_week : float
        Days a week on which a premium feature is tried.
    next_tier_features : float
        Features touched above the plan, as a share of what the next plan adds.
    renewal_days : int
        Days before renewal from which a talk about more is late.
    feature_breadth : float
        Share of the plan's features in use.
    meter_days : int
        Days ahead within which a quota that will be used up counts as running out.
    gap_hours : int
        Hours for which a gap that the customer has named calls for a talk (source S1: within 48-72 hours).
    gap_words : tuple of str
        Words in a ticket or a survey's verbatim that name a gap, in any letter case.
    workaround_words : tuple of str
        Words there that tell of work done outside the product, in any letter case; some of them name a gap too.
    pressure_words : tuple of str
        Words there that tell of pressure to buy, in any letter case.
    milestone_days : int
        Days for which a milestone stays a reason to talk.
    implementation_milestones : tuple of str
        Milestones that say that the product is set up, in any letter case; the first of them counts.
    detractor_nps : int
        Likelihood to recommend, 0 to 10, up to which a customer is a detractor.
    """

    seat_utilisation: Share = 0.85
    seat_periods: Annotated[int, Field(ge=1, le=6)] = 2
    quota_utilisation: Share = 0.8
    limit_errors: Annotated[int, Field(ge=1)] = 12
    gate_crossings: Annotated[int, Field(ge=1)] = 2
    gate_days: PositiveDays = 14
    power_user_factor: Annotated[float, Field(gt=1)] = 2.0
    power_user_spread: Annotated[float, Field(ge=0)] = 3.0
    power_user_days: Annotated[int, Field(ge=1, le=28)] = 10
    power_user_features: Annotated[int, Field(ge=1)] = 5
    deep_user_days: Annotated[int, Field(ge=1, le=28)] = 5
    growth: Share = 0.2
    growth_months: Annotated[int, Field(ge=1, le=3)] = 2
    daily_actives: Share = 0.75
    health: Annotated[float, Field(ge=0, le=100)] = 80
    trial_days_per_week: Annotated[float, Field(ge=0, le=7)] = 4
    next_tier_features: Share = 0.8
    renewal_days: Days = 60
    feature_breadth: Share = 0.95
    meter_days: PositiveDays = 60
    gap_hours: Annotated[int, Field(gt=0)] = 72
    gap_words: tuple[str, ...] = (
        "missing",
        "we miss",
        "we lack",
        "is there a way",
        "no way to",
        "not possible",
        "workaround",
        "spreadsheet",
        "export",
        "by hand",
        "manually",
        "feature request",
        "would like",
        "integrate with",
    )
    workaround_words: tuple[str, ...] = (
        "workaround",
        "work around",
        "spreadsheet",
        "by hand",
        "manually",
        "copy and paste",
        "export everything",
        "another tool",
    )
    pressure_words: tuple[str, ...] = (
        "pressured",
        "pressure to buy",
        "sales call",
        "keep pushing",
        "keeps pushing",
        "pushy",
        "upsold",
    )
    milestone_days: PositiveDays = 60
    implementation_milestones: tuple[str, ...] = (
        "go_live",
        "implemented",
        "implementation_complete",
        "onboarded",
        "onboarding_complete",
    )
    detractor_nps: Annotated[int, Field(ge=0, le=10)] = 6
