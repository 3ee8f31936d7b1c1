"""What moves a head, from a training with a catalogue that declares effects and has triggers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training.worlds import CATALOG, DrawnSignal, drawn_examples, settings
from uptier.signals.signal import Effect
from uptier.signals.trigger import Trigger
from uptier.training.judging import Judgement
from uptier.training.moves import PAIRED, SAMPLE, Moves, declared_effects
from uptier.training.training import Trained, train

FAMILY = {"growth": "velocity", "noise": "velocity", "seat_utilisation": "seats", "peak_daily_utilisation": "seats"}
EFFECT = {"growth": Effect.RAISES, "seat_utilisation": Effect.RAISES, "peak_daily_utilisation": Effect.LOWERS}


def voiced(family: str, column: str, least: float) -> Trigger:
    def rule(frame, thresholds):
        return frame[column] >= least

    rule.__name__, rule.__module__, rule.__doc__ = f"{family}_told", f"drawn.{family}", "Drawn."
    return Trigger(rule, label=family, opens=None, act_within_days=None, frame="", says=(column,))


SPOKEN = replace(
    CATALOG,
    signals=tuple(
        DrawnSignal(one.name, FAMILY.get(one.name, "commercial"), one.is_category, EFFECT.get(one.name, Effect.EITHER))
        for one in CATALOG.signals
    ),
    triggers=(voiced("velocity", "growth", 1.0), voiced("seats", "seat_utilisation", 0.8)),
)


def trained_with(folder: Path, *outcomes: str) -> Trained:
    given = {name: drawn_examples(name, accounts=250, seed=seed) for seed, name in enumerate(outcomes)}
    project = settings(folder, min_fit_positives=20, min_test_positives=10)
    return train(given, SPOKEN, project, gains={}, data_hashes={}, warnings=[])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return trained_with(tmp_path_factory.mktemp("moves"), "seat_expansion", "churn")


def moves(trained: Trained, outcome: str = "seat_expansion") -> Moves:
    made = trained.judgements[outcome].moves
    assert made is not None
    return made


def test_rows_are_a_sample_of_test_rows(trained: Trained) -> None:
    seen = moves(trained)
    assert len(seen.rows) == len(seen.contributions) == min(SAMPLE, trained.judgements["seat_expansion"].test.n)
    assert len(seen.rows) > PAIRED
    margins = trained.bundle.margins(seen.rows)["seat_expansion"]
    expected = trained.bundle.heads["seat_expansion"].expected_margin
    np.testing.assert_allclose(seen.contributions.sum(axis=1) + expected, margins, rtol=0, atol=1e-9)


def test_effects_are_held_against_what_conversions_declare(trained: Trained) -> None:
    agreement = moves(trained).effects.set_index("signal")["agreement"]
    # either end of growth raises the chance
    assert agreement["growth"] in ("neither way", "contradicts", "agrees")
    assert agreement["seat_utilisation"] in ("agrees", "no weight")
    assert agreement["peak_daily_utilisation"] == "contradicts"
    assert agreement["noise"] == "not declared"
    assert moves(trained).metrics()["effects/contradicting"] >= 1


def test_of_churn_nothing_is_declared(trained: Trained) -> None:
    seen = moves(trained, "churn")
    assert set(seen.effects["agreement"]) == {"not declared"}
    assert not [name for name in seen.metrics() if name.startswith("effects/")]
    assert declared_effects("post_upsell_churn", SPOKEN) == {}
    assert declared_effects("add_on", SPOKEN)["growth"] is Effect.RAISES


def test_families_have_sums_and_whether_their_trigger_fired(trained: Trained) -> None:
    seen = moves(trained)
    assert set(seen.families.columns) == set(seen.fired.columns) == {"velocity", "seats"}
    np.testing.assert_allclose(seen.families["velocity"], seen.contributions[["growth", "noise"]].sum(axis=1))
    pd.testing.assert_series_equal(seen.fired["velocity"].astype(bool), seen.rows["growth"] >= 1.0, check_names=False)


def test_first_families_are_compared_over_origins_and_what_ships(trained: Trained) -> None:
    kept = moves(trained).first_kept
    assert kept is not None
    assert kept.trainings == len(trained.judgements["seat_expansion"].origins) + 1
    assert kept.accounts == 50  # a fifth
    assert 0.5 < kept.share[1] <= 1
    told = moves(trained).metrics()
    assert told["reasons/first_kept_low"] <= told["reasons/first_kept"] <= told["reasons/first_kept_high"]
    assert 0 <= told["interactions/not_additive"] < 1


def test_the_same_training_says_the_same(trained: Trained, tmp_path: Path) -> None:
    again = moves(trained_with(tmp_path, "seat_expansion", "churn"))
    assert again.metrics() == moves(trained).metrics()
    pd.testing.assert_frame_equal(again.effects, moves(trained).effects)
    pd.testing.assert_frame_equal(again.rows, moves(trained).rows)


def test_no_row_stands_in_what_may_be_printed(trained: Trained) -> None:
    assert "account-" not in repr(trained.judgements["seat_expansion"])
    assert "account-" not in repr(moves(trained))


def test_a_head_that_was_never_fitted_has_no_moves(tmp_path: Path) -> None:
    given = {"churn": drawn_examples("churn", accounts=10)}
    made = train(given, SPOKEN, settings(tmp_path), gains={}, data_hashes={}, warnings=[])
    assert type(made.judgements["churn"]) is Judgement
