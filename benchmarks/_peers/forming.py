"""Signals from what a peer measured: ratios and growth, by the same arithmetic that the pandas twin uses."""

from __future__ import annotations

from typing import Any

import pandas as pd
from _pandas.families import signals_of

COUNTS = (
    *("active_days", "peak_28_0", "peak_28_56", "user_days", "working_user_days", "users_28_0", "users_28_28"),
    *("busiest_user_days", "busiest_user_events"),
    *("champion_days", "executive_days", "champions", "invited_28", "invited_84", "addons"),
    *(
        "gates_recent",
        "gates_28",
        "upgrade_prompts",
        "limit_errors",
        "integration_calls",
        "features",
        "features_before",
    ),
    *("gated_features", "integrations", "trial_use_days", "integration_call_days", "export_days"),
    *(f"events_{window}" for window in ("7_0", "28_0", "28_7", "28_28", "28_56", "28_84")),
    *("exports_28_0", "exports_28_28", "milestones", "milestones_recent", "tickets", "escalations", "open_tickets"),
    *("gap_named", "workaround_named", "pressure_named", "outreach", "talks_open", "talks_won", "talks_lost"),
)
MONEY = ("mrr", "mrr_before", "list_price", "next_price")
MINOR_UNITS = 100
PERIODS = 8


class Measured(dict[str, Any]):
    """Measures by name; what a peer did not measure is NaN, so that signals that need it come out as NaN."""

    def __init__(self, measures: pd.DataFrame) -> None:
        super().__init__({name: measures[name] for name in measures})
        self.index = measures.index

    def __missing__(self, name: str) -> Any:
        if name in ("users", "peak_users"):
            return pd.DataFrame(float("nan"), index=self.index, columns=range(1, PERIODS))
        return pd.Series(float("nan"), index=self.index)


def formed(measures: pd.DataFrame, names: list[str], thresholds: Any) -> pd.DataFrame:
    """Form signals.

    Parameters
    ----------
    measures : DataFrame
        Columns account_id, as_of, and what was measured. A count of nothing may be NaN or 0.
    names : list of str
        The signals.
    thresholds : object
        Where triggers fire, as attributes.

    Returns
    -------
    DataFrame
        Columns account_id, as_of and the signals, ordered by account and date.
    """
    measures = measures.sort_values(["account_id", "as_of"], ignore_index=True)
    counts = [name for name in COUNTS if name in measures]
    cents = {name: measures[name] * MINOR_UNITS for name in MONEY if name in measures}
    measures = measures.assign(**measures[counts].astype("float64").fillna(0), **cents)
    signals = signals_of(Measured(measures), thresholds)
    return measures[["account_id", "as_of"]].join(pd.DataFrame({name: signals[name] for name in names}))
