"""Destinations are told apart by their kind, and credentials are named, never written."""

from __future__ import annotations

from pathlib import Path

import pytest

from uptier.delivery_settings import DatabaseSettings, FilesSettings, HubspotSettings, SalesforceSettings
from uptier.errors import SettingsError
from uptier.settings import read_settings

HEAD = "project: acme\nsource: data\nstore: store\ndata_until: 2026-01-01\n"


def settings(folder: Path, text: str):
    path = folder / "acme.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    return read_settings(path, {})


def test_every_kind_is_read(tmp_path: Path) -> None:
    read = settings(
        tmp_path,
        """
delivery:
  destinations:
    lists: {kind: files, folder: out, formats: [csv, jsonl]}
    warehouse: {kind: database, table: worklist}
    crm: {kind: salesforce, login_url: "https://acme.my.salesforce.com"}
    hub: {kind: hubspot, object_type: 2-1234}
""",
    ).delivery.destinations
    assert isinstance(read["lists"], FilesSettings)
    assert read["lists"].folder == tmp_path / "out"
    assert isinstance(read["warehouse"], DatabaseSettings)
    assert isinstance(read["crm"], SalesforceSettings)
    assert isinstance(read["hub"], HubspotSettings)


def test_without_the_part_nothing_is_delivered(tmp_path: Path) -> None:
    assert settings(tmp_path, "").delivery.destinations == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{crm: {kind: fax}}", "crm"),
        ("{CRM: {kind: files, folder: out}}", "CRM"),
        ("{crm: {kind: salesforce, login_url: 'http://acme.my.salesforce.com'}}", "login_url"),
        ("{crm: {kind: database, url_env: 'postgresql://user:secret@host/db'}}", "url_env"),
        ("{crm: {kind: files}}", "folder"),
        ("[crm]", "destinations"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_place_and_without_its_value(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SettingsError) as raised:
        settings(tmp_path, f"delivery: {{destinations: {text}}}\n")
    assert told in str(raised.value)
    assert "acme.yaml" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_answers_have_defaults_and_bounds(tmp_path: Path) -> None:
    read = settings(tmp_path, "").delivery.answers
    assert (read.file, read.dismissed_days, read.farthest_days) == (None, 90, 730)
    given = settings(tmp_path, "delivery: {answers: {file: answers.csv, dismissed_days: 30}}\n").delivery.answers
    assert (tmp_path / str(given.file), given.dismissed_days) == (tmp_path / "answers.csv", 30)
    with pytest.raises(SettingsError, match="dismissed_days"):
        settings(tmp_path, "delivery: {answers: {dismissed_days: 0}}\n")
