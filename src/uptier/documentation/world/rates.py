"""Rates of a world beside the ranges that people in the field know them in, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uptier.documentation.world.intervals import Z95, clustered, ratio, wilson
from uptier.documentation.world.tables import TYPES, WorldTables

if TYPE_CHECKING:
    import pandas as pd

RANGES: dict[tuple[str, str], tuple[float, float]] = {  # of the domain page, from S1; shares of calls won
    ("seat_expansion", "signal"): (0.45, 0.60),
    ("seat_expansion", "calendar"): (0.0, 0.25),
    ("plan_upgrade", "signal"): (0.35, 0.50),
    ("add_on", "signal"): (0.30, 0.45),
    ("add_on", "calendar"): (0.0, 0.20),
}
LEAST_TIMES = 1.8  # as often as by the calendar a signal is to win: this project's own
NRR = (1.05, 1.25)  # this project's own


@dataclass(frozen=True)
class Rate:
    """A measured rate beside what it is held against.

    Attributes
    ----------
    what : str
        `win rate`, `times as often`, `NRR` or `churn`.
    of : str
        Of which accounts or calls.
    started_by : str
        `signal` or `calendar`, empty where that is not asked.
    value, low, high : float
        The rate and its 95 % interval.
    count : int
        What it was counted on: calls, upsells or accounts.
    least, most : float or None
        The range that it is held against; None where there is no such end.
    """

    what: str
    of: str
    started_by: str
    value: float
    low: float
    high: float
    count: int
    least: float | None = None
    most: float | None = None


def win_rates(outreach: pd.DataFrame) -> list[Rate]:
    """Compare calls on a signal with calls by the calendar.

    Parameters
    ----------
    outreach : DataFrame
        The table.

    Returns
    -------
    list of Rate
        Won over won and lost for each type, and how many times as often a signal wins.
    """
    closed = outreach[outreach["result"].isin(("won", "lost"))]
    won = closed["result"] == "won"
    by_signal = closed["started_by"] != "calendar"
    rates, times = [], []
    for upsell in (*TYPES, ""):
        of = (closed["upsell_type"] == upsell) if upsell else closed["upsell_type"].notna()
        counts = {
            name: (int((won & of & which).sum()), int((of & which).sum()))
            for name, which in (("signal", by_signal), ("calendar", ~by_signal))
        }
        if upsell:
            for name, (wins, calls) in counts.items():
                low, high = wilson(wins, calls)
                least, most = RANGES.get((upsell, name), (None, None))
                value = wins / max(calls, 1)
                rates.append(rate("win rate", upsell, name, value, low, high, calls, least, most))
        value, low, high = ratio(*counts["signal"], *counts["calendar"])
        count = sum(calls for _, calls in counts.values())
        times.append(rate("times as often", upsell, "", value, low, high, count, None if upsell else LEAST_TIMES))
    return [*rates, *times]


def retention(world: WorldTables) -> Rate:
    """Measure what customers pay a year later.

    Parameters
    ----------
    world : WorldTables
        The tables.

    Returns
    -------
    Rate
        NRR over the last twelve months: what those who were customers a year ago pay, over what they paid.
    """
    import pandas as pd

    end = pd.Timestamp(world.until)
    before, after = _revenue(world, end - pd.DateOffset(years=1)), _revenue(world, end - pd.Timedelta(days=1))
    paid = before[before > 0]
    later = after.reindex(paid.index).fillna(0.0)
    nrr = float(later.sum() / paid.sum())
    spread = Z95 * clustered(((later - nrr * paid) / paid.mean()).to_numpy().astype(np.float64))
    return rate("NRR", "", "", nrr, nrr - spread, nrr + spread, len(paid), *NRR)


def rate(
    what: str,
    of: str,
    started_by: str,
    value: float,
    low: float,
    high: float,
    count: int,
    least: float | None = None,
    most: float | None = None,
) -> Rate:
    """Round a rate.

    Parameters
    ----------
    what, of, started_by : str
        As :class:`Rate` has them.
    value, low, high : float
        The rate and its 95 % interval.
    count : int
        What it was counted on.
    least, most : float, optional
        The range that it is held against.

    Returns
    -------
    Rate
        With four decimals.
    """
    return Rate(what, of, started_by, round(value, 4), round(low, 4), round(high, 4), count, least, most)


def _revenue(world: WorldTables, at: pd.Timestamp) -> pd.Series[float]:
    """What each account pays a month, add-ons too."""
    import pandas as pd

    parts = []
    for name in ("subscriptions", "addons"):
        table = world.table(name)
        runs = table[(table["valid_from"] <= at) & (table["valid_to"].isna() | (table["valid_to"] > at))]
        parts.append(runs[["account_id", "mrr"]])
    return pd.concat(parts).groupby("account_id")["mrr"].sum()
