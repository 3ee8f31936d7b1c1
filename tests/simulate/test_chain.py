from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from uptier.simulate.chain import AXES, CHANGES, DECISIONS, Backwards, Chain, advance
from uptier.simulate.rates import DEAF, Rates
from uptier.simulate.rules import chain_of

CHAINS = [chain_of(Rates(), brisk=brisk, contacted=contacted) for brisk in (False, True) for contacted in (False, True)]


@pytest.mark.parametrize("chain", CHAINS)
def test_every_row_of_every_move_is_a_distribution(chain: Chain) -> None:
    for move in (*chain.moves, *(move for name in CHANGES for move in chain.after[name])):
        assert move.table.min() >= 0
        np.testing.assert_allclose(move.table.sum(axis=-1), 1.0, atol=1e-12)


@pytest.mark.parametrize("renewing", [False, True])
def test_decisions_everywhere_are_those_that_are_drawn_from(renewing: bool) -> None:
    chain = CHAINS[3]
    everywhere = chain.decisions_everywhere(renewing=renewing)
    places = np.indices(chain.shape).reshape(len(AXES), -1)
    state = dict(zip(AXES, places, strict=True))
    drawn_from = chain.decisions(state, np.full(places.shape[1], renewing))
    assert drawn_from.shape == (places.shape[1], len(DECISIONS))
    np.testing.assert_allclose(drawn_from.sum(axis=1), 1.0)
    for column, grid in enumerate(everywhere):
        np.testing.assert_allclose(drawn_from[:, column], grid.ravel(), rtol=1e-12)


def test_expectations_are_those_of_a_plain_matrix_product() -> None:
    random = np.random.default_rng(1)
    value = random.random(CHAINS[3].shape)
    for move in CHAINS[3].moves:
        here = {axis: 1 if axis != "talk" else 0 for axis in AXES}
        index = [here[axis] for axis in AXES]
        row = move.table[(*(here[axis] for axis in move.given), here[move.axis])]
        index[list(AXES).index(move.axis)] = slice(None)  # type: ignore[call-overload]  # one axis stays
        np.testing.assert_allclose(move.expected(value)[tuple(here.values())], row @ value[tuple(index)])


def test_who_is_never_called_never_talks() -> None:
    assert CHAINS[0].shape[-1] == 1
    assert CHAINS[1].shape[-1] == len(AXES["talk"])


def test_nothing_above_the_highest_plan_can_be_bought() -> None:
    upgrade = CHAINS[3].decisions_everywhere(renewing=False)[DECISIONS.index("plan_upgrade")]
    highest = AXES["need"].index("3-none")
    assert upgrade[:, :, highest].max() == 0
    assert upgrade[:, :, :highest].min() > 0


def test_a_step_leaves_the_states_that_it_was_given_unchanged() -> None:
    state = {axis: np.ones(50, dtype=np.int64) for axis in AXES}
    advance(CHAINS[3], state, renewing=np.ones(50, dtype=bool), random=np.random.default_rng(3))
    assert all((places == 1).all() for places in state.values())


def test_chances_grow_with_the_window_and_stay_below_one() -> None:
    backwards = Backwards(CHAINS[0], "churn")
    months = [backwards.chances(last_step=last, renewal_month=None) for last in (1, 4, 8, 13)]
    assert all((longer > shorter).all() for shorter, longer in pairwise(months))
    assert months[-1].max() < 1


def test_a_renewal_in_the_window_raises_the_chance_of_leaving_everywhere() -> None:
    backwards = Backwards(CHAINS[0], "churn")
    without, within = (backwards.chances(last_step=8, renewal_month=month) for month in (None, 1))
    assert (within > without).all()


def test_a_deaf_world_has_one_chance_for_everybody() -> None:
    chain = chain_of(DEAF, brisk=True, contacted=True)
    for target in ("seat_expansion", "add_on", "churn"):
        chances = Backwards(chain, target).chances(last_step=8, renewal_month=1)
        below_the_highest = chances[:, :, : AXES["need"].index("3-none")]
        np.testing.assert_allclose(below_the_highest, below_the_highest.flat[0], rtol=2e-3)
