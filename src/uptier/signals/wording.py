"""A project's own words, from the file that its YAML names under ``wording:``.

It changes what is said and nothing else: names, values and the catalogue's hash stay as they are, so do the facts that
are chosen to be told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from uptier.errors import SettingsError, closest, did_you_mean
from uptier.mistakes import mistakes
from uptier.project_file import ProjectFile, read_project_file
from uptier.signals.fixed_words import own_words
from uptier.signals.own import catalog_of
from uptier.signals.signal import Signal, Unit
from uptier.signals.speech import Dates, Numbers, OneAndMany, Speech, Text, Word, fault
from uptier.thresholds import Part

if TYPE_CHECKING:
    from uptier.settings import Settings
    from uptier.signals.catalog import Catalog

GUIDE = "What can be changed, and how, is told in docs/wording.md."
SENTENCES = ("value", "missing", "zero", "negative")
COUNTED = {unit.value: unit for unit in Unit if unit.counts}


class SignalWords(Part):
    """The words of one signal; what is left out is said as before.

    Attributes
    ----------
    label : str or None
        Its name for people.
    value, missing, zero, negative : str or None
        Its sentences, as :class:`uptier.signals.signal.Phrase` has them.
    units : dict
        What its own sentences call that which is counted in them, where grammar asks for another form.
    lever : str or None
        What a CSM can do to move it, where there is such a deed.
    """

    label: Word | None = None
    value: Text | None = None
    missing: Text | None = None
    zero: Text | None = None
    negative: Text | None = None
    units: dict[str, OneAndMany] = {}
    lever: Word | None = None


class TriggerWords(Part):
    """The words of one trigger.

    Attributes
    ----------
    label : str
        Its name for people, also the head of a reason.
    """

    label: Word


class Wording(Part):
    """A file of words.

    Attributes
    ----------
    signals : dict
        By name of the signal.
    triggers : dict
        By name of the trigger.
    families : dict
        Name of the family to what people call it.
    units : dict
        What is counted: the word for one and the word for many.
    numbers : Numbers
        How numbers are written.
    dates : Dates
        How dates are written.
    brief : dict
        The fixed words of briefs, by part and name.
    """

    signals: dict[str, SignalWords] = {}
    triggers: dict[str, TriggerWords] = {}
    families: dict[str, Word] = {}
    units: dict[str, OneAndMany] = {}
    numbers: Numbers = Numbers()
    dates: Dates = Dates()
    brief: dict[str, Any] = {}  # its keys are those of the file that ships: see `own_words`


def worded_catalog(settings: Settings) -> Catalog:
    """Give the catalogue of a project in the project's own words.

    Parameters
    ----------
    settings : Settings
        The project.

    Returns
    -------
    Catalog
        As :func:`uptier.signals.own.catalog_of` gives it where the project has no words of its own.

    Raises
    ------
    SettingsError
        If a file cannot be used; with file, line and key.
    SignalError
        If a signal of the project's own cannot be used.
    """
    whole = catalog_of(settings)
    return whole if settings.wording is None else worded(whole, settings.wording)


def worded(catalog: Catalog, path: Path) -> Catalog:
    """Give a catalogue in other words.

    Parameters
    ----------
    catalog : Catalog
        Signals and triggers, the project's own among them.
    path : Path
        The file of words.

    Returns
    -------
    Catalog
        New; the same signals and triggers, of the same names, in the same order.

    Raises
    ------
    SettingsError
        If the file cannot be read, names what there is not, or has a sentence that could not be said; with file, line
        and key.
    """
    if not path.is_file():
        raise SettingsError(f"There is no file {path}.", do="Correct 'wording' in the project's YAML, or leave it out.")
    file = read_project_file(path, begins_with="signals")
    try:
        wording = Wording.model_validate(file.raw)
    except ValidationError as error:
        raise SettingsError(mistakes(error, file, Wording).what, do=GUIDE) from None
    fixed, faults = own_words(wording.brief)
    faults = [*_faults(wording, catalog), *((("brief", *place), wrong) for place, wrong in faults)]
    found = [f"{file.where(*place)}: {_ended(wrong)}" for place, wrong in faults]
    if found:
        raise SettingsError("\n".join(found), do=GUIDE)
    made = replace(
        catalog,
        signals=tuple(_signal(one, wording.signals.get(one.name)) for one in catalog.signals),
        triggers=tuple(
            replace(one, label=wording.triggers[one.name].label) if one.name in wording.triggers else one
            for one in catalog.triggers
        ),
        speech=Speech(
            numbers=wording.numbers,
            dates=wording.dates,
            units=dict(wording.units),
            families=dict(wording.families),
            fixed=fixed,
        ),
    )
    _refuse_equal(made, wording, file)
    return made


def _signal(one: Signal, words: SignalWords | None) -> Signal:
    if words is None:
        return one
    said = {part: text for part in SENTENCES if (text := getattr(words, part)) is not None}
    lever = one.lever
    if lever is not None and words.lever is not None:
        lever = replace(lever, more=words.lever) if lever.more else replace(lever, less=words.lever)
    phrase = replace(one.phrase, **said, units=dict(words.units))
    return replace(one, label=words.label or one.label, phrase=phrase, lever=lever)


# faults: the place of each, and what is wrong -----------------------------------------------------------------------


def _faults(wording: Wording, catalog: Catalog) -> Iterator[tuple[tuple[str, ...], str]]:
    signals = {one.name: one for one in catalog.signals}
    for name, words in wording.signals.items():
        if name not in signals:
            yield ("signals", name), f"there is no signal '{name}'. {_near(name, signals)}"
            continue
        for part, wrong in _signal_faults(signals[name], words, signals):
            yield ("signals", name, *part), wrong
    triggers = {one.name for one in catalog.triggers}
    for name, trigger in wording.triggers.items():
        if name not in triggers:
            yield ("triggers", name), f"there is no trigger '{name}'. {did_you_mean(name, triggers)}"
        elif wrong := _end_fault(trigger.label):
            yield ("triggers", name, "label"), wrong
    families = {one.family for one in catalog.signals}
    for name, title in wording.families.items():
        if name not in families:
            yield ("families", name), f"there is no family '{name}'. {did_you_mean(name, families)}"
        elif wrong := _end_fault(title):
            yield ("families", name), wrong
    for unit in wording.units:
        if unit not in COUNTED:
            yield ("units", unit), f"nothing is counted in '{unit}'. {did_you_mean(unit, COUNTED)}"


def _signal_faults(
    one: Signal, words: SignalWords, signals: Mapping[str, Signal]
) -> Iterator[tuple[tuple[str, ...], str]]:
    if words.label is not None and (wrong := _end_fault(words.label)):
        yield ("label",), wrong
    if words.lever is not None and one.lever is None:
        yield ("lever",), f"there is nothing that a CSM can do about '{one.name}' itself"
    wrongs = {
        part: wrong
        for part in SENTENCES
        if (text := getattr(words, part)) and (wrong := _phrase_fault(one, part, text, signals))
    }
    for part, wrong in wrongs.items():
        yield (part,), wrong
    if wrongs:
        return
    named = {signals[name].unit for name in _signal(one, words).phrase.placeholders() & set(signals)} | {one.unit}
    # hours are said as days where they are many
    counted = {unit.value for unit in named | ({Unit.DAYS} if Unit.HOURS in named else set()) if unit.counts}
    for unit in words.units:
        if unit not in counted:
            known = " and ".join(sorted(counted)) or "nothing that has a name"
            yield ("units", unit), f"the sentences of '{one.name}' count {known}"


def _phrase_fault(one: Signal, part: str, text: str, signals: Mapping[str, Signal]) -> str:
    if not getattr(one.phrase, part):
        # a 0 with words of its own is not told in a talk: new ones would change more than words
        return f"'{one.name}' has no words of its own for this, and says it as any other value"
    if part == "missing" and {"{", "}"} & set(text):
        return "what is not known has no value to say: leave out the braces"
    needed = "value" if part in ("value", "negative") else ""
    listed = "{value} and the names of signals"
    return fault(text, ("value", *signals), needed=needed, listed=listed) or _end_fault(text)


def _end_fault(text: str) -> str:
    if text.endswith((".", "!", "?", ":", ",", ";")):
        return f"it ends with '{text[-1]}': leave that out, the sentence stands among others"
    if text.startswith("{"):
        return "it begins with a value, which may be 'less than 1 day': begin with a word"
    return "it begins with a small letter" if text[0].islower() else ""


def _near(name: str, known: Collection[str]) -> str:
    near = closest(name, known, count=1)
    # a hundred names are no help
    return f"Did you mean '{near[0]}'?" if near else "All of them are in docs/signals.md."


def _ended(text: str) -> str:
    return text if text.endswith((".", "?")) else f"{text}."


def _refuse_equal(made: Catalog, wording: Wording, file: ProjectFile) -> None:
    """Refuse a label or a title that two have: whoever reads it could not tell which is meant."""
    labels = Counter([one.label for one in made.signals] + [one.label for one in made.triggers])
    titles = Counter(made.title(family) for family in {one.family for one in made.signals})
    placed: list[tuple[tuple[str, ...], str | None, Counter[str]]] = []
    placed += [(("signals", name, "label"), words.label, labels) for name, words in wording.signals.items()]
    placed += [(("triggers", name, "label"), words.label, labels) for name, words in wording.triggers.items()]
    placed += [(("families", name), title, titles) for name, title in wording.families.items()]
    found = [
        f"{file.where(*place)}: another one is called '{said}' too."
        for place, said, counted in placed
        if said is not None and counted[said] > 1
    ]
    if found:
        raise SettingsError("\n".join(found), do="Choose another name.")
