from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.worlds import CATALOG, drawn_examples, settings
from uptier.training.champion import Champion, carried_over, known_categories, not_worse
from uptier.training.promotion import Condition
from uptier.training.resampling import drawn_accounts
from uptier.training.training import Trained, train

HASH = CATALOG.fingerprint(None)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    project = settings(tmp_path_factory.mktemp("champion"))
    given = drawn_examples()
    return train({"seat_expansion": given}, CATALOG, project, gains={}, data_hashes={}, warnings=[])  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def champion(made: Trained) -> Champion:
    return Champion(bundle=replace(made.bundle, trained_at_as_of=dt.date(2025, 5, 1)), version="3")


def held(champion: Champion | None, score: str, least: int = 20, catalogue_hash: str = HASH) -> Condition | None:
    given = drawn_examples(seed=9)
    rng = np.random.default_rng(0)
    label = given.label.to_numpy()
    scores = {
        "noise": rng.random(len(label)),
        "as good": np.zeros(len(label)) if champion is None else champion.bundle.probabilities(given.frame).iloc[:, 0],
    }
    draws = drawn_accounts(given.frame["account_id"].to_numpy(dtype=object), draws=100, seed=1)
    return not_worse(
        champion,
        "seat_expansion",
        given.frame,
        label,
        np.asarray(scores[score]),
        draws,
        catalogue_hash=catalogue_hash,
        least_cases=least,
    )


def test_without_a_champion_nothing_is_asked() -> None:
    assert held(None, "noise") is None


def test_a_champion_of_other_signals_is_no_measure(champion: Champion) -> None:
    assert held(champion, "noise", catalogue_hash="another") is None


def test_a_head_that_ranks_worse_does_not_pass(champion: Champion) -> None:
    found = held(champion, "noise")
    assert found is not None
    assert not found.passed
    assert found.told.startswith(
        "It ranks worse than the champion, version 3: against the champion, version 3: AUC -0."
    )


def test_a_head_that_is_as_good_passes(champion: Champion) -> None:
    found = held(champion, "as good")
    assert found is not None
    assert found.passed
    assert found.told.startswith("Not shown to rank worse")


def test_dates_that_the_champion_has_learnt_from_do_not_count(champion: Champion) -> None:
    late = Champion(bundle=replace(champion.bundle, trained_at_as_of=dt.date(2025, 10, 1)), version="3")
    found = held(late, "noise")
    assert found is not None
    assert found.passed
    assert found.told.startswith(
        "Too few cases since the champion, version 3 was learnt to compare with it: 0 accounts"
    )


def test_what_is_carried_over_names_where_it_was_learnt(made: Trained, champion: Champion) -> None:
    pooled = {"seat_expansion": made.bundle.heads["seat_expansion"].pooled("It failed.")}
    kept = carried_over(pooled, champion, HASH)["seat_expansion"]
    assert (kept.is_fitted, kept.carried_from) == (True, "3")
    again = Champion(bundle=replace(champion.bundle, heads={"seat_expansion": kept}), version="4")
    assert carried_over(pooled, again, HASH)["seat_expansion"].carried_from == "3"
    assert carried_over(pooled, champion, "another") == pooled
    assert carried_over(pooled, None, HASH) == pooled
    fitted = dict(made.bundle.heads)
    assert carried_over(fitted, champion, HASH) == fitted


def test_categories_keep_their_numbers(champion: Champion, tmp_path: Path) -> None:
    before = champion.bundle.categories["segment"]
    assert known_categories({before[0], "aaa", "zzz"}, "segment", champion) == (*before, "aaa", "zzz")
    assert known_categories({"b", "a"}, "segment", None) == ("a", "b")
