"""The points model: seven rules that every trained model must beat, and what scores accounts where none has.

Rules, points and tiers are those of the S0 source on the domain page. A rule whose signal is unknown gives no points
and is counted as unknown, so that a low score for want of data can be told from a low score.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from uptier.errors import ModelError

if TYPE_CHECKING:
    from uptier.thresholds import Thresholds

TIERS = ((75, "High"), (50, "Medium"), (25, "Low"))  # from so many points on
NOT_READY = "Not ready"
MOST_POINTS = 140


@dataclass(frozen=True)
class Rule:
    """One rule of the points model.

    Attributes
    ----------
    name : str
        Its column in :func:`rules`.
    label : str
        What it says of an account for which it holds.
    column : str
        The signal it looks at.
    points : int
        What it is worth.
    threshold : callable
        Where it begins to hold.
    inclusive : bool
        Whether it holds at the threshold itself.
    """

    name: str
    label: str
    column: str
    points: int
    threshold: Callable[[Thresholds], float]
    inclusive: bool = False


RULES = (
    Rule("heavy_use", "Many of the licences are used daily", "daily_active_share", 25, lambda t: t.daily_actives),
    Rule("near_capacity", "A quota is nearly used up", "highest_quota_utilisation", 30, lambda t: t.quota_utilisation),
    Rule("premium_trial", "Premium capabilities are being tried", "trial_days_per_week", 20, lambda _: 0),
    Rule("success_achieved", "A stated goal was achieved", "milestones_reached", 25, lambda _: 0),
    Rule("healthy", "The health score is high", "health_score", 15, lambda t: t.health),
    Rule(
        "before_renewal",
        "Renewal is far enough away",
        "days_until_renewal",
        10,
        lambda t: t.renewal_days,
        inclusive=True,
    ),
    Rule("executive_active", "An executive is active", "executive_active_days", 15, lambda _: 0),
)


def rules(frame: pd.DataFrame, thresholds: Thresholds) -> pd.DataFrame:
    """Say which rules hold for each row.

    Parameters
    ----------
    frame : DataFrame, shape (n, n_columns)
        Signals by name; NaN where one is unknown.
    thresholds : Thresholds
        Where the rules begin to hold.

    Returns
    -------
    DataFrame of bool, shape (n, 7)
        One column for each of `RULES`, by its name; False where the signal is unknown.

    Raises
    ------
    ModelError
        If the frame lacks a column that a rule looks at.
    """
    values = _values(frame)
    holds = {}
    for rule in RULES:
        threshold = rule.threshold(thresholds)
        value = values[rule.column]
        # comparisons with NaN are False, which is what an unknown signal is worth
        holds[rule.name] = value >= threshold if rule.inclusive else value > threshold
    return pd.DataFrame(holds, index=frame.index)


def points(frame: pd.DataFrame, thresholds: Thresholds) -> pd.Series:
    """Add up the points of each row.

    Parameters
    ----------
    frame : DataFrame, shape (n, n_columns)
        Signals by name; NaN where one is unknown.
    thresholds : Thresholds
        Where the rules begin to hold.

    Returns
    -------
    Series of int, shape (n,)
        0 to 140.
    """
    worth = np.array([rule.points for rule in RULES])
    return pd.Series(rules(frame, thresholds).to_numpy() @ worth, index=frame.index, name="points").astype("int64")


def unknown_rules(frame: pd.DataFrame) -> pd.Series:
    """Count the rules of which nothing is known.

    Parameters
    ----------
    frame : DataFrame, shape (n, n_columns)
        Signals by name; NaN where one is unknown.

    Returns
    -------
    Series of int, shape (n,)
        0 to 7.
    """
    return _values(frame).isna().sum(axis=1).rename("unknown_rules").astype("int64")


def tier(points: pd.Series) -> pd.Series:
    """Name the tier of points.

    Parameters
    ----------
    points : Series of int, shape (n,)
        0 to 140.

    Returns
    -------
    Series of str, shape (n,)
        High (75 and more), Medium (50 to 74), Low (25 to 49), Not ready.
    """
    names = np.select([points >= least for least, _ in TIERS], [name for _, name in TIERS], default=NOT_READY)
    return pd.Series(names, index=points.index, name="tier", dtype="str")


def _values(frame: pd.DataFrame) -> pd.DataFrame:
    missing = [rule.column for rule in RULES if rule.column not in frame.columns]
    if missing:
        raise ModelError(
            f"The points model needs signals that the frame lacks: {', '.join(missing)}.",
            do="Form the frame with the whole catalogue; signals that are not available are NaN, not absent.",
        )
    return frame[[rule.column for rule in RULES]].astype("float64")
