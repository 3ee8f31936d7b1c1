"""The world is run again from a date, with many other futures, and what happens is compared with the truth."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from tests.simulate.worlds import chronicle
from uptier.simulate.chain import AXES, DECISIONS, advance
from uptier.simulate.commerce import Chronicle, renews_in
from uptier.simulate.rates import DEAF, Rates
from uptier.simulate.rules import chain_of
from uptier.simulate.timeline import day_number
from uptier.simulate.truth import TARGETS, months_to_renewal, truth, window

RATES = Rates()
FUTURES = 500
DATES = [dt.date(2025, 2, 1), dt.date(2025, 6, 1)]  # their windows end in different quarters of a month


@pytest.fixture(scope="module")
def past() -> Chronicle:
    return chronicle(RATES, accounts=60, seed=11)


@pytest.fixture(scope="module")
def told(past: Chronicle) -> pd.DataFrame:
    return truth(RATES, past)


def frequencies(past: Chronicle, as_of: dt.date) -> pd.DataFrame:
    """How often each outcome falls into its window, over many futures of each account, by plain dates."""
    first = int(np.searchsorted(past.timeline.edges, day_number(as_of)))
    these = np.flatnonzero(past.alive[first])
    hits = {target: np.zeros(len(these)) for target in TARGETS}
    random = np.random.default_rng(17)
    population = past.population
    for brisk in (False, True):
        for contacted in (False, True):
            kind = (population.brisk[these] == brisk) & (population.contacted[these] == contacted)
            here = np.flatnonzero(kind)
            account = np.repeat(these[here], FUTURES)
            state = {axis: past.states[axis][first, account] for axis in AXES}
            lives = np.ones(len(account), dtype=bool)
            seen = {target: np.zeros(len(account), dtype=bool) for target in TARGETS}
            for step in range(first, first + 14):
                renewing = renews_in(population, past.timeline, step)[account]
                chain = chain_of(RATES, brisk=brisk, contacted=contacted)
                lived = advance(chain, state, renewing=renewing, random=random)
                day = past.timeline.working_day(step, random.random(len(account))) - day_number(as_of)
                for target in TARGETS:
                    inside = (day >= 7) & (day < (97 if target == "churn" else 67))
                    seen[target] |= lives & inside & (lived.decision == DECISIONS.index(target))
                lives &= lived.decision != DECISIONS.index("churn")
                state = lived.state
            for target in TARGETS:
                hits[target][here] = seen[target].reshape(len(here), FUTURES).mean(axis=1)
    return pd.DataFrame({"account": these, **hits})


@pytest.mark.parametrize("as_of", DATES, ids=str)
def test_frequencies_over_many_futures_agree_with_the_truth(
    past: Chronicle, told: pd.DataFrame, as_of: dt.date
) -> None:
    compared = frequencies(past, as_of).merge(told[told["as_of"] == pd.Timestamp(as_of)], on="account")
    assert len(compared) >= 20
    for target in TARGETS:
        assert disagreement(compared, target) == []


def test_a_truth_of_other_rates_is_seen(past: Chronicle) -> None:
    other = truth(Rates(seat_alone=(0.0005, 0.001, 0.0036, 0.0132, 0.0384), churn=1.25 * RATES.churn), past)
    compared = frequencies(past, DATES[1]).merge(other[other["as_of"] == pd.Timestamp(DATES[1])], on="account")
    assert disagreement(compared, "seat_expansion") != []
    assert disagreement(compared, "churn") != []


def disagreement(compared: pd.DataFrame, target: str) -> list[str]:
    """Where frequencies lie outside the binomial error: overall, by third of the truth, and by account."""
    p, seen = compared[f"p_{target}"].to_numpy(), compared[target].to_numpy()
    z = (seen - p) / np.sqrt(p * (1 - p) / FUTURES)
    faults = []
    thirds = np.array_split(np.argsort(p), 3)
    for name, rows in [("overall", np.arange(len(p))), *zip(("low", "middle", "high"), thirds, strict=True)]:
        error = np.sqrt((p[rows] * (1 - p[rows])).sum() / FUTURES)
        if abs((seen[rows] - p[rows]).sum()) > 3.9 * error:
            faults.append(f"{name}: {seen[rows].mean():.4f} seen, {p[rows].mean():.4f} told")
    if (z**2).mean() > 2:
        faults.append(f"accounts: mean square of z {(z**2).mean():.2f}")
    return faults


def test_there_is_a_row_for_each_first_of_a_month_with_a_subscription(past: Chronicle, told: pd.DataFrame) -> None:
    population = past.population
    assert told.duplicated(["account", "as_of"]).sum() == 0
    day = told["as_of"].to_numpy().astype("datetime64[D]").astype(np.int64)
    account = told["account"].to_numpy()
    assert (day >= population.start_day[account]).all()
    assert (day <= past.end_day[account]).all()
    firsts = past.timeline.edges[::4]
    # the step after a start within the month is the first that an account lives through
    whole = (firsts[None, :] >= past.timeline.edges[population.start_step][:, None]) & (
        firsts[None, :] <= past.end_day[:, None]  # who leaves on the date itself has not yet done so at its midnight
    )
    assert len(told) == whole.sum()


def test_chances_are_probabilities_and_states_are_told_in_words(told: pd.DataFrame) -> None:
    chances = told[[f"p_{target}" for target in TARGETS]]
    assert chances.min().min() >= 0
    assert chances.max().max() < 1
    assert set(told["need"]) <= {"none", "emerging", "strong"}
    assert set(told["mood"]) <= set(AXES["mood"])
    assert (told.loc[told["tier"] == 3, "p_plan_upgrade"] < 0.05).all()


def test_the_truth_reads_the_state_at_the_date_not_the_path_after_it(past: Chronicle, told: pd.DataFrame) -> None:
    cut = {axis: places.copy() for axis, places in past.states.items()}
    for places in cut.values():
        places[25:] = np.where(places[25:] < 0, places[25:], 0)  # another path from July on
    other = truth(
        RATES,
        Chronicle(
            population=past.population,
            prices=past.prices,
            timeline=past.timeline,
            states=cut,
            seats=past.seats,
            lacking=past.lacking,
            end_day=past.end_day,
            tables=past.tables,
        ),
    )
    before = told["as_of"] <= pd.Timestamp(2025, 7, 1)
    pd.testing.assert_frame_equal(other[before], told[before])
    assert not other[~before].equals(told[~before])


def test_a_window_ends_inside_a_step_by_its_share_of_working_days() -> None:
    # 1 March and 67 days: 7 May 2025, a Wednesday; 1-7 May has five working days, of which 1, 2, 5 and 6 lie inside
    assert (window(dt.date(2025, 3, 1), 60).last_step, window(dt.date(2025, 3, 1), 60).share) == (8, 0.8)
    # 1 January and 67 days: 9 March 2025, a Sunday; a Saturday lies inside the step that begins on the 8th
    assert (window(dt.date(2025, 1, 1), 60).last_step, window(dt.date(2025, 1, 1), 60).share) == (9, 0.0)


def test_a_term_ends_once_a_year_but_not_in_the_first_month() -> None:
    assert months_to_renewal(np.array([0, 1, 10, 11, 12, 13])).tolist() == [12, 11, 2, 1, 0, 11]


def test_in_a_deaf_world_the_truth_is_the_same_for_all() -> None:
    told = truth(DEAF, chronicle(DEAF, accounts=60, seed=11))
    at = told[told["as_of"] == pd.Timestamp(2025, 6, 1)]
    assert at["p_churn"].max() - at["p_churn"].min() < 1e-12
    assert at["p_add_on"].std() < 0.01 * at["p_add_on"].mean()
