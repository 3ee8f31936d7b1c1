"""Names, lengths and CSV are what Salesforce takes."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.delivery.salesforce_server import row
from uptier.delivery.payload import BY_NAME, FIELDS, Kind
from uptier.delivery.salesforce_fields import (
    BULK_CHARACTERS,
    NAMES,
    NULL,
    cell,
    characters,
    columns,
    files,
    length,
    refusal,
    relationship,
    rows,
)
from uptier.delivery.salesforce_metadata import PEOPLE_EDIT
from uptier.delivery_settings import SalesforceSettings

SETTINGS = SalesforceSettings(kind="salesforce", login_url="https://acme.my.salesforce.com")


def test_names_are_different_and_short_enough():
    assert len(set(NAMES.values())) == len(FIELDS)
    assert all(name.startswith("Uptier_") and len(name.removesuffix("__c")) <= 40 for name in NAMES.values())
    assert NAMES["reason_1_code"] == "Uptier_Reason_1_Code__c"
    assert NAMES["uptier_hash"] == "Uptier_Hash__c"


def test_the_account_is_found_by_its_external_id_and_nothing_that_people_edit_is_sent():
    assert relationship(SETTINGS) == "Account__r.Uptier_Account_Id__c"
    assert columns(SETTINGS)[-1] == "Account__r.Uptier_Account_Id__c"
    assert not set(columns(SETTINGS)) & set(PEOPLE_EDIT)


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("rank", 3, "3"),
        ("rank", None, NULL),
        ("chance", 0.0000012, "0.000001"),
        ("expected_value", 1e15, "1000000000000000.00"),
        ("as_of", dt.date(2026, 3, 1), "2026-03-01"),
        ("owner", None, NULL),
        ("owner", "=1+1", "=1+1"),
    ],
)
def test_values_are_written_as_bulk_reads_them(name, value, written):
    assert cell(BY_NAME[name], value) == written


CUTTABLE = [field for field in FIELDS if field.length and field.name not in ("uptier_key", "account_id", "state")]


@given(some.sampled_from(CUTTABLE), some.text(max_size=400), some.integers(1, 200))
def test_no_text_is_longer_than_its_field(field, text, times):
    told = row(**{field.name: text * times}).values[field.name]
    assert told is None or characters(cell(field, told)) <= min(length(field), BULK_CHARACTERS)


def test_a_text_that_fits_is_not_cut():
    for field in FIELDS:
        if field.kind in (Kind.TEXT, Kind.LONG_TEXT):
            text = "w" * field.length
            assert cell(field, text) == text


def test_ids_are_whole_or_refused():
    rockets = "🚀" * 121
    assert refusal(row("0001")) == ""
    assert "Uptier_Account_Id__c" not in refusal(row("🚀" * 120))
    assert refusal(row("0001", uptier_key=rockets + "x" * 14)).startswith("Uptier_Key__c: longer")
    assert "🚀" not in refusal(row("0001", uptier_key=rockets + "x" * 14))


def test_rows_of_one_account_stand_together_and_no_file_is_larger_than_a_job_takes():
    batch = [row(f"{number % 7:04}", uptier_key=f"k{number:03}", details="é" * 500) for number in range(70)]
    whole = list(files(batch, SETTINGS))
    assert len(whole) == 1
    accounts = [line["Uptier_Account_Id__c"] for line in rows(whole[0])]
    assert accounts == sorted(accounts)
    parts = list(files(batch, SETTINGS, most=20_000))
    assert 3 < len(parts) < 20
    assert all(len(part.encode()) <= 20_000 for part in parts)
    assert [line for part in parts for line in rows(part)] == rows(whole[0])
    assert list(files([], SETTINGS)) == []


def test_one_row_larger_than_a_file_still_goes():
    assert len(list(files([row("0001"), row("0002")], SETTINGS, most=10))) == 2


@given(some.text(max_size=50))
def test_csv_brings_every_text_back(text):
    sent = row(details=text)
    read = rows(next(iter(files([sent], SETTINGS))))
    assert read[0]["Uptier_Details__c"] == (sent.values["details"] or NULL)


def test_lines_end_as_the_job_says():
    text = next(iter(files([row("0001"), row("0002")], SETTINGS)))
    assert "\r" not in text
    assert len(list(csv.reader(io.StringIO(text, newline="")))) == 3
