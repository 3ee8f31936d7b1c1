"""What became of rows is said in counts, and no row's values but those that a dry run is asked for."""

from __future__ import annotations

import datetime as dt
import json

from uptier.delivery.answers import UNTOUCHED, Fault, Stand
from uptier.delivery.delivering import Delivered
from uptier.delivery.planning import Difference
from uptier.monitoring.finding import Finding
from uptier.told_deliveries import counted, delivery_data, delivery_words, pull_data, pull_words, readiness_words
from uptier.work.delivering import Delivery
from uptier.work.pulling import Change, Pull, Pulled

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


def pulled(*sources, dry_run=False):
    return Pull(known_at=dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC), dry_run=dry_run, sources=sources)


AWAY = Stand(status="Dismissed", because="not now", until=dt.date(2026, 5, 1), owner="Ana")
CHANGE = Change(
    key="0417:add_on:2026-01-01", account_id="0417", upsell="add_on", reason_code="gates", before=UNTOUCHED, now=AWAY,
    answered_at=None,
)  # fmt: skip
FAULT = Fault(place="line 3", code="unknown-status", said="This is no status that uptier knows.")


def test_a_pull_is_said_by_source_in_counts_and_by_line_where_it_could_not_be_taken():
    told = pulled(Pulled(source="file", changes=(CHANGE,), unchanged=3, faults=(FAULT,)), Pulled(source="crm"))
    assert list(pull_words(told)) == [
        "file: 1 new, 3 unchanged, 1 not taken (Dismissed 1).",
        "  line 3: unknown-status. This is no status that uptier knows.",
        "crm: 0 new.",
        "What could not be taken stays where it is: put it right, and pull again. All else is kept.",
    ]


def test_a_dry_run_of_a_pull_says_what_would_be_known():
    said = list(pull_words(pulled(Pulled(source="crm", changes=(CHANGE,) * 25), dry_run=True)))
    assert said[1] == "  0417:add_on:2026-01-01: New -> Dismissed not now until 2026-05-01 by Ana"
    assert said[-2:] == ["  and 5 more; --json gives them all.", "Nothing was kept."]


def test_a_source_that_could_not_be_read_is_said_and_many_faults_are_cut():
    said = list(pull_words(pulled(Pulled(source="crm", failed="It does\nnot answer."))))
    assert said[0] == "crm: not read. It does not answer."
    said = list(pull_words(pulled(Pulled(source="file", faults=(FAULT,) * 21))))
    assert said[-2] == "  and 1 more; --json gives them all."


def test_a_pull_is_plain_data():
    told = pull_data(pulled(Pulled(source="file", changes=(CHANGE,), faults=(FAULT,))))
    assert (told["known_at"], told["is_partly"], told["sources"][0]["is_partly"]) == (
        "2026-03-01T12:00:00+00:00",
        True,
        True,
    )
    assert json.loads(json.dumps(told, default=str))["sources"][0]["changes"][0]["now"]["until"] == "2026-05-01"
