from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ibis
import pytest

from uptier.errors import StoreError
from uptier.tables.clean import Tables, clean
from uptier.tables.contracts import CONTRACT
from uptier.tables.drawn import settings_of, source_of
from uptier.tables.forgotten import ForgottenList, new_list, read_list, without_forgotten, write_list
from uptier.tables.mapping import map_table

TEXT = """
    # users
    account | user | created_at
    a       | u    | 2026-01-01
    a       | v    | 2026-01-01
    b       | u    | 2026-01-01
    # tickets
    account | opened_at
    a       | 2026-01-01
    b       | 2026-01-01
    # usage_events
    account | user | occurred_at | kind
    a       | u    | 2026-01-01  | login
    a       | v    | 2026-01-02  | login
    a       |      | 2026-01-03  | login
    b       | u    | 2026-01-04  | login
    b       | w    | 2026-01-05  | login
    """


def left(told: ForgottenList) -> tuple[Tables, frozenset[str]]:
    source, settings = source_of(TEXT), settings_of(data_until="2026-02-01")
    mapped = {name: one for name in CONTRACT if (one := map_table(source, settings, name)) is not None}
    without, ids = without_forgotten(mapped, told)
    return clean(source, settings, without), ids


def pairs(tables: Tables, name: str) -> set[tuple[Any, Any]]:
    rows = tables[name].select("account_id", "user_id").to_pandas().astype(object)
    return set(rows.where(rows.notna(), None).itertuples(index=False, name=None))


def test_a_forgotten_account_is_in_no_table() -> None:
    tables, ids = left(new_list().with_one("a", None))
    assert ids == {"a"}
    for name in tables.clean:
        assert "a" not in tables[name].account_id.to_pandas().tolist()
    assert pairs(tables, "usage_events") == {("b", "u"), ("b", "w")}


def test_a_forgotten_user_of_an_account_is_left_out_there_alone() -> None:
    tables, ids = left(new_list().with_one("a", "u"))
    assert ids == {"u"}
    assert pairs(tables, "users") == {("a", "v"), ("b", "u")}
    assert pairs(tables, "usage_events") == {("a", "v"), ("a", None), ("b", "u"), ("b", "w")}
    assert tables["tickets"].count().to_pandas() == 2


def test_a_forgotten_user_is_left_out_everywhere() -> None:
    tables, _ = left(new_list().with_one(None, "u"))
    assert pairs(tables, "users") == {("a", "v")}
    assert pairs(tables, "usage_events") == {("a", "v"), ("a", None), ("b", "w")}


def test_nobody_forgotten_changes_nothing() -> None:
    tables, ids = left(new_list().with_one("stranger", None).with_one(None, "a").with_one("b", "v"))
    assert ids == frozenset()
    assert len(pairs(tables, "usage_events")) == 5
    assert tables["accounts"].count().to_pandas() == 3


def test_users_are_looked_for_only_where_some_were_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = ibis.expr.types.Table.to_pandas

    def noted(table: Any, *arguments: Any, **named: Any) -> Any:
        asked.append(str(ibis.to_sql(table)))
        return real(table, *arguments, **named)

    monkeypatch.setattr(ibis.expr.types.Table, "to_pandas", noted)
    left(new_list().with_one("a", None))
    assert not [sql for sql in asked if "usage_events" in sql]
    left(new_list().with_one("a", "u"))
    assert any("usage_events" in sql for sql in asked)


def test_the_list_holds_hashes_with_a_salt_of_its_own(tmp_path: Path) -> None:
    told = new_list().with_one("an-account", None).with_one(None, "a-user").with_one("its-account", "its-user")
    write_list(tmp_path, told)
    assert read_list(tmp_path) == told
    text = (tmp_path / "forgotten.json").read_text()
    assert not [one for one in ("an-account", "a-user", "its-account", "its-user") if one in text]
    other = new_list().with_one("an-account", None)
    assert other.salt != told.salt
    assert not other.accounts & told.accounts


def test_the_list_knows_exactly_who_was_asked_for() -> None:
    told = new_list().with_one("a", "u")
    assert told.has("a", "u")
    assert not told.has("a", None)
    assert not told.has(None, "u")
    assert not told.has("b", "u")
    assert told.with_one("a", "u") == told


def test_without_a_list_nobody_was_forgotten(tmp_path: Path) -> None:
    assert read_list(tmp_path) is None


@pytest.mark.parametrize("broken", ["", "{", "[]", "{}", '{"salt": "no hex"}', '{"salt": "00", "accounts": []}'])
def test_a_list_that_cannot_be_read_stops_everything(broken: str, tmp_path: Path) -> None:
    (tmp_path / "forgotten.json").write_text(broken)
    with pytest.raises(StoreError, match="bring back whom it names"):
        read_list(tmp_path)


def test_the_list_is_plain_json(tmp_path: Path) -> None:
    write_list(tmp_path, new_list())
    assert set(json.loads((tmp_path / "forgotten.json").read_text())) == {
        "salt", "accounts", "users", "users_of_accounts",
    }  # fmt: skip
