"""Who works in the product: teams that form, grow and shrink, and the days on which each person is there.

Behaviour follows the latent states with delay and noise: a team grows towards what its licence is wanted for, power
users come while it stirs, moods show in how often people come. Nothing here acts back on what is decided.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from uptier.simulate.commerce import FILLED, Chronicle
from uptier.simulate.population import REGIONS
from uptier.simulate.timeline import Floats, Ints, weekday

RAMP_STEPS = 10  # until a new customer's team is complete
CATCH_UP = 0.6  # share of the difference between team and wish that a step closes
TURNOVER = 0.005  # chance that a person leaves, per step
TEAM_NOISE = 0.06  # standard deviation of the wished team, share of the seats
TEAM_MEMORY = 0.93  # how much of that deviation a step keeps
USUAL_DAYS = (2.2, 12.5)  # beta distribution of a person's chance to be there on a working day: 0.15 on average
POWER_ACTIVITY = 0.8  # a power user's chance
POWER_USERS = (0.05, 0.2, 1.3, 1.2)  # expected in a team of nine, by phase of growth
CHAMPION_ACTIVITY = 0.35
EXECUTIVE_ACTIVITY = (0.02, 0.03, 0.11)  # by sponsor: none, a champion, one with budget
ACTIVITY_BY_MOOD = (0.62, 0.66, 0.94, 1.08)
ACTIVITY_BY_SPONSOR = (0.88, 1.0, 1.04)
MOST_ACTIVITY = 0.97
WEEKEND = 0.06  # of a working day
HOLIDAYS = ("12-24", "12-25", "12-26", "12-31", "01-01")
HOLIDAY = 0.1  # of a working day
SUMMER_MONTHS = ("07", "08")
SUMMER = {"americas": 0.95, "europe": 0.80, "asia-pacific": 1.0}

Words = np.ndarray[tuple[int], np.dtype[np.object_]]


@dataclass(frozen=True, eq=False)
class People:
    """Everybody who was ever invited; arrays of shape (n_people,), sorted by account and first step.

    Attributes
    ----------
    account : ndarray of int
        Number of the account.
    role : ndarray of str
        member, admin, champion or executive.
    first, last : ndarray of int
        The steps from which, and before which, the person is there.
    zeal : ndarray of float
        0 to 1; the lowest of a team become power users first.
    usual : ndarray of float
        Chance to be there on a working day.
    """

    account: Ints
    role: Words
    first: Ints
    last: Ints
    zeal: Floats
    usual: Floats


def invite(chronicle: Chronicle, random: np.random.Generator) -> People:
    """Let teams form, grow and shrink.

    Parameters
    ----------
    chronicle : Chronicle
        The world as it ran.
    random : Generator
        Where chance comes from.

    Returns
    -------
    People
        Members as the licence is wanted, the champions of each spell, and an executive for each account.
    """
    population, steps = chronicle.population, chronicle.timeline.steps
    starts, ends = population.start_step, chronicle.alive[:steps].sum(axis=0) + population.start_step
    members = _members(chronicle, random)
    champions = _champions(chronicle, steps)
    executives = np.flatnonzero(starts < steps)
    account = np.concatenate([members[0], champions[0], executives])
    first = np.concatenate([members[1], champions[1], starts[executives]])
    last = np.concatenate([members[2], champions[2], ends[executives]])
    counts = [len(members[0]), len(champions[0]), len(executives)]
    role = np.repeat(np.array(["member", "champion", "executive"], dtype=object), counts)
    role[np.unique(members[0], return_index=True)[1]] = "admin"  # whoever was there first
    order = np.lexsort((first, account))
    return People(
        account=account[order],
        role=role[order],
        first=first[order],
        last=last[order],
        zeal=random.random(len(order)),
        usual=random.beta(*USUAL_DAYS, len(order)),
    )


def active_days(people: People, chronicle: Chronicle, random: np.random.Generator) -> pd.DataFrame:
    """Draw on which days each person is there.

    Parameters
    ----------
    people : People
        Everybody.
    chronicle : Chronicle
        The world as it ran.
    random : Generator
        Where chance comes from.

    Returns
    -------
    DataFrame
        One row for each person and day: `person`, `account`, `step`, `day` as numbers, sorted by step and account.
    """
    timeline, region = chronicle.timeline, chronicle.population.region
    parts = []
    for step in range(timeline.steps):
        there = np.flatnonzero((people.first <= step) & (people.last > step))
        account = people.account[there]
        days = np.arange(*timeline.days(step))
        usual = _activity(people, there, chronicle, step)
        chance = np.minimum(usual[:, None] * _calendar(days)[region[account]], MOST_ACTIVITY)
        active = random.random(chance.shape) < chance
        active &= days[None, :] < chronicle.end_day[account][:, None]
        row, column = np.nonzero(active)
        parts.append(pd.DataFrame({"person": there[row], "account": account[row], "step": step, "day": days[column]}))
    return pd.concat(parts, ignore_index=True)


def _members(chronicle: Chronicle, random: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Account, first and last step of each member."""
    population, steps = chronicle.population, chronicle.timeline.steps
    count = len(population)
    account: Ints = np.zeros(0, dtype=np.int64)
    first: Ints = account.copy()
    last: Ints = account.copy()
    deviation = random.normal(0, TEAM_NOISE, count)
    for step in range(steps):
        fresh = random.normal(0, TEAM_NOISE * np.sqrt(1 - TEAM_MEMORY**2), count)
        deviation = TEAM_MEMORY * deviation + fresh
        alive = chronicle.alive[step]
        there = np.flatnonzero(last == steps)
        gone = (random.random(len(there)) < TURNOVER) | ~alive[account[there]]
        last[there[gone]] = step
        there = there[~gone]
        team = np.bincount(account[there], minlength=count)
        missing = np.where(alive, _wished(chronicle, step, deviation) - team, 0)
        opening = population.start_step == step
        join = np.where(opening, missing, np.ceil(CATCH_UP * missing)).astype(np.int64)
        leave = np.floor(-CATCH_UP * np.minimum(missing + 1, 0)).astype(np.int64)
        last[_some_of(there, account[there], leave, random)] = step
        who = np.repeat(np.arange(count), np.maximum(join, 0))
        account = np.concatenate([account, who])
        first = np.concatenate([first, np.full(len(who), step)])
        last = np.concatenate([last, np.full(len(who), steps)])
    # those who are still there at the end stay until their account ends
    ends = chronicle.alive[:steps].sum(axis=0) + population.start_step
    return account, first, np.minimum(last, ends[account])


def _wished(chronicle: Chronicle, step: int, deviation: Floats) -> Ints:
    """How many members each account wants to have; champion and executive take a seat each."""
    population, seats = chronicle.population, chronicle.seats[step]
    filled = np.array(FILLED)[chronicle.states["pressure"][step]]
    age = step - population.start_step
    new_customer = population.created_day >= population.start_day
    ramp = np.where(new_customer, np.clip(0.4 + 0.6 * age / RAMP_STEPS, 0.0, 1.0), 1.0)
    others = 1 + (chronicle.states["sponsor"][step] > 0)
    wished = np.round(seats * (filled * ramp + deviation)) - others
    members: Ints = np.clip(wished, 1, np.maximum(seats - others, 1)).astype(np.int64)
    return members


def _some_of(there: Ints, account: Ints, leave: Ints, random: np.random.Generator) -> Ints:
    """Draw as many of each account's people as leave."""
    order = np.lexsort((random.random(len(there)), account))
    ranked = account[order]
    rank = np.arange(len(ranked)) - np.searchsorted(ranked, ranked)
    leaving: Ints = there[order[rank < leave[ranked]]]
    return leaving


def _champions(chronicle: Chronicle, steps: int) -> tuple[Ints, Ints, Ints]:
    """Account, first and last step of each champion: one person for each spell."""
    present = chronicle.states["sponsor"][:steps].T > 0
    padded = np.pad(present, ((0, 0), (1, 1))).astype(np.int64)
    account, first = np.nonzero(np.diff(padded) == 1)
    _, last = np.nonzero(np.diff(padded) == -1)
    return account, first, last


def _activity(people: People, there: Ints, chronicle: Chronicle, step: int) -> Floats:
    """Each person's chance to be there on a working day."""
    account, role = people.account[there], people.role[there]
    state = {axis: chronicle.states[axis][step, account] for axis in ("growth", "mood", "sponsor")}
    power = _place_by_zeal(people, there) < _power_users(account, state["growth"])
    usual = np.where(power, POWER_ACTIVITY, people.usual[there])
    usual = np.where(role == "champion", CHAMPION_ACTIVITY, usual)
    usual = np.where(role == "executive", np.array(EXECUTIVE_ACTIVITY)[state["sponsor"]], usual)
    usual = usual * np.array(ACTIVITY_BY_MOOD)[state["mood"]]
    chance: Floats = usual * np.array(ACTIVITY_BY_SPONSOR)[state["sponsor"]]
    return chance


def _place_by_zeal(people: People, there: Ints) -> Ints:
    """Each person's place in the team, the most zealous first; champions and executives stand apart."""
    apart = np.isin(people.role[there], ("champion", "executive"))
    order = np.lexsort((people.zeal[there], apart, people.account[there]))
    ranked = people.account[there][order]
    place: Ints = np.empty(len(there), dtype=np.int64)
    place[order] = np.arange(len(there)) - np.searchsorted(ranked, ranked)
    return place


def _power_users(account: Ints, growth: Ints) -> Ints:
    """How many power users a team has; the part below one is had by some accounts and not by others."""
    team = np.bincount(account)[account]
    taste = account * 0.6180339887 % 1.0  # spread evenly over accounts
    expected: Floats = np.array(POWER_USERS)[growth] * np.sqrt(team / 9)
    return np.floor(expected + taste).astype(np.int64)


def _calendar(days: Ints) -> Floats:
    """How busy each day is in each region, shape (n_regions, n_days); 1 for a working day."""
    dates = days.astype("datetime64[D]").astype(str)
    holiday = np.array([date[5:] in HOLIDAYS for date in dates])
    summer = np.array([date[5:7] in SUMMER_MONTHS for date in dates])
    usual = np.where(holiday, HOLIDAY, np.where(weekday(days) > 4, WEEKEND, 1.0))
    return np.stack([usual * np.where(summer, SUMMER[region], 1.0) for region in REGIONS])
