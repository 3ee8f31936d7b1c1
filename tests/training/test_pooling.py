from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.training.worlds import drawn_examples
from uptier.outcomes.outcome import Examples
from uptier.outcomes.win_rates import wilson
from uptier.training.pooling import Counts, counted, pooled_head, rate_interval, too_few
from uptier.training_settings import TrainingSettings


def of(rows: list[tuple[str, str, int, str | None]]) -> Examples:
    frame = pd.DataFrame({"account_id": [row[0] for row in rows], "as_of": pd.to_datetime([row[1] for row in rows])})
    return Examples(
        outcome="plan_upgrade",
        frame=frame,
        label=pd.Series([row[2] for row in rows], dtype="int64"),
        known_at=frame["as_of"] + pd.Timedelta(days=67),
        event_at=pd.to_datetime(pd.Series([row[3] for row in rows])),
    )


def test_repeated_windows_of_one_conversion_count_once() -> None:
    drawn = of(
        [
            ("twice seen", "2026-01-01", 1, "2026-02-20"),
            ("twice seen", "2026-02-01", 1, "2026-02-20"),
            ("two conversions", "2026-01-01", 1, "2026-01-20"),
            ("two conversions", "2026-03-01", 1, "2026-04-11"),
            ("none", "2026-01-01", 0, None),
        ]
    )
    assert counted(drawn, np.arange(5)) == Counts(n=5, positives=4, accounts=3, positive_accounts=2, cases=3)
    assert counted(drawn, np.array([0, 4])) == Counts(n=2, positives=1, accounts=2, positive_accounts=1, cases=1)


def test_too_few_says_how_many_there_are_and_how_many_are_needed() -> None:
    counts = {
        "everything": Counts(n=312, positives=15, accounts=300, positive_accounts=13, cases=14),
        "fit": Counts(n=200, positives=9, accounts=190, positive_accounts=9, cases=9),
        "test": Counts(n=100, positives=5, accounts=100, positive_accounts=4, cases=5),
    }
    assert too_few(**counts, settings=TrainingSettings()) == (
        "Too few cases to learn from: 14 in 312 windows, of 13 accounts. "
        "The fit slice holds 9 such accounts (30 are needed), the test slice 4 (10 are needed). "
        "Every account gets the pooled rate, 15 of 312 windows."
    )


@pytest.mark.parametrize(("fit", "test", "enough"), [(30, 10, True), (29, 10, False), (30, 9, False)])
def test_both_slices_need_enough_accounts(fit: int, test: int, enough: bool) -> None:
    def with_accounts(number: int) -> Counts:
        return Counts(n=1000, positives=200, accounts=900, positive_accounts=number, cases=200)

    said = too_few(
        everything=with_accounts(100), fit=with_accounts(fit), test=with_accounts(test), settings=TrainingSettings()
    )
    assert (said == "") is enough


def test_a_pooled_head_keeps_rate_counts_and_interval() -> None:
    drawn = drawn_examples(accounts=60)
    head = pooled_head(drawn, np.arange(len(drawn.frame)), why="Too few.")
    assert head.base_rate == drawn.label.mean()
    assert head.interval[0] < head.base_rate < head.interval[1]
    assert (head.n, head.positives, head.fallback, head.trees) == (600, int(drawn.label.sum()), "Too few.", None)


def test_no_rows_at_all_say_that_nothing_is_known() -> None:
    head = pooled_head(of([]), np.empty(0, dtype=int), why="There is no window.")
    assert (head.base_rate, head.interval, head.n) == (0.0, (0.0, 1.0), 0)


def test_wilson_is_right_on_a_known_case() -> None:
    # Newcombe (1998), table I: 81 of 263
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_windows_of_one_account_are_not_counted_as_many() -> None:
    label = np.repeat([1, 0, 0, 0, 0, 0, 0, 0, 1, 0], 12)
    alike = rate_interval(label, np.repeat([f"account {number}" for number in range(10)], 12))
    apart = rate_interval(label, np.array([f"account {number}" for number in range(120)]))
    assert alike[1] - alike[0] > 2.5 * (apart[1] - apart[0])


def test_no_case_still_has_an_interval_by_account() -> None:
    low, high = rate_interval(np.zeros(120, dtype=int), np.repeat([f"account {number}" for number in range(10)], 12))
    assert low == 0
    assert high == pytest.approx(wilson(0, 10)[1])


def test_interval_covers_the_true_rate() -> None:
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(200):
        chance = rng.beta(2, 18, size=80)  # mean 0.1, each account its own
        label = (rng.random((80, 6)) < chance[:, None]).astype(int).ravel()
        low, high = rate_interval(label, np.repeat([f"account {number}" for number in range(80)], 6))
        covered += low <= 0.1 <= high
    assert 180 <= covered <= 199
