from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training.worlds import CATALOG, drawn_examples, settings, without_signal
from uptier.model.bundle import BundleSignal, encoded
from uptier.outcomes.outcome import Examples
from uptier.training.rolled import Material, Rolled, rolled, unseen_scores
from uptier.training.splitting import origins_of

SIGNALS = tuple(BundleSignal(one.name, one.family, one.is_category) for one in CATALOG.signals)


def material(given: Examples) -> Material:
    return Material(
        given=given,
        matrix=encoded(given.frame, SIGNALS, {"segment": tuple(sorted(given.frame["segment"].dropna().unique()))}),
        names=tuple(one.name for one in SIGNALS),
        codes=[len(SIGNALS) - 1],
    )


def asked(given: Examples, folder: Path, origins: int = 2) -> Rolled:
    return rolled(material(given), origins_of(given, test_share=0.3, origins=origins), settings(folder).training)


def test_each_test_row_is_scored_by_a_model_that_never_saw_its_account() -> None:
    margins = np.array([[0.0, 0.1, 0.2, 0.3, 0.4], [1.0, 1.1, 1.2, 1.3, 1.4]])
    fit = pd.Series(["a", "b", "a", "c"])
    test = pd.Series(["b", "a", "new", "c", "newer"])
    made = unseen_scores(margins, np.array([0, 1, 0, 1]), fit, test)
    # b and c were held out of the second model; new accounts are dealt to the models in turn
    assert made[[0, 1, 3]].tolist() == [1.0, 0.1, 1.3]
    assert {made[2], made[4]} <= set(margins[:, [2, 4]].ravel())


@pytest.fixture(scope="module")
def given() -> Examples:
    return drawn_examples(accounts=250)


@pytest.fixture(scope="module")
def before(given: Examples, tmp_path_factory: pytest.TempPathFactory) -> Rolled:
    return asked(given, tmp_path_factory.mktemp("rolled"))


def test_what_is_known_later_does_not_reach_an_origin(given: Examples, before: Rolled, tmp_path: Path) -> None:
    late = given.known_at > before.dates[0]
    after = asked(replace(given, label=given.label.where(~late, 1 - given.label)), tmp_path)
    first = before.origin == 0
    for name in ("unseen", "ungrouped", "logistic", "base", "utilisation"):
        assert (getattr(before, name)[first] == getattr(after, name)[first]).all(), name
    # the second origin did know some of these labels
    assert (before.unseen[~first] != after.unseen[~first]).any()
    assert before.base[~first].mean() != after.base[~first].mean()


def test_each_block_is_asked_of_its_own_model(given: Examples, before: Rolled) -> None:
    assert [str(date.date()) for date in before.dates] == ["2025-08-01", "2025-10-01"]
    dates = given.frame["as_of"].iloc[before.rows].to_numpy()
    assert (dates[before.origin == 0] < dates[before.origin == 1].min()).all()
    assert len(before.unseen) == len(before.rows) == (given.frame["as_of"] >= before.dates[0]).sum()
    assert len(np.unique(before.base)) == 2


def test_accounts_met_again_are_told_apart_from_those_never_seen(before: Rolled) -> None:
    assert (before.unseen != before.ungrouped).mean() > 0.9


def test_an_origin_that_learns_nothing_answers_with_the_base_rate(tmp_path: Path) -> None:
    noise = without_signal(drawn_examples(accounts=150, seed=5), seed=5)
    noise.frame[[*(name for name in noise.frame.columns if name not in ("account_id", "as_of", "segment"))]] = 1.0
    noise.frame["segment"] = "one"
    said = asked(noise, tmp_path)
    assert (said.unseen == said.base).all()
    assert (said.ungrouped == said.base).all()


def test_trees_of_origins_that_learnt_something_are_kept(given: Examples, before: Rolled, tmp_path: Path) -> None:
    assert len(before.trees) == len(before.dates) == 2
    assert before.trees[0] != before.trees[1]
    assert all(text.startswith("tree") for text in before.trees)
    # what holds for nobody else would not have been shipped
    assert len(asked(without_signal(given, seed=1), tmp_path).trees) < 2
