"""What HubSpot found wrong is told in codes, never in its sentences."""

from __future__ import annotations

import pytest

from uptier.delivery.hubspot_replies import Reply, coded, scopes_wanted, told_codes, words

LISTED = (
    'Property values were not valid: [{"isValid":false,"message":"Ada was not a valid number.",'
    '"error":"INVALID_INTEGER","name":"amount","propertyValue":"Ada"}]'
)


def reply(status: int, **body: object) -> Reply:
    return Reply(status=status, body=body, headers={"x-left": "12", "x-odd": "-1"})


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, []),
        ({"category": "VALIDATION_ERROR", "message": LISTED}, ["VALIDATION_ERROR", "INVALID_INTEGER in amount"]),
        ({"message": "Property values were not valid: [{"}, []),
        ({"message": 7, "errors": "none", "category": ["X"]}, []),
        ({"errors": [{"code": "BAD", "context": {"propertyName": ["day"], "propertyValue": ["now"]}}]}, ["BAD in day"]),
        ({"errors": [{"code": "NO_DAY", "context": {"propertyNames": ["a", "b"]}}, None]}, ["NO_DAY in a and b"]),
        ({"errors": [{"code": "NO_DAY"}, {"code": "NO_DAY"}]}, ["NO_DAY"]),
        ({"category": "Ada Lovelace", "errors": [{"code": "Ada"}]}, []),
    ],
)  # fmt: skip
def test_codes_and_properties_are_told_and_values_are_not(body: dict[str, object], told: list[str]) -> None:
    assert told_codes(body) == told


def test_words_name_the_call_for_hubspots_support() -> None:
    told = words(reply(400, category="VALIDATION_ERROR", correlationId="c033cdaa-2c40-4a64"))
    assert told == "status 400, VALIDATION_ERROR, correlation id c033cdaa-2c40-4a64"
    assert words(reply(500, correlationId="Ada")) == "status 500"


@pytest.mark.parametrize(
    "body",
    [
        {"errors": [{"context": {"requiredGranularScopes": ["crm.objects.custom.write"]}}]},
        {
            "errors": [{"context": {"requiredScopes": ["crm.objects.custom.write"]}}],
            "links": {"scopes": "https://x.y/z"},
        },
        {"context": {"missingScopes": ["crm.objects.custom.write"]}},
        {"errors": [{"context": "{missingScopes=[crm.objects.custom.write]}"}]},
    ],
)
def test_scopes_are_found_in_every_form_in_which_they_are_told(body: dict[str, object]) -> None:
    assert scopes_wanted(reply(403, **body)) == ["crm.objects.custom.write"]


def test_a_reply_reads_its_lists_and_headers() -> None:
    got = reply(207, results=[{"id": "1"}, None], errors={"a": 1})
    assert (got.taken, got.results, got.errors) == (True, [{"id": "1"}], [])
    assert (got.number("x-left"), got.number("x-odd"), got.number("absent")) == (12, None, None)
    assert not reply(400).taken


def test_only_codes_are_codes() -> None:
    assert [coded(one) for one in ("DAILY", "Daily", "DAILY limit", None, 7)] == ["DAILY", "", "", "", ""]
