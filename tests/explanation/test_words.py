"""What fills in the fixed words: forms, numbers, dates and amounts come from the project's speech alone."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from uptier import explanation
from uptier.explanation.words import IN_ENGLISH, Words
from uptier.signals.fixed_words import english
from uptier.signals.speech import Dates, Numbers, Speech

SOURCES = "\n".join(path.read_text() for path in sorted(Path(explanation.__file__).parent.glob("*.py")))
FRENCH = Words(
    Speech(
        numbers=Numbers(
            decimal=",", thousands=" ", money="{number} {currency}", currencies={"EUR": "€"}, singular=(0, 1)
        ),
        dates=Dates(
            day="{day} {month} {year}",
            months=(
                "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
                "novembre", "décembre",
            ),
        ),
        fixed={"tickets.since": ("{count} jour", "{count} jours")},
    )
)  # fmt: skip


@pytest.mark.parametrize(("count", "said"), [(0, "0 jour"), (1, "1 jour"), (2, "2 jours")])
def test_a_language_says_which_numbers_take_the_word_for_one(count: int, said: str) -> None:
    assert FRENCH.count("tickets.since", count) == said


def test_english_says_0_days() -> None:
    assert [IN_ENGLISH.count("tickets.since", count) for count in (0, 1, 2)] == ["0 days", "1 day", "2 days"]


def test_numbers_dates_and_amounts_are_the_projects() -> None:
    assert FRENCH.number("1,234.5") == "1 234,5"
    assert FRENCH.share("52.3") == "52,3 %"
    assert FRENCH.money(1234.4, "EUR") == "1 234 €"
    assert FRENCH.day(dt.date(2026, 8, 1)) == "1 août 2026"
    assert FRENCH.say("tickets.none") == "none is open."


def test_what_is_filled_in_is_never_read_as_a_blank() -> None:
    assert IN_ENGLISH.say("who.plan", plan="{id}") == "{id} plan"


def test_every_text_that_the_code_says_is_there() -> None:
    parts = {key.partition(".")[0] for key in english()}
    named = set(re.findall(r"""["']([a-z_]+)\.([a-z_]+)["']""", SOURCES))
    keys = {f"{part}.{name}" for part, name in named if part in parts}
    assert len(keys) > 60
    assert keys - set(english()) == set()


def test_every_text_that_is_there_is_said_by_the_code() -> None:
    named = {"labels", "page", "axes"}  # by their names alone, in lists
    unsaid = []
    for key in english():
        part, _, name = key.partition(".")
        told = (
            f'"{key}"' in SOURCES
            or f"'{key}'" in SOURCES
            or f"{part}.{{" in SOURCES
            or f'of_english("{part}"' in SOURCES
        )
        if not told or (
            part in named and f'"{name}"' not in SOURCES and f'"{key}"' not in SOURCES and f"'{key}'" not in SOURCES
        ):
            unsaid.append(key)
    assert unsaid == []
