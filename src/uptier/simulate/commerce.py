"""What the accounts decide as the world runs: seats, plans and add-ons bought, terms renewed, subscriptions ended."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from uptier.simulate.chain import AXES, DECISIONS, Bools, State, advance
from uptier.simulate.outreach import Programme, Talks
from uptier.simulate.parameters import Five, Group, Share
from uptier.simulate.plans import PriceList
from uptier.simulate.population import Population, anniversary, months_since_start
from uptier.simulate.rates import Eras, Rates
from uptier.simulate.rules import chain_of, tiers
from uptier.simulate.shelf import Shelf, Wishes
from uptier.simulate.timeline import Ints, Timeline, moments, office_minutes

SEAT_EXPANSION, PLAN_UPGRADE, ADD_ON, FEWER_SEATS, LOWER_PLAN, CHURN = range(1, len(DECISIONS))
REASONS = {  # of a decision, in the words of the contract
    SEAT_EXPANSION: "expansion",
    PLAN_UPGRADE: "upgrade",
    FEWER_SEATS: "contraction",
    LOWER_PLAN: "downgrade",
}
ROUNDING = 6  # decimals, so that a seat is not added for the last bit


class Commerce(Group):
    """What is sold, and at what price.

    Attributes
    ----------
    filled : tuple of float, shape (5,)
        The team that wants to work over the licensed seats, at each level of pressure.
    fewest_new_seats : float
        Share of the seats that an order of seats brings at least.
    uplift : float
        What is charged more at each renewal by contract, share of the price: more money for the same.
    smallest_addon : float
        Price of an add-on for the smallest accounts, share of that for an account of 20 seats.
    """

    filled: Five = (0.46, 0.60, 0.74, 0.88, 0.985)
    fewest_new_seats: Share = 0.1
    uplift: Share = 0.04
    smallest_addon: Share = 0.4


Words = np.ndarray[tuple[int], np.dtype[np.object_]]


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
    wanted : ndarray of int, shape (n_steps + 1, n_accounts)
        Which feature of the next tier a need is about: its place among all features, those of the lowest tier first;
        -1 on the highest tier.
    commerce : Commerce
        What was sold at what price.
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
    wanted: Ints
    commerce: Commerce
    end_day: Ints
    tables: dict[str, pd.DataFrame]

    @property
    def alive(self) -> Bools:
        """Who lives at the beginning of each step, shape (n_steps + 1, n_accounts)."""
        return self.states["talk"] >= 0


def run(
    *,
    eras: Eras,
    commerce: Commerce,
    programme: Programme,
    population: Population,
    prices: PriceList,
    timeline: Timeline,
    random: np.random.Generator,
) -> Chronicle:
    """Let a block of the world run.

    Parameters
    ----------
    eras : Eras
        The rates of the world, and of its later part.
    commerce : Commerce
        What is sold at what price.
    programme : Programme
        How the upsell programme keeps its books.
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
    wanted = np.zeros((steps + 1, count), dtype=np.int64)
    end_day = np.full(count, timeline.edges[-1])
    left_at_term = np.zeros(count, dtype=bool)
    seats[0] = population.seats
    shelf = Shelf(prices, commerce.smallest_addon, count, random)
    wishes = Wishes(prices, tiers(population.start["need"]), random)
    changes = [_begun(population)]
    talks = Talks(
        eras=eras,
        programme=programme,
        smallest_addon=commerce.smallest_addon,
        prices=prices,
        population=population,
        timeline=timeline,
        random=random,
    )
    for step in range(steps + 1):
        for axis in AXES:
            states[axis][step] = np.where(population.start_step == step, population.start[axis], states[axis][step])
        lacking[step], wanted[step] = shelf.lacking, wishes.wanted
        if step == steps:
            break
        renewing = renews_in(population, timeline, step)
        before = {axis: states[axis][step] for axis in AXES}
        after = {axis: states[axis][step + 1] for axis in AXES}
        decision, decided = _decided(eras.at(step), population, before, after, renewing, random)
        day = timeline.working_day(step, random.random(count))
        minute = office_minutes(random, count)
        end_day = np.where(decision == CHURN, day, end_day)
        left_at_term |= (decision == CHURN) & renewing
        seats[step + 1], ordered = _ordered(commerce, before, decided, decision, seats[step])
        reason = np.array(["", *REASONS.values()], dtype=object)[
            np.select([decision == code for code in REASONS], range(1, len(REASONS) + 1), 0)
        ]
        changes.append(_change(ordered, day, minute, seats[step + 1], tiers(decided["need"]), reason))
        changes.append(_renewed(population, timeline, step, renewing & (before["talk"] >= 0), end_day))
        shelf.bought(np.flatnonzero(decision == ADD_ON), day, minute, seats[step])
        shelf.turned(np.flatnonzero((decision == ADD_ON) | ((before["gap"] > 0) & (after["gap"] <= 0))))
        wishes.turned(before["need"], after["need"])
        talks.live(step, before=before, after=after, decision=decision, day=day, minute=minute, seats=seats[step])
    subscriptions = _subscriptions(
        pd.concat(changes), population, prices, commerce, timeline, end_day, left_at_term, random
    )
    tables = {
        "subscriptions": subscriptions,
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
        wanted=wanted,
        commerce=commerce,
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
    lives = before["talk"] >= 0
    for brisk, deep, contacted in product((False, True), repeat=3):
        kind = (population.brisk == brisk) & (population.deep == deep) & (population.contacted == contacted)
        these = np.flatnonzero(kind & lives)
        chain = chain_of(rates, brisk=brisk, deep=deep, contacted=contacted)
        state = {axis: before[axis][these] for axis in AXES}
        lived = advance(chain, state, renewing=renewing[these], random=random)
        decision[these] = lived.decision
        stays = lived.decision != CHURN
        for axis in AXES:
            decided[axis][these] = lived.decided[axis]
            after[axis][these[stays]] = lived.state[axis][stays]
    return decision, decided


def _ordered(commerce: Commerce, before: State, decided: State, decision: Ints, seats: Ints) -> tuple[Ints, Ints]:
    """Seats after the step, and whose terms changed: the same team on a licence that is less full, or more so."""
    filled = np.array(commerce.filled)
    eased = filled[before["pressure"]] / filled[decided["pressure"]]
    wanted = np.ceil(np.round(seats * eased, ROUNDING)).astype(np.int64)
    fewest = seats + np.maximum(1, np.round(commerce.fewest_new_seats * seats)).astype(np.int64)
    more = np.where(decision == SEAT_EXPANSION, np.maximum(wanted, fewest), seats)
    more = np.where((decision == PLAN_UPGRADE) & (eased > 1), np.maximum(wanted, seats), more)
    less = np.maximum(1, np.minimum(np.floor(seats * eased).astype(np.int64), seats - 1))
    after = np.where(decision == FEWER_SEATS, less, more)
    return after, np.flatnonzero(np.isin(decision, (SEAT_EXPANSION, PLAN_UPGRADE, FEWER_SEATS, LOWER_PLAN)))


def _begun(population: Population) -> pd.DataFrame:
    everyone = np.arange(len(population))
    minute = np.full(len(population), 9 * 60)
    reason = np.full(len(population), "new", dtype=object)
    return _change(everyone, population.start_day, minute, population.seats, tiers(population.start["need"]), reason)


def _change(these: Ints, day: Ints, minute: Ints, seats: Ints, tier: Ints, reason: Words) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account": these,
            "day": day[these],
            "minute": minute[these],
            "seats": seats[these].astype(np.float64),
            "tier": tier[these].astype(np.float64),
            "renewed": 0,
            "reason": reason[these],
        }
    )


def _renewed(population: Population, timeline: Timeline, step: int, due: Bools, end_day: Ints) -> pd.DataFrame:
    """Renewals at the same terms, of those that are still there on the day."""
    first, end = timeline.days(step)
    day = anniversary(population, months_since_start(population, timeline, step))
    these = np.flatnonzero(due & (day >= first) & (day < end) & (day < end_day) & (day > population.start_day))
    return pd.DataFrame(
        {
            "account": these,
            "day": day[these],
            "minute": 5,
            "seats": np.nan,
            "tier": np.nan,
            "renewed": 1,
            "reason": None,
        }
    )


def _subscriptions(
    changes: pd.DataFrame,
    population: Population,
    prices: PriceList,
    commerce: Commerce,
    timeline: Timeline,
    end_day: Ints,
    left_at_term: Bools,
    random: np.random.Generator,
) -> pd.DataFrame:
    """One version for each day on which an account's terms changed."""
    ordered = changes.sort_values(["account", "day", "minute"], kind="stable")
    versions = ordered.groupby(["account", "day"], sort=True).agg(
        {"minute": "max", "seats": "last", "tier": "last", "renewed": "max", "reason": "last"}
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
    # a decision on the day of the renewal says more than the renewal
    renewed = "price_uplift" if commerce.uplift > 0 else "renewal"
    left = np.where(left_at_term[account], "not_renewed", "cancelled").astype(object)
    ids = np.array(population.ids, dtype=object)
    return pd.DataFrame(
        {
            "subscription_id": "s" + ids[account],
            "account": account,
            "plan_id": np.array([plan.id for plan in prices.plans], dtype=object)[tier - 1],
            "seats": seats,
            "mrr": np.round(seats * seat_price * population.discount[account] * (1 + commerce.uplift) ** renewals, 2),
            "billing_period_months": population.billing_months[account],
            "term_end": moments(anniversary(population, terms, account)),
            "valid_from": moments(versions["day"].to_numpy()),
            "valid_to": np.where(ended, moments(end), never),
            "recorded_at": recorded,
            "end_recorded_at": np.where(ended, end_recorded, never),
            "change_reason": versions["reason"].fillna(renewed),
            "end_reason": np.where(ended, np.where(last, left, "changed"), np.array([None])),
        }
    )


def _first_term_months(population: Population) -> Ints:
    """Months from becoming a customer to the end of the term that runs when the tables begin."""
    months = np.full(len(population), 12)
    while (behind := anniversary(population, months) <= population.start_day).any():
        months = months + 12 * behind
    return months
