"""Lists to hold breakers against: a clean one, and what may be changed in it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from uptier.monitoring.summary import summary
from uptier.settings import OUTCOMES

AS_OF = dt.date(2026, 3, 1)
FRESH = {"usage_events": 1, "tickets": 3}
ACTIONS = ("pitch", "nurture first", "protect", "leave alone")
TIERS = ("High", "Medium", "Low", "Not ready")


def scorecard(rows: int = 100, **changed: Any) -> pd.DataFrame:
    """A scorecard by a model; `changed` gives columns, as one value or one for each row."""
    numbers = np.arange(rows)
    columns: dict[str, Any] = {
        "account_id": [f"secret-{number}" for number in numbers],
        "as_of": pd.Timestamp(AS_OF),
        "expires_on": pd.Timestamp(AS_OF) + pd.Timedelta(days=30),
        "model_version": "3",
        "basis": "model",
        "action": [ACTIONS[number % 4] for number in numbers],
        "tier": [TIERS[number % 4] for number in numbers],
        "points": numbers % 90,
    }
    for place, outcome in enumerate(OUTCOMES):
        columns |= {f"p_{outcome}": chances(rows) / (place + 1), f"basis_{outcome}": "model"}
    return pd.DataFrame(columns | changed, index=range(rows))


def ruled(rows: int = 100, **changed: Any) -> pd.DataFrame:
    """A scorecard by rules."""
    nothing: dict[str, Any] = {f"p_{outcome}": np.nan for outcome in OUTCOMES}
    nothing |= {f"basis_{outcome}": "rules" for outcome in OUTCOMES}
    return scorecard(rows, **{"model_version": None, "basis": "rules", **nothing, **changed})


def chances(rows: int) -> np.ndarray:
    """Chances that spread like those of a model."""
    return 0.3 * (np.arange(rows) + 0.5) / max(rows, 1)


def frame(rows: int = 100, **lacking: float) -> pd.DataFrame:
    """Three signals; `lacking` says which share of accounts lacks each."""
    columns: dict[str, Any] = {"account_id": [f"secret-{number}" for number in range(rows)], "as_of": AS_OF}
    for name in ("seat_utilisation", "gate_hits", "health"):
        values = np.arange(rows, dtype=float)
        values[: round(lacking.get(name, 0.0) * rows)] = np.nan
        columns[name] = values
    return pd.DataFrame(columns)


def summed(card: pd.DataFrame | None = None, signals: pd.DataFrame | None = None, **more: Any) -> dict[str, Any]:
    """The summary of a list; of the clean one by default."""
    card = scorecard() if card is None else card
    return summary(card, frame(len(card)) if signals is None else signals, **{"ages": FRESH, **more})
