"""Reasons do not depend on the order in which rows and columns came, neither those learnt from nor those scored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from tests.explanation.tiny import CATALOG, bundle, frame
from uptier.explanation.reasons import Reasons, fired_triggers, weighed_reasons
from uptier.explanation.shares import explained
from uptier.model.bundle import BundleSignal
from uptier.outcomes.outcome import Examples
from uptier.thresholds import Thresholds
from uptier.training.pooling import pooled_head
from uptier.training.rolled import material_of, model_of
from uptier.training.training import in_order
from uptier.training_settings import TrainingSettings

ACCOUNTS, MONTHS = 150, 8
OUTCOME = "seat_expansion"


def drawn_examples() -> Examples:
    looks = frame(ACCOUNTS * MONTHS, seed=5)
    looks["account_id"] = [f"{number // MONTHS:04d}" for number in range(len(looks))]
    months = pd.date_range("2025-01-01", periods=MONTHS, freq="MS", unit="ns")
    looks["as_of"] = np.tile(months, ACCOUNTS)
    margin = -3 + 5 * (looks["seat_utilisation"].fillna(0) - 0.4) + 2 * looks["usage_growth"].fillna(0)
    label = pd.Series(np.random.default_rng(6).random(len(looks)) < 1 / (1 + np.exp(-margin))).astype("int64")
    return Examples(
        outcome=OUTCOME,
        frame=looks,
        label=label,
        known_at=looks["as_of"] + pd.Timedelta(days=68),
        event_at=pd.Series(pd.NaT, index=looks.index, dtype="datetime64[ns]").where(label == 0, looks["as_of"]),
    )


def mixed(given: Examples, *, seed: int) -> Examples:
    random = np.random.default_rng(seed)
    rows, columns = random.permutation(len(given.frame)), random.permutation(given.frame.shape[1])
    parts = {name: getattr(given, name).iloc[rows].reset_index(drop=True) for name in ("label", "known_at", "event_at")}
    return replace(given, frame=given.frame.iloc[rows, columns].reset_index(drop=True), **parts)


def reasons_after(given: Examples, scored: pd.DataFrame) -> dict[str, Reasons]:
    signals = tuple(BundleSignal(one.name, one.family, one.is_category) for one in CATALOG.signals)
    material = material_of(in_order(given), signals)
    every_row = np.arange(len(given.frame))
    model, _ = model_of(material, every_row, every_row[:0], TrainingSettings(folds=2))
    head = replace(
        pooled_head(material.given, every_row, why=""),
        trees=model.learnt.trees,
        calibrator=model.calibrator,
        fallback=None,
    )
    categories = {"plan_name": ("Business", "Starter", "Team")}
    learnt = replace(bundle(), signals=signals, categories=categories, heads={OUTCOME: head})
    told = weighed_reasons(
        explained(learnt, OUTCOME, scored, CATALOG),
        frame=scored,
        fired=fired_triggers(scored, CATALOG, Thresholds()),
        catalog=CATALOG,
        thresholds=Thresholds(),
        currency="USD",
    )
    return dict(zip(scored["account_id"], told, strict=True))


def test_rows_and_columns_in_another_order_change_no_reason():
    given, scored = drawn_examples(), frame(80, seed=7)
    usual = reasons_after(given, scored)
    other = scored.sample(frac=1, random_state=8)[list(scored.columns[::-1])]
    assert sum(len(one.supporting) for one in usual.values()) > 40
    assert reasons_after(mixed(given, seed=9), other) == usual
