from __future__ import annotations

import json
import math

import numpy as np

from uptier.training.draws import drawn_accounts
from uptier.training.judging import Judgement, calibration_by_segment, calibration_curve, plain, predicted, scored
from uptier.training.pooling import Counts

COUNTS = Counts(n=312, positives=15, accounts=300, positive_accounts=13, cases=14)


def test_plain_is_json_whatever_it_held() -> None:
    assert json.dumps(plain({"a": (1.0, math.nan), "b": [None, "text"]}), allow_nan=False) == (
        '{"a": [1.0, null], "b": [null, "text"]}'
    )


def test_a_pooled_head_tells_its_counts_and_no_figures() -> None:
    told = Judgement(
        outcome="churn", everything=COUNTS, fit=COUNTS, test=COUNTS, purged=0, left_out={}, fallback="Too few."
    ).as_json()
    assert (told["n"], told["positives"], told["auc"], told["passed"]) == (312, 15, None, False)
    assert told["fallback"] == "Too few."
    assert told["baselines"]["points"] == {"auc": None}


def test_a_judged_head_tells_all_its_figures_in_plain_json() -> None:
    rng = np.random.default_rng(0)
    probability, account = rng.beta(1, 6, size=800), rng.integers(0, 200, size=800).astype(str).astype(object)
    label, date = (rng.random(800) < probability).astype(int), np.arange(800) % 4
    draws = drawn_accounts(account, draws=20, seed=1)
    value = {"expected_value": 1000 * probability, "realised_value": 1000.0 * label}
    head = predicted(label, probability, draws, capacity_share=0.1, as_of=date, **value).figures()
    plan = np.where(account > "5", "plus", None)
    judgement = Judgement(
        outcome="churn",
        everything=COUNTS,
        fit=COUNTS,
        test=COUNTS,
        purged=0,
        left_out={},
        head=head,
        baselines={"best_single": scored(label, probability, draws, capacity_share=0.1, as_of=date).figures()},
        best_single_signal="growth",
        calibration=calibration_curve(label, probability, draws),
        segments=calibration_by_segment({"plan": plan}, label, probability, draws),
    )
    told = json.loads(json.dumps(judgement.as_json(), allow_nan=False))
    low, figure, high = told["calibration_slope"]
    assert low < figure < high
    assert len(told["gain_by_decile"]) == 10
    assert told["baselines"]["best_single"]["recall_at_capacity"] == told["recall_at_capacity"]
    assert told["baselines"]["points"] == {"auc": None}
    assert {(one["by"], one["value"]) for one in told["segments"]} == {("plan", "plus"), ("plan", "not known")}
    assert told["expected_over_realised_arr"][1] is not None
    assert told["arr_known"] == 1.0
