"""How a question is noted, and what comes back: a placeholder that signals combine freely."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import ibis

from uptier.signals.question import Number, Question
from uptier.tables.clean import KIND
from uptier.thresholds import Thresholds

if TYPE_CHECKING:
    from uptier.signals.signal import Signal
    from uptier.signals.trigger import Trigger


@dataclass
class Asking:
    """What is asked, noted; subclasses say what can be asked.

    Attributes
    ----------
    has : callable
        Says whether the project has a table with certain columns.
    thresholds : Thresholds
        Where triggers fire, for signals that count against one.
    asked : dict
        The questions so far, by column.
    lacking : set of str
        Tables and columns that the present signal asked for and the project lacks; emptied before each signal.
    unanswerable : set of str
        Columns of the questions that the project's tables cannot answer.
    signals : mapping of str to Signal
        The catalogue's signals by name, of which the rules of triggers are formed.
    triggers : tuple of Trigger
        The catalogue's triggers.
    forming : list of str
        The triggers whose rules are being formed.
    """

    has: Callable[[str, tuple[str, ...]], bool]
    thresholds: Thresholds
    asked: dict[str, Question] = field(default_factory=dict)
    lacking: set[str] = field(default_factory=set)
    unanswerable: set[str] = field(default_factory=set)
    signals: Mapping[str, Signal] = field(default_factory=dict)
    triggers: tuple[Trigger, ...] = ()
    forming: list[str] = field(default_factory=list)

    def _note(self, table: str, *columns: str) -> bool:
        if self.has(table, columns):
            return True
        self.lacking.add(table if not self.has(table, ()) else f"{table} ({', '.join(columns)})")
        return False

    def _ask(self, asked: Question, table: str, *columns: str) -> Number:
        if not self._note(table, *columns):
            self.unanswerable.add(asked.column)
        self.asked[asked.column] = asked
        placeholder: Number = ibis._[asked.column]
        return placeholder


def recorded(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """Give the columns that kinds of usage events are asked for by.

    Parameters
    ----------
    kinds : tuple of str
        Kinds of usage events.

    Returns
    -------
    tuple of str
        Marked as kinds.
    """
    return tuple(f"{KIND}{kind}" for kind in kinds)
