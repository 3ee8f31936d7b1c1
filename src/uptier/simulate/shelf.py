"""What accounts lack beyond their plan: the add-on that a gap is about, and the feature that a need is about."""

from __future__ import annotations

import numpy as np
import pandas as pd

from uptier.simulate.plans import PriceList
from uptier.simulate.rules import NEEDS, tiers
from uptier.simulate.timeline import Floats, Ints, Timeline, moments, office_minutes

SEATS_OF_A_PRICE = 20  # for which the price list gives the price of an add-on


class Shelf:
    """Add-ons: which one each account lacks, and who bought which when.

    Parameters
    ----------
    prices : PriceList
        What can be bought.
    smallest : float
        Price of an add-on for the smallest accounts, share of that on the price list.
    accounts : int
        How many accounts there are.
    random : Generator
        Where chance comes from.
    """

    def __init__(self, prices: PriceList, smallest: float, accounts: int, random: np.random.Generator) -> None:
        self._prices = prices
        self._smallest = smallest
        self._random = random
        self._held = np.zeros((accounts, len(prices.extras)), dtype=bool)
        self._rows: list[pd.DataFrame] = []
        self.lacking: Ints = random.integers(len(prices.extras), size=accounts)

    def bought(self, these: Ints, day: Ints, minute: Ints, seats: Ints) -> None:
        """Write down that some accounts bought what they lacked.

        Parameters
        ----------
        these : ndarray of int, shape (n,)
            The accounts.
        day, minute, seats : ndarray of int, shape (n_accounts,)
            When, and how many seats each has.
        """
        which = self.lacking[these]
        self._held[these, which] = True
        price: Floats = np.array([extra.price for extra in self._prices.extras])[which]
        self._rows.append(
            pd.DataFrame(
                {
                    "account": these,
                    "which": which,
                    "mrr": np.round(price * np.maximum(self._smallest, seats[these] / SEATS_OF_A_PRICE), 2),
                    "day": day[these],
                    "minute": minute[these],
                }
            )
        )

    def turned(self, these: Ints) -> None:
        """A gap that is over leaves room for another, about something that the account does not hold.

        Parameters
        ----------
        these : ndarray of int, shape (n,)
            The accounts.
        """
        wish = self._random.random((len(these), len(self._prices.extras))) - self._held[these]
        self.lacking = self.lacking.copy()
        self.lacking[these] = wish.argmax(axis=1)

    def table(self, timeline: Timeline, end_day: Ints, random: np.random.Generator) -> pd.DataFrame:
        """Give all that was bought.

        Parameters
        ----------
        timeline : Timeline
            The world's clock.
        end_day : ndarray of int, shape (n_accounts,)
            First day without subscription.
        random : Generator
            Where chance comes from.

        Returns
        -------
        DataFrame
            The table `addons`, with `account` as a number.
        """
        rows = pd.concat(self._rows, ignore_index=True)
        account = rows["account"].to_numpy().astype(np.int64)
        end = end_day[account]
        ended = end < timeline.edges[-1]
        end_recorded = moments(end, office_minutes(random, len(rows)))
        never = np.datetime64("NaT")
        day = rows["day"].to_numpy().astype(np.int64)
        names = np.array([extra.id for extra in self._prices.extras], dtype=object)
        return pd.DataFrame(
            {
                "account": account,
                "addon_id": names[rows["which"].to_numpy().astype(np.int64)],
                "mrr": rows["mrr"],
                "valid_from": moments(day),
                "valid_to": np.where(ended, moments(end), never),
                "recorded_at": moments(day, rows["minute"].to_numpy().astype(np.int64)),
                "end_recorded_at": np.where(ended, end_recorded, never),
            }
        )


class Wishes:
    """Features of the next tier: which one each account wants, anew whenever a need emerges or the tier changes.

    Parameters
    ----------
    prices : PriceList
        What each tier holds.
    tier : ndarray of int, shape (n_accounts,)
        On which each account begins.
    random : Generator
        Where chance comes from.
    """

    def __init__(self, prices: PriceList, tier: Ints, random: np.random.Generator) -> None:
        self._bounds = np.array([len(prices.features(rank)) for rank in range(1, len(prices.plans) + 1)])
        self._random = random
        self.wanted: Ints = np.full(len(tier), -1, dtype=np.int64)
        self._wish(np.arange(len(tier)), tier)

    def turned(self, before: Ints, after: Ints) -> None:
        """Draw the wishes of those whose need has just emerged, or who are on another tier.

        Parameters
        ----------
        before, after : ndarray of int, shape (n_accounts,)
            Place on the axis `need` at the beginning of a step and of the next; -1 for who is not there.
        """
        emerged = (before % len(NEEDS) == 0) & (after % len(NEEDS) > 0)
        these = np.flatnonzero((after >= 0) & (emerged | (tiers(before) != tiers(after))))
        self.wanted = self.wanted.copy()
        self._wish(these, tiers(after[these]))

    def _wish(self, these: Ints, tier: Ints) -> None:
        first = self._bounds[tier - 1]
        count = self._bounds[np.minimum(tier, len(self._bounds) - 1)] - first
        which = first + (self._random.random(len(these)) * count).astype(np.int64)
        self.wanted[these] = np.where(count > 0, which, -1)
