from __future__ import annotations

import numpy as np
import pytest

from uptier.training.draws import Draws, drawn_accounts


def drawn(n: int = 400, *, accounts: int = 50) -> tuple[Draws, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    account = rng.integers(0, accounts, size=n).astype(str).astype(object)
    return drawn_accounts(account, draws=30, seed=1), rng.integers(0, 7, size=n), rng.normal(size=n)


def test_the_sample_comes_first_and_every_draw_holds_as_many_accounts() -> None:
    draws, _, _ = drawn()
    assert (draws.weights[0] == 1).all()
    assert (draws.weights.sum(axis=1) == draws.weights.shape[1]).all()
    assert (draws.weights[1:] != 1).any(axis=1).all()


def test_rows_of_an_account_are_drawn_together() -> None:
    draws = drawn_accounts(np.array(["a", "b", "a", "c"], dtype=object), draws=50, seed=1)
    rows = draws.weights[:, draws.account]
    assert (rows[:, 0] == rows[:, 2]).all()
    assert (rows[:, 0] != rows[:, 1]).any()


def test_sums_are_those_of_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uptier.training.draws.CELLS", 200)  # four draws at a time
    draws, group, value = drawn()
    weight = draws.weights[:, draws.account].astype(float)
    np.testing.assert_allclose(draws.totals(value, value**2), [weight @ value, weight @ value**2])
    expected = np.array([(weight * (group == part)) @ value for part in range(7)]).T
    np.testing.assert_allclose(draws.totals_by(group, value, groups=7)[0], expected)
    parts = list(draws.in_groups(group, np.ones(len(value)), value))
    assert len(parts) > 1
    np.testing.assert_allclose(np.vstack([part[1] for part in parts]), expected)


def test_some_rows_keep_the_draws_of_their_accounts() -> None:
    draws, group, value = drawn()
    some = group == 3
    np.testing.assert_allclose(
        draws.at(some).totals(value[some])[0], draws.totals_by(group, value, groups=7)[0][:, 3], atol=1e-12
    )
    assert draws.at(some).weights.shape[1] == len(np.unique(draws.account[some]))


def test_no_row_is_no_sum() -> None:
    draws = drawn_accounts(np.array([], dtype=object), draws=3, seed=1)
    assert draws.weights.shape == (4, 0)
    assert draws.totals(np.array([])).tolist() == [[0.0] * 4]
