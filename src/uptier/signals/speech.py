"""Speech: how numbers, dates and counted things are said aloud; English, unless a project's wording says otherwise."""

from __future__ import annotations

import datetime as dt
import string
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Self

from pydantic import AfterValidator, NonNegativeInt, field_validator, model_validator

from uptier.errors import closest
from uptier.thresholds import Part

UNSHOWN = ("Cc", "Cs")  # Unicode's categories of signs that no screen shows: control signs, halves of pairs
MONTHS = 12
WEEKDAYS = 7


def tidy(text: str) -> str:
    """Give a text in one line, without blanks around it.

    Parameters
    ----------
    text : str
        As it is written.

    Returns
    -------
    str
        Line breaks and doubled blanks are one blank.

    Raises
    ------
    ValueError
        If nothing is left, or a sign cannot be shown.
    """
    said = " ".join(text.split())
    if not said:
        raise ValueError("it is empty: write words, or leave the key out")
    if any(unicodedata.category(sign) in UNSHOWN for sign in said):
        raise ValueError("it holds a sign that cannot be shown")
    return said


def fault(text: str, possible: Collection[str], *, needed: str = "", listed: str = "") -> str:
    """Say what is wrong with the braces of a text.

    Parameters
    ----------
    text : str
        Words, with names in braces.
    possible : collection of str
        The names that may stand there. Nothing but a name may: what Python allows beside it looks into the value.
    needed : str
        The name that must stand there.
    listed : str
        How to tell the possible names where they are too many to list.

    Returns
    -------
    str
        Empty where nothing is wrong.
    """
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        return "a brace is not closed, or was never opened"
    if any("{" in words or "}" in words for words, *_ in parts):
        return "a brace itself cannot be said"
    named = [name for _, name, _, _ in parts if name is not None]
    # written anew from its names alone a text is the same, or there is something beside a name, if only a colon
    bare = "".join(words if name is None else f"{words}{{{name}}}" for words, name, _, _ in parts)
    for name in named:
        if bare != text or not name.isidentifier():
            return "nothing but a name may stand between braces: no point, bracket, colon, exclamation mark or number"
        if name not in possible:
            near = closest(name, possible, count=1)
            known = listed or ", ".join(f"{{{one}}}" for one in possible)
            return f"there is no {{{name}}}. " + (f"Did you mean {{{near[0]}}}?" if near else f"Possible: {known}")
    return f"it never says {{{needed}}}" if needed and needed not in named else ""


def _plain(text: str) -> str:
    if "{" in text or "}" in text:
        raise ValueError("no brace may stand here")
    return text


def _two(words: tuple[str, ...]) -> tuple[str, ...]:
    if len(words) != 2:
        raise ValueError("give two: the word for one and the word for many")
    return words


Said = str | tuple[str, ...]  # a fixed text, or its words for one and for many
Text = Annotated[str, AfterValidator(tidy)]
Word = Annotated[str, AfterValidator(tidy), AfterValidator(_plain)]
OneAndMany = Annotated[tuple[Word, ...], AfterValidator(_two)]


class Numbers(Part):
    """How numbers are said.

    Attributes
    ----------
    decimal : str
        The sign before tenths.
    thousands : str
        The sign between thousands; may be empty or a blank.
    per_cent : str
        A share, with {number}.
    money : str
        An amount, with {number} and {currency}.
    currencies : dict
        ISO code to what is said instead of it.
    singular : list of int
        The numbers that take the word for one in a brief; French: 0 and 1.
    once, twice : str
        What is said instead of 1 and 2 times.
    less_than : str
        What would be rounded to nothing, with {value}.
    under, over : str
        Shares that would be rounded to nothing, and to all, with {value}.
    """

    decimal: str = "."
    thousands: str = ","
    per_cent: Text = "{number} %"
    money: Text = "{currency} {number}"
    currencies: dict[str, Word] = {}
    singular: tuple[NonNegativeInt, ...] = (1,)
    once: Word = "once"
    twice: Word = "twice"
    less_than: Text = "less than {value}"
    under: Text = "under {value}"
    over: Text = "over {value}"

    @field_validator("decimal", "thousands")
    @classmethod
    def _no_digit(cls, sign: str) -> str:
        if len(sign) > 1 or sign.isalnum() or sign in tuple("+-{}%") or unicodedata.category(sign or " ") in UNSHOWN:
            raise ValueError("it must be one sign that can be no part of a number: a comma, a point, a blank")
        return sign

    @field_validator("per_cent")
    @classmethod
    def _says_the_number(cls, text: str) -> str:
        return _checked(text, ("number",), needed="number")

    @field_validator("money")
    @classmethod
    def _says_the_amount(cls, text: str) -> str:
        return _checked(text, ("number", "currency"), needed="number")

    @field_validator("less_than", "under", "over")
    @classmethod
    def _says_the_value(cls, text: str) -> str:
        return _checked(text, ("value",), needed="value")

    @model_validator(mode="after")
    def _two_signs(self) -> Self:
        if self.decimal == self.thousands or not self.decimal.strip():
            raise ValueError("'decimal' must be a sign, and another one than 'thousands'")
        return self

    def written(self, figure: str) -> str:
        """Write a figure with these signs.

        Parameters
        ----------
        figure : str
            As Python writes it, ``"1,234.5"``.

        Returns
        -------
        str
            ``"1.234,5"``, say.
        """
        whole, point, tenths = figure.partition(".")
        return whole.replace(",", self.thousands) + (self.decimal + tenths if point else "")

    def share(self, figure: str) -> str:
        """Say per cent.

        Parameters
        ----------
        figure : str
            As Python writes it.

        Returns
        -------
        str
            ``"92 %"``.
        """
        return self.per_cent.replace("{number}", self.written(figure))

    def amount(self, figure: str, currency: str) -> str:
        """Say an amount of money.

        Parameters
        ----------
        figure : str
            As Python writes it.
        currency : str
            ISO code; may be empty.

        Returns
        -------
        str
            ``"USD 1,200"``.
        """
        said = self.currencies.get(currency, currency)
        return self.money.replace("{number}", self.written(figure)).replace("{currency}", said).strip()


class Dates(Part):
    """How dates are said.

    Attributes
    ----------
    day : str
        A day, with {day}, {month} (its name), {month_number} and {year}.
    weekday : str
        A day with its weekday, with {weekday} and {day}.
    months : list of str
        Names of the twelve months.
    short_months : list of str, or None
        Names of the months where there is little room; None for the first three signs of `months`.
    weekdays : list of str
        Names of the seven days, Monday first.
    """

    day: Text = "{day} {month} {year}"
    weekday: Text = "{weekday}, {day}"
    months: tuple[Word, ...] = (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    )
    short_months: tuple[Word, ...] | None = None
    weekdays: tuple[Word, ...] = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

    @field_validator("day")
    @classmethod
    def _says_the_day(cls, text: str) -> str:
        return _checked(text, ("day", "month", "month_number", "year"), needed="day")

    @field_validator("weekday")
    @classmethod
    def _says_the_weekday(cls, text: str) -> str:
        return _checked(text, ("weekday", "day"), needed="day")

    @field_validator("months", "short_months")
    @classmethod
    def _twelve(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if names is not None and len(names) != MONTHS:
            raise ValueError(f"there are {MONTHS} months, not {len(names)}")
        return names

    @field_validator("weekdays")
    @classmethod
    def _seven(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(names) != WEEKDAYS:
            raise ValueError(f"there are {WEEKDAYS} weekdays, not {len(names)}")
        return names

    def told(self, day: dt.date) -> str:
        """Say a date.

        Parameters
        ----------
        day : date
            The date.

        Returns
        -------
        str
            ``"1 March 2026"``.
        """
        words = {"day": day.day, "month": self.months[day.month - 1], "month_number": day.month, "year": day.year}
        return self.day.format_map(words)

    def told_with_weekday(self, day: dt.date) -> str:
        """Say a date with its weekday.

        Parameters
        ----------
        day : date
            The date.

        Returns
        -------
        str
            ``"Sunday, 1 March 2026"``.
        """
        return self.weekday.format_map({"weekday": self.weekdays[day.weekday()], "day": self.told(day)})


@dataclass(frozen=True, eq=False)
class Speech:
    """How a project says what is not a sentence of its own.

    Attributes
    ----------
    numbers : Numbers
        Figures, shares and amounts.
    dates : Dates
        Days.
    units : dict of str to tuple of str
        Unit to the word for one and the word for many; those that are left out are English.
    families : dict of str to str
        Family to its name for people; those that are left out are called what their files say.
    fixed : dict of str to str or tuple of str
        The fixed words of briefs, as :func:`uptier.signals.fixed_words.english` has them; those that are left out are
        English.
    """

    numbers: Numbers = field(default_factory=Numbers)
    dates: Dates = field(default_factory=Dates)
    units: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    families: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Said] = field(default_factory=dict)

    def with_units(self, units: Mapping[str, tuple[str, ...]]) -> Speech:
        """Give the speech in which some things are called otherwise.

        Parameters
        ----------
        units : dict of str to tuple of str
            Unit to the word for one and the word for many.

        Returns
        -------
        Speech
            This one where there are none.
        """
        return replace(self, units={**self.units, **units}) if units else self


ENGLISH = Speech()


def _checked(text: str, possible: tuple[str, ...], *, needed: str) -> str:
    wrong = fault(text, possible, needed=needed)
    if wrong:
        raise ValueError(wrong)
    return text
