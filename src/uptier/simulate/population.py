"""Who the customers are: their fixed traits and the state in which each begins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from uptier.simulate.chain import AXES, Bools, State, place
from uptier.simulate.parameters import (
    FiveMix,
    Four,
    FourMix,
    FourRates,
    Group,
    Rate,
    Share,
    ThreeMix,
    TierMix,
    TwoMix,
)
from uptier.simulate.timeline import STEPS_PER_MONTH, Floats, Ints, Timeline

SEGMENTS = ("start-up", "product-led", "mid-market", "enterprise")
BRISK_SEGMENTS = 2  # the first two have the brisk pace
INDUSTRIES = ("software", "agency", "manufacturing", "retail", "health", "education", "finance")
REGIONS = ("americas", "europe", "asia-pacific")
CHANNELS = ("inbound", "outbound", "partner", "self-serve")
NOISES = ("gate_hit", "upgrade_prompt", "trial_use", "limit_error", "export", "integration_call")
ROOM_FOR_IDS = 1_000_000  # in each block of accounts


class Before(Group):
    """In which state accounts begin; shares of the states of each axis.

    Attributes
    ----------
    growth, pressure, need, gap, mood, champion, budget : tuple of float
        Shares, in the order of :data:`uptier.simulate.chain.AXES`; need without the tier.
    """

    growth: FourMix
    pressure: FiveMix
    need: ThreeMix
    gap: ThreeMix
    mood: FourMix
    champion: TwoMix
    budget: TwoMix


class Customers(Group):
    """Who the customers are.

    Attributes
    ----------
    segments : tuple of float, shape (4,)
        Shares of start-ups, product-led companies, mid-market and enterprise.
    seats : tuple of float, shape (4,)
        Seats of the middle account at its start, by segment.
    seats_spread : float
        Standard deviation of the logarithm of the seats.
    fewest_seats, most_seats : int
        Bounds of the seats at the start.
    tiers : tuple of tuple of float, shape (4, 3)
        Shares of the plans at the start, by segment.
    regions : tuple of float, shape (3,)
        Shares of americas, europe and asia-pacific.
    accounts_per_csm : int
        How many accounts one CSM looks after.
    here_from_the_start : float
        Share of accounts that are older than the tables.
    oldest_months : int
        How long before the tables an account may have begun, months.
    latest_start : float
        Share of the time after which nobody new comes.
    early : float
        How much earlier than evenly new accounts come; 1 is evenly.
    deep : tuple of float, shape (4,)
        Share of accounts whose people use much of the product, by segment.
    most_discount : float
        Largest discount, share of the list price; most have little.
    billed_monthly : float
        Share of accounts that pay by the month; the others by the year.
    depth_spread : float
        Standard deviation of the logarithm of how much an account's people do, beside what deep use explains.
    noise_level, noise_spread : float
        Mean and standard deviation of the logarithm of an account's habits that mean nothing.
    before, first : Before
        States of accounts that are older than the tables, and of new ones.
    """

    segments: FourMix = (0.30, 0.25, 0.30, 0.15)
    seats: FourRates = (15.0, 15.0, 30.0, 60.0)
    seats_spread: Rate = 0.45
    fewest_seats: int = Field(default=4, ge=2)
    most_seats: int = Field(default=300, ge=2)
    tiers: TierMix = ((0.75, 0.22, 0.03), (0.72, 0.25, 0.03), (0.48, 0.45, 0.07), (0.20, 0.60, 0.20))
    regions: ThreeMix = (0.45, 0.37, 0.18)
    accounts_per_csm: int = Field(default=60, ge=1)
    here_from_the_start: Share = 0.42
    oldest_months: int = Field(default=24, ge=1)
    latest_start: Share = 0.7
    early: Rate = 1.3
    deep: Four = (0.40, 0.45, 0.50, 0.55)
    most_discount: Share = 0.25
    billed_monthly: Share = 0.55
    depth_spread: Rate = 0.25
    noise_level: float = -0.3
    noise_spread: Rate = 0.85
    before: Before = Before(
        growth=(0.16, 0.54, 0.13, 0.17),
        pressure=(0.18, 0.27, 0.27, 0.17, 0.11),
        need=(0.68, 0.19, 0.13),
        gap=(0.68, 0.19, 0.13),
        mood=(0.01, 0.11, 0.38, 0.50),
        champion=(0.22, 0.78),
        budget=(0.57, 0.43),
    )
    first: Before = Before(
        growth=(0.04, 0.54, 0.22, 0.20),
        pressure=(0.35, 0.40, 0.20, 0.05, 0.0),
        need=(0.86, 0.12, 0.02),
        gap=(0.85, 0.13, 0.02),
        mood=(0.0, 0.08, 0.60, 0.32),
        champion=(0.12, 0.88),
        budget=(0.65, 0.35),
    )


@dataclass(frozen=True, kw_only=True)
class Population:
    """A block of a world's accounts; all arrays have shape (n_accounts,) unless said otherwise.

    Attributes
    ----------
    block : int
        Which block of the world.
    ids : list of str
        Account ids, zero-padded.
    segment, industry, region, channel : ndarray of int
        Places in :data:`SEGMENTS`, :data:`INDUSTRIES`, :data:`REGIONS` and :data:`CHANNELS`.
    owner : ndarray of int
        Number of the CSM.
    brisk : ndarray of bool
        Whether the team has the brisk pace.
    contacted : ndarray of bool
        Whether CSMs may call.
    created_day : ndarray of int
        Day on which it became a customer; may lie before the tables.
    start_day : ndarray of int
        First day of its subscription in the tables.
    start_step : ndarray of int
        First step that it lives through.
    seats : ndarray of int
        Seats at the start.
    discount : ndarray of float
        Times the list price.
    billing_months : ndarray of int
        1 or 12.
    deep : ndarray of bool
        Whether its people use much of the product.
    depth : ndarray of float
        Times what its people do on a day, beside what deep use explains; 1 for the middle account.
    noise : ndarray of float, shape (n_accounts, n_noises)
        Times the middle account's rate of each of :data:`NOISES`: habits that mean nothing.
    start : dict of str to ndarray
        Place on each axis at the first step.
    """

    block: int
    ids: list[str]
    segment: Ints
    industry: Ints
    region: Ints
    channel: Ints
    owner: Ints
    brisk: Bools
    contacted: Bools
    created_day: Ints
    start_day: Ints
    start_step: Ints
    seats: Ints
    discount: Floats
    billing_months: Ints
    deep: Bools
    depth: Floats
    noise: Floats
    start: State

    def __len__(self) -> int:
        return len(self.segment)

    @property
    def first_number(self) -> int:
        """From where ids are counted that must be the block's own."""
        return self.block * ROOM_FOR_IDS


def settle(
    customers: Customers,
    *,
    block: int,
    ids: list[str],
    csms: int,
    timeline: Timeline,
    never_contacted: float,
    random: np.random.Generator,
) -> Population:
    """Draw a block of the accounts of a world.

    Parameters
    ----------
    customers : Customers
        Who they are.
    block : int
        Which block.
    ids : list of str
        One for each account.
    csms : int
        How many CSMs share the world's accounts.
    timeline : Timeline
        The world's clock.
    never_contacted : float
        Share that no CSM ever calls.
    random : Generator
        Where chance comes from.

    Returns
    -------
    Population
        Traits and first states.
    """
    accounts = len(ids)
    segment = _drawn(np.tile(customers.segments, (accounts, 1)), random)
    old = random.random(accounts) < customers.here_from_the_start
    first, until = int(timeline.edges[0]), int(timeline.edges[-1])
    when = random.random(accounts) ** customers.early * customers.latest_start
    arrival = first + 1 + (when * (until - first - 1)).astype(np.int64)
    start_day = np.where(old, first, arrival)
    age_days = (random.random(accounts) * customers.oldest_months * 30).astype(np.int64)
    size = random.lognormal(np.log(np.take(customers.seats, segment)), customers.seats_spread)
    tier = _drawn(np.take(customers.tiers, segment, axis=0), random)
    start = {"talk": np.zeros(accounts, dtype=np.int64)}
    for axis in Before.model_fields:
        shares = np.where(old[:, None], getattr(customers.before, axis), getattr(customers.first, axis))
        start[axis] = _drawn(shares, random)
    start["need"] = np.where(tier == 2, place("need", "3-none"), tier * 3 + start["need"])
    return Population(
        block=block,
        ids=ids,
        segment=segment,
        industry=random.integers(len(INDUSTRIES), size=accounts),
        region=_drawn(np.tile(customers.regions, (accounts, 1)), random),
        channel=random.integers(len(CHANNELS), size=accounts),
        owner=random.integers(csms, size=accounts),
        brisk=segment < BRISK_SEGMENTS,
        contacted=random.random(accounts) >= never_contacted,
        created_day=np.where(old, first - age_days, start_day),
        start_day=start_day,
        start_step=np.searchsorted(timeline.edges[:-1], start_day, side="left"),
        seats=np.clip(np.round(size), customers.fewest_seats, customers.most_seats).astype(np.int64),
        discount=np.round(1 - customers.most_discount * random.random(accounts) ** 2, 2),
        billing_months=np.where(random.random(accounts) < customers.billed_monthly, 1, 12),
        deep=random.random(accounts) < np.take(customers.deep, segment),
        depth=random.lognormal(0.0, customers.depth_spread, accounts),
        noise=random.lognormal(customers.noise_level, customers.noise_spread, (accounts, len(NOISES))),
        start={axis: start[axis] for axis in AXES},
    )


def months_since_start(population: Population, timeline: Timeline, step: int) -> Ints:
    """Give how many months lie between the month in which each account became a customer and that of a step.

    Parameters
    ----------
    population : Population
        The accounts.
    timeline : Timeline
        The world's clock.
    step : int
        The step, or the number of steps for the moment after the last one.

    Returns
    -------
    ndarray of int, shape (n_accounts,)
        0 in the first month.
    """
    created = population.created_day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return timeline.month_of_first + step // STEPS_PER_MONTH - 1970 * 12 - created


def anniversary(population: Population, months: Ints, these: Ints | None = None) -> Ints:
    """Give the day that lies whole months after the account became a customer.

    Parameters
    ----------
    population : Population
        The accounts.
    months : ndarray of int, shape (n,)
        How many months.
    these : ndarray of int, shape (n,), optional
        Numbers of the accounts; all by default.

    Returns
    -------
    ndarray of int, shape (n,)
        Day numbers; the 29th and later count as the 28th.
    """
    created = population.created_day if these is None else population.created_day[these]
    month = created.astype("datetime64[D]").astype("datetime64[M]")
    in_month = created - month.astype("datetime64[D]").astype(np.int64)
    return (month + months).astype("datetime64[D]").astype(np.int64) + np.minimum(in_month, 27)


def _drawn(shares: Floats, random: np.random.Generator) -> Ints:
    """One place a row, by the row's shares."""
    cumulative = np.cumsum(shares, axis=1)[:, :-1]
    places: Ints = np.sum(random.random(len(shares))[:, None] >= cumulative, axis=1, dtype=np.int64)
    return places
