from __future__ import annotations

import datetime as dt

from uptier.tables.clean import hidden_columns, vouched_columns
from uptier.tables.contracts import CONTRACT, Change
from uptier.tables.drawn import settings_of, source_of, tables_of
from uptier.tables.treatments import repeated_keys, without_equal_rows


def test_every_overwritten_column_is_hidden_unless_its_day_is_known_or_vouched_for() -> None:
    settings = settings_of(data_until="2026-01-01", holds_since={"accounts.region": "2025-01-01"})
    assert hidden_columns("accounts", settings) == {"account_name", "segment", "industry", "owner", "currency"}
    assert vouched_columns("accounts", settings) == {"region": dt.date(2025, 1, 1)}
    assert vouched_columns("users", settings) == {}
    for name, contract in CONTRACT.items():
        current = {column for column, one in contract.columns.items() if one.change is Change.CURRENT}
        shown = current - hidden_columns(name, settings)
        assert shown <= {"result", "region"}, name


def test_has_says_what_may_be_asked_of_the_past() -> None:
    text = "account | occurred_at | kind | feature"
    tables = tables_of(text, data_until="2026-01-01", tables={"usage_events": {"kinds": ["login", "export"]}})
    assert tables.has("usage")
    assert tables.has("usage", ["feature"])
    assert not tables.has("usage", ["user_id"])
    assert tables.has("usage", ["kind=export"])
    assert tables.has("usage", ["kind=export", "kind=gate_hit"])
    assert not tables.has("usage", ["kind=gate_hit"])
    assert not tables.has("tickets")
    every = tables_of(text, data_until="2026-01-01")
    assert every.has("usage", ["kind=gate_hit"])
    assert not tables_of("", data_until="2026-01-01").has("usage")


def test_rows_of_equal_keys_are_compared_in_full_and_nulls_are_equal() -> None:
    text = """
        # users
        account | user | role
        a       | u    | admin
        a       | u    | admin
        a       | u    | member
        a       |      |
        a       |      |
        b       | u    | admin
        """
    table = source_of(text).connection.table("users")
    key = ("account_id", "user_id")
    assert sorted(repeated_keys(table, key).to_pandas()["rows"]) == [2, 3]
    rows = without_equal_rows(table, key).to_pandas().astype(object).fillna("-")
    assert sorted(rows.itertuples(index=False, name=None)) == [
        ("a", "-", "-"),
        ("a", "u", "admin"),
        ("a", "u", "member"),
        ("b", "u", "admin"),
    ]
    assert len(without_equal_rows(table, ()).to_pandas()) == 4


def test_an_end_that_became_known_after_the_data_takes_its_reason_along() -> None:
    text = """
        # subscriptions
        account | valid_from | valid_to   | end_recorded_at | end_reason
        a       | 2025-01-01 | 2025-03-01 | 2025-08-01      | cancelled
        b       | 2025-01-01 | 2025-03-01 | 2025-03-02      | cancelled
        """
    told = tables_of(text, data_until="2025-06-01")["subscriptions"].order_by("account_id").to_pandas()
    assert told["end_reason"].fillna("").tolist() == ["", "cancelled"]
