"""A PostgreSQL elsewhere must show its certificate, whoever connects; test_database.py has the rule case by case."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from uptier.delivery.certificates import verified
from uptier.delivery.ledger_tables import _engine, read_address

ASKED = {"sslmode": "verify-full", "sslrootcert": "system"}


@pytest.mark.parametrize(
    ("address", "environment", "wanted"),
    [
        ("postgresql://db.example/crm", {}, ASKED),
        ("postgresql://db.example/crm", {"PGSSLROOTCERT": "ca.pem"}, {"sslmode": "verify-full"}),
        ("postgresql://db.example/crm", {"PGSSLMODE": "disable"}, {}),
        ("postgresql://127.0.0.1/crm", {}, {}),
    ],
)
def test_who_must_show_a_certificate(address: str, environment: dict[str, str], wanted: dict[str, str]) -> None:
    assert dict(verified(make_url(address), environment).query) == wanted


def test_the_ledger_asks_for_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGSSLMODE", "PGSSLROOTCERT"):
        monkeypatch.delenv(name, raising=False)
    elsewhere, here = (read_address(f"postgresql://{host}/ledger") for host in ("db.example", "localhost"))
    assert dict(_engine(elsewhere).url.query) == ASKED
    assert dict(_engine(here).url.query) == {}
    monkeypatch.setenv("PGSSLMODE", "require")
    assert dict(_engine(elsewhere).url.query) == {}
