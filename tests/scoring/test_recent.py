"""What is told of an account's last months was in the tables, and was known, before the date of the brief."""

from __future__ import annotations

import datetime as dt
from typing import Any

from uptier.explanation.recent import Contact, OpenTickets, Reached, Recent
from uptier.scoring.recent import recent_of
from uptier.tables.drawn import drawn

AS_OF = "2026-03-01"
LABELS = {"approaching_seat_ceiling": "Approaching the seat ceiling"}
MILESTONES = """
# milestones
account | milestone   | reached_at | recorded_at
a       | first_value | 2025-12-01 | 2025-12-01
a       | goal_met    | 2025-12-02 | 2025-12-02
a       | goal_met    | 2026-02-03 | 2026-02-03
a       | go_live     | 2026-02-01 | 2026-02-02
a       | known_late  | 2026-02-20 | 2026-03-01
a       | to_come     | 2026-03-01 | 2026-03-01
b       | first_value | 2025-01-01 | 2025-01-01
"""
TICKETS = """
# tickets
account | opened_at  | closed_at  | priority | escalated | recorded_at
a       | 2026-01-20 |            | urgent   | 0         | 2026-01-20
a       | 2026-02-27 | 2026-03-02 | normal   | 1         | 2026-02-27
a       | 2026-01-02 | 2026-01-05 | urgent   | 1         | 2026-01-02
a       | 2026-01-01 |            | urgent   | 1         | 2026-03-01
b       | 2026-02-01 | 2026-02-28 | low      | 0         | 2026-02-01
"""
OUTREACH = """
# outreach
account | contacted_at | upsell_type    | started_by               | result | result_at  | recorded_at
a       | 2025-06-01   | add_on         | calendar                 | won    | 2025-07-01 | 2025-06-01
a       | 2026-02-10   | seat_expansion | approaching_seat_ceiling | won    | 2026-03-01 | 2026-02-10
a       | 2026-02-20   | plan_upgrade   | calendar                 | lost   | 2026-02-21 | 2026-03-01
b       | 2025-05-05   | plan_upgrade   | Mary Smith               | lost   | 2025-05-20 | 2025-05-05
"""


def told(text: str, as_of: str = AS_OF, **settings: Any) -> dict[str, Recent]:
    return recent_of(drawn(text, as_of=as_of, **settings), dt.date.fromisoformat(as_of), LABELS)


def test_milestones_are_those_of_the_last_ninety_days_the_newest_first() -> None:
    found = {account: one.milestones for account, one in told(MILESTONES).items()}
    assert found == {
        "a": (
            Reached(milestone="goal_met", day=dt.date(2026, 2, 3)),
            Reached(milestone="go_live", day=dt.date(2026, 2, 1)),
            Reached(milestone="goal_met", day=dt.date(2025, 12, 2)),
            Reached(milestone="first_value", day=dt.date(2025, 12, 1)),
        ),
        "b": (),
        "c": (),
    }
    assert [one.milestone for one in told(MILESTONES, "2026-03-02")["a"].milestones or ()][:2] == [
        "to_come",
        "known_late",
    ]


def test_tickets_are_open_until_it_was_known_that_they_were_closed() -> None:
    found = {account: one.tickets for account, one in told(TICKETS).items()}
    assert found == {
        "a": OpenTickets(count=2, oldest_days=40),
        "b": OpenTickets(count=0),
        "c": OpenTickets(count=0),
    }
    a = told(TICKETS, "2026-03-03")["a"].tickets
    assert a == OpenTickets(count=2, oldest_days=61)


def test_how_bad_tickets_are_is_told_only_since_the_project_says_that_it_holds() -> None:
    holds = {"tickets.priority": "2025-01-01", "tickets.escalated": "2026-03-02"}
    assert told(TICKETS, holds_since=holds)["a"].tickets == OpenTickets(count=2, oldest_days=40, urgent=1)
    later = told(TICKETS, "2026-03-02", holds_since=holds)["a"].tickets
    assert later == OpenTickets(count=3, oldest_days=60, urgent=2, escalated=2)


def test_the_last_contact_has_its_result_once_that_was_known_and_never_a_persons_name() -> None:
    seats = "Approaching the seat ceiling"
    open_talk = Contact(day=dt.date(2026, 2, 10), about="seat_expansion", started_by=seats, result="open")
    found = {account: one.contact for account, one in told(OUTREACH).items()}
    assert found == {
        "a": open_talk,
        "b": Contact(day=dt.date(2025, 5, 5), about="plan_upgrade", started_by=None, result="lost"),
        "c": None,
    }
    later = told(OUTREACH, "2026-03-02")["a"].contact
    assert later == Contact(day=dt.date(2026, 2, 20), about="plan_upgrade", started_by="calendar", result="lost")


def test_a_result_without_its_day_is_not_told() -> None:
    undated = "# outreach\naccount | contacted_at | result\na | 2026-02-10 | won\n"
    assert told(undated)["a"].contact == Contact(day=dt.date(2026, 2, 10))


def test_of_a_table_that_is_not_there_nothing_is_told() -> None:
    assert set(told("account | occurred_at | kind").values()) == {Recent()}
    # without ends every ticket would look open
    assert told("# tickets\naccount | opened_at\na | 2026-02-01\n")["a"].tickets is None
