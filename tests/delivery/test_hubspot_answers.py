"""Answers come from HubSpot by the unpatched client, with the time at which somebody gave them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.delivery.hubspot_people import PeopledServer
from tests.delivery.hubspot_server import CUSTOM_ID, TOKEN
from tests.delivery.hubspot_serving import Serving, hubspot, rows
from uptier.delivery.answers import Given, Stand
from uptier.delivery.hubspot_answers import HubspotAnswers
from uptier.delivery.hubspot_properties import answered_properties, written_properties
from uptier.delivery_settings import HubspotSettings
from uptier.errors import DeliveryError, UnreachableError

COUNT = 120
AT = "2026-03-02T10:11:12.345Z"


@pytest.fixture
def held() -> PeopledServer:
    made = PeopledServer()
    for one in (*written_properties("uptier_"), *answered_properties("uptier_")):
        made.properties[CUSTOM_ID][one.name] = {"hasUniqueValue": False, **one.wanted}
    made.groups[CUSTOM_ID]["uptier"] = {"name": "uptier"}
    return made


@pytest.fixture
def url(held: PeopledServer) -> Iterator[str]:
    with Serving(held) as url:
        crm = hubspot(url)
        for begin in range(0, COUNT, 100):
            crm.send(rows(COUNT)[begin : begin + 100])
        held.calls.clear()
        held.windows.clear()
        yield url


@pytest.fixture
def hub(url: str) -> HubspotAnswers:
    read = HubspotSettings.model_validate({"kind": "hubspot", "base_url": url, "timeout": 5})
    return HubspotAnswers("hub", read, {"UPTIER_HUBSPOT_TOKEN": TOKEN})


def key(number: int) -> str:
    return f"a{number:03d}:seat_expansion:2026-01-01"


def test_only_what_people_answered_is_read_with_when(held: PeopledServer, hub: HubspotAnswers) -> None:
    held.edit(key(3), at="2026-03-01T00:00:00.000Z", uptier_status="Contacted", hubspot_owner_id="42")
    held.edit(key(3), at=AT, uptier_status="Dismissed", uptier_dismissed_because="reason is wrong")
    held.edit(key(3), at=AT, uptier_dismissed_until="2026-06-01")
    assert hub.read({}) == [
        Given(
            key=key(3), place=key(3), status="Dismissed", because="reason is wrong", until="2026-06-01", owner="42",
            answered_at=AT,
        )
    ]  # fmt: skip
    assert not held.paths("upsert")


def test_a_date_in_milliseconds_is_a_date(held: PeopledServer, hub: HubspotAnswers) -> None:
    held.edit(key(3), at=AT, uptier_status="Dismissed", uptier_dismissed_until="1780272000000")
    assert hub.read({})[0].until == "2026-06-01"


def test_times_are_asked_for_where_something_is_new_and_fifty_at_once(held: PeopledServer, hub: HubspotAnswers) -> None:
    for number in range(60):
        held.edit(key(number), at=AT, uptier_status="Contacted")
    found = hub.read({})
    assert {one.answered_at for one in found} == {AT}
    assert len(held.paths("batch/read")) == 2
    held.calls.clear()
    again = hub.read({one.key: Stand(status="Contacted") for one in found})
    assert [one.key for one in again] == [one.key for one in found]
    assert not held.paths("batch/read")


def test_what_was_set_back_to_new_is_read_too(held: PeopledServer, hub: HubspotAnswers) -> None:
    held.edit(key(7), at=AT, uptier_status="New")
    assert hub.read({}) == []
    assert [one.status for one in hub.read({key(7): Stand(status="Done")})] == ["New"]


def test_a_reason_without_a_status_is_not_passed_over(held: PeopledServer, hub: HubspotAnswers) -> None:
    held.edit(key(7), at=AT, uptier_dismissed_because="not now")
    assert [(one.status, one.because) for one in hub.read({})] == [("", "not now")]


def test_an_object_that_is_not_ours_is_no_answer(held: PeopledServer, hub: HubspotAnswers) -> None:
    held.add_object(CUSTOM_ID, {"uptier_status": "Done"})
    assert hub.read({}) == []


def test_what_hubspot_refuses_is_told_and_no_secret(held: PeopledServer, hub: HubspotAnswers) -> None:
    held.fail("/objects", status=500)
    with pytest.raises(UnreachableError):
        hub.read({})
    held.fail("/objects", status=400, body={"category": "VALIDATION_ERROR", "message": "no"})
    with pytest.raises(DeliveryError, match="refuses to list"):
        hub.read({})
    held.scopes = set()
    with pytest.raises(DeliveryError, match="scope"):
        hub.read({})
    assert TOKEN not in repr(hub)
