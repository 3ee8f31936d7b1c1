"""What a signal is: one function whose name, docstring, unit and phrase are the column, the page and the sentence."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from string import Formatter
from typing import TYPE_CHECKING, Any

from uptier.errors import SignalError

if TYPE_CHECKING:
    from uptier.signals.measures import Measures, Number


class Unit(StrEnum):
    """What a signal counts in, and how its values are said aloud."""

    SHARE = "share"  # 0 to 1 and beyond, said as per cent
    GROWTH = "growth"  # share of change, said as per cent
    USERS = "users"
    SEATS = "seats"
    HOURS = "hours"
    DAYS = "days"
    MONTHS = "months"
    PERIODS = "billing periods"
    EVENTS = "events"
    TIMES = "times"
    FEATURES = "features"
    METERS = "meters"
    ADDONS = "add-ons"
    MILESTONES = "milestones"
    TRIGGERS = "triggers"
    TICKETS = "tickets"
    POINTS = "points"
    MONEY = "money"  # whole account currency, per month
    RATIO = "ratio"  # a pure number
    CATEGORY = "category"  # text

    def told(self, value: object, *, currency: str = "") -> str:
        """Say a value in words.

        Parameters
        ----------
        value : object
            A number, or text for a category; not missing.
        currency : str
            ISO code, for money.

        Returns
        -------
        str
            Number and unit: ``"92 %"``, ``"1 user"``, ``"USD 1,200"``.

        Examples
        --------
        >>> Unit.SHARE.told(0.917), Unit.USERS.told(1), Unit.TIMES.told(2), Unit.MONEY.told(1200.0, currency="USD")
        ('92 %', '1 user', 'twice', 'USD 1,200')
        """
        if self is Unit.CATEGORY or not isinstance(value, int | float):
            return str(value)
        if self in (Unit.SHARE, Unit.GROWTH):
            return _per_cent(value)
        if self is Unit.MONEY:
            return f"{currency} {value:,.0f}".strip()
        if self is Unit.RATIO:
            # rounding must not say that little is nothing
            return "less than 0.1" if 0 < value < 0.05 else f"{value:,.1f}".removesuffix(".0")
        if self is Unit.HOURS and value >= FEW_HOURS:
            return Unit.DAYS.told(value / 24)
        whole = math.floor(value + 0.5)
        if self is Unit.TIMES and whole in _OFTEN:
            return _OFTEN[whole]
        if whole == 0 and value > 0:
            return f"less than 1 {_ALOUD.get(self, self.value)[:-1]}"
        words = _ALOUD.get(self, self.value)
        return f"{whole:,} {words[:-1] if whole == 1 else words}"


FEW_HOURS = 96  # up to four days hours say more: the window of a named gap is 72
_OFTEN = {1: "once", 2: "twice"}
_ALOUD = {Unit.FEATURES: "functions"}  # to the people who use a product, a feature is something else or nothing
MOST_EXACT = 2.0**53  # floats beyond are whole numbers


def _per_cent(share: float) -> str:
    # rounding must not say that nothing is something, or that nearly all is all
    if 0 < share < 0.005:
        return "under 1 %"
    if 0.995 <= share < 1:
        return "over 99 %"
    # a float near the largest there is has no hundredfold, a whole number has
    return f"{share * 100:,.0f} %" if abs(share) < MOST_EXACT else f"{int(share) * 100:,} %"


class Effect(StrEnum):
    """Which way a higher value is expected to move the chance of an upsell; checked on every fitted model."""

    RAISES = "raises"
    LOWERS = "lowers"
    EITHER = "either"


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """The sentences that tell a signal's value; each states a fact that the value makes true.

    Attributes
    ----------
    value : str
        For any value; ``{value}`` is the value with its unit, ``{seats}`` that of the signal `seats`.
    missing : str
        For NaN: what is not known.
    zero : str
        For exactly 0, where `value` would read badly.
    negative : str
        For values below 0; ``{value}`` is then without its sign.
    """

    value: str
    missing: str
    zero: str = ""
    negative: str = ""

    def placeholders(self) -> set[str]:
        """Give the names in braces.

        Returns
        -------
        set of str
            ``value`` and names of other signals.
        """
        texts = (self.value, self.missing, self.zero, self.negative)
        return {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}


@dataclass(frozen=True, eq=False)
class Signal:
    """A signal of the catalogue; call it with the measures to get its expression.

    Attributes
    ----------
    function : callable
        What forms the value from measures of an account's past.
    label : str
        Its name for people.
    unit : Unit
        What it counts in.
    effect : Effect
        Which way a higher value should move the chance of an upsell.
    phrase : Phrase
        How its value is said.
    """

    function: Callable[[Measures], Number]
    label: str
    unit: Unit
    effect: Effect
    phrase: Phrase
    name: str = field(init=False)
    family: str = field(init=False)

    def __post_init__(self) -> None:
        # one place: the function's own name and module are the signal's name and family
        object.__setattr__(self, "name", self.function.__name__)
        object.__setattr__(self, "family", self.function.__module__.rsplit(".", 1)[-1])
        object.__setattr__(self, "__doc__", inspect.getdoc(self.function))
        object.__setattr__(self, "__wrapped__", self.function)

    def __call__(self, history: Measures) -> Number:
        """Form the signal's expression.

        Parameters
        ----------
        history : Measures
            What the past can be asked.

        Returns
        -------
        Number
            An expression over measures.
        """
        return self.function(history)

    @property
    def is_category(self) -> bool:
        """Whether its values are text."""
        return self.unit is Unit.CATEGORY


def signal(*, label: str, unit: Unit, effect: Effect, phrase: Phrase) -> Callable[[Callable[[Any], Any]], Signal]:
    """Declare a function to be a signal.

    Parameters
    ----------
    label : str
        Its name for people.
    unit : Unit
        What it counts in.
    effect : Effect
        Which way a higher value should move the chance of an upsell.
    phrase : Phrase
        How its value is said.

    Returns
    -------
    callable
        A decorator that gives a :class:`Signal`.

    Raises
    ------
    SignalError
        If the function has no docstring or the phrase never says the value.
    """

    def declared(function: Callable[[Any], Any]) -> Signal:
        if not inspect.getdoc(function):
            raise SignalError(
                f"The signal {function.__name__} has no docstring.", do="Its docstring is its page in docs/signals.md."
            )
        if "value" not in phrase.placeholders():
            raise SignalError(f"The phrase of the signal {function.__name__} never says its value: {{value}}.")
        return Signal(function, label=label, unit=unit, effect=effect, phrase=phrase)

    return declared
