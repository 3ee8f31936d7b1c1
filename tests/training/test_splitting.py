from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from tests.training.worlds import drawn_examples
from uptier.errors import TrainingError
from uptier.outcomes.outcome import Examples
from uptier.training.splitting import Origin, RollingOriginSplit, account_folds, origins_of


def cut(drawn: Examples, share: float = 0.3, origins: int = 3) -> tuple[Origin, ...]:
    return origins_of(drawn, test_share=share, origins=origins)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.9])
@pytest.mark.parametrize("origins", [1, 3])
@pytest.mark.parametrize("seed", range(3))
def test_no_fit_row_knows_anything_of_its_origin(share: float, origins: int, seed: int) -> None:
    drawn = drawn_examples(accounts=30, seed=seed)
    days = np.random.default_rng(seed).integers(0, 300, size=len(drawn.frame))
    late = replace(drawn, known_at=drawn.frame["as_of"] + pd.to_timedelta(days, unit="D"))
    for origin in cut(late, share, origins):
        assert late.frame["as_of"].iloc[origin.test].min() == origin.date
        assert (late.known_at.iloc[origin.fit] <= origin.date).all()
        assert (late.frame["as_of"].iloc[origin.fit] < origin.date).all()
        assert len(origin.fit) + origin.purged == (late.frame["as_of"] < origin.date).sum()


def test_the_latest_dates_are_tested_once_each() -> None:
    drawn = drawn_examples(accounts=5, months=10)
    origins = cut(drawn)
    assert [sorted(drawn.frame["as_of"].iloc[one.test].dt.month.unique()) for one in origins] == [[8], [9], [10]]
    # 67 days before the first of August, and a month more each time
    assert [drawn.frame["as_of"].iloc[one.fit].dt.month.max() for one in origins] == [5, 6, 7]
    assert [one.purged for one in origins] == [10, 10, 10]


def test_at_least_one_date_is_tested_and_no_block_is_empty() -> None:
    drawn = drawn_examples(accounts=5, months=2)
    assert [one.date for one in cut(drawn, 0.01)] == [pd.Timestamp("2025-02-01")]


def test_one_date_or_none_leaves_nothing_to_fit() -> None:
    drawn = drawn_examples(accounts=5, months=1)
    assert [len(one.fit) for one in cut(drawn)] == [0]
    empty = replace(
        drawn, frame=drawn.frame[:0], label=drawn.label[:0], known_at=drawn.known_at[:0], event_at=drawn.event_at[:0]
    )
    assert cut(empty) == ()


def test_a_label_that_was_never_known_is_purged() -> None:
    drawn = drawn_examples(accounts=5)
    first = cut(replace(drawn, known_at=drawn.known_at.where(drawn.frame["as_of"].dt.month > 1)))[0]
    assert drawn.frame["as_of"].iloc[first.fit].dt.month.min() == 2


def test_scikit_learn_takes_it_as_cv() -> None:
    drawn = drawn_examples(accounts=60)
    rows = drawn.frame[["as_of", "growth"]]
    model = make_pipeline(FunctionTransformer(lambda given: given[["growth"]]), LogisticRegression())
    splitter = RollingOriginSplit(n_origins=3, account_folds=2)
    scores = cross_val_score(model, rows, drawn.label, groups=drawn.frame["account_id"], cv=splitter)
    assert len(scores) == splitter.get_n_splits() == 6


def test_the_splitter_cuts_as_training_does_and_folds_accounts() -> None:
    drawn = drawn_examples(accounts=20)
    rows = drawn.frame.assign(known_at=drawn.known_at)
    plain = list(RollingOriginSplit().split(rows))
    for (fit, test), origin in zip(plain, cut(drawn), strict=True):
        assert fit.tolist() == origin.fit.tolist()
        assert test.tolist() == origin.test.tolist()
    # without known_at, the same by gap and horizon: 67 days
    assert all(
        (one[0] == other[0]).all() for one, other in zip(RollingOriginSplit().split(drawn.frame), plain, strict=True)
    )
    folded = list(RollingOriginSplit(account_folds=4).split(rows, drawn.label, drawn.frame["account_id"]))
    accounts = drawn.frame["account_id"].to_numpy()
    assert all(not set(accounts[fit]) & set(accounts[test]) for fit, test in folded)
    assert sorted(np.concatenate([test for _, test in folded])) == sorted(np.concatenate([test for _, test in plain]))


def test_the_splitter_says_what_it_lacks() -> None:
    with pytest.raises(TrainingError, match="column 'as_of', which is not there"):
        list(RollingOriginSplit().split(pd.DataFrame({"day": []})))
    with pytest.raises(TrainingError, match="Folds of accounts need the accounts"):
        list(RollingOriginSplit(account_folds=2).split(drawn_examples(accounts=3).frame))


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
