"""What customers say and achieve: tickets, survey answers, milestones."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import AfterValidator, Field

from uptier.simulate.chain import AXES, Bools
from uptier.simulate.commerce import Chronicle
from uptier.simulate.parameters import FiveRates, FourMix, FourRates, Group, Rate, Share, Three, ThreeRates, TwoRates
from uptier.simulate.rules import NEEDS
from uptier.simulate.timeline import Floats, Ints, moments, office_minutes
from uptier.simulate.usage import feature_names

QUESTION_TEXTS = (
    "How do I change the order of the columns on the board?",
    "Where can I see who closed a task?",
    "Can we rename a project without losing its links?",
    "Please tell us how to change our billing address.",
)
FAULT_TEXTS = (
    "The dashboard takes minutes to load this morning.",
    "Comments appear twice for some of us.",
    "The import failed again with the same message.",
    "We lost changes after a save, this is the second time.",
)
GAP_TEXTS = (  # about what an add-on would bring
    "We miss {words}. Is there a way to do this?",
    "Every week we export everything to a spreadsheet, because we lack {words}.",
    "Our team asks again for {words}.",
)
WISH_TEXTS = (  # about a feature of the next tier
    "Somebody here wanted to use {words} and was told that it is not part of our plan.",
    "What would it take to get {words}?",
    "Without {words} we do this by hand.",
)
SEAT_TEXTS = ("We cannot invite a new colleague, all seats are taken.", "Who can free a seat for a new starter?")
PRIORITIES = ("low", "normal", "high", "urgent")
VERBATIMS = {
    "sour": (
        "Felt pressured to buy more than we need.",
        "Too many sales calls lately.",
        "They keep pushing a bigger plan.",
    ),
    "poor": ("Slow, and support takes long.", "Not what we were promised.", "Too many faults."),
    "fair": ("Does the job.", "Good, could be simpler.", "Fine so far."),
    "good": ("The team would not work without it.", "Saves us hours every week.", "Support is great."),
}
MISSING_TEXTS = ("We would like {words}.",)
WISHED_TEXTS = ("Good, but {words} should be part of our plan.",)
SPREAD = 5  # steps by which the surveys of two neighbouring accounts lie apart

Words = np.ndarray[tuple[int], np.dtype[np.object_]]


def _in_order(steps: tuple[int, int]) -> tuple[int, int]:
    if steps[0] > steps[1]:
        raise ValueError(
            f"the earliest of these steps must not lie after the latest, as {steps[0]} does after {steps[1]}"
        )
    return steps


Steps = Annotated[int, Field(ge=1)]
Between = Annotated[tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]], AfterValidator(_in_order)]
Positive = Annotated[float, Field(gt=0)]
Grade = Annotated[float, Field(ge=0, le=10)]


class Voices(Group):
    """What customers say and achieve.

    Attributes
    ----------
    questions : float
        Tickets that only ask, of a licence of middle size; per step.
    faults_by_mood : tuple of float, shape (4,)
        Tickets about faults, of a licence of middle size, by mood; per step.
    middle_seats : float
        That middle size, seats.
    tickets_by_size : float
        How steeply both grow with the seats: the power to which these are raised; 0 is not at all.
    named_gaps : tuple of float, shape (3,)
        Tickets that name what an add-on would bring, by gap; per step.
    named_wishes : tuple of float, shape (3,)
        Tickets that name a feature of the next tier, by need; per step.
    no_seats : tuple of float, shape (5,)
        Tickets about taken seats, by pressure on the licence; per step.
    escalated_questions, escalated_faults, escalated_others : float
        Share of such tickets that are escalated.
    priorities, priorities_escalated : tuple of float, shape (4,)
        Shares of low, normal, high and urgent, of other tickets and of escalated ones.
    hours_to_close : float
        Mean time until a ticket is closed, hours; an escalated one takes twice as long.
    survey_steps : int
        Steps from one survey to the next.
    seats_per_asked : float
        Seats for each person that a survey goes to; at least one is asked.
    most_asked : int
        Most persons of an account that a survey goes to.
    answers : float
        Share of those asked who answer.
    nps_by_mood : tuple of float, shape (4,)
        Mean answer, 0 to 10, by mood.
    nps_spread : float
        Standard deviation of the answers.
    says_something : float
        Share of answers with a text.
    says_what_is_missing : tuple of float, shape (3,)
        Share of answers that name what an add-on would bring, by gap.
    says_what_is_wished : tuple of float, shape (3,)
        Share of the other answers that name a feature of the next tier, by need.
    go_live_steps, first_value_steps : tuple of int, shape (2,)
        Earliest and latest step of a new customer's life in which it goes live and first has value.
    goals_by_mood : tuple of float, shape (4,)
        Goals met, per step.
    goals_by_champion : tuple of float, shape (2,)
        Times that, without a champion and with one.
    goals_by_depth : tuple of float, shape (2,)
        Times that, of light and of deep users.
    goals_from_step : int
        First step of a customer's life in which a goal can be met.
    """

    questions: Rate = 0.055
    faults_by_mood: FourRates = (0.30, 0.30, 0.06, 0.02)
    middle_seats: Positive = 12.0
    tickets_by_size: Rate = 0.4
    named_gaps: ThreeRates = (0.003, 0.12, 0.45)
    named_wishes: ThreeRates = (0.002, 0.03, 0.12)
    no_seats: FiveRates = (0.0, 0.0, 0.003, 0.02, 0.10)
    escalated_questions: Share = 0.02
    escalated_faults: Share = 0.25
    escalated_others: Share = 0.05
    priorities: FourMix = (0.34, 0.33, 0.33, 0.0)
    priorities_escalated: FourMix = (0.0, 0.0, 0.5, 0.5)
    hours_to_close: Rate = 40.0
    survey_steps: Steps = 8
    seats_per_asked: Positive = 6.0
    most_asked: int = Field(default=10, ge=1)
    answers: Share = 0.45
    nps_by_mood: tuple[Grade, Grade, Grade, Grade] = (2.0, 4.0, 7.0, 9.0)
    nps_spread: Rate = 1.7
    says_something: Share = 0.5
    says_what_is_missing: Three = (0.02, 0.12, 0.30)
    says_what_is_wished: Three = (0.01, 0.05, 0.12)
    go_live_steps: Between = (1, 5)
    first_value_steps: Between = (4, 12)
    goals_by_mood: FourRates = (0.004, 0.006, 0.018, 0.030)
    goals_by_champion: TwoRates = (0.5, 1.2)
    goals_by_depth: TwoRates = (0.8, 1.23)
    goals_from_step: int = Field(default=12, ge=0)


def tickets(chronicle: Chronicle, voices: Voices, random: np.random.Generator) -> pd.DataFrame:
    """Draw support tickets.

    Parameters
    ----------
    chronicle : Chronicle
        The world as it ran.
    voices : Voices
        How often customers write, and about what.
    random : Generator
        Where chance comes from.

    Returns
    -------
    DataFrame
        The table `tickets`, with `account` as a number.
    """
    state, prices = _living(chronicle), chronicle.prices
    size = (np.maximum(chronicle.seats[:-1], 1) / voices.middle_seats) ** voices.tickets_by_size
    wishes = np.array(voices.named_wishes)[state["need"] % len(NEEDS)] * (chronicle.wanted[:-1] >= 0)
    others = voices.escalated_others
    kinds: list[tuple[Floats, tuple[str, ...], float]] = [
        (voices.questions * size, QUESTION_TEXTS, voices.escalated_questions),
        (np.array(voices.faults_by_mood)[state["mood"]] * size, FAULT_TEXTS, voices.escalated_faults),
        (np.array(voices.named_gaps)[state["gap"]], GAP_TEXTS, others),
        (wishes, WISH_TEXTS, others),
        (np.array(voices.no_seats)[state["pressure"]], SEAT_TEXTS, others),
    ]
    missing, wished = [extra.words for extra in prices.extras], _spoken(feature_names(prices))
    until = moments(chronicle.timeline.edges[-1:])
    parts = []
    for mean, texts, escalates in kinds:
        step, account = _drawn(mean, chronicle, random)
        day, opened = _when(step, chronicle, random)
        about = chronicle.wanted if texts is WISH_TEXTS else chronicle.lacking
        words = wished if texts is WISH_TEXTS else missing
        escalated = random.random(len(step)) < escalates
        hours = random.exponential(voices.hours_to_close * (1 + escalated), len(step))
        closed = opened + (60 * hours).astype(np.int64).astype("timedelta64[m]")
        parts.append(
            pd.DataFrame(
                {
                    "account": account,
                    "opened_at": opened,
                    "closed_at": np.where(closed < until, closed, np.datetime64("NaT")),
                    "priority": _priorities(escalated, voices, random),
                    "escalated": escalated.astype(np.int64),
                    "text": _said(texts, words, about[step, account], random),
                    "recorded_at": opened + np.timedelta64(1, "m"),
                }
            )[day < chronicle.end_day[account]]
        )
    rows = pd.concat(parts).sort_values(["opened_at", "account"], kind="stable", ignore_index=True)
    rows.insert(0, "ticket_id", _ids("t", len(rows), chronicle))
    return rows


def survey_responses(chronicle: Chronicle, voices: Voices, random: np.random.Generator) -> pd.DataFrame:
    """Draw answers to the regular survey.

    Parameters
    ----------
    chronicle : Chronicle
        The world as it ran.
    voices : Voices
        How customers answer.
    random : Generator
        Where chance comes from.

    Returns
    -------
    DataFrame
        The table `survey_responses`, with `account` as a number.
    """
    state, prices = _living(chronicle), chronicle.prices
    turn = np.arange(chronicle.timeline.steps)[:, None] + np.arange(len(chronicle.population))[None, :] * SPREAD
    asked = turn % voices.survey_steps == 0
    people = np.clip(chronicle.seats[:-1] // voices.seats_per_asked, 1, voices.most_asked).astype(np.int64)
    answers = random.binomial(people * (asked & chronicle.alive[:-1]), voices.answers)
    cell = np.repeat(np.arange(answers.size), answers.ravel())
    step, account = np.divmod(cell, answers.shape[1])
    day, at = _when(step, chronicle, random)
    mood, gap, need = (state[axis][step, account] for axis in ("mood", "gap", "need"))
    lacks, wanted = chronicle.lacking[step, account], chronicle.wanted[step, account]
    nps = np.clip(np.round(random.normal(np.array(voices.nps_by_mood)[mood], voices.nps_spread)), 0, 10)
    says = random.random(len(step)) < voices.says_something
    misses = random.random(len(step)) < np.array(voices.says_what_is_missing)[gap]
    wishes = random.random(len(step)) < np.array(voices.says_what_is_wished)[need % len(NEEDS)] * (wanted >= 0)
    by_mood = np.array([VERBATIMS[name] for name in AXES["mood"]], dtype=object)
    text = by_mood[mood, random.integers(by_mood.shape[1], size=len(step))]
    text[~says] = None
    text = np.where(wishes, _said(WISHED_TEXTS, _spoken(feature_names(prices)), wanted, random), text)
    text = np.where(misses, _said(MISSING_TEXTS, [extra.words for extra in prices.extras], lacks, random), text)
    rows = pd.DataFrame(
        {
            "account": account,
            "answered_at": at,
            "nps": nps.astype(np.int64),
            "text": text,
            "recorded_at": at + np.timedelta64(2, "m"),
        }
    )
    rows = rows[day < chronicle.end_day[account]]
    rows = rows.sort_values(["answered_at", "account"], kind="stable", ignore_index=True)
    rows.insert(0, "response_id", _ids("r", len(rows), chronicle))
    return rows


def milestones(chronicle: Chronicle, voices: Voices, random: np.random.Generator) -> pd.DataFrame:
    """Draw what customers achieve with the product.

    Parameters
    ----------
    chronicle : Chronicle
        The world as it ran.
    voices : Voices
        What customers achieve when.
    random : Generator
        Where chance comes from.

    Returns
    -------
    DataFrame
        The table `milestones`, with `account` as a number.
    """
    state, population, steps = _living(chronicle), chronicle.population, chronicle.timeline.steps
    new = np.flatnonzero(population.created_day >= population.start_day)  # older customers had theirs before
    parts = []
    for name, (earliest, latest) in {"go_live": voices.go_live_steps, "first_value": voices.first_value_steps}.items():
        step = population.start_step[new] + random.integers(earliest, latest + 1, size=len(new))
        here = step < steps
        here[here] &= chronicle.alive[step[here], new[here]]
        parts.append(pd.DataFrame({"step": step[here], "account": new[here], "milestone": name}))
    settled = np.arange(steps)[:, None] - population.start_step[None, :] >= voices.goals_from_step
    settled |= (population.created_day < population.start_day)[None, :]
    goals = np.array(voices.goals_by_mood)[state["mood"]] * np.array(voices.goals_by_champion)[state["champion"]]
    goals = goals * np.array(voices.goals_by_depth)[population.deep.astype(np.int64)]
    met = random.random(settled.shape) < goals * settled
    step, account = np.nonzero(met & chronicle.alive[:-1])
    parts.append(pd.DataFrame({"step": step, "account": account, "milestone": "goal_met"}))
    rows = pd.concat(parts, ignore_index=True)
    step, account = rows["step"].to_numpy().astype(np.int64), rows["account"].to_numpy().astype(np.int64)
    day, at = _when(step, chronicle, random)
    rows = rows.assign(reached_at=at, recorded_at=at + np.timedelta64(6, "m"))[day < chronicle.end_day[account]]
    rows = rows.sort_values(["account", "reached_at", "milestone"], kind="stable", ignore_index=True)
    return rows[["account", "milestone", "reached_at", "recorded_at"]]


def _living(chronicle: Chronicle) -> dict[str, Ints]:
    """States in each step; those without life are looked up too, and masked later."""
    return {axis: np.maximum(states[:-1], 0) for axis, states in chronicle.states.items()}


def _drawn(mean: Floats, chronicle: Chronicle, random: np.random.Generator) -> tuple[Ints, Ints]:
    """Step and account of each thing that happens."""
    count = random.poisson(mean) * chronicle.alive[:-1]
    cell = np.repeat(np.arange(count.size), count.ravel())
    return np.divmod(cell, count.shape[1])


def _when(
    step: Ints, chronicle: Chronicle, random: np.random.Generator
) -> tuple[Ints, np.ndarray[tuple[int], np.dtype[np.datetime64]]]:
    """Working day and moment; the caller leaves out what lies after the account's end."""
    day = chronicle.timeline.working_day(step, random.random(len(step)))
    return day, moments(day, office_minutes(random, len(step)))


def _spoken(features: tuple[str, ...]) -> list[str]:
    """What customers call features."""
    return [name.replace("_", " ") for name in features]


def _said(texts: tuple[str, ...], words: list[str], which: Ints, random: np.random.Generator) -> Words:
    """One of the texts for each row, about the row's words; each text is put together with each word only once."""
    told = np.array([[text.format(words=word) for word in words] for text in texts], dtype=object)
    said: Words = told[random.integers(len(texts), size=len(which)), which]
    return said


def _priorities(escalated: Bools, voices: Voices, random: np.random.Generator) -> Words:
    """Low to urgent, by the shares of each row's kind."""
    usual, high = (np.cumsum(shares)[:-1] for shares in (voices.priorities, voices.priorities_escalated))
    bounds = np.where(escalated[:, None], high, usual)
    place = (random.random(len(escalated))[:, None] >= bounds).sum(axis=1)
    priorities: Words = np.array(PRIORITIES, dtype=object)[place]
    return priorities


def _ids(letter: str, count: int, chronicle: Chronicle) -> list[str]:
    """Ids of a block's rows, which no other block uses."""
    first = chronicle.population.first_number + 1
    return [f"{letter}{number:05d}" for number in range(first, first + count)]
