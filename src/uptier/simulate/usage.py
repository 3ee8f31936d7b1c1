"""What people do on their days in the product, and what the meters read.

Needs show in what people touch: gates, prompts and trials of the next tier's features, limits, exports to other tools.
So do other things: every account does some of each for no reason, some much more than others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from uptier.simulate.commerce import Chronicle
from uptier.simulate.parameters import FiveRates, Group, Rate, Share, ThreeRates, Two, TwoRates
from uptier.simulate.plans import CALLS, EXPORTS, INVITES, PriceList
from uptier.simulate.population import NOISES
from uptier.simulate.rules import NEEDS, tiers
from uptier.simulate.timeline import Floats, Ints, moments

KINDS = ("login", "feature_used", *NOISES)
DAY_SECONDS = 86400

Hour = Annotated[int, Field(ge=0, le=20)]
Steps = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
Half = Annotated[float, Field(ge=0, le=0.5)]


class Usage(Group):
    """What people do in the product.

    Attributes
    ----------
    day_begins : tuple of int, shape (3,)
        First working hour by region: americas, europe, asia-pacific; hours after midnight UTC.
    shift_hours : float
        Hours from then in which people begin to work in the product.
    habit_spread : float
        How much the time at which a person begins differs from day to day: standard deviation, share of those hours.
    sitting_hours : tuple of float, shape (2,)
        Longest sitting of light and of deep users, hours.
    second_sitting : tuple of float, shape (2,)
        Chance that a light and a deep user comes twice on a day.
    early_or_late : float
        Those who come twice begin in the first and in the last so much of the hours, share of them.
    features_a_day : tuple of float, shape (2,)
        Features of the plan that a light and a deep user uses on a day, beside the login.
    onboarding_steps : int
        Length of a new customer's onboarding.
    onboarding_features : float
        Times the features used in those steps.
    breadth, breadth_added : tuple of float, shape (2,)
        Share of the plan's features that light and deep users use at first, and what time adds to it.
    breadth_steps : int
        Steps until time has added it.
    favourites : float
        How unevenly the features in use are used; 1 is evenly.
    middle_activity : float
        Person-days in a step of a team of middle activity; what follows grows with the square root of a team's own.
    gate_hits, upgrade_prompts, trial_uses, limit_errors : tuple of float, shape (3,)
        Touches of what the next tier holds by such a team, by need for it; per step.
    same_wish : float
        Share of them that are about the feature that the account wants; the others are about any of that tier.
    blocked_invites : tuple of float, shape (5,)
        Limit errors because all seats are taken, by pressure on the licence; per step.
    exports : tuple of float, shape (3,)
        Exports by gap; per step.
    integration_calls : tuple of float, shape (2,)
        Calls of integrations without a champion and with one; per step.
    integration_by_depth : tuple of float, shape (2,)
        Times that, by light and by deep users.
    lag_seconds : tuple of float, shape (2,)
        How long it takes until an event is known: at least, and up to so much more; seconds.
    meter_level, meter_spread : float
        Where a meter stands without need, share of the quota: mean, and standard deviation between accounts.
    meter_bounds : tuple of float, shape (2,)
        Lowest and highest such level.
    meter_by_need : tuple of float, shape (3,)
        What a need for the next tier adds to the level, share of the quota.
    meter_first : float
        Where a new customer's meter begins, share of its level.
    meter_speed : float
        Share of the way to its level that a meter goes in a step.
    meter_noise : float
        Standard deviation of a step, share of the quota.
    """

    day_begins: tuple[Hour, Hour, Hour] = (14, 7, 0)
    shift_hours: Rate = 7.0
    habit_spread: Rate = 0.15
    sitting_hours: TwoRates = (1.7, 2.5)
    second_sitting: Two = (0.05, 0.15)
    early_or_late: Half = 0.3
    features_a_day: TwoRates = (1.2, 2.2)
    onboarding_steps: Steps = 4
    onboarding_features: Rate = 1.3
    breadth: Two = (0.30, 0.42)
    breadth_added: Two = (0.48, 0.62)
    breadth_steps: Steps = 30
    favourites: Positive = 1.7
    middle_activity: Positive = 9.0
    gate_hits: ThreeRates = (0.05, 0.45, 1.5)
    upgrade_prompts: ThreeRates = (0.03, 0.25, 0.8)
    trial_uses: ThreeRates = (0.01, 0.25, 1.0)
    limit_errors: ThreeRates = (0.015, 0.12, 0.45)
    same_wish: Share = 0.6
    blocked_invites: FiveRates = (0.0, 0.0, 0.03, 0.15, 0.75)
    exports: ThreeRates = (0.12, 1.0, 3.0)
    integration_calls: TwoRates = (0.25, 0.68)
    integration_by_depth: TwoRates = (0.8, 1.23)
    lag_seconds: TwoRates = (20.0, 900.0)
    meter_level: Share = 0.28
    meter_spread: Rate = 0.18
    meter_bounds: Two = (0.03, 0.8)
    meter_by_need: ThreeRates = (0.0, 0.10, 0.24)
    meter_first: Share = 0.1
    meter_speed: Share = 0.18
    meter_noise: Rate = 0.03


@dataclass(frozen=True, eq=False)
class _Sittings:
    """Times that people sat down; arrays of shape (n_sittings,), sorted by step and account."""

    account: Ints
    step: Ints
    person: Ints
    begins: Ints  # seconds since 1970
    length: Floats  # seconds

    def __len__(self) -> int:
        return len(self.account)


@dataclass(frozen=True, eq=False)
class _Touches:
    """Some events: the sitting in which each falls, its kind and its feature (-1 for none)."""

    sitting: Ints
    kind: str
    feature: Ints


def feature_names(prices: PriceList) -> tuple[str, ...]:
    """Give all features, those of the lowest tier first.

    Parameters
    ----------
    prices : PriceList
        The price list.

    Returns
    -------
    tuple of str
        Names; the events number them by their place here.
    """
    return prices.features(len(prices.plans))


def events(active: pd.DataFrame, chronicle: Chronicle, usage: Usage, random: np.random.Generator) -> pd.DataFrame:
    """Draw what people do on their active days.

    Parameters
    ----------
    active : DataFrame
        From :func:`uptier.simulate.people.active_days`.
    chronicle : Chronicle
        The world as it ran.
    usage : Usage
        What people do.
    random : Generator
        Where chance comes from.

    Returns
    -------
    DataFrame
        `number`, `account`, `person`, `session`, `kind` (place in :data:`KINDS`), `feature` (place in
        :func:`feature_names`, -1 for none), `occurred` and `recorded` (seconds), sorted by account and time. What would
        become known after the world's end is left out.
    """
    sittings = _sittings(active, chronicle, usage, random)
    touches = [
        _Touches(np.arange(len(sittings)), "login", np.full(len(sittings), -1)),
        _own_features(sittings, chronicle, usage, random),
        *_beyond(active, sittings, chronicle, usage, random),
    ]
    sitting = np.concatenate([touch.sitting for touch in touches])
    kind = np.repeat([KINDS.index(touch.kind) for touch in touches], [len(touch.sitting) for touch in touches])
    feature = np.concatenate([touch.feature for touch in touches])
    within = (random.random(len(sitting)) * sittings.length[sitting]).astype(np.int64)
    occurred = sittings.begins[sitting] + within * (kind != KINDS.index("login"))
    least, more = usage.lag_seconds
    recorded = occurred + np.round(least + random.random(len(sitting)) * more).astype(np.int64)
    account = sittings.account[sitting]
    first, until = (int(edge) * DAY_SECONDS for edge in chronicle.timeline.edges[[0, -1]])
    kept = np.flatnonzero(recorded < until)
    # one number to sort by is twice as fast as several; what is equal stays in the order of the kinds
    order = kept[np.argsort(account[kept] * (until - first) + occurred[kept] - first, kind="stable")]
    return pd.DataFrame(
        {
            "number": np.arange(len(order)),
            "account": account[order],
            "person": sittings.person[sitting[order]],
            "session": sitting[order],
            "kind": kind[order],
            "feature": feature[order],
            "occurred": occurred[order],
            "recorded": recorded[order],
        }
    )


def meter_readings(chronicle: Chronicle, usage: Usage, random: np.random.Generator) -> pd.DataFrame:
    """Read each account's meters at the beginning of each step.

    Parameters
    ----------
    chronicle : Chronicle
        The world as it ran.
    usage : Usage
        Where meters stand.
    random : Generator
        Where chance comes from.

    Returns
    -------
    DataFrame
        The table `meter_readings`, with `account` as a number.
    """
    population, prices, timeline = chronicle.population, chronicle.prices, chronicle.timeline
    quotas = np.array([[plan.quotas[meter] for meter in prices.meters] for plan in prices.plans])
    usual = random.normal(usage.meter_level, usage.meter_spread, (len(population), len(prices.meters)))
    usual = np.clip(usual, min(usage.meter_bounds), max(usage.meter_bounds))
    value = np.zeros_like(usual)
    accounts, days, values, limits = [], [], [], []
    for step in range(timeline.steps):
        # an account may leave on the first day of a step, before its meters are read
        these = np.flatnonzero(chronicle.alive[step] & (chronicle.end_day > timeline.edges[step]))
        need = chronicle.states["need"][step]
        quota = quotas[tiers(np.maximum(need, 0)) - 1]
        level = (usual + np.array(usage.meter_by_need)[need % len(NEEDS)][:, None]) * quota
        opening = (population.start_step == step)[:, None]
        begin = np.where((population.created_day < population.start_day)[:, None], level, usage.meter_first * level)
        value = np.where(opening, begin, value + usage.meter_speed * (level - value))
        value = np.clip(value + random.normal(0, usage.meter_noise, value.shape) * quota, 0, quota)
        accounts.append(these)
        days.append(np.full(len(these), timeline.edges[step]))
        values.append(value[these])
        limits.append(quota[these])
    account, day = np.concatenate(accounts), np.concatenate(days)
    order = np.argsort(account, kind="stable")  # and so by time
    meters = len(prices.meters)
    read = np.repeat(day[order], meters)
    rows = pd.DataFrame(
        {
            "account": np.repeat(account[order], meters),
            "meter": np.tile(np.array(prices.meters, dtype=object), len(order)),
            "read_at": moments(read, np.full(len(read), 120)),
            "value": np.round(np.concatenate(values)[order].ravel(), 1),
            "quota": np.concatenate(limits)[order].ravel(),
            "recorded_at": moments(read, np.full(len(read), 130)),
        }
    )
    return rows.sort_values(["account", "meter", "read_at"], kind="stable", ignore_index=True)


def _sittings(active: pd.DataFrame, chronicle: Chronicle, usage: Usage, random: np.random.Generator) -> _Sittings:
    """When people sit down: each has a time of day, deep users come twice more often and stay longer."""
    population = chronicle.population
    deep = population.deep[active["account"]].astype(np.int64)
    twice = random.random(len(active)) < np.array(usage.second_sitting)[deep]
    row = np.repeat(np.arange(len(active)), 1 + twice)
    second = np.r_[False, row[1:] == row[:-1]][: len(row)]
    account, person = active["account"].to_numpy()[row], active["person"].to_numpy()[row]
    habit = random.random(int(person.max(initial=-1)) + 1)
    position = np.abs(habit[person] + usage.habit_spread * random.standard_normal(len(row)))
    position = 1 - np.abs(1 - position % 2)  # beyond the end of the working hours is as far before it
    part = usage.early_or_late
    position = np.where(twice[row], part * position + (1 - part) * second, position)
    opens = np.array(usage.day_begins)[population.region[account]] * 3600
    left = DAY_SECONDS - opens
    length = np.minimum(np.array(usage.sitting_hours)[deep[row]] * 3600, left)
    shift = np.minimum(usage.shift_hours * 3600, left - length)  # nobody works beyond midnight
    length = np.where(twice[row], np.minimum(length, (1 - 2 * part) * shift), length)  # up before sitting down again
    return _Sittings(
        account=account,
        step=active["step"].to_numpy()[row],
        person=person,
        begins=active["day"].to_numpy()[row] * DAY_SECONDS + opens + (position * shift).astype(np.int64),
        length=length,
    )


def _own_features(sittings: _Sittings, chronicle: Chronicle, usage: Usage, random: np.random.Generator) -> _Touches:
    """Features of the plan: each account has its own, and with time more of them."""
    population, prices = chronicle.population, chronicle.prices
    deep = population.deep.astype(np.int64)
    new = population.created_day >= population.start_day
    busy = np.array(usage.features_a_day) / (1 + np.array(usage.second_sitting))
    age = sittings.step - population.start_step[sittings.account]
    onboarding = new[sittings.account] & (age < usage.onboarding_steps)
    mean = (busy[deep] * population.depth)[sittings.account] * np.where(onboarding, usage.onboarding_features, 1.0)
    sitting = np.repeat(np.arange(len(sittings)), random.poisson(mean))
    account, step = sittings.account[sitting], sittings.step[sitting]
    included = np.array([len(prices.features(tier)) for tier in range(1, len(prices.plans) + 1)])
    own = included[tiers(np.maximum(chronicle.states["need"], 0)) - 1][step, account]
    known = np.where(new, 0, usage.breadth_steps)  # older customers know their way
    grown = np.minimum((age[sitting] + known[account]) / usage.breadth_steps, 1.0)
    share = np.array(usage.breadth)[deep][account] + np.array(usage.breadth_added)[deep][account] * grown
    breadth = np.maximum(np.ceil(own * np.minimum(share, 1.0)), 1)
    nth = (breadth * random.random(len(sitting)) ** usage.favourites).astype(np.int64)
    first = random.integers(len(feature_names(prices)), size=len(population))  # each account has another favourite
    return _Touches(sitting, "feature_used", (nth + first[account]) % own)


def _beyond(
    active: pd.DataFrame, sittings: _Sittings, chronicle: Chronicle, usage: Usage, random: np.random.Generator
) -> list[_Touches]:
    """What needs and chance make people touch, each in some sitting of the step, in the order of the kinds."""
    population, prices = chronicle.population, chronicle.prices
    steps, accounts = chronicle.timeline.steps, len(population)
    days = np.bincount(active["step"] * accounts + active["account"], minlength=steps * accounts)
    size = np.sqrt(days.reshape(steps, accounts) / usage.middle_activity)
    sat = np.bincount(sittings.step * accounts + sittings.account, minlength=steps * accounts)
    begin = np.cumsum(sat) - sat
    states = {axis: np.maximum(places[:steps], 0) for axis, places in chronicle.states.items()}
    tier = tiers(states["need"])
    need = states["need"] % len(NEEDS)
    below_the_top = tier < len(prices.plans)
    tried = np.array([plan.trial_days > 0 for plan in (*prices.plans[1:], prices.plans[-1])])[tier - 1]  # the next plan
    integrations = np.array(usage.integration_by_depth)[population.deep.astype(np.int64)]
    means: tuple[tuple[str, Floats, str | None], ...] = (
        ("gate_hit", np.array(usage.gate_hits)[need] * below_the_top, None),
        ("upgrade_prompt", np.array(usage.upgrade_prompts)[need] * below_the_top, None),
        ("trial_use", np.array(usage.trial_uses)[need] * (below_the_top & tried), None),
        ("limit_error", np.array(usage.limit_errors)[need] * below_the_top, None),
        ("limit_error", np.array(usage.blocked_invites)[states["pressure"]], INVITES),
        ("export", np.array(usage.exports)[states["gap"]], EXPORTS),
        ("integration_call", np.array(usage.integration_calls)[states["champion"]] * integrations, CALLS),
    )
    wanted = chronicle.wanted[:steps].ravel()
    touches = []
    for kind, mean, feature in means:
        count = random.poisson(mean * size * population.noise[:, NOISES.index(kind)]).ravel()  # none if nobody is there
        cell = np.repeat(np.arange(len(count)), count)
        sitting = begin[cell] + (random.random(len(cell)) * sat[cell]).astype(np.int64)
        if feature is None:
            which = _wish(wanted[cell], tier.ravel()[cell], prices, usage, random)
        else:
            which = np.full(len(cell), feature_names(prices).index(feature))
        touches.append(_Touches(sitting, kind, which))
    return touches


def _wish(wanted: Ints, tier: Ints, prices: PriceList, usage: Usage, random: np.random.Generator) -> Ints:
    """A feature of the next tier, mostly the one that the account wants."""
    bounds = np.array([len(prices.features(rank)) for rank in range(1, len(prices.plans) + 1)])
    first, end = bounds[tier - 1], bounds[np.minimum(tier, len(bounds) - 1)]
    any_of_them = first + (random.random(len(wanted)) * (end - first)).astype(np.int64)
    return np.where(random.random(len(wanted)) < usage.same_wish, wanted, any_of_them)
