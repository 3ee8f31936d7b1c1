"""Small drawn worlds for the tests of training: examples of an outcome with a signal that tells, or with none."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from uptier.model.points import RULES
from uptier.outcomes.outcome import Examples
from uptier.settings import Settings
from uptier.signals.signal import Effect
from uptier.training_settings import TrainingSettings

NUMBERS = (
    *dict.fromkeys(rule.column for rule in RULES),
    "seat_utilisation",
    "peak_daily_utilisation",
    "growth",
    "noise",
)
CATEGORIES = ("segment",)


@dataclass(frozen=True)
class DrawnSignal:
    name: str
    family: str
    is_category: bool
    effect: Effect = Effect.EITHER


@dataclass(frozen=True)
class DrawnCatalog:
    signals: tuple[DrawnSignal, ...]
    triggers: tuple[object, ...] = ()

    def fingerprint(self, thresholds: object) -> str:
        return "0123456789abcdef"


CATALOG = DrawnCatalog(
    tuple(DrawnSignal(name, "seats", False) for name in NUMBERS)
    + tuple(DrawnSignal(name, "commercial", True) for name in CATEGORIES)
)


def settings(folder: Path, **training: Any) -> Settings:
    yaml = folder / "drawn.yaml"
    yaml.write_text("project: drawn\nsource: ${SECRET_SOURCE}\n")
    # drawn so strongly that who grows most nearly always buys: as a leak would do
    living = {"alarm": "too_good", "signal": "growth", "reason": "drawn to tell nearly everything"}
    knobs = {"bootstraps": 100, "folds": 3, "accept_alarms": (living,), **training}
    return Settings(
        project="drawn",
        path=yaml,
        source="nowhere",
        store=folder / "store",
        data_until=dt.date(2026, 1, 1),
        training=TrainingSettings(**knobs),
    )


def drawn_examples(
    outcome: str = "seat_expansion",
    *,
    accounts: int = 400,
    months: int = 10,
    strength: float = 2.0,
    rate: float = 0.12,
    seed: int = 0,
) -> Examples:
    """Draw accounts whose chance rises with growth (and a little with utilisation), `strength` log-odds a unit."""
    rng = np.random.default_rng(seed)
    names = np.array([f"account-{number:04d}" for number in range(accounts)])
    as_of = pd.date_range("2025-01-01", periods=months, freq="MS")
    n = accounts * months
    who, when = np.repeat(np.arange(accounts), months), np.tile(np.arange(months), accounts)
    lasting = rng.normal(size=accounts)[who]
    growth = 0.7 * lasting + 0.7 * rng.normal(size=n)
    utilisation = np.clip(0.6 + 0.15 * rng.normal(size=n), 0, 1.2)
    log_odds = strength * (np.abs(growth) - 0.8) + strength * (utilisation - 0.6) + np.log(rate / (1 - rate))
    label = (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(int)
    columns = {name: rng.normal(size=n) for name in NUMBERS}
    columns |= {
        "growth": growth,
        "seat_utilisation": np.where(rng.random(n) < 0.1, np.nan, utilisation),
        "peak_daily_utilisation": utilisation,
        "health_score": rng.uniform(20, 100, size=n),
        "highest_quota_utilisation": np.full(n, np.nan),
        "daily_active_share": rng.random(n),
        "milestones_reached": rng.integers(0, 3, size=n).astype(float),
    }
    segment = rng.choice(np.array(["small", "middle", "large", None], dtype=object), size=n)
    frame = pd.DataFrame(
        {"account_id": names[who], "as_of": as_of[when], **columns, "segment": pd.Series(segment, dtype="object")}
    )
    known_at = frame["as_of"] + pd.Timedelta(days=67)
    event_at = (frame["as_of"] + pd.Timedelta(days=30)).where(label == 1)
    return Examples(outcome, frame, pd.Series(label), known_at, event_at, {"censored": 3})


def without_signal(examples: Examples, *, seed: int) -> Examples:
    """Give each account's history of labels to another account, so that no signal tells anything."""
    rng = np.random.default_rng(seed)
    accounts = examples.frame["account_id"].unique()
    other = dict(zip(accounts, rng.permutation(accounts), strict=True))
    rows = examples.frame.assign(label=examples.label, event_at=examples.event_at)
    moved = rows[["account_id", "as_of"]].assign(account_id=rows["account_id"].map(other))
    shuffled = moved.merge(rows[["account_id", "as_of", "label", "event_at"]], on=["account_id", "as_of"], how="left")
    return replace(examples, label=shuffled["label"], event_at=shuffled["event_at"])
