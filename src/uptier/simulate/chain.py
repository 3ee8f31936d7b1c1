"""The finite chain that the world is: how states move, what is decided in them, forwards by drawing, backwards exactly.

An account's state is one place on each axis of :data:`AXES`. In each step it first decides (leave, or change its terms
in one way, or neither), which may move it, and then moves along every axis by itself. The same tables serve both
directions: the world draws from them (:func:`advance`), the truth takes expectations over them
(:class:`uptier.simulate.backwards.Backwards`). Nothing else drives an outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from uptier.simulate.timeline import Floats, Ints

AXES: dict[str, tuple[str, ...]] = {
    "growth": ("shrinking", "steady", "stirring", "growing"),  # of the team; when stirring, power users come first
    "pressure": ("roomy", "easy", "filling", "tight", "full"),  # the team that wants to work against the licence
    "need": (  # tier and need for what the next tier holds; nothing lies above the highest tier
        "1-none",
        "1-emerging",
        "1-strong",
        "2-none",
        "2-emerging",
        "2-strong",
        "3-none",
    ),
    "gap": ("none", "felt", "urgent"),  # something that an add-on would close
    "mood": ("sour", "poor", "fair", "good"),  # sour: poor after a pushed sale
    "champion": ("absent", "present"),  # somebody who fights for the product
    "budget": ("tight", "free"),
    "talk": ("idle", "seat_expansion", "plan_upgrade", "add_on", "rest"),  # what the CSM talks about
}
DECISIONS = ("nothing", "seat_expansion", "plan_upgrade", "add_on", "fewer_seats", "lower_plan", "churn")
CONVERSIONS = DECISIONS[1:4]
CHANGES = DECISIONS[1:6]  # what leaves the account a customer, on other terms

State = dict[str, Ints]
Bools = npt.NDArray[np.bool_]


def place(axis: str, state: str) -> int:
    """Give the number of a state on its axis.

    Parameters
    ----------
    axis : str
        Name of the axis.
    state : str
        Name of the state.

    Returns
    -------
    int
        From 0.
    """
    return AXES[axis].index(state)


@dataclass(frozen=True, eq=False)
class Factor:
    """A table of figures over some axes.

    Attributes
    ----------
    axes : tuple of str
        Its axes, in the order of :data:`AXES`.
    table : ndarray of float
        One figure for each combination of their states.
    """

    axes: tuple[str, ...]
    table: Floats

    def at(self, state: State) -> Floats:
        """Look the figure up for each account.

        Parameters
        ----------
        state : dict of str to ndarray, shape (n_accounts,)
            Place on each axis.

        Returns
        -------
        ndarray of float, shape (n_accounts,)
            The figures.
        """
        return self.table[tuple(state[axis] for axis in self.axes)]

    def grid(self) -> Floats:
        """Spread the figures over all axes.

        Returns
        -------
        ndarray of float
            One axis for each of :data:`AXES`, of length 1 where the figure does not depend on it.
        """
        sizes = {axis: self.table.shape[position] for position, axis in enumerate(self.axes)}
        return self.table.reshape([sizes.get(axis, 1) for axis in AXES])


@dataclass(frozen=True, eq=False)
class Move:
    """A step along one axis, given the places on others.

    Attributes
    ----------
    axis : str
        The axis.
    given : tuple of str
        What the move depends on beside the place on the axis itself, in the order of :data:`AXES`.
    table : ndarray of float, shape (given..., n, n)
        Probability of going from one state to another; each row sums to 1.
    """

    axis: str
    given: tuple[str, ...]
    table: Floats
    _cumulative: Floats = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_cumulative", np.cumsum(self.table, axis=-1))

    def drawn(self, state: State, chance: Floats) -> Ints:
        """Draw the next place of each account.

        Parameters
        ----------
        state : dict of str to ndarray, shape (n_accounts,)
            Place on each axis.
        chance : ndarray of float, shape (n_accounts,)
            Evenly drawn from 0 to 1.

        Returns
        -------
        ndarray of int, shape (n_accounts,)
            Place on the axis after the move.
        """
        rows = self._cumulative[(*(state[axis] for axis in self.given), state[self.axis])]
        place: Ints = np.sum(chance[:, None] >= rows[:, :-1], axis=1, dtype=np.int64)
        return place

    def matrix(self, shape: tuple[int, ...]) -> sparse.csr_array:
        """Give the move as a matrix over whole states.

        Parameters
        ----------
        shape : tuple of int
            Number of states on each of AXES.

        Returns
        -------
        csr_array, shape (n_states, n_states)
            The probability of going from each state (rows) to each.
        """
        states = int(np.prod(shape))
        places = np.indices(shape, dtype=np.int32).reshape(len(shape), states)
        place_of = dict(zip(AXES, places, strict=True))
        rows = self.table[tuple(place_of[axis] for axis in (*self.given, self.axis))]
        stride = int(np.prod(shape[list(AXES).index(self.axis) + 1 :], dtype=np.int64))
        ends = np.arange(rows.shape[1], dtype=np.int32)
        to = np.arange(states, dtype=np.int32)[:, None] + (ends - place_of[self.axis][:, None]) * stride
        there = rows != 0
        begins = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
        return sparse.csr_array((rows[there], to[there], begins), shape=(states, states))


@dataclass(frozen=True, eq=False)
class Chain:
    """The rules of one kind of account.

    Attributes
    ----------
    churn : tuple of Factor
        Their product is the hazard of leaving, per step.
    renewal : float
        Times that hazard in the month in which the term ends.
    changing : dict of str to tuple of Factor
        For each of :data:`CHANGES`, the factors of its hazard, per step.
    fastest : float
        What the hazard of buying approaches and never exceeds, per step, however large the product of its factors.
    after : dict of str to tuple of Move
        For each of them, what it does to the state.
    moves : tuple of Move
        What happens in any step, in order.
    """

    churn: tuple[Factor, ...]
    renewal: float
    changing: Mapping[str, tuple[Factor, ...]]
    fastest: float
    after: Mapping[str, tuple[Move, ...]]
    moves: tuple[Move, ...]

    def decisions(self, state: State, renewing: Bools) -> Floats:
        """Give the probability of each decision in a step.

        Parameters
        ----------
        state : dict of str to ndarray, shape (n_accounts,)
            Place on each axis.
        renewing : ndarray of bool, shape (n_accounts,)
            Whether the term ends in the step's month.

        Returns
        -------
        ndarray of float, shape (n_accounts, n_decisions)
            Columns as in :data:`DECISIONS`; rows sum to 1.
        """
        leaving = _product([factor.at(state) for factor in self.churn])
        changing = [self._hazard(name, [factor.at(state) for factor in self.changing[name]]) for name in CHANGES]
        return np.stack(_shared(leaving * np.where(renewing, self.renewal, 1.0), changing), axis=1)

    def decisions_everywhere(self, *, renewing: bool) -> list[Floats]:
        """Give the probability of each decision in every state.

        Parameters
        ----------
        renewing : bool
            Whether the term ends in the step's month.

        Returns
        -------
        list of ndarray, one axis for each of AXES
            In the order of :data:`DECISIONS`; kept, and not to be written into.
        """
        if renewing not in self._everywhere:
            self._everywhere[renewing] = self._decided(renewing=renewing)
        return self._everywhere[renewing]

    @cached_property
    def _everywhere(self) -> dict[bool, list[Floats]]:
        return {}

    def _decided(self, *, renewing: bool) -> list[Floats]:
        full = self.shape
        leaving = _product([factor.grid() for factor in self.churn]) * (self.renewal if renewing else 1.0)
        changing = [self._hazard(name, [factor.grid() for factor in self.changing[name]]) for name in CHANGES]
        return _shared(np.broadcast_to(leaving, full), [np.broadcast_to(hazard, full) for hazard in changing])

    def _hazard(self, name: str, factors: list[Floats]) -> Floats:
        hazard = _product(factors)
        return hazard / (1 + hazard / self.fastest) if name in CONVERSIONS else hazard

    @cached_property
    def move_matrices(self) -> tuple[sparse.csr_array, ...]:
        """The moves, over whole states."""
        return tuple(move.matrix(self.shape) for move in self.moves)

    @cached_property
    def after_matrices(self) -> dict[str, sparse.csr_array]:
        """What each change does, over whole states."""
        matrices = {}
        for name in CHANGES:
            product_ = sparse.eye_array(int(np.prod(self.shape)), format="csr")
            for move in self.after[name]:
                product_ = product_ @ move.matrix(self.shape)
            matrices[name] = product_
        return matrices

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of states on each axis; one for talks where the account is never contacted."""
        sizes = {move.axis: move.table.shape[-1] for move in self.moves}
        return tuple(sizes[axis] for axis in AXES)


@dataclass(frozen=True)
class Step:
    """What a step did.

    Attributes
    ----------
    decision : ndarray of int, shape (n_accounts,)
        Place in :data:`DECISIONS`.
    decided : dict of str to ndarray, shape (n_accounts,)
        The state after the decision alone.
    state : dict of str to ndarray, shape (n_accounts,)
        The state after the whole step; without meaning for an account that left.
    """

    decision: Ints
    decided: State
    state: State


def advance(chain: Chain, state: State, *, renewing: Bools, random: np.random.Generator) -> Step:
    """Let accounts live through one step.

    Parameters
    ----------
    chain : Chain
        Their rules.
    state : dict of str to ndarray, shape (n_accounts,)
        Place on each axis; not changed.
    renewing : ndarray of bool, shape (n_accounts,)
        Whether the term ends in the step's month.
    random : Generator
        Where chance comes from.

    Returns
    -------
    Step
        Decisions and states.
    """
    count = len(renewing)
    cumulative = np.cumsum(chain.decisions(state, renewing), axis=1)
    decision = (random.random(count)[:, None] >= cumulative[:, :-1]).sum(axis=1)
    decided = {axis: places.copy() for axis, places in state.items()}
    for name in CHANGES:
        these = np.flatnonzero(decision == DECISIONS.index(name))
        bought = {axis: places[these] for axis, places in state.items()}
        for move in chain.after[name]:
            bought[move.axis] = move.drawn(bought, random.random(len(these)))
        for axis in AXES:
            decided[axis][these] = bought[axis]
    following = dict(decided)
    for move in chain.moves:
        following[move.axis] = move.drawn(following, random.random(count))
    return Step(decision=decision, decided=decided, state=following)


def _product(factors: list[Floats]) -> Floats:
    product = factors[0]
    for factor in factors[1:]:
        product = product * factor
    return product


def _shared(leaving: Floats, changing: list[Floats]) -> list[Floats]:
    """Competing hazards of one step to probabilities: leaving is settled first, then at most one change."""
    stays = np.exp(-leaving)
    total = _sum(changing)
    changes = -np.expm1(-total)
    share = stays * changes / np.maximum(total, 1e-300)
    return [stays * (1 - changes), *(hazard * share for hazard in changing), 1 - stays]


def _sum(parts: list[Floats]) -> Floats:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
