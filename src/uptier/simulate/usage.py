"""What people do on their days in the product, and what the meters read.

Needs show in what people touch: gates, prompts and trials of the next tier's features, limits, exports to other tools.
So do other things: every account does some of each for no reason, some much more than others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from uptier.simulate.commerce import Chronicle
from uptier.simulate.plans import PriceList
from uptier.simulate.population import NOISES, REGIONS
from uptier.simulate.rules import NEEDS, tiers
from uptier.simulate.timeline import Floats, Ints, moments

DAY_BEGINS = {"americas": 14, "europe": 7, "asia-pacific": 0}  # first working hour, UTC
SHIFT_SECONDS = 7 * 3600
SITTING_SECONDS = 2 * 3600
FEATURES_A_DAY = 0.6  # beside the login, for an account of middle depth
MIDDLE_ACTIVITY = 9.0  # person-days in a step of a team of middle activity
BY_NEED = {  # touches per step in such a team, by need for the next tier
    "gate_hit": (0.20, 0.55, 1.1),
    "upgrade_prompt": (0.16, 0.32, 0.6),
    "trial_use": (0.07, 0.30, 0.9),
    "limit_error": (0.07, 0.14, 0.4),
}
BLOCKED_INVITES = (0.0, 0.0, 0.02, 0.08, 0.45)  # limit errors per step, by pressure on the licence
EXPORTS = (0.35, 1.1, 2.6)  # per step, by gap
INTEGRATION_CALLS = (0.25, 0.5, 0.9)  # per step, by sponsor
SAME_WISH = 0.6  # share of touches beyond the plan that are about the one feature that the account wants most
BREADTH = (0.35, 0.55)  # share of the plan's features in use: at first, and what time adds
BREADTH_STEPS = 30  # until time has added it
FAVOURITES = 1.7  # how unevenly the features in use are used; 1 is evenly
LATE = 0.01  # share of events known one to three days late
DUPLICATES_PER_MILLION = 25  # events delivered twice
METER_LEVEL = (0.28, 0.20)  # of the quota, without need: mean and spread between accounts
METER_BY_NEED = (0.0, 0.14, 0.34)
METER_SPEED = 0.18  # share of the way to its level that a step goes
METER_NOISE = 0.03  # of the quota
KINDS = ("login", "feature_used", *NOISES)
DAY_SECONDS = 86400


@dataclass(frozen=True, eq=False)
class _Touches:
    """Some events: which row of the active days each belongs to, its kind and its feature (-1 for none)."""

    row: Ints
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


def events(active: pd.DataFrame, chronicle: Chronicle, random: np.random.Generator) -> pd.DataFrame:
    """Draw what people do on their active days.

    Parameters
    ----------
    active : DataFrame
        From :func:`uptier.simulate.people.active_days`.
    chronicle : Chronicle
        The world as it ran.
    random : Generator
        Where chance comes from.

    Returns
    -------
    DataFrame
        `number`, `account`, `person`, `session`, `kind` (place in :data:`KINDS`), `feature` (place in
        :func:`feature_names`, -1 for none), `occurred` and `recorded` (seconds), sorted by account and time; a few rows
        twice. What would become known after the world's end is left out.
    """
    opened = np.array([DAY_BEGINS[region] for region in REGIONS])[chronicle.population.region[active["account"]]] * 3600
    opened = opened + (random.random(len(active)) * SHIFT_SECONDS).astype(np.int64)
    touches = [
        _Touches(np.arange(len(active)), "login", np.full(len(active), -1)),
        _own_features(active, chronicle, random),
        *_beyond(active, chronicle, random),
    ]
    row = np.concatenate([touch.row for touch in touches])
    kind = np.repeat([KINDS.index(touch.kind) for touch in touches], [len(touch.row) for touch in touches])
    feature = np.concatenate([touch.feature for touch in touches])
    within = (random.random(len(row)) * SITTING_SECONDS).astype(np.int64) * (kind != KINDS.index("login"))
    occurred = (active["day"].to_numpy() * DAY_SECONDS + opened)[row] + within
    recorded = occurred + 20 + (random.random(len(row)) * 900).astype(np.int64)
    late = random.random(len(row)) < LATE
    recorded[late] += (DAY_SECONDS * (1 + 2 * random.random(int(late.sum())))).astype(np.int64)
    account = active["account"].to_numpy()[row]
    kept = np.flatnonzero(recorded < chronicle.timeline.edges[-1] * DAY_SECONDS)
    order = kept[np.lexsort((kind[kept], occurred[kept], account[kept]))]
    number = np.arange(len(order))
    twice = np.sort(random.choice(number, size=round(len(order) * DUPLICATES_PER_MILLION / 1e6), replace=False))
    number = np.sort(np.concatenate([number, twice]))
    order = order[number]
    return pd.DataFrame(
        {
            "number": number,
            "account": account[order],
            "person": active["person"].to_numpy()[row[order]],
            "session": row[order],
            "kind": kind[order],
            "feature": feature[order],
            "occurred": occurred[order],
            "recorded": recorded[order],
        }
    )


def meter_readings(chronicle: Chronicle, random: np.random.Generator) -> pd.DataFrame:
    """Read each account's meters at the beginning of each step.

    Parameters
    ----------
    chronicle : Chronicle
        The world as it ran.
    random : Generator
        Where chance comes from.

    Returns
    -------
    DataFrame
        The table `meter_readings`, with `account` as a number.
    """
    population, prices, timeline = chronicle.population, chronicle.prices, chronicle.timeline
    quotas = np.array([[plan.quotas[meter] for meter in prices.meters] for plan in prices.plans])
    usual = np.clip(random.normal(*METER_LEVEL, (len(population), len(prices.meters))), 0.03, 0.8)
    value = np.zeros_like(usual)
    parts = []
    for step in range(timeline.steps):
        # an account may leave on the first day of a step, before its meters are read
        these = np.flatnonzero(chronicle.alive[step] & (chronicle.end_day > timeline.edges[step]))
        need = chronicle.states["need"][step]
        quota = quotas[tiers(np.maximum(need, 0)) - 1]
        level = (usual + np.array(METER_BY_NEED)[need % len(NEEDS)][:, None]) * quota
        opening = (population.start_step == step)[:, None]
        begin = np.where((population.created_day < population.start_day)[:, None], level, 0.1 * level)
        value = np.where(opening, begin, value + METER_SPEED * (level - value))
        value = np.clip(value + random.normal(0, METER_NOISE, value.shape) * quota, 0, quota)
        read = np.full(len(these), timeline.edges[step])
        for position, meter in enumerate(prices.meters):
            parts.append(
                pd.DataFrame(
                    {
                        "account": these,
                        "meter": meter,
                        "read_at": moments(read, np.full(len(these), 120)),
                        "value": np.round(value[these, position], 1),
                        "quota": quota[these, position],
                        "recorded_at": moments(read, np.full(len(these), 130)),
                    }
                )
            )
    rows = pd.concat(parts, ignore_index=True)
    return rows.sort_values(["account", "meter", "read_at"], kind="stable", ignore_index=True)


def _own_features(active: pd.DataFrame, chronicle: Chronicle, random: np.random.Generator) -> _Touches:
    """Features of the plan: each account has its own, and with time more of them."""
    population, prices = chronicle.population, chronicle.prices
    used = random.poisson(FEATURES_A_DAY * population.depth[active["account"]])
    row = np.repeat(np.arange(len(active)), used)
    account, step = active["account"].to_numpy()[row], active["step"].to_numpy()[row]
    included = np.array([len(prices.features(tier)) for tier in range(1, len(prices.plans) + 1)])
    own = included[tiers(chronicle.states["need"][step, account]) - 1]
    known = np.where(population.created_day < population.start_day, BREADTH_STEPS, 0)  # older customers know their way
    age = step - population.start_step[account] + known[account]
    grown = np.minimum(age / BREADTH_STEPS, 1.0) * np.minimum(population.depth[account], 1.2)
    breadth = np.maximum(np.ceil(own * np.minimum(BREADTH[0] + BREADTH[1] * grown, 1.0)), 1)
    nth = (breadth * random.random(len(row)) ** FAVOURITES).astype(np.int64)
    return _Touches(row, "feature_used", (nth + account * 5) % own)


def _beyond(active: pd.DataFrame, chronicle: Chronicle, random: np.random.Generator) -> list[_Touches]:
    """What needs and chance make people touch, each on a day on which somebody is there."""
    population, prices = chronicle.population, chronicle.prices
    accounts = len(population)
    cell = active["step"].to_numpy() * accounts + active["account"].to_numpy()
    steps = chronicle.seats.shape[0] - 1
    days = np.bincount(cell, minlength=steps * accounts)
    begin = np.cumsum(days) - days
    size = np.sqrt(days.reshape(steps, accounts) / MIDDLE_ACTIVITY)
    states = {axis: np.maximum(places[:steps], 0) for axis, places in chronicle.states.items()}
    tier = tiers(states["need"])
    means: list[tuple[str, Floats, str]] = [
        (kind, np.array(row)[states["need"] % len(NEEDS)] * (tier < len(prices.plans)), "wish")
        for kind, row in BY_NEED.items()
    ]
    means.append(("limit_error", np.array(BLOCKED_INVITES)[states["pressure"]], "invite_user"))
    means.append(("export", np.array(EXPORTS)[states["gap"]], "export"))
    means.append(("integration_call", np.array(INTEGRATION_CALLS)[states["sponsor"]], "api"))
    touches = []
    for kind, mean, feature in means:
        count = random.poisson(mean * size * population.noise[:, NOISES.index(kind)]).ravel() * (days > 0)
        of = np.repeat(np.arange(len(count)), count)
        row = begin[of] + (random.random(len(of)) * days[of]).astype(np.int64)
        if feature == "wish":
            which = _wish(of % accounts, tier.ravel()[of], prices, random)
        else:
            which = np.full(len(of), feature_names(prices).index(feature))
        touches.append(_Touches(row, kind, which))
    return touches


def _wish(account: Ints, tier: Ints, prices: PriceList, random: np.random.Generator) -> Ints:
    """A feature of the next tier, mostly the one that the account wants most."""
    bounds = np.array([len(prices.features(rank)) for rank in range(1, len(prices.plans) + 1)])
    first = bounds[tier - 1]
    count = bounds[np.minimum(tier, len(bounds) - 1)] - first
    favourite = account * 7 % count
    any_of_them = (random.random(len(account)) * count).astype(np.int64)
    wish: Ints = first + np.where(random.random(len(account)) < SAME_WISH, favourite, any_of_them)
    return wish
