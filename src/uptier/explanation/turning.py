"""What would change the action: the smallest change of what a CSM can move, as far as the model answers to it.

It is the model's sensitivity and no cause: other signals stay as they are, which at a real account they would not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from uptier.decision.actions import Action
from uptier.explanation.words import IN_ENGLISH, Words


@dataclass(frozen=True, kw_only=True)
class Move:
    """One signal, moved.

    Attributes
    ----------
    signal : str
        Its name.
    label : str
        Its name for people.
    value, moved : float
        Its value, and the one it would have; in the signal's unit.
    before, after : str
        Both in words.
    lever : str
        How a CSM can do that, as an imperative; empty where the move is not one that anybody would want.
    """

    signal: str
    label: str
    value: float
    moved: float
    before: str
    after: str
    lever: str


@dataclass(frozen=True, kw_only=True)
class Turn:
    """The smallest change that was found to move an account's action.

    Attributes
    ----------
    action : Action
        What it would be then.
    moves : tuple of Move
        One or two; empty where no such change moves the action.
    """

    action: Action | None
    moves: tuple[Move, ...]


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """What the model answers to changes of what a CSM can move.

    Attributes
    ----------
    turn : Turn or None
        The smallest change that moves the action; None where the action does not rest on signals.
    raising : dict of str to str
        Signals that, moved by their lever, raise the chance of the best upsell by half a point or more; with the words
        of the lever.
    calming : dict of str to str
        Signals that so lower the risk of leaving, as it is or after an upsell.
    """

    turn: Turn | None = None
    raising: Mapping[str, str] = field(default_factory=dict)
    calming: Mapping[str, str] = field(default_factory=dict)


def turn_words(turn: Turn, now: Action, words: Words = IN_ENGLISH) -> str:
    """Say what would change the action.

    Parameters
    ----------
    turn : Turn
        What was found.
    now : Action
        What it is.
    words : Words
        The project's.

    Returns
    -------
    str
        One or two sentences, to stand after "to move it", or after "turned by" for a pitch.
    """
    if turn.action is None:
        return words.say("turn.none_worse" if now is Action.PITCH else "turn.none_better")
    moves = [_move_words(move, words) for move in turn.moves]
    changes = moves[0] if len(moves) == 1 else words.say("turn.both", first=moves[0], second=moves[1])
    return words.say("turn.would", changes=changes, called=words.say(f"called.{turn.action.name.lower()}"))


def _move_words(move: Move, words: Words) -> str:
    said = words.say(
        "turn.move", label=move.label, small_label=_lowered(move.label), before=move.before, after=move.after
    )
    return f"{said} ({move.lever})" if move.lever else said


def _lowered(label: str) -> str:
    # an abbreviation stays one
    return label if label[:2].isupper() else label[:1].lower() + label[1:]
