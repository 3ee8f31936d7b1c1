"""Rows in HubSpot: each once, whole or refused by name, whatever happens to a call."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from tests.delivery.hubspot_server import CUSTOM_ID, TOKEN, HubspotServer
from tests.delivery.hubspot_serving import Serving, hubspot, ready, row, rows, with_value
from uptier.delivery.destination import Answer, Destination
from uptier.delivery.hubspot import HubspotDestination
from uptier.delivery.hubspot_properties import STATUS
from uptier.delivery.payload import KEY
from uptier.errors import DeliveryError, UnreachableError


@pytest.fixture
def held() -> HubspotServer:
    return ready()


@pytest.fixture
def url(held: HubspotServer) -> Iterator[str]:
    with Serving(held) as url:
        yield url


@pytest.fixture
def crm(url: str) -> HubspotDestination:
    return hubspot(url)


def ok(answers: list[Answer]) -> set[str]:
    return {answer.key for answer in answers if answer.ok}


def objects(held: HubspotServer, kind: str = CUSTOM_ID) -> list[dict[str, str]]:
    return list(held.objects[kind].values())


def test_it_is_a_destination_that_shows_no_token(crm: HubspotDestination) -> None:
    there: Destination = crm
    assert (there.batch_size, there.whole) == (100, False)
    assert repr(crm) == "HubspotDestination('hub', object_type='p_uptier_recommendation')"
    assert TOKEN not in repr(vars(crm))


def test_rows_are_there_after_one_call_in_the_forms_that_the_api_takes(
    held: HubspotServer, crm: HubspotDestination
) -> None:
    sent = [*rows(99), row("odd", chance=0.000001, gain_arr=1_234_567.5, expires_on=dt.date(2026, 3, 31), owner=None)]
    answers = crm.send(sent)
    assert ok(answers) == {one.key for one in sent}
    assert held.paths() == ["/crm/v3/objects/p_uptier_recommendation/batch/upsert"]
    told = objects(held)[-1]
    assert told["uptier_key"] == sent[-1].key
    assert told["uptier_hash"] == sent[-1].fingerprint
    assert told["uptier_account_id"] == "odd"
    assert (told["uptier_chance"], told["uptier_gain_arr"]) == ("0.000001", "1234567.5")
    assert (told["uptier_expires_on"], told["uptier_rank"]) == ("2026-03-31", "1")
    assert "uptier_owner" not in told


def test_the_same_rows_again_change_nothing(held: HubspotServer, crm: HubspotDestination) -> None:
    crm.send(rows(3))
    before = {number: dict(values) for number, values in held.objects[CUSTOM_ID].items()}
    crm.send(rows(3))
    assert held.objects[CUSTOM_ID] == before


def test_a_row_is_written_over_and_what_is_said_no_more_is_cleared(
    held: HubspotServer, crm: HubspotDestination
) -> None:
    crm.send([row("a", owner="Ada", rank=1)])
    crm.send([row("a", owner=None, rank=2)])
    assert len(objects(held)) == 1
    assert objects(held)[0]["uptier_rank"] == "2"
    assert "uptier_owner" not in objects(held)[0]


def test_what_people_answered_stays(held: HubspotServer, crm: HubspotDestination) -> None:
    crm.send(rows(1))
    objects(held)[0] |= {f"uptier_{STATUS}": "Done", "dealname": "Renamed"}
    crm.send([row("a000", rank=9)])
    assert (objects(held)[0][f"uptier_{STATUS}"], objects(held)[0]["dealname"]) == ("Done", "Renamed")


def test_what_is_there_is_told_by_key(held: HubspotServer, crm: HubspotDestination) -> None:
    sent = rows(250)
    for start in (0, 100, 200):
        crm.send(sent[start : start + 100])
    told = {one.key: one.fingerprint for one in sent}
    held.calls.clear()
    assert crm.fingerprints([*told, "absent", sent[0].key]) == told
    assert len(held.paths("/batch/read")) == 3
    assert crm.fingerprints([]) == {}


def test_all_of_ours_are_listed_page_by_page_and_others_are_not(held: HubspotServer, crm: HubspotDestination) -> None:
    for number in range(230):
        held.add_object(CUSTOM_ID, {"uptier_key": str(number), "uptier_hash": f"h{number}"} if number % 2 else {})
    assert crm.held() == {str(number): f"h{number}" for number in range(1, 230, 2)}
    assert len(held.paths()) == 3


def test_an_empty_account_holds_none(crm: HubspotDestination) -> None:
    assert crm.held() == {}
    assert crm.send([]) == []


@pytest.mark.parametrize("by_row", [False, True])
def test_rows_that_break_a_rule_are_refused_and_the_others_written(
    held: HubspotServer, crm: HubspotDestination, *, by_row: bool
) -> None:
    held.by_row = by_row
    sent = rows(100)
    secret = "Ada Lovelace " + "x" * 70_000
    bad = {17: ("details", secret), 18: ("rank", "first"), 99: ("expires_on", "soon")}
    batch = [with_value(one, *bad[place]) if place in bad else one for place, one in enumerate(sent)]
    answers = {answer.key: answer for answer in crm.send(batch)}
    refused = {key: answer for key, answer in answers.items() if not answer.ok}
    assert set(refused) == {sent[place].key for place in bad}
    assert len(objects(held)) == 97
    assert not any(answer.passing for answer in refused.values())
    told = " ".join(answer.said for answer in answers.values())
    assert "VALIDATION_ERROR" in told
    assert not any(value in told for value in ("Ada", "first", "soon"))
    if not by_row:
        assert "STRING_TOO_LONG in uptier_details" in refused[sent[17].key].said
        assert len(held.paths()) < 60
    else:
        assert len(held.paths()) == 1


def test_what_a_row_is_not_to_blame_for_is_not_searched_for(held: HubspotServer, crm: HubspotDestination) -> None:
    del held.properties[CUSTOM_ID]["uptier_rank"]
    with pytest.raises(DeliveryError, match="--setup") as raised:
        crm.send(rows(100))
    assert "PROPERTY_DOESNT_EXIST in uptier_rank" in str(raised.value)
    held.properties[CUSTOM_ID]["uptier_key"]["hasUniqueValue"] = False
    with pytest.raises(DeliveryError, match="no row is to blame"):
        crm.send(rows(100))
    assert len(held.paths()) == 2


def test_a_property_that_is_missing_is_no_fault_of_each_row(held: HubspotServer, crm: HubspotDestination) -> None:
    held.by_row = True
    del held.properties[CUSTOM_ID]["uptier_rank"]
    with pytest.raises(DeliveryError, match="--setup") as raised:
        crm.send(rows(3))
    assert "PROPERTY_DOESNT_EXIST in uptier_rank" in str(raised.value)


def test_a_type_of_objects_that_is_not_there_is_told(held: HubspotServer, url: str) -> None:
    for act in (lambda to: to.send(rows(5)), lambda to: to.fingerprints(["a"]), lambda to: to.held()):
        with pytest.raises(DeliveryError, match="HubSpot"):
            act(hubspot(url, object_type="2-999"))
    assert len(held.paths()) == 3


def test_a_limit_is_told_and_passes(held: HubspotServer, crm: HubspotDestination) -> None:
    held.fail("/upsert", status=429, body={"policyName": "TEN_SECONDLY_ROLLING"})
    with pytest.raises(UnreachableError, match="TEN_SECONDLY_ROLLING"):
        crm.send(rows(2))
    assert objects(held) == []
    assert len(ok(crm.send(rows(2)))) == 2


def test_the_end_of_the_day_is_told(held: HubspotServer, crm: HubspotDestination) -> None:
    held.daily_left = 0
    with pytest.raises(UnreachableError, match="midnight"):
        crm.send(rows(2))


@pytest.mark.parametrize("status", [423, 477, 500, 502, 503, 504, 521, 524])
def test_what_may_pass_is_told_apart(held: HubspotServer, crm: HubspotDestination, status: int) -> None:
    held.fail("/upsert", status=status, body=b"<html>Bad day</html>", headers={"Retry-After": "7"})
    with pytest.raises(UnreachableError, match=rf"status {status}; it asks to wait 7 seconds"):
        crm.send(rows(2))
    assert len(held.paths()) == 1


def test_silence_ends(held: HubspotServer, url: str) -> None:
    held.fail("/upsert", silent=1.5, status=200)
    with pytest.raises(UnreachableError, match=r"nothing within 0\.3 seconds"):
        hubspot(url, timeout=0.3).send(rows(1))


def test_a_connection_cut_after_the_batch_was_applied_doubles_nothing(
    held: HubspotServer, crm: HubspotDestination
) -> None:
    held.fail("/upsert", cut=True)
    with pytest.raises(UnreachableError):
        crm.send(rows(5))
    assert len(objects(held)) == 5
    assert len(crm.fingerprints([one.key for one in rows(5)])) == 5
    assert len(ok(crm.send(rows(5)))) == 5
    assert len(objects(held)) == 5


def test_success_that_changed_nothing_is_seen_by_reading_back(held: HubspotServer, crm: HubspotDestination) -> None:
    held.fail("/upsert", lie=True)
    sent = rows(5)
    assert len(ok(crm.send(sent))) == 5
    assert crm.fingerprints([one.key for one in sent]) == {}


def test_a_token_that_expired_is_told_without_it(held: HubspotServer, crm: HubspotDestination) -> None:
    held.tokens = {"another"}
    with pytest.raises(DeliveryError, match="UPTIER_HUBSPOT_TOKEN") as raised:
        crm.send(rows(2))
    assert not isinstance(raised.value, UnreachableError)
    assert TOKEN not in str(raised.value)


def test_what_is_known_when_a_part_of_a_batch_cannot_be_sent_is_told(
    held: HubspotServer, crm: HubspotDestination
) -> None:
    sent = rows(8)
    batch = [*sent[:7], with_value(sent[7], "rank", "last")]
    held.calls_per_window = 4  # whole, first half, second half, its first quarter; then none is left
    held.window = 60
    crm._connection._keep_pace = lambda reply: None
    answers = {answer.key: answer for answer in crm.send(batch)}
    assert {key for key, answer in answers.items() if answer.ok} == {one.key for one in sent[:6]}
    late = [answers[one.key] for one in sent[6:]]
    assert all(answer.passing and "TEN_SECONDLY_ROLLING" in answer.said for answer in late)
    assert len(answers) == 8


def test_half_a_batch_that_failed_for_now_is_told_by_row(held: HubspotServer, crm: HubspotDestination) -> None:
    sent = rows(4)
    done = [{"id": str(place), "properties": {"uptier_key": one.key}} for place, one in enumerate(sent[:2])]
    lost = [{"category": "INTERNAL_ERROR", "context": {"objectWriteTraceId": [str(place)]}} for place in (2, 3)]
    held.fail("/upsert", status=207, body={"results": done, "errors": lost})
    answers = {answer.key: answer for answer in crm.send(sent)}
    assert [(answers[one.key].ok, answers[one.key].passing) for one in sent] == [(True, False)] * 2 + [
        (False, True)
    ] * 2


def test_rows_of_which_nothing_was_said_are_sent_again(held: HubspotServer, crm: HubspotDestination) -> None:
    sent = rows(4)
    done = [{"id": "1", "objectWriteTraceId": "0", "properties": {}}]
    held.fail("/upsert", status=207, body={"results": done, "errors": [{"category": "VALIDATION_ERROR"}]})
    assert len(ok(crm.send(sent))) == 4
    assert [one["uptier_key"] for one in objects(held)] == [one.key for one in sent[1:]]


def test_nothing_said_of_a_single_row_is_no_success(held: HubspotServer, crm: HubspotDestination) -> None:
    held.fail("/upsert", status=200, body={"status": "COMPLETE", "results": []})
    (answer,) = crm.send(rows(1))
    assert (answer.ok, answer.passing) == (False, True)


@pytest.mark.parametrize(
    "value",
    [
        "🚀 déjà vu 漢字 \u202e \U0001f469\u200d\U0001f4bb", "x" * 10_000, "line\nline\ttab\0", "=HYPERLINK(1)",
        '"; DROP {account_id} \\', "<b>&amp;",
    ],
)  # fmt: skip
def test_values_never_expected_arrive_whole(held: HubspotServer, crm: HubspotDestination, value: str) -> None:
    sent = row("odd = 🚀", details=value, action_reason=value)
    assert crm.send([sent])[0].ok
    told = objects(held)[0]
    assert told["uptier_details"] == sent.values["details"]
    assert told["uptier_action_reason"] == sent.values["action_reason"]
    assert crm.fingerprints([sent.key]) == crm.held() == {sent.key: sent.fingerprint}


def test_another_prefix_is_another_set_of_properties(held: HubspotServer, url: str) -> None:
    crm = hubspot(url, prefix="acme_")
    crm.setup()
    crm.send(rows(1))
    assert objects(held)[0]["acme_uptier_key"] == rows(1)[0].key
    assert "uptier_key" not in objects(held)[0]


def test_a_new_deal_is_given_a_name_and_a_stage_that_people_may_change() -> None:
    held = ready("0-3")
    for name in ("dealname", "dealstage"):
        held.add_property("0-3", name)
    given = {"dealname": "{upsell} of {account_id}", "dealstage": "appointmentscheduled"}
    with Serving(held) as url:
        crm = hubspot(url, object_type="deals", new_only=given)
        crm.send([row("a")])
        deal = objects(held, "0-3")[0]
        assert (deal["dealname"], deal["dealstage"]) == ("seat_expansion of a", "appointmentscheduled")
        deal |= {"dealname": "Renamed", "dealstage": "closedwon"}
        crm.send([row("a", rank=2), row("b")])
    first, second = objects(held, "0-3")
    assert (first["dealname"], first["dealstage"], first["uptier_rank"]) == ("Renamed", "closedwon", "2")
    assert second["dealname"] == "seat_expansion of b"


def with_companies(held: HubspotServer) -> dict[str, str]:
    held.add_property("0-2", "account_number", hasUniqueValue=True)
    return {name: held.add_object("0-2", {"account_number": name}) for name in ("a000", "a001")}


def test_an_object_is_associated_with_its_company(held: HubspotServer, url: str) -> None:
    companies = with_companies(held)
    answers = hubspot(url, company_property="account_number").send(
        [*rows(3), row("a001", cycle="2026-02-01", **{KEY: "x"})]
    )
    assert [answer.ok for answer in answers] == [True] * 4
    assert [answer.said for answer in answers if answer.said] == [
        "written; no company has this account in account_number"
    ]
    numbers = {held["uptier_key"]: number for number, held in held.objects[CUSTOM_ID].items()}
    pairs = {(numbers[rows(2)[0].key], companies["a000"]), (numbers[rows(2)[1].key], companies["a001"])}
    assert {(ours, theirs) for _, ours, _, theirs in held.associations} == {*pairs, (numbers["x"], companies["a001"])}
    assert len(held.paths()) == 3


def test_without_the_setting_nothing_is_associated(held: HubspotServer, crm: HubspotDestination) -> None:
    with_companies(held)
    crm.send(rows(2))
    assert held.associations == set()


def test_an_association_that_is_refused_is_told(held: HubspotServer, url: str) -> None:
    companies = with_companies(held)
    crm = hubspot(url, company_property="account_number")
    held.fail("/associate", status=207, body={"results": [], "errors": [{"category": "OBJECT_NOT_FOUND"}]})
    answers = crm.send(rows(2))
    assert [(answer.ok, answer.passing) for answer in answers] == [(False, True)] * 2
    assert "not associated" in answers[0].said
    # a company that goes away between reading and associating refuses all
    held.paths().clear()
    held.fail("/associate", status=400, body={"category": "VALIDATION_ERROR"})
    assert len(ok(crm.send(rows(2)))) == len(held.associations)
    held.associations.clear()
    held.associable.clear()
    with pytest.raises(DeliveryError, match="does not associate"):
        crm.send(rows(2))
    held.associable.add((CUSTOM_ID, "0-2"))
    assert len(ok(crm.send(rows(2)))) == len(companies) == len(held.associations)
