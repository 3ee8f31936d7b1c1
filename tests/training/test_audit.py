from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from uptier.errors import StoreError
from uptier.training.audit import (
    LONGEST_ACTOR,
    LONGEST_WHY,
    Action,
    Event,
    actor_of,
    champion_before,
    event,
    events_in,
    in_order,
)

AT = dt.datetime(2026, 3, 1, 13, tzinfo=dt.timezone(dt.timedelta(hours=1)))


def drawn(number: int, action: Action, before: str | None, after: str | None) -> Event:
    version = after or "1"
    return event(number, action, version=version, before=before, after=after, why="because", actor="someone", at=AT)


def line(*moves: tuple[Action, str | None, str]) -> list[Event]:
    return [drawn(number, *move) for number, move in enumerate(moves, start=1)]


@pytest.mark.parametrize(
    ("events", "champion", "expected"),
    [
        ([], "1", None),
        (line(("promote", None, "1")), "1", None),
        (line(("promote", None, "1"), ("promote", "1", "2")), "2", "1"),
        # what was rolled back from is not gone back to
        (line(("promote", None, "1"), ("promote", "1", "2"), ("rollback", "2", "1")), "1", None),
        (line(("promote", None, "1"), ("promote", "1", "2"), ("rollback", "2", "1"), ("promote", "1", "3")), "3", "1"),
        # promoted again: it stands in the line twice
        (line(("promote", None, "1"), ("promote", "1", "2"), ("promote", "2", "1")), "1", "2"),
        # a promotion that was killed before the alias moved, and then another
        (line(("promote", None, "1"), ("promote", "1", "2"), ("promote", "1", "3")), "3", "1"),
        # a champion from before there was an audit
        (line(("promote", "7", "8")), "8", "7"),
        # an alias that was moved by hand: the last that was promoted by us
        (line(("promote", None, "1"), ("promote", "1", "2")), "9", "2"),
        (line(("promote", None, "1"), ("refuse", "1", "1"), ("train", "1", "1")), "1", None),
    ],
)
def test_the_champion_before_is_the_one_that_was_replaced(
    events: list[Event], champion: str, expected: str | None
) -> None:
    assert champion_before(events, champion) == expected


def test_an_event_survives_as_a_tag() -> None:
    made = drawn(3, "promote", "1", "2")
    assert made.at == AT
    assert made.at.tzinfo == dt.UTC
    assert events_in({made.key: made.text, "project": "drawn", "event.of.somebody": "else"}) == [made]


@pytest.mark.parametrize("text", ["{}", "no json", '{"number": 3}'])
def test_what_is_no_event_under_a_key_of_one_is_said_so(text: str) -> None:
    made = drawn(3, "promote", "1", "2")
    with pytest.raises(StoreError, match=r"The audit of the model was changed: the tag event\.000003\."):
        events_in({made.key: text})


def test_events_that_took_the_same_number_are_ordered_by_time() -> None:
    first = drawn(1, "promote", None, "1")
    later = replace(first, at=first.at + dt.timedelta(seconds=1), actor="another")
    assert in_order([later, drawn(2, "promote", "1", "2"), first])[:2] == [first, later]


def test_words_are_kept_short_and_on_one_line() -> None:
    made = event(1, "promote", version="1", before=None, after="1", why="so\nit  is " * 999, actor="me\n" * 99, at=AT)
    assert len(made.why) == LONGEST_WHY
    assert len(made.actor) == LONGEST_ACTOR
    assert made.why.startswith("so it is so it is")


@pytest.mark.parametrize(
    ("environment", "actor"),
    [
        ({"USER": "me", "UPTIER_ACTOR": "a nightly job"}, "a nightly job"),
        ({"USER": "me", "LOGNAME": "also me"}, "me"),
        ({"USER": "", "USERNAME": "me"}, "me"),
        ({}, "unknown"),
    ],
)
def test_who_acts_comes_from_the_environment(environment: dict[str, str], actor: str) -> None:
    assert actor_of(environment) == actor
