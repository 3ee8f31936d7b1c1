from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.training.worlds import drawn_examples
from uptier.training.splitting import account_folds, split_in_time


@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
@pytest.mark.parametrize("seed", range(5))
def test_no_fit_row_knows_the_test_slice(share: float, seed: int) -> None:
    drawn = drawn_examples(accounts=30, seed=seed)
    days = np.random.default_rng(seed).integers(0, 300, size=len(drawn.frame))
    late = replace(drawn, known_at=drawn.frame["as_of"] + pd.to_timedelta(days, unit="D"))
    slices = split_in_time(late, share)
    first = late.frame["as_of"].iloc[slices.test].min()
    assert first == slices.first_test
    assert (late.known_at.iloc[slices.fit] <= first).all()
    assert (late.frame["as_of"].iloc[slices.fit] < first).all()
    assert len(slices.fit) + len(slices.test) + slices.purged == len(late.frame)
    assert slices.purged > 0


def test_the_test_slice_is_the_latest_dates() -> None:
    drawn = drawn_examples(accounts=5, months=10)
    slices = split_in_time(drawn, 0.3)
    assert sorted(drawn.frame["as_of"].iloc[slices.test].dt.month.unique()) == [8, 9, 10]
    assert drawn.frame["as_of"].iloc[slices.fit].dt.month.max() == 5  # 67 days before the first of August
    assert slices.purged == 10


def test_at_least_one_date_is_tested() -> None:
    drawn = drawn_examples(accounts=5, months=2)
    assert split_in_time(drawn, 0.01).first_test == pd.Timestamp("2025-02-01")


def test_one_date_or_none_leaves_nothing_to_fit() -> None:
    drawn = drawn_examples(accounts=5, months=1)
    assert len(split_in_time(drawn, 0.3).fit) == 0
    empty = replace(
        drawn, frame=drawn.frame[:0], label=drawn.label[:0], known_at=drawn.known_at[:0], event_at=drawn.event_at[:0]
    )
    assert split_in_time(empty, 0.3).first_test is None


def test_a_label_that_was_never_known_is_purged() -> None:
    drawn = drawn_examples(accounts=5)
    slices = split_in_time(replace(drawn, known_at=drawn.known_at.where(drawn.frame["as_of"].dt.month > 1)), 0.3)
    assert drawn.frame["as_of"].iloc[slices.fit].dt.month.min() == 2


def test_an_account_is_in_one_fold_and_positives_are_shared_out() -> None:
    drawn = drawn_examples(accounts=200)
    fold = account_folds(drawn.frame["account_id"], drawn.label, folds=5, seed=7)
    assert pd.Series(fold).groupby(drawn.frame["account_id"].to_numpy()).nunique().eq(1).all()
    converted = pd.Series(drawn.frame["account_id"].to_numpy())[drawn.label.to_numpy() == 1].unique()
    held = pd.Series(fold, index=drawn.frame["account_id"])
    sizes = held[~held.index.duplicated()].loc[converted].value_counts()
    assert sizes.max() - sizes.min() <= 1


def test_folds_depend_on_the_seed_alone() -> None:
    drawn = drawn_examples(accounts=50)
    accounts, label = drawn.frame["account_id"], drawn.label
    fold = account_folds(accounts, label, folds=3, seed=7)
    mixed = np.random.default_rng(1).permutation(len(label))
    assert (account_folds(accounts.iloc[mixed], label.iloc[mixed], folds=3, seed=7) == fold[mixed]).all()
    assert (account_folds(accounts, label, folds=3, seed=8) != fold).any()
