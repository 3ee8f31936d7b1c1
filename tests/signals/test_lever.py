"""What a CSM can do is said as an imperative, on signals that such a deed moves."""

from __future__ import annotations

import re

from uptier.signals.catalog import catalog
from uptier.signals.lever import Lever
from uptier.signals.signal import Effect


def test_the_words_are_those_of_the_way_that_there_is():
    assert Lever(more="call").words == "call"
    assert Lever(less="close").words == "close"
    assert Lever().words == ""


def test_every_lever_of_the_catalogue_is_a_deed_and_goes_one_way():
    levers = {one.name: one for one in catalog().signals if one.lever is not None}
    assert {"open_tickets", "seat_utilisation", "days_since_champion_active"} <= set(levers)
    for name, one in levers.items():
        assert not one.is_category, name
        assert bool(one.lever.more) != bool(one.lever.less), name
        assert re.fullmatch(r"[a-z][a-z' ]+", one.lever.words), name
        # nobody is told to do what is expected to lower the chance
        against = Effect.LOWERS if one.lever.more else Effect.RAISES
        assert one.effect is not against, name


def test_what_only_explains_has_no_lever():
    assert all(one.lever is None for one in catalog().signals if one.family == "commercial")
