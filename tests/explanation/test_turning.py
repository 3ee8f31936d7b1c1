"""What would change the action is said with its caveat."""

from __future__ import annotations

import pytest

from uptier.decision.actions import Action
from uptier.explanation.turning import Move, Turn, turn_words

TICKETS = Move(
    signal="open_tickets",
    label="Open tickets",
    value=6.0,
    moved=2.0,
    before="6 tickets",
    after="2 tickets",
    lever="close tickets",
)
NPS = Move(signal="nps", label="NPS", value=3, moved=8, before="3", after="8", lever="")


def test_moves_are_said_with_what_to_do():
    assert turn_words(Turn(action=Action.PITCH, moves=(TICKETS, NPS)), Action.NURTURE) == (
        "open tickets from 6 tickets to 2 tickets (close tickets) and NPS from 3 to 8 would make it one to pitch to. "
        "So accounts went that were like this; it is a pattern, no promise."
    )


@pytest.mark.parametrize(
    ("now", "said"), [(Action.PITCH, "changes for the worse"), (Action.LEAVE, "things that you can move")]
)
def test_where_nothing_was_found_that_is_said(now, said):
    assert turn_words(Turn(action=None, moves=()), now) == f"no one or two {said}, by the pattern of past accounts."


def test_every_action_has_a_name():
    said = {turn_words(Turn(action=action, moves=(NPS,)), Action.LEAVE) for action in Action}
    assert len(said) == len(Action)
