from __future__ import annotations

import numpy as np
import pytest

from uptier.training.draws import drawn_accounts
from uptier.training.reliability import Segment, calibration_by_segment, calibration_curve


def drawn(n: int = 2_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    probability = rng.beta(1, 6, size=n)
    account = rng.integers(0, 300, size=n).astype(str).astype(object)
    return account, (rng.random(n) < probability).astype(int), probability


def test_calibration_curve_of_true_probabilities_is_the_diagonal() -> None:
    account, label, probability = drawn(20_000)
    curve = calibration_curve(label, probability, drawn_accounts(account, draws=200, seed=1))
    assert [part.n for part in curve] == [2_000] * 10
    inside = [part.observed[0] <= part.predicted <= part.observed[2] for part in curve]
    assert sum(inside) >= 8


def test_equal_probabilities_make_one_bin() -> None:
    account, label, _ = drawn()
    curve = calibration_curve(label, np.full(len(label), 0.2), drawn_accounts(account, draws=20, seed=1))
    assert [(part.n, part.observed[1]) for part in curve] == [(2_000, pytest.approx(label.mean()))]


def by_plan(probability: np.ndarray, label: np.ndarray, plan: np.ndarray, account: np.ndarray) -> dict[str, Segment]:
    made = calibration_by_segment({"plan": plan}, label, probability, drawn_accounts(account, draws=200, seed=1))
    return {one.value: one for one in made}


def planned(n: int = 20_000, *, accounts: int = 2_000, seed: int = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    who = rng.integers(0, accounts, size=n)
    plan = np.array(["free", "plus", "pro", "max"], dtype=object)[who % 4]
    probability = rng.beta(1, 9, size=n)
    return who.astype(str).astype(object), (rng.random(n) < probability).astype(int), probability, plan


def test_the_segment_that_is_off_is_flagged_and_no_other() -> None:
    account, label, probability, plan = planned()
    said = np.where(plan == "pro", probability / 2, probability)
    made = by_plan(said, label, plan, account)
    assert [name for name, one in made.items() if one.flagged] == ["pro"]
    assert made["pro"].ratio[0] > 1.5
    assert made["plus"].ratio[0] < 1 < made["plus"].ratio[2]


def test_counts_and_rates_of_a_segment_are_those_of_its_rows() -> None:
    account, label, probability, plan = planned()
    made = by_plan(probability, label, plan, account)
    assert sum(one.n for one in made.values()) == len(label)
    rows = plan == "max"
    one = made["max"]
    assert (one.n, one.positives, one.accounts) == (rows.sum(), label[rows].sum(), 500)
    assert one.predicted == pytest.approx(probability[rows].mean())
    assert one.observed[1] == pytest.approx(label[rows].mean())
    assert one.ratio[1] == pytest.approx(label[rows].sum() / probability[rows].sum())


def test_true_probabilities_are_hardly_ever_flagged() -> None:
    flagged = 0
    for seed in range(60):
        account, label, probability, plan = planned(2_000, accounts=400, seed=seed)
        flagged += any(one.flagged for one in by_plan(probability, label, plan, account).values())
    assert flagged <= 8  # 3 are to be expected at 5 %


def test_small_segments_stand_together_and_unknown_ones_have_a_name() -> None:
    account, label, probability, plan = planned()
    who = account.astype(int)
    plan = np.where(who < 27, np.array(["rare", "rarer", "rarest"], dtype=object)[who % 3], plan)
    plan = np.where(plan == "pro", None, plan)
    made = by_plan(probability, label, plan, account)
    assert list(made)[-1] == "other"
    assert set(made) == {"free", "plus", "max", "not known", "other"}
    assert made["other"].accounts < 30
    assert not made["other"].flagged


def test_a_segment_too_small_to_judge_is_not_flagged_however_far_off() -> None:
    account, label, _, plan = planned(400, accounts=20)
    made = by_plan(np.full(len(label), 0.9), label, plan, account)
    assert set(made) == {"other"}
    assert not made["other"].flagged


def test_no_positive_where_many_were_predicted_is_flagged() -> None:
    account, label, probability, plan = planned()
    made = by_plan(probability, np.where(plan == "free", 0, label), plan, account)
    assert made["free"].flagged
    assert made["free"].observed[:2] == (0.0, 0.0)
    assert made["free"].observed[2] > 0


def test_few_positives_do_not_pass_for_certain() -> None:
    account = np.arange(200).astype(str).astype(object)
    label, probability = np.zeros(200, dtype=int), np.full(200, 0.06)
    label[:5] = 1
    (one,) = by_plan(probability, label, np.full(200, "plus", dtype=object), account).values()
    assert one.p > 0.02  # 5 or fewer of 12 expected: 2 % in one tail; the draws alone would say 0.2 % in both


def test_more_segments_need_more_evidence() -> None:
    account, label, probability, plan = planned()
    said = np.where(plan == "pro", 0.85 * probability, probability)
    draws = drawn_accounts(account, draws=200, seed=1)
    alone = calibration_by_segment({"plan": np.where(plan == "pro", "pro", None)}, label, said, draws)
    assert next(one for one in alone if one.value == "pro").flagged
    rng = np.random.default_rng(0)
    many = {f"of no meaning {number}": rng.integers(0, 20, len(plan)).astype(str) for number in range(10)}
    made = calibration_by_segment({"plan": plan, **many}, label, said, draws)
    one = next(one for one in made if one.value == "pro")
    assert 0.05 > one.p > 0.05 / 200
    assert not one.flagged
