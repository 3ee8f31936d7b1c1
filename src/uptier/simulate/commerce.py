"""What the accounts decide as the world runs: seats, plans and add-ons bought, terms renewed, subscriptions ended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from uptier.simulate.chain import AXES, DECISIONS, Bools, State, advance
from uptier.simulate.outreach import Talks
from uptier.simulate.plans import PriceList
from uptier.simulate.population import Population, anniversary, months_since_start
from uptier.simulate.rates import Rates
from uptier.simulate.rules import chain_of, tiers
from uptier.simulate.timeline import Floats, Ints, Timeline, moments, office_minutes

FILLED = (0.46, 0.60, 0.74, 0.88, 0.985)  # team over seats at each level of pressure
FEWEST_NEW_SEATS = 0.1  # share of the seats that an order of seats brings at least
UPLIFT = 1.04  # yearly, by contract: more money for the same
SEAT_EXPANSION, PLAN_UPGRADE, ADD_ON, FEWER_SEATS, LOWER_PLAN, CHURN = range(1, len(DECISIONS))


@dataclass(frozen=True, eq=False)
class Chronicle:
    """What happened to every account.

    Attributes
    ----------
    population : Population
        The accounts.
    prices : PriceList
        What they could buy.
    timeline : Timeline
        The world's clock.
    states : dict of str to ndarray of int, shape (n_steps + 1, n_accounts)
        Place on each axis at the beginning of each step; -1 before the start and after the end.
    seats : ndarray of int, shape (n_steps + 1, n_accounts)
        Licensed seats at the beginning of each step.
    lacking : ndarray of int, shape (n_steps + 1, n_accounts)
        Which add-on a gap is about.
    end_day : ndarray of int, shape (n_accounts,)
        First day without subscription; the end of the world for those that stay.
    tables : dict of str to DataFrame
        subscriptions, addons, outreach and opportunities in the columns of the contract, save that `account` is the
        account's number.
    """

    population: Population
    prices: PriceList
    timeline: Timeline
    states: dict[str, Ints]
    seats: Ints
    lacking: Ints
    end_day: Ints
    tables: dict[str, pd.DataFrame]

    @property
    def alive(self) -> Bools:
        """Who lives at the beginning of each step, shape (n_steps + 1, n_accounts)."""
        return self.states["talk"] >= 0


def run(
    *, rates: Rates, population: Population, prices: PriceList, timeline: Timeline, random: np.random.Generator
) -> Chronicle:
    """Let the world run.

    Parameters
    ----------
    rates : Rates
        Those of the world.
    population : Population
        The accounts.
    prices : PriceList
        What can be bought.
    timeline : Timeline
        The world's clock.
    random : Generator
        Where chance comes from.

    Returns
    -------
    Chronicle
        States, seats and the tables of commerce.
    """
    count, steps = len(population), timeline.steps
    states = {axis: np.full((steps + 1, count), -1, dtype=np.int64) for axis in AXES}
    seats = np.zeros((steps + 1, count), dtype=np.int64)
    lacking = np.zeros((steps + 1, count), dtype=np.int64)
    end_day = np.full(count, timeline.edges[-1])
    seats[0] = population.seats
    shelf = _Shelf(prices, count, random)
    changes = [_begun(population)]
    talks = Talks(rates=rates, prices=prices, population=population, timeline=timeline, random=random)
    for step in range(steps + 1):
        for axis in AXES:
            states[axis][step] = np.where(population.start_step == step, population.start[axis], states[axis][step])
        lacking[step] = shelf.lacking
        if step == steps:
            break
        renewing = renews_in(population, timeline, step)
        before = {axis: states[axis][step] for axis in AXES}
        after = {axis: states[axis][step + 1] for axis in AXES}
        decision, decided = _decided(rates, population, before, after, renewing, random)
        day = timeline.working_day(step, random.random(count))
        minute = office_minutes(random, count)
        end_day = np.where(decision == CHURN, day, end_day)
        seats[step + 1], ordered = _ordered(before, decided, decision, seats[step])
        changes.append(_change(ordered, day, minute, seats[step + 1], tiers(decided["need"])))
        changes.append(_renewed(population, timeline, step, renewing & (before["talk"] >= 0), end_day))
        shelf.bought(np.flatnonzero(decision == ADD_ON), day, minute, seats[step])
        shelf.turned(np.flatnonzero((decision == ADD_ON) | ((before["gap"] > 0) & (after["gap"] <= 0))))
        talks.live(step, before=before, after=after, decision=decision, day=day, minute=minute, seats=seats[step])
    tables = {
        "subscriptions": _subscriptions(pd.concat(changes), population, prices, timeline, end_day, random),
        "addons": shelf.table(timeline, end_day, random),
        "outreach": talks.outreach(),
        "opportunities": talks.opportunities(),
    }
    return Chronicle(
        population=population,
        prices=prices,
        timeline=timeline,
        states=states,
        seats=seats,
        lacking=lacking,
        end_day=end_day,
        tables=tables,
    )


def renews_in(population: Population, timeline: Timeline, step: int) -> Bools:
    """Say whose term ends in the month of a step.

    Parameters
    ----------
    population : Population
        The accounts.
    timeline : Timeline
        The world's clock.
    step : int
        The step.

    Returns
    -------
    ndarray of bool, shape (n_accounts,)
        True once a year.
    """
    months = months_since_start(population, timeline, step)
    renews: Bools = (months > 0) & (months % 12 == 0)
    return renews


def _decided(
    rates: Rates, population: Population, before: State, after: State, renewing: Bools, random: np.random.Generator
) -> tuple[Ints, State]:
    """Let each kind of account live through a step; writes who stays into `after`."""
    decision = np.zeros(len(population), dtype=np.int64)
    decided = {axis: places.copy() for axis, places in before.items()}
    for brisk in (False, True):
        for contacted in (False, True):
            kind = (population.brisk == brisk) & (population.contacted == contacted) & (before["talk"] >= 0)
            these = np.flatnonzero(kind)
            chain = chain_of(rates, brisk=brisk, contacted=contacted)
            state = {axis: before[axis][these] for axis in AXES}
            lived = advance(chain, state, renewing=renewing[these], random=random)
            decision[these] = lived.decision
            stays = lived.decision != CHURN
            for axis in AXES:
                decided[axis][these] = lived.decided[axis]
                after[axis][these[stays]] = lived.state[axis][stays]
    return decision, decided


def _ordered(before: State, decided: State, decision: Ints, seats: Ints) -> tuple[Ints, Ints]:
    """Seats after the step, and whose terms changed: the same team on a licence that is less full, or more so."""
    filled = np.array(FILLED)
    eased = filled[before["pressure"]] / filled[decided["pressure"]]
    wanted = np.ceil(np.round(seats * eased, 6)).astype(np.int64)
    fewest = seats + np.maximum(1, np.round(FEWEST_NEW_SEATS * seats)).astype(np.int64)
    more = np.where(decision == SEAT_EXPANSION, np.maximum(wanted, fewest), seats)
    more = np.where((decision == PLAN_UPGRADE) & (eased > 1), np.maximum(wanted, seats), more)
    less = np.maximum(1, np.minimum(np.floor(seats * eased).astype(np.int64), seats - 1))
    after = np.where(decision == FEWER_SEATS, less, more)
    return after, np.flatnonzero(np.isin(decision, (SEAT_EXPANSION, PLAN_UPGRADE, FEWER_SEATS, LOWER_PLAN)))


def _begun(population: Population) -> pd.DataFrame:
    everyone = np.arange(len(population))
    minute = np.full(len(population), 9 * 60)
    return _change(everyone, population.start_day, minute, population.seats, tiers(population.start["need"]))


def _change(these: Ints, day: Ints, minute: Ints, seats: Ints, tier: Ints) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account": these,
            "day": day[these],
            "minute": minute[these],
            "seats": seats[these].astype(np.float64),
            "tier": tier[these].astype(np.float64),
            "renewed": 0,
        }
    )


def _renewed(population: Population, timeline: Timeline, step: int, due: Bools, end_day: Ints) -> pd.DataFrame:
    """Renewals at the same terms, of those that are still there on the day."""
    first, end = timeline.days(step)
    day = anniversary(population, months_since_start(population, timeline, step))
    these = np.flatnonzero(due & (day >= first) & (day < end) & (day < end_day) & (day > population.start_day))
    return pd.DataFrame(
        {"account": these, "day": day[these], "minute": 5, "seats": np.nan, "tier": np.nan, "renewed": 1}
    )


def _subscriptions(
    changes: pd.DataFrame,
    population: Population,
    prices: PriceList,
    timeline: Timeline,
    end_day: Ints,
    random: np.random.Generator,
) -> pd.DataFrame:
    """One version for each day on which an account's terms changed."""
    ordered = changes.sort_values(["account", "day", "minute"], kind="stable")
    versions = ordered.groupby(["account", "day"], sort=True).agg(
        {"minute": "max", "seats": "last", "tier": "last", "renewed": "max"}
    )
    versions = versions.reset_index()
    by_account = versions.groupby("account", sort=False)
    versions[["seats", "tier"]] = by_account[["seats", "tier"]].ffill()
    account = versions["account"].to_numpy()
    renewals = by_account["renewed"].cumsum().to_numpy()
    tier = versions["tier"].to_numpy().astype(np.int64)
    seats = versions["seats"].to_numpy().astype(np.int64)
    seat_price = np.array([plan.seat_price for plan in prices.plans])[tier - 1]
    terms = _first_term_months(population)[account] + 12 * renewals
    recorded = moments(versions["day"].to_numpy(), versions["minute"].to_numpy())
    last = np.r_[account[1:] != account[:-1], True]
    end = np.where(last, end_day[account], np.r_[versions["day"].to_numpy()[1:], 0])
    ended = end < timeline.edges[-1]
    left_recorded = moments(end, office_minutes(random, len(versions)))
    end_recorded = np.where(last, left_recorded, np.r_[recorded[1:], recorded[:1]])
    never = np.datetime64("NaT")
    return pd.DataFrame(
        {
            "subscription_id": [f"s{number + 1:04d}" for number in account],
            "account": account,
            "plan_id": np.array([plan.id for plan in prices.plans], dtype=object)[tier - 1],
            "seats": seats,
            "mrr": np.round(seats * seat_price * population.discount[account] * UPLIFT**renewals, 2),
            "billing_period_months": population.billing_months[account],
            "term_end": moments(anniversary(population, terms, account)),
            "valid_from": moments(versions["day"].to_numpy()),
            "valid_to": np.where(ended, moments(end), never),
            "recorded_at": recorded,
            "end_recorded_at": np.where(ended, end_recorded, never),
        }
    )


def _first_term_months(population: Population) -> Ints:
    """Months from becoming a customer to the end of the term that runs when the tables begin."""
    months = np.full(len(population), 12)
    while (behind := anniversary(population, months) <= population.start_day).any():
        months = months + 12 * behind
    return months


class _Shelf:
    """Add-ons: which one each account lacks, and who bought which when."""

    def __init__(self, prices: PriceList, accounts: int, random: np.random.Generator) -> None:
        self._prices = prices
        self._random = random
        self._held = np.zeros((accounts, len(prices.extras)), dtype=bool)
        self._rows: list[pd.DataFrame] = []
        self.lacking: Ints = random.integers(len(prices.extras), size=accounts)

    def bought(self, these: Ints, day: Ints, minute: Ints, seats: Ints) -> None:
        which = self.lacking[these]
        self._held[these, which] = True
        price: Floats = np.array([extra.price for extra in self._prices.extras])[which]
        self._rows.append(
            pd.DataFrame(
                {
                    "account": these,
                    "which": which,
                    "mrr": np.round(price * np.maximum(0.4, seats[these] / 20), 2),
                    "day": day[these],
                    "minute": minute[these],
                }
            )
        )

    def turned(self, these: Ints) -> None:
        """A gap that is over leaves room for another, about something that the account does not hold."""
        wish = self._random.random((len(these), len(self._prices.extras))) - self._held[these]
        self.lacking = self.lacking.copy()
        self.lacking[these] = wish.argmax(axis=1)

    def table(self, timeline: Timeline, end_day: Ints, random: np.random.Generator) -> pd.DataFrame:
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
