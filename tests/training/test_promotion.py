from __future__ import annotations

import numpy as np
import pytest

from uptier.training.promotion import ALPHA, Comparison, compared, holm_levels, verdicts


def lead(z: float, **more: object) -> Comparison:
    """Give a lead that lies so many standard deviations above what it must exceed."""
    least = float(more.get("least", 0.0))
    return Comparison(against="the points model", measure="AUC", difference=least + 0.01 * z, error=0.01, least=least)


def test_holm_on_a_hand_example() -> None:
    # p sorted: 0.005 < 0.05/4, 0.01 < 0.05/3, 0.03 > 0.05/2: it and 0.04 fail
    levels = holm_levels({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}, alpha=0.05)
    assert levels == {"d": 0.05 / 4, "a": 0.05 / 3, "c": 0.05 / 2, "b": 0.05 / 2}


def test_nothing_passes_after_the_first_failure() -> None:
    # the second would pass alone at 0.05, and the last in its own turn
    levels = holm_levels({"a": 0.02, "b": 0.024, "c": 0.025}, alpha=0.05)
    assert all(p >= levels[name] for name, p in {"a": 0.02, "b": 0.024, "c": 0.025}.items())


def test_a_head_must_beat_every_baseline() -> None:
    made = verdicts({"churn": [lead(5), lead(5), lead(1.9)]})["churn"]
    assert not made.passed
    assert made.why() == (
        "Not better by more than chance on the test slice, against the points model: AUC +0.019 (-0.001 to +0.039)."
    )


def test_conversion_heads_are_corrected_and_churn_is_not() -> None:
    # 2.2 standard deviations: enough at 0.025, not at a third of it
    assert verdicts({"churn": [lead(2.2)]})["churn"].passed
    assert not verdicts({"add_on": [lead(2.2)]})["add_on"].passed


def test_a_weaker_head_passes_behind_stronger_ones() -> None:
    made = verdicts({"seat_expansion": [lead(4)], "plan_upgrade": [lead(3)], "add_on": [lead(2.2)]})
    assert all(verdict.passed for verdict in made.values())


def test_the_intervals_shown_decide() -> None:
    for z in np.linspace(1.5, 3, 31):
        verdict = verdicts({"seat_expansion": [lead(z)], "add_on": [lead(1.0)]})["seat_expansion"]
        low, _, _ = verdict.comparisons[0].interval
        assert verdict.passed == (low > 0)


def test_logistic_regression_is_a_guard_of_its_own() -> None:
    guarded = verdicts({"add_on": [lead(4), lead(2.2, least=-0.01)]})["add_on"]
    assert guarded.passed
    assert guarded.comparisons[1].level == ALPHA
    worse = verdicts({"add_on": [lead(4), lead(1.5, least=-0.01)]})["add_on"]
    assert not worse.passed
    assert "must lie above -0.01" in worse.why()


def test_a_head_without_comparisons_does_not_pass() -> None:
    assert not verdicts({"add_on": []})["add_on"].passed


def test_a_pooled_head_makes_it_no_easier_for_others() -> None:
    made = verdicts({"seat_expansion": [], "plan_upgrade": [], "add_on": [lead(2.2)]})
    assert not made["add_on"].passed


@pytest.mark.parametrize("against", [np.full(101, 0.5), 0.5])
def test_a_constant_lead_is_no_lead(against: np.ndarray | float) -> None:
    made = compared(np.full(101, 0.5), against, against="a constant", measure="AUC")
    assert made.p == 1
    assert not made.passed


def test_draws_without_a_value_do_not_count() -> None:
    draws = np.r_[0.7, np.nan, 0.69, 0.71, 0.7]
    made = compared(draws, 0.5, against="a constant", measure="AUC")
    assert made.error == pytest.approx(0.01)
    assert made.passed
