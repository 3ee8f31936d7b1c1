"""What customers say and achieve: tickets, survey answers, milestones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from uptier.simulate.chain import place
from uptier.simulate.commerce import Chronicle
from uptier.simulate.timeline import Floats, Ints, moments, office_minutes

QUESTIONS = 0.055  # tickets per step
FAULTS_BY_MOOD = (0.14, 0.14, 0.04, 0.018)
NAMED_GAPS = (0.004, 0.08, 0.28)  # tickets that name what is missing, by gap
NO_SEATS = (0.0, 0.0, 0.002, 0.01, 0.05)  # by pressure on the licence
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
GAP_TEXTS = (
    "We miss {words}. Is there a way to do this?",
    "Every week we export everything to a spreadsheet, because there is no {words}.",
    "Our team asks again for {words}.",
)
SEAT_TEXTS = ("We cannot invite a new colleague, all seats are taken.", "Who can free a seat for a new starter?")
PRIORITIES = ("low", "normal", "high", "urgent")
HOURS_TO_CLOSE = 40.0  # mean
SURVEY_STEPS = 12  # a survey each quarter
ANSWERS = 0.5  # share of surveys answered
NPS_BY_MOOD = (2.6, 4.2, 7.0, 8.7)
NPS_SPREAD = 1.7
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
SAYS_SOMETHING = 0.5
SAYS_WHAT_IS_MISSING = (0.02, 0.12, 0.30)  # share of answers that name the gap
GO_LIVE_STEPS = (1, 6)
FIRST_VALUE_STEPS = (4, 13)
GOALS_BY_MOOD = (0.01, 0.015, 0.04, 0.06)  # goals met, per step
GOALS_BY_SPONSOR = (0.5, 1.0, 1.5)  # times that
GOALS_FROM_STEP = 12  # of an account's life


def tickets(chronicle: Chronicle, random: np.random.Generator) -> pd.DataFrame:
    """Draw support tickets.

    Parameters
    ----------
    chronicle : Chronicle
        The world as it ran.
    random : Generator
        Where chance comes from.

    Returns
    -------
    DataFrame
        The table `tickets`, with `account` as a number.
    """
    state = _living(chronicle)
    size = (np.maximum(chronicle.seats[:-1], 1) / 12) ** 0.4
    faults = np.array(FAULTS_BY_MOOD)[state["mood"]] * size
    kinds: list[tuple[Floats, tuple[str, ...], float]] = [
        (np.full(size.shape, QUESTIONS) * size, QUESTION_TEXTS, 0.02),
        (faults, FAULT_TEXTS, 0.25),
        (np.array(NAMED_GAPS)[state["gap"]], GAP_TEXTS, 0.05),
        (np.array(NO_SEATS)[state["pressure"]], SEAT_TEXTS, 0.05),
    ]
    words = [extra.words for extra in chronicle.prices.extras]
    parts = []
    for mean, texts, escalates in kinds:
        step, account = _drawn(mean, chronicle, random)
        day, opened = _when(step, chronicle, random)
        lacks = chronicle.lacking[step, account]
        which = random.integers(len(texts), size=len(step))
        escalated = random.random(len(step)) < escalates
        hours = random.exponential(HOURS_TO_CLOSE * (1 + escalated), len(step))
        closed = opened + (60 * hours).astype(np.int64).astype("timedelta64[m]")
        priority = np.where(escalated, 2 + random.integers(2, size=len(step)), random.integers(3, size=len(step)))
        parts.append(
            pd.DataFrame(
                {
                    "account": account,
                    "opened_at": opened,
                    "closed_at": np.where(
                        closed < moments(chronicle.timeline.edges[-1:]), closed, np.datetime64("NaT")
                    ),
                    "priority": np.array(PRIORITIES, dtype=object)[priority],
                    "escalated": escalated.astype(np.int64),
                    "text": [texts[one].format(words=words[lack]) for one, lack in zip(which, lacks, strict=True)],
                    "recorded_at": opened + np.timedelta64(1, "m"),
                }
            )[day < chronicle.end_day[account]]
        )
    rows = pd.concat(parts).sort_values(["opened_at", "account"], kind="stable", ignore_index=True)
    rows.insert(0, "ticket_id", [f"t{number + 1:05d}" for number in range(len(rows))])
    return rows


def survey_responses(chronicle: Chronicle, random: np.random.Generator) -> pd.DataFrame:
    """Draw answers to the quarterly survey.

    Parameters
    ----------
    chronicle : Chronicle
        The world as it ran.
    random : Generator
        Where chance comes from.

    Returns
    -------
    DataFrame
        The table `survey_responses`, with `account` as a number.
    """
    state = _living(chronicle)
    asked = (
        np.arange(len(chronicle.alive) - 1)[:, None] + np.arange(len(chronicle.population))[None, :] * 5
    ) % SURVEY_STEPS == 0
    answered = asked & (random.random(asked.shape) < ANSWERS) & chronicle.alive[:-1]
    step, account = np.nonzero(answered)
    day, at = _when(step, chronicle, random)
    mood, gap = state["mood"][step, account], state["gap"][step, account]
    nps = np.clip(np.round(random.normal(np.array(NPS_BY_MOOD)[mood], NPS_SPREAD)), 0, 10).astype(np.int64)
    says = random.random(len(step)) < SAYS_SOMETHING
    names = random.random(len(step)) < np.array(SAYS_WHAT_IS_MISSING)[gap]
    which = random.integers(3, size=len(step))
    by_mood = list(VERBATIMS.values())
    text: list[str | None] = []
    for row in range(len(step)):
        words = chronicle.prices.extras[chronicle.lacking[step[row], account[row]]].words
        said = f"We would like {words}." if names[row] else by_mood[mood[row]][which[row]]
        text.append(said if says[row] or names[row] else None)
    rows = pd.DataFrame(
        {"account": account, "answered_at": at, "nps": nps, "text": text, "recorded_at": at + np.timedelta64(2, "m")}
    )
    rows = rows[day < chronicle.end_day[account]]
    rows = rows.sort_values(["answered_at", "account"], kind="stable", ignore_index=True)
    rows.insert(0, "response_id", [f"r{number + 1:05d}" for number in range(len(rows))])
    return rows


def milestones(chronicle: Chronicle, random: np.random.Generator) -> pd.DataFrame:
    """Draw what customers achieve with the product.

    Parameters
    ----------
    chronicle : Chronicle
        The world as it ran.
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
    for name, (soonest, latest) in {"go_live": GO_LIVE_STEPS, "first_value": FIRST_VALUE_STEPS}.items():
        step = population.start_step[new] + random.integers(soonest, latest, size=len(new))
        here = step < steps
        here[here] &= chronicle.alive[step[here], new[here]]
        parts.append(pd.DataFrame({"step": step[here], "account": new[here], "milestone": name}))
    settled = np.arange(steps)[:, None] - population.start_step[None, :] >= GOALS_FROM_STEP
    settled |= (population.created_day < population.start_day)[None, :]
    goals = np.array(GOALS_BY_MOOD)[state["mood"]] * np.array(GOALS_BY_SPONSOR)[state["sponsor"]]
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
    lowest = place("mood", "sour")
    return {axis: np.maximum(states[:-1], lowest) for axis, states in chronicle.states.items()}


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
