"""What lists are truly worth, worked out by hand: `benchmarks/_value.py`."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
CONVERSIONS = ("seat_expansion", "plan_upgrade", "add_on")


@pytest.fixture(scope="module")
def value() -> ModuleType:
    made = importlib.util.spec_from_file_location("_value", BENCHMARKS / "_value.py")
    assert made is not None
    assert made.loader is not None
    module = importlib.util.module_from_spec(made)
    sys.modules["_value"] = module  # dataclasses look their module up
    made.loader.exec_module(module)
    return module


def truth_of(**changed: list[float]) -> pd.DataFrame:
    """Two accounts whom contact changes in nothing, but for what is given."""
    rows = {
        f"p_{name}{case}": [0.1, 0.1]
        for name in (*CONVERSIONS, "churn", "post_upsell_churn")
        for case in ("_contacted", "_never_contacted")
    }
    return pd.DataFrame(rows | {"tier": [1, 1]} | changed)


def sold(kind: str, before: float, after: float, *, times: int = 1, account: str = "a") -> pd.DataFrame:
    """Changes in hundredths a month, on 15 March."""
    one = {
        "account_id": account,
        "day": pd.Timestamp("2025-03-15"),
        "kind": kind,
        "mrr_before": 100 * before,
        "mrr_after": 100 * after,
    }
    return pd.DataFrame([one] * times)


def tiers_of(**tier: int) -> pd.DataFrame:
    return pd.DataFrame(
        {"account_id": list(tier), "as_of": pd.Timestamp("2025-03-01"), "tier": list(tier.values())}
    ).astype({"as_of": "datetime64[us]"})


def test_gains_are_all_that_was_gained_over_all_that_was_paid(value: ModuleType) -> None:
    changes = pd.concat([sold("add_on", 100, 110), sold("add_on", 300, 350), sold("leaving", 100, 0)])
    gains = value.usual_gains(changes, tiers_of(a=1))
    assert gains.of("add_on", np.array([1.0]), np.array([200.0])) == pytest.approx([60 / 400])


def test_a_gain_is_that_of_the_plan_and_of_the_size(value: ModuleType) -> None:
    changes = pd.concat(
        [
            sold("add_on", 10, 20, times=20),  # small accounts double
            sold("add_on", 1000, 1100, times=20),
            sold("add_on", 5000, 5100, times=20),
            sold("add_on", 10, 10.5, account="b"),  # one alone on its plan: its plan's gain, whatever the size
        ]
    )
    gains = value.usual_gains(changes, tiers_of(a=1, b=2))
    found = gains.of("add_on", np.array([1.0, 1.0, 2.0, 2.0]), np.array([10.0, 5000.0, 10.0, 5000.0]))
    assert found == pytest.approx([1.0, 0.02, 0.05, 0.05])


def test_nobody_gains_what_nobody_on_the_plan_ever_bought(value: ModuleType) -> None:
    gains = value.usual_gains(sold("plan_upgrade", 100, 200), tiers_of(a=1))
    found = gains.of("plan_upgrade", np.array([1.0, 3.0]), np.array([100.0, 100.0]))
    assert found == pytest.approx([1.0, 0.0])


def test_a_change_counts_for_the_plan_before_it(value: ModuleType) -> None:
    later = tiers_of(a=2).assign(as_of=pd.Timestamp("2025-04-01")).astype({"as_of": "datetime64[us]"})
    gains = value.usual_gains(sold("plan_upgrade", 100, 150), pd.concat([tiers_of(a=1), later]))
    assert gains.of("plan_upgrade", np.array([1.0, 2.0]), np.array([100.0, 100.0])) == pytest.approx([0.5, 0.0])


def test_the_value_of_a_contact_is_worked_out_term_by_term(value: ModuleType) -> None:
    gains = value.usual_gains(sold("add_on", 100, 120), tiers_of(a=1))
    truth = truth_of(
        p_add_on_contacted=[0.4, 0.1],
        p_post_upsell_churn_contacted=[0.25, 0.25],
        p_churn_contacted=[0.12, 0.1],
    )
    found = value.true_values(truth, np.array([1000.0, 1000.0]), gains, contact_cost=50)
    # .3 more chance x 20 % of 12,000 a year x .75 that stays, less .02 more leaving x 12,000, less 50
    assert found["add_on"].to_numpy() == pytest.approx([0.3 * 2400 * 0.75 - 0.02 * 12_000 - 50, -50])
    assert found["seat_expansion"].to_numpy() == pytest.approx([-0.02 * 12_000 - 50, -50])


def test_the_stern_reading_counts_every_lapse_after_an_upsell_as_lost_revenue(value: ModuleType) -> None:
    gains = value.usual_gains(sold("add_on", 100, 150), tiers_of(a=1))
    truth = truth_of(p_add_on_contacted=[0.4, 0.4], p_post_upsell_churn_contacted=[0.25, 0.05])
    found = value.stern_values(truth, np.array([1000.0, 1000.0]), gains, contact_cost=50)
    # .3 more chance x (half of 12,000 x .75 that stays, less .15 more lapses x 12,000), less 50
    # of the second account: fewer lapses than leave anyway gain nothing
    assert found["add_on"].to_numpy() == pytest.approx([0.3 * (6000 * 0.75 - 1800) - 50, 0.3 * 6000 * 0.95 - 50])


def test_contact_that_keeps_accounts_is_worth_what_they_pay(value: ModuleType) -> None:
    gains = value.usual_gains(sold("add_on", 100, 120), tiers_of(a=1))
    truth = truth_of(p_churn_contacted=[0.05, 0.1])
    found = value.true_values(truth, np.array([100.0, 100.0]), gains, contact_cost=0)
    assert found["plan_upgrade"].to_numpy() == pytest.approx([0.05 * 1200, 0])


def test_the_value_of_an_account_that_truth_is_silent_of_is_not_known(value: ModuleType) -> None:
    gains = value.usual_gains(sold("add_on", 100, 120), tiers_of(a=1))
    truth = truth_of(p_churn_contacted=[np.nan, 0.1])
    found = value.true_values(truth, np.array([100.0, 100.0]), gains, contact_cost=0)
    assert found.isna().to_numpy().tolist() == [[True] * 3, [False] * 3]


def test_each_csm_lists_the_highest_of_their_own(value: ModuleType) -> None:
    score = np.array([5.0, 9.0, 7.0, 1.0, np.nan, 7.0])
    owner = np.array(["x", "x", "x", "y", "y", ""], dtype=object)
    assert value.listed(score, owner, 2).tolist() == [False, True, True, True, False, True]
    assert not value.listed(score, owner, 0).any()


def test_of_equals_the_first_is_listed(value: ModuleType) -> None:
    owner = np.array(["x", "x", "x"], dtype=object)
    assert value.listed(np.array([1.0, 1.0, 1.0]), owner, 2).tolist() == [True, True, False]


def test_the_best_type_is_one_that_may_be_talked_about(value: ModuleType) -> None:
    values = np.array([[9.0, 5.0, 1.0], [np.nan, -3.0, -2.0], [1.0, 2.0, 3.0]])
    may = np.array([[False, True, True], [True, True, False], [False, False, False]])
    best, which = value.best_of(values, may)
    assert best.tolist()[:2] == [5.0, -3.0]
    assert np.isnan(best[2])
    assert which.tolist()[:2] == [1, 1]


def test_no_type_has_no_column(value: ModuleType) -> None:
    which = np.array([1, -1])
    assert value.at(np.array([[1.0, 2.0], [3.0, 4.0]]), which)[0] == 2.0
    assert np.isnan(value.at(np.array([[1.0, 2.0], [3.0, 4.0]]), which)[1])
    assert value.at(np.array([[False, True], [True, True]]), which).tolist() == [True, False]


def test_chance_lists_everybody_alike_within_capacity(value: ModuleType) -> None:
    may = np.array([True, True, True, True, False, True])
    owner = np.array(["x", "x", "x", "x", "x", "y"], dtype=object)
    assert value.at_random(may, owner, 2).tolist() == [0.5, 0.5, 0.5, 0.5, 0.0, 1.0]


def test_lists_drawn_by_chance_bring_on_average_what_is_said(value: ModuleType) -> None:
    worth, owner = np.array([10.0, 30.0, -4.0]), np.array(["x"] * 3, dtype=object)
    truth = pd.concat([truth_of(), truth_of()], ignore_index=True).iloc[:3]
    said = value.worth_of(value.at_random(np.ones(3, dtype=bool), owner, 2), worth, truth)["value"]
    pairs = [worth[[0, 1]].sum(), worth[[0, 2]].sum(), worth[[1, 2]].sum()]
    assert said == pytest.approx(np.mean(pairs))


def test_a_list_is_the_sum_of_its_accounts(value: ModuleType) -> None:
    truth = truth_of(p_churn_contacted=[0.3, 0.1], p_churn_never_contacted=[0.1, 0.2])
    found = value.worth_of(np.array([1.0, 1.0]), np.array([100.0, np.nan]), truth)
    assert found == pytest.approx({"value": 100.0, "contacts": 2.0, "driven_away": 0.1, "at_risk": 0.4})
    alone = value.worth_of(np.array([1.0, 0.0]), np.array([100.0, 7.0]), truth)
    assert alone == pytest.approx({"value": 100.0, "contacts": 1.0, "driven_away": 0.2, "at_risk": 0.3})
