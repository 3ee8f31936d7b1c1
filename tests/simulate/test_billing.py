"""Revenue that moves though nobody decides anything, in versions of a few subscriptions."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from uptier.simulate.billing import ExchangeRates, billed_abroad, exchange_rates, true_ups
from uptier.simulate.timeline import Timeline, day_number

YEAR = Timeline(dt.date(2025, 1, 1), dt.date(2026, 1, 1))
QUARTERS = np.array([day_number(dt.date(2025, month, 1)) for month in (4, 7, 10)])
RATES = ExchangeRates(QUARTERS, np.array([1.0, 1.1, 0.9, 1.2]))


def chance(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def versions(*rows: tuple[int, str, str | None, str, int, float]) -> pd.DataFrame:
    """Account, from, to, reason, seats and MRR; known an hour later."""
    frame = pd.DataFrame(rows, columns=["account", "valid_from", "valid_to", "change_reason", "seats", "mrr"])
    begins, ends = (pd.to_datetime(frame[name]).astype("datetime64[us]") for name in ("valid_from", "valid_to"))
    return frame.assign(
        valid_from=begins,
        valid_to=ends,
        recorded_at=begins + pd.Timedelta(hours=1),
        end_recorded_at=ends + pd.Timedelta(hours=1),
        end_reason=frame["valid_to"].map({None: None}, na_action="ignore").where(ends.isna(), "cancelled"),
    )


RENEWED = versions(
    (0, "2025-01-10", "2025-02-10", "new", 100, 2900.00),
    (0, "2025-02-10", "2025-03-10", "renewal", 100, 2900.00),
    (0, "2025-03-10", "2025-04-10", "expansion", 110, 3190.00),
    (0, "2025-04-10", "2025-05-10", "price_uplift", 110, 3300.00),
    (0, "2025-05-10", None, "upgrade", 115, 4600.00),
    (1, "2025-01-10", "2025-02-10", "new", 10, 290.00),
    (1, "2025-02-10", None, "renewal", 10, 290.00),
    (2, "2025-02-10", None, "new", 50, 1450.00),
)


def test_two_true_ups_of_an_account_add_up_and_all_later_versions_have_them() -> None:
    found = true_ups(RENEWED, share=1.0, size=0.04, random=chance())
    # 4 % of 100, and 4 % of 110 on top of it; at least one
    assert found["seats"].tolist() == [100, 104, 114, 118, 123, 10, 11, 50]
    reasons = ["new", "true_up", "expansion", "true_up", "upgrade", "new", "true_up", "new"]
    assert found["change_reason"].tolist() == reasons


def test_a_true_up_leaves_the_price_of_a_seat_and_all_else_as_it_was() -> None:
    found = true_ups(RENEWED, share=1.0, size=0.04, random=chance())
    assert found["mrr"].tolist() == [2900.0, 3016.0, 3306.0, 3540.0, 4920.0, 290.0, 319.0, 1450.0]
    told = ["account", "valid_from", "valid_to", "end_reason", "recorded_at", "end_recorded_at"]
    pd.testing.assert_frame_equal(found[told], RENEWED[told])


def test_without_a_share_nothing_is_trued_up() -> None:
    pd.testing.assert_frame_equal(true_ups(RENEWED, share=0.0, size=0.04, random=chance()), RENEWED)


def test_exchange_rates_move_on_the_first_days_of_quarters_within_the_world() -> None:
    found = exchange_rates(YEAR, 0.03, chance(5))
    assert found.days.tolist() == QUARTERS.tolist()  # not on the world's own first day
    steps = np.diff(np.log(found.rates))
    assert found.rates[0] == 1.0
    np.testing.assert_allclose(steps, 0.03 * chance(5).standard_normal(3))
    later = exchange_rates(Timeline(dt.date(2025, 2, 1), dt.date(2025, 8, 1)), 0.03, chance(5))
    assert later.days.tolist() == QUARTERS[:2].tolist()
    assert exchange_rates(YEAR, 0.0, chance(5)).rates.tolist() == [1.0] * 4


def test_what_is_billed_abroad_is_worth_something_else_in_each_quarter() -> None:
    rows = versions(
        (0, "2025-02-10", "2025-05-20", "new", 10, 100.00), (0, "2025-05-20", None, "expansion", 20, 200.00)
    )
    found = billed_abroad(rows, accounts=1, share=1.0, rates=RATES, random=chance())
    begins = ["2025-02-10", "2025-04-01", "2025-05-20", "2025-07-01", "2025-10-01"]
    assert found["valid_from"].dt.strftime("%Y-%m-%d").tolist() == begins
    assert found["valid_to"].dt.strftime("%Y-%m-%d").tolist()[:4] == begins[1:]
    assert found["valid_to"].isna().tolist() == [False] * 4 + [True]
    assert found["mrr"].tolist() == [100.0, 110.0, 220.0, 180.0, 240.0]
    assert found["seats"].tolist() == [10, 10, 20, 20, 20]
    assert found["change_reason"].tolist() == ["new", "currency", "expansion", "currency", "currency"]
    assert found["end_reason"].tolist()[:4] == ["changed", "cancelled", "changed", "changed"]
    assert pd.isna(found["end_reason"].iloc[4])
    known = ["02-10 01:00", "04-01 00:07", "05-20 01:00", "07-01 00:07", "10-01 00:07"]
    assert found["recorded_at"].dt.strftime("%m-%d %H:%M").tolist() == known
    assert found["end_recorded_at"].dt.strftime("%m-%d %H:%M").tolist()[:4] == known[1:]
    assert pd.isna(found["end_recorded_at"].iloc[4])


def test_a_version_of_exactly_one_quarter_is_not_cut() -> None:
    rows = versions((0, "2025-04-01", "2025-07-01", "renewal", 10, 100.00))
    found = billed_abroad(rows, accounts=1, share=1.0, rates=RATES, random=chance())
    pd.testing.assert_frame_equal(found, rows.assign(mrr=[110.0]), check_dtype=False)


def test_only_accounts_that_are_drawn_are_billed_abroad() -> None:
    rows = versions(*((account, "2025-02-10", "2025-05-20", "new", 10, 100.00) for account in range(40)))
    found = billed_abroad(rows, accounts=40, share=0.5, rates=RATES, random=chance(2))
    abroad = set(np.flatnonzero(chance(2).random(40) < 0.5).tolist())
    assert 0 < len(abroad) < 40
    assert set(found.loc[found["change_reason"] == "currency", "account"]) == abroad
    home = found[~found["account"].isin(abroad)].reset_index(drop=True)
    pd.testing.assert_frame_equal(home, rows[~rows["account"].isin(abroad)].reset_index(drop=True), check_dtype=False)
    pd.testing.assert_frame_equal(billed_abroad(rows, accounts=40, share=0.0, rates=RATES, random=chance(2)), rows)


@pytest.mark.parametrize("seed", [1, 2])
def test_blocks_share_the_rates_whatever_else_is_drawn(seed: int) -> None:
    rows = versions((0, "2025-02-10", None, "new", 10, 100.00))
    found = billed_abroad(rows, accounts=1, share=1.0, rates=RATES, random=chance(seed))
    assert found["mrr"].tolist() == [100.0, 110.0, 90.0, 120.0]
