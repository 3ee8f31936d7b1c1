"""Before rows are sent it is told what HubSpot lacks, and made what can be made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.delivery.hubspot_server import CUSTOM_ID, TOKEN, HubspotServer
from tests.delivery.hubspot_serving import Serving, hubspot, ready, rows
from uptier.delivery.hubspot_checks import FEW_CALLS
from uptier.delivery.payload import FIELDS
from uptier.errors import DeliveryError, UnreachableError


@pytest.fixture
def held() -> HubspotServer:
    return HubspotServer()


@pytest.fixture
def url(held: HubspotServer) -> Iterator[str]:
    with Serving(held) as url:
        yield url


def test_setup_makes_all_that_rows_need_and_then_nothing(held: HubspotServer, url: str) -> None:
    crm = hubspot(url)
    made = crm.setup()
    assert made[:2] == ["the group uptier", "the property uptier_key (unique string)"]
    assert len(made) == 1 + len(FIELDS) + 3
    there = held.properties[CUSTOM_ID]
    assert [name for name, one in there.items() if one["hasUniqueValue"]] == ["uptier_key"]
    assert (there["uptier_details"]["fieldType"], there["uptier_cycle"]["type"]) == ("textarea", "date")
    because = [option["value"] for option in there["uptier_dismissed_because"]["options"]]
    assert because == ["not now", "reason is wrong", "other"]
    held.calls.clear()
    assert crm.setup() == []
    assert {method for method, _, _ in held.calls} == {"GET"}
    assert crm.preflight() == []
    assert crm.send(rows(1))[0].ok


def test_setup_makes_what_is_missing_and_leaves_what_is_there(held: HubspotServer, url: str) -> None:
    held.add_property(CUSTOM_ID, "uptier_rank", type="number", fieldType="number", label="Our own words")
    made = hubspot(url).setup()
    assert not any("uptier_rank" in one for one in made)
    assert held.properties[CUSTOM_ID]["uptier_rank"]["label"] == "Our own words"


@pytest.mark.parametrize(
    ("name", "described", "told"),
    [
        ("uptier_rank", {}, "uptier_rank holds string, and has to hold number"),
        ("uptier_key", {}, "uptier_key is not unique"),
        ("uptier_status", {}, "uptier_status holds string, and has to hold enumeration"),
    ],
)
def test_a_property_that_cannot_be_used_is_told_and_not_changed(
    held: HubspotServer, url: str, name: str, described: dict, told: str
) -> None:
    held.add_property(CUSTOM_ID, name, **described)
    before = dict(held.properties[CUSTOM_ID])
    with pytest.raises(DeliveryError, match="Nothing was made") as raised:
        hubspot(url).setup()
    assert told in str(raised.value)
    assert held.properties[CUSTOM_ID] == before
    assert told in "\n".join(hubspot(url).preflight())


def test_a_property_that_was_not_made_is_told(held: HubspotServer, url: str) -> None:
    held.fail("/batch/create", status=207, body={"results": [], "errors": [{"category": "CONFLICT"}]})
    with pytest.raises(DeliveryError, match="did not make all"):
        hubspot(url).setup()
    assert len(hubspot(url).setup()) == len(FIELDS) + 3


def test_setup_is_told_why_it_may_not(held: HubspotServer, url: str) -> None:
    held.scopes.discard("crm.schemas.custom.write")
    with pytest.raises(DeliveryError, match=r"crm\.schemas\.custom\.write"):
        hubspot(url).setup()
    for number in range(10):
        held.add_property(CUSTOM_ID, f"theirs_{number}", hasUniqueValue=True)
    held.scopes.add("crm.schemas.custom.write")
    with pytest.raises(DeliveryError, match="refuses to make properties"):
        hubspot(url).setup()


def test_an_account_that_is_ready_has_no_problems() -> None:
    for kind, name in ((CUSTOM_ID, "2-1234"), ("0-3", "deals")):
        with Serving(ready(kind)) as url:
            assert hubspot(url, object_type=name).preflight() == []


def test_missing_properties_are_counted_and_the_key_is_named(held: HubspotServer, url: str) -> None:
    (told,) = hubspot(url).preflight()
    assert "uptier_key" in told
    assert "--setup" in told
    assert f"{len(FIELDS) + 2} of {len(FIELDS) + 3} properties" in told


def test_preflight_writes_nothing(held: HubspotServer, url: str) -> None:
    hubspot(url).preflight()
    assert [path for method, path, _ in held.calls if method != "GET"] == [
        "/oauth/v2/private-apps/get/access-token-info"
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"tokens": set()}, "does not take the token"),
        ({"scopes": {"crm.objects.custom.read"}}, "crm.schemas.custom.read"),
        ({"scopes": {"crm.schemas.custom.read"}}, "crm.objects.custom.read"),
        ({"scopes": {"crm.schemas.custom.read", "crm.objects.custom.read"}}, "no scope crm.objects.custom.write"),
        ({"daily_left": FEW_CALLS}, f"{FEW_CALLS - 1} calls left today"),
    ],
)
def test_what_the_token_lacks_is_told(change: dict, told: str) -> None:
    held = ready()
    vars(held).update(change)
    with Serving(held) as url:
        (problem,) = hubspot(url).preflight()
    assert told in problem
    assert TOKEN not in problem


def test_enough_calls_are_enough() -> None:
    held = ready()
    held.daily_left = FEW_CALLS + 1
    with Serving(held) as url:
        assert hubspot(url).preflight() == []


def test_a_token_whose_scopes_are_not_told_is_no_problem() -> None:
    held = ready()
    held.fail("access-token-info", status=404)
    with Serving(held) as url:
        assert hubspot(url).preflight() == []


def test_a_type_of_objects_that_is_not_there_is_told(url: str) -> None:
    (told,) = hubspot(url, object_type="2-77").preflight()
    assert "no type of objects 2-77" in told


def test_a_missing_token_is_a_problem_and_silence_is_none(held: HubspotServer, url: str) -> None:
    crm = hubspot(url)
    held.fail("/properties", status=503)
    with pytest.raises(UnreachableError):
        crm.preflight()
    crm._connection._environment = {}
    del crm._connection._client, crm._connection.properties
    (told,) = crm.preflight()
    assert "UPTIER_HUBSPOT_TOKEN" in told


def test_what_the_settings_name_has_to_be_there() -> None:
    held = ready()
    with Serving(held) as url:
        told = hubspot(url, company_property="account_number", new_only={"title": "x"}).preflight()
        assert [("new_only" in one, "company_property" in one) for one in told] == [(True, False), (False, True)]
        held.add_property("0-2", "account_number")
        held.add_property(CUSTOM_ID, "title")
        (told,) = hubspot(url, company_property="account_number", new_only={"title": "x"}).preflight()
        assert "not unique" in told
        held.properties["0-2"]["account_number"]["hasUniqueValue"] = True
        assert hubspot(url, company_property="account_number").preflight() == []
