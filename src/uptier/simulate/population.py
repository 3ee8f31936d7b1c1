"""Who the customers are: their fixed traits and the state in which each begins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from uptier.simulate.chain import AXES, Bools, State, place
from uptier.simulate.timeline import STEPS_PER_MONTH, Floats, Ints, Timeline

SEGMENTS = ("start-up", "product-led", "mid-market", "enterprise")
SEGMENT_SHARES = (0.30, 0.25, 0.30, 0.15)
BRISK_SEGMENTS = 2  # the first two have the brisk pace
MEDIAN_SEATS = (7.0, 7.0, 13.0, 24.0)
SEATS_SPREAD = 0.45  # standard deviation of the logarithm
MOST_SEATS, FEWEST_SEATS = 80, 4
TIER_SHARES = ((0.75, 0.22, 0.03), (0.72, 0.25, 0.03), (0.48, 0.45, 0.07), (0.20, 0.60, 0.20))  # by segment
INDUSTRIES = ("software", "agency", "manufacturing", "retail", "health", "education", "finance")
REGIONS = ("americas", "europe", "asia-pacific")
REGION_SHARES = (0.45, 0.37, 0.18)
CHANNELS = ("inbound", "outbound", "partner", "self-serve")
ACCOUNTS_PER_CSM = 60
HERE_FROM_THE_START = 0.42  # share of accounts that are older than the tables
OLDEST_MONTHS = 24  # how long before the tables an account may have begun
LATEST_START = 0.7  # share of the time after which nobody new comes
BEFORE_PRESSURE = (0.16, 0.26, 0.27, 0.18, 0.13)
FIRST_PRESSURE = (0.35, 0.40, 0.20, 0.05, 0.0)  # new customers have room
BEFORE = {
    "growth": (0.14, 0.52, 0.15, 0.19),
    "gap": (0.66, 0.20, 0.14),
    "mood": (0.01, 0.11, 0.38, 0.50),
    "sponsor": (0.22, 0.43, 0.35),
}
FIRST = {
    "growth": (0.04, 0.54, 0.22, 0.20),
    "gap": (0.85, 0.13, 0.02),
    "mood": (0.0, 0.08, 0.60, 0.32),
    "sponsor": (0.12, 0.58, 0.30),
}
NOISES = ("gate_hit", "upgrade_prompt", "trial_use", "limit_error", "export", "integration_call")
BEFORE_NEED, FIRST_NEED = (0.66, 0.20, 0.14), (0.86, 0.12, 0.02)


@dataclass(frozen=True, kw_only=True)
class Population:
    """The accounts of a world; all arrays have shape (n_accounts,) unless said otherwise.

    Attributes
    ----------
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
    depth : ndarray of float
        How much its people do on a day, 1 for the middle account.
    noise : ndarray of float, shape (n_accounts, n_noises)
        Times the middle account's rate of each of :data:`NOISES`: habits that mean nothing.
    start : dict of str to ndarray
        Place on each axis at the first step.
    """

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
    depth: Floats
    noise: Floats
    start: State

    def __len__(self) -> int:
        return len(self.segment)

    @property
    def ids(self) -> list[str]:
        """Account ids, zero-padded."""
        return [f"{number:04d}" for number in range(1, len(self) + 1)]


def settle(
    *, accounts: int, timeline: Timeline, never_contacted: float, all_on_first_tier: bool, random: np.random.Generator
) -> Population:
    """Draw the accounts of a world.

    Parameters
    ----------
    accounts : int
        How many.
    timeline : Timeline
        The world's clock.
    never_contacted : float
        Share that no CSM ever calls.
    all_on_first_tier : bool
        Whether everyone begins on the lowest plan.
    random : Generator
        Where chance comes from.

    Returns
    -------
    Population
        Traits and first states.
    """
    segment = _drawn(np.tile(SEGMENT_SHARES, (accounts, 1)), random)
    old = random.random(accounts) < HERE_FROM_THE_START
    first, until = int(timeline.edges[0]), int(timeline.edges[-1])
    arrival = first + 1 + (random.random(accounts) ** 1.3 * LATEST_START * (until - first - 1)).astype(np.int64)
    start_day = np.where(old, first, arrival)
    start_step = np.searchsorted(timeline.edges[:-1], start_day, side="left")
    age_days = (random.random(accounts) * OLDEST_MONTHS * 30).astype(np.int64)
    size = random.lognormal(np.log(np.take(MEDIAN_SEATS, segment)), SEATS_SPREAD)
    tier = _drawn(np.take(TIER_SHARES, segment, axis=0), random) * (not all_on_first_tier)
    need = _drawn(np.where(old[:, None], BEFORE_NEED, FIRST_NEED), random)
    start = {
        "pressure": _drawn(np.where(old[:, None], BEFORE_PRESSURE, FIRST_PRESSURE), random),
        "need": np.where(tier == 2, place("need", "3-none"), tier * 3 + need),
        "talk": np.zeros(accounts, dtype=np.int64),
    }
    for axis in FIRST:
        start[axis] = _drawn(np.where(old[:, None], BEFORE[axis], FIRST[axis]), random)
    return Population(
        segment=segment,
        industry=random.integers(len(INDUSTRIES), size=accounts),
        region=_drawn(np.tile(REGION_SHARES, (accounts, 1)), random),
        channel=random.integers(len(CHANNELS), size=accounts),
        owner=random.integers(max(1, accounts // ACCOUNTS_PER_CSM), size=accounts),
        brisk=segment < BRISK_SEGMENTS,
        contacted=random.random(accounts) >= never_contacted,
        created_day=np.where(old, first - age_days, start_day),
        start_day=start_day,
        start_step=start_step,
        seats=np.clip(np.round(size), FEWEST_SEATS, MOST_SEATS).astype(np.int64),
        discount=np.round(1 - 0.25 * random.random(accounts) ** 2, 2),
        billing_months=np.where(random.random(accounts) < 0.55, 1, 12),
        depth=random.lognormal(0.0, 0.25, accounts),
        noise=random.lognormal(-0.2, 0.75, (accounts, len(NOISES))),
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
