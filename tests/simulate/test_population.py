from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from uptier.simulate.chain import AXES, place
from uptier.simulate.population import BRISK_SEGMENTS, Population, anniversary, months_since_start, settle
from uptier.simulate.timeline import Timeline

TWO_YEARS = Timeline(dt.date(2024, 1, 1), dt.date(2026, 1, 1))


@pytest.fixture(scope="module")
def population() -> Population:
    return settle(
        accounts=2000,
        timeline=TWO_YEARS,
        never_contacted=0.2,
        all_on_first_tier=False,
        random=np.random.default_rng(8),
    )


def test_some_are_older_than_the_tables_and_the_others_come_in_time(population: Population) -> None:
    first, until = TWO_YEARS.edges[0], TWO_YEARS.edges[-1]
    older = population.created_day < first
    assert 0.35 < older.mean() < 0.48
    assert (population.start_day[older] == first).all()
    assert (population.start_day[~older] == population.created_day[~older]).all()
    assert population.start_day.max() < until
    in_first_year = population.start_day[~older] < first + 366
    assert in_first_year.mean() > 0.7


def test_an_account_lives_from_the_first_step_that_begins_after_its_start(population: Population) -> None:
    assert (TWO_YEARS.edges[population.start_step] >= population.start_day).all()
    behind = np.maximum(population.start_step - 1, 0)
    assert ((TWO_YEARS.edges[behind] < population.start_day) | (population.start_step == 0)).all()


def test_start_ups_and_product_led_companies_are_brisk(population: Population) -> None:
    assert np.array_equal(population.brisk, population.segment < BRISK_SEGMENTS)


def test_new_customers_have_room(population: Population) -> None:
    new = population.created_day >= TWO_YEARS.edges[0]
    assert not (population.start["pressure"][new] == place("pressure", "full")).any()
    assert (population.start["pressure"][~new] == place("pressure", "full")).any()


def test_first_states_lie_on_their_axes(population: Population) -> None:
    assert list(population.start) == list(AXES)
    for axis, states in AXES.items():
        assert population.start[axis].min() >= 0
        assert population.start[axis].max() < len(states)
    assert (population.start["talk"] == 0).all()


def test_an_anniversary_keeps_the_day_of_the_month_up_to_the_28th(population: Population) -> None:
    days = anniversary(population, np.full(len(population), 12)).astype("datetime64[D]")
    created = population.created_day.astype("datetime64[D]")
    assert str(days[0])[5:7] == str(created[0])[5:7]
    in_month = (created - created.astype("datetime64[M]")).astype(int) + 1
    kept = (days - days.astype("datetime64[M]")).astype(int) + 1
    assert np.array_equal(kept, np.minimum(in_month, 28))


def test_months_are_counted_from_the_month_of_becoming_a_customer(population: Population) -> None:
    new = np.flatnonzero(population.created_day >= TWO_YEARS.edges[0])
    months = months_since_start(population, TWO_YEARS, TWO_YEARS.steps)
    years = population.created_day[new].astype("datetime64[D]").astype("datetime64[M]")
    assert np.array_equal(months[new], (np.datetime64("2026-01") - years).astype(int))
