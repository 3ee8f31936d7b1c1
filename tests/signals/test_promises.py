"""The promises of signals as a library: each is seen kept, and seen broken where somebody breaks it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import ibis
import pytest

from tests.test_checks_can_fail import cut_by
from uptier.explanation.sentences import sentence
from uptier.signals.catalog import catalog
from uptier.signals.drawn_timelines import worlds
from uptier.signals.measures import Measures, Number, ratio
from uptier.signals.promises import Promise, Verdict, tried
from uptier.signals.signal import Effect, Phrase, Signal, Unit, signal
from uptier.signals.timelines import otherwise, seen_from
from uptier.tables.history import History
from uptier.thresholds import Thresholds

DOC = "Seats, in some way.\n\nNaN without any."
PHRASE = Phrase(value="There are {value}", missing="Not known")


def declared(
    function: Callable[[Any], Any], *, doc: str = DOC, phrase: Phrase = PHRASE, unit: Unit = Unit.RATIO
) -> Signal:
    function.__doc__ = doc
    return signal(label="Some", unit=unit, effect=Effect.EITHER, phrase=phrase)(function)


def verdict(one: Signal) -> Verdict:
    # one world: the faults are coarse, and each costs a look
    return tried([one], catalog(), Thresholds(), sentence, on=worlds(20260301)[:1])


def peeked(measures: Measures) -> Any:
    """Go round the door: the tables themselves, with their future."""
    return measures.has.__self__.tables  # type: ignore[attr-defined]  # nobody should


def kept(history: Measures) -> Number:
    return ratio(history.events(last=28), history.seats())


def two_values(history: Measures) -> Number:
    return history.seats().cast("string").concat(",").split(",").unnest().length()


def infinite(history: Measures) -> Number:
    return history.seats().cast("float64") / 0.0


def failing(history: Measures) -> Number:
    return history.seats().cast("string").concat("x").cast("int64")


def first_row(history: Measures) -> Number:
    raw = peeked(history).source.connection.table("subscriptions")
    return history.seats() + raw.subscription_id.length().first().as_scalar()


def share_of_all_seats(history: Measures) -> Number:
    return history.seats() / history.seats().sum().over(ibis.window()).nullif(0)


def reached(history: Measures) -> Number:
    return history.milestones()


def rows_of_tickets(history: Measures) -> Number:
    raw = peeked(history).source.connection.table("tickets")
    return history.seats() + raw.count().as_scalar()


def dice(history: Measures) -> Number:
    return history.seats() + random.random()


def threads(history: Measures) -> Number:
    (count,) = peeked(history).source.connection.raw_sql("SELECT current_setting('threads')").fetchone()
    return history.seats() + int(count)


def fewer(history: Measures) -> Number:
    return -history.seats()


def kept_as(name: str) -> Callable[[Any], Any]:
    """Give the signal that keeps its promises another name."""

    def again(history: Measures) -> Number:
        return kept(history)

    again.__name__ = name
    return again


# those that cannot be computed at all
WITHOUT_A_VALUE = {"several values": two_values, "no value at all": failing}
BROKEN: dict[str, tuple[Callable[[Any], Any], Promise]] = {
    "a value without end": (infinite, Promise.ONE_VALUE),
    "the order of rows": (first_row, Promise.ORDER),
    "others": (share_of_all_seats, Promise.OTHERS),
    "equal rows": (rows_of_tickets, Promise.TWICE),
    "chance": (dice, Promise.THREADS),
    "threads": (threads, Promise.THREADS),
}


UNCLEAN = {
    "small_letter": Phrase(value="{value} of them", missing="Not known"),  # "less than 0.1 of them"
    "full_stop": Phrase(value="There are {value}.", missing="Not known"),
    "nothing_said": Phrase(value="There are {value}", missing=""),
}
SAYS_TOO_LITTLE = {"no_nan": "Seats, in some way.", "no_sentence": "seats\n\nNaN without any."}


@pytest.fixture(scope="module")
def found() -> Verdict:
    """Try all that can be computed side by side, as a catalogue is: each is told of by its name."""
    tried_ones = [
        declared(kept),
        declared(reached, doc="Milestones.", unit=Unit.MILESTONES),
        *(declared(function) for function, _ in BROKEN.values()),
        declared(fewer),
        *(declared(kept_as(name), phrase=phrase) for name, phrase in UNCLEAN.items()),
        *(declared(kept_as(name), doc=doc) for name, doc in SAYS_TOO_LITTLE.items()),
    ]
    return tried(tried_ones, catalog(), Thresholds(), sentence, on=worlds(20260301)[:1])


def broken_by(name: str, found: Verdict) -> dict[Promise, str]:
    assert name in found.signals
    return {promise: seen for (one, promise), seen in found.broken.items() if one == name}


def test_a_signal_that_keeps_all_of_them_is_told_so() -> None:
    alone = verdict(declared(kept))
    assert alone.told() == ""
    assert alone.signals == ("kept",)


@pytest.mark.parametrize("name", ["kept", "reached"])
def test_a_signal_that_keeps_all_of_them_is_told_so_beside_others_that_do_not(name: str, found: Verdict) -> None:
    assert broken_by(name, found) == {}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_promise_is_seen(broken: str, found: Verdict) -> None:
    function, promise = BROKEN[broken]
    assert promise in broken_by(function.__name__, found)
    assert f"{function.__name__}: {promise.value}: " in found.told()


@pytest.mark.parametrize("broken", WITHOUT_A_VALUE)
def test_a_signal_without_one_value_for_each_is_seen(broken: str) -> None:
    function = WITHOUT_A_VALUE[broken]
    seen = verdict(declared(function))
    assert (function.__name__, Promise.ONE_VALUE) in seen.broken
    assert f"{function.__name__}: {Promise.ONE_VALUE.value}: " in seen.told()


@pytest.mark.parametrize(
    ("promise", "shown"),
    [
        (Promise.FUTURE, lambda table, grid: [table.known_day < grid.as_of]),
        (Promise.LATE, lambda table, grid: [table.day < grid.as_of]),
    ],
)
def test_a_leak_is_seen(promise: Promise, shown: Any, found: Verdict, monkeypatch: pytest.MonkeyPatch) -> None:
    assert broken_by("reached", found) == {}
    monkeypatch.setattr(History, "_cut", cut_by(shown))
    assert ("reached", promise) in verdict(declared(reached, doc="Milestones.", unit=Unit.MILESTONES)).broken


def test_one_broken_signal_does_not_hide_that_another_keeps_its_promises() -> None:
    seen = tried([declared(two_values), declared(kept)], catalog(), Thresholds(), sentence, on=worlds(1)[:1])
    assert {name for name, _ in seen.broken} == {"two_values"}


@pytest.mark.parametrize("name", UNCLEAN)
def test_an_unclean_sentence_is_seen(name: str, found: Verdict) -> None:
    assert set(broken_by(name, found)) == {Promise.SENTENCE}


def test_a_value_below_0_without_words_for_it_is_seen(found: Verdict) -> None:
    (seen,) = broken_by("fewer", found).items()
    assert seen[0] is Promise.SENTENCE
    assert "is below 0, and has no words" in seen[1]


@pytest.mark.parametrize("name", SAYS_TOO_LITTLE)
def test_a_docstring_that_says_too_little_is_seen(name: str, found: Verdict) -> None:
    assert set(broken_by(name, found)) == {Promise.DOCSTRING}


@pytest.mark.parametrize("world", [0], ids=["events"])
def test_uptiers_own_signals_keep_them(world: int) -> None:
    # with columns vouched for that the tables overwrite, which no other test has in every table
    assert (
        tried(catalog().signals, catalog(), Thresholds(), sentence, on=worlds(20260301)[world : world + 1]).told() == ""
    )


# what they are tried on --------------------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_timelines_and_another_one_others() -> None:
    assert worlds(3) == worlds(3)
    assert worlds(3) != worlds(4)


def test_the_timelines_hold_what_goes_wrong_in_practice() -> None:
    drawn = worlds(20260301)
    every = [(world, account, rows) for world in drawn for account, rows in world.accounts.items()]

    def any_row(table: str, holds: Callable[[Any, Any], bool]) -> bool:
        return any(holds(world, row) for world, _, rows in every for row in rows.get(table, []))

    assert any(len(rows["tickets"]) > len({row["ticket_id"] for row in rows["tickets"]}) for _, _, rows in every)
    late = [
        (world.happened(row, "usage_events"), date, world.known(row, "usage_events"))
        for world, _, rows in every
        for row in rows.get("usage_events", [])
        for date in world.dates
    ]
    assert any(happened < date == known for happened, date, known in late), "known on the as-of date itself"
    assert any(happened < date < known for happened, date, known in late)
    assert any(happened >= date for happened, date, _ in late)
    assert any_row("subscriptions", lambda world, row: row["change_reason"] == "correction")
    assert any_row("subscriptions", lambda world, row: row["seats"] == "0")
    assert any_row("meter_readings", lambda world, row: row["quota"] == "0")
    assert any_row("usage_events", lambda world, row: row["user_id"] is None)
    assert any_row("usage_events", lambda world, row: str(row["occurred_at"]).startswith("2024-02-29"))
    assert any_row("usage_events", lambda world, row: str(row["occurred_at"]) == "2026-03-29 02:30"), (
        "left out by a clock"
    )
    assert any_row("usage_daily", lambda world, row: str(row["day"]) == "2025-11-02"), "a day of 25 hours"
    assert all(world.accounts["userless"]["users"] == [] for world in drawn)
    assert all(sum(map(len, world.accounts["silent"].values())) == 1 for world in drawn)
    for world in drawn:
        (first,) = world.accounts["young"]["subscriptions"]
        assert (world.dates[list(world.accounts).index("young") % 2] - world.happened(first, "subscriptions")).days in (
            1,
            2,
        )


def test_the_past_of_an_account_is_the_same_whatever_comes() -> None:
    for world in worlds(5):
        for rows in world.accounts.values():
            for date in world.dates:
                past = seen_from(world, rows, date)
                for late in (True, False):
                    assert seen_from(world, otherwise(world, rows, date, late=late), date) == past
