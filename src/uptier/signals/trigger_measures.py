"""What the triggers of the catalogue can be asked: which fire together, and since when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from typing import TYPE_CHECKING, Any, cast

import ibis

from uptier.errors import SignalError
from uptier.signals.asking import Asking
from uptier.signals.question import Number

if TYPE_CHECKING:
    from uptier.signals.measures import Measures
    from uptier.signals.signal import Signal
    from uptier.signals.trigger import Trigger

HOURS = "hours"
HOURS_A_DAY = 24
SINCE_UNITS = ("days", HOURS)  # in which a signal may tell since when a trigger fires
_NOT_TOLD = -1.0  # days, of a trigger that does not fire or does not tell since when


@dataclass(frozen=True, kw_only=True)
class Firing:
    """One trigger of the catalogue, asked now.

    Attributes
    ----------
    trigger : Trigger
        Which.
    fired : Number
        True where its rule holds; false where a value that the rule needs is missing.
    since_days : Number or None
        Days since when it has been true, whether or not it fires; null where not known, None where no signal tells.
    """

    trigger: Trigger
    fired: Number
    since_days: Number | None


class TriggerMeasures(Asking):
    """Questions about the catalogue's own triggers."""

    def fired(self) -> list[Firing]:
        """Form the rule of every trigger that the project's tables allow.

        What a trigger asks is answered together with everything else; that its table is absent does not make the
        signal that asks here unavailable.

        Returns
        -------
        list of Firing
            In catalogue order; without those of whose rule no signal is available.

        Raises
        ------
        SignalError
            If the rule of a trigger itself asks which triggers fire.
        """
        if self.forming:
            raise SignalError(
                f"The trigger {self.forming[-1]} asks which triggers fire, itself among them.",
                do="Take the signals that count triggers out of its rule.",
            )
        lacking = set(self.lacking)
        found = [one for trigger in self.triggers if (one := self._firing(trigger)) is not None]
        self.lacking.clear()
        self.lacking.update(lacking)
        return found

    def triggers_fired(self) -> Number:
        """Count the triggers that fire, of those that open a talk.

        Returns
        -------
        Number
            Triggers; null where the project's tables allow none of them.
        """
        firing = self._opening()
        return reduce(lambda one, other: one + other, [one.fired.cast("int64") for one in firing], _nothing())

    def days_triggers_together(self) -> Number:
        """Count the days for which at least two triggers that open a talk have fired without a break.

        Returns
        -------
        Number
            The second longest of the times for which those that fire have fired; null where fewer than two fire or
            fewer than two of them tell since when.
        """
        told = [
            # engines differ in what the least of a value and a null is, so there is none
            one.fired.ifelse(one.since_days.fill_null(_NOT_TOLD), _NOT_TOLD)
            for one in self._opening()
            if one.since_days is not None
        ]
        # the second longest is the longest that two have in common
        pairs = [ibis.least(one, other) for one, other in combinations(told, 2)]
        second: Number = ibis.greatest(*pairs, _nothing() + _NOT_TOLD)
        return second.nullif(_NOT_TOLD)

    def _opening(self) -> list[Firing]:
        firing = [one for one in self.fired() if one.trigger.opens is not None]
        if not firing:
            self.lacking.add("the tables of any trigger")
        return firing

    def _firing(self, trigger: Trigger) -> Firing | None:
        signals = _Forming(self)
        self.forming.append(trigger.name)
        fired = trigger.rule(signals, self.thresholds)
        since = self._since(trigger)
        self.forming.pop()
        if signals.asked and signals.asked <= signals.lacking:
            return None
        return Firing(trigger=trigger, fired=fired, since_days=since)

    def _since(self, trigger: Trigger) -> Number | None:
        if not trigger.since:
            return None
        signals = _Forming(self)
        since: Number = signals[trigger.since].expression
        if signals.lacking:
            return None
        return since / HOURS_A_DAY if self.signals[trigger.since].unit.value == HOURS else since


class _Forming:
    """Signals by name, formed when a rule asks for them."""

    def __init__(self, measures: TriggerMeasures) -> None:
        self._measures = measures
        self.asked: set[str] = set()
        self.lacking: set[str] = set()

    def __getitem__(self, name: str) -> _Told:
        one: Signal = self._measures.signals[name]
        self.asked.add(name)
        self._measures.lacking.clear()
        # as in a frame: what a rule sees must not depend on where it is asked
        value = one(cast("Measures", self._measures)).cast("string" if one.is_category else "float64")
        if self._measures.lacking:
            self.lacking.add(name)
        return _Told(value)


class _Told:
    """A signal's expression that compares as a column of a frame does: with what is missing, nothing compares."""

    __hash__ = None  # type: ignore[assignment]  # as an expression's

    def __init__(self, expression: Any) -> None:
        self.expression = expression

    def __ge__(self, other: object) -> Any:
        return self._compared(lambda one, two: one >= two, other)

    def __gt__(self, other: object) -> Any:
        return self._compared(lambda one, two: one > two, other)

    def __le__(self, other: object) -> Any:
        return self._compared(lambda one, two: one <= two, other)

    def __lt__(self, other: object) -> Any:
        return self._compared(lambda one, two: one < two, other)

    def __eq__(self, other: object) -> Any:
        return self._compared(lambda one, two: one == two, other)

    def __ne__(self, other: object) -> Any:
        return ~self._compared(lambda one, two: one == two, other)

    def isnull(self) -> Any:
        return self.expression.isnull()

    def notnull(self) -> Any:
        return self.expression.notnull()

    def fillna(self, other: _Told) -> _Told:
        return _Told(self.expression.fill_null(other.expression))

    def _compared(self, compare: Callable[[Any, Any], Any], other: object) -> Any:
        return compare(self.expression, other.expression if isinstance(other, _Told) else other).fill_null(False)


def _nothing() -> Number:
    # a deferred 0, to begin a sum with
    zero: Number = ibis._["account_id"].isnull().ifelse(0, 0)
    return zero
