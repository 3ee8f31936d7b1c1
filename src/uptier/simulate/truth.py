"""What the world knows: the true chance of each outcome, for each account at each first of a month.

The chances are exact, not drawn: expectations over the same finite chain that the world runs on, taken backwards from
the end of the window (:class:`uptier.simulate.chain.Backwards`), given the account's whole state at the as-of date and
with CSMs acting as they do. What is inside a window's last step counts by the share of its working days, which is exact
too, since what a step decides falls on any of them alike.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from uptier.simulate.chain import AXES, CONVERSIONS, Backwards
from uptier.simulate.commerce import Chronicle
from uptier.simulate.population import Population, months_since_start
from uptier.simulate.rates import Rates
from uptier.simulate.rules import NEEDS, chain_of, tiers
from uptier.simulate.timeline import STEPS_PER_MONTH, Floats, Ints, Timeline, months_before, share_of_working_days

GAP_DAYS = 7  # the first step after the as-of date
CONVERSION_DAYS = 60
CHURN_DAYS = 90
TARGETS = (*CONVERSIONS, "churn")
LATER = 12  # stands for a renewal beyond any window, months


@dataclass(frozen=True)
class Window:
    """Where a window ends, in steps.

    Attributes
    ----------
    last_step : int
        The last step of which some working day lies inside, counted from 0 at the as-of date.
    share : float
        Share of its working days that lie inside.
    """

    last_step: int
    share: float


def window(as_of: dt.date, days: int) -> Window:
    """Find where a window ends that begins a gap after a first of a month.

    Parameters
    ----------
    as_of : date
        A first of a month.
    days : int
        Length of the window.

    Returns
    -------
    Window
        Its last step, and how much of it counts.
    """
    around = Timeline(as_of, months_before(as_of, -6))
    end = int(around.edges[0]) + GAP_DAYS + days
    last_step = int(np.searchsorted(around.edges, end, side="left")) - 1
    first, after = around.days(last_step)
    return Window(last_step, share_of_working_days(first, after, before=end))


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


def truth(rates: Rates, chronicle: Chronicle) -> pd.DataFrame:
    """Give the true chances.

    Parameters
    ----------
    rates : Rates
        Those of the world.
    chronicle : Chronicle
        The world as it ran, of which only the states at the as-of dates are used.

    Returns
    -------
    DataFrame
        One row for each account and first of a month at which it has a subscription: `account` (its number), `as_of`,
        the chance of at least one outcome in [as_of + 7 d, as_of + 67 d), for churn + 97 d, as `p_<outcome>`, and the
        latent states.
    """
    population, timeline = chronicle.population, chronicle.timeline
    parts = []
    for step in range(0, timeline.steps + 1, STEPS_PER_MONTH):
        as_of = months_before(timeline.first_day, -(step // STEPS_PER_MONTH))
        these = np.flatnonzero(chronicle.alive[step])
        state = {axis: chronicle.states[axis][step, these] for axis in AXES}
        renewal = months_to_renewal(months_since_start(population, timeline, step)[these])
        chances = {
            f"p_{target}": _chances(target, rates, as_of, population, these, state, renewal) for target in TARGETS
        }
        parts.append(pd.DataFrame({"account": these, "as_of": pd.Timestamp(as_of), **chances, **_told(state)}))
    rows = pd.concat(parts, ignore_index=True)
    return rows.sort_values(["account", "as_of"], kind="stable", ignore_index=True)


def _chances(
    target: str,
    rates: Rates,
    as_of: dt.date,
    population: Population,
    these: Ints,
    state: dict[str, Ints],
    renewal: Ints,
) -> Floats:
    ends = window(as_of, CHURN_DAYS if target == "churn" else CONVERSION_DAYS)
    furthest = ends.last_step // STEPS_PER_MONTH
    month = np.where(renewal > furthest, LATER, renewal)
    chances = np.zeros(len(these))
    kind = (population.brisk[these] * 2 + population.contacted[these]) * (LATER + 1) + month
    for one in np.unique(kind):
        here = np.flatnonzero(kind == one)
        whose, when = divmod(int(one), LATER + 1)
        everywhere = [
            _everywhere(target, rates, bool(whose & 2), bool(whose & 1), step, None if when == LATER else when)
            for step in (ends.last_step - 1, ends.last_step)
        ]
        short, whole = (table[tuple(state[axis][here] for axis in AXES)] for table in everywhere)
        chances[here] = short + ends.share * (whole - short)
    return chances


@lru_cache(maxsize=8)
def _backwards(target: str, rates: Rates, brisk: bool, contacted: bool) -> Backwards:
    return Backwards(chain_of(rates, brisk=brisk, contacted=contacted), target)


@lru_cache(maxsize=512)
def _everywhere(
    target: str, rates: Rates, brisk: bool, contacted: bool, last_step: int, renewal_month: int | None
) -> Floats:
    # a window that ends before the renewal is the same as one without it
    if renewal_month is not None and renewal_month > last_step // STEPS_PER_MONTH:
        return _everywhere(target, rates, brisk, contacted, last_step, None)
    return _backwards(target, rates, brisk, contacted).chances(last_step=last_step, renewal_month=renewal_month)


def _told(state: dict[str, Ints]) -> dict[str, object]:
    """The latent states in words; the tier apart from the need, the champion apart from the budget."""
    names = {axis: np.array(AXES[axis], dtype=object)[state[axis]] for axis in AXES if axis not in ("need", "sponsor")}
    return {
        **names,
        "tier": tiers(state["need"]),
        "need": np.array(NEEDS, dtype=object)[state["need"] % len(NEEDS)],
        "champion": state["sponsor"] > 0,
        "budget": state["sponsor"] > 1,
    }
