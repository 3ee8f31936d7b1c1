"""Gates: interest in capabilities above the account's plan."""

from __future__ import annotations

import pandas as pd

from uptier.settings import Thresholds
from uptier.signals.measures import GATE_KINDS, Measures, Number, ratio
from uptier.signals.signal import Effect, Phrase, Unit, signal
from uptier.signals.trigger import trigger

WEEKS = 4


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
    label="Gated features touched",
    unit=Unit.FEATURES,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="Met at a gate or a limit of the plan in four weeks: {value}",
        zero="No named feature above the plan was touched in four weeks",
        missing="Interest in what lies above the plan is not recorded",
    ),
)
def gated_features(history: Measures) -> Number:
    """Distinct features touched at a gate, last 28 days.

    Several features speak for the tier, one for an add-on. NaN where usage names no features.
    """
    return history.features(*GATE_KINDS, last=28)


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
)
def trial_days_per_week(history: Measures) -> Number:
    """Days a week on which a premium feature was used in trial, mean of the last 4 weeks.

    Source S0: 4-5 times a week is a habit.
    """
    return history.days_with("trial_use", last=7 * WEEKS) / WEEKS


@signal(
    label="Features touched beside the next plan's",
    unit=Unit.SHARE,
    effect=Effect.RAISES,
    phrase=Phrase(
        value="The team has touched as many features above its plan as {value} of what the next plan adds",
        zero="The team has touched no named feature of the next plan in four weeks",
        missing="What the next plan would add is not known",
    ),
)
def next_tier_features(history: Measures) -> Number:
    """Distinct features touched at a gate in 28 days, over the number that the next plan adds.

    Counts what was touched at any gate, also of higher plans, so it may pass 100 %. Source S2: 4 of 5 of the
    next tier's features already in use. NaN on the highest plan and where the plan list does not name features.
    """
    return ratio(history.features(*GATE_KINDS, last=28), history.plan_fact("next_new_features"))


@trigger(
    label="Reaching for the next plan",
    opens="plan_upgrade",
    act_within_days=14,
    frame="workflow validation: the problem first, the plan as its solution",
    says=("gate_crossings", "trial_days_per_week", "gated_features", "next_tier_features"),
)
def reaching_for_next_plan(signals: pd.DataFrame, thresholds: Thresholds) -> pd.Series:
    """Two or more interactions with features above the plan within 14 days, or a trial on 4 days a week.

    Source S1 for the cluster, S0 for the trial.
    """
    cluster = signals["gate_crossings"] >= thresholds.gate_crossings
    return cluster | (signals["trial_days_per_week"] >= thresholds.trial_days_per_week)
