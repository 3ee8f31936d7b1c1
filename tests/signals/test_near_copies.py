"""Signals that say the same twice do not count: how many are left where near copies are taken out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from uptier.project import Project
from uptier.signals.catalog import catalog
from uptier.simulate.world import simulate

ALIKE = 0.99  # absolute rank correlation, over rows where both are known
LEAST_ROWS = 30  # in which both are known, below which nothing can be said
LEAST_SIGNALS = 70
PROJECT = "project: copies\nsource: ./world\nstore: ./store\ndata_until: 2026-01-01\ntimezone: UTC\n"


def distinct(frame: pd.DataFrame) -> list[str]:
    """Keep signals one after the other, each that is no near copy of one that was kept; categories by their groups."""
    ranks = frame.apply(
        lambda values: (
            values if values.dtype != object else pd.Series(pd.factorize(values)[0], values.index).where(values.notna())
        )
    )
    alike = ranks.corr(method="spearman", min_periods=LEAST_ROWS).abs() > ALIKE
    # two that hardly vary where both are known have no correlation: the same values are copies too
    kept: list[str] = []
    for name in frame.columns:
        copies = [other for other in kept if alike.loc[name, other] or _equal(ranks[name], ranks[other])]
        if not copies and ranks[name].notna().sum() >= LEAST_ROWS and ranks[name].nunique() > 1:
            kept.append(str(name))
    return kept


def _equal(one: pd.Series, other: pd.Series) -> bool:
    both = one.notna() & other.notna()
    return bool(both.sum() >= LEAST_ROWS and np.array_equal(one[both], other[both]))


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    home = tmp_path_factory.mktemp("copies")
    simulate(preset="demo", seed=11, accounts=250, months=18, out=home / "world")
    (home / "copies.yaml").write_text(PROJECT, encoding="utf-8")
    project = Project(Path(home / "copies.yaml"))
    dates = (pd.Timestamp(day).date() for day in ("2025-06-01", "2025-09-01", "2025-12-01"))
    return pd.concat([project.frame(date) for date in dates]).drop(columns=["account_id", "as_of"])


def test_at_least_seventy_signals_are_left_without_near_copies(frame: pd.DataFrame) -> None:
    assert list(frame.columns) == [one.name for one in catalog().signals]
    kept = distinct(frame)
    assert len(kept) >= LEAST_SIGNALS, f"{len(kept)} are left, without {sorted(set(frame.columns) - set(kept))}"


def test_a_planted_copy_is_taken_out(frame: pd.DataFrame) -> None:
    kept = distinct(frame)
    planted = frame.assign(copy=frame["active_users"] ** 2 + 1, opposite=-frame["mrr"])
    assert distinct(planted) == kept
