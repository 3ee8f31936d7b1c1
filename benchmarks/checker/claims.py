"""What a sentence claims: figures of the account that must be as it says.

A sentence is written with slots, ``<figure:kind>``: the figure of the account that is named there, and how it is said
(`words.KINDS`). A minus before the figure says that it is told without its sign. Beside what it says, a sentence may
need more to be true.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from checker.words import KINDS, Span, spans

SLOT = re.compile(r"<(-?)(\w+):([\w -]+)>")
NOT_KNOWN = None  # in the place of a span: the figure is missing

Test = tuple[str, Span | str | None]  # a figure, and what it must be


@dataclass(frozen=True)
class Claim:
    """A sentence that is understood.

    Attributes
    ----------
    about : str
        The figure that it is said about.
    text : str
        The sentence, with slots.
    needs : tuple
        What must be so beside what the slots say: figures, with a span or `NOT_KNOWN`.
    """

    about: str
    text: str
    needs: tuple[Test, ...] = ()
    prefix: str = field(init=False)
    pattern: re.Pattern[str] = field(init=False)
    slots: dict[str, tuple[str, str, bool]] = field(init=False)

    def __post_init__(self) -> None:
        slots, pattern = {}, ""
        parts = SLOT.split(self.text)
        for place in range(0, len(parts) - 1, 4):
            literal, sign, figure, kind = parts[place : place + 4]
            slot = f"slot{place}"
            slots[slot] = (figure, kind, sign == "-")
            pattern += f"{re.escape(literal)}(?P<{slot}>{KINDS[kind].pattern})"
        object.__setattr__(self, "prefix", parts[0])
        object.__setattr__(self, "pattern", re.compile(pattern + re.escape(parts[-1])))
        object.__setattr__(self, "slots", slots)

    def read(self, sentence: str) -> tuple[Test, ...] | None:
        """Say what must be so for a sentence to be true; None if this is not what it says."""
        if not sentence.startswith(self.prefix):
            return None
        found = self.pattern.fullmatch(sentence)
        if found is None:
            return None
        said = spans(found, {slot: kind for slot, (_, kind, _) in self.slots.items()})
        tests: list[Test] = []
        for slot, (figure, _, negated) in self.slots.items():
            value = said[slot]
            if negated and not isinstance(value, str):
                value = (-value[1], -value[0])
            tests.append((figure, value))
        return (*tests, *self.needs)


def says(about: str, text: str, *needs: Test) -> Claim:
    """Declare a sentence that says a figure."""
    return Claim(about, text, needs)


def nothing(about: str, text: str, *needs: Test) -> Claim:
    """Declare a sentence that is true where a figure is exactly 0."""
    return Claim(about, text, ((about, (0.0, 0.0)), *needs))


def unknown(about: str, text: str, *needs: Test) -> Claim:
    """Declare a sentence that is true where a figure is not known."""
    return Claim(about, text, ((about, NOT_KNOWN), *needs))
