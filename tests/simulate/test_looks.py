"""What truth is given of each account: its states at each first of a month."""

from __future__ import annotations

import numpy as np
import pytest

from tests.simulate.futures import rows_of
from tests.simulate.worlds import chronicle
from uptier.simulate.chain import AXES
from uptier.simulate.commerce import Chronicle, renews_in
from uptier.simulate.looks import LATER, Looks, joined, looks_of, months_to_renewal
from uptier.simulate.presets import Parameters
from uptier.simulate.timeline import STEPS_PER_MONTH
from uptier.simulate.usage import feature_names


@pytest.fixture(scope="module")
def past() -> Chronicle:
    return chronicle(Parameters(), accounts=80, seed=4)


@pytest.fixture(scope="module")
def looks(past: Chronicle) -> Looks:
    return looks_of(past)


def numbers(past: Chronicle, looks: Looks) -> np.ndarray:
    number = {account_id: position for position, account_id in enumerate(past.population.ids)}
    return np.array([number[account_id] for account_id in looks.account_id])


def test_there_is_a_row_for_each_first_of_a_month_with_a_subscription(past: Chronicle, looks: Looks) -> None:
    firsts = past.timeline.edges[::STEPS_PER_MONTH]
    # the step after a start within the month is the first that an account lives through
    there = (firsts[None, :] >= past.timeline.edges[past.population.start_step][:, None]) & (
        firsts[None, :] <= past.end_day[:, None]  # who leaves on the date itself has not yet done so at its midnight
    )
    rows = list(zip(numbers(past, looks).tolist(), looks.month.tolist(), strict=True))
    assert rows == sorted(rows)
    assert rows == list(zip(*(places.tolist() for places in np.nonzero(there)), strict=True))
    assert len(looks) == len(rows)


def test_states_and_traits_are_those_of_the_account_on_the_date(past: Chronicle, looks: Looks) -> None:
    account = numbers(past, looks)
    for axis in AXES:
        assert (looks.state[axis] == past.states[axis][looks.month * STEPS_PER_MONTH, account]).all()
        assert looks.state[axis].min() >= 0
    for trait in ("brisk", "deep", "contacted"):
        assert (getattr(looks, trait) == getattr(past.population, trait)[account]).all()


def test_the_months_to_the_renewal_lead_to_the_next_month_in_which_a_term_ends(past: Chronicle, looks: Looks) -> None:
    account = numbers(past, looks)
    for ahead in range(LATER):
        steps = (looks.month + ahead) * STEPS_PER_MONTH
        inside = steps < past.timeline.steps
        renews = np.array(
            [
                renews_in(past.population, past.timeline, int(step))[one]
                for step, one in zip(steps[inside], account[inside], strict=True)
            ]
        )
        assert (renews == (looks.renewal[inside] == ahead)).all()


def test_a_term_ends_once_a_year_but_not_in_the_first_month() -> None:
    assert months_to_renewal(np.array([0, 1, 10, 11, 12, 13])).tolist() == [12, 11, 2, 1, 0, 11]


def test_states_are_told_in_words(past: Chronicle, looks: Looks) -> None:
    told = looks.told()
    assert len(told) == len(looks)
    for axis in AXES:
        if axis != "need":
            assert set(told[axis]) <= set(AXES[axis])
    assert set(told["need"]) <= {"none", "emerging", "strong"}
    assert (told["tier"].astype(str) + "-" + told["need"] == np.array(AXES["need"])[looks.state["need"]]).all()
    assert (told["never_contacted"] == ~looks.contacted).all()


def test_a_need_is_about_a_feature_of_the_next_tier_and_about_none_on_the_highest(
    past: Chronicle, looks: Looks
) -> None:
    told = looks.told()
    assert (told["wanted"].isna() == (told["tier"] == 3)).all()
    assert (told["tier"] == 3).any()
    assert set(told["wanted"].dropna()) <= set(feature_names(past.prices))
    for tier, wanted in told.loc[told["tier"] < 3].groupby("tier")["wanted"]:
        assert set(wanted) <= set(past.prices.features(int(tier) + 1)) - set(past.prices.features(int(tier)))
    assert set(told["lacking"]) <= {extra.id for extra in past.prices.extras}


def test_blocks_are_put_together_in_their_order(looks: Looks) -> None:
    parts = [rows_of(looks, np.arange(first, len(looks), 3)) for first in range(3)]
    together = joined(parts)
    assert len(together) == len(looks)
    order = np.concatenate([np.arange(first, len(looks), 3) for first in range(3)])
    assert (together.account_id == looks.account_id[order]).all()
    assert (together.month == looks.month[order]).all()
    assert (together.state["mood"] == looks.state["mood"][order]).all()
    assert together.month.dtype == looks.month.dtype
    assert together.deep.dtype == looks.deep.dtype
