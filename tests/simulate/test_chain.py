from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest

from uptier.simulate.backwards import Backwards
from uptier.simulate.chain import AXES, CHANGES, CONVERSIONS, DECISIONS, Chain, Move, advance, place
from uptier.simulate.rates import DEAF, Rates
from uptier.simulate.rules import chain_of

KINDS = list(product((False, True), repeat=3))  # brisk, deep, contacted
CHAINS = [chain_of(Rates(), brisk=brisk, deep=deep, contacted=contacted) for brisk, deep, contacted in KINDS]
UNCALLED, CALLED = CHAINS[0], CHAINS[-1]
STEP = (0, False, True)  # the first era, no renewal, and it counts


def everywhere(chain: Chain) -> dict[str, np.ndarray]:
    """Every state once, in the order of the flat ones."""
    return dict(zip(AXES, np.indices(chain.shape).reshape(len(AXES), -1), strict=True))


def moves_of(chain: Chain) -> list[Move]:
    return [*chain.moves, *(move for name in CHANGES for move in chain.after[name])]


@pytest.mark.parametrize("chain", CHAINS)
def test_every_row_of_every_move_is_a_distribution(chain: Chain) -> None:
    for move in moves_of(chain):
        assert move.table.min() >= 0
        np.testing.assert_allclose(move.table.sum(axis=-1), 1.0, atol=1e-12)
        assert list(move.given) == [axis for axis in AXES if axis in move.given]


@pytest.mark.parametrize("chain", CHAINS)
def test_every_axis_moves_once_in_a_step(chain: Chain) -> None:
    assert sorted(move.axis for move in chain.moves) == sorted(AXES)
    assert chain.shape[:-1] == tuple(len(states) for axis, states in AXES.items() if axis != "talk")


@pytest.mark.parametrize("renewing", [False, True])
@pytest.mark.parametrize("chain", [UNCALLED, CALLED], ids=["uncalled", "called"])
def test_decisions_everywhere_are_those_that_are_drawn_from(chain: Chain, renewing: bool) -> None:
    state = everywhere(chain)
    drawn_from = chain.decisions(state, np.full(len(state["talk"]), renewing))
    assert drawn_from.shape == (len(state["talk"]), len(DECISIONS))
    np.testing.assert_allclose(drawn_from.sum(axis=1), 1.0)
    for column, grid in enumerate(chain.decisions_everywhere(renewing=renewing)):
        np.testing.assert_allclose(drawn_from[:, column], grid.ravel(), rtol=1e-12)


@pytest.mark.parametrize("chain", [UNCALLED, CALLED], ids=["uncalled", "called"])
def test_a_matrix_goes_where_the_move_is_drawn_to(chain: Chain) -> None:
    """Its rows are distributions, over states that differ on the move's own axis alone, with the table's chances."""
    state, random = everywhere(chain), np.random.default_rng(2)
    some = random.integers(len(state["talk"]), size=200)
    for move in moves_of(chain):
        matrix = move.matrix(chain.shape)
        np.testing.assert_allclose(matrix.sum(axis=1), 1.0, atol=1e-12)
        for begin in some[:40]:
            row = matrix[[begin]].tocoo()
            for axis in AXES:
                if axis != move.axis:
                    assert (state[axis][row.coords[1]] == state[axis][begin]).all()
            told = np.zeros(chain.shape[list(AXES).index(move.axis)])
            told[state[move.axis][row.coords[1]]] = row.data
            own = (*(state[axis][begin] for axis in move.given), state[move.axis][begin])
            np.testing.assert_array_equal(told, move.table[own])
        drawn = move.drawn({axis: places[some] for axis, places in state.items()}, random.random(len(some)))
        stride = int(np.prod(chain.shape[list(AXES).index(move.axis) + 1 :]))
        to = some + (drawn - state[move.axis][some]) * stride
        assert (matrix[some, to] > 0).all()


def test_a_step_backwards_is_the_mean_of_steps_forwards() -> None:
    """Two hundred thousand lives from one state, against one product of matrices."""
    state, random = everywhere(CALLED), np.random.default_rng(5)
    begin, lives = int(random.integers(len(state["talk"]))), 200_000
    value = Backwards((CALLED,), ("add_on",)).chances([(STEP, STEP)])[0][begin]
    here = {axis: np.full(lives, places[begin]) for axis, places in state.items()}
    renewing, bought, there = np.zeros(lives, dtype=bool), np.zeros(lives, dtype=bool), np.ones(lives, dtype=bool)
    for _ in range(2):
        lived = advance(CALLED, here, renewing=renewing, random=random)
        bought |= there & (lived.decision == DECISIONS.index("add_on"))
        there &= lived.decision != DECISIONS.index("churn")
        here = lived.state
    assert abs(bought.mean() - value) < 4 * np.sqrt(value * (1 - value) / lives)


@pytest.mark.parametrize("target", ["seat_expansion", "churn"])
def test_backwards_is_what_comes_forwards_exactly(target: str) -> None:
    """What is likely from one state on, carried through decisions and moves in the order in which they come."""
    course = [(0, False, False), STEP, (0, True, True), STEP]
    state = everywhere(CALLED)
    for begin in np.random.default_rng(8).integers(len(state["talk"]), size=5):
        here, hits = np.zeros(len(state["talk"])), 0.0
        here[begin] = 1.0
        for _, renewing, counts in course:
            chances = CALLED.decisions_everywhere(renewing=renewing)
            decided = {name: here * grid.ravel() for name, grid in zip(DECISIONS, chances, strict=True)}
            if counts:
                hits += decided[target].sum()
                decided[target] = np.zeros_like(here)
            here = decided["nothing"]
            for name in CHANGES:
                bought = decided[name]
                for move in CALLED.after[name]:
                    bought = bought @ move.matrix(CALLED.shape)
                here = here + bought
            for move in CALLED.moves:
                here = here @ move.matrix(CALLED.shape)
        told = Backwards((CALLED,), (target,)).chances([tuple(course)])[0][begin]
        assert told == pytest.approx(hits, rel=1e-12)


def test_what_is_bought_takes_its_moves_in_their_order() -> None:
    """The mood is moved by what was needed before the purchase, not by what is left after it."""
    values = np.random.default_rng(6).random((3, int(np.prod(CALLED.shape))))
    backwards = Backwards((CALLED,), ("churn",))
    for name in CHANGES:
        expected = values.T
        for move in reversed(CALLED.after[name]):
            expected = move.matrix(CALLED.shape) @ expected
        np.testing.assert_allclose(backwards.after(name, values), expected.T, rtol=1e-12)


def test_who_is_never_called_never_talks() -> None:
    for (_, _, contacted), chain in zip(KINDS, CHAINS, strict=True):
        assert chain.shape[-1] == (len(AXES["talk"]) if contacted else 1)


def test_nothing_above_the_highest_plan_can_be_bought() -> None:
    upgrade = CALLED.decisions_everywhere(renewing=False)[DECISIONS.index("plan_upgrade")]
    highest = place("need", "3-none")
    assert upgrade[:, :, highest].max() == 0
    assert upgrade[:, :, :highest].min() > 0


@pytest.mark.parametrize("name", CONVERSIONS)
def test_a_champion_and_a_budget_each_raise_what_is_bought_and_depth_does_too(name: str) -> None:
    champion, budget = (list(AXES).index(axis) for axis in ("champion", "budget"))
    light, deep = (chain_of(Rates(), brisk=True, deep=deep, contacted=True) for deep in (False, True))
    bought = deep.decisions_everywhere(renewing=False)[DECISIONS.index(name)]
    for axis in (champion, budget):
        without, within = (np.take(bought, there, axis=axis) for there in (0, 1))
        assert (within >= without).all()
        assert (within > without).any()
    assert (bought >= light.decisions_everywhere(renewing=False)[DECISIONS.index(name)]).all()


def test_champion_and_budget_move_by_themselves() -> None:
    given = {move.axis: move.given for move in CALLED.moves}
    assert given["champion"] == given["budget"] == ()


def test_a_step_leaves_the_states_that_it_was_given_unchanged() -> None:
    state = {axis: np.ones(50, dtype=np.int64) for axis in AXES}
    advance(CALLED, state, renewing=np.ones(50, dtype=bool), random=np.random.default_rng(3))
    assert all((places == 1).all() for places in state.values())


def test_chances_grow_with_the_window_and_stay_below_one() -> None:
    months = Backwards((UNCALLED,), ("churn",)).chances([(STEP,) * count for count in (1, 4, 8, 13)])
    assert all((longer > shorter).all() for shorter, longer in pairwise(months))
    assert months.min() > 0
    assert months.max() < 1


def test_what_is_asked_for_together_is_what_is_asked_for_alone() -> None:
    backwards = Backwards((UNCALLED,), ("seat_expansion",))
    courses = [(STEP,) * 3, (STEP, (0, True, True)), (STEP,), ((0, False, False), *(STEP,) * 2), (), (STEP,) * 3]
    together = backwards.chances(courses)
    for course, chances in zip(courses, together, strict=True):
        np.testing.assert_array_equal(chances, backwards.chances([course])[0])
    assert (together[4] == 0).all()


def test_a_step_that_does_not_count_only_moves_the_state() -> None:
    backwards = Backwards((CALLED,), ("add_on",))
    counted, uncounted, later = backwards.chances([(STEP, STEP), ((0, False, False), STEP), (STEP,)])
    assert (uncounted < counted).all()
    assert (uncounted > 0).all()
    assert not np.allclose(uncounted, later)  # it has moved, and some have left


def test_several_ends_are_likelier_than_each() -> None:
    course = [(STEP,) * 4]
    lapse = Backwards((CALLED,), ("churn", "fewer_seats", "lower_plan")).chances(course)[0]
    each = [Backwards((CALLED,), (name,)).chances(course)[0] for name in ("churn", "fewer_seats", "lower_plan")]
    for one in each:
        assert (lapse >= one).all()
    assert (lapse <= sum(each) + 1e-15).all()


def test_a_renewal_in_the_window_raises_the_chance_of_leaving_everywhere() -> None:
    renewing = (0, True, True)
    without, within = Backwards((UNCALLED,), ("churn",)).chances([(STEP,) * 8, (STEP,) * 4 + (renewing,) * 4])
    assert (within > without).all()


def test_each_step_follows_the_rules_of_its_time() -> None:
    worse = chain_of(Rates(churn=2 * Rates().churn), brisk=False, deep=False, contacted=False)
    later = (1, False, True)
    both = Backwards((UNCALLED, worse), ("churn",)).chances([(STEP,) * 4, (STEP, STEP, later, later), (later,) * 4])
    assert (both[0] < both[1]).all()
    assert (both[1] < both[2]).all()
    np.testing.assert_array_equal(both[2], Backwards((worse,), ("churn",)).chances([(STEP,) * 4])[0])


def test_a_deaf_world_has_one_chance_for_everybody() -> None:
    chain = chain_of(DEAF, brisk=True, deep=True, contacted=True)
    for target in ("seat_expansion", "add_on", "churn"):
        chances = Backwards((chain,), (target,)).chances([(STEP,) * 9])[0].reshape(chain.shape)
        below_the_highest = chances[:, :, : place("need", "3-none")]
        np.testing.assert_allclose(below_the_highest, below_the_highest.flat[0], rtol=2e-3)
