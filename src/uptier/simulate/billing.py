"""Revenue that moves though nobody decides anything: seats trued up at a renewal, and exchange rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from uptier.simulate.books import day_numbers
from uptier.simulate.timeline import Floats, Ints, Timeline, moments

RENEWALS = ("renewal", "price_uplift")  # reasons of versions that begin with a term
REBILLED_MINUTE = 7  # after midnight UTC


@dataclass(frozen=True, eq=False)
class ExchangeRates:
    """What the other currency is worth.

    Attributes
    ----------
    days : ndarray of int, shape (n_quarters,)
        First days of quarters within the world, as day numbers.
    rates : ndarray of float, shape (n_quarters + 1,)
        Before the first of them, and from each of them on; 1 at the beginning.
    """

    days: Ints
    rates: Floats


def exchange_rates(timeline: Timeline, moves: float, random: np.random.Generator) -> ExchangeRates:
    """Draw a random walk of the exchange rate.

    Parameters
    ----------
    timeline : Timeline
        The world's clock.
    moves : float
        Standard deviation of the logarithm from one quarter to the next.
    random : Generator
        Where chance comes from; the same for all blocks of a world.

    Returns
    -------
    ExchangeRates
        By quarter.
    """
    firsts = np.unique(timeline.edges[1:-1].astype("datetime64[D]").astype("datetime64[M]"))
    quarters = firsts[firsts.astype(np.int64) % 3 == 0].astype("datetime64[D]").astype(np.int64)
    quarters = quarters[quarters > timeline.edges[0]]
    walk = np.cumsum(moves * random.standard_normal(len(quarters)))
    return ExchangeRates(quarters, np.exp(np.r_[0.0, walk]))


def true_ups(subscriptions: pd.DataFrame, *, share: float, size: float, random: np.random.Generator) -> pd.DataFrame:
    """Correct the seats upwards at some renewals.

    Parameters
    ----------
    subscriptions : DataFrame
        Versions, sorted by account and time.
    share : float
        Of renewals at which nothing was decided.
    size : float
        Seats that are added, share of the seats; at least one.
    random : Generator
        Where chance comes from.

    Returns
    -------
    DataFrame
        The same versions; from the correction on all of the account's have the added seats, at the same price a seat.
    """
    renewal = subscriptions["change_reason"].isin(RENEWALS).to_numpy()
    corrected = renewal & (random.random(len(subscriptions)) < share)
    if not corrected.any():
        return subscriptions
    seats = subscriptions["seats"].to_numpy()
    extra = corrected * np.maximum(1, np.round(size * seats)).astype(np.int64)
    extra = pd.Series(extra).groupby(subscriptions["account"].to_numpy()).cumsum().to_numpy()
    return subscriptions.assign(
        seats=seats + extra,
        mrr=np.where(extra > 0, np.round(subscriptions["mrr"] * (seats + extra) / seats, 2), subscriptions["mrr"]),
        change_reason=subscriptions["change_reason"].mask(corrected, "true_up"),
    )


def billed_abroad(
    subscriptions: pd.DataFrame, *, accounts: int, share: float, rates: ExchangeRates, random: np.random.Generator
) -> pd.DataFrame:
    """Bill some accounts in another currency: the same seats and plan are worth something else in each quarter.

    Parameters
    ----------
    subscriptions : DataFrame
        Versions.
    accounts : int
        How many accounts there are.
    share : float
        Of accounts.
    rates : ExchangeRates
        What the currency is worth.
    random : Generator
        Where chance comes from.

    Returns
    -------
    DataFrame
        Versions in the same order, those of such accounts cut at the first days of quarters.
    """
    abroad = (random.random(accounts) < share)[subscriptions["account"].to_numpy()]
    if not abroad.any():
        return subscriptions
    begins, ends = day_numbers(subscriptions["valid_from"]), day_numbers(subscriptions["valid_to"])
    first = np.searchsorted(rates.days, begins, side="right")
    cuts = np.where(abroad, np.maximum(np.searchsorted(rates.days, ends, side="left") - first, 0), 0)
    rows = subscriptions.iloc[np.repeat(np.arange(len(subscriptions)), 1 + cuts)].reset_index(drop=True)
    piece = np.arange(len(rows)) - np.repeat(np.cumsum(1 + cuts) - (1 + cuts), 1 + cuts)
    nth = np.repeat(first, 1 + cuts) + piece  # which quarter begins where this piece ends
    opened, closed = piece > 0, piece < np.repeat(cuts, 1 + cuts)
    edges = moments(np.r_[rates.days, 0])
    known = edges + np.timedelta64(REBILLED_MINUTE, "m")
    last = len(rates.days)
    opens, closes = np.where(opened, nth - 1, last), np.where(closed, nth, last)
    worth = np.where(np.repeat(abroad, 1 + cuts), rates.rates[nth], 1.0)
    return rows.assign(
        mrr=np.round(rows["mrr"] * worth, 2),
        valid_from=np.where(opened, edges[opens], rows["valid_from"]),
        valid_to=np.where(closed, edges[closes], rows["valid_to"]),
        recorded_at=np.where(opened, known[opens], rows["recorded_at"]),
        end_recorded_at=np.where(closed, known[closes], rows["end_recorded_at"]),
        change_reason=rows["change_reason"].mask(opened, "currency"),
        end_reason=rows["end_reason"].mask(closed, "changed"),
    )
