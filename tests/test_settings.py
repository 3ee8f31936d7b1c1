from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from pydantic import ValidationError

from uptier.errors import SettingsError
from uptier.moments import Horizon
from uptier.project_file import as_written, where
from uptier.settings import OUTCOMES, Settings, read_settings

HEAD = "project: acme\nsource: data\nstore: store\ndata_until: 2026-01-01\n"


@pytest.fixture
def yaml(tmp_path: Path) -> Path:
    return tmp_path / "acme.yaml"


def read(yaml: Path, text: str = "", head: str = HEAD, **environment: str) -> Settings:
    yaml.write_text(head + text, encoding="utf-8")
    return read_settings(yaml, environment)


def told(yaml: Path, text: str = "", head: str = HEAD, **environment: str) -> str:
    """Give the first line of the error, from the line's number on."""
    with pytest.raises(SettingsError) as caught:
        read(yaml, text, head, **environment)
    return str(caught.value).removeprefix(f"{yaml}, ").splitlines()[0]


# what is read ------------------------------------------------------------------------------------------------------


def test_a_small_yaml_gives_frozen_settings_with_defaults(yaml: Path) -> None:
    settings = read(yaml)
    assert (settings.project, settings.data_until, settings.currency) == ("acme", dt.date(2026, 1, 1), "USD")
    assert settings.thresholds.seat_utilisation == 0.85
    assert settings.table("accounts").form == "intervals"
    with pytest.raises(ValidationError):
        settings.project = "other"  # type: ignore[misc]  # that is what is tested


def test_paths_start_at_the_folder_of_the_yaml(yaml: Path) -> None:
    settings = read(yaml)
    assert settings.source == str(yaml.parent / "data")
    assert settings.store == yaml.parent / "store"
    elsewhere = read(
        yaml, head=HEAD.replace("source: data", "source: ../up/./data").replace("store: store", "store: /var/x")
    )
    assert elsewhere.source == str(yaml.parent.parent / "up" / "data")
    assert elsewhere.store == Path("/var/x")
    server = read(yaml, head=HEAD.replace("source: data", "source: postgres://host/db"))
    assert server.source == "postgres://host/db"


def test_files_of_words_start_at_the_folder_of_the_yaml(yaml: Path) -> None:
    settings = read(yaml, "wording: ./words.yaml\ntalks: ../talks.yaml\n")
    assert settings.wording == yaml.parent / "words.yaml"
    assert settings.talks == yaml.parent.parent / "talks.yaml"
    assert read(yaml).wording is None
    assert told(yaml, "wording: {seats: x}\n").startswith("line 5, wording: ")


def test_a_file_of_rates_starts_at_the_folder_of_the_yaml(yaml: Path) -> None:
    assert read(yaml, "scoring: {rates: ./rates.csv}\n").scoring.rates == yaml.parent / "rates.csv"
    assert read(yaml).scoring.rates is None
    assert read(yaml).scoring.rates_max_age_days == 45
    assert told(yaml, "scoring: {rates: [1]}\n").startswith("line 5, scoring.rates")
    assert told(yaml, "scoring: {rates_max_age_days: 0}\n").startswith("line 5, scoring.rates_max_age_days: ")


def test_links_lead_to_a_safe_address_alone(yaml: Path) -> None:
    assert read(yaml, "pages: {base_url: https://x.example/}\n").pages.base_url == "https://x.example"
    assert read(yaml).pages.base_url is None
    said = told(yaml, "pages: {base_url: 'https://${WHO}@x.example'}\n", WHO="ana:secret")
    assert said.startswith("line 5, pages.base_url: no user or password belongs in it")
    assert "secret" not in said


def test_each_outcome_has_its_window(yaml: Path) -> None:
    settings = read(yaml, "outcomes: {add_on: {gap_days: 0}, churn: {horizon_days: 30}}\n")
    assert {outcome: settings.horizon(outcome) for outcome in OUTCOMES} == {
        "seat_expansion": Horizon(gap_days=7, horizon_days=60),
        "plan_upgrade": Horizon(gap_days=7, horizon_days=60),
        "add_on": Horizon(gap_days=0, horizon_days=60),
        "churn": Horizon(gap_days=7, horizon_days=30),
        "post_upsell_churn": Horizon(gap_days=0, horizon_days=90),
    }


def test_files_of_ones_own_start_at_the_folder_of_the_yaml(yaml: Path) -> None:
    settings = read(yaml, "signals: {extra: [acme/a.py]}\noutcomes: {extra: [/b.py, ../c.py], churn: {gap_days: 1}}\n")
    assert settings.signals.extra == (yaml.parent / "acme" / "a.py",)
    assert settings.outcomes.extra == (Path("/b.py"), yaml.parent.parent / "c.py")
    assert list(settings.outcomes.windows) == ["churn"]
    assert settings.horizon("churn").gap_days == 1


def test_an_outcome_of_ones_own_may_have_a_window(yaml: Path) -> None:
    settings = read(yaml, "outcomes: {extra: [a.py], goal_met: {gap_days: 3}}\n")
    assert settings.horizon("goal_met").gap_days == 3


# what the environment gives ----------------------------------------------------------------------------------------


def test_values_come_from_the_environment(yaml: Path) -> None:
    head = HEAD.replace("source: data", "source: ${SCHEME}://${HOST}/db").replace("store: store", "store: ${STORE}")
    settings = read(yaml, head=head, SCHEME="postgres", HOST="host", STORE="/var/x")
    assert (settings.source, settings.store) == ("postgres://host/db", Path("/var/x"))
    nested = read(yaml, "tables: {accounts: {columns: {region: '${COLUMN}'}}}\n", COLUMN="country")
    assert nested.table("accounts").columns == {"region": "country"}


def test_a_variable_that_is_not_set_is_told_with_its_line(yaml: Path) -> None:
    assert told(yaml, "tables:\n  accounts:\n    from: ${TABLE}\n") == (
        "line 7, tables.accounts.from: the environment variable TABLE is not set."
    )
    assert told(yaml, "accept:\n- {code: x, reason: 'because ${WHY}', treatment: keep}\n") == (
        "line 6, accept.0.reason: the environment variable WHY is not set."
    )


@pytest.mark.parametrize(
    "text",
    [
        "currency: ${SECRET}\n",
        "timezone: [${SECRET}]\n",
        "thresholds: {seat_periods: '${SECRET}'}\n",
        "snapshots: {first: '${SECRET}'}\n",
        "tables: {accounts: {form: '${SECRET}', from: '${SECRET}', sql: '${SECRET}'}}\n",
        "accept: [{code: '${SECRET}', reason: '${SECRET}', treatment: '${SECRET}'}]\n",
        "holds_since: {users.role: '${SECRET}'}\n",
    ],
)
def test_a_value_from_the_environment_is_never_shown(text: str, yaml: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(yaml, text, SECRET="hunter2")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_what_stands_in_the_yaml_is_shown_as_it_is_written(yaml: Path) -> None:
    read(yaml, "tables:\n  accounts:\n    from: ${SCHEMA}_accounts\n", SCHEMA="x")
    assert as_written(yaml, "tables", "accounts", "from") == "${SCHEMA}_accounts"


# what cannot be used -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tabels: {}\n", "line 5, tabels: there is no such key. Did you mean 'tables'?"),
        (
            "tables:\n  accounts:\n    colums: {}\n",
            "line 7, tables.accounts.colums: there is no such key. Did you mean 'columns'?",
        ),
        (
            "thresholds:\n  growht: 0.2\n",
            "line 6, thresholds.growht: there is no such key. Did you mean 'growth'? Found: 0.2.",
        ),
        (
            "accept:\n- {code: x, reason: long enough, treatment: drop, tabel: accounts}\n",
            "line 6, accept.0.tabel: there is no such key. Did you mean 'table'? Found: 'accounts'.",
        ),
        ("accept:\n- {code: x, reason: long enough}\n", "line 6, accept.0.treatment: the key 'treatment' is missing."),
        (
            "thresholds: {seat_utilisation: 85}\n",
            "line 5, thresholds.seat_utilisation: Input should be less than or equal to 1. Found: 85.",
        ),
        (
            "outcomes: {churn: {gap_dayz: 3}}\n",
            "line 5, outcomes.churn.gap_dayz: there is no such key. Did you mean 'gap_days'? Found: 3.",
        ),
        ("signals: {extra: a.py}\n", "line 5, signals.extra: a list is wanted here. Found: 'a.py'."),
        (
            "outcomes: {upsell: {}}\n",
            "line 5, outcomes: there is no outcome 'upsell'. "
            "Known: add_on, churn, plan_upgrade, post_upsell_churn, seat_expansion.",
        ),
        (
            "tables: {accounts: {from: a, sql: SELECT 1}}\n",
            "line 5, tables.accounts: give either 'from' or 'sql', not both.",
        ),
        ("project: again\n", "line 5: the key 'project' stands here for the second time."),
        ("tables:\n  accounts: {}\n  accounts: {}\n", "line 7: the key 'accounts' stands here for the second time."),
        ("tables: [\n", "line 6: this is not YAML: expected the node content, but found '<stream end>'."),
    ],
)
def test_what_is_wrong_is_told_with_line_and_key(text: str, message: str, yaml: Path) -> None:
    assert told(yaml, text) == message


def test_what_is_missing_is_told_with_the_key(yaml: Path) -> None:
    assert told(yaml, head=HEAD.replace("data_until: 2026-01-01\n", "")) == (
        "line 1, data_until: the key 'data_until' is missing."
    )


def test_every_problem_is_told_at_once(yaml: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(yaml, "currency: dollars\nthresholds: {growth: 2}\nhealth: 1\n")
    assert str(caught.value).count(f"{yaml}, line ") == 3


def test_a_yaml_that_is_none_is_told(yaml: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(yaml, head="- a\n- b\n")
    assert str(caught.value) == f"{yaml} must hold keys and values, beginning with 'project:'."
    with pytest.raises(SettingsError, match="must hold keys and values"):
        read(yaml, head="")
    yaml.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="cannot be read: UnicodeDecodeError"):
        read_settings(yaml)
    with pytest.raises(SettingsError, match="cannot be read: IsADirectoryError"):
        read_settings(tmp_path)


def test_what_yaml_itself_cannot_read_is_told_with_its_line(yaml: Path) -> None:
    beyond = HEAD.replace("2026-01-01", "2026-02-30")
    assert told(yaml, head=beyond) == "line 4: this is no date and no number that there is."
    assert told(yaml, "currency: \x07\n").startswith("line 5: this is not YAML: a control sign")
    assert told(yaml, "currency: !!python/name:os.getcwd x\n").startswith("line 5: this is not YAML")
    assert told(yaml, "? [a, b]\n: c\n") == "line 5: a key must be a text."
    assert "holds itself" in told(yaml, "tables: &a {a: *a}\n")


def test_a_place_is_told_by_the_nearest_line_above_it(yaml: Path) -> None:
    read(yaml, "tables:\n  accounts:\n    columns: {region: country}\n")
    assert where(yaml, "tables", "accounts", "columns", "region") == f"{yaml}, line 7, tables.accounts.columns.region"
    assert where(yaml, "tables", "tickets", "from") == f"{yaml}, line 5, tables.tickets.from"
