"""Logs count what verbs gave; no value of a row can pass as a count."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import pandas as pd

from uptier.cli.counts import counts_of, facts_of
from uptier.delivery.delivering import Delivered
from uptier.tables.findings import Finding, Findings, Severity
from uptier.work.delivering import Delivery

ROWS = pd.DataFrame({"account_id": ["0417", "0923"], "owner": ["north", "south"]})


@dataclass(frozen=True)
class One:
    """A part for one source."""

    source: str
    changes: tuple[str, ...] = ("0417", "0923")
    unchanged: int = 4
    failed: str = "the answer quoted a customer"


@dataclass(frozen=True)
class Pulled:
    """What a verb gives that is not known by name."""

    as_of: dt.date = dt.date(2026, 3, 1)
    run: str = "2026-03-01/7/abc"
    rows: int = 12
    dismissed: tuple[str, ...] = ("0417:add_on", "0923:add_on", "0923:seat_expansion")
    answers: pd.DataFrame = field(default_factory=lambda: ROWS)
    said: str = "a sentence of a customer's"
    owners: dict[str, int] = field(default_factory=lambda: {"north": 3})
    sources: tuple[One, ...] = (One("crm"), One("file", changes=()))
    forced: bool = True
    share: float = 0.25
    nothing: None = None


def test_of_what_is_not_known_only_numbers_and_lengths_are_told() -> None:
    assert counts_of(Pulled()) == {
        "rows": 12,
        "dismissed": 3,
        "answers": 2,
        "sources": {"crm": {"changes": 2, "unchanged": 4}, "file": {"changes": 0, "unchanged": 4}},
    }
    assert facts_of(Pulled()) == {"as_of": "2026-03-01", "run": "2026-03-01/7/abc"}


def test_what_is_no_result_has_no_counts() -> None:
    for given in (None, "0417", 7, {"check": 1}, Pulled, ROWS):
        assert counts_of(given) == {}
        assert facts_of(given) == {}


def test_findings_are_counted_by_severity() -> None:
    one = Finding(code="late-rows", table="users", count=40, severity=Severity.ERROR, message="rows of account 0417")
    assert counts_of(Findings((one,))) == {"errors": 1, "warnings": 0}


def test_a_delivery_is_counted_by_destination() -> None:
    lists = Delivered(destination="lists", run="r", sent=2, closed=1, unchanged=40)
    done = Delivery(run="r", as_of=dt.date(2026, 3, 1), rows=43, delivered=(lists,), webhook="Nobody was told: ...")
    told = counts_of(done)
    assert told["rows"] == 43
    assert told["webhook_failed"] == 1
    assert told["destinations"]["lists"] == {
        "unchanged": 40, "sent": 2, "closed": 1, "refused": 0, "failed": 0, "unknown": 0, "left": 0, "adopted": 0,
        "unclosed": 0, "differences": 0,
    }  # fmt: skip
    assert facts_of(done) == {"as_of": "2026-03-01", "run": "r"}
