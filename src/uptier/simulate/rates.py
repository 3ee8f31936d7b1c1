"""How fast states move and how decisions depend on them; "per step" is per quarter of a month.

The values are this project's own assumptions, chosen so that what emerges looks like a B2B SaaS: nothing that is later
measured (win rates, retention, lead times, accuracy) stands here. Hazards are rates of a Poisson process: several in
one step compete, and their chances never add up to more than 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field, model_validator

from uptier.simulate.parameters import (
    FiveRates,
    Four,
    FourMoves,
    FourRates,
    Group,
    Rate,
    Share,
    Three,
    ThreeRates,
    TwoMoves,
    TwoRates,
)
from uptier.simulate.timeline import STEPS_PER_MONTH

Positive = Annotated[float, Field(gt=0)]


class Pace(Group):
    """How fast the team of one kind of company changes.

    Attributes
    ----------
    growth : tuple of tuple of float, shape (4, 4)
        Moves between the phases of the team: shrinking, steady, stirring, growing; chances per step.
    filling : tuple of float, shape (4,)
        Chance of one level more pressure on the licence, by phase; per step.
    emptying : tuple of float, shape (4,)
        Chance of one level less, by phase; per step.
    """

    growth: FourMoves
    filling: Four
    emptying: Four


CALM = Pace(
    growth=(
        (0.945, 0.055, 0.0, 0.0),
        (0.012, 0.958, 0.030, 0.0),
        (0.0, 0.025, 0.845, 0.130),
        (0.012, 0.088, 0.0, 0.900),
    ),
    filling=(0.01, 0.022, 0.035, 0.26),
    emptying=(0.20, 0.030, 0.015, 0.01),
)
BRISK = Pace(
    growth=(
        (0.935, 0.065, 0.0, 0.0),
        (0.016, 0.939, 0.045, 0.0),
        (0.0, 0.025, 0.825, 0.150),
        (0.016, 0.074, 0.0, 0.910),
    ),
    filling=(0.01, 0.027, 0.045, 0.32),
    emptying=(0.22, 0.030, 0.015, 0.01),
)


class Rates(Group):
    """How states move, what CSMs notice, and what customers decide.

    Attributes
    ----------
    calm, brisk : Pace
        Pace of mid-market and enterprise, and of start-ups and product-led companies.
    need : tuple of float, shape (4,)
        Chances per step: a need for the next tier emerges; it becomes strong; an emerging one passes; a strong one
        eases.
    gap : tuple of float, shape (4,)
        Chances per step: a gap is felt; it becomes urgent; a felt one passes; an urgent one eases.
    mood : tuple of tuple of float, shape (4, 4)
        Moves between sour, poor, fair and good; chances per step.
    strain : float
        Chance added to each move down for a full licence, a strong need unmet and an urgent gap, each; per step.
    champion : tuple of tuple of float, shape (2, 2)
        Moves between no champion and one; chances per step.
    budget : tuple of tuple of float, shape (2, 2)
        Moves between a tight and a free budget; chances per step.
    seat_sign, plan_sign, gap_sign : tuple of float, shape (3,)
        Chance per step that a CSM notices and calls: about seats when the licence is easy or below, tight and full
        (filling counts half of tight); about the plan by need; about an add-on by gap. Together with
        `calendar_contact` they set the share of calls that a sign starts.
    calendar_contact : float
        Chance per step of a call because of the calendar, evenly about one of the three.
    talk_lost : tuple of float, shape (4,)
        Chance per step that a talk ends without a sale, by mood.
    rest_over : float
        Chance per step that the pause after a talk ends.
    seat_alone, seat_in_talk : tuple of float, shape (5,)
        Hazard per step of buying seats by pressure, without and within a talk about them.
    upgrade_alone, upgrade_in_talk, addon_alone, addon_in_talk : tuple of float, shape (3,)
        Hazards per step of the other two, by need or gap.
    seat_by_growth : tuple of float, shape (4,)
        Times the hazard of buying seats, by phase of the team.
    buying_by_mood : tuple of float, shape (4,)
        Times every hazard of buying.
    seat_backing, upgrade_backing, addon_backing : tuple of float, shape (4,)
        Times that hazard: without champion and budget, with budget alone, with a champion alone, with both. A higher
        plan takes somebody who wants it and money to pay for it; seats are bought by whoever runs out of them.
    seat_by_depth, upgrade_by_depth, addon_by_depth : tuple of float, shape (2,)
        Times that hazard, for light and deep use.
    fastest_sale : float
        What the hazard of buying approaches, per step, however much all of the above speaks for it: deals take time.
    seats_for_two_levels : float
        Share of orders of seats that lower the pressure by two levels; the others lower it by one.
    upgrade_brings_seats : float
        Chance that an upgrade relieves the licence by one level too.
    soured : float
        Chance that a sale pushed without need sours the mood.
    pleased : float
        Chance that a purchase that met a need lifts the mood by one.
    fewer_seats : tuple of float, shape (5,)
        Hazard per step of giving seats back, by pressure.
    lower_plan : float
        Hazard per step of going back to a lower plan.
    lower_plan_by_need : tuple of float, shape (3,)
        Times that hazard, by need for yet more.
    cutting_by_mood, cutting_by_growth : tuple of float, shape (4,)
        Times both hazards of having less.
    churn : float
        Hazard per step of leaving, of a fair account at rest.
    churn_by_mood, churn_by_growth, churn_by_pressure, churn_by_need : tuple of float
        Times that hazard.
    churn_by_champion, churn_by_budget, churn_by_depth : tuple of float, shape (2,)
        Times that hazard: no champion and one; tight and free; light and deep.
    churn_at_renewal : float
        Times that hazard in the month in which the term ends.
    never_contacted : float
        Share of accounts that no CSM ever calls, drawn at random.
    """

    calm: Pace = CALM
    brisk: Pace = BRISK
    need: Four = (0.020, 0.11, 0.05, 0.025)
    gap: Four = (0.020, 0.10, 0.06, 0.03)
    mood: FourMoves = (
        (0.90, 0.05, 0.05, 0.0),
        (0.0, 0.945, 0.055, 0.0),
        (0.0, 0.018, 0.938, 0.044),
        (0.0, 0.0, 0.034, 0.966),
    )
    strain: Share = 0.012
    champion: TwoMoves = ((0.955, 0.045), (0.014, 0.986))
    budget: TwoMoves = ((0.965, 0.035), (0.045, 0.955))
    seat_sign: Three = (0.0, 0.03, 0.085)
    plan_sign: Three = (0.0, 0.02, 0.09)
    gap_sign: Three = (0.0, 0.02, 0.085)
    calendar_contact: Share = 0.022
    talk_lost: Four = (0.36, 0.22, 0.125, 0.09)
    rest_over: Share = 0.12
    seat_alone: FiveRates = (0.0002, 0.0004, 0.0015, 0.008, 0.018)
    seat_in_talk: FiveRates = (0.004, 0.007, 0.028, 0.26, 0.44)
    upgrade_alone: ThreeRates = (0.0002, 0.004, 0.020)
    upgrade_in_talk: ThreeRates = (0.012, 0.08, 0.34)
    addon_alone: ThreeRates = (0.0002, 0.004, 0.020)
    addon_in_talk: ThreeRates = (0.008, 0.07, 0.25)
    seat_by_growth: FourRates = (0.15, 0.50, 1.4, 2.3)
    buying_by_mood: FourRates = (0.10, 0.30, 1.0, 1.6)
    seat_backing: FourRates = (0.15, 0.60, 0.50, 2.20)
    upgrade_backing: FourRates = (0.08, 0.25, 0.35, 3.00)
    addon_backing: FourRates = (0.12, 0.50, 0.40, 2.80)
    seat_by_depth: TwoRates = (0.65, 1.25)
    upgrade_by_depth: TwoRates = (0.35, 1.55)
    addon_by_depth: TwoRates = (0.50, 1.40)
    fastest_sale: Positive = 0.40
    seats_for_two_levels: Share = 0.5
    upgrade_brings_seats: Share = 0.3
    soured: Share = 0.75
    pleased: Share = 0.4
    fewer_seats: FiveRates = (0.0075, 0.0026, 0.0004, 0.0, 0.0)
    lower_plan: Rate = 0.0009
    lower_plan_by_need: ThreeRates = (1.0, 0.3, 0.1)
    cutting_by_mood: FourRates = (30.0, 2.8, 1.0, 0.6)
    cutting_by_growth: FourRates = (2.5, 0.9, 0.5, 0.2)
    churn: Rate = 0.0014
    churn_by_mood: FourRates = (14.0, 5.0, 1.0, 0.4)
    churn_by_growth: FourRates = (2.6, 1.0, 0.8, 0.45)
    churn_by_pressure: FiveRates = (1.35, 1.0, 0.9, 0.95, 1.25)
    churn_by_need: ThreeRates = (1.0, 1.0, 1.35)
    churn_by_champion: TwoRates = (2.8, 0.75)
    churn_by_budget: TwoRates = (1.5, 0.7)
    churn_by_depth: TwoRates = (2.0, 0.55)
    churn_at_renewal: Rate = 3.0
    never_contacted: Share = 0.2

    @model_validator(mode="after")
    def _leaves_room(self) -> Self:
        """What competes within a step must leave room for nothing to happen."""
        calls = self.seat_sign[-1] + self.plan_sign[-1] + self.gap_sign[-1] + self.calendar_contact
        crowded = {
            "need: becoming strong and passing": self.need[1] + self.need[2],
            "gap: becoming urgent and passing": self.gap[1] + self.gap[2],
            "mood and strain: leaving a fair mood": 1 - self.mood[2][2] + 3 * self.strain,
            "mood and strain: leaving a good mood": 1 - self.mood[3][3] + 3 * self.strain,
            "seat_sign, plan_sign, gap_sign and calendar_contact": calls,
        }
        for pace in ("calm", "brisk"):
            for up, down in zip(getattr(self, pace).filling, getattr(self, pace).emptying, strict=True):
                crowded[f"{pace}: filling and emptying"] = up + down
        for what, chance in crowded.items():
            if chance > 1:
                raise ValueError(f"the chances of {what} add up to {chance:.2f}, more than 1")
        return self


ONES2 = (1.0, 1.0)
ONES3 = (1.0, 1.0, 1.0)
ONES4 = (1.0, 1.0, 1.0, 1.0)
ONES5 = (1.0, 1.0, 1.0, 1.0, 1.0)

# of buying
HAZARDS = ("seat_alone", "seat_in_talk", "upgrade_alone", "upgrade_in_talk", "addon_alone", "addon_in_talk")


def _evenly(rate: float, places: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(rate * one for one in places)


# Outcomes at the rates that the demo has on average, and deaf to every state: nothing can be learnt.
DEAF = Rates.model_validate(
    {
        "seat_sign": (0.0, 0.0, 0.0),
        "plan_sign": (0.0, 0.0, 0.0),
        "gap_sign": (0.0, 0.0, 0.0),
        "talk_lost": (0.2, 0.2, 0.2, 0.2),
        "seat_alone": _evenly(0.0075, ONES5),
        "seat_in_talk": _evenly(0.0075, ONES5),
        **{f"{name}_{how}": _evenly(0.005, ONES3) for name in ("upgrade", "addon") for how in ("alone", "in_talk")},
        "fastest_sale": 1e6,
        "seat_by_growth": ONES4,
        "buying_by_mood": ONES4,
        **{f"{name}_backing": ONES4 for name in ("seat", "upgrade", "addon")},
        **{f"{name}_by_depth": ONES2 for name in ("seat", "upgrade", "addon", "churn")},
        "fewer_seats": _evenly(0.0010, ONES5),
        "lower_plan": 0.0,
        "cutting_by_mood": ONES4,
        "cutting_by_growth": ONES4,
        "churn": 0.0033,
        "churn_by_mood": ONES4,
        "churn_by_growth": ONES4,
        "churn_by_pressure": ONES5,
        "churn_by_need": ONES3,
        "churn_by_champion": ONES2,
        "churn_by_budget": ONES2,
        "churn_at_renewal": 1.0,
    }
)


@dataclass(frozen=True)
class Eras:
    """The rates of a world, and those that hold from some step on.

    Attributes
    ----------
    rates : tuple of Rates
        Those of the first era, and of the second if there is one.
    second_from : int
        The step with which the second era begins.
    """

    rates: tuple[Rates, ...]
    second_from: int = 0

    def which(self, step: int) -> int:
        """Say which era a step belongs to.

        Parameters
        ----------
        step : int
            The step.

        Returns
        -------
        int
            0 or 1.
        """
        return int(len(self.rates) > 1 and step >= self.second_from)

    def at(self, step: int) -> Rates:
        """Give the rates of a step.

        Parameters
        ----------
        step : int
            The step.

        Returns
        -------
        Rates
            Those of its era.
        """
        return self.rates[self.which(step)]


class Shift(Group):
    """What changes for good in the middle of the world.

    Attributes
    ----------
    month : int
        Months after the world's beginning; 0 for never.
    buying : float
        Times every hazard of buying, from then on.
    churn : float
        Times the hazard of leaving.
    freed : float
        Times the chance that a tight budget becomes free.
    backing : float
        To what power the factors of champion and budget on buying are taken: 0 makes them meaningless, -1 turns them
        around.
    """

    month: int = 0
    buying: Rate = 1.0
    churn: Rate = 1.0
    freed: Rate = 1.0
    backing: float = 1.0


def eras(rates: Rates, shift: Shift) -> Eras:
    """Give the rates of a world over time.

    Parameters
    ----------
    rates : Rates
        Those that it begins with.
    shift : Shift
        What changes.

    Returns
    -------
    Eras
        One where nothing changes.
    """
    if shift.month == 0:
        return Eras((rates,))
    backing = ("seat_backing", "upgrade_backing", "addon_backing")
    freed = min(1.0, rates.budget[0][1] * shift.freed)
    later = (
        rates.model_dump()
        | {name: tuple(one * shift.buying for one in getattr(rates, name)) for name in HAZARDS}
        | {name: tuple(one**shift.backing for one in getattr(rates, name)) for name in backing}
        | {"churn": rates.churn * shift.churn, "budget": ((1 - freed, freed), rates.budget[1])}
    )
    return Eras((rates, Rates.model_validate(later)), shift.month * STEPS_PER_MONTH)
