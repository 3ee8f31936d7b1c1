"""Bad input ends in an error that a person can act on, whichever column of whichever table it is in.

Every case is formed from the contract: a new column is tested without a new line.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from uptier import Project
from uptier.errors import (
    FindingsError,
    MissingColumnError,
    OutcomeError,
    ScoringError,
    SettingsError,
    SourceError,
    StoreError,
    TrainingError,
    UptierError,
    WrongTypeError,
)
from uptier.settings import read_settings
from uptier.signals.catalog import catalog
from uptier.tables.check import check
from uptier.tables.clean import Tables
from uptier.tables.contracts import CONTRACT, Column, Kind
from uptier.tables.drawn import settings_of
from uptier.tables.findings import Findings
from uptier.tables.mapping import Mapped, map_table
from uptier.tables.source import Source, in_memory

END = dt.date(2026, 4, 1)
EVERY_COLUMN = [(name, column) for name, table in CONTRACT.items() for column in table.columns]
REQUIRED = [(name, column) for name, column in EVERY_COLUMN if CONTRACT[name].columns[column].required]
OPTIONAL = [pair for pair in EVERY_COLUMN if pair not in REQUIRED]
TYPED = (Kind.COUNT, Kind.NUMBER, Kind.MONEY, Kind.TIME, Kind.DAY)


# a sound source with every column of the contract -----------------------------------------------------------------


def sound_value(column: Column, place: int) -> Any:
    if column.values:
        return column.values[0]
    if column.kind in (Kind.TIME, Kind.DAY):
        day = pd.Timestamp("2026-01-01") + pd.Timedelta(days=place)
        return day.date() if column.kind is Kind.DAY else day
    return {Kind.COUNT: place + 1, Kind.NUMBER: place + 0.5, Kind.MONEY: 10.0}.get(column.kind, f"v{place}")


def sound_table(name: str, rows: int = 2) -> pd.DataFrame:
    """Give rows with a value in every column; each account and plan is one of two."""
    table = pd.DataFrame(
        {
            column_name: [sound_value(column, place) for place in range(rows)]
            for column_name, column in CONTRACT[name].columns.items()
        }
    )
    for column, value in (("account_id", "a"), ("plan_id", "p")):
        if column in table:
            table[column] = [f"{value}{place % 2}" for place in range(rows)]
    if name == "subscriptions":
        table["valid_from"] = pd.Timestamp("2025-01-01")
        table["valid_to"] = pd.Series([None] * rows, dtype="datetime64[us]")
        table["end_recorded_at"] = table["valid_to"]
    if name == "addons":
        table["valid_to"] = table["valid_from"] + pd.Timedelta(days=9)
    return table


SOUND = {name: pa.Table.from_pandas(sound_table(name), preserve_index=False) for name in CONTRACT}


def source(name: str, table: pd.DataFrame | pa.Table) -> Source:
    """Give the sound source with another table in one place, and only what that table is held against."""
    beside = {"accounts", "subscriptions"}
    given = table if isinstance(table, pa.Table) else pa.Table.from_pandas(table, preserve_index=False)
    return in_memory({one: SOUND[one] for one in beside} | {name: given}, threads=1)


def mapped(name: str, table: pa.Table) -> Mapped:
    """Map a table as far as its schema tells, without reading a row."""
    one = map_table(in_memory({name: table}), settings_of(data_until=END.isoformat()), name)
    assert one is not None
    return one


def looked_at(name: str, table: pd.DataFrame | pa.Table) -> Findings:
    return check(source(name, table), settings_of(data_until=END.isoformat()))[0]


def test_the_sound_source_is_sound() -> None:
    found = check(in_memory(SOUND, threads=1), settings_of(data_until=END.isoformat()))[0]
    assert found.errors == ()
    assert [one.code for one in found.warnings] == []


# each column removed -----------------------------------------------------------------------------------------------


TODAY_ALONE = ("subscriptions", "valid_from")  # without it, what holds today is still known


@pytest.mark.parametrize(("name", "column"), [pair for pair in REQUIRED if pair != TODAY_ALONE])
def test_a_required_column_that_is_removed_is_named(name: str, column: str) -> None:
    with pytest.raises(MissingColumnError) as caught:
        mapped(name, SOUND[name].drop([column]))
    assert caught.value.what == f"Table '{name}' lacks the required column {column}."
    assert f"under tables.{name}.columns in drawn.yaml" in caught.value.do


def test_subscriptions_without_dates_are_those_of_today() -> None:
    today = SOUND["subscriptions"].drop(["valid_from"])
    found, _ = check(in_memory(SOUND | {"subscriptions": today}, threads=1), settings_of(data_until=END.isoformat()))
    assert "current-state-only" in {one.code for one in found.warnings}
    assert found.errors == ()


@cache
def sound(name: str) -> Mapped:
    return mapped(name, SOUND[name])


def available(changed: dict[str, Mapped | None], usage: str = "usage_events") -> set[str]:
    """Name the signals that the sound source allows, some of its tables changed or absent."""
    settings = settings_of(data_until=END.isoformat(), holds_since=VOUCHED)
    names = [name for name in CONTRACT if not name.startswith("usage_") or name == usage]
    there = {one: changed[one] if one in changed else sound(one) for one in names}
    kept = {name: one for name, one in there.items() if one is not None}
    tables = Tables(
        source=in_memory({}),
        settings=settings,
        clean={name: one.table for name, one in kept.items()},
        present={name: one.present for name, one in kept.items()},
    )
    lacking = catalog().unavailable(tables)
    for needs in lacking.values():
        assert needs, "what is not available says what it needs"
    return {one.name for one in catalog().signals} - set(lacking)


VOUCHED = {f"accounts.{column}": "2020-01-01" for column in ("region", "segment", "industry")} | {
    "users.role": "2020-01-01",
    "tickets.escalated": "2020-01-01",
}


def test_the_sound_source_allows_every_signal() -> None:
    assert available({}) == {one.name for one in catalog().signals}


@pytest.mark.parametrize(("name", "column"), OPTIONAL)
def test_an_optional_column_that_is_removed_costs_the_signals_that_need_it_and_no_other(name: str, column: str) -> None:
    usage = "usage_daily" if name == "usage_daily" else "usage_events"
    without = available({name: mapped(name, SOUND[name].drop([column]))}, usage)
    assert available({}, usage) - without == COSTS.get((name, column), set())


# which signals a column is needed for; a column that is not listed costs none
_SEATS = {
    "seat_utilisation", "peak_daily_utilisation", "daily_active_share", "periods_near_ceiling",
    "periods_peak_near_ceiling", "days_until_ceiling", "days_until_ceiling_earliest", "days_until_ceiling_latest",
    "days_near_ceiling", "seats", "price_per_seat", "seats_gained", "health_score", "invited_per_seat",
}  # fmt: skip
_USERS = {
    "seat_utilisation", "periods_near_ceiling", "days_until_ceiling", "days_until_ceiling_earliest",
    "days_until_ceiling_latest", "active_users", "power_users", "frequent_users", "broad_users", "deep_users",
    "new_power_users", "days_since_power_user_emerged", "busiest_user_days", "busiest_user_share",
    "active_user_growth", "team_pace", "stickiness", "events_per_user", "champion_active_days",
    "executive_active_days", "days_since_champion_active", "mrr_per_active_user",
}  # fmt: skip
_DAYS = {
    "peak_daily_utilisation", "daily_active_share", "periods_peak_near_ceiling", "peak_user_growth",
    "events_per_user_day", "health_score", "days_near_ceiling",
}  # fmt: skip
_FEATURES = {
    "gated_features", "next_tier_features", "features_in_use", "feature_breadth", "features_gained",
    "integrations_in_use", "largest_feature_cluster",
}  # fmt: skip
_PLAN = {
    "plan", "tier", "tiers_gained", "share_of_list_price", "price_step", "feature_breadth", "next_tier_features",
}  # fmt: skip
_TALKS = {"talks_open", "talks_won", "talks_lost", "days_since_talk_lost"}
COSTS = {
    ("accounts", "segment"): {"segment"},
    ("accounts", "industry"): {"industry"},
    ("accounts", "region"): {"region"},
    ("subscriptions", "seats"): _SEATS,
    ("subscriptions", "mrr"): {
        "mrr",
        "price_per_seat",
        "mrr_per_active_user",
        "share_of_list_price",
        "price_step",
        "revenue_growth",
    },
    ("subscriptions", "plan_id"): _PLAN,
    ("subscriptions", "term_end"): {"days_until_renewal"},
    ("subscriptions", "billing_period_months"): {"billing_months"},
    ("users", "role"): {
        "champion_active_days",
        "executive_active_days",
        "champions",
        "days_since_champion_active",
    },
    ("users", "created_at"): {"invited_users", "invited_per_seat"},
    ("usage_events", "user_id"): _USERS | _DAYS,
    ("usage_events", "feature"): _FEATURES,
    ("usage_daily", "feature"): _FEATURES,
    # what customers write is known from their answers to surveys too, and the other way round
    ("tickets", "text"): set(),
    ("survey_responses", "text"): set(),
    ("tickets", "closed_at"): {"open_tickets", "days_to_close", "days_since_ticket_closed"},
    ("tickets", "escalated"): {"escalations"},
    ("survey_responses", "nps"): {"nps", "nps_change", "nps_mean", "days_since_survey"},
    ("outreach", "result"): _TALKS,
    ("outreach", "result_at"): _TALKS,
}


def test_daily_usage_needs_one_count_of_users() -> None:
    daily = SOUND["usage_daily"]
    for lost, known in ((["users"], True), (["day_users"], True), (["users", "day_users"], False)):
        found = available({"usage_daily": mapped("usage_daily", daily.drop(lost))}, "usage_daily")
        assert (found & _DAYS) == (_DAYS if known else set()), lost


@pytest.mark.parametrize("name", [name for name, table in CONTRACT.items() if not table.required])
def test_an_absent_table_costs_the_signals_that_need_it(name: str) -> None:
    lost = available({}) - available({name: None})
    needed = {"plans", "plan_features", "addons", "users", "usage_events", "meter_readings", "tickets"}
    needed |= {"survey_responses", "milestones", "outreach"}
    assert bool(lost) == (name in needed)


def test_absent_tables_that_are_not_needed_are_warnings() -> None:
    there = {"accounts", "subscriptions", "usage_daily"}
    found = check(in_memory({name: SOUND[name] for name in there}), settings_of(data_until=END.isoformat()))[0]
    assert found.errors == ()
    assert {one.table for one in found.warnings if one.code == "table-absent"} == set(CONTRACT) - there


@pytest.mark.parametrize("name", [name for name, table in CONTRACT.items() if table.required])
def test_an_absent_table_that_is_needed_is_an_error(name: str) -> None:
    found = check(
        in_memory({one: SOUND[one] for one in SOUND if one != name}, threads=1), settings_of(data_until="2026-04-01")
    )[0]
    assert [(one.table, one.code) for one in found.errors] == [(name, "table-absent")]


# misspelt ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "column"), [pair for pair in REQUIRED if pair != TODAY_ALONE])
def test_a_required_column_that_is_misspelt_is_recognised(name: str, column: str) -> None:
    table = SOUND[name].rename_columns([f"{one}e" if one == column else one for one in SOUND[name].column_names])
    with pytest.raises(MissingColumnError) as caught:
        mapped(name, table)
    assert caught.value.do.startswith(f"Did you mean '{column}e'? Rename it, or map it")


@pytest.mark.parametrize("name", sorted({name for name, _ in OPTIONAL}))
def test_optional_columns_that_are_misspelt_are_errors(name: str) -> None:
    misspelt = [column for table, column in OPTIONAL if table == name]
    columns = [f"{one[:-1]}{one[-2:]}" if one in misspelt else one for one in SOUND[name].column_names]
    found = looked_at(name, SOUND[name].rename_columns(columns))
    told = [one.message for one in found.errors if one.code == "column-misspelt" and one.table == name]
    for column in misspelt:
        assert any(f"'{column[:-1]}{column[-2:]}' is not used, and {column} is missing" in one for one in told), column


# of the wrong type -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "column"), [one for one in EVERY_COLUMN if CONTRACT[one[0]].columns[one[1]].kind in TYPED]
)
def test_a_column_of_a_type_that_cannot_be_read_is_named(name: str, column: str) -> None:
    place = SOUND[name].column_names.index(column)
    lists = pa.array([[1]] * SOUND[name].num_rows)
    with pytest.raises(WrongTypeError) as caught:
        mapped(name, SOUND[name].set_column(place, column, lists))
    assert f"Table '{name}', column {column}: a " in caught.value.what
    assert caught.value.found == "the type array<int64>"


@pytest.mark.parametrize("name", CONTRACT)
def test_text_that_is_no_number_or_time_is_counted_by_column(name: str) -> None:
    typed = [column for column, one in CONTRACT[name].columns.items() if one.kind in TYPED]
    table = sound_table(name, rows=3).astype("str")
    for column in typed:
        table.loc[0, column] = "topsecret"
    found = looked_at(name, table)
    told = [one.message for one in found.errors if (one.table, one.code) == (name, "wrong-type")]
    assert len(told) == len(typed)
    for column in typed:
        assert any(f"values of {column} are no" in one for one in told), column
    assert "topsecret" not in " ".join(one.message for one in found.all)


# nulls -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONTRACT)
def test_a_null_in_any_required_column_is_counted(name: str) -> None:
    required = [column for table, column in REQUIRED if table == name]
    table = sound_table(name, rows=len(required) + 1)
    for place, column in enumerate(required):
        table.loc[place, column] = None
    found = looked_at(name, table)
    counted = [one.count for one in found.errors if (one.table, one.code) == (name, "null-value")]
    assert counted == [len(required)], "each null stands in a row of its own"


@pytest.mark.parametrize("name", CONTRACT)
def test_an_empty_table_is_told(name: str) -> None:
    found = looked_at(name, SOUND[name].slice(0, 0))
    one = next(one for one in found.all if (one.table, one.code) == (name, "empty-table"))
    assert one.message == f"The table '{name}' has no rows."
    needed = CONTRACT[name].required or name.startswith("usage_")
    assert (one in found.errors) == needed


# the whole project -------------------------------------------------------------------------------------------------


def project(folder: Path, text: str = "", **changed: pd.DataFrame | None) -> Path:
    """Write a small project with a year of two accounts, and give its YAML."""
    days = pd.date_range("2025-01-01", "2025-12-31", freq="7D")
    tables: dict[str, pd.DataFrame | None] = {
        "accounts": pd.DataFrame({"account_id": ["a0", "a1"]}),
        "subscriptions": pd.DataFrame(
            {
                "subscription_id": ["s0", "s1"],
                "account_id": ["a0", "a1"],
                "seats": [5, 7],
                "mrr": [50.0, 70.0],
                "valid_from": ["2025-01-01"] * 2,
            }
        ),
        "usage_events": pd.DataFrame(
            {
                "account_id": ["a0", "a1"] * len(days),
                "user_id": "u",
                "occurred_at": [f"{day:%Y-%m-%d} 09:00" for day in days.repeat(2)],
                "kind": "login",
            }
        ),
        **changed,
    }
    data = folder / "data"
    data.mkdir()
    for name, table in tables.items():
        if table is not None:
            table.to_csv(data / f"{name}.csv", index=False)
    path = folder / "acme.yaml"
    head = "project: acme\nsource: data\nstore: store\ndata_until: 2026-01-01\ntimezone: UTC\n"
    path.write_text(head + text, encoding="utf-8")
    return path


VERBS: dict[str, Callable[[Project], object]] = {
    "frame": lambda one: one.frame(dt.date(2026, 1, 1)),
    "train": lambda one: one.train(),
    "score": lambda one: one.score(),
    "explain": lambda one: one.explain("a0"),
}


def written(folder: Path) -> list[str]:
    """List what a project has written beside the input."""
    store = folder / "store"
    return sorted(str(path.relative_to(store)) for path in store.rglob("*") if path.is_file()) if store.exists() else []


def test_the_small_project_itself_is_sound(tmp_path: Path) -> None:
    config = project(tmp_path)
    assert len(Project(config).frame(dt.date(2026, 1, 1))) == 2
    kept = written(tmp_path)
    assert kept[0] == "checked/check.json"
    assert {Path(name).parts[0] for name in kept} == {"checked", "compiled", "rollup"}
    assert "rollup/manifest.json" in kept


OVERLAPPING = pd.DataFrame(
    {
        "subscription_id": ["s0", "s0"],
        "account_id": ["a0", "a0"],
        "seats": [5, 7],
        "valid_from": ["2025-01-01", "2025-06-01"],
        "valid_to": ["2025-07-01", None],
    }
)
EMPTY = pd.DataFrame({"subscription_id": [], "account_id": [], "valid_from": []})
NO_TIME = pd.DataFrame({"account_id": ["a0"], "occured_at": ["2025-01-01"], "kind": ["login"]})


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"subscriptions": OVERLAPPING}, "overlapping-subscription in subscriptions (1)"),
        ({"subscriptions": EMPTY}, "empty-table in subscriptions (1)"),
        ({"usage_events": NO_TIME}, "column-missing in usage_events (1)"),
        ({"accounts": None}, "table-absent in accounts (1)"),
    ],
    ids=["overlap", "empty", "misspelt", "absent"],
)
def test_no_verb_works_on_data_with_errors_and_nothing_is_written(
    changed: dict[str, Any], code: str, tmp_path: Path
) -> None:
    one = Project(project(tmp_path, **changed))
    for verb in VERBS.values():
        with pytest.raises(FindingsError) as caught:
            verb(one)
        assert code in str(caught.value)
        assert written(tmp_path) == []


@pytest.mark.parametrize("verb", ["frame", "score", "explain"])
def test_a_date_before_all_data_is_refused_and_nothing_is_written(verb: str, tmp_path: Path) -> None:
    one, early = Project(project(tmp_path)), dt.date(2024, 12, 31)
    early_verbs: dict[str, Callable[[], object]] = {
        "frame": lambda: one.frame(early),
        "score": lambda: one.score(early),
        "explain": lambda: one.explain("a0", early),
    }
    with pytest.raises(UptierError) as caught:
        early_verbs[verb]()
    assert "2024-12-31" in str(caught.value)
    assert caught.value.do
    # but for what the check found, which is true whatever date is asked for
    assert written(tmp_path) == ["checked/check.json"]


def test_too_little_to_learn_from_is_told(tmp_path: Path) -> None:
    with pytest.raises((TrainingError, OutcomeError)) as caught:
        Project(project(tmp_path, text="snapshots: {first: 2026-02-01}\n")).train()
    assert caught.value.do


@pytest.mark.parametrize("verb", ["frame", "train", "score"])
@pytest.mark.parametrize("store", ["file", "below a file", "proc"])
def test_a_store_that_cannot_be_written_is_told_before_anything_is_written(
    store: str, verb: str, tmp_path: Path
) -> None:
    config = project(tmp_path)
    (tmp_path / "file").write_text("a file where the folder should be")
    place = {"file": "file", "below a file": "file/store", "proc": "/proc/uptier"}[store]
    config.write_text(config.read_text().replace("store: store", f"store: {place}"))
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    with pytest.raises(StoreError) as caught:
        VERBS[verb](Project(config))
    assert (tmp_path / place).name in str(caught.value) or "uptier" in str(caught.value)
    assert caught.value.do
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


# the texts of the ten most likely errors, word for word ------------------------------------------------------------


def test_1_no_such_yaml(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        Project(tmp_path / "acme.yaml")
    assert str(caught.value) == (
        f"There is no file {tmp_path / 'acme.yaml'}.\nName a project's YAML, or write one with 'uptier init SOURCE'."
    )


def test_2_a_key_that_does_not_exist(tmp_path: Path) -> None:
    config = project(tmp_path, "snapshot: {first: 2025-06-01}\n")
    with pytest.raises(SettingsError) as caught:
        Project(config)
    assert str(caught.value) == (
        f"{config}, line 6, snapshot: there is no such key. Did you mean 'snapshots'?\n"
        "Every key is described in docs/settings.md."
    )


def test_3_a_variable_that_is_not_set(tmp_path: Path) -> None:
    config = project(tmp_path)
    config.write_text(config.read_text().replace("source: data", "source: ${WAREHOUSE}"))
    with pytest.raises(SettingsError) as caught:
        read_settings(config, {})
    assert str(caught.value) == (
        f"{config}, line 2, source: the environment variable WAREHOUSE is not set.\n"
        "Set it (export WAREHOUSE=...) and run this again."
    )


def test_4_no_data_there(tmp_path: Path) -> None:
    config = project(tmp_path)
    config.write_text(config.read_text().replace("source: data", "source: dta"))
    with pytest.raises(SourceError) as caught:
        Project(config).check()
    assert str(caught.value) == f"There is no folder or DuckDB file at {tmp_path / 'dta'}.\nDid you mean 'data'?"


def test_5_a_required_column_is_missing(tmp_path: Path) -> None:
    config = project(tmp_path, usage_events=NO_TIME)
    with pytest.raises(FindingsError) as caught:
        Project(config).score()
    assert str(caught.value) == (
        f"The data of {config} have 1 error:\n"
        "  column-missing in usage_events (1): Table 'usage_events' lacks the required column occurred_at.\n"
        "Found: account_id, occured_at, kind.\n"
        f"Did you mean 'occured_at'? Rename it, or map it under tables.usage_events.columns in {config}.\n"
        f"Mend the source, or list a code under accept: in {config} with a reason and a treatment."
    )


def test_6_a_mapped_column_is_not_there(tmp_path: Path) -> None:
    accounts = pd.DataFrame({"account_id": ["a0", "a1"], "country": "x"})
    config = project(tmp_path, "tables: {accounts: {columns: {region: contry}}}\n", accounts=accounts)
    [error] = Project(config).check().errors
    assert error.message == (
        f"{config}, line 6, tables.accounts.columns.region: the source's table has no column 'contry'.\n"
        "Found: account_id, country.\n"
        "Did you mean 'country'?"
    )


def test_7_times_without_a_zone(tmp_path: Path) -> None:
    config = project(tmp_path)
    config.write_text(config.read_text().replace("timezone: UTC\n", ""))
    errors = {one.table: one.message for one in Project(config).check().errors}
    assert errors["usage_events"] == (
        "Table 'usage_events', column occurred_at: its times carry no zone.\n"
        "Found: the type timestamp(6).\n"
        f"Say which zone they are in, timezone: UTC for instance, under tables.usage_events or at the top of {config}."
    )


def test_8_an_unknown_outcome(tmp_path: Path) -> None:
    config = project(tmp_path, "outcomes: {seat_expansions: {gap_days: 7}}\n")
    with pytest.raises(SettingsError) as caught:
        Project(config)
    assert str(caught.value) == (
        f"{config}, line 6, outcomes: there is no outcome 'seat_expansions'. Did you mean 'seat_expansion'?\n"
        "Every key is described in docs/settings.md."
    )


def test_9_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    config = project(tmp_path)
    (tmp_path / "store").write_text("a file")
    with pytest.raises(StoreError) as caught:
        Project(config).frame(dt.date(2026, 1, 1))
    assert str(caught.value) == (
        f"{tmp_path / 'store' / 'rollup' / '000000' / 'people'} cannot be written: Not a directory.\n"
        "Is this a folder that you may write to, with room left on its disk?"
    )


def test_10_an_account_that_does_not_exist(tmp_path: Path) -> None:
    config = project(tmp_path)
    with pytest.raises(ScoringError) as caught:
        Project(config).explain("a00")
    assert str(caught.value) == "There is no account 'a00'.\nDid you mean 'a0'?"
