"""Every field of a row has a property that can hold it, and people's properties are none of them."""

from __future__ import annotations

import datetime as dt

import pytest

from uptier.delivery.hubspot_properties import (
    TYPES,
    answered_properties,
    missing,
    property_name,
    text,
    written_properties,
    wrong,
)
from uptier.delivery.payload import FIELDS, Kind
from uptier.delivery_settings import HubspotSettings

LONGEST_TEXT = 65_536


def test_every_kind_has_a_type_and_every_field_fits() -> None:
    assert set(TYPES) == set(Kind)
    assert all(field.length <= LONGEST_TEXT for field in FIELDS)


def test_names_are_those_of_the_api_each_once() -> None:
    for prefix in ("uptier_", "acme_"):
        both = [one.name for one in (*written_properties(prefix), *answered_properties(prefix))]
        assert len(set(both)) == len(FIELDS) + 3
        assert all(name.startswith(prefix) and name == name.lower() for name in both)


def test_the_key_keeps_its_name_under_our_own_prefix() -> None:
    assert property_name("uptier_", "uptier_key") == "uptier_key"
    assert property_name("acme_", "uptier_key") == "acme_uptier_key"
    assert property_name("uptier_", "rank") == "uptier_rank"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, ""),
        (dt.date(2026, 1, 31), "2026-01-31"),
        (0.000001, "0.000001"),
        (-1e-7, "-0.0000001"),
        (1e22, "10000000000000000000000"),
        (0.1, "0.1"),
        (12.0, "12.0"),
        (7, "7"),
        ("=1+1", "=1+1"),
    ],
)
def test_values_are_written_as_the_api_takes_them(value: object, told: str) -> None:
    assert text(value) == told


def test_what_is_there_is_compared_by_type_and_uniqueness_alone() -> None:
    wanted = written_properties("uptier_")
    there = {one.name: {"type": one.type, "hasUniqueValue": one.unique, "label": "Theirs"} for one in wanted}
    assert (missing(wanted, there), wrong(wanted, there)) == ([], [])
    del there["uptier_rank"]
    there["uptier_key"] = {"type": "string"}
    there["uptier_cycle"] = {"type": "datetime"}
    assert [one.name for one in missing(wanted, there)] == ["uptier_rank"]
    first, second = wrong(wanted, there)
    assert "uptier_key is not unique" in first
    assert "uptier_cycle holds datetime, and has to hold date" in second


@pytest.mark.parametrize("kind", ["deals", "0-3", "2-1234", "p_uptier_recommendation", "p42_uptier_recommendation"])
def test_types_of_objects_are_named_as_the_api_does(kind: str) -> None:
    assert HubspotSettings.model_validate({"kind": "hubspot", "object_type": kind}).object_type == kind


@pytest.mark.parametrize(
    "wrong",
    [
        {"object_type": "uptier_recommendation"},
        {"object_type": "contacts"},
        {"object_type": "2-1/../0-1"},
        {"prefix": "Uptier_"},
        {"company_property": "Account Number"},
        {"base_url": "http://api.hubapi.com"},
        {"base_url": "http://localhost:80@elsewhere.example"},
        {"base_url": "http://localhost.elsewhere.example"},
        {"base_url": "https://user:secret@api.hubapi.com"},
        {"token_env": "pat-eu1-secret"},
        {"timeout": 0},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        HubspotSettings.model_validate({"kind": "hubspot", **wrong})
