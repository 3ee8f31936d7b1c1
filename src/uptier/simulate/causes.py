"""Why a true chance is what it is: the log-odds that each of the world's own causes adds.

A cause is taken away by setting it to rest: the account is looked at as it would be, were its team steady, its licence
easy, nothing needed, and so on, all else as it is. What a cause adds depends on which others are there; Shapley's value
takes the mean over all orders in which the causes could be added, the only way of sharing that treats all alike and
adds up (Shapley 1953, "A value for n-person games").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from math import factorial

import numpy as np

from uptier.simulate.chain import AXES, State, place
from uptier.simulate.looks import Looks
from uptier.simulate.rules import NEEDS
from uptier.simulate.timeline import Floats, Ints

AT_REST = {
    "growth": place("growth", "steady"),
    "pressure": place("pressure", "easy"),
    "need": 0,  # none, on the account's own tier
    "gap": place("gap", "none"),
    "mood": place("mood", "fair"),
    "champion": place("champion", "present"),
    "budget": place("budget", "tight"),
    "talk": place("talk", "idle"),
}
DEPTH, SETTING = "depth", "setting"
CAUSES = (*AXES, DEPTH, SETTING)  # the setting: tier, pace, the term's end, and whether CSMs may call
DEEP_AT_REST = False
SETTING_AT_REST = (False, True)  # brisk, contacted; on the lowest tier, and far from the end of the term
LEAST = 1e-300  # stands for a chance of nothing in a logarithm

Kind = tuple[bool, bool, bool]  # brisk, deep, contacted
_SIZES = {axis: len(states) for axis, states in AXES.items()}
SETS: Ints = np.array(list(product((0, 1), repeat=len(AXES))))  # each set of the states that can be taken away
ROWS_AT_ONCE = 2_000  # of which each set's value stands in memory


@dataclass(frozen=True, eq=False)
class Table:
    """Chances of one kind of account, in every state.

    Attributes
    ----------
    talks : int
        Length of the axis of talks: 1 where nobody calls.
    sold_in : dict of str to int
        For each upsell whose aftermath is asked for, the talk in which it is sold.
    chances : dict of str to ndarray, shape (n_courses, n_states)
        By upsell, or under "" where none is asked for. A course is what lies ahead, step by step.
    courses : ndarray of int, shape (n_cells, n_parts)
        Rows of `chances` that a cell's own is made of; a cell is an as-of date and a renewal. Most cells share them.
    shares : ndarray of float, shape (n_cells, n_parts)
        How much each of them counts.
    """

    talks: int
    sold_in: Mapping[str, int]
    chances: Mapping[str, Floats]
    courses: Ints
    shares: Floats

    def at(self, cell: Ints, state: State, weights: Mapping[str, Floats]) -> Floats:
        """Look chances up.

        Parameters
        ----------
        cell : ndarray of int, shape (n,)
            The cell of each row.
        state : dict of str to ndarray, shape (n,)
            Place on each axis.
        weights : mapping of str to ndarray, shape (n,)
            By the keys of `chances`, how much each counts.

        Returns
        -------
        ndarray of float, shape (n,)
            The chances.
        """
        return self.looked_up(cell, _flat(state), state["talk"], weights)

    def looked_up(self, cell: Ints, flat: Ints, talk: Ints, weights: Mapping[str, Floats]) -> Floats:
        """Look chances up by flat places.

        Parameters
        ----------
        cell : ndarray of int, shape (n,)
            The cell of each row.
        flat : ndarray of int, shape (..., n)
            Flat place on all axes but that of talks.
        talk : ndarray of int, shape (..., n)
            Place on that one.
        weights : mapping of str to ndarray, shape (..., n)
            By the keys of `chances`, how much each counts.

        Returns
        -------
        ndarray of float, shape (..., n)
            The chances.
        """
        found = np.zeros(flat.shape)
        for name, chances in self.chances.items():
            about = self.sold_in.get(name, talk) if self.talks > 1 else 0
            state = flat * self.talks + about
            for course, share in zip(self.courses[cell].T, self.shares[cell].T, strict=True):
                found += weights[name] * share * chances.ravel()[course * chances.shape[1] + state]
        return found


@dataclass(frozen=True, eq=False)
class Outlook:
    """Where the chance of one outcome is looked up.

    Attributes
    ----------
    tables : mapping of Kind to Table
        For every kind of account.
    own, unrenewed : ndarray of int, shape (n_rows,)
        Each row's cell, and that of its date without a renewal.
    """

    tables: Mapping[Kind, Table]
    own: Ints
    unrenewed: Ints


def shares_of(chances: Mapping[str, Floats]) -> dict[str, Floats]:
    """Say what would be sold: each upsell in proportion to its chance.

    Parameters
    ----------
    chances : mapping of str to ndarray, shape (n,)
        By upsell.

    Returns
    -------
    dict of str to ndarray, shape (n,)
        By upsell; they add up to 1, or are all 0 where nothing can be sold.
    """
    total = np.maximum(sum(chances.values()), LEAST)
    return {name: chance / total for name, chance in chances.items()}


def log_odds_by_cause(outlook: Outlook, looks: Looks, sold: Mapping[str, Outlook]) -> Floats:
    """Share the log-odds of each row among the causes.

    Parameters
    ----------
    outlook : Outlook
        Of the outcome.
    looks : Looks
        The rows.
    sold : mapping of str to Outlook
        Of each upsell, where the outcome is what follows a sale: what would be sold hangs on the causes too, and so
        changes as they are taken away. Empty for all other outcomes.

    Returns
    -------
    ndarray of float, shape (n_causes, n_rows)
        In the order of :data:`CAUSES`; they add up to the log-odds of the row less those of an account at rest.
    """
    shares = np.zeros((len(CAUSES), len(looks)))
    for brisk, deep, contacted in product((False, True), repeat=3):
        alike = np.flatnonzero((looks.brisk == brisk) & (looks.deep == deep) & (looks.contacted == contacted))
        for rows in (alike[begin : begin + ROWS_AT_ONCE] for begin in range(0, len(alike), ROWS_AT_ONCE)):
            state = {axis: places[rows] for axis, places in looks.state.items()}
            for has_depth, has_setting in product((False, True), repeat=2):
                fast, called = (brisk, contacted) if has_setting else SETTING_AT_REST
                kind = (fast, deep if has_depth else DEEP_AT_REST, called)
                shares[:, rows] += _shares(
                    _View.of(outlook, kind, rows, renewals=has_setting),
                    {name: _View.of(upsell, kind, rows, renewals=has_setting) for name, upsell in sold.items()},
                    state,
                    has_depth=has_depth,
                    has_setting=has_setting,
                )
    return shares


@dataclass(frozen=True, eq=False)
class _View:
    """An outlook of some rows, were they of one kind."""

    table: Table
    cell: Ints

    @classmethod
    def of(cls, outlook: Outlook, kind: Kind, rows: Ints, *, renewals: bool) -> _View:
        return cls(outlook.tables[kind], (outlook.own if renewals else outlook.unrenewed)[rows])

    def at(self, flat: Ints, talk: Ints, weights: Mapping[str, Floats]) -> Floats:
        return self.table.looked_up(self.cell, flat, talk, weights)


def _shares(view: _View, sold: Mapping[str, _View], state: State, *, has_depth: bool, has_setting: bool) -> Floats:
    """Give what all sets of states together, with this depth and setting, do to each cause's share."""
    strides = _strides()
    tier = state["need"] // len(NEEDS) * len(NEEDS)
    actual = {axis: state[axis] - AT_REST[axis] for axis in AXES} | {"need": state["need"] - tier}
    rest: Ints = np.full(len(tier), sum(AT_REST[axis] * strides[axis] for axis in strides), dtype=np.int64)
    if has_setting:
        rest += tier * strides["need"]
    flat: Ints = rest + SETS[:, :-1] @ np.stack([actual[axis] * strides[axis] for axis in AXES if axis != "talk"])
    talk: Ints = AT_REST["talk"] + SETS[:, -1:] * actual["talk"]
    alone = {"": np.ones(flat.shape)}
    weights = shares_of({name: upsell.at(flat, talk, alone) for name, upsell in sold.items()}) if sold else alone
    chance = view.at(flat, talk, weights)
    value = np.log(np.maximum(chance, LEAST)) - np.log1p(-chance)
    others = np.tile([int(has_depth), int(has_setting)], (len(SETS), 1))
    # not by BLAS, whose last digits hang on the machine
    shares: Floats = np.einsum("sc,sr->cr", _shapley_weights(np.hstack([SETS, others])), value)
    return shares


def _shapley_weights(sets: Ints) -> Floats:
    """How much the value of each set of causes counts in each cause's share; shape (n_sets, n_causes)."""
    count = sets.shape[1]
    size = sets.sum(axis=1)
    orders = factorial(count)
    gains = [factorial(size - 1) * factorial(count - size) / orders if size else 0.0 for size in range(count + 1)]
    losses = [factorial(size) * factorial(count - size - 1) / orders for size in range(count)] + [0.0]
    return np.where(sets == 1, np.array(gains)[size, None], -np.array(losses)[size, None])


def _strides() -> dict[str, int]:
    """How far one place on each axis is in a flat table without that of talks."""
    strides, stride = {}, 1
    for axis in reversed([axis for axis in AXES if axis != "talk"]):
        strides[axis] = stride
        stride *= _SIZES[axis]
    return strides


def _flat(state: State) -> Ints:
    strides = _strides()
    flat: Ints = np.zeros(len(state["talk"]), dtype=np.int64)
    for axis, stride in strides.items():
        flat = flat + state[axis] * stride
    return flat
