"""What a signal is: one function whose name, docstring, unit and phrase are the column, the page and the sentence."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from string import Formatter
from typing import TYPE_CHECKING, Any

from uptier.errors import SignalError
from uptier.signals.lever import Lever
from uptier.signals.speech import ENGLISH, Speech

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

    def told(self, value: object, *, currency: str = "", speech: Speech = ENGLISH) -> str:
        """Say a value in words.

        Parameters
        ----------
        value : object
            A number, or text for a category; not missing.
        currency : str
            ISO code, for money.
        speech : Speech
            The project's way of saying numbers and what is counted.

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
        numbers = speech.numbers
        if self in (Unit.SHARE, Unit.GROWTH):
            return _per_cent(value, speech)
        if self is Unit.MONEY:
            # rounding must not say that little is nothing
            if 0 < value <= 0.5:
                return numbers.less_than.replace("{value}", numbers.amount("1", currency))
            return numbers.amount(f"{value:,.0f}", currency)
        if self is Unit.RATIO:
            # rounding must not say that little is nothing
            if 0 < value < 0.05:
                return numbers.less_than.replace("{value}", numbers.written("0.1"))
            return numbers.written(f"{value:,.1f}".removesuffix(".0"))
        if self is Unit.HOURS and value >= FEW_HOURS:
            return Unit.DAYS.told(value / 24, speech=speech)
        whole = math.floor(value + 0.5)
        if self is Unit.TIMES and whole in (1, 2):
            return numbers.once if whole == 1 else numbers.twice
        one, many = speech.units.get(self.value) or self.words
        if whole == 0 and value > 0:
            return numbers.less_than.replace("{value}", f"1 {one}")
        return f"{numbers.written(f'{whole:,}')} {one if whole in numbers.singular else many}"

    @property
    def words(self) -> tuple[str, str]:
        """What is counted, in English: the word for one and the word for many."""
        many = _ALOUD.get(self, self.value)
        return many[:-1], many

    @property
    def counts(self) -> bool:
        """Whether its values are said as a number of something."""
        return self not in (Unit.SHARE, Unit.GROWTH, Unit.MONEY, Unit.RATIO, Unit.CATEGORY)


FEW_HOURS = 96  # up to four days hours say more: the window of a named gap is 72
_ALOUD = {Unit.FEATURES: "functions"}  # to the people who use a product, a feature is something else or nothing
MOST_EXACT = 2.0**53  # floats beyond are whole numbers


def _per_cent(share: float, speech: Speech) -> str:
    numbers = speech.numbers
    # rounding must not say that nothing is something, or that nearly all is all
    if 0 < share <= 0.005:
        return numbers.under.replace("{value}", numbers.share("1"))
    if 0.995 <= share < 1:
        return numbers.over.replace("{value}", numbers.share("99"))
    # a float near the largest there is has no hundredfold, a whole number has
    return numbers.share(f"{share * 100:,.0f}" if abs(share) < MOST_EXACT else f"{int(share) * 100:,}")


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
    units : dict of str to tuple of str
        What is counted, as these sentences alone call it: unit to the word for one and the word for many.
    """

    value: str
    missing: str
    zero: str = ""
    negative: str = ""
    units: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

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
    lever : Lever or None
        What a CSM can do about it; None where it only explains.
    """

    function: Callable[[Measures], Number]
    label: str
    unit: Unit
    effect: Effect
    phrase: Phrase
    lever: Lever | None = None
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


def signal(
    *, label: str, unit: Unit, effect: Effect, phrase: Phrase, lever: Lever | None = None
) -> Callable[[Callable[[Any], Any]], Signal]:
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
    lever : Lever, optional
        What a CSM can do about it.

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
        return Signal(function, label=label, unit=unit, effect=effect, phrase=phrase, lever=lever)

    return declared


def docstring_of_family(signals: Iterable[Signal], family: str) -> tuple[str, str]:
    """Part the docstring of a family's file at its colon.

    Parameters
    ----------
    signals : iterable of Signal
        Among them the family's.
    family : str
        Name of the family.

    Returns
    -------
    title, about : str
        What the family is called, and what it is about.
    """
    modules = (one.function.__module__ for one in signals if one.family == family)
    module = sys.modules.get(next(modules, ""))
    text = inspect.cleandoc((module.__doc__ if module else "") or "")
    title, _, about = text.partition(": ")
    # a docstring without a colon is about its title
    return title.splitlines()[0].rstrip(".") if title else family.replace("_", " ").capitalize(), about or text
