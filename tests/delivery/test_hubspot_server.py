"""The server of the tests refuses what HubSpot's pages say that HubSpot refuses: through the unpatched client."""

from __future__ import annotations

import json
from collections.abc import Iterator

import hubspot as client_library
import pytest
from hubspot.crm.associations.v4.exceptions import ApiException as OfAssociations
from hubspot.crm.objects.exceptions import ApiException
from hubspot.crm.properties.exceptions import ApiException as OfProperties

from tests.delivery.hubspot_server import CUSTOM, CUSTOM_ID, TOKEN, HubspotServer
from tests.delivery.hubspot_serving import Serving


@pytest.fixture
def held() -> HubspotServer:
    held = HubspotServer()
    held.add_property(CUSTOM_ID, "key", hasUniqueValue=True)
    held.add_property(CUSTOM_ID, "plain")
    held.add_property(CUSTOM_ID, "amount", type="number", fieldType="number")
    held.add_property(CUSTOM_ID, "day", type="date", fieldType="date")
    choices = [{"value": "won"}, {"value": "lost"}]
    held.add_property(CUSTOM_ID, "choice", type="enumeration", fieldType="select", options=choices)
    return held


@pytest.fixture
def crm(held: HubspotServer) -> Iterator:
    with Serving(held) as url:
        yield client_library.Client.create(access_token=TOKEN, host=url).crm


def upserted(crm, *inputs: dict, kind: str = CUSTOM):
    asked = [{"idProperty": "key", **one} for one in inputs]
    return crm.objects.batch_api.upsert(kind, {"inputs": asked}, _request_timeout=5)


def one(key: str, **properties: str) -> dict:
    return {"id": key, "properties": properties}


def refusal(raised: pytest.ExceptionInfo) -> tuple[int, str]:
    return raised.value.status, json.loads(raised.value.body)["category"]


def test_an_upsert_makes_and_then_changes_one_object_by_its_unique_property(held: HubspotServer, crm) -> None:
    assert upserted(crm, one("a", plain="1")).results[0].new is True
    again = upserted(crm, one("a", amount="2.5")).results[0]
    assert (again.new, again.properties) == (False, {"key": "a", "plain": "1", "amount": "2.5"})
    assert len(held.objects[CUSTOM_ID]) == 1


def test_an_empty_text_clears_a_property(held: HubspotServer, crm) -> None:
    upserted(crm, one("a", plain="1"))
    assert "plain" not in upserted(crm, one("a", plain="")).results[0].properties


@pytest.mark.parametrize(
    ("inputs", "kind"),
    [
        ([], CUSTOM),
        ([one(str(number)) for number in range(101)], CUSTOM),
        ([one("a"), one("a")], CUSTOM),
        ([one("a") | {"idProperty": "plain"}], CUSTOM),
        ([one("a") | {"idProperty": "absent"}], CUSTOM),
        ([one("a", absent="1")], CUSTOM),
        ([one("a", amount="1e-14")], CUSTOM),
        ([one("a", amount="1,5")], CUSTOM),
        ([one("a", amount="1.000.000")], CUSTOM),
        ([one("a", day="2026-02-30")], CUSTOM),
        ([one("a", day="1430438400001")], CUSTOM),
        ([one("a", day="2026-01-01T12:00:00")], CUSTOM),
        ([one("a", choice="maybe")], CUSTOM),
        ([one("a", plain="x" * 65_537)], CUSTOM),
        ([one("a")], "uptier_recommendation"),
        ([one("a")], "2-9999"),
    ],
    ids=[
        "empty", "101", "doubled", "not unique", "no id property", "no property", "exponent", "comma", "points",
        "no day", "not midnight", "a time", "no option", "too long", "base name", "no type",
    ],
)  # fmt: skip
def test_an_upsert_is_refused_whole(held: HubspotServer, crm, inputs: list[dict], kind: str) -> None:
    good = [one("good", plain="1")] if 0 < len(inputs) < 100 else []
    with pytest.raises(ApiException) as raised:
        upserted(crm, *good, *inputs, kind=kind)
    assert refusal(raised) == (400, "VALIDATION_ERROR")
    assert held.objects[CUSTOM_ID] == {}


@pytest.mark.parametrize("day", ["2026-01-01", "1430438400000"])
def test_a_day_is_an_iso_date_or_midnight_in_utc(crm, day: str) -> None:
    assert upserted(crm, one("a", day=day, amount="-1.5", choice="won", plain="x" * 65_536)).results[0].new


def test_with_a_trace_id_for_each_the_answer_is_by_row(held: HubspotServer, crm) -> None:
    good, bad = one("a", plain="1"), one("b", day="?")
    answer = upserted(crm, good | {"objectWriteTraceId": "0"}, bad | {"objectWriteTraceId": "1"})
    assert [result.properties["key"] for result in answer.results] == ["a"]
    assert (answer.num_errors, answer.errors[0].context) == (1, {"objectWriteTraceId": ["1"]})
    assert '"error": "INVALID_DATE", "name": "day"' in answer.errors[0].message


@pytest.mark.parametrize("traces", [(None, None), ("0", None), ("0", "0")], ids=["none", "one", "the same"])
def test_without_a_trace_id_for_each_the_answer_is_for_all(held: HubspotServer, crm, traces: tuple) -> None:
    given = [{"objectWriteTraceId": trace} if trace else {} for trace in traces]
    with pytest.raises(ApiException) as raised:
        upserted(crm, one("a", plain="1") | given[0], one("b", day="?") | given[1])
    assert refusal(raised) == (400, "VALIDATION_ERROR")
    assert held.objects[CUSTOM_ID] == {}


def test_doubled_ids_are_refused_with_trace_ids_too(held: HubspotServer, crm) -> None:
    with pytest.raises(ApiException, match=r"Duplicate IDs found in batch input: \[a\]\. IDs must be unique"):
        upserted(crm, *(one("a") | {"objectWriteTraceId": trace} for trace in "01"), one("b"))
    assert held.objects[CUSTOM_ID] == {}


def test_results_are_not_in_the_order_of_rows(crm) -> None:
    asked = ["a", "b", "c"]
    told = [result.properties["key"] for result in upserted(crm, *map(one, asked)).results]
    assert (told != asked, sorted(told)) == (True, asked)


@pytest.mark.parametrize("wrong", [{"amount": " 1"}, {"day": "2026-01-01 "}, {"choice": "won\u00a0"}])
def test_blanks_around_a_value_that_is_no_text_are_refused(crm, wrong: dict[str, str]) -> None:
    with pytest.raises(ApiException) as raised:
        upserted(crm, one("a", **wrong))
    assert json.loads(raised.value.body)["errors"][0]["code"] == "LEADING_TRAILING_WHITESPACE"
    assert upserted(crm, one("a", plain=" 1 ")).results[0].properties["plain"] == " 1 "


def test_a_batch_read_tells_what_is_absent_beside_what_is_there(crm) -> None:
    upserted(crm, one("a", plain="1"))
    asked = {"idProperty": "key", "properties": ["key"], "inputs": [{"id": "a"}, {"id": "b"}]}
    answer = crm.objects.batch_api.read(CUSTOM, asked)
    assert [result.properties["key"] for result in answer.results] == ["a"]
    assert (answer.errors[0].category, answer.errors[0].context) == ("OBJECT_NOT_FOUND", {"ids": ["b"]})
    asked["inputs"] = [{"id": "b"}]
    assert crm.objects.batch_api.read(CUSTOM, asked).num_errors == 1


def test_what_is_no_property_is_not_read_and_what_has_no_value_is_null(held: HubspotServer, crm) -> None:
    number = upserted(crm, one("a", plain="1")).results[0].id
    held.objects[CUSTOM_ID][number]["absent"] = "1"
    names = ["key", "amount", "absent", "hubspot_owner_id"]
    told = {"key": "a", "amount": None, "hubspot_owner_id": None, "hs_object_id": number}
    asked = {"idProperty": "key", "properties": names, "inputs": [{"id": "a"}]}
    assert crm.objects.batch_api.read(CUSTOM, asked).results[0].properties == told
    assert crm.objects.basic_api.get_page(CUSTOM, properties=names).results[0].properties == told


def test_unique_values_may_differ_in_case(held: HubspotServer, crm) -> None:
    upserted(crm, one("a"), one("A"))
    assert sorted(object_["key"] for object_ in held.objects[CUSTOM_ID].values()) == ["A", "a"]
    asked = {"idProperty": "key", "properties": ["key"], "inputs": [{"id": "A"}]}
    assert [result.properties["key"] for result in crm.objects.batch_api.read(CUSTOM, asked).results] == ["A"]


@pytest.mark.parametrize(("unique", "count"), [("plain", 1), ("key", 101)])
def test_a_batch_read_is_refused(crm, unique: str, count: int) -> None:
    with pytest.raises(ApiException) as raised:
        crm.objects.batch_api.read(CUSTOM, {"idProperty": unique, "inputs": [{"id": str(n)} for n in range(count)]})
    assert refusal(raised) == (400, "VALIDATION_ERROR")


def test_pages_hold_a_hundred_at_most_and_name_the_next(held: HubspotServer, crm) -> None:
    for number in range(150):
        held.add_object(CUSTOM_ID, {"key": str(number)})
    first = crm.objects.basic_api.get_page(CUSTOM, limit=100, properties=["key"])
    second = crm.objects.basic_api.get_page(CUSTOM, limit=100, properties=["key"], after=first.paging.next.after)
    assert (len(first.results), len(second.results), second.paging) == (100, 50, None)
    with pytest.raises(ApiException):
        crm.objects.basic_api.get_page(CUSTOM, limit=101)


@pytest.mark.parametrize(
    ("change", "status", "category"),
    [
        ({"tokens": set()}, 401, "INVALID_AUTHENTICATION"),
        ({"scopes": {"crm.objects.custom.read"}}, 403, "MISSING_SCOPES"),
        ({"daily_left": 0}, 429, "RATE_LIMITS"),
        ({"calls_per_window": 0}, 429, "RATE_LIMITS"),
    ],
)
def test_nobody_writes_without_token_scope_and_calls(
    held: HubspotServer, crm, change: dict, status: int, category: str
) -> None:
    vars(held).update(change)
    with pytest.raises(ApiException) as raised:
        upserted(crm, one("a"))
    assert refusal(raised) == (status, category)


def test_a_window_of_calls_rolls_on(held: HubspotServer, crm) -> None:
    held.calls_per_window, held.window = 2, 0.2
    upserted(crm, one("a"))
    upserted(crm, one("b"))
    with pytest.raises(ApiException) as raised:
        upserted(crm, one("c"))
    assert json.loads(raised.value.body)["policyName"] == "TEN_SECONDLY_ROLLING"
    assert raised.value.headers["X-HubSpot-RateLimit-Remaining"] == "0"
    held.windows.clear()
    assert upserted(crm, one("c")).results[0].new


GOOD = {"name": "more", "label": "More", "groupName": "base", "type": "string", "fieldType": "text"}


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"name": "More"}, 400),
        ({"name": "1more"}, 400),
        ({"name": "plain"}, 409),
        ({"groupName": "absent"}, 400),
        ({"type": "number"}, 400),
        ({"fieldType": "date"}, 400),
    ],
)
def test_a_property_is_not_made(held: HubspotServer, crm, wrong: dict, status: int) -> None:
    with pytest.raises(OfProperties) as raised:
        crm.properties.batch_api.create(CUSTOM, {"inputs": [GOOD, {**GOOD, **wrong}]})
    assert raised.value.status == status
    assert "more" not in held.properties[CUSTOM_ID]


def test_ten_properties_are_unique_and_none_becomes_so(held: HubspotServer, crm) -> None:
    with pytest.raises(OfProperties):
        crm.properties.core_api.update(CUSTOM, "plain", {"hasUniqueValue": True})
    many = [{**GOOD, "name": f"more_{number}", "hasUniqueValue": True} for number in range(9)]
    crm.properties.batch_api.create(CUSTOM, {"inputs": many})
    with pytest.raises(OfProperties):
        crm.properties.batch_api.create(CUSTOM, {"inputs": [{**GOOD, "hasUniqueValue": True}]})


def test_a_group_is_made_once(crm) -> None:
    crm.properties.groups_api.create(CUSTOM, {"name": "ours", "label": "Ours"})
    with pytest.raises(OfProperties) as raised:
        crm.properties.groups_api.create(CUSTOM, {"name": "ours", "label": "Ours"})
    assert raised.value.status == 409


def test_objects_are_associated_where_their_types_allow_it(held: HubspotServer, crm) -> None:
    ours, theirs = held.add_object(CUSTOM_ID, {}), held.add_object("0-2", {})
    pair = {"inputs": [{"from": {"id": ours}, "to": {"id": theirs}}]}
    crm.associations.v4.batch_api.create_default(CUSTOM, "companies", pair)
    told = crm.associations.v4.batch_api.create_default(CUSTOM, "companies", pair, _preload_content=False)
    assert [(one["from"]["id"], one["to"]["id"]) for one in json.loads(told.data)["results"]] == [
        (ours, theirs),
        (theirs, ours),
    ]
    assert held.associations == {(CUSTOM_ID, ours, "0-2", theirs)}
    with pytest.raises(OfAssociations):
        crm.associations.v4.batch_api.create_default(CUSTOM, "deals", pair)


def test_one_object_that_is_not_there_keeps_the_others_from_being_associated(held: HubspotServer, crm) -> None:
    ours, theirs = held.add_object(CUSTOM_ID, {}), held.add_object("0-2", {})
    for pair in ({"from": {"id": ours}, "to": {"id": "1"}}, {"from": {"id": "1"}, "to": {"id": theirs}}):
        good = {"from": {"id": ours}, "to": {"id": theirs}}
        with pytest.raises(OfAssociations) as raised:
            crm.associations.v4.batch_api.create_default(CUSTOM, "companies", {"inputs": [good, pair]})
        assert refusal(raised) == (400, "VALIDATION_ERROR")
    assert held.associations == set()
