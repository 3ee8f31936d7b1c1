"""A file of words that cannot be used is told with file, line and key, and whatever it holds, nothing else happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uptier.errors import SettingsError
from uptier.explanation.sentences import sentence
from uptier.signals.catalog import Catalog, catalog
from uptier.signals.wording import worded

MACHINE_WORDS = re.compile(r"[{}]|\bnan\b|\binf\b|\bNone\b|--|-0( |$)|  ")


def words(folder: Path, text: str) -> Catalog:
    path = folder / "words.yaml"
    path.write_text(text, encoding="utf-8")
    return worded(catalog(), path)


def told(folder: Path, text: str) -> str:
    """Give what is said of a file, without its folder."""
    with pytest.raises(SettingsError) as caught:
        words(folder, text)
    return str(caught.value).replace(f"{folder}/", "")


WRONG = {
    "a signal that there is not": (
        "signals:\n  seats_utilisation: {label: Seats}",
        "words.yaml, line 2, signals.seats_utilisation: there is no signal 'seats_utilisation'. "
        "Did you mean 'seat_utilisation'?",
    ),
    "a signal like none": (
        "signals: {xyz: {label: Seats}}",
        "signals.xyz: there is no signal 'xyz'. All of them are in docs/signals.md.",
    ),
    "a trigger that there is not": (
        "triggers:\n  approaching_ceiling: {label: Near}",
        "line 2, triggers.approaching_ceiling: there is no trigger 'approaching_ceiling'. "
        "Did you mean 'approaching_seat_ceiling'?",
    ),
    "a family that there is not": (
        "families: {seat: Licences}",
        "families.seat: there is no family 'seat'. Did you mean 'seats'?",
    ),
    "a unit that there is not": (
        "units: {feature: [a, b]}",
        "units.feature: nothing is counted in 'feature'. Did you mean 'features'?",
    ),
    "a unit without words": ("units: {share: [a, b]}", "units.share: nothing is counted in 'share'"),
    "one word": ("units: {seats: [Platz]}", "units.seats: give two: the word for one and the word for many"),
    "three words": ("units: {seats: [a, b, c]}", "give two"),
    "a word that is no list": ("units: {seats: Platz}", "units.seats: a list is wanted here. Found: 'Platz'."),
    "a misspelt value": (
        'signals:\n  seats:\n    value: "Has {vlaue}"',
        "line 3, signals.seats.value: there is no {vlaue}. Did you mean {value}?",
    ),
    "a signal in braces that there is not": (
        'signals: {seats: {value: "Has {value} of {xyzzy}"}}',
        "signals.seats.value: there is no {xyzzy}. Possible: {value} and the names of signals.",
    ),
    "a misspelt signal in braces": (
        'signals: {seats: {value: "Has {value} of {active_usrs}"}}',
        "there is no {active_usrs}. Did you mean {active_users}?",
    ),
    "a phrase that never says its value": (
        "signals: {seats: {value: The licence is large}}",
        "signals.seats.value: it never says {value}.",
    ),
    "a fall that is not said": ("signals: {usage_growth: {negative: Use fell}}", "negative: it never says {value}."),
    "an attribute": ('signals: {seats: {value: "{value.__class__}"}}', "nothing but a name may stand between braces"),
    "an item": ('signals: {seats: {value: "{value[0]}"}}', "nothing but a name may stand between braces"),
    "a format": ('signals: {seats: {value: "{value:>10}"}}', "nothing but a name may stand between braces"),
    "a conversion": ('signals: {seats: {value: "{value!r}"}}', "nothing but a name may stand between braces"),
    "a number": ('signals: {seats: {value: "{0}"}}', "nothing but a name may stand between braces"),
    "nothing in braces": ('signals: {seats: {value: "{}"}}', "nothing but a name may stand between braces"),
    "an open brace": ('signals: {seats: {value: "Has {value"}}', "a brace is not closed, or was never opened."),
    "a stray brace": ('signals: {seats: {value: "Has {value}}"}}', "a brace is not closed, or was never opened."),
    "a brace that is said": ('signals: {seats: {value: "{value} {{x}}"}}', "a brace itself cannot be said."),
    "a missing value that is said": (
        'signals: {seats: {missing: "Not {value}"}}',
        "signals.seats.missing: what is not known has no value to say: leave out the braces.",
    ),
    "a full stop": ('signals: {seats: {value: "Has {value}."}}', "it ends with '.': leave that out"),
    "a small letter": ('signals: {seats: {value: "has {value}"}}', "it begins with a small letter."),
    "a value at the beginning": (
        'signals: {seats: {value: "{value} in use"}}',
        "signals.seats.value: it begins with a value, which may be 'less than 1 day': begin with a word.",
    ),
    "an empty sentence": ('signals: {seats: {value: "  "}}', "signals.seats.value: it is empty"),
    "a control sign": ('signals: {seats: {label: "Red\\e[31m"}}', "it holds a sign that cannot be shown"),
    "half a sign": ('signals: {seats: {label: "Half\\ud800"}}', "it holds a sign that cannot be shown"),
    "words for a 0 that is told": (
        "signals: {nps: {zero: Nobody}}",
        "signals.nps.zero: 'nps' has no words of its own for this, and says it as any other value.",
    ),
    "a unit of another signal": (
        "signals: {seats: {units: {days: [Tag, Tagen]}}}",
        "signals.seats.units.days: the sentences of 'seats' count seats.",
    ),
    "a unit of hours": (
        "signals: {hours_since_gap_named: {units: {seats: [a, b]}}}",
        "the sentences of 'hours_since_gap_named' count days and hours.",
    ),
    "a unit of a share": (
        "signals: {mrr: {units: {money: [a, b]}}}",
        "the sentences of 'mrr' count nothing that has a name.",
    ),
    "braces in a label": ('signals: {seats: {label: "{value}"}}', "signals.seats.label: no brace may stand here."),
    "a label that is taken": (
        "signals: {seats: {label: Active users}}",
        "signals.seats.label: another one is called 'Active users' too.",
    ),
    "a label of two": (
        "signals:\n  seats: {label: Much}\ntriggers:\n  deep_adoption: {label: Much}",
        "line 4, triggers.deep_adoption.label: another one is called 'Much' too.",
    ),
    "a title that is taken": ("families: {seats: Velocity}", "families.seats: another one is called 'Velocity' too."),
    "no label": ("triggers: {deep_adoption: {}}", "the key 'label' is missing"),
    "a key that there is not": (
        "signals: {seats: {vale: x}}",
        "signals.seats.vale: there is no such key. Did you mean 'value'?",
    ),
    "a part that there is not": ("signal: {}", "line 1, signal: there is no such key. Did you mean 'signals'?"),
    "a value that is no text": (
        "signals:\n  seats:\n    missing: no",
        "line 3, signals.seats.missing: Input should be a valid string. Found: False.",
    ),
    "a number that is no text": ("families: {seats: 5}", "families.seats: Input should be a valid string. Found: 5."),
    "a name that is no text": ("families: {5: Seats}", "Input should be a valid string"),
    "a list of signals": ("signals: [seats]", "line 1, signals: keys, each with its value, are wanted here."),
    "a sign that is none": ("numbers:\n  decimal: '12'", "line 2, numbers.decimal: it must be one sign"),
    "signs that are equal": ("numbers: {decimal: ','}", "numbers: 'decimal' must be a sign, and another one"),
    "eleven months": ("dates: {months: [a]}", "dates.months: there are 12 months, not 1."),
    "a sentence that is broken YAML": ("signals: {seats: ]", "words.yaml, line 1: this is not YAML"),
    "a control sign in the file": ("signals:\n  seats: \x07", "words.yaml, line 2: this is not YAML: a control sign"),
    "Python in the YAML": ("signals: !!python/object/apply:os.getcwd []", "words.yaml, line 1: this is not YAML"),
    "a date that there is not": (
        "signals:\n  seats: 2026-02-30",
        "words.yaml, line 2: this is no date and no number that there is.\nFound: 2026-02-30.",
    ),
    "a part that holds itself": ("units: &a [*a]", "words.yaml is nested too deeply, or a part of it holds itself."),
    "a key that is a list": ("[a, b]: c", "words.yaml, line 1: a key must be a text."),
    "the same key twice": ("units: {}\nunits: {}", "line 2: the key 'units' stands here for the second time."),
    "an empty file": ("", "words.yaml must hold keys and values, beginning with 'signals:'."),
    "a list": ("- seats", "words.yaml must hold keys and values, beginning with 'signals:'."),
}


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG.keys())
def test_a_file_that_cannot_be_used_is_told_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in told(tmp_path, text + "\n")


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    found = told(tmp_path, 'signals:\n  seets: {label: A}\n  seats: {value: "x {y}"}\nunits: {seat: [a, b]}\n')
    assert [line.partition(":")[0] for line in found.splitlines()[:3]] == [
        "words.yaml, line 2, signals.seets",
        "words.yaml, line 3, signals.seats.value",
        "words.yaml, line 4, units.seat",
    ]
    assert found.splitlines()[-1] == "What can be changed, and how, is told in docs/wording.md."


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Correct 'wording' in the project's YAML"):
        worded(catalog(), tmp_path / "words.yaml")
    with pytest.raises(SettingsError, match="There is no file"):
        worded(catalog(), tmp_path)


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / "words.yaml").write_bytes("families: {seats: Plätze}".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"cannot be read: UnicodeDecodeError\.\nSave it as UTF-8"):
        worded(catalog(), tmp_path / "words.yaml")


PIECES = ["{", "}", "value", "seats", ".__class__", "[0]", ":>9", "!r", " ", "0", "A", ".", "\\u0000", "%s", "ß"]


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_whatever_is_written_is_refused_or_said_cleanly(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    try:
        made = words(folder, f'signals: {{seats: {{value: "A{text}"}}}}')
    except SettingsError:
        return
    heard = sentence(made.signal("seats"), {"seats": 7.0}, made, "EUR")
    assert heard is not None
    assert "7 seats" in heard
    assert not MACHINE_WORDS.search(heard)
