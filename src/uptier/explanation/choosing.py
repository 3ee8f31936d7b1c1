"""Which reasons many rows have, by numbers alone; the words come in :mod:`uptier.explanation.reasons`, where the rule
is written.

Columns are looked at as a whole: a row costs microseconds, next to what its contributions cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from uptier.explanation.sentences import known
from uptier.settings import CONVERSIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uptier.explanation.shares import Explained
    from uptier.signals.catalog import Catalog
    from uptier.signals.signal import Signal
    from uptier.signals.trigger import Trigger
    from uptier.thresholds import Thresholds

    Flags = NDArray[np.bool_]
    Places = NDArray[np.int64]
    Numbers = NDArray[np.float64]

WEIGHTY = 0.005  # share of probability; half a point is the least that rounds to one
FOR_AT_MOST = 3
AGAINST_AT_MOST = 2
FACTS_AT_MOST = 2
BESIDE = 0.25  # share of the heaviest one's weight, which a further reason needs, and a second fact of one
BEFORE_WEIGHT = 1e9  # more than any contribution: facts that tell a fired trigger come before others
NOBODY = -1  # where there is no further reason, or no further fact


@dataclass(frozen=True, eq=False)
class Chosen:
    """The reasons of some rows on one side, the heaviest first.

    Attributes
    ----------
    trigger : ndarray of int, shape (n_rows, n_at_most)
        Place among the catalogue's triggers; -1 where there is no further reason.
    points : ndarray of float, shape (n_rows, n_at_most)
        Share of probability that it adds, below 0 takes; NaN where there is none.
    fired : ndarray of bool, shape (n_rows, n_at_most)
        Whether the trigger's rule is true.
    facts : ndarray of int, shape (n_rows, n_at_most, 2)
        Places among the catalogue's signals, in the order in which they are said; -1 where there is no further fact.
    """

    trigger: Places
    points: Numbers
    fired: Flags
    facts: Places


class Facts:
    """What can be said of rows: the values of signals, whether they are known, and whether words can tell them.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_signals)
        Signals by name.
    catalog : Catalog
        The signals; one that is not in the frame is not known.
    """

    def __init__(self, frame: pd.DataFrame, catalog: Catalog) -> None:
        self._frame, self._catalog = frame, catalog
        self._values: dict[str, Numbers] = {}

    def value(self, name: str) -> Numbers:
        """Give a signal's values as far as they can be said.

        Parameters
        ----------
        name : str
            The signal.

        Returns
        -------
        ndarray of float, shape (n_rows,)
            NaN for what is not known; 1 for a text that can be said.
        """
        if name not in self._values:
            self._values[name] = _sayable(self._frame[name]) if name in self._frame else self._nothing()
        return self._values[name]

    def tells(self, signal: Signal) -> Flags:
        """Say for which rows a signal has something to tell, as :func:`uptier.explanation.sentences.tells` does.

        Parameters
        ----------
        signal : Signal
            The signal.

        Returns
        -------
        ndarray of bool, shape (n_rows,)
            False where it is not known, or is a 0 that has words of its own.
        """
        value = self.value(signal.name)
        found: Flags = ~np.isnan(value) & ~((value == 0) & bool(signal.phrase.zero))
        return found

    def speaks(self, signal: Signal) -> Flags:
        """Say for which rows a signal has a sentence, as :func:`uptier.explanation.sentences.sentence` does.

        Parameters
        ----------
        signal : Signal
            The signal; its value is known wherever it is asked about.

        Returns
        -------
        ndarray of bool, shape (n_rows,)
            False where a value that the sentence names is missing.
        """
        phrase, value = signal.phrase, self.value(signal.name)
        able = ~np.isnan(value)
        zero = (value == 0) & bool(phrase.zero)
        negative = (value < 0) & bool(phrase.negative)
        for template, here in ((phrase.zero, zero), (phrase.negative, negative), (phrase.value, ~zero & ~negative)):
            for name in _named(template) - {"value"}:
                able &= ~here | ~np.isnan(self.value(name))
        return able

    def _nothing(self) -> Numbers:
        return np.full(len(self._frame), np.nan)


def chosen(
    explained: Explained,
    *,
    frame: pd.DataFrame,
    fired: pd.DataFrame,
    catalog: Catalog,
    thresholds: Thresholds,
) -> tuple[Chosen, Chosen]:
    """Choose the reasons of rows under a fitted head.

    Parameters
    ----------
    explained : Explained
        The rows' probabilities, taken apart.
    frame : DataFrame, shape (n_rows, n_signals)
        The same rows' signals.
    fired : DataFrame of bool, shape (n_rows, n_triggers)
        The same rows' triggers.
    catalog : Catalog
        Signals and triggers.
    thresholds : Thresholds
        Where triggers fire.

    Returns
    -------
    supporting, opposing : Chosen
        At most three for, and two against.
    """
    facts = Facts(frame, catalog)
    weighed = {str(name): place for place, name in enumerate(explained.contributions.columns)}
    contributions = explained.contributions.to_numpy(dtype=np.float64)
    voices = [
        _Voice(place, trigger, catalog, weighed, contributions, facts, fired[trigger.name].to_numpy(dtype=bool))
        for place, trigger in enumerate(catalog.triggers)
        if trigger.family in explained.points
    ]
    points = explained.points[[voice.trigger.family for voice in voices]].to_numpy(dtype=np.float64)
    said = _beside([voice.fired for voice in voices], len(frame))
    # a fired trigger of no weight speaks only for the talk that it opens, so never for leaving
    opening = np.array([voice.trigger.opens == explained.outcome for voice in voices], dtype=bool)
    # "mend this first" is no reason to sell, even where a model has learnt that it goes with buying
    warning = np.array([voice.trigger.opens is None for voice in voices], dtype=bool)
    never = said & warning & (explained.outcome in CONVERSIONS)
    told = _beside([voice.has_a_fact(1) for voice in voices], len(frame)) & ~never
    supporting = told & (points >= WEIGHTY)
    opposing = _beside([voice.has_a_fact(-1) for voice in voices], len(frame)) & (points <= -WEIGHTY)
    # one measure for both sides: what cannot be told is none
    weights = np.where(supporting | opposing, np.abs(points), 0.0)
    heavy = weights >= BESIDE * weights.max(axis=1, initial=0.0, keepdims=True)
    supporting, opposing = supporting & heavy, opposing & heavy
    # a talk needs its opening: a light one is told where no weighty reason is one
    opens = told & said & opening & (points >= 0)
    supporting |= opens & ~np.any(supporting & opens, axis=1, keepdims=True)
    return (
        _side(voices, points, supporting, 1, FOR_AT_MOST, frame, thresholds),
        _side(voices, points, opposing, -1, AGAINST_AT_MOST, frame, thresholds),
    )


class _Voice:
    """A trigger, and the signals of its family that the model weighs."""

    def __init__(
        self,
        place: int,
        trigger: Trigger,
        catalog: Catalog,
        weighed: Mapping[str, int],
        contributions: Numbers,
        facts: Facts,
        fired: Flags,
    ) -> None:
        self.place, self.trigger, self.fired = place, trigger, fired
        says = {name: number for number, name in enumerate(trigger.says)}
        own = [
            (number, signal)
            for number, signal in enumerate(catalog.signals)
            if signal.family == trigger.family and signal.name in weighed
        ]
        # in the order in which the trigger is told: of what weighs the same, the first is taken
        own.sort(key=lambda one: says.get(one[1].name, len(says)))
        self.said: Places = np.array([says.get(signal.name, len(says)) for _, signal in own], dtype=np.int64)
        self.signals: Places = np.array([number for number, _ in own], dtype=np.int64)
        self.names = [signal.name for _, signal in own]
        self.contributions = contributions[:, [weighed[name] for name in self.names]]
        told = [
            fired & (name in trigger.says) & facts.tells(signal)
            for name, (_, signal) in zip(self.names, own, strict=True)
        ]
        self.telling = _beside(told, len(fired))
        self.known = _beside([~np.isnan(facts.value(name)) for name in self.names], len(fired))
        self.speaks = _beside([facts.speaks(signal) for _, signal in own], len(fired))

    def able(self, sign: int, rows: Places | slice = slice(None)) -> Flags:
        """Where a signal pulls to a side, or is a fact of the fired trigger that does not pull at all."""
        weight = sign * self.contributions[rows]
        found: Flags = self.known[rows] & ((weight > 0) | (weight == 0) & self.telling[rows])
        return found

    def has_a_fact(self, sign: int) -> Flags:
        found: Flags = np.any(self.able(sign) & self.speaks, axis=1)
        return found

    def facts(self, sign: int, rows: Places, frame: pd.DataFrame, thresholds: Thresholds) -> Places:
        """Choose two facts at most for rows that have one, in the order in which they are said."""
        telling, able, weight = self.telling[rows], self.able(sign, rows), sign * self.contributions[rows]
        last, firing = len(self.trigger.says), np.zeros_like(able)
        for column, name in enumerate(self.names):
            if telling[:, column].any():
                alone = {name: frame[name].iloc[rows]}
                firing[:, column] = self.trigger.fires_on(name, alone, thresholds).to_numpy(dtype=bool)
        # what fired the trigger, then what else tells it, then the rest by weight
        first_rank = (last + last * firing - self.said) * BEFORE_WEIGHT
        worth = np.where(able & self.speaks[rows], np.where(telling, first_rank, weight), -np.inf)
        here = np.arange(len(rows))
        one = worth.argmax(axis=1)
        least = BESIDE * np.where(able, weight, 0.0).max(axis=1, initial=0.0)
        worth[~telling & (weight < least[:, None])] = -np.inf
        worth[here, one] = -np.inf
        other = worth.argmax(axis=1)
        alone_told = np.isneginf(worth[here, other])
        # chosen by weight, said in the order in which the trigger is told
        turned = ~alone_told & (self.said[other] < self.said[one])
        found = np.column_stack([np.where(turned, other, one), np.where(turned, one, other)])
        facts: Places = self.signals[found]
        facts[alone_told, 1] = NOBODY
        return facts


def _side(
    voices: list[_Voice],
    points: Numbers,
    able: Flags,
    sign: int,
    at_most: int,
    frame: pd.DataFrame,
    thresholds: Thresholds,
) -> Chosen:
    rows = len(points)
    # a stable sort: what weighs the same stays in the order of the catalogue, whatever the order of columns
    order = np.argsort(np.where(able, -np.abs(points), np.inf), axis=1, kind="stable")[:, :at_most]
    trigger: Places = np.full((rows, at_most), NOBODY, dtype=np.int64)
    facts: Places = np.full((rows, at_most, FACTS_AT_MOST), NOBODY, dtype=np.int64)
    weights, fired = np.full((rows, at_most), np.nan), np.zeros((rows, at_most), dtype=bool)
    there = np.take_along_axis(able, order, axis=1)
    for number, voice in enumerate(voices):
        here, place = np.nonzero(there & (order == number))
        if not len(here):
            continue
        trigger[here, place] = voice.place
        weights[here, place] = points[here, number]
        fired[here, place] = voice.fired[here]
        facts[here, place] = voice.facts(sign, here, frame, thresholds)
    return Chosen(trigger=trigger, points=weights, fired=fired, facts=facts)


def _sayable(column: pd.Series) -> Numbers:
    if pd.api.types.is_numeric_dtype(column.dtype):
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.where(np.isfinite(numbers), numbers, np.nan)
    codes, values = pd.factorize(column.astype(object))
    said = [known(value) for value in values]
    # in the last place what factorize calls -1: missing
    each = [np.nan if one is None else one if isinstance(one, float) else 1.0 for one in said]
    return np.array([*each, np.nan])[codes]


def _named(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def _beside(columns: list[Flags], rows: int) -> Flags:
    return np.column_stack(columns) if columns else np.zeros((rows, 0), dtype=bool)
