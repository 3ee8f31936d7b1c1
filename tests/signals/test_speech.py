"""How numbers, dates and counted things are said, in English and in a project's own way."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from uptier.signals.signal import Unit
from uptier.signals.speech import ENGLISH, Dates, Numbers, Speech, fault, tidy

GERMAN = Speech(
    numbers=Numbers(
        decimal=",",
        thousands=".",
        money="{number} {currency}",
        currencies={"EUR": "€"},
        once="einmal",
        twice="zweimal",
        less_than="weniger als {value}",
        under="unter {value}",
        over="über {value}",
    ),
    units={
        "seats": ("Platz", "Plätze"),
        "days": ("Tag", "Tage"),
        "hours": ("Stunde", "Stunden"),
        "times": ("Mal",) * 2,
    },
)
FRENCH = Speech(numbers=Numbers(decimal=",", thousands=" "), units={"seats": ("siège", "sièges")})


@pytest.mark.parametrize(
    ("unit", "value", "english", "german"),
    [
        (Unit.SEATS, 3.0, "3 seats", "3 Plätze"),
        (Unit.SEATS, 1.0, "1 seat", "1 Platz"),
        (Unit.SEATS, 0.0, "0 seats", "0 Plätze"),
        (Unit.SEATS, 0.3, "less than 1 seat", "weniger als 1 Platz"),
        (Unit.SEATS, 12345.0, "12,345 seats", "12.345 Plätze"),
        (Unit.RATIO, 1234.5, "1,234.5", "1.234,5"),
        (Unit.RATIO, 8.0, "8", "8"),
        (Unit.RATIO, 0.01, "less than 0.1", "weniger als 0,1"),
        (Unit.RATIO, -0.5, "-0.5", "-0,5"),
        (Unit.SHARE, 0.917, "92 %", "92 %"),
        (Unit.SHARE, 0.001, "under 1 %", "unter 1 %"),
        (Unit.SHARE, 0.999, "over 99 %", "über 99 %"),
        (Unit.GROWTH, 12.345, "1,234 %", "1.234 %"),
        (Unit.GROWTH, 1e17, "10,000,000,000,000,000,000 %", "10.000.000.000.000.000.000 %"),
        (Unit.MONEY, 1200.0, "EUR 1,200", "1.200 €"),
        (Unit.TIMES, 1.0, "once", "einmal"),
        (Unit.TIMES, 2.0, "twice", "zweimal"),
        (Unit.TIMES, 3.0, "3 times", "3 Mal"),
        (Unit.HOURS, 72.0, "72 hours", "72 Stunden"),
        (Unit.HOURS, 120.0, "5 days", "5 Tage"),
        (Unit.FEATURES, 2.0, "2 functions", "2 functions"),
        (Unit.CATEGORY, "1,234.5", "1,234.5", "1,234.5"),
    ],
)
def test_a_value_is_said_in_the_projects_way(unit: Unit, value: object, english: str, german: str) -> None:
    assert unit.told(value, currency="EUR") == english
    assert unit.told(value, currency="EUR", speech=GERMAN) == german


def test_thousands_may_be_parted_by_a_blank_or_by_nothing() -> None:
    assert Unit.SEATS.told(12345.0, speech=FRENCH) == "12 345 sièges"
    assert Unit.RATIO.told(12345.6, speech=Speech(numbers=Numbers(thousands=""))) == "12345.6"


def test_money_without_a_currency_leaves_no_blank() -> None:
    assert Unit.MONEY.told(1200.0) == "1,200"
    assert Unit.MONEY.told(1200.0, speech=GERMAN) == "1.200"


def test_every_counted_unit_has_two_words() -> None:
    counted = [unit for unit in Unit if unit.counts]
    assert {unit.value for unit in Unit if not unit.counts} == {"share", "growth", "money", "ratio", "category"}
    assert [unit.words for unit in counted if unit.words[0] + "s" != unit.words[1]] == []


def test_dates_are_said_in_the_projects_way() -> None:
    day = dt.date(2026, 3, 2)
    assert (ENGLISH.dates.told(day), ENGLISH.dates.told_with_weekday(day)) == ("2 March 2026", "Monday, 2 March 2026")
    german = Dates(day="{day}.{month_number}.{year}", weekdays=("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"))
    assert german.told_with_weekday(day) == "Mo, 2.3.2026"


def test_own_words_for_units_leave_the_others_and_the_speech_itself() -> None:
    dative = GERMAN.with_units({"days": ("Tag", "Tagen")})
    assert Unit.DAYS.told(3.0, speech=dative) == "3 Tagen"
    assert Unit.SEATS.told(3.0, speech=dative) == "3 Plätze"
    assert Unit.DAYS.told(3.0, speech=GERMAN) == "3 Tage"
    assert GERMAN.with_units({}) is GERMAN


@pytest.mark.parametrize(
    "given_",
    [
        {"decimal": ""},
        {"decimal": " "},
        {"decimal": ".."},
        {"decimal": "5"},
        {"decimal": "a"},
        {"decimal": "\x1b"},
        {"decimal": ","},  # the thousands' own
        {"thousands": "-"},
        {"thousands": "."},
        {"per_cent": "%"},
        {"per_cent": "{number} {currency}"},
        {"per_cent": "{number:.2f} %"},
        {"money": "{currency}"},
        {"money": "{number.__class__} {currency}"},
        {"less_than": "less"},
        {"under": "{0}"},
        {"once": ""},
        {"once": "{value}"},
        {"currencies": {"EUR": "  "}},
        {"comma": ","},
    ],
)
def test_a_way_of_writing_numbers_that_none_could_read_is_refused(given_: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Numbers.model_validate(given_)


@pytest.mark.parametrize(
    "given_",
    [
        {"day": "{month} {year}"},
        {"day": "{dya} {month}"},
        {"weekday": "{weekday}"},
        {"months": ["January"]},
        {"weekdays": ["Monday"] * 8},
    ],
)
def test_a_way_of_writing_dates_that_none_could_read_is_refused(given_: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Dates.model_validate(given_)


def test_a_text_is_tidied_or_refused() -> None:
    assert tidy(" two\n  words\t") == "two words"
    for text in ("", " \n", "red\x1b[31m", "half \ud800"):
        with pytest.raises(ValueError, match=r"empty|cannot be shown"):
            tidy(text)


class Tale:
    """A value whose every look inside is noted."""

    looked: list[str]

    def __init__(self) -> None:
        object.__setattr__(self, "looked", [])

    def __getattribute__(self, name: str) -> object:
        if name != "looked" and not name.startswith("__"):
            object.__getattribute__(self, "looked").append(name)
        return object.__getattribute__(self, name)

    def __getitem__(self, name: object) -> str:
        self.looked.append(str(name))
        return ""

    def __format__(self, spec: str) -> str:
        if spec:
            self.looked.append(spec)
        return "value"


BRACES = st.lists(st.sampled_from(["{", "}", "value", "seats", ".a", "[0]", ":>9", "!r", "!", ":", " ", "0", "x", "."]))


@given(BRACES.map("".join))
def test_what_has_no_fault_can_be_said_and_looks_into_nothing(text: str) -> None:
    if not fault(text, ("value", "seats")):
        value, seats = Tale(), Tale()
        said = text.format_map({"value": value, "seats": seats})
        assert "{" not in said
        assert value.looked == seats.looked == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{value} of {seats}", ""),
        ("none", "it never says {value}"),
        ("{vlaue}", "there is no {vlaue}. Did you mean {value}?"),
        ("{value} {nothing_alike}", "there is no {nothing_alike}. Possible: {value}, {seats}"),
        ("{value.__class__}", "nothing but a name may stand between braces"),
        ("{value[0]}", "nothing but a name may stand between braces"),
        ("{value:>10}", "nothing but a name may stand between braces"),
        ("{value:}", "nothing but a name may stand between braces"),
        ("{value!r}", "nothing but a name may stand between braces"),
        ("{value:{seats}}", "nothing but a name may stand between braces"),
        ("{0} {value}", "nothing but a name may stand between braces"),
        ("{} {value}", "nothing but a name may stand between braces"),
        ("{ value }", "nothing but a name may stand between braces"),
        ("{value", "a brace is not closed, or was never opened"),
        ("value}", "a brace is not closed, or was never opened"),
        ("{value} {{x}}", "a brace itself cannot be said"),
    ],
)
def test_what_is_wrong_with_braces_is_told(text: str, told: str) -> None:
    assert fault(text, ("value", "seats"), needed="value").startswith(told)
    assert bool(fault(text, ("value", "seats"), needed="value")) == bool(told)
