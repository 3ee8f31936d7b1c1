"""A list passes the breakers, gets to every destination once, and what became of it can be asked."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from pathlib import Path

import pandas as pd
import pytest

from tests.explanation.tiny import AS_OF, CATALOG, bundle, facts, frame, settings
from uptier.delivery import database_table, files
from uptier.delivery import payload as payloads
from uptier.delivery_settings import DeliverySettings
from uptier.errors import BreakerError, DeliveryError
from uptier.monitoring.summary import summary
from uptier.pages_settings import PagesSettings
from uptier.scoring.batch import score
from uptier.scoring.erasing import erase
from uptier.scoring.scorecard import write
from uptier.scoring.worklist import columns
from uptier.work import delivering
from uptier.work.delivering import FORCED, deliver_list, roll_back
from uptier.work.destinations import FOLDER, ledger_of, preflight, set_up, told_about

TODAY = AS_OF + dt.timedelta(days=1)
NOTHING: dict[str, str] = {}


def project(folder: Path, **more):
    given = {
        "destinations": {
            "lists": {"kind": "files", "folder": folder / "out", "formats": ["jsonl"]},
            "warehouse": {"kind": "database"},
        }
    }
    delivery = DeliverySettings.model_validate(given | more)
    return settings(folder / "store").model_copy(update={"delivery": delivery})


def environment(folder: Path) -> dict[str, str]:
    return {"UPTIER_DELIVERY_DATABASE": f"sqlite:///{folder / 'warehouse.db'}"}


def listed(settings, *, accounts=30, top=10, as_of=AS_OF, seed=1, **changes):
    """Write a scorecard with a worklist of its first accounts beside it."""
    rows = frame(accounts, seed=seed)
    card = score(rows, facts(rows), bundle(), CATALOG, settings, as_of=as_of, version="3")
    first = card.head(top)
    cases = pd.DataFrame(
        {
            "uptier_key": first["account_id"] + ":" + first["best_type"] + ":2026-03-01",
            "account_id": first["account_id"],
            "upsell": first["best_type"],
            "cycle": pd.Timestamp(AS_OF),
            "state": "open",
            "owner": "north",
            "action": "pitch",
            "action_reason": "it is worth its cost",
            "rank": range(1, top + 1),
            "tier": "A",
            "reason_1": first["reason_1"],
            "as_of": pd.Timestamp(as_of),
            "model_version": "3",
        }
    ).assign(**changes)
    cases = cases.reindex(columns=list(columns()))
    write(
        card,
        settings=settings,
        as_of=as_of,
        run_id=None,
        model_version="3",
        catalogue_hash="tiny",
        expected_accounts=accounts,
        newest_usage=as_of - dt.timedelta(days=1),
        worklist=cases,
        summary=summary(card, rows, worklist=cases, ages={"usage_events": 1}),
    )
    return cases


def held(folder: Path) -> dict[str, str]:
    with sqlite3.connect(folder / "warehouse.db") as base:
        return dict(base.execute("SELECT uptier_key, tier FROM uptier_worklist WHERE state = 'open'"))


def test_a_list_gets_to_every_destination_once(tmp_path: Path) -> None:
    one, given = project(tmp_path), environment(tmp_path)
    cases = listed(one)
    set_up(one, environment=given)
    assert preflight(one, environment=given) == {"lists": [], "warehouse": []}
    first = deliver_list(one, environment=given, today=TODAY)
    assert [(part.destination, part.sent) for part in first.delivered] == [("lists", 10), ("warehouse", 10)]
    assert first.run.startswith("2026-03-01/3/")
    assert set(held(tmp_path)) == set(cases["uptier_key"])
    assert len((tmp_path / "out").glob("*.jsonl").__next__().read_text(encoding="utf-8").splitlines()) == 10
    again = deliver_list(one, environment=given, today=TODAY)
    assert [(part.sent, part.unchanged) for part in again.delivered] == [(0, 10), (0, 10)]
    assert not again.is_partly


def test_what_changed_is_sent_and_what_left_is_closed_and_a_run_can_be_sent_again(tmp_path: Path) -> None:
    one, given = project(tmp_path), environment(tmp_path)
    listed(one)
    set_up(one, environment=given)
    first = deliver_list(one, environment=given, today=TODAY)
    later = listed(one, tier=["B"] + ["A"] * 9).iloc[:9]  # the same date scored again
    second = deliver_list(one, environment=given, today=TODAY)
    assert second.run != first.run
    assert second.delivered[1].sent == 1
    assert held(tmp_path)[later["uptier_key"].iloc[0]] == "B"
    back = roll_back(one, first.run, environment=given, to="warehouse")
    assert back.delivered[0].sent == 1
    assert set(held(tmp_path).values()) == {"A"}


def test_a_breaker_stops_before_anything_is_sent_and_a_reason_lets_it_pass_on_record(tmp_path: Path) -> None:
    one, given = project(tmp_path), environment(tmp_path)
    listed(one)
    set_up(one, environment=given)
    much_later = AS_OF + dt.timedelta(days=90)
    with pytest.raises(BreakerError, match="expired"):
        deliver_list(one, environment=given, today=much_later)
    assert held(tmp_path) == {}
    assert told_about(one, "0000", environment=given) == []
    with pytest.raises(DeliveryError, match="needs a reason"):
        deliver_list(one, environment=given, today=much_later, force="why not")
    done = deliver_list(one, environment=given, today=much_later, force="the pilot looks at an old list", by="ops")
    assert [finding.code for finding in done.findings] == ["expired"]
    record = json.loads((one.store / FOLDER / FORCED).read_text(encoding="utf-8"))
    assert (record["reason"], record["by"], record["run"]) == ("the pilot looks at an old list", "ops", done.run)


def test_half_a_list_is_held_against_the_one_delivered_last(tmp_path: Path) -> None:
    one, given = project(tmp_path), environment(tmp_path)
    listed(one, accounts=300)
    set_up(one, environment=given)
    deliver_list(one, environment=given, today=TODAY)
    month = dt.date(2026, 4, 1)
    listed(one, accounts=120, as_of=month)
    with pytest.raises(BreakerError, match="rows-lost"):
        deliver_list(one, environment=given, today=month)
    assert len(held(tmp_path)) == 10


def test_what_was_over_before_anybody_was_told_is_no_news(tmp_path: Path) -> None:
    one, given = project(tmp_path), environment(tmp_path)
    listed(one, state=["closed"] + ["open"] * 9, closed_because=["drawn for the holdout"] + [None] * 9)
    set_up(one, environment=given)
    done = deliver_list(one, environment=given, today=TODAY)
    assert [(part.sent, part.closed, part.unchanged) for part in done.delivered] == [(9, 0, 0), (9, 0, 0)]
    assert len(held(tmp_path)) == 9


def test_a_dry_run_writes_nothing_and_shows_each_field(tmp_path: Path) -> None:
    one, given = project(tmp_path), environment(tmp_path)
    listed(one)
    set_up(one, environment=given)
    done = deliver_list(one, environment=given, today=TODAY, dry_run=True)
    assert [len(part.differences) for part in done.delivered] == [10, 10]
    assert done.delivered[0].differences[0].fields["tier"] == (None, "A")
    assert held(tmp_path) == {}
    assert deliver_list(one, environment=given, today=TODAY, to="lists").delivered[0].sent == 10


def test_what_was_told_about_an_account_is_known(tmp_path: Path) -> None:
    one, given = project(tmp_path), environment(tmp_path)
    account = listed(one)["account_id"].iloc[0]
    set_up(one, environment=given)
    done = deliver_list(one, environment=given, today=TODAY)
    entries = told_about(one, account, environment=given)
    assert {entry.destination for entry in entries} == {"lists", "warehouse"}
    assert {(entry.run, entry.as_of, entry.model_version) for entry in entries} == {(done.run, "2026-03-01", "3")}


def test_a_question_begins_no_ledger(tmp_path: Path) -> None:
    one = project(tmp_path)
    assert told_about(one, "0001", environment=NOTHING) == []
    assert not one.store.exists()


def test_what_is_missing_is_told_with_what_to_do(tmp_path: Path) -> None:
    one = project(tmp_path)
    with pytest.raises(DeliveryError, match="no scorecard to deliver"):
        deliver_list(one, environment=NOTHING, today=TODAY)
    with pytest.raises(DeliveryError, match="no destination 'crm'"):
        deliver_list(one, environment=NOTHING, today=TODAY, to="crm")
    with pytest.raises(DeliveryError, match="has no destination"):
        deliver_list(settings(tmp_path / "store"), environment=NOTHING, today=TODAY)
    listed(one)
    with pytest.raises(DeliveryError, match="UPTIER_DELIVERY_DATABASE"):
        deliver_list(one, environment=NOTHING, today=TODAY, to="warehouse")


def test_a_file_that_somebody_deleted_is_written_anew(tmp_path: Path) -> None:
    one, given = project(tmp_path), environment(tmp_path)
    listed(one)
    set_up(one, environment=given)
    deliver_list(one, environment=given, today=TODAY, to="lists")
    (file,) = (tmp_path / "out").glob("*.jsonl")
    before = file.read_bytes()
    file.unlink()
    assert deliver_list(one, environment=given, today=TODAY, to="lists").delivered[0].unchanged == 10
    assert file.read_bytes() == before


def test_who_left_the_list_by_being_forgotten_is_in_no_file_after_the_next_run(tmp_path: Path) -> None:
    one, given = project(tmp_path), environment(tmp_path)
    account = listed(one)["account_id"].iloc[0]
    set_up(one, environment=given)
    deliver_list(one, environment=given, today=TODAY, to="lists")
    ledger = ledger_of(one, given, only_if_there=True)
    assert ledger is not None
    assert set(ledger.forget(account)) == {"lists"}
    erase(one.store, account)
    deliver_list(one, environment=given, today=TODAY, to="lists")
    (file,) = (tmp_path / "out").glob("*.jsonl")
    told = [json.loads(line)["account_id"] for line in file.read_text(encoding="utf-8").splitlines()]
    assert len(told) == 9
    assert account not in told


def told_rows(folder: Path) -> dict[str, dict[str, object]]:
    (file,) = (folder / "out").glob("*.jsonl")
    lines = file.read_text(encoding="utf-8").splitlines()
    return {row["account_id"]: row for row in map(json.loads, lines)}


def test_a_row_carries_a_link_where_there_are_pages_and_else_the_brief_in_short(tmp_path: Path) -> None:
    one, given = project(tmp_path), environment(tmp_path)
    listed(one, talk="The talk: growth.")
    set_up(one, environment=given)
    deliver_list(one, environment=given, today=TODAY, to="lists")
    rows = told_rows(tmp_path)
    assert any(row["reason_1"] is not None for row in rows.values())
    for account, row in rows.items():
        text = str(row["details"])
        assert text.startswith(f"Company {account}, ")
        assert text.endswith("The talk: growth.")
        assert "Pitch " in text
        assert row["reason_1"] is None or str(row["reason_1"]) in text
    linked = one.model_copy(update={"pages": PagesSettings(base_url="https://briefs.example.com/csm/")})
    assert deliver_list(linked, environment=given, today=TODAY, to="lists").delivered[0].sent == 10
    for account, row in told_rows(tmp_path).items():
        assert row["details"] == f"https://briefs.example.com/csm/accounts/{account}"
    # words that change do not change a link, and other fields still tell them
    listed(one, talk="The talk: something else.")
    assert deliver_list(linked, environment=given, today=TODAY, to="lists").delivered[0].unchanged == 10


LATER = ("held_by", "points", "unlisted_because", "exploration", "expected_value_low", "expected_value_high")


def delivered_before(one, given, monkeypatch: pytest.MonkeyPatch):
    """Set up and deliver as a release that knew fewer fields."""
    with monkeypatch.context() as before:
        fewer = tuple(field for field in payloads.FIELDS if field.name not in LATER)
        for module in (payloads, database_table, files, delivering):
            before.setattr(module, "FIELDS", fewer)
        set_up(one, environment=given)
        first = deliver_list(one, environment=given, today=TODAY)
        assert [part.unchanged for part in deliver_list(one, environment=given, today=TODAY).delivered] == [10, 10]
    return first


def asked(folder: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / "warehouse.db") as base:
        return base.execute(query).fetchall()


def test_after_an_upgrade_that_adds_fields_each_row_is_sent_once_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, given = project(tmp_path), environment(tmp_path)
    listed(one, points=60.0, exploration=False, expected_value_low=10.0)
    delivered_before(one, given, monkeypatch)
    with pytest.raises(DeliveryError, match=r"lacks held_by, points, .* Add them with 'uptier deliver --setup'"):
        deliver_list(one, environment=given, today=TODAY, to="warehouse")
    made = [line for lines in set_up(one, environment=given).values() for line in lines]
    assert [line.split()[2] for line in made if line.startswith("The column")] == list(LATER)
    again = deliver_list(one, environment=given, today=TODAY)
    assert [(part.sent, part.closed, part.unchanged) for part in again.delivered] == [(10, 0, 0), (10, 0, 0)]
    query = "SELECT points, exploration, expected_value_low, held_by FROM uptier_worklist"
    assert asked(tmp_path, query) == [(60, "no", 10.0, None)] * 10
    after = deliver_list(one, environment=given, today=TODAY)
    assert [part.unchanged for part in after.delivered] == [10, 10]


def test_what_was_told_before_an_upgrade_can_be_told_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, given = project(tmp_path), environment(tmp_path)
    listed(one, points=60.0)
    first = delivered_before(one, given, monkeypatch)
    listed(one, points=60.0, action_reason="it still is")
    set_up(one, environment=given)
    assert deliver_list(one, environment=given, today=TODAY).delivered[1].sent == 10
    query = "SELECT DISTINCT action_reason, points FROM uptier_worklist"
    assert asked(tmp_path, query) == [("it still is", 60)]
    assert [part.sent for part in roll_back(one, first.run, environment=given).delivered] == [10, 10]
    # with nothing in the fields that there were not
    assert asked(tmp_path, query) == [("it is worth its cost", None)]


def test_a_second_run_reads_no_table_and_makes_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, given = project(tmp_path), environment(tmp_path)
    listed(one)
    set_up(one, environment=given)
    first = deliver_list(one, environment=given, today=TODAY)
    with monkeypatch.context() as nothing:
        nothing.setattr(delivering, "payload", lambda row: pytest.fail("a row was made"))
        nothing.setattr(delivering, "read_worklist", lambda folder: pytest.fail("the worklist was read"))
        nothing.setattr(pd, "read_parquet", lambda *given, **more: pytest.fail("a table was read"))
        second = deliver_list(one, environment=given, today=TODAY)
    assert second.rows == first.rows == 10
    assert [(part.sent, part.unchanged) for part in second.delivered] == [(0, 10), (0, 10)]
    # what a link is made of is part of what is told
    linked = one.model_copy(update={"pages": PagesSettings(base_url="https://uptier.example")})
    assert [part.sent for part in deliver_list(linked, environment=given, today=TODAY).delivered] == [10, 10]
