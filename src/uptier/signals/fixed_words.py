"""The fixed words of a brief: English from ``fixed_words.yaml`` beside this file, and what a project says instead.

Each stands under two keys, its part and its name. Its English tells what may be filled in, so nothing else has to:
other words must say the same values, whatever the order.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from uptier.errors import closest
from uptier.signals.speech import Said, fault, tidy

SHIPPED = Path(__file__).with_name("fixed_words.yaml")
LONGEST = {"labels": 11, "talk_labels": 9}  # signs that fit at the left of a brief
EITHER = {"small_label": "label"}  # what may be said instead of it
COUNT = "count"

Fault = tuple[tuple[str, ...], str]


@cache
def english() -> Mapping[str, Said]:
    """Give the words that ship.

    Returns
    -------
    dict of str to str or tuple of str
        By part and name, ``"today.hurry"``: a text, or the texts for one and for many.
    """
    parts = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    return {
        f"{part}.{name}": tuple(words) if isinstance(words, list) else str(words)
        for part, own in parts.items()
        for name, words in own.items()
    }


def own_words(given: Mapping[str, Any]) -> tuple[dict[str, Said], list[Fault]]:
    """Take a project's own fixed words, and say what is wrong with them.

    Parameters
    ----------
    given : mapping
        As the YAML has them, by part and name.

    Returns
    -------
    words : dict of str to str or tuple of str
        As :func:`english`; only what is right.
    faults : list of (tuple of str, str)
        The keys that lead to each that cannot be used, and why.
    """
    words: dict[str, Said] = {}
    faults: list[Fault] = []
    shipped = english()
    parts = {key.partition(".")[0] for key in shipped}
    for part, own in given.items():
        if part not in parts:
            faults.append(((str(part),), _unknown(str(part), parts)))
        elif not isinstance(own, Mapping):
            faults.append(((part,), "it must hold names and words"))
        else:
            names = {key.partition(".")[2] for key in shipped if key.startswith(f"{part}.")}
            for name, said in own.items():
                key = f"{part}.{name}"
                if name not in names:
                    faults.append(((part, str(name)), _unknown(str(name), names)))
                    continue
                taken, wrong = _taken(part, said, shipped[key])
                faults += [((part, name), one) for one in wrong]
                if taken is not None:
                    words[key] = taken
    return words, faults


def blanks(text: str) -> set[str]:
    """Give what is filled into a text.

    Parameters
    ----------
    text : str
        Words with names in braces.

    Returns
    -------
    set of str
        The names.
    """
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def _taken(part: str, said: object, shipped: Said) -> tuple[Said | None, list[str]]:
    """Take the words for one key: None, and why, where they cannot be used."""
    texts = [said] if isinstance(said, str) else said
    many = 1 if isinstance(shipped, str) else 2
    if not isinstance(texts, list) or not 1 <= len(texts) <= many or not all(isinstance(one, str) for one in texts):
        return None, [
            "it must be one text, in quotes where YAML reads something else"
            if many == 1
            else "give two texts, for one and for many, or one for both"
        ]
    needed = blanks(shipped if isinstance(shipped, str) else shipped[-1])
    faults: list[str] = []
    clean: list[str] = []
    for number, text in enumerate(texts):
        try:
            clean.append(tidy(text))
        except ValueError as error:
            faults.append(str(error))
        else:
            # "1 is open" need not say its number
            may_miss = {COUNT} if len(texts) == 2 and number == 0 else set()
            faults += _faults(part, clean[-1], needed, may_miss)
    if faults:
        return None, list(dict.fromkeys(faults))
    return (clean[0] if many == 1 else (clean[0], clean[-1])), []


def _faults(part: str, text: str, needed: set[str], may_miss: set[str]) -> Iterator[str]:
    possible = sorted(needed | {EITHER[name] for name in needed if name in EITHER})
    if not possible and {"{", "}"} & set(text):
        yield "nothing is filled in here: leave out the braces"
        return
    if wrong := fault(text, possible):
        yield wrong
        return
    there = blanks(text)
    if lost := sorted(name for name in needed - may_miss - there if EITHER.get(name) not in there):
        yield f"it never says {' and '.join(f'{{{name}}}' for name in lost)}"
    if part in LONGEST and len(text) > LONGEST[part]:
        yield f"it has {len(text)} signs, and only {LONGEST[part]} fit"


def _unknown(name: str, known: set[str]) -> str:
    near = closest(name, known, count=1)
    return "there is no such key. " + (
        f"Did you mean '{near[0]}'?" if near else f"Possible: {', '.join(sorted(known))}"
    )
