"""What became of rows is said in counts, and no row's values but those that a dry run is asked for."""

from __future__ import annotations

import datetime as dt

from uptier.delivery.delivering import Delivered
from uptier.delivery.planning import Difference
from uptier.monitoring.finding import Finding
from uptier.told_deliveries import counted, delivery_data, delivery_words, readiness_words
from uptier.work.delivering import Delivery

RUN, AS_OF = "2026-03-01/3/0a1b2c", dt.date(2026, 3, 1)


def done(*delivered, **more):
    return Delivery(run=RUN, as_of=AS_OF, rows=3, delivered=delivered, **more)


def test_counts_that_are_nothing_are_left_out_but_for_what_was_sent():
    assert counted(Delivered(destination="crm", run=RUN, unchanged=480)) == "0 sent, 480 unchanged"
    assert counted(Delivered(destination="crm", run=RUN, sent=12, closed=3, failed=1)) == "12 sent, 3 closed, 1 failed"


def test_a_run_is_said_by_destination_with_what_to_do_about_the_rest():
    partly = done(Delivered(destination="crm", run=RUN, sent=2, failed=1), Delivered(destination="files", run=RUN))
    said = list(delivery_words(partly, dry_run=False))
    assert said[0] == "Run 2026-03-01/3/0a1b2c, list of 2026-03-01."
    assert said[1:3] == ["crm: 2 sent, 1 failed.", "files: 0 sent."]
    assert "Run it again" in said[3]
    assert delivery_data(partly)["delivered"][0]["is_partly"]


def test_a_dry_run_shows_fields_and_says_how_many_it_does_not_show():
    many = tuple(
        Difference(key=f"{number}", account_id=f"{number}", fields={"tier": ("B", "A")}) for number in range(25)
    )
    said = list(delivery_words(done(Delivered(destination="crm", run=RUN, differences=many)), dry_run=True))
    assert said[1] == "crm: 25 rows would be sent, 0 are there as they are."
    assert said[2] == "  0: tier: B -> A"
    assert said[-1] == "  and 5 more; --json gives them all."


def test_a_forced_breaker_a_new_champion_and_a_deaf_webhook_are_told():
    finding = Finding(code="rows_lost", found="half of the rows are gone", bound="at most 20 %", look="Look at it.")
    told = done(findings=(finding,), champion="A new champion: 7 % change action.", webhook="no answer")
    said = "\n".join(delivery_words(told, dry_run=False))
    assert "Forced: rows_lost" in said
    assert "A new champion" in said
    assert "The webhook was not told: no answer" in said


def test_readiness_is_said_line_by_line():
    assert list(readiness_words({"crm": [], "db": ["There is no table."]}, setup=False)) == [
        "crm: ready.",
        "db: There is no table.",
    ]
    assert list(readiness_words({"crm": []}, setup=True)) == ["crm: nothing was missing."]
