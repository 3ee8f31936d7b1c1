"""Who works in the product: teams that form, grow and shrink, and the days on which each person is there.

Behaviour follows the latent states with delay and noise: a team grows towards what its licence is wanted for, power
users come while it stirs, moods show in how often people come, a free budget in how often the executive does. The
calendar adds its own rhythm. Nothing here acts back on what is decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from uptier.simulate.chain import Bools
from uptier.simulate.commerce import Chronicle
from uptier.simulate.parameters import FourRates, Group, Rate, Share, Two, TwoRates
from uptier.simulate.seasons import Calendar, business
from uptier.simulate.timeline import Floats, Ints

Words = np.ndarray[tuple[int], np.dtype[np.object_]]
Positive = Annotated[float, Field(gt=0)]
Steps = Annotated[int, Field(ge=1)]


class Teams(Group):
    """How teams form and how often their people come.

    Attributes
    ----------
    ramp_steps : int
        Steps until a new customer's team is complete.
    ramp_from : float
        Share of that team that is invited at once.
    catch_up : float
        Share of the difference between the team and the wished one that a step closes.
    turnover : float
        Chance that a person leaves, per step.
    team_noise : float
        Standard deviation of the wished team, share of the seats.
    team_memory : float
        Share of that deviation that a step keeps.
    usual_days : tuple of float, shape (2,)
        Both parameters of the beta distribution of a person's chance to be there on a working day.
    power_activity : float
        A power user's chance to be there on a working day.
    power_users : tuple of float, shape (4,)
        Power users to be expected in a team of middle size, by phase of growth.
    power_team : float
        That middle size, persons; the number grows with the square root.
    champion_activity : float
        A champion's chance to be there on a working day.
    executive_activity : tuple of float, shape (2,)
        An executive's chance to be there on a working day, by budget: tight, free.
    activity_by_mood : tuple of float, shape (4,)
        Times everybody's chance.
    activity_by_growth : tuple of float, shape (4,)
        Times everybody's chance, by phase of the team.
    activity_by_champion : tuple of float, shape (2,)
        Times everybody's chance, without a champion and with one.
    most_activity : float
        The highest chance on any day.
    settling_steps : int
        Steps until a new person comes as often as later.
    settling_from : float
        How often such a person comes in the first step, share of later.
    onboarding_steps : int
        Length of a new customer's onboarding.
    onboarding_activity : float
        Times everybody's chance in those steps.
    calendar : Calendar
        Which days are busy and which are quiet.
    """

    ramp_steps: Steps = 10
    ramp_from: Share = 0.4
    catch_up: Share = 0.6
    turnover: Share = 0.005
    team_noise: Rate = 0.06
    team_memory: Share = 0.93
    usual_days: tuple[Positive, Positive] = (2.25, 11.9)
    power_activity: Share = 0.8
    power_users: FourRates = (0.02, 0.08, 1.6, 1.4)
    power_team: Positive = 9.0
    champion_activity: Share = 0.35
    executive_activity: Two = (0.02, 0.30)
    activity_by_mood: FourRates = (0.50, 0.62, 0.93, 1.10)
    activity_by_growth: FourRates = (0.93, 1.0, 1.0, 1.03)
    activity_by_champion: TwoRates = (0.88, 1.02)
    most_activity: Share = 0.97
    settling_steps: Steps = 4
    settling_from: Share = 0.5
    onboarding_steps: Steps = 4
    onboarding_activity: Rate = 1.3
    calendar: Calendar = Calendar()


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


def invite(chronicle: Chronicle, teams: Teams, random: np.random.Generator) -> People:
    """Let teams form, grow and shrink.

    Parameters
    ----------
    chronicle : Chronicle
        The world as it ran.
    teams : Teams
        How teams form.
    random : Generator
        Where chance comes from.

    Returns
    -------
    People
        Members as the licence is wanted, the champions of each spell, and an executive for each account.
    """
    population, steps = chronicle.population, chronicle.timeline.steps
    starts, ends = population.start_step, chronicle.alive[:steps].sum(axis=0) + population.start_step
    members = _members(chronicle, teams, random)
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
        usual=random.beta(*teams.usual_days, len(order)),
    )


def active_days(people: People, chronicle: Chronicle, teams: Teams, random: np.random.Generator) -> pd.DataFrame:
    """Draw on which days each person is there.

    Parameters
    ----------
    people : People
        Everybody.
    chronicle : Chronicle
        The world as it ran.
    teams : Teams
        How often people come.
    random : Generator
        Where chance comes from.

    Returns
    -------
    DataFrame
        One row for each person and day: `person`, `account`, `step`, `day` as numbers, sorted by step and account.
    """
    timeline, population = chronicle.timeline, chronicle.population
    busy = business(timeline, teams.calendar)
    taste = random.random(len(population))  # some accounts have power users sooner than others
    apart = np.isin(people.role, ("champion", "executive"))
    persons, days_there, counts = [], [], []
    for step in range(timeline.steps):
        there = np.flatnonzero((people.first <= step) & (people.last > step))
        account = people.account[there]
        days = np.arange(*timeline.days(step))
        power = _place_by_zeal(people, apart, there) < _power_users(account, taste, chronicle, teams, step)
        usual = _activity(people, there, power, chronicle, teams, step)
        usual *= _settled(people, apart, there, chronicle, teams, step)
        here = busy[:, :, days - timeline.edges[0]][population.region[account], population.industry[account]]
        chance = np.minimum(usual[:, None] * here, teams.most_activity)
        active = random.random(chance.shape) < chance
        active &= days[None, :] < chronicle.end_day[account][:, None]
        row, column = np.nonzero(active)
        persons.append(there[row])
        days_there.append(days[column])
        counts.append(len(row))
    person = np.concatenate(persons)
    return pd.DataFrame(
        {
            "person": person,
            "account": people.account[person],
            "step": np.repeat(np.arange(timeline.steps), counts),
            "day": np.concatenate(days_there),
        }
    )


def _members(chronicle: Chronicle, teams: Teams, random: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Account, first and last step of each member."""
    population, steps = chronicle.population, chronicle.timeline.steps
    count = len(population)
    account: Ints = np.zeros(0, dtype=np.int64)
    first: Ints = account.copy()
    last: Ints = account.copy()
    deviation = random.normal(0, teams.team_noise, count)
    for step in range(steps):
        fresh = random.normal(0, teams.team_noise * np.sqrt(1 - teams.team_memory**2), count)
        deviation = teams.team_memory * deviation + fresh
        alive = chronicle.alive[step]
        there = np.flatnonzero(last == steps)
        gone = (random.random(len(there)) < teams.turnover) | ~alive[account[there]]
        last[there[gone]] = step
        there = there[~gone]
        team = np.bincount(account[there], minlength=count)
        missing = np.where(alive, _wished(chronicle, teams, step, deviation) - team, 0)
        opening = population.start_step == step
        join = np.where(opening, missing, np.ceil(teams.catch_up * missing)).astype(np.int64)
        leave = np.floor(-teams.catch_up * np.minimum(missing + 1, 0)).astype(np.int64)
        last[_some_of(there, account[there], leave, random)] = step
        who = np.repeat(np.arange(count), np.maximum(join, 0))
        account = np.concatenate([account, who])
        first = np.concatenate([first, np.full(len(who), step)])
        last = np.concatenate([last, np.full(len(who), steps)])
    # those who are still there at the end stay until their account ends
    ends = chronicle.alive[:steps].sum(axis=0) + population.start_step
    return account, first, np.minimum(last, ends[account])


def _wished(chronicle: Chronicle, teams: Teams, step: int, deviation: Floats) -> Ints:
    """How many members each account wants to have; champion and executive take a seat each."""
    population, seats = chronicle.population, chronicle.seats[step]
    filled = np.array(chronicle.commerce.filled)[chronicle.states["pressure"][step]]
    age = step - population.start_step
    grown = np.clip(teams.ramp_from + (1 - teams.ramp_from) * age / teams.ramp_steps, 0.0, 1.0)
    ramp = np.where(_came_new(chronicle), grown, 1.0)
    others = 1 + (chronicle.states["champion"][step] > 0)
    wished = np.round(seats * (filled * ramp + deviation)) - others
    members: Ints = np.clip(wished, 1, np.maximum(seats - others, 1)).astype(np.int64)
    return members


def _came_new(chronicle: Chronicle) -> Bools:
    """Who became a customer in the time of the tables."""
    return chronicle.population.created_day >= chronicle.population.start_day


def _some_of(there: Ints, account: Ints, leave: Ints, random: np.random.Generator) -> Ints:
    """Draw as many of each account's people as leave."""
    order = np.lexsort((random.random(len(there)), account))
    ranked = account[order]
    rank = np.arange(len(ranked)) - np.searchsorted(ranked, ranked)
    leaving: Ints = there[order[rank < leave[ranked]]]
    return leaving


def _champions(chronicle: Chronicle, steps: int) -> tuple[Ints, Ints, Ints]:
    """Account, first and last step of each champion: one person for each spell."""
    present = chronicle.states["champion"][:steps].T > 0
    padded = np.pad(present, ((0, 0), (1, 1))).astype(np.int64)
    account, first = np.nonzero(np.diff(padded) == 1)
    _, last = np.nonzero(np.diff(padded) == -1)
    return account, first, last


def _activity(
    people: People,
    there: Ints,
    power: Bools,
    chronicle: Chronicle,
    teams: Teams,
    step: int,
) -> Floats:
    """Each person's chance to be there on a working day."""
    account, role = people.account[there], people.role[there]
    state = {axis: chronicle.states[axis][step, account] for axis in ("mood", "growth", "champion", "budget")}
    usual = np.where(power, teams.power_activity, people.usual[there])
    usual = np.where(role == "champion", teams.champion_activity, usual)
    usual = np.where(role == "executive", np.array(teams.executive_activity)[state["budget"]], usual)
    usual = usual * np.array(teams.activity_by_mood)[state["mood"]]
    usual = usual * np.array(teams.activity_by_growth)[state["growth"]]
    chance: Floats = usual * np.array(teams.activity_by_champion)[state["champion"]]
    return chance


def _settled(
    people: People,
    apart: Bools,
    there: Ints,
    chronicle: Chronicle,
    teams: Teams,
    step: int,
) -> Floats:
    """Times each person's chance: new people come less at first, a new customer's people more while it is set up."""
    start, new = chronicle.population.start_step[people.account[there]], _came_new(chronicle)[people.account[there]]
    first = people.first[there]
    known = apart[there] | (~new & (first == start))  # older customers' people know their way
    share = np.minimum((step - first) / teams.settling_steps, 1.0)
    settled = np.where(known, 1.0, teams.settling_from + (1 - teams.settling_from) * share)
    onboarding = new & (step - start < teams.onboarding_steps)
    times: Floats = settled * np.where(onboarding, teams.onboarding_activity, 1.0)
    return times


def _place_by_zeal(people: People, apart: Bools, there: Ints) -> Ints:
    """Each person's place in the team, the most zealous first; champions and executives stand apart."""
    order = np.lexsort((people.zeal[there], apart[there], people.account[there]))
    ranked = people.account[there][order]
    place: Ints = np.empty(len(there), dtype=np.int64)
    place[order] = np.arange(len(there)) - np.searchsorted(ranked, ranked)
    return place


def _power_users(account: Ints, taste: Floats, chronicle: Chronicle, teams: Teams, step: int) -> Ints:
    """How many power users a team has; the part below one is had by some accounts and not by others."""
    team = np.bincount(account)[account]
    growth = chronicle.states["growth"][step, account]
    expected: Floats = np.array(teams.power_users)[growth] * np.sqrt(team / teams.power_team)
    return np.floor(expected + taste[account]).astype(np.int64)
