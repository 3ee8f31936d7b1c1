"""What happened lately reads as plain English, and says 'none' only of tables that are there."""

from __future__ import annotations

import datetime as dt

import pytest

from uptier.explanation.recent import Contact, OpenTickets, Reached, Recent, recent_words

AS_OF = dt.date(2026, 3, 1)
GOAL = Reached(milestone="goal_met", day=dt.date(2026, 2, 3))
VALUE = Reached(milestone="first_value", day=dt.date(2025, 12, 2))


def said(**given) -> dict[str, str]:
    return dict(recent_words(Recent(**given), AS_OF))


def test_of_a_table_that_is_not_there_nothing_is_said():
    assert said() == {}
    assert list(said(milestones=(), tickets=OpenTickets(count=0), has_outreach=True)) == [
        "milestones",
        "tickets",
        "contacted",
    ]


@pytest.mark.parametrize(
    ("reached", "words"),
    [
        ((), "none recorded in the last 90 days."),
        ((GOAL,), "goal met on 3 February 2026."),
        ((GOAL, VALUE), "goal met on 3 February 2026, first value on 2 December 2025."),
        (
            (GOAL, GOAL, VALUE),
            "goal met on 3 February 2026, goal met on 3 February 2026; 1 more in the last 90 days.",
        ),
    ],
)
def test_the_newest_two_milestones_are_named(reached, words):
    assert said(milestones=reached) == {"milestones": words}


@pytest.mark.parametrize(
    ("tickets", "words"),
    [
        (OpenTickets(count=0, urgent=0, escalated=0), "none is open."),
        (OpenTickets(count=1, oldest_days=1), "1 is open, for 1 day."),
        (
            OpenTickets(count=1, oldest_days=9, urgent=1, escalated=1),
            "1 is open, for 9 days; it is urgent and escalated.",
        ),
        (OpenTickets(count=3, oldest_days=41, urgent=0, escalated=0), "3 are open, the oldest for 41 days."),
        (
            OpenTickets(count=3, oldest_days=41, urgent=2, escalated=1),
            "3 are open, the oldest for 41 days; of them 2 urgent, 1 escalated.",
        ),
    ],
)
def test_open_tickets_are_counted(tickets, words):
    assert said(tickets=tickets) == {"tickets": words}


@pytest.mark.parametrize(
    ("contact", "words"),
    [
        (None, "no contact about an upsell is recorded."),
        (Contact(day=dt.date(2026, 2, 3)), "on 3 February 2026."),
        (
            Contact(day=dt.date(2025, 12, 1), about="add_on", started_by="calendar", result="open"),
            "on 1 December 2025 about an add-on, started by the calendar: no result is known yet.",
        ),
        (
            Contact(day=dt.date(2025, 11, 30), about="seat_expansion", started_by="Seats", result="lost"),
            "not in the last 90 days; last on 30 November 2025 about more seats: lost.",
        ),
        (
            Contact(day=dt.date(2026, 1, 30), about="seat_expansion", started_by="Seats", result="won"),
            "on 30 January 2026 about more seats, started by the trigger 'Seats': won.",
        ),
    ],
)
def test_the_last_contact_is_told_with_its_result(contact, words):
    assert said(has_outreach=True, contact=contact) == {"contacted": words}
