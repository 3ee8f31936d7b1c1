from __future__ import annotations

import ibis
import pytest

from uptier.tables.contracts import CONTRACT, USAGE_KINDS, Change, Kind
from uptier.tables.drawn import source_of
from uptier.tables.forms import as_versions


@pytest.mark.parametrize("name", CONTRACT)
def test_every_table_says_what_its_rows_and_columns_are(name: str) -> None:
    table = CONTRACT[name]
    assert table.name == name
    assert str(table.__doc__).startswith("One row for each ")
    assert set(table.key) <= set(table.columns)
    for column, described in table.columns.items():
        assert described.meaning, column
        assert not described.meaning.removesuffix("...").endswith("."), column
        if described.kind in (Kind.MONEY, Kind.NUMBER):
            assert described.unit, column


@pytest.mark.parametrize("name", [name for name, table in CONTRACT.items() if table.time])
def test_every_dated_table_can_say_when_a_row_became_known(name: str) -> None:
    table = CONTRACT[name]
    assert table.columns[table.time].kind in (Kind.TIME, Kind.DAY)
    assert table.columns["recorded_at"].kind is Kind.TIME
    assert table.columns["account_id"].required
    if "valid_to" in table.columns:
        assert "end_recorded_at" in table.columns


def test_keys_are_required_unless_a_row_has_none() -> None:
    loose = {"event_id", "feature"}
    for name, table in CONTRACT.items():
        assert {column for column in table.key if not table.columns[column].required} <= loose, name


def test_what_crms_overwrite_is_declared_so() -> None:
    current = {(n, c) for n, t in CONTRACT.items() for c, one in t.columns.items() if one.change is Change.CURRENT}
    assert {("accounts", "owner"), ("accounts", "segment"), ("users", "role"), ("outreach", "result")} <= current
    assert {"gate_hit", "upgrade_prompt", "trial_use", "limit_error", "login"} <= set(USAGE_KINDS)


def test_a_key_is_that_of_the_columns_that_are_there() -> None:
    events = CONTRACT["usage_events"]
    assert events.key_of({"event_id", "account_id"}) == ("event_id",)
    assert events.key_of({"account_id"}) == ()
    daily = CONTRACT["usage_daily"]
    assert daily.key_of({"account_id", "day", "kind"}) == daily.key


def test_a_change_log_ends_where_neither_seats_nor_revenue_are_left() -> None:
    text = """
        # subscriptions
        account | seats | mrr | valid_from | end_reason  | recorded_at
        a       | 5     | 50  | 2026-01-01 |             | 2026-01-02
        a       | 0     | 50  | 2026-02-01 | changed     | 2026-02-02
        a       | 0     | 0   | 2026-03-01 | not_renewed | 2026-03-02
        a       | 5     |     | 2026-04-01 |             | 2026-04-02
        """
    table = source_of(text).connection.table("subscriptions")
    table = table.mutate(
        seats=table.seats.cast("int64"),
        mrr=table.mrr.cast("int64"),
        plan_id=ibis.literal("basic"),
        valid_to=table.valid_from,
        end_recorded_at=table.recorded_at,
    )
    versions = as_versions(table, "change_log").order_by("valid_from").to_pandas()
    told = versions[["valid_from", "valid_to", "end_recorded_at", "end_reason"]].astype(object)
    assert told.where(told.notna(), None).to_numpy().tolist() == [
        ["2026-01-01", "2026-02-01", "2026-02-02", "changed"],
        ["2026-02-01", "2026-03-01", "2026-03-02", "not_renewed"],
        ["2026-04-01", None, None, None],
    ]
