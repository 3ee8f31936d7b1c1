from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from uptier.errors import MissingColumnError, NoZoneError, SourceError, TableError, WrongTypeError
from uptier.settings import Settings, read_settings
from uptier.tables.check import check
from uptier.tables.contracts import CONTRACT
from uptier.tables.drawn import settings_of, source_of
from uptier.tables.mapping import Mapped, map_table, unmapped_kinds
from uptier.tables.source import in_memory


def moment(text: str) -> dt.datetime:
    """Read a time without zone."""
    return dt.datetime.fromisoformat(text)


OPENED = moment("2026-01-01").date()


def mapped(name: str, columns: dict[str, Any], *, settings: Settings | None = None, **how: Any) -> Mapped:
    source = in_memory({how.pop("from_", name): pa.table(columns)})
    project = settings or settings_of(data_until="2026-04-01", **how)
    one = map_table(source, project, name)
    assert one is not None
    return one


def values(one: Mapped, column: str) -> list[Any]:
    return one.table.select(column).to_pyarrow()[column].to_pylist()


# columns and values ------------------------------------------------------------------------------------------------


def test_own_names_constants_and_values() -> None:
    one = mapped(
        "usage_events",
        {
            "org": ["a", "a", "a", "a", "a"],
            "ts": ["2026-01-01"] * 5,
            "name": ["upgrade_modal_viewed", "export_csv", "export", "login", "whatever"],
        },
        tables={
            "usage_events": {
                "columns": {"account_id": "org", "occurred_at": "ts", "kind": "name"},
                "values": {"kind": {"upgrade_modal_viewed": "gate_hit", "export_*": "export"}},
                "constants": {"feature": "all"},
            }
        },
    )
    assert values(one, "kind") == ["gate_hit", "export", "export", "login", "other"]
    assert values(one, "feature") == ["all"] * 5
    assert values(one, "account_id") == ["a"] * 5
    assert values(one, "user_id") == [None] * 5
    assert one.present == {"account_id", "occurred_at", "kind", "feature"}
    assert list(one.table.columns) == list(CONTRACT["usage_events"].columns)


def test_patterns_take_only_the_star_as_special() -> None:
    names = ["a_b", "aXb", "a%b", "100%", "x.y", "A_b"]
    how = {"values": {"kind": {"a_b*": "login", "a%*": "export", "*.y": "gate_hit"}}, "constants": {"account_id": "a"}}
    one = mapped("usage_events", {"kind": names, "occurred_at": ["2026-01-01"] * 6}, tables={"usage_events": how})
    assert values(one, "kind") == ["login", "other", "export", "other", "gate_hit", "other"]


def test_an_exact_value_goes_before_a_pattern() -> None:
    how = {"values": {"kind": {"export_*": "export", "export_started": "feature_used"}}}
    one = mapped(
        "usage_events",
        {"account_id": ["a"] * 2, "kind": ["export_started", "export_done"], "occurred_at": ["2026-01-01"] * 2},
        tables={"usage_events": how},
    )
    assert values(one, "kind") == ["feature_used", "export"]


def test_a_kind_that_is_missing_stays_missing() -> None:
    one = mapped(
        "usage_events", {"account_id": ["a"], "kind": pa.array([None], pa.string()), "occurred_at": ["2026-01-01"]}
    )
    assert values(one, "kind") == [None]


def test_event_names_that_nothing_is_known_of_are_listed_most_frequent_first() -> None:
    names = ["b", "c", "c", "login", "a", "mapped"]
    how = {"values": {"kind": {"mapped": "login"}}}
    settings = settings_of(data_until="2026-04-01", tables={"usage_events": how})
    one = mapped(
        "usage_events",
        {"account_id": ["a"] * 6, "kind": names, "occurred_at": ["2026-01-01"] * 6},
        settings=settings,
    )
    assert unmapped_kinds(one, settings).to_pandas().to_numpy().tolist() == [["c", 2], ["a", 1], ["b", 1]]


def test_a_table_may_come_from_another_name_or_a_query(yaml: Path) -> None:
    rows = {"id": ["a", "b"], "closed": [True, False]}
    named = mapped(
        "accounts", rows, from_="firms", tables={"accounts": {"from": "firms", "columns": {"account_id": "id"}}}
    )
    assert values(named, "account_id") == ["a", "b"]
    settings = written(yaml, "tables:\n  accounts:\n    sql: SELECT id AS account_id FROM firms WHERE NOT closed\n")
    assert values(mapped("accounts", rows, from_="firms", settings=settings), "account_id") == ["b"]


def test_a_table_that_is_not_there_is_none_unless_the_project_names_it(yaml: Path) -> None:
    source = source_of("")
    assert map_table(source, settings_of(data_until="2026-04-01"), "tickets") is None
    settings = written(yaml, "tables:\n  tickets:\n    from: subscription\n")
    with pytest.raises(TableError) as caught:
        map_table(source, settings, "tickets")
    assert str(caught.value) == (
        f"{yaml}, line 7, tables.tickets.from: the source has no table 'subscription'.\n"
        "Found: accounts, subscriptions.\n"
        "Did you mean 'subscriptions'?"
    )


# types -------------------------------------------------------------------------------------------------------------


def test_ids_are_text_however_they_are_kept() -> None:
    for ids in (pa.array([12, None]), pa.array([12.0, None]), pa.array(["12", None])):
        assert values(mapped("accounts", {"account_id": ids}), "account_id") == ["12", None]


def test_money_is_whole_hundredths_and_counts_are_whole() -> None:
    one = mapped(
        "subscriptions",
        {
            "subscription_id": ["1", "2", "3", "4"],
            "account_id": ["a"] * 4,
            "valid_from": ["2026-01-01"] * 4,
            "mrr": ["99.99", "1e2", "", "dear"],
            "seats": pa.array([5.0, 4.6, None, 0.0]),
        },
    )
    assert values(one, "mrr") == [9999, 10000, None, None]
    assert values(one, "seats") == [5, 5, None, 0]
    decimal = mapped(
        "subscriptions",
        {
            "subscription_id": ["1"],
            "account_id": ["a"],
            "valid_from": ["2026-01-01"],
            "mrr": pa.array(["19.99"]).cast(pa.decimal128(10, 2)),
        },
    )
    assert values(decimal, "mrr") == [1999]


@pytest.mark.parametrize(
    ("column", "given", "what"),
    [
        ("seats", pa.array([moment("2026-01-01")]), "Table 'subscriptions', column seats: a count is wanted."),
        ("mrr", pa.array([[1]]), "Table 'subscriptions', column mrr: a money is wanted."),
        ("valid_from", pa.array([True]), "Table 'subscriptions', column valid_from: a time is wanted."),
    ],
)
def test_a_type_that_cannot_be_read_is_refused(column: str, given: pa.Array, what: str) -> None:
    columns = {"subscription_id": ["1"], "account_id": ["a"], "valid_from": ["2026-01-01"], column: given}
    with pytest.raises(WrongTypeError) as caught:
        mapped("subscriptions", columns)
    assert caught.value.what == what
    assert "Map another column under tables.subscriptions.columns in drawn.yaml." in str(caught.value)


# times -------------------------------------------------------------------------------------------------------------

NOON = moment("2026-03-01 12:00")


def times(given: Any, *, zone: str | None) -> list[Any]:
    one = mapped("milestones", {"account_id": ["a"] * len(given), "milestone": ["x"] * len(given), "reached_at": given},
                 timezone=zone)  # fmt: skip
    return values(one, "reached_at")


def test_times_with_a_zone_need_none_declared() -> None:
    berlin = pa.array([NOON]).cast(pa.timestamp("us")).cast(pa.timestamp("us", tz="Europe/Berlin"))
    assert times(berlin, zone=None) == [NOON]
    assert times(pa.array([dt.date(2026, 3, 1)]), zone=None) == [moment("2026-03-01")]


def test_naive_times_are_read_in_the_declared_zone() -> None:
    assert times(pa.array([NOON]), zone="UTC") == [NOON]
    assert times(pa.array([NOON]), zone="Europe/Berlin") == [moment("2026-03-01 11:00")]
    # summer time
    assert times(["2026-07-01 12:00"], zone="Europe/Berlin") == [moment("2026-07-01 10:00")]


def test_text_with_offsets_keeps_them_and_the_rest_is_in_the_declared_zone() -> None:
    told = {
        "2026-03-01T12:00:00Z": NOON,
        "2026-03-01 12:00:00+02:00": moment("2026-03-01 10:00"),
        "2026-03-01T12:00:00-0500": moment("2026-03-01 17:00"),
        "2026-03-01 12:00": moment("2026-03-01 11:00"),
        "2026-03-01": moment("2026-02-28 23:00"),
        "soon": None,
        None: None,
    }
    assert times(list(told), zone="Europe/Berlin") == list(told.values())


def test_numbers_are_times_only_where_the_project_says_what_they_count() -> None:
    seconds = int(NOON.replace(tzinfo=dt.UTC).timestamp())
    assert times(pa.array([seconds]), zone="epoch_s") == [NOON]
    assert times(pa.array([seconds * 1000]), zone="epoch_ms") == [NOON]
    assert times(pa.array([seconds * 1000.0]), zone="epoch_ms") == [NOON]
    for zone in (None, "UTC"):
        with pytest.raises(NoZoneError) as caught:
            times(pa.array([seconds]), zone=zone)
        assert str(caught.value) == (
            "Table 'milestones', column reached_at: numbers are no times.\n"
            "Found: the type int64.\n"
            "If they count from 1970, say timezone: epoch_s (or epoch_ms) under tables.milestones in drawn.yaml."
        )


@pytest.mark.parametrize("given", [pa.array([NOON]), ["2026-03-01 12:00"]])
def test_times_without_a_zone_are_refused_where_none_is_declared(given: Any) -> None:
    with pytest.raises(NoZoneError) as caught:
        times(given, zone=None)
    assert caught.value.code == "no-timezone"
    assert caught.value.what == "Table 'milestones', column reached_at: its times carry no zone."
    assert caught.value.do == (
        "Say which zone they are in, timezone: UTC for instance, under tables.milestones or at the top of drawn.yaml."
    )


def test_a_table_may_have_a_zone_of_its_own() -> None:
    one = mapped(
        "milestones",
        {"account_id": ["a"], "milestone": ["x"], "reached_at": ["2026-03-01 12:00"]},
        tables={"milestones": {"timezone": "America/New_York"}},
    )
    assert values(one, "reached_at") == [moment("2026-03-01 17:00")]


@pytest.mark.parametrize(
    ("zone", "hint"),
    [
        ("Europe/Berln", "Did you mean 'Europe/Berlin'?"),
        ("../etc", "Zones are called UTC, Europe/Berlin, America/New_York, ..."),
    ],
)
def test_a_zone_that_does_not_exist_is_told_with_its_line(zone: str, hint: str, yaml: Path) -> None:
    settings = written(yaml, f"timezone: {zone}\n")
    with pytest.raises(NoZoneError) as caught:
        mapped("milestones", {"account_id": ["a"], "milestone": ["x"], "reached_at": ["2026-03-01"]}, settings=settings)
    assert str(caught.value) == (
        f"{yaml}, line 5, timezone: there is no time zone '{zone}', which column reached_at of the table 'milestones' "
        f"needs.\n{hint}"
    )


# columns that are not there ----------------------------------------------------------------------------------------


def test_a_required_column_that_is_missing_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(MissingColumnError) as caught:
        mapped("usage_events", {"account_id": ["a"], "occured_at": ["2026-01-01"], "kind": ["login"]})
    assert str(caught.value) == (
        "Table 'usage_events' lacks the required column occurred_at.\n"
        "Found: account_id, occured_at, kind.\n"
        "Did you mean 'occured_at'? Rename it, or map it under tables.usage_events.columns in drawn.yaml."
    )


def test_a_mapped_column_that_is_not_there_is_told_with_its_line(yaml: Path) -> None:
    settings = written(yaml, "tables:\n  accounts:\n    columns:\n      account_id: customerid\n")
    with pytest.raises(MissingColumnError) as caught:
        mapped("accounts", {"customer_id": ["a"]}, settings=settings)
    assert str(caught.value) == (
        f"{yaml}, line 8, tables.accounts.columns.account_id: the source's table has no column 'customerid'.\n"
        "Found: customer_id.\n"
        "Did you mean 'customer_id'?"
    )


@pytest.mark.parametrize("key", ["columns", "constants", "values"])
def test_a_column_that_the_contract_does_not_have_is_told_with_its_line(key: str, yaml: Path) -> None:
    settings = written(
        yaml, f"tables:\n  accounts:\n    {key}:\n      regoin: " + ("{a: b}\n" if key == "values" else "x\n")
    )
    with pytest.raises(MissingColumnError) as caught:
        mapped("accounts", {"account_id": ["a"], "x": ["a"]}, settings=settings)
    assert str(caught.value) == (
        f"{yaml}, line 8, tables.accounts.{key}.regoin: the table 'accounts' of the contract has no column 'regoin'.\n"
        "Did you mean 'region'?"
    )


# identities --------------------------------------------------------------------------------------------------------

IDENTITIES = {"from": "ids", "columns": {"account_id": "crm", "workspace": "ws"}}


def joined(identity: str, **how: Any) -> list[Any]:
    tables = {
        "ids": pa.table({"crm": ["A1", "A2", "A2"], "ws": [77, 78, 78]}),
        "tickets": pa.table(
            {"ticket_id": ["1", "2", "3"], "account_id": [77, 78, 99], "opened_at": ["2026-01-01"] * 3}
        ),
        "accounts": pa.table({"account_id": ["A1", "A2"]}),
    }
    settings = settings_of(data_until="2026-04-01", tables={"tickets": {"identity": identity}}, **how)
    one = map_table(in_memory(tables), settings, "tickets")
    assert one is not None
    return sorted(values(one, "account_id"))


def test_other_ids_are_joined_and_those_that_nobody_knows_stay_to_be_found() -> None:
    assert joined("workspace", identities=IDENTITIES) == ["99", "A1", "A2"]


def test_an_identity_that_is_not_declared_is_told_with_its_line(yaml: Path) -> None:
    settings = written(yaml, "tables:\n  tickets:\n    identity: workspace\n")
    with pytest.raises(TableError) as caught:
        mapped("tickets", {"ticket_id": ["1"], "account_id": [1], "opened_at": [OPENED]}, settings=settings)
    assert str(caught.value) == (
        f"{yaml}, line 7, tables.tickets.identity: there is no id 'workspace' to join by.\n"
        "List account_id and workspace under identities.columns."
    )


def test_identities_that_are_not_in_the_source_are_told_with_their_line(yaml: Path) -> None:
    text = "tables:\n  tickets:\n    identity: ws\nidentities:\n  from: ids\n  columns: {account_id: a, ws: b}\n"
    settings = written(yaml, text)
    with pytest.raises(TableError) as caught:
        mapped("tickets", {"ticket_id": ["1"], "account_id": [1], "opened_at": [OPENED]}, settings=settings)
    assert str(caught.value) == f"{yaml}, line 9, identities.from: the source has no table 'ids'.\nFound: tickets."


def test_an_id_of_identities_that_has_no_such_column_is_told(yaml: Path) -> None:
    text = (
        "tables:\n  tickets:\n    identity: ws\nidentities:\n  from: tickets\n  columns: {account_id: account, ws: b}\n"
    )
    with pytest.raises(TableError) as caught:
        mapped(
            "tickets",
            {"ticket_id": ["1"], "account_id": [1], "opened_at": [OPENED]},
            settings=written(yaml, text),
        )
    assert str(caught.value) == (
        f"{yaml}, line 10, identities.columns.ws: the table of identities has no column 'b'.\n"
        "Found: ticket_id, account_id, opened_at."
    )


# secrets -----------------------------------------------------------------------------------------------------------


def test_a_query_that_does_not_run_is_told_with_its_line_and_without_its_secret(yaml: Path) -> None:
    text = "tables:\n  accounts:\n    sql: SELECT id FROM read_csv('${TOKEN}') WHERE\n"
    settings = written(yaml, text, TOKEN="hunter2")  # not a secret of ours
    with pytest.raises(SourceError) as caught:
        map_table(source_of(""), settings, "accounts")
    assert f"{yaml}, line 7, tables.accounts.sql: the SELECT does not run" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_value_from_the_environment_never_stands_in_a_finding(yaml: Path) -> None:
    text = (
        "timezone: UTC\ntables:\n  accounts:\n    from: ${TOKEN}\n  tickets:\n    columns: {ticket_id: '${TOKEN}'}\n"
        "  milestones:\n    identity: ws\nidentities:\n  from: ${TOKEN}\n  columns: {account_id: a, ws: b}\n"
    )
    settings = written(yaml, text, TOKEN="hunter2")
    tables = "# tickets\naccount | opened_at\n# milestones\naccount | milestone | reached_at"
    found, _ = check(source_of(tables), settings)
    told = {one.table: one.message for one in found.errors}
    assert "hunter2" not in "\n".join(told.values())
    assert "the source has no table '${TOKEN}'" in told["accounts"]
    assert "has no column '${TOKEN}'" in told["tickets"]
    assert "the source has no table '${TOKEN}'" in told["milestones"]


@pytest.fixture
def yaml(tmp_path: Path) -> Path:
    return tmp_path / "acme.yaml"


def written(yaml: Path, text: str, **environment: str) -> Settings:
    head = "project: acme\nsource: data\nstore: store\ndata_until: 2026-04-01\n"
    yaml.write_text(head + text, encoding="utf-8")
    return read_settings(yaml, environment)


def test_a_day_is_a_day_whatever_the_zone() -> None:
    source = in_memory(
        {"usage_daily": pa.table({"account_id": ["a"], "day": ["2025-04-28"], "kind": ["login"], "events": [3]})}
    )
    mapped = map_table(source, settings_of(data_until="2026-01-01", timezone="Europe/Berlin"), "usage_daily")
    assert mapped is not None
    assert str(mapped.table.to_pandas()["day"].iloc[0])[:10] == "2025-04-28"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2025-01-01 10:00:00+02", "2025-01-01 08:00:00"),
        ("2025-01-01 10:00:00+02:00", "2025-01-01 08:00:00"),
        ("2025-01-01 10:00:00 UTC", "2025-01-01 10:00:00"),
        ("2025-01-01T10:00:00Z", "2025-01-01 10:00:00"),
        ("2025-01-01 10:00:00", "2025-01-01 15:00:00"),
    ],
)
def test_an_offset_goes_before_the_declared_zone(text: str, told: str) -> None:
    source = in_memory({"usage_events": pa.table({"account_id": ["a"], "occurred_at": [text], "kind": ["login"]})})
    mapped = map_table(source, settings_of(data_until="2026-01-01", timezone="America/New_York"), "usage_events")
    assert mapped is not None
    assert str(mapped.table.to_pandas()["occurred_at"].iloc[0]) == told


def test_an_id_that_names_two_accounts_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "acme.yaml"
    path.write_text(
        "project: acme\nsource: .\nstore: store\ndata_until: 2026-04-01\ntimezone: UTC\n"
        "identities: {from: ids, columns: {account_id: account, workspace: ws}}\n"
        "tables: {usage_events: {identity: workspace}}\n"
    )
    source = in_memory(
        {
            "accounts": pa.table({"account_id": ["a", "b"]}),
            "ids": pa.table({"account": ["a", "b", "b"], "ws": ["w1", "w1", "w2"]}),
            "subscriptions": pa.table(
                {"subscription_id": ["a", "b"], "account_id": ["a", "b"], "valid_from": [moment("2025-01-01")] * 2}
            ),
            "usage_events": pa.table(
                {"account_id": ["w1", "w2"], "occurred_at": [moment("2026-01-01")] * 2, "kind": ["login"] * 2}
            ),
        }
    )
    found = {one.code: one for one in check(source, read_settings(path))[0].errors}
    assert found["identity-ambiguous"].count == 1
    assert found["identity-ambiguous"].table == "usage_events"
