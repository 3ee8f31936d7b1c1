from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from tests.simulate.worlds import chronicle
from uptier.simulate.chain import place
from uptier.simulate.commerce import Chronicle
from uptier.simulate.parameters import jittered
from uptier.simulate.rates import Rates
from uptier.simulate.rules import NEEDS
from uptier.simulate.timeline import moments
from uptier.simulate.usage import feature_names
from uptier.simulate.voice import (
    FAULT_TEXTS,
    GAP_TEXTS,
    PRIORITIES,
    VERBATIMS,
    WISH_TEXTS,
    Voices,
    milestones,
    survey_responses,
    tickets,
)


@pytest.fixture(scope="module")
def past() -> Chronicle:
    return chronicle(Rates(), accounts=300, seed=11)


@pytest.fixture(scope="module")
def written(past: Chronicle) -> pd.DataFrame:
    return tickets(past, Voices(), np.random.default_rng(1))


@pytest.fixture(scope="module")
def answers(past: Chronicle) -> pd.DataFrame:
    return survey_responses(past, Voices(), np.random.default_rng(2))


@pytest.fixture(scope="module")
def reached(past: Chronicle) -> pd.DataFrame:
    return milestones(past, Voices(), np.random.default_rng(3))


def steps_of(past: Chronicle, at: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    day = at.to_numpy().astype("datetime64[D]").astype(np.int64)
    return np.searchsorted(past.timeline.edges, day, side="right") - 1


def per_step(past: Chronicle, rows: pd.DataFrame, at: str, axis: str, states: int) -> list[float]:
    """Rows for each step that accounts live through in each state; of a need without its tier."""
    places = past.states[axis][:-1]
    places = np.where(places < 0, -1, places % len(NEEDS)) if axis == "need" else places
    below = past.states["need"][:-1] < 6 if axis == "need" else past.alive[:-1]
    place = places[steps_of(past, rows[at]), rows["account"]]
    return [float((place == one).sum() / ((places == one) & below).sum()) for one in range(states)]


def starts(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text.split("{words}")[0] for text in texts)


def test_tickets_name_gaps_most_where_they_are_urgent(past: Chronicle, written: pd.DataFrame) -> None:
    named = written[written["text"].str.startswith(starts(GAP_TEXTS))]
    mean = per_step(past, named, "opened_at", "gap", 3)
    assert mean[2] > 2 * mean[1] > 4 * mean[0]
    lacks = past.lacking[steps_of(past, named["opened_at"]), named["account"]]
    words = np.array([extra.words for extra in past.prices.extras], dtype=object)[lacks]
    assert all(word in text for word, text in zip(words, named["text"], strict=True))


def test_tickets_name_the_wanted_feature_where_the_need_is_strong(past: Chronicle, written: pd.DataFrame) -> None:
    named = written[written["text"].str.startswith(starts(WISH_TEXTS))]
    mean = per_step(past, named, "opened_at", "need", 3)
    assert mean[2] > 2 * mean[1] > 4 * mean[0]
    wanted = past.wanted[steps_of(past, named["opened_at"]), named["account"]]
    assert wanted.min() >= 0
    names = [name.replace("_", " ") for name in feature_names(past.prices)]
    assert all(names[one] in text for one, text in zip(wanted, named["text"], strict=True))
    assert not named["text"].str.contains("_").any()


def test_on_the_highest_tier_nothing_is_wished_for(past: Chronicle) -> None:
    rows = tickets(past, Voices(named_wishes=(1.0, 1.0, 1.0)), np.random.default_rng(1))
    named = rows[rows["text"].str.startswith(starts(WISH_TEXTS))]
    top = past.states["need"][:-1] == place("need", "3-none")
    assert top.any()
    assert not top[steps_of(past, named["opened_at"]), named["account"]].any()


def test_faults_are_written_about_where_the_mood_is_poor(past: Chronicle, written: pd.DataFrame) -> None:
    mean = per_step(past, written[written["text"].isin(FAULT_TEXTS)], "opened_at", "mood", 4)
    assert mean[place("mood", "poor")] > 2 * mean[2] > 2 * mean[3]  # sour accounts are too few to judge


def test_a_ticket_closes_after_it_opened_and_in_the_time_of_the_world(past: Chronicle, written: pd.DataFrame) -> None:
    closed = written.dropna(subset="closed_at")
    assert 0 < len(closed) < len(written)
    assert (closed["closed_at"] >= closed["opened_at"]).all()
    assert (closed["closed_at"] < moments(past.timeline.edges[-1:])[0]).all()


def test_escalated_tickets_are_the_urgent_ones(written: pd.DataFrame) -> None:
    assert set(written["escalated"]) == {0, 1}
    assert set(written["priority"]) == set(PRIORITIES)
    assert set(written[written["escalated"] == 1]["priority"]) == {"high", "urgent"}


def test_answers_lie_between_0_and_10_and_follow_the_mood(answers: pd.DataFrame) -> None:
    assert answers["nps"].between(0, 10).all()
    kind = {text: mood for mood, texts in VERBATIMS.items() for text in texts}
    by_mood = answers.groupby(answers["text"].map(kind))["nps"].mean()
    assert by_mood["good"] > by_mood["fair"] > by_mood["poor"]


def test_surveys_come_in_turns_and_several_people_of_large_accounts_answer(
    past: Chronicle, answers: pd.DataFrame
) -> None:
    step = pd.Series(steps_of(past, answers["answered_at"]), index=answers.index)
    apart = step.groupby(answers["account"]).diff().dropna()
    assert (apart % Voices().survey_steps == 0).all()
    each = answers.groupby(["account", step.rename("step")]).size().reset_index(name="answers")
    seats = past.seats[each["step"], each["account"]]
    most = np.clip(seats // Voices().seats_per_asked, 1, Voices().most_asked)
    assert (each["answers"] <= most).all()
    assert each["answers"].max() > 2


def test_answers_say_nothing_or_a_mood_or_what_is_missing_or_wished(past: Chronicle) -> None:
    silent = Voices(says_something=0, says_what_is_missing=(0, 0, 0), says_what_is_wished=(0, 0, 0))
    assert survey_responses(past, silent, np.random.default_rng(2))["text"].isna().all()
    missing = survey_responses(past, Voices(says_what_is_missing=(1, 1, 1)), np.random.default_rng(2))
    words = {f"We would like {extra.words}." for extra in past.prices.extras}
    assert set(missing["text"]) <= words
    wishing = silent.model_copy(update={"says_what_is_wished": (1.0, 1.0, 1.0)})
    wished = survey_responses(past, wishing, np.random.default_rng(2))
    wanted = past.wanted[steps_of(past, wished["answered_at"]), wished["account"]]
    assert (wished["text"].notna() == (wanted >= 0)).all()


def test_what_is_said_and_reached_lies_in_the_account_s_time(
    past: Chronicle, written: pd.DataFrame, answers: pd.DataFrame, reached: pd.DataFrame
) -> None:
    for rows, at in ((written, "opened_at"), (answers, "answered_at"), (reached, "reached_at")):
        day = rows[at].to_numpy().astype("datetime64[D]").astype(np.int64)
        assert (day >= past.population.start_day[rows["account"]]).all()
        assert (day < past.end_day[rows["account"]]).all()
        assert (rows["recorded_at"] >= rows[at]).all()


def test_ids_of_another_block_are_others(past: Chronicle, written: pd.DataFrame, answers: pd.DataFrame) -> None:
    assert written["ticket_id"].iloc[:2].tolist() == ["t00001", "t00002"]
    assert written["ticket_id"].is_unique
    assert answers["response_id"].is_unique
    third = replace(past, population=replace(past.population, block=2))
    assert tickets(third, Voices(), np.random.default_rng(1))["ticket_id"].iloc[0] == "t2000001"
    assert survey_responses(third, Voices(), np.random.default_rng(1))["response_id"].iloc[0] == "r2000001"


def test_new_customers_go_live_and_have_first_value_once(past: Chronicle, reached: pd.DataFrame) -> None:
    assert set(reached["milestone"]) == {"go_live", "first_value", "goal_met"}
    population = past.population
    for name, (earliest, latest) in (("go_live", (1, 5)), ("first_value", (4, 12))):
        rows = reached[reached["milestone"] == name]
        assert not rows["account"].duplicated().any()
        assert (population.created_day >= population.start_day)[rows["account"]].all()
        age = steps_of(past, rows["reached_at"]) - population.start_step[rows["account"]]
        assert set(age) == set(range(earliest, latest + 1))


def test_goals_are_met_in_good_moods_with_a_champion_and_by_deep_users(past: Chronicle) -> None:
    often = Voices(goals_by_mood=(0.0, 0.1, 0.2, 0.4), goals_by_champion=(0.5, 1.0), goals_by_depth=(0.5, 1.0))
    rows = milestones(past, often, np.random.default_rng(4))
    goals = rows[rows["milestone"] == "goal_met"]
    mood = per_step(past, goals, "reached_at", "mood", 4)
    assert mood[0] == 0
    assert mood[3] > 1.5 * mood[2] > 1.5 * mood[1]
    champion = per_step(past, goals, "reached_at", "champion", 2)
    assert champion[1] > 1.5 * champion[0]
    deep, lived = past.population.deep, past.alive[:-1].sum(axis=0)
    met = np.bincount(goals["account"], minlength=len(deep))
    assert met[deep].sum() / lived[deep].sum() > 1.5 * met[~deep].sum() / lived[~deep].sum()


@pytest.mark.parametrize("seed", range(5))
def test_any_voices_near_the_usual_ones_can_be_heard(past: Chronicle, seed: int) -> None:
    voices, random = jittered(Voices(), 0.5, np.random.default_rng(seed)), np.random.default_rng(seed)
    assert len(tickets(past, voices, random)) > 100
    assert len(survey_responses(past, voices, random)) > 100
    assert len(milestones(past, voices, random)) > 100


def test_steps_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValidationError, match="the earliest of these steps must not lie after the latest, as 6 does"):
        Voices(go_live_steps=(6, 2))
