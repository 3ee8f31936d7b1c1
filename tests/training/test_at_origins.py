from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from uptier.training.at_origins import by_origin, led_in
from uptier.training.resampling import drawn_accounts
from uptier.training.rolled import Rolled

ACCOUNTS = 300


def drawn(*, rates: tuple[float, ...] = (1.0, 1.0, 1.0), ranks: tuple[float, ...] = (1.0, 1.0, 1.0), seed: int = 0):
    """Origins of 300 accounts; at each the chance is `rates` times the predicted one, or mixed up by 1 - `ranks`."""
    rng = np.random.default_rng(seed)
    told = np.tile(1 / (1 + np.exp(-rng.normal(-1.5, 1.2, size=ACCOUNTS))), len(rates))
    origin = np.repeat(np.arange(len(rates)), ACCOUNTS)
    true = np.empty(len(told))
    for number, (rate, rank) in enumerate(zip(rates, ranks, strict=True)):
        here = origin == number
        mixed = rng.permutation(told[here])
        true[here] = np.clip(rate * np.where(rng.random(ACCOUNTS) < rank, told[here], mixed), 0, 1)
    label = (rng.random(len(told)) < true).astype(np.int64)
    asked = Rolled(
        rows=np.arange(len(told)),
        origin=origin,
        dates=tuple(pd.date_range("2026-01-01", periods=len(rates), freq="MS")),
        unseen=told,
        ungrouped=told,
        base=np.full(len(told), told.mean()),
        logistic=told,
        utilisation=told,
        utilisation_signal="seat_utilisation",
        single=told,
        single_signal="growth",
    )
    accounts = np.tile([f"a{number}" for number in range(ACCOUNTS)], len(rates)).astype(object)
    return asked, label, rng.normal(size=len(told)), drawn_accounts(accounts, draws=200, seed=1)


def test_each_origin_is_measured_by_itself() -> None:
    asked, label, points, draws = drawn()
    made = by_origin(asked, label, points, draws)
    assert [one.date for one in made] == ["2026-01-01", "2026-02-01", "2026-03-01"]
    for number, one in enumerate(made):
        here = asked.origin == number
        assert (one.n, one.positives) == (ACCOUNTS, label[here].sum())
        assert one.base_rate[1] == pytest.approx(label[here].mean())
        assert one.calibration_ratio[1] == pytest.approx(label[here].sum() / asked.unseen[here].sum())
        assert one.base_rate[0] < one.base_rate[1] < one.base_rate[2]
        assert one.log_loss_gain[0] > 0
    assert led_in(made) == 3


def test_the_same_world_does_not_break() -> None:
    broke = sum(bool(one.broke) for seed in range(20) for one in by_origin(*drawn(seed=seed)))
    assert broke <= 1  # 60 origins of 20 worlds, each world at 1 %


def test_more_cases_than_expected_are_a_break_of_that_origin_alone() -> None:
    made = by_origin(*drawn(rates=(1.0, 1.0, 2.2)))
    assert [bool(one.broke) for one in made] == [False, False, True]
    assert "times as many cases as expected" in made[2].broke[0]


def test_a_ranking_that_fails_is_a_break() -> None:
    made = by_origin(*drawn(ranks=(1.0, 1.0, 0.0)))
    assert [bool(one.broke) for one in made] == [False, False, True]
    assert "against the origins before" in " ".join(made[2].broke)


def test_an_origin_without_cases_says_nothing() -> None:
    asked, label, points, draws = drawn()
    label[asked.origin == 1] = 0
    made = by_origin(asked, label, points, draws)
    assert np.isnan(made[1].auc[1])
    assert made[1].as_json()["auc"] == [None, None, None]
    assert led_in(made) == 2


def test_rows_are_given_to_be_drawn() -> None:
    first = by_origin(*drawn())[0]
    rows = first.rows("add_on")
    assert [row["measure"] for row in rows] == ["auc", "calibration_ratio", "base_rate"]
    assert all((row["outcome"], row["origin"], row["n"]) == ("add_on", "2026-01-01", ACCOUNTS) for row in rows)
