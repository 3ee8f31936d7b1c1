"""What the world knows of each account at each first of a month: the states and traits that every truth is given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from uptier.simulate.chain import AXES, Bools, State
from uptier.simulate.commerce import Chronicle
from uptier.simulate.population import months_since_start
from uptier.simulate.rules import NEEDS, tiers
from uptier.simulate.timeline import STEPS_PER_MONTH, Ints
from uptier.simulate.usage import feature_names

WINDOW_ENDS_DAYS = 97  # from the as-of date to the end of the last window of any outcome: a gap of 7, then 90
LATER = 12  # stands for a renewal beyond any window, months


@dataclass(frozen=True, kw_only=True)
class Looks:
    """Accounts at as-of dates; arrays of shape (n_rows,), sorted by account and date.

    Attributes
    ----------
    account_id : ndarray of str
        The account.
    month : ndarray of int
        The as-of date: months after the world's beginning.
    state : dict of str to ndarray
        Place on each axis.
    brisk, deep, contacted : ndarray of bool
        Traits of the account.
    renewal : ndarray of int
        Months to the one in which the term ends, 0 for this one.
    wanted, lacking : ndarray of str
        The feature that a need is about, empty on the highest tier, and the add-on that a gap is about.
    """

    account_id: np.ndarray[tuple[int], np.dtype[np.object_]]
    month: Ints
    state: State
    brisk: Bools
    deep: Bools
    contacted: Bools
    renewal: Ints
    wanted: np.ndarray[tuple[int], np.dtype[np.object_]]
    lacking: np.ndarray[tuple[int], np.dtype[np.object_]]

    def __len__(self) -> int:
        return len(self.month)

    def told(self) -> pd.DataFrame:
        """Give the latent states in words.

        Returns
        -------
        DataFrame
            A column for each axis, the tier apart from the need, and the traits.
        """
        names = {axis: np.array(AXES[axis], dtype=object)[self.state[axis]] for axis in AXES if axis != "need"}
        return pd.DataFrame(
            {
                **names,
                "tier": tiers(self.state["need"]),
                "need": np.array(NEEDS, dtype=object)[self.state["need"] % len(NEEDS)],
                "wanted": self.wanted,
                "lacking": self.lacking,
                "deep": self.deep,
                "brisk": self.brisk,
                "never_contacted": ~self.contacted,
                "months_to_renewal": self.renewal,
            }
        )


def looks_of(chronicle: Chronicle) -> Looks:
    """Look at a block of accounts on each first of a month.

    Parameters
    ----------
    chronicle : Chronicle
        The block as it ran.

    Returns
    -------
    Looks
        A row for each account that has a subscription on the date.
    """
    population, timeline = chronicle.population, chronicle.timeline
    firsts = np.arange(0, timeline.steps + 1, STEPS_PER_MONTH)
    account, month = np.nonzero(chronicle.alive[firsts].T)
    step = firsts[month]
    since = np.stack([months_since_start(population, timeline, int(first)) for first in firsts])[month, account]
    features = np.array([*feature_names(chronicle.prices), None], dtype=object)
    addons = np.array([extra.id for extra in chronicle.prices.extras], dtype=object)
    return Looks(
        account_id=np.array(population.ids, dtype=object)[account],
        month=month.astype(np.int64),
        state={axis: chronicle.states[axis][step, account] for axis in AXES},
        brisk=population.brisk[account],
        deep=population.deep[account],
        contacted=population.contacted[account],
        renewal=months_to_renewal(since),
        wanted=features[chronicle.wanted[step, account]],
        lacking=addons[chronicle.lacking[step, account]],
    )


def joined(parts: Sequence[Looks]) -> Looks:
    """Put blocks together.

    Parameters
    ----------
    parts : sequence of Looks
        In the order of the blocks.

    Returns
    -------
    Looks
        All of them.
    """

    return Looks(
        **{name: _all_of(parts, name) for name in Looks.__dataclass_fields__ if name != "state"},
        state={axis: np.concatenate([part.state[axis] for part in parts]) for axis in AXES},
    )


def without(looks: Looks, first_day: dt.date, days: Mapping[str, int]) -> Looks:
    """Leave out what nothing can be said of: accounts to which something happens that is no part of their latent life.

    Parameters
    ----------
    looks : Looks
        Accounts at as-of dates.
    first_day : date
        The world's.
    days : mapping of str to int
        Account id to the day on which it happens, as a day number.

    Returns
    -------
    Looks
        Without the rows of these accounts whose window reaches the day, and all after it.
    """
    month = np.datetime64(first_day, "M") + looks.month
    until = month.astype("datetime64[D]").astype(np.int64) + WINDOW_ENDS_DAYS
    never = int(until.max(initial=0)) + 1
    happens = np.array([days.get(one, never) for one in looks.account_id], dtype=np.int64)
    kept = until <= happens
    return Looks(
        **{name: getattr(looks, name)[kept] for name in Looks.__dataclass_fields__ if name != "state"},
        state={axis: places[kept] for axis, places in looks.state.items()},
    )


def months_to_renewal(months: Ints) -> Ints:
    """Give the months from now to the month in which a term ends.

    Parameters
    ----------
    months : ndarray of int, shape (n,)
        Months since each account became a customer.

    Returns
    -------
    ndarray of int, shape (n,)
        0 for this month; 12 in the very first.
    """
    return np.where(months == 0, LATER, -months % LATER)


def _all_of(parts: Sequence[Looks], name: str) -> Any:
    return np.concatenate([getattr(part, name) for part in parts])
