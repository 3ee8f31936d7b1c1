"""Reasons follow their written rule, and say only what is true for the account."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from tests.explanation.tiny import CATALOG, SIGNALS, bundle, frame
from uptier.explanation.choosing import WEIGHTY
from uptier.explanation.reasons import (
    fired_reasons,
    fired_triggers,
    ruled_reasons,
    weighed_reasons,
)
from uptier.explanation.sentences import sentence
from uptier.explanation.shares import Explained, explained
from uptier.model.points import RULES, rules
from uptier.settings import CONVERSIONS
from uptier.signals.catalog import Catalog, catalog
from uptier.thresholds import Thresholds

ORDINARY = {
    "seat_utilisation": 0.5,
    "active_users": 12.0,
    "daily_active_share": 0.3,
    "highest_quota_utilisation": 0.4,
    "gate_crossings": 0.0,
    "trial_days_per_week": 1.0,
    "usage_growth": 0.05,
    "days_since_last_login": 2.0,
    "milestones_reached": 0.0,
    "health_score": 60.0,
    "executive_active_days": 1.0,
    "seats": 25.0,
    "mrr": 1000.0,
    "days_until_renewal": 100.0,
    "plan_name": "Team",
}

TOLD = {"catalog": CATALOG, "thresholds": Thresholds(), "currency": "USD"}


def told(values, contributions, *, outcome="seat_expansion", factor=0.1):
    """Give the reasons of one account from drawn contributions; a point is a tenth of the margin."""
    row = pd.DataFrame([{**ORDINARY, **values}])
    margin = pd.DataFrame([{signal.name: contributions.get(signal.name, 0.0) for signal in SIGNALS}])
    families = {trigger.family for trigger in CATALOG.triggers}
    points = pd.DataFrame(
        {
            trigger.family: margin[[one.name for one in SIGNALS if one.family == trigger.family]].sum(axis=1) * factor
            for trigger in CATALOG.triggers
            if trigger.family in families
        }
    )
    taken = Explained(
        outcome=outcome,
        base=0.1,
        context=pd.Series([0.0]),
        points=points,
        probability=0.1 + points.sum(axis=1),
        contributions=margin,
    )
    fired = fired_triggers(row, CATALOG, Thresholds())
    return next(weighed_reasons(taken, frame=row, fired=fired, **TOLD))


def codes(reasons):
    return [reason.code for reason in reasons]


def test_the_heaviest_family_comes_first():
    reasons = told({}, {"active_users": 0.2, "highest_quota_utilisation": 0.4, "usage_growth": -0.1})
    assert codes(reasons.supporting) == ["quota_nearly_used_up", "approaching_seat_ceiling"]
    assert codes(reasons.opposing) == ["usage_inflection"]
    assert [reason.points for reason in reasons.supporting] == pytest.approx([0.04, 0.02])


def test_at_most_three_for_and_two_against():
    names = ["active_users", "highest_quota_utilisation", "gate_crossings", "usage_growth", "milestones_reached"]
    assert len(told({}, dict.fromkeys(names, 0.2)).supporting) == 3
    assert len(told({}, dict.fromkeys(names, -0.2)).opposing) == 2


def test_equal_weights_stand_in_the_order_of_the_catalogue():
    reasons = told({}, {"usage_growth": 0.2, "gate_crossings": 0.2, "active_users": 0.2})
    assert codes(reasons.supporting) == ["approaching_seat_ceiling", "feature_tier_crossings", "usage_inflection"]


def test_half_a_point_is_the_least_that_is_a_reason():
    assert codes(told({}, {"active_users": 0.051}).supporting) == ["approaching_seat_ceiling"]
    assert told({}, {"active_users": 0.049}).supporting == ()
    assert told({}, {"active_users": -0.049}).opposing == ()


def test_a_reason_weighs_at_least_a_quarter_of_the_heaviest():
    heaviest = {"highest_quota_utilisation": 0.4}
    assert codes(told({}, {**heaviest, "active_users": 0.11}).supporting)[1:] == ["approaching_seat_ceiling"]
    assert codes(told({}, {**heaviest, "active_users": 0.09}).supporting) == ["quota_nearly_used_up"]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_heaviest_on_one_side_is_the_measure_of_the_other(sign):
    for weight, others in ((0.11, 1), (0.09, 0)):
        reasons = told({}, {"highest_quota_utilisation": sign * 0.4, "active_users": -sign * weight})
        found = (len(reasons.supporting), len(reasons.opposing))
        assert found == ((1, others) if sign > 0 else (others, 1))


def test_what_cannot_be_told_is_no_measure():
    untold = {"active_users": np.nan}
    assert codes(told(untold, {"active_users": 0.9, "usage_growth": 0.1}).supporting) == ["usage_inflection"]
    warned = told(WARNED, {"usage_growth": 0.9, "active_users": 0.1})
    assert codes(warned.supporting) == ["approaching_seat_ceiling"]


def test_a_family_that_weighs_without_having_fired_claims_no_trigger():
    (reason,) = told({}, {"active_users": 0.2}).supporting
    assert (reason.label, reason.fired, reason.act_within_days) == ("Seats", False, None)
    (reason,) = told({"seat_utilisation": 0.92}, {"active_users": 0.2}).supporting
    assert (reason.label, reason.fired, reason.act_within_days) == ("Approaching seat ceiling", True, 14)


def test_a_fired_trigger_of_little_weight_is_listed_last():
    reasons = told({"seat_utilisation": 0.92}, {"seat_utilisation": 0.01, "gate_crossings": 0.1})
    assert codes(reasons.supporting) == ["feature_tier_crossings", "approaching_seat_ceiling"]


def test_a_fired_trigger_of_little_weight_is_listed_only_where_no_weighty_reason_opens_the_talk():
    weights = {"gate_crossings": 0.3, "highest_quota_utilisation": 0.06}
    full = {"highest_quota_utilisation": 0.9}
    reasons = told({**full, "gate_crossings": 3.0}, weights, outcome="plan_upgrade")
    assert codes(reasons.supporting) == ["feature_tier_crossings"]
    # a family that weighs without having fired opens nothing
    reasons = told({**full, "trial_days_per_week": 0.0}, weights, outcome="plan_upgrade")
    assert [(reason.code, reason.fired) for reason in reasons.supporting] == [
        ("feature_tier_crossings", False),
        ("quota_nearly_used_up", True),
    ]


def test_a_fired_trigger_is_listed_where_only_the_other_side_weighs():
    reasons = told({"seat_utilisation": 0.92}, {"seat_utilisation": 0.06, "gate_crossings": -0.9})
    assert codes(reasons.supporting) == ["approaching_seat_ceiling"]
    assert told({}, {"seat_utilisation": 0.06, "gate_crossings": -0.9}).supporting == ()


def test_a_fired_trigger_of_little_weight_is_no_reason_for_another_upsell_or_for_leaving():
    fired = {"seat_utilisation": 0.92}
    assert told(fired, {}, outcome="plan_upgrade").supporting == ()
    assert told(fired, {}, outcome="churn").supporting == ()


WARNED = {"usage_growth": 0.3}  # the trigger of this family opens no talk


@pytest.mark.parametrize("weight", [0.0, 0.04, 0.4])
@pytest.mark.parametrize("outcome", CONVERSIONS)
def test_a_fired_trigger_that_opens_no_talk_is_never_a_reason_for_an_upsell(outcome, weight):
    assert told(WARNED, {"usage_growth": weight}, outcome=outcome).supporting == ()


def test_a_fired_trigger_that_opens_no_talk_may_be_a_reason_against_an_upsell_and_for_leaving():
    (reason,) = told(WARNED, {"usage_growth": -0.4}).opposing
    assert (reason.code, reason.fired) == ("usage_inflection", True)
    for outcome in ("churn", "post_upsell_churn"):
        assert codes(told(WARNED, {"usage_growth": 0.4}, outcome=outcome).supporting) == ["usage_inflection"]
        assert told(WARNED, {"usage_growth": 0.04}, outcome=outcome).supporting == ()


def test_a_fired_trigger_that_opens_no_talk_is_no_reason_where_nothing_is_weighed():
    row = pd.DataFrame([{**ORDINARY, **WARNED}])
    fired = fired_triggers(row, CATALOG, Thresholds())
    given = {"frame": row, "fired": fired, "catalog": CATALOG, "thresholds": Thresholds(), "currency": "USD"}
    for outcome in (None, *CONVERSIONS, "churn"):
        assert next(fired_reasons(**given, outcome=outcome)).supporting == ()
    assert "usage_inflection" not in codes(next(ruled_reasons(**given)).supporting)


@pytest.mark.parametrize(("outcome", "weight", "side"), [("add_on", -0.4, "opposing"), ("churn", 0.4, "supporting")])
def test_an_nps_of_0_is_said_first_by_the_trigger_that_it_fires(outcome, weight, side):
    signals = tuple(one for one in catalog().signals if one.family == "sentiment")
    sentiment = Catalog(signals, (catalog().trigger_of("sentiment"),))
    row = pd.DataFrame([{"nps": 0.0, "tickets_opened": 9.0, "open_tickets": 4.0}])
    margin = pd.DataFrame([{"nps": weight / 10, "tickets_opened": weight, "open_tickets": weight}])
    points = pd.DataFrame({"sentiment": margin.sum(axis=1) * 0.1})
    taken = Explained(
        outcome=outcome, base=0.1, context=pd.Series([0.0]), points=points,
        probability=0.1 + points["sentiment"], contributions=margin,
    )  # fmt: skip
    fired = fired_triggers(row, sentiment, Thresholds())
    reasons = next(weighed_reasons(taken, frame=row, fired=fired, **(TOLD | {"catalog": sentiment})))
    (reason,) = getattr(reasons, side)
    assert reason.signals == ("nps", "open_tickets")
    assert reason.sentence.startswith("The customer's latest likelihood to recommend is 0 of 10. ")


def test_a_fired_trigger_that_takes_points_is_never_a_reason_for():
    reasons = told({"seat_utilisation": 0.92}, {"seat_utilisation": -0.01})
    assert reasons.supporting == reasons.opposing == ()
    reasons = told({"seat_utilisation": 0.92}, {"seat_utilisation": -0.2})
    assert reasons.supporting == ()
    assert codes(reasons.opposing) == ["approaching_seat_ceiling"]


def test_only_facts_with_the_sign_of_their_family_are_said():
    (reason,) = told({}, {"seat_utilisation": -0.1, "active_users": 0.3}).supporting
    assert reason.signals == ("active_users",)
    assert reason.sentence == "12 users were active in the last 28 days"


def test_a_fired_trigger_tells_its_own_signals_first_unless_they_pull_the_other_way():
    fired = {"seat_utilisation": 0.92}
    (reason,) = told(fired, {"seat_utilisation": 0.05, "active_users": 0.3}).supporting
    assert reason.signals[0] == "seat_utilisation"
    (reason,) = told(fired, {"seat_utilisation": -0.05, "active_users": 0.3}).supporting
    assert "seat_utilisation" not in reason.signals


def test_a_zero_with_words_of_its_own_tells_no_trigger():
    (reason,) = told({"gate_crossings": 3.0, "trial_days_per_week": 0.0}, {}, outcome="plan_upgrade").supporting
    assert reason.signals == ("gate_crossings",)


def test_a_light_second_fact_is_left_out():
    (reason,) = told({}, {"active_users": 0.3, "daily_active_share": 0.07}).supporting
    assert reason.signals == ("active_users",)
    (reason,) = told({}, {"active_users": 0.3, "daily_active_share": 0.08}).supporting
    # chosen by weight, said in the order in which the trigger is told
    assert reason.signals == ("daily_active_share", "active_users")


def test_what_is_not_known_is_never_a_reason():
    missing = {"active_users": np.nan}
    (reason,) = told(missing, {"active_users": 0.3, "daily_active_share": 0.01}).supporting
    assert reason.signals == ("daily_active_share",)
    assert told(missing, {"active_users": 0.3}).supporting == ()


def test_a_family_without_a_true_sentence_is_not_shown():
    assert told({"seats": np.nan}, {"seat_utilisation": 0.3}).supporting == ()


@pytest.mark.parametrize("outcome", [*CONVERSIONS, "churn"])
def test_every_reason_is_true_for_its_account(outcome):
    rows = frame(400, seed=11)
    taken = explained(bundle(), outcome, rows, CATALOG)
    fired = fired_triggers(rows, CATALOG, Thresholds())
    shown = 0
    found = weighed_reasons(taken, frame=rows, fired=fired, **TOLD)
    for place, reasons in enumerate(found):
        row = rows.iloc[place].to_dict()
        for sign, side in ((1, reasons.supporting), (-1, reasons.opposing)):
            weights = [abs(reason.points) for reason in side if abs(reason.points) >= WEIGHTY]
            assert weights == sorted(weights, reverse=True)
            for reason in side:
                shown += 1
                trigger = next(one for one in CATALOG.triggers if one.name == reason.code)
                assert sign * reason.points >= 0
                assert reason.points == taken.points.iloc[place][trigger.family]
                assert reason.fired == fired.iloc[place][reason.code]
                assert (reason.label == trigger.label) == reason.fired
                facts = [sentence(CATALOG.signal(name), row, CATALOG, "USD") for name in reason.signals]
                assert reason.sentence == ". ".join(facts)
                for name in reason.signals:
                    assert CATALOG.signal(name).family == trigger.family
                    weight = sign * taken.contributions.iloc[place][name]
                    assert weight > 0 or (weight == 0 and reason.fired)
    assert shown > 400


def test_the_order_of_rows_and_of_triggers_in_a_frame_changes_no_reason():
    rows = frame(60, seed=12)
    shuffled = rows.sample(frac=1, random_state=1)[list(rows.columns[::-1])]
    given = []
    for some in (rows, shuffled):
        taken = explained(bundle(), "plan_upgrade", some, CATALOG)
        fired = fired_triggers(some, CATALOG, Thresholds())
        found = weighed_reasons(taken, frame=some, fired=fired, **TOLD)
        given.append(dict(zip(some["account_id"], found, strict=True)))
    assert given[0] == given[1]


def test_without_weights_only_triggers_that_open_the_talk_are_reasons():
    several = {"seat_utilisation": 0.92, "gate_crossings": 3.0, "highest_quota_utilisation": 0.9}
    row = pd.DataFrame([{**ORDINARY, **several}])
    fired = fired_triggers(row, CATALOG, Thresholds())
    reasons = next(fired_reasons(frame=row, fired=fired, **TOLD, outcome="plan_upgrade"))
    assert codes(reasons.supporting) == ["quota_nearly_used_up", "feature_tier_crossings"]
    assert [reason.points for reason in reasons.supporting] == [None, None]
    assert reasons.opposing == ()


def test_under_rules_triggers_come_first_then_rules_that_no_trigger_has_told():
    row = pd.DataFrame([{**ORDINARY, "highest_quota_utilisation": 0.9, "health_score": 90.0}])
    fired = fired_triggers(row, CATALOG, Thresholds())
    reasons = next(ruled_reasons(frame=row, fired=fired, **TOLD))
    assert codes(reasons.supporting) == ["quota_nearly_used_up", "premium_trial", "healthy"]
    assert reasons.supporting[2].sentence == "The health score is 90 points"
    held = rules(row, Thresholds()).iloc[0]
    labels = {rule.label for rule in RULES if held[rule.name]}
    assert {reason.label for reason in reasons.supporting[1:]} <= labels


def test_reasons_are_plain_values():
    reasons = told({}, {"active_users": 0.3})
    with pytest.raises(dataclasses.FrozenInstanceError):
        reasons.supporting[0].points = 1.0
