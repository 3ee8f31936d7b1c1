"""Secrets are taken out of texts, and nothing else is."""

from __future__ import annotations

import pytest

from uptier.cli.masking import masked, secrets_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://u:hush@db/crm is away", "postgresql://***@db/crm is away"),
        ("postgresql+psycopg://u:a%40b@db:5432/crm", "postgresql+psycopg://***@db:5432/crm"),
        ("see 'https://hush@db/x'", "see 'https://***@db/x'"),
        ("snowflake://u:hu@sh@db/x", "snowflake://***@db/x"),
        ("https://db/x?sig=hush&password=hush now", "https://db/x?*** now"),
        ("a mail to csm@acme.example", "a mail to csm@acme.example"),
        ("sqlite:////srv/ledger.db: no table", "sqlite:////srv/ledger.db: no table"),
        ("docs/settings.md?", "docs/settings.md?"),
    ],
)
def test_addresses_show_no_user_password_or_query(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize(
    ("name", "value", "quoted"),
    [
        ("UPTIER_SALESFORCE_CLIENT_SECRET", "hush-hush", "hush-hush"),
        ("UPTIER_SALESFORCE_PRIVATE_KEY", "-----BEGIN-----\nAAAAhush\n-----END-----", "AAAAhush"),
        ("UPTIER_HUBSPOT_TOKEN", "pat-hush", "pat-hush"),
        ("UPTIER_WEBHOOK", "https://chat.example/hook/hush", "https://chat.example/hook/hush"),
        ("UPTIER_LEDGER", "postgresql://u:hu%40sh@db/x", "hu@sh"),
        ("ANYTHING", "postgresql://u:hush@db/x", "hush"),
        ("MLFLOW_TRACKING_PASSWORD", "hush", "hush"),
    ],
)
def test_what_the_environment_holds_as_secret_is_masked(name: str, value: str, quoted: str) -> None:
    shown = masked(f"it said: {quoted}!", secrets_of({name: value}))
    assert shown == "it said: ***!"


def test_what_the_environment_holds_besides_is_not() -> None:
    kept = {"HOME": "/srv/uptier", "UPTIER_LEDGER": "sqlite:////srv/ledger.db", "EMPTY_TOKEN": "", "KEY": "abc"}
    assert secrets_of(kept) == []


def test_a_variable_that_a_project_names_is_a_secret_whatever_it_is_called() -> None:
    environment = {"ACME_ONE": "hush", "ACME_TWO": "sqlite:////srv/acme.db"}
    assert secrets_of(environment) == []
    assert secrets_of(environment, ["ACME_ONE", "ACME_TWO", "ACME_THREE"]) == ["hush"]


def test_a_secret_within_a_longer_one_leaves_nothing_of_it() -> None:
    environment = {"A_TOKEN": "hush", "B_TOKEN": "hush-and-more"}
    assert masked("hush-and-more", secrets_of(environment)) == "***"


def test_an_address_that_is_none_is_no_fault() -> None:
    assert secrets_of({"ODD": "http://[half"}) == []
