from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.simulate.worlds import chronicle
from uptier.simulate.chain import place
from uptier.simulate.commerce import Chronicle
from uptier.simulate.parameters import jittered
from uptier.simulate.people import People, Teams, active_days, invite
from uptier.simulate.rates import Rates
from uptier.simulate.seasons import Calendar
from uptier.simulate.timeline import weekday

EVEN = Calendar(
    friday=1, weekend=1, holidays=(), holidays_by_region=((), (), ()), summer_months=(), school_break=1, retail_peak=1,
    retail_lull=1, quarter_end=1,
)  # fmt: skip


@pytest.fixture(scope="module")
def past() -> Chronicle:
    return chronicle(Rates(), accounts=120, seed=3)


@pytest.fixture(scope="module")
def people(past: Chronicle) -> People:
    return invite(past, Teams(), np.random.default_rng(4))


@pytest.fixture(scope="module")
def active(past: Chronicle, people: People) -> pd.DataFrame:
    return active_days(people, past, Teams(), np.random.default_rng(5))


def team(people: People, step: int, count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    there = (people.first <= step) & (people.last > step)
    return np.bincount(people.account[there], minlength=count)


def days_of(active: pd.DataFrame, persons: np.ndarray[tuple[int], np.dtype[np.int64]], step: int) -> pd.Series:
    counts = active[active["step"] == step].groupby("person").size()
    return counts.reindex(persons, fill_value=0)


def test_a_team_fits_its_licence_save_for_one_that_was_just_cut(past: Chronicle, people: People) -> None:
    for step in (10, 30, 47):
        size, seats = team(people, step, len(past.population)), past.seats[step]
        alive = past.alive[step]
        assert (size[alive] <= np.maximum(seats[alive] + 1, 4)).mean() > 0.97
        assert (size[~alive] == 0).all()


def test_a_fuller_licence_has_the_larger_team(past: Chronicle, people: People) -> None:
    size, pressure = team(people, 40, len(past.population)), past.states["pressure"][40]
    filled = [np.mean(size[pressure == level] / past.seats[40][pressure == level]) for level in range(5)]
    assert filled == sorted(filled)
    assert filled[4] > 0.8 > 0.65 > filled[0]


def test_each_account_has_one_admin_and_one_executive(people: People) -> None:
    for role in ("admin", "executive"):
        counts = np.bincount(people.account[people.role == role])
        assert counts.max() == 1


def test_champions_are_there_exactly_while_the_state_says_so(past: Chronicle, people: People) -> None:
    champions = people.role == "champion"
    for step in (5, 25, 47):
        there = champions & (people.first <= step) & (people.last > step)
        assert np.array_equal(
            np.bincount(people.account[there], minlength=len(past.population)) > 0,
            past.states["champion"][step] == place("champion", "present"),
        )


def test_power_users_come_while_a_team_stirs(past: Chronicle, active: pd.DataFrame) -> None:
    days = active.groupby(["step", "account", "person"]).size().groupby(["step", "account"]).max()
    phase = past.states["growth"][days.index.get_level_values(0), days.index.get_level_values(1)]
    by_phase = days.groupby(phase).mean()
    assert by_phase[place("growth", "stirring")] > by_phase[place("growth", "steady")] + 0.8


def test_the_executive_comes_more_often_when_the_budget_is_free(
    past: Chronicle, people: People, active: pd.DataFrame
) -> None:
    mean = {}
    for state in ("tight", "free"):
        days = []
        for step in range(past.timeline.steps):
            there = (people.role == "executive") & (people.first <= step) & (people.last > step)
            there &= past.states["budget"][step, people.account] == place("budget", state)
            days += days_of(active, np.flatnonzero(there), step).tolist()
        mean[state] = np.mean(days)
    assert mean["free"] > 2 * mean["tight"]


def test_new_people_come_seldom_at_first(past: Chronicle, people: People) -> None:
    late = Teams(settling_from=0.0, onboarding_activity=1.0)
    active = active_days(people, past, late, np.random.default_rng(6))
    population, step = past.population, 30
    joined = np.flatnonzero((people.first == step) & np.isin(people.role, ("member", "admin")))
    assert len(joined) > 20
    assert days_of(active, joined, step).sum() == 0
    later = np.flatnonzero((people.first <= step - late.settling_steps) & (people.role == "member"))
    assert days_of(active, later, step).sum() > 0
    # those who were there before the tables begin are not new
    known = np.flatnonzero((people.first == 0) & (population.created_day < population.start_day)[people.account])
    assert days_of(active, known, 0).sum() > 0


def test_a_new_customer_s_people_come_more_while_it_is_set_up(past: Chronicle, people: People) -> None:
    counts = {}
    for times in (1.0, 2.0):
        active = active_days(people, past, Teams(onboarding_activity=times), np.random.default_rng(6))
        population = past.population
        new = (population.created_day >= population.start_day)[active["account"]]
        age = active["step"] - population.start_step[active["account"]]
        counts[times] = (int((new & (age < 4)).sum()), int((new & (age >= 4)).sum()))
    assert counts[2.0][0] > 1.5 * counts[1.0][0]
    assert counts[2.0][1] == pytest.approx(counts[1.0][1], rel=0.03)


def test_the_calendar_shapes_the_week(past: Chronicle, people: People, active: pd.DataFrame) -> None:
    by_day = np.bincount(weekday(active["day"].to_numpy()))
    assert by_day[5:].mean() < 0.12 * by_day[:4].mean()
    assert by_day[4] < by_day[:4].mean()
    even = active_days(people, past, Teams(calendar=EVEN), np.random.default_rng(5))
    by_day = np.bincount(weekday(even["day"].to_numpy()))
    assert by_day.min() > 0.9 * by_day.max()


def test_nobody_is_there_before_being_invited_or_after_the_end(
    past: Chronicle, people: People, active: pd.DataFrame
) -> None:
    person = active["person"].to_numpy()
    assert (active["step"] >= people.first[person]).all()
    assert (active["step"] < people.last[person]).all()
    assert (active["day"] < past.end_day[active["account"]]).all()


def test_rows_come_by_step_and_account_and_once_for_each_day(active: pd.DataFrame) -> None:
    assert active[["step", "account"]].apply(tuple, axis=1).is_monotonic_increasing
    assert not active.duplicated(["person", "day"]).any()


@pytest.mark.parametrize("seed", range(5))
def test_any_teams_near_the_usual_ones_can_live(past: Chronicle, seed: int) -> None:
    teams = jittered(Teams(), 0.5, np.random.default_rng(seed))
    people = invite(past, teams, np.random.default_rng(seed))
    active = active_days(people, past, teams, np.random.default_rng(seed))
    assert len(active) > 10_000
