"""A first look writes a YAML that can be read as it is, and says what it is not sure of."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from uptier.errors import SourceError, UptierError
from uptier.settings import read_settings
from uptier.tables.check import check
from uptier.tables.contracts import CONTRACT
from uptier.tables.evidence import gather
from uptier.tables.first_look import first_look, write_first_look
from uptier.tables.glances import Form, event_names, subscription_form, time_keeping
from uptier.tables.guesses import guess_tables
from uptier.tables.source import connect
from uptier.tables.vocabulary import COLUMNS, EVENTS, TABLES, column_names, event_kind, table_likeness, table_words

SECRET = "Zanzibar"  # planted as a value of customers' rows: a first look shows none

CANONICAL = {
    "accounts": """
        account_id | account_name | created_at          | segment
        a          | Zanzibar     | 2025-01-01 00:00:00 | Zanzibar
        b          | Zanzibar     | 2025-01-01 00:00:00 | Zanzibar
        """,
    "plans": """
        plan_id | tier_rank | price
        basic   | 1         | 100
        pro     | 2         | 300
        """,
    "subscriptions": """
        subscription_id | account_id | plan_id | seats | mrr | valid_from          | valid_to
        s1              | a          | basic   | 5     | 100 | 2025-01-01 00:00:00 | 2025-03-11 00:00:00
        s1              | a          | pro     | 9     | 300 | 2025-03-11 00:00:00 |
        s2              | b          | basic   | 5     | 100 | 2025-02-01 00:00:00 |
        """,
    "usage_events": """
        event_id | account_id | user_id  | occurred_at         | kind
        1        | a          | Zanzibar | 2025-03-10 09:30:00 | login
        2        | a          | Zanzibar | 2025-03-12 11:00:00 | export
        3        | b          | Zanzibar | 2025-03-12 11:00:00 | login
        """,
}

# ChurnSim's schema: billing periods with add-ons among them, usage by day, names of events in a table of their own
CHURNSIM = {
    "account": """
        account_id | channel | country  | start_date
        1          | web     | Zanzibar | 2022-01-05
        2          | web     | Zanzibar | 2022-01-07
        """,
    "subscription": """
        account_id | product        | start_date | end_date   | mrr   | quantity | units  | bill_period_months
        1          | basic_mthly    | 2022-01-05 | 2022-02-05 | 200.0 | 10       | users  | 1
        1          | search         | 2022-01-05 | 2022-02-05 | 50.0  | 500      | search | 1
        1          | basic_mthly    | 2022-02-05 | 2022-03-05 | 200.0 | 10       | users  | 1
        1          | search         | 2022-02-05 | 2022-03-05 | 50.0  | 500      | search | 1
        1          | basic_mthly    | 2022-03-05 | 2022-04-05 | 200.0 | 10       | users  | 1
        2          | premier_annual | 2022-01-07 | 2023-01-07 | 900.0 | 100      | users  | 12
        """,
    "event_daily": """
        date                | event_type_id | n_events | n_users | account_id | day_active_users
        2022-03-15 00:00:00 | 0             | 31       | 22      | 1          | 36
        2022-03-16 00:00:00 | 1             | 9        | 4       | 1          | 36
        2022-03-16 00:00:00 | 0             | 3        | 1       | 2          | 1
        """,
    "event_type": """
        event_type_id | event_type_name
        0             | search
        1             | create_list
        """,
}

# RavenStack's schema: a prefix on every table, usage by subscription, a text that is a time
RAVENSTACK = {
    "ravenstack_accounts": """
        account_id | account_name | industry | country  | signup_date | referral_source
        A-1        | Zanzibar     | EdTech   | Zanzibar | 2023-08-17  | partner
        A-2        | Zanzibar     | FinTech  | Zanzibar | 2024-10-16  | other
        """,
    "ravenstack_subscriptions": """
        subscription_id | account_id | start_date | end_date   | plan_tier | seats | mrr_amount | billing_frequency
        S-1             | A-1        | 2023-12-23 | 2024-04-12 | Pro       | 14    | 2786       | monthly
        S-2             | A-2        | 2024-06-11 |            | Basic     | 17    | 833        | monthly
        """,
    "ravenstack_feature_usage": """
        usage_id | subscription_id | usage_date | feature_name | usage_count
        U-1      | S-1             | 2024-01-27 | feature_20   | 9
        U-2      | S-2             | 2024-08-07 | feature_5    | 2
        """,
    "ravenstack_support_tickets": """
        ticket_id | account_id | submitted_at | closed_at       | priority | escalation_flag
        T-1       | A-1        | 2023-12-27   | 2023-12-28 3:00 | high     | FALSE
        T-2       | A-2        | 2024-07-08   | 2024-07-09 3:00 | urgent   | FALSE
        """,
    "ravenstack_churn_events": """
        churn_event_id | account_id | feedback_text
        C-1            | A-1        | Zanzibar
        """,
}

# A product with names of its own for everything
PRODUCT = {
    "stg_customers": """
        customer_id | company_name | country
        7           | Zanzibar     | Zanzibar
        8           | Zanzibar     | Zanzibar
        """,
    "stg_contracts": """
        contract_id | customer_id | tier | licenses | mrr_eur | effective_from | effective_to
        1           | 7           | pro  | 5        | 100     | 2025-01-01     | 2025-02-20
        1           | 7           | pro  | 9        | 180     | 2025-02-20     |
        2           | 8           | pro  | 3        | 60      | 2025-01-01     |
        """,
    "stg_events": """
        customerId | actor_id | timestamp  | event_name
        7          | Zanzibar | 1741600000 | upgrade_modal_viewed
        7          | Zanzibar | 1741700000 | Report Exported
        8          | Zanzibar | 1741800000 | user_logged_in
        8          | Zanzibar | 1741800000 | dashboard_opened
        """,
}


@pytest.mark.parametrize("tables", [CANONICAL, CHURNSIM, RAVENSTACK, PRODUCT], ids=["own", "churn", "raven", "product"])
def test_what_a_first_look_writes_can_be_read_and_shows_no_value_of_a_row(
    tmp_path: Path, tables: dict[str, str]
) -> None:
    text = looked(tmp_path, tables)
    assert SECRET not in text
    assert read_settings(tmp_path / "uptier.yaml").tables


def test_a_folder_of_canonical_tables_needs_no_hand_at_all(tmp_path: Path) -> None:
    looked(tmp_path, CANONICAL)
    settings = read_settings(tmp_path / "uptier.yaml")
    findings, mapped = check(connect(settings.source), settings)
    assert [one.message for one in findings.errors] == []
    assert set(mapped) == {"accounts", "plans", "subscriptions", "usage_events"}
    assert str(settings.data_until) == "2025-03-13"
    assert not any(one.columns for one in settings.tables.values())


def test_each_column_that_is_named_exists_and_no_table_is_missing_one_that_it_needs(tmp_path: Path) -> None:
    for name, tables in (("churn", CHURNSIM), ("raven", RAVENSTACK), ("product", PRODUCT)):
        folder = tmp_path / name
        looked(folder, tables)
        settings = read_settings(folder / "uptier.yaml")
        findings, _ = check(connect(settings.source), settings)
        codes = {one.code for one in findings.errors}
        assert not codes & {"column-missing", "wrong-type", "no-timezone", "table-unusable", "table-absent"}, name


def test_billing_periods_daily_usage_and_a_table_of_event_names_are_recognised(tmp_path: Path) -> None:
    text = looked(tmp_path, CHURNSIM)
    settings = read_settings(tmp_path / "uptier.yaml")
    subscriptions, usage = settings.table("subscriptions"), settings.table("usage_daily")
    assert subscriptions.form == "billing_periods"
    assert subscriptions.columns["seats"] == "quantity"
    assert "USING (event_type_id)" in str(usage.sql)
    assert (usage.columns["feature"], usage.constants, usage.kinds) == (
        "event_type_name",
        {"kind": "feature_used"},
        ("feature_used",),
    )
    assert "doubt: there is no id of its own" in text
    assert "do add-ons or several subscriptions share the table?" in " ".join(text.replace("#", "").split())
    assert doubted(text, "quantity")
    assert not doubted(text, "country")


def test_usage_that_names_only_a_subscription_finds_its_account(tmp_path: Path) -> None:
    text = looked(tmp_path, RAVENSTACK)
    settings = read_settings(tmp_path / "uptier.yaml")
    assert "USING (subscription_id)" in str(settings.table("usage_daily").sql)
    assert settings.table("accounts").source == "ravenstack_accounts"
    assert settings.table("tickets").columns == {"opened_at": "submitted_at", "escalated": "escalation_flag"}
    assert "billing_period_months could be counted from billing_frequency" in text
    assert "# Not used: ravenstack_churn_events." in text


def test_foreign_names_numbers_for_times_and_event_names_are_translated(tmp_path: Path) -> None:
    text = looked(tmp_path, PRODUCT)
    settings = read_settings(tmp_path / "uptier.yaml")
    events = settings.table("usage_events")
    assert settings.currency == "EUR"
    assert settings.table("subscriptions").columns == {
        "subscription_id": "contract_id",
        "account_id": "customer_id",
        "plan_id": "tier",
        "seats": "licenses",
        "mrr": "mrr_eur",
        "valid_from": "effective_from",
        "valid_to": "effective_to",
    }
    assert events.timezone == "epoch_s"
    assert events.columns["account_id"] == "customerId"
    assert events.values["kind"] == {
        "Report Exported": "export",
        "upgrade_modal_viewed": "upgrade_prompt",
        "user_logged_in": "login",
    }
    assert set(events.kinds) == {"upgrade_prompt", "export", "login"}
    assert any(line.split() == ["#", "dashboard_opened:", "#", "1", "rows"] for line in text.splitlines())
    assert str(settings.data_until) == "2025-03-13"


def test_what_is_not_found_stands_there_as_a_comment_with_its_meaning(tmp_path: Path) -> None:
    text = looked(tmp_path, {name: CANONICAL[name] for name in ("accounts", "usage_events")})
    assert "# not found (needed): One row for each version of a subscription" in text
    assert any("#     valid_from:" in line and "first moment of this version; required" in line for line in lines(text))
    assert any("#   region:" in line and "not found: country or sales region" in line for line in lines(text))
    uncommented = text.replace("  # milestones:\n  #   from:\n  #   columns:\n", "  milestones:\n    columns:\n", 1)
    (tmp_path / "uptier.yaml").write_text(uncommented.replace("  #     milestone: ", "      milestone: goal", 1))
    assert read_settings(tmp_path / "uptier.yaml").table("milestones").columns == {"milestone": "goal"}


def test_accounts_are_taken_from_subscriptions_where_there_is_no_table_of_them(tmp_path: Path) -> None:
    text = looked(tmp_path, {name: CANONICAL[name] for name in ("subscriptions", "usage_events")})
    assert "SELECT DISTINCT account_id AS account_id FROM subscriptions" in text
    settings = read_settings(tmp_path / "uptier.yaml")
    findings, mapped = check(connect(settings.source), settings)
    assert [one.message for one in findings.errors] == []
    assert mapped["accounts"].table.count().execute() == 2


@pytest.mark.parametrize(
    ("rows", "form"),
    [
        ("id | from       | to\ns | 2025-01-01 | 2025-02-13\ns | 2025-02-13 |\nt | 2025-01-01 |", "intervals"),
        ("id | from       | to\ns | 2025-01-01 | 2025-02-01\ns | 2025-02-01 | 2025-03-01", "billing_periods"),
        ("id | from\ns | 2025-01-01\nt | 2025-01-01\ns | 2025-02-01\nt | 2025-02-01\ns | 2025-03-01", "snapshots"),
        ("id | from\ns | 2025-01-05\nt | 2025-01-17\ns | 2025-02-01\nu | 2025-03-02\nv | 2025-04-04", "change_log"),
        ("id | from\ns | 2025-01-05\nt | 2025-01-17", "current"),
        ("id | seats\ns | 5\nt | 3", "current"),
    ],
    ids=["intervals", "billing periods", "snapshots", "change log", "a start alone", "no date at all"],
)
def test_the_form_of_subscriptions_is_seen_from_their_dates(tmp_path: Path, rows: str, form: str) -> None:
    named = {"id": "subscription_id", "from": "valid_from", "to": "valid_to"}
    head, *body = rows.split("\n")
    columns = [named.get(cell.strip(), cell.strip()) for cell in head.split("|")]
    drawn = [" | ".join([*columns, "account_id", "mrr"]), *(f"{row} | a | 10" for row in body)]
    stored(tmp_path / "raw", {"subscriptions": "\n".join(drawn)})
    source = connect(str(tmp_path / "raw"))
    [guess] = guess_tables(source)
    table = source.table("subscriptions")
    assert table is not None
    seen = subscription_form(table, guess)
    assert isinstance(seen, Form)
    assert seen.name == form
    assert seen.doubt or form == "intervals"


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        (["2025-01-01"], "date"),
        (["2025-01-01 10:00:00"], "naive"),
        (["1741600000"], "epoch_s"),
        (["1741600000000"], "epoch_ms"),
        (["17"], ""),
        (["2023-07-28 at 3", "yesterday"], ""),
    ],
)
def test_how_times_are_kept_is_seen(tmp_path: Path, values: list[str], kept: str) -> None:
    stored(tmp_path / "raw", {"t": "\n".join(["a | at", *(f"x | {value}" for value in values)])})
    table = connect(str(tmp_path / "raw")).table("t")
    assert table is not None
    assert time_keeping(table, "at") == kept


def test_a_column_of_the_right_name_and_the_wrong_type_is_in_doubt(tmp_path: Path) -> None:
    plans = """
        plan_id | tier_rank
        basic   | gold
        """
    events = """
        event_id | account_id | occurred_at | kind
        1        | a          | true        | login
        2        | b          |             | login
        """
    text = looked(tmp_path, CANONICAL | {"plans": plans, "usage_events": events})
    assert any("tier_rank: tier_rank" in line and "# doubt: it holds string" in line for line in lines(text))
    assert any("occurred_at: occurred_at" in line and "# doubt: it holds boolean" in line for line in lines(text))
    assert read_settings(tmp_path / "uptier.yaml")


def test_empty_tables_and_columns_are_looked_at_all_the_same(tmp_path: Path) -> None:
    empty = {name: text.strip().splitlines()[0] for name, text in CANONICAL.items()}
    text = looked(tmp_path, empty)
    assert "doubt: no time was found" in text
    assert "doubt: the table has no rows to tell by" in text
    assert read_settings(tmp_path / "uptier.yaml").table("usage_events").source == "usage_events"


def test_free_text_is_no_vocabulary_and_is_not_shown(tmp_path: Path) -> None:
    events = """
        account_id | occurred_at         | kind
        a          | 2025-03-10 09:30:00 | somebody@example.com wrote
        """
    text = looked(tmp_path, CANONICAL | {"usage_events": events})
    assert "somebody" not in text
    assert "too many or too long to be event names" in text
    stored(tmp_path / "many", {"t": "\n".join(["kind | n", *(f"name{number} | 1" for number in range(201))])})
    table = connect(str(tmp_path / "many")).table("t")
    assert table is not None
    assert event_names(table, "kind") is None


def test_a_load_in_bulk_is_not_taken_for_known_at(tmp_path: Path) -> None:
    events = """
        account_id | occurred_at         | kind  | loaded_at
        a          | 2025-01-10 09:30:00 | login | 2025-06-01 00:00:00
        b          | 2025-01-11 09:30:00 | login | 2025-06-01 00:00:00
        """
    text = looked(tmp_path, CANONICAL | {"usage_events": events})
    assert "recorded_at" not in read_settings(tmp_path / "uptier.yaml").table("usage_events").columns
    assert "looks like one big load" in text
    prompt = events.replace("2025-06-01 00:00:00", "2025-01-12 00:00:00")
    looked(tmp_path / "prompt", CANONICAL | {"usage_events": prompt})
    assert (
        read_settings(tmp_path / "prompt" / "uptier.yaml").table("usage_events").columns["recorded_at"] == "loaded_at"
    )


def test_a_source_without_anything_known_is_said_so_and_still_read(tmp_path: Path) -> None:
    text = looked(tmp_path, {"weather": "city | degrees\nx | 3"})
    assert "no table was recognised" in text
    assert read_settings(tmp_path / "uptier.yaml").tables == {}


def test_the_source_is_named_from_the_folder_of_the_yaml(tmp_path: Path) -> None:
    stored(tmp_path / "raw data", CANONICAL)
    out = write_first_look(str(tmp_path / "raw data"), tmp_path / "acme.yaml")
    assert 'source: "raw data"' in out.read_text()
    assert read_settings(out).project == "raw-data"
    (tmp_path / "elsewhere").mkdir()
    other = write_first_look(str(tmp_path / "raw data"), tmp_path / "elsewhere" / "acme.yaml")
    assert read_settings(other).source == str(tmp_path / "raw data")
    assert "project: acme\n" in first_look(str(tmp_path / "raw data"), project="acme")


def test_an_address_with_a_secret_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(tmp_path / "raw", CANONICAL)
    ours = connect(str(tmp_path / "raw"))
    monkeypatch.setattr(
        "uptier.tables.source._server",
        lambda address: type(ours)(
            connection=ours.connection, address="postgres://db.example.com/crm", names=ours.names
        ),
    )
    text = first_look("postgres://reader:hunter2@db.example.com/crm")
    assert "hunter2" not in text
    (tmp_path / "uptier.yaml").write_text(text)
    settings = read_settings(
        tmp_path / "uptier.yaml", {"UPTIER_SOURCE": "postgres://reader:hunter2@db.example.com/crm"}
    )
    assert settings.source.startswith("postgres://reader")
    assert settings.project == "crm"


def test_an_existing_yaml_is_not_overwritten(tmp_path: Path) -> None:
    stored(tmp_path / "raw", CANONICAL)
    out = tmp_path / "uptier.yaml"
    out.write_text("project: mine\n")
    with pytest.raises(UptierError, match="exists already, and is not overwritten"):
        write_first_look(str(tmp_path / "raw"), out)
    assert out.read_text() == "project: mine\n"


def test_a_missing_source_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no folder or DuckDB file"):
        write_first_look(str(tmp_path / "nowhere"), tmp_path / "uptier.yaml")
    assert list(tmp_path.iterdir()) == []


def test_the_source_is_only_read(tmp_path: Path) -> None:
    path = tmp_path / "company.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE accounts AS SELECT 'a' AS account_id")
    before = path.read_bytes()
    text = first_look(str(path))
    assert "project: company\n" in text
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["company.duckdb"]


def test_evidence_says_which_days_and_kinds_there_are(tmp_path: Path) -> None:
    stored(tmp_path / "raw", CANONICAL)
    source = connect(str(tmp_path / "raw"))
    evidence = {one.name: gather(source, one) for one in guess_tables(source)}
    assert str(evidence["usage_events"].newest) == "2025-03-12"
    assert evidence["usage_events"].kinds == ("login", "export")
    assert evidence["usage_events"].naive == ("occurred_at",)
    assert evidence["plans"].newest is None


def test_the_vocabulary_speaks_of_the_contract_alone() -> None:
    columns = {column for table in CONTRACT.values() for column in table.columns}
    places = {f"{table.name}.{column}" for table in CONTRACT.values() for column in table.columns}
    assert set(TABLES) == set(CONTRACT)
    assert set(COLUMNS) - columns - places == set()
    kinds = set(CONTRACT["usage_events"].columns["kind"].values)
    assert {kind for kind, _ in EVENTS} == kinds


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("upgrade_modal_viewed", "upgrade_prompt"),
        ("Paywall Shown", "gate_hit"),
        ("exportCsv", "export"),
        ("rate_limit_hit", "limit_error"),
        ("trial_feature_opened", "trial_use"),
        ("webhook.sent", "integration_call"),
        ("Signed In", "login"),
        ("navigate", ""),
        ("unlocked_door", ""),
        ("gate_hit", "gate_hit"),
    ],
)
def test_the_kind_of_an_event_is_guessed_from_its_name(name: str, kind: str) -> None:
    assert event_kind(name) == kind


def test_tables_are_known_by_other_names_and_prefixes() -> None:
    words = table_words(["acme_organizations", "acme_dim_plans", "acme_weather"])
    assert table_likeness(words["acme_organizations"], "accounts") == 2
    assert table_likeness(words["acme_dim_plans"], "plans") == 3
    assert [name for name in CONTRACT if table_likeness(words["acme_weather"], name)] == []
    assert ("customer_id", True) in column_names("usage_events", "account_id")
    assert ("quantity", False) in column_names("subscriptions", "seats")


@pytest.mark.parametrize("name", ["churnsim_crm6", "ravenstack", "crm_opportunities"])
def test_data_that_nobody_here_made_is_looked_at(third_party_data: Path, tmp_path: Path, name: str) -> None:
    out = write_first_look(str(third_party_data / name), tmp_path / "uptier.yaml")
    settings = read_settings(out)
    found = {"churnsim_crm6": "usage_daily", "ravenstack": "usage_daily", "crm_opportunities": "opportunities"}
    assert {"accounts", found[name]} <= set(settings.tables)
    if name == "churnsim_crm6":
        assert settings.table("subscriptions").form == "billing_periods"


def looked(folder: Path, tables: dict[str, str]) -> str:
    stored(folder / "raw", tables)
    return write_first_look(str(folder / "raw"), folder / "uptier.yaml").read_text()


def stored(folder: Path, tables: dict[str, str]) -> None:
    """Write drawn tables as CSV, whose types are then seen from the values as in anybody's export."""
    folder.mkdir(parents=True)
    for name, text in tables.items():
        rows = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
        (folder / f"{name}.csv").write_text("".join(",".join(row) + "\n" for row in rows))


def lines(text: str) -> list[str]:
    return text.splitlines()


def doubted(text: str, word: str) -> bool:
    return any(word in line and "# doubt:" in line for line in lines(text))
