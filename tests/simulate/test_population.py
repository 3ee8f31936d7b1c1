from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from uptier.simulate.chain import AXES, place
from uptier.simulate.population import (
    BRISK_SEGMENTS,
    ROOM_FOR_IDS,
    Before,
    Customers,
    Population,
    anniversary,
    months_since_start,
    settle,
)
from uptier.simulate.timeline import Timeline

TWO_YEARS = Timeline(dt.date(2024, 1, 1), dt.date(2026, 1, 1))
USUAL = Customers()


def settled(customers: Customers, *, accounts: int = 2000, block: int = 0, never_contacted: float = 0.2) -> Population:
    return settle(
        customers,
        block=block,
        ids=[f"{number:04d}" for number in range(accounts)],
        csms=30,
        timeline=TWO_YEARS,
        never_contacted=never_contacted,
        random=np.random.default_rng(8),
    )


def other(**changed: object) -> Customers:
    return Customers.model_validate(USUAL.model_dump() | changed)


@pytest.fixture(scope="module")
def population() -> Population:
    return settled(USUAL)


def test_some_are_older_than_the_tables_and_the_others_come_in_time(population: Population) -> None:
    first, until = TWO_YEARS.edges[0], TWO_YEARS.edges[-1]
    older = population.created_day < first
    assert older.mean() == pytest.approx(USUAL.here_from_the_start, abs=0.04)
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


def test_what_is_drawn_follows_its_shares(population: Population) -> None:
    def shares(places: np.ndarray, count: int) -> list[float]:  # type: ignore[type-arg]  # of whole numbers
        return list(np.bincount(places, minlength=count) / len(places))

    assert shares(population.segment, 4) == pytest.approx(USUAL.segments, abs=0.04)
    assert shares(population.region, 3) == pytest.approx(USUAL.regions, abs=0.04)
    assert (population.billing_months == 1).mean() == pytest.approx(USUAL.billed_monthly, abs=0.04)
    assert population.contacted.mean() == pytest.approx(0.8, abs=0.04)
    old = population.created_day < TWO_YEARS.edges[0]
    for axis in Before.model_fields:
        if axis != "need":
            given = getattr(USUAL.before, axis)
            assert shares(population.start[axis][old], len(given)) == pytest.approx(given, abs=0.06), axis
    for segment, rows in enumerate(USUAL.tiers):
        tier = np.minimum(population.start["need"][population.segment == segment] // 3, 2)
        assert shares(tier, 3) == pytest.approx(rows, abs=0.08)


def test_the_highest_plan_leaves_nothing_to_need(population: Population) -> None:
    top = population.start["need"][population.start["need"] >= 6]
    assert len(top) > 50
    assert set(top) == {place("need", "3-none")}


def test_seats_keep_their_bounds_and_prices_their_discount() -> None:
    population = settled(other(fewest_seats=6, most_seats=20, most_discount=0.1))
    assert (population.seats.min(), population.seats.max()) == (6, 20)
    assert population.discount.min() >= 0.9
    assert population.discount.max() <= 1.0


def test_parameters_reach_their_ends() -> None:
    population = settled(other(here_from_the_start=0.0, deep=(0.0, 0.0, 1.0, 1.0)), never_contacted=1.0)
    assert (population.created_day >= TWO_YEARS.edges[0]).all()
    assert np.array_equal(population.deep, population.segment >= 2)
    assert not population.contacted.any()


def test_the_ids_of_a_block_are_its_own() -> None:
    first, third = settled(USUAL, accounts=10), settled(USUAL, accounts=10, block=2)
    assert first.first_number == 0
    assert third.first_number == 2 * ROOM_FOR_IDS
