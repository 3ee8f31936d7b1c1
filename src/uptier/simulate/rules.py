"""From rates to the rules of a kind of account: which states move how, given which others."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from uptier.simulate.chain import AXES, Chain, Factor, Move, place
from uptier.simulate.rates import Pace, Rates
from uptier.simulate.timeline import Floats, Ints

Row = tuple[float, ...]
Matrix = tuple[Row, ...]

NEEDS = ("none", "emerging", "strong")
STRONG = tuple(state.endswith("-strong") for state in AXES["need"])
FULL = place("pressure", "full")
WITHOUT_NEED = {"seat_expansion": ("roomy", "easy"), "plan_upgrade": ("none",), "add_on": ("none",)}
IN_NEED = {"seat_expansion": ("tight", "full"), "plan_upgrade": ("strong",), "add_on": ("urgent",)}
NEEDED = {"seat_expansion": "pressure", "plan_upgrade": "need", "add_on": "gap"}  # which axis a purchase answers


TIGHT_SHARE = 0.5  # of the chance of a call about a tight licence that a filling one has


@lru_cache(maxsize=32)
def chain_of(rates: Rates, *, brisk: bool, deep: bool, contacted: bool) -> Chain:
    """Give the rules of one kind of account.

    Parameters
    ----------
    rates : Rates
        Those of the world.
    brisk : bool
        Whether the team has the brisk pace.
    deep : bool
        Whether its people use much of the product.
    contacted : bool
        Whether CSMs ever call; without calls the talk stays idle and its axis has one state.

    Returns
    -------
    Chain
        For drawing and for truth.
    """
    talks = AXES["talk"] if contacted else AXES["talk"][:1]
    return Chain(
        churn=(
            Factor(("growth",), rates.churn * rates.churn_by_depth[deep] * np.array(rates.churn_by_growth)),
            Factor(("pressure",), np.array(rates.churn_by_pressure)),
            Factor(("need",), _by_need(rates.churn_by_need)),
            Factor(("mood",), np.array(rates.churn_by_mood)),
            Factor(("champion",), np.array(rates.churn_by_champion)),
            Factor(("budget",), np.array(rates.churn_by_budget)),
        ),
        renewal=rates.churn_at_renewal,
        changing={**_buying(rates, deep, talks), **_cutting(rates)},
        fastest=rates.fastest_sale,
        after={**{name: _after(name, rates, talks) for name in NEEDED}, **_after_a_cut()},
        moves=_moves(rates, rates.brisk if brisk else rates.calm, talks),
    )


def calls(rates: Rates) -> tuple[Floats, Floats]:
    """Give the chances that an idle CSM calls, apart by what starts the call.

    Parameters
    ----------
    rates : Rates
        Those of the world.

    Returns
    -------
    signs : ndarray of float, shape (pressure, need, gap, 3)
        Because of a sign, per step, about each conversion.
    calendar : ndarray of float, shape (need, 3)
        Because of the calendar, per step; nobody calls about a tier above the highest.
    """
    seat = rates.seat_sign
    signs = np.zeros((len(AXES["pressure"]), len(AXES["need"]), len(AXES["gap"]), 3))
    signs[..., 0] = np.array([seat[0], seat[0], seat[1] * TIGHT_SHARE, seat[1], seat[2]])[:, None, None]
    signs[..., 1] = _by_need(rates.plan_sign, top=0.0)[None, :, None]
    signs[..., 2] = np.array(rates.gap_sign)[None, None, :]
    calendar = np.full((len(AXES["need"]), 3), rates.calendar_contact / 3)
    calendar[-1, 1] = 0.0
    return signs, calendar


def _by_need(row: Row, *, top: float | None = None) -> Floats:
    """One figure a state of need, the same on each tier; on the highest that of no need, or `top`."""
    return np.array([*row, *row, row[0] if top is None else top])


def _buying(rates: Rates, deep: bool, talks: tuple[str, ...]) -> dict[str, tuple[Factor, ...]]:
    hazards = {
        "seat_expansion": (np.array(rates.seat_alone), np.array(rates.seat_in_talk)),
        "plan_upgrade": (_by_need(rates.upgrade_alone, top=0.0), _by_need(rates.upgrade_in_talk, top=0.0)),
        "add_on": (np.array(rates.addon_alone), np.array(rates.addon_in_talk)),
    }
    able = {
        "seat_expansion": (rates.seat_backing, rates.seat_by_depth),
        "plan_upgrade": (rates.upgrade_backing, rates.upgrade_by_depth),
        "add_on": (rates.addon_backing, rates.addon_by_depth),
    }
    buying: dict[str, tuple[Factor, ...]] = {}
    for name, (alone, in_talk) in hazards.items():
        backing, depth = able[name]
        by_talk = np.stack([in_talk if talk == name else alone for talk in talks], axis=1) * depth[deep]
        buying[name] = (
            Factor((NEEDED[name], "talk"), by_talk),
            Factor(("mood",), np.array(rates.buying_by_mood)),
            Factor(("champion", "budget"), np.array(backing).reshape(2, 2)),
        )
    buying["seat_expansion"] += (Factor(("growth",), np.array(rates.seat_by_growth)),)
    return buying


def _cutting(rates: Rates) -> dict[str, tuple[Factor, ...]]:
    mood = Factor(("mood",), np.array(rates.cutting_by_mood))
    growth = Factor(("growth",), np.array(rates.cutting_by_growth))
    tier = np.repeat([0.0, rates.lower_plan, rates.lower_plan], len(NEEDS))[: len(AXES["need"])]
    unneeded = np.array([rates.lower_plan_by_need[place_ % len(NEEDS)] for place_ in range(len(AXES["need"]))])
    return {
        "fewer_seats": (Factor(("pressure",), np.array(rates.fewer_seats)), mood, growth),
        "lower_plan": (Factor(("need",), tier * unneeded), mood, growth),
    }


def _after_a_cut() -> dict[str, tuple[Move, ...]]:
    """Fewer seats fill the licence by one level; a lower plan is bought without need for the one that was given up."""
    lower = np.zeros((len(AXES["need"]), len(AXES["need"])))
    for here in range(len(AXES["need"])):
        lower[here, max(0, here // len(NEEDS) - 1) * len(NEEDS)] = 1.0
    fuller = np.eye(5, k=1)
    fuller[-1, -1] = 1.0
    return {"fewer_seats": (Move("pressure", (), fuller),), "lower_plan": (Move("need", (), lower),)}


def _after(name: str, rates: Rates, talks: tuple[str, ...]) -> tuple[Move, ...]:
    """What a purchase does: it moves the mood by whether it was needed or pushed, meets the need, and ends its talk."""
    axis = NEEDED[name]
    moods = len(AXES["mood"])
    mood = np.tile(np.eye(moods), (len(AXES[axis]), len(talks), 1, 1))
    for here, state in enumerate(AXES[axis]):
        for talk, about in enumerate(talks):
            if state.endswith(WITHOUT_NEED[name]) and about == name:
                mood[here, talk] = (1 - rates.soured) * np.eye(moods)
                mood[here, talk, :, place("mood", "sour")] += rates.soured
            elif state.endswith(IN_NEED[name]):
                mood[here, talk] = (1 - rates.pleased) * np.eye(moods) + rates.pleased * np.eye(moods, k=1)
                mood[here, talk, -1, -1] = 1.0
    met = {
        "seat_expansion": ("pressure", _relieved(rates.seats_for_two_levels)),
        "plan_upgrade": ("need", _next_tier()),
        "add_on": ("gap", _to_first(len(AXES["gap"]))),
    }[name]
    closed = np.eye(len(talks))
    if name in talks:
        closed[talks.index(name)] = np.eye(len(talks))[talks.index("rest")]
    moves = [Move("mood", (axis, "talk"), mood), Move(met[0], (), met[1]), Move("talk", (), closed)]
    if name == "plan_upgrade":
        one_less = np.eye(5) * (1 - rates.upgrade_brings_seats) + np.eye(5, k=-1) * rates.upgrade_brings_seats
        one_less[0, 0] = 1.0
        moves.append(Move("pressure", (), one_less))
    return tuple(moves)


def _relieved(two_levels: float) -> Floats:
    """New seats lower the pressure by one level or two."""
    table = np.zeros((5, 5))
    for level in range(5):
        table[level, max(0, level - 1)] += 1 - two_levels
        table[level, max(0, level - 2)] += two_levels
    return table


def _next_tier() -> Floats:
    """A higher tier begins without need for the next."""
    table = np.zeros((len(AXES["need"]), len(AXES["need"])))
    for here in range(len(AXES["need"])):
        table[here, min(here // len(NEEDS) + 1, 2) * len(NEEDS)] = 1.0
    return table


def _to_first(count: int) -> Floats:
    table = np.zeros((count, count))
    table[:, 0] = 1.0
    return table


def _moves(rates: Rates, pace: Pace, talks: tuple[str, ...]) -> tuple[Move, ...]:
    three = _rise_and_fall(rates.need)
    need = np.eye(len(AXES["need"]))
    need[0:3, 0:3] = three
    need[3:6, 3:6] = three
    return (
        Move("talk", ("pressure", "need", "gap", "mood") if len(talks) > 1 else (), _talk(rates, talks)),
        Move("pressure", ("growth",), _pressure(pace)),
        Move("mood", ("pressure", "need", "gap"), _mood(rates.mood, rates.strain)),
        Move("champion", (), np.array(rates.champion)),
        Move("budget", (), np.array(rates.budget)),
        Move("need", (), need),
        Move("gap", (), _rise_and_fall(rates.gap)),
        Move("growth", (), np.array(pace.growth)),
    )


def _rise_and_fall(row: Row) -> Floats:
    emerges, grows, passes, eases = row
    return np.array([[1 - emerges, emerges, 0.0], [passes, 1 - passes - grows, grows], [0.0, eases, 1 - eases]])


def _pressure(pace: Pace) -> Floats:
    table = np.zeros((len(AXES["growth"]), 5, 5))
    for phase, (up, down) in enumerate(zip(pace.filling, pace.emptying, strict=True)):
        for level in range(5):
            table[phase, level, min(4, level + 1)] += up
            table[phase, level, max(0, level - 1)] += down
            table[phase, level, level] += 1 - up - down
    return table


def _mood(base: Matrix, strain: float) -> Floats:
    strains = (
        np.array([level == FULL for level in range(5)], dtype=float)[:, None, None]
        + np.array(STRONG, dtype=float)[None, :, None]
        + np.array([0.0, 0.0, 1.0])[None, None, :]
    )
    table = np.tile(np.array(base), (*strains.shape, 1, 1))
    for mood in (place("mood", "fair"), place("mood", "good")):
        table[..., mood, mood - 1] += strain * strains
        table[..., mood, mood] -= strain * strains
    return table


def _talk(rates: Rates, talks: tuple[str, ...]) -> Floats:
    if len(talks) == 1:
        return np.ones((1, 1))
    signs, calendar = calls(rates)
    begins = signs + calendar[None, :, None, :]
    table = np.zeros((*signs.shape[:3], len(AXES["mood"]), len(talks), len(talks)))
    table[..., 0, 1:4] = begins[:, :, :, None, :]
    table[..., 0, 0] = 1 - begins.sum(axis=-1)[..., None]
    for talk in range(1, 4):
        table[..., talk, 4] = np.array(rates.talk_lost)
        table[..., talk, talk] = 1 - np.array(rates.talk_lost)
    table[..., 4, 0] = rates.rest_over
    table[..., 4, 4] = 1 - rates.rest_over
    return table


def tiers(need: Ints) -> Ints:
    """Give the tier that a place on the axis `need` stands for.

    Parameters
    ----------
    need : ndarray of int, shape (n,)
        Places.

    Returns
    -------
    ndarray of int, shape (n,)
        Rank of the plan, 1 for the lowest.
    """
    return need // len(NEEDS) + 1
