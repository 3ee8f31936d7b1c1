"""Gates: interest in capabilities above the account's plan."""

from __future__ import annotations

import pandas as pd

from uptier.signals.lever import Lever
from uptier.signals.measures import GATE_KINDS, Measures, Number, ratio
from uptier.signals.signal import Effect, Phrase, Unit, signal
from uptier.signals.trigger import trigger
from uptier.thresholds import Thresholds

WEEKS = 4
CLUSTER_DAYS = 42  # a cluster older than this is no reason to talk


@signal(
    label="Gate crossings",
    unit=Unit.TIMES,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="The team met a gate or a limit of its plan {value} recently",
        zero="Nobody met a gate or a limit of the plan recently",
        missing="Interest in what lies above the plan is not recorded",
    ),
)
def gate_crossings(history: Measures) -> Number:
    """Gate hits, upgrade prompts, trial uses and limit errors, last 14 days (`gate_days`).

    The cluster is the sign, never one click (source S1: two or more within 14 days). Its days are a threshold, so its
    sentence says "recently".
    """
    return history.events(*GATE_KINDS, last=history.thresholds.gate_days)


@signal(
    label="Gate crossings, month",
    unit=Unit.TIMES,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="The team met a gate or a limit of its plan {value} in four weeks",
        zero="Nobody met a gate or a limit of the plan in four weeks",
        missing="Interest in what lies above the plan is not recorded",
    ),
)
def gate_crossings_month(history: Measures) -> Number:
    """Gate hits, upgrade prompts, trial uses and limit errors, last 28 days.

    The longer window tells a lasting need from a passing one.
    """
    return history.events(*GATE_KINDS, last=28)


@signal(
    label="Gated functions touched",
    unit=Unit.FEATURES,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Met at a gate or a limit of the plan in four weeks: {value}",
        zero="No named function above the plan was touched in four weeks",
        missing="Interest in what lies above the plan is not recorded",
    ),
)
def gated_features(history: Measures) -> Number:
    """Distinct features touched at a gate, last 28 days.

    Several features speak for the tier, one for an add-on. NaN where usage names no features.
    """
    return history.features(*GATE_KINDS, last=28)


@signal(
    label="Largest cluster at the gates",
    unit=Unit.TIMES,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="At its busiest the team met gates or limits of its plan {value} within two weeks",
        zero="Nobody met a gate or a limit of the plan in the last six weeks",
        missing="Interest in what lies above the plan is not recorded",
    ),
)
def largest_gate_cluster(history: Measures) -> Number:
    """Most gate crossings within any 14 days (`gate_days`) of the last 42.

    Any run of days, not calendar fortnights: the cluster is the sign (source S1), wherever a month or an as-of date
    happens to begin. NaN where usage has no such kinds of events.
    """
    return history.largest_cluster(*GATE_KINDS, span=history.thresholds.gate_days, last=CLUSTER_DAYS)


@signal(
    label="Largest cluster at one gate",
    unit=Unit.TIMES,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="At its busiest the team met one and the same gate {value} within two weeks",
        zero="Nobody met a gate of a named function in the last six weeks",
        missing="Which gates were met is not recorded",
    ),
)
def largest_feature_cluster(history: Measures) -> Number:
    """Most gate crossings of one feature within any 14 days (`gate_days`) of the last 42.

    Reaching for one thing again and again is a need, for many things once a stroll. NaN where usage names no features.
    """
    return history.largest_cluster(*GATE_KINDS, span=history.thresholds.gate_days, last=CLUSTER_DAYS, by_feature=True)


@signal(
    label="Days since a cluster at the gates",
    unit=Unit.DAYS,
    effect=Effect.LOWERS,
    phrase=Phrase(
        value="The team last met gates or limits of its plan in quick succession {value} ago",
        missing="Gates were not met in quick succession in the last six weeks",
    ),
)
def days_since_gate_cluster(history: Measures) -> Number:
    """Days since the last event of the latest cluster: two crossings (`gate_crossings`) within 14 days (`gate_days`).

    Source S1: act within two weeks of it. NaN if there was none in the last 42 days.
    """
    limits = history.thresholds
    return history.days_since_cluster(
        *GATE_KINDS, least=limits.gate_crossings, span=limits.gate_days, last=CLUSTER_DAYS
    )


@signal(
    label="Upgrade prompts seen",
    unit=Unit.TIMES,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="The upgrade page was opened {value} in four weeks",
        zero="The upgrade page was not opened in four weeks",
        missing="Visits of the upgrade page are not recorded",
    ),
)
def upgrade_prompts(history: Measures) -> Number:
    """Upgrade prompts, last 28 days.

    Who opens the price list has begun to weigh it (source S1).
    """
    return history.events("upgrade_prompt", last=28)


@signal(
    label="Trial days a week",
    unit=Unit.RATIO,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="A premium capability is tried on {value} days a week",
        zero="No premium capability is being tried",
        missing="Trials of premium capabilities are not recorded",
    ),
    lever=Lever(more="offer a trial of the next plan"),
)
def trial_days_per_week(history: Measures) -> Number:
    """Days a week on which a premium feature was used in trial, mean of the last 4 weeks.

    Source S0: 4-5 times a week is a habit.
    """
    return history.days_with("trial_use", last=7 * WEEKS) / WEEKS


@signal(
    label="Next plan's functions in use",
    unit=Unit.SHARE,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="The team already works with {value} of what the next plan adds",
        zero="The team uses nothing yet of what the next plan adds",
        missing="What the next plan would add is not known",
    ),
)
def next_tier_features(history: Measures) -> Number:
    """Features of the next plan used or tried in 28 days, over those that it adds to the plan held.

    By name: only features that the next plan has and this one lacks. Source S2: 4 of 5 of the next tier's features
    already in use. NaN on the highest plan and where the plan list does not name features.
    """
    used = history.features("feature_used", "trial_use", last=28, of="of_next_plan")
    return ratio(used, history.plan_fact("next_new_features"))


@trigger(
    label="Reaching for the next plan",
    opens="plan_upgrade",
    act_within_days=14,
    frame="workflow validation: the problem first, the plan as its solution",
    says=(
        "days_since_gate_cluster",
        "trial_days_per_week",
        "largest_gate_cluster",
        "gate_crossings",
        "gated_features",
        "next_tier_features",
    ),
    since="days_since_gate_cluster",
)
def reaching_for_next_plan(signals: pd.DataFrame, thresholds: Thresholds) -> pd.Series:
    """Two crossings within any 14 days, at most 14 days ago; a trial on 4 days a week; or 4 of 5 next features in use.

    Sources S1 for the cluster and for how long it stands, S0 for the trial, S2 for what the next plan adds.
    """
    cluster = signals["days_since_gate_cluster"] <= thresholds.gate_days
    habit = signals["trial_days_per_week"] >= thresholds.trial_days_per_week
    return cluster | habit | (signals["next_tier_features"] >= thresholds.next_tier_features)
