"""Declared effects against learnt ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from uptier.explanation.effects import by_family, contradicting, declares, effects
from uptier.signals.signal import Effect

N = 100
UP = np.arange(N, dtype=float)
MIXED = np.random.default_rng(1).permutation(UP)

FRAME = pd.DataFrame(
    {
        "rising": UP,
        "falling": UP,
        "gappy": np.where(UP % 2 == 0, np.nan, UP),
        "both": UP,
        "u_shaped": UP,
        "light": UP,
        "constant": np.ones(N),
        "never_used": UP,
        "plan": np.where(UP > 50, "Team", "Starter"),
    }
)
CONTRIBUTIONS = pd.DataFrame(
    {
        "rising": UP**3 / N**3,
        "falling": -UP / N,
        # where the value is missing, the contribution is large: those rows must not count
        "gappy": np.where(UP % 2 == 0, 1 - UP / N, UP / N),
        "both": -UP / N,
        "u_shaped": np.abs(UP - (N - 1) / 2) / N,
        "light": -UP / N / 1000,
        "constant": MIXED / N,
        "never_used": np.zeros(N),
        "plan": UP / N,
    }
)
DECLARED = {
    "rising": Effect.RAISES,
    "falling": Effect.RAISES,
    "gappy": Effect.RAISES,
    "both": Effect.EITHER,
    "u_shaped": Effect.LOWERS,
    "light": Effect.RAISES,
    "constant": Effect.RAISES,
    "never_used": Effect.LOWERS,
}


def told(declared: dict[str, Effect] = DECLARED) -> pd.DataFrame:
    return effects(FRAME, CONTRIBUTIONS, declared).set_index("signal")


def test_each_signal_gets_its_word() -> None:
    assert told()["agreement"].to_dict() == {
        "rising": "agrees",
        "falling": "contradicts",
        "gappy": "agrees",
        "both": "not declared",
        "u_shaped": "neither way",
        "light": "no weight",
        "constant": "no weight",
        "never_used": "no weight",
        "plan": "not declared",
    }


def test_what_lowers_and_falls_agrees() -> None:
    assert told({"falling": Effect.LOWERS, "rising": Effect.LOWERS})["agreement"][["falling", "rising"]].tolist() == [
        "agrees",
        "contradicts",
    ]


def test_rank_correlations_are_over_rows_with_a_value() -> None:
    known = told()["spearman"]
    assert known[["rising", "falling", "gappy"]].tolist() == pytest.approx([1, -1, 1])
    assert known[["constant", "never_used", "plan"]].isna().all()
    assert abs(known["u_shaped"]) < 0.05


def test_importance_is_over_all_rows_and_most_important_first() -> None:
    made = told()
    assert made["importance"]["gappy"] == pytest.approx(CONTRIBUTIONS["gappy"].abs().mean())
    assert made["importance"].is_monotonic_decreasing
    assert made["share"].sum() == pytest.approx(1)


def test_only_what_carries_weight_contradicts() -> None:
    made = effects(FRAME, CONTRIBUTIONS, DECLARED)
    assert contradicting(made)["signal"].tolist() == ["falling"]


def test_where_nothing_is_declared_nothing_is_contradicted() -> None:
    made = effects(FRAME, CONTRIBUTIONS, {})
    assert not declares(made)
    assert declares(effects(FRAME, CONTRIBUTIONS, DECLARED))
    assert contradicting(made).empty


def test_a_head_that_nothing_moves_has_no_shares() -> None:
    made = effects(FRAME, CONTRIBUTIONS * 0, DECLARED)
    assert made["share"].tolist() == [0.0] * len(made)
    assert set(made["agreement"]) == {"no weight", "not declared"}


def test_families_are_sums_of_their_signals() -> None:
    made = by_family(CONTRIBUTIONS, {"falling": "seats", "both": "value", "rising": "seats"})
    assert list(made.columns) == ["seats", "value"]
    np.testing.assert_allclose(made["seats"], CONTRIBUTIONS["rising"] + CONTRIBUTIONS["falling"])
    assert by_family(CONTRIBUTIONS, {}).shape == (N, 0)
