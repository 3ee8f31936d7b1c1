from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.simulate.worlds import chronicle
from uptier.simulate.chain import place
from uptier.simulate.commerce import Chronicle
from uptier.simulate.people import People, active_days, invite
from uptier.simulate.rates import Rates


@pytest.fixture(scope="module")
def past() -> Chronicle:
    return chronicle(Rates(), accounts=120, seed=3)


@pytest.fixture(scope="module")
def people(past: Chronicle) -> People:
    return invite(past, np.random.default_rng(4))


@pytest.fixture(scope="module")
def active(past: Chronicle, people: People) -> pd.DataFrame:
    return active_days(people, past, np.random.default_rng(5))


def team(people: People, step: int, count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    there = (people.first <= step) & (people.last > step)
    return np.bincount(people.account[there], minlength=count)


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


def test_champions_are_there_exactly_while_the_sponsor_state_says_so(past: Chronicle, people: People) -> None:
    champions = people.role == "champion"
    for step in (5, 25, 47):
        there = champions & (people.first <= step) & (people.last > step)
        assert np.array_equal(
            np.bincount(people.account[there], minlength=len(past.population)) > 0, past.states["sponsor"][step] > 0
        )


def test_power_users_come_while_a_team_stirs(past: Chronicle, active: pd.DataFrame) -> None:
    days = active.groupby(["step", "account", "person"]).size().groupby(["step", "account"]).max()
    phase = past.states["growth"][days.index.get_level_values(0), days.index.get_level_values(1)]
    by_phase = days.groupby(phase).mean()
    assert by_phase[place("growth", "stirring")] > by_phase[place("growth", "steady")] + 0.8


def test_nobody_is_there_before_being_invited_or_after_the_end(
    past: Chronicle, people: People, active: pd.DataFrame
) -> None:
    person = active["person"].to_numpy()
    assert (active["step"] >= people.first[person]).all()
    assert (active["step"] < people.last[person]).all()
    assert (active["day"] < past.end_day[active["account"]]).all()
