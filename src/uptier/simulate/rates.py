"""Every rate of the world's decisions and moods, each with its unit; a world is made by these and a seed.

They are this project's own assumptions, chosen so that what emerges looks like a B2B SaaS: nothing that is later
measured (win rates, retention, lead times, accuracy) stands here. "Per step" is per quarter of a month.
"""

from __future__ import annotations

from dataclasses import dataclass

Row = tuple[float, ...]
Matrix = tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast a kind of company's team changes.

    Attributes
    ----------
    growth : tuple of tuple of float, shape (4, 4)
        Moves between the phases of the team: shrinking, steady, stirring, growing; per step.
    filling : tuple of float, shape (4,)
        Chance of one level more pressure on the licence, by phase; per step.
    emptying : tuple of float, shape (4,)
        Chance of one level less, by phase; per step.
    """

    growth: Matrix
    filling: Row
    emptying: Row


CALM = Pace(
    growth=(
        (0.945, 0.055, 0.0, 0.0),
        (0.010, 0.955, 0.035, 0.0),
        (0.0, 0.030, 0.810, 0.160),
        (0.010, 0.080, 0.0, 0.910),
    ),
    filling=(0.01, 0.025, 0.040, 0.28),
    emptying=(0.20, 0.030, 0.015, 0.01),
)
BRISK = Pace(
    growth=(
        (0.935, 0.065, 0.0, 0.0),
        (0.014, 0.931, 0.055, 0.0),
        (0.0, 0.030, 0.790, 0.180),
        (0.014, 0.066, 0.0, 0.920),
    ),
    filling=(0.01, 0.030, 0.050, 0.34),
    emptying=(0.22, 0.030, 0.015, 0.01),
)


@dataclass(frozen=True, kw_only=True)
class Rates:
    """The rates of one world.

    Attributes
    ----------
    calm, brisk : Pace
        Pace of mid-market and enterprise, and of start-ups and product-led companies.
    need : tuple of float, shape (4,)
        Per step: a need for the next tier emerges; it becomes strong; an emerging one passes; a strong one eases.
    gap : tuple of float, shape (4,)
        Per step: a gap is felt; it becomes urgent; a felt one passes; an urgent one eases.
    mood : tuple of tuple of float, shape (4, 4)
        Moves between sour, poor, fair and good, per step.
    strain : float
        Chance added to each move down for a full licence, a strong need unmet and an urgent gap, each; per step.
    sponsor : tuple of tuple of float, shape (3, 3)
        Moves between no champion, a champion, and one with budget; per step.
    sign_contact : dict-like tuple of tuple of float, shape (3, 3)
        Chance that a CSM notices and calls, per step: about seats when the licence is easy or below, tight and full
        (filling counts half of tight), about a plan or an add-on by need or gap.
    calendar_contact : float
        Chance of a call because of the calendar, per step, evenly about one of the three.
    talk_lost : tuple of float, shape (4,)
        Chance that a talk ends without a sale, by mood; per step.
    rest_over : float
        Chance that the pause after a talk ends; per step.
    seat_alone, seat_in_talk : tuple of float, shape (5,)
        Hazard of buying seats by pressure, without and within a talk about them; per step.
    upgrade_alone, upgrade_in_talk, addon_alone, addon_in_talk : tuple of float, shape (3,)
        Hazards of the other two by need or gap; per step.
    seat_by_growth : tuple of float, shape (4,)
        Times the hazard of buying seats, by phase of the team.
    buying_by_mood : tuple of float, shape (4,)
        Times every hazard of buying.
    buying_by_sponsor : tuple of float, shape (3,)
        Times every hazard of buying.
    seats_for_two_levels : float
        Share of orders of seats that lower the pressure by two levels; the others lower it by one.
    upgrade_brings_seats : float
        Chance that an upgrade relieves the licence by one level too.
    soured : float
        Chance that a sale pushed without need sours the mood.
    pleased : float
        Chance that a purchase that met a need lifts the mood by one.
    fewer_seats : tuple of float, shape (5,)
        Hazard of giving seats back by pressure, per step.
    lower_plan : float
        Hazard of going back to a lower plan, per step.
    lower_plan_by_need : tuple of float, shape (3,)
        Times that hazard, by need for yet more.
    cutting_by_mood, cutting_by_growth : tuple of float, shape (4,)
        Times both hazards of having less.
    churn : float
        Hazard of leaving, per step, of a fair account at rest.
    churn_by_mood, churn_by_sponsor, churn_by_growth, churn_by_pressure, churn_by_need : tuple of float
        Times that hazard.
    churn_at_renewal : float
        Times that hazard in the month in which the term ends.
    never_contacted : float
        Share of accounts that no CSM ever calls, drawn at random.
    """

    calm: Pace = CALM
    brisk: Pace = BRISK
    need: Row = (0.024, 0.11, 0.05, 0.025)
    gap: Row = (0.024, 0.10, 0.06, 0.03)
    mood: Matrix = (
        (0.90, 0.05, 0.05, 0.0),
        (0.0, 0.945, 0.055, 0.0),
        (0.0, 0.018, 0.938, 0.044),
        (0.0, 0.0, 0.034, 0.966),
    )
    strain: float = 0.012
    sponsor: Matrix = ((0.955, 0.045, 0.0), (0.015, 0.935, 0.050), (0.008, 0.052, 0.940))
    sign_contact: Matrix = ((0.0, 0.03, 0.075), (0.0, 0.02, 0.08), (0.0, 0.02, 0.075))
    calendar_contact: float = 0.030
    talk_lost: Row = (0.40, 0.26, 0.17, 0.13)
    rest_over: float = 0.12
    seat_alone: Row = (0.0003, 0.0006, 0.002, 0.008, 0.025)
    seat_in_talk: Row = (0.020, 0.024, 0.045, 0.13, 0.21)
    upgrade_alone: Row = (0.0004, 0.006, 0.024)
    upgrade_in_talk: Row = (0.022, 0.07, 0.19)
    addon_alone: Row = (0.0004, 0.006, 0.024)
    addon_in_talk: Row = (0.022, 0.06, 0.16)
    seat_by_growth: Row = (0.35, 0.85, 1.15, 1.6)
    buying_by_mood: Row = (0.15, 0.4, 1.0, 1.35)
    buying_by_sponsor: Row = (0.45, 0.95, 1.9)
    seats_for_two_levels: float = 0.5
    upgrade_brings_seats: float = 0.3
    soured: float = 0.75
    pleased: float = 0.4
    fewer_seats: Row = (0.0075, 0.0026, 0.0004, 0.0, 0.0)
    lower_plan: float = 0.0009
    lower_plan_by_need: Row = (1.0, 0.3, 0.1)
    cutting_by_mood: Row = (30.0, 2.8, 1.0, 0.6)
    cutting_by_growth: Row = (2.5, 0.9, 0.5, 0.2)
    churn: float = 0.0019
    churn_by_mood: Row = (20.0, 6.0, 1.0, 0.35)
    churn_by_sponsor: Row = (2.2, 0.9, 0.7)
    churn_by_growth: Row = (2.2, 1.0, 0.8, 0.55)
    churn_by_pressure: Row = (1.35, 1.0, 0.9, 0.95, 1.25)
    churn_by_need: Row = (1.0, 1.0, 1.35)
    churn_at_renewal: float = 3.0
    never_contacted: float = 0.2


ONES3 = (1.0, 1.0, 1.0)
ONES4 = (1.0, 1.0, 1.0, 1.0)
ONES5 = (1.0, 1.0, 1.0, 1.0, 1.0)

# Outcomes at the rates that the demo has on average, and deaf to every state: nothing can be learnt.
DEAF = Rates(
    sign_contact=((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
    talk_lost=(0.2, 0.2, 0.2, 0.2),
    seat_alone=tuple(0.0075 * one for one in ONES5),
    seat_in_talk=tuple(0.0075 * one for one in ONES5),
    upgrade_alone=tuple(0.005 * one for one in ONES3),
    upgrade_in_talk=tuple(0.005 * one for one in ONES3),
    addon_alone=tuple(0.005 * one for one in ONES3),
    addon_in_talk=tuple(0.005 * one for one in ONES3),
    seat_by_growth=ONES4,
    buying_by_mood=ONES4,
    buying_by_sponsor=ONES3,
    fewer_seats=tuple(0.0010 * one for one in ONES5),
    lower_plan=0.0,
    cutting_by_mood=ONES4,
    cutting_by_growth=ONES4,
    churn=0.0033,
    churn_by_mood=ONES4,
    churn_by_sponsor=ONES3,
    churn_by_growth=ONES4,
    churn_by_pressure=ONES5,
    churn_by_need=ONES3,
    churn_at_renewal=1.0,
)
