"""The chain read backwards: what is to be expected, exactly, from every state at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from uptier.simulate.chain import CHANGES, Chain
from uptier.simulate.timeline import Floats

StepKind = tuple[int, bool, bool]  # which chain holds in a step, whether the term ends in its month, whether it counts


@dataclass(frozen=True, eq=False)
class Backwards:
    """A chain read backwards: what is to be expected, exactly, from every state at once.

    Attributes
    ----------
    chains : tuple of Chain
        The rules, of each stretch of time.
    targets : tuple of str
        The decisions whose chance is asked for.
    """

    chains: tuple[Chain, ...]
    targets: tuple[str, ...]

    def chances(self, courses: Sequence[tuple[StepKind, ...]]) -> Floats:
        """Give the chance that one of the targets is decided at least once in a course of steps.

        Parameters
        ----------
        courses : sequence of tuple of StepKind
            Each a course of steps from now. Steps that do not count only move the state.

        Returns
        -------
        ndarray of float, shape (n_courses, n_states)
            For every state at the beginning of the course.
        """
        states = int(np.prod(self.chains[0].shape))
        known: dict[tuple[StepKind, ...], Floats] = {(): np.zeros(states)}
        endings = {course[begin:] for course in courses for begin in range(len(course))}
        wanted = set(courses)
        # endings that courses share are worked out once, and all of one length at a time
        for length in range(1, max(map(len, courses), default=0) + 1):
            of_length = sorted(ending for ending in endings if len(ending) == length)
            fresh: dict[tuple[StepKind, ...], Floats] = {}
            for kind in sorted({ending[0] for ending in of_length}):
                alike = [ending for ending in of_length if ending[0] == kind]
                later = np.stack([known[ending[1:]] for ending in alike], axis=1)
                fresh |= dict(zip(alike, self._one_step(later, kind).T, strict=True))
            known = {course: known[course] for course in known if course in wanted or not course} | fresh
        return np.stack([known[course] for course in courses])

    def after(self, name: str, values: Floats) -> Floats:
        """Take the expectation of values over what a change does to the state.

        Parameters
        ----------
        name : str
            One of :data:`CHANGES`.
        values : ndarray of float, shape (n, n_states)
            The values in each state after it.

        Returns
        -------
        ndarray of float, shape (n, n_states)
            The expected values in each state before it.
        """
        expected: Floats = self.chains[0].after_matrices[name] @ np.ascontiguousarray(values.T)
        return expected.T

    def _one_step(self, later: Floats, kind: StepKind) -> Floats:
        """Values at the beginning of a step, of those at its end; shape (n_states, n)."""
        which, renewing, counts = kind
        chain = self.chains[which]
        nothing, *changed, left = (one.reshape(-1, 1) for one in chain.decisions_everywhere(renewing=renewing))
        moved = later
        for move in reversed(chain.move_matrices):
            moved = move @ moved
        value = nothing * moved
        for name, probability in zip(CHANGES, changed, strict=True):
            if counts and name in self.targets:
                value += probability
            else:
                value += probability * (chain.after_matrices[name] @ moved)
        if counts and "churn" in self.targets:
            value += left
        return value
