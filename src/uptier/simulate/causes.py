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


@dataclass(frozen=True, eq=False)
class Table:
    """Chances of one kind of account, in every state.

    Attributes
    ----------
    talks : int
        Length of the axis of talks: 1 where nobody calls.
    sold_in : dict of str to int
        For each upsell whose aftermath is asked for, the talk in which it is sold.
    chances : dict of str to ndarray, shape (n_cells, n_states)
        By upsell, or under "" where none is asked for; a cell is an as-of date and a renewal.
    """

    talks: int
    sold_in: Mapping[str, int]
    chances: Mapping[str, Floats]

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
        flat : ndarray of int, shape (n,)
            Flat place on all axes but that of talks.
        talk : ndarray of int, shape (n,)
            Place on that one.
        weights : mapping of str to ndarray, shape (n,)
            By the keys of `chances`, how much each counts.

        Returns
        -------
        ndarray of float, shape (n,)
            The chances.
        """
        found = np.zeros(len(cell))
        for name, chances in self.chances.items():
            about = self.sold_in.get(name, talk) if self.talks > 1 else 0
            found += weights[name] * chances.ravel()[cell * chances.shape[1] + flat * self.talks + about]
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
        rows = np.flatnonzero((looks.brisk == brisk) & (looks.deep == deep) & (looks.contacted == contacted))
        if not len(rows):
            continue
        state = {axis: places[rows] for axis, places in looks.state.items()}
        total = np.zeros((len(CAUSES), len(rows)))
        for has_depth, has_setting in product((False, True), repeat=2):
            fast, called = (brisk, contacted) if has_setting else SETTING_AT_REST
            kind = (fast, deep if has_depth else DEEP_AT_REST, called)
            _add(
                total,
                _View.of(outlook, kind, rows, renewals=has_setting),
                {name: _View.of(upsell, kind, rows, renewals=has_setting) for name, upsell in sold.items()},
                state,
                has_depth=has_depth,
                has_setting=has_setting,
            )
        shares[:, rows] = total
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


def _add(
    total: Floats,
    view: _View,
    sold: Mapping[str, _View],
    state: State,
    *,
    has_depth: bool,
    has_setting: bool,
) -> None:
    """Add what every set of states does to each cause's share, given the depth and the setting."""
    rows = len(view.cell)
    gains, losses = _shapley_weights(len(CAUSES))
    strides = _strides()
    tier = state["need"] // len(NEEDS) * len(NEEDS)
    actual = {axis: state[axis] - AT_REST[axis] for axis in AXES} | {"need": state["need"] - tier}
    rest: Ints = np.full(rows, sum(AT_REST[axis] * strides[axis] for axis in strides), dtype=np.int64)
    if has_setting:
        rest += tier * strides["need"]
    without, alone = np.zeros(rows), {"": np.ones(rows)}
    for present in product((False, True), repeat=len(AXES)):
        axes = [axis for axis, there in zip(AXES, present, strict=True) if there]
        flat = rest.copy()
        for axis in axes:
            if axis != "talk":
                flat += actual[axis] * strides[axis]
        talk = state["talk"] if "talk" in axes else np.full(rows, AT_REST["talk"])
        weights = shares_of({name: upsell.at(flat, talk, alone) for name, upsell in sold.items()}) if sold else alone
        chance = view.at(flat, talk, weights)
        value = np.log(np.maximum(chance, LEAST)) - np.log1p(-chance)
        members = [CAUSES.index(axis) for axis in axes]
        members += [CAUSES.index(DEPTH)] * has_depth + [CAUSES.index(SETTING)] * has_setting
        size = len(members)
        without += losses[size] * value
        for cause in members:
            total[cause] += (gains[size] + losses[size]) * value
    total -= without


def _shapley_weights(count: int) -> tuple[list[float], list[float]]:
    """By the size of a set: its weight for a cause that is in it, and for one that is not."""
    orders = factorial(count)
    gains = [factorial(size - 1) * factorial(count - size) / orders if size else 0.0 for size in range(count + 1)]
    losses = [factorial(size) * factorial(count - size - 1) / orders for size in range(count)]
    return gains, [*losses, 0.0]


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
