"""Answers come from Salesforce over TLS, by the unpatched client, and nothing is written there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery.salesforce_org import CLIENT_SECRET, Fault
from tests.delivery.salesforce_people import PeopledOrg
from tests.delivery.salesforce_server import CREDENTIALS, certificate, furnish, row, serving, settings
from uptier.delivery import salesforce_jobs
from uptier.delivery.answers import Given, Stand
from uptier.delivery.salesforce import SalesforceDestination
from uptier.delivery.salesforce_answers import SalesforceAnswers
from uptier.delivery.salesforce_login import Connection
from uptier.delivery.salesforce_queries import records
from uptier.errors import DeliveryError, UnreachableError

NAME, KEY = "Uptier_Recommendation__c", "Uptier_Key__c"
AT = "2026-03-02T10:11:12.000+0000"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def org(certificates: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PeopledOrg]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates[0]))
    monkeypatch.setattr(salesforce_jobs, "FIRST_PAUSE_S", 0.02)
    with serving(PeopledOrg(), certificates[1]) as served:
        furnish(served, tmp_path / "package")  # type: ignore[arg-type]  # it is one
        SalesforceDestination("crm", settings(served), CREDENTIALS, tmp_path).send([row(f"000{n}") for n in (1, 2, 3)])
        for record in served.records[NAME].values():
            record["Status__c"] = "New"  # the default of the picklist
        served.calls.clear()
        yield served  # type: ignore[misc]  # as above


@pytest.fixture
def crm(org: PeopledOrg) -> SalesforceAnswers:
    return SalesforceAnswers("crm", settings(org), CREDENTIALS)


def key(account: str) -> str:
    return row(account).key


def test_only_what_people_answered_is_read(org: PeopledOrg, crm: SalesforceAnswers) -> None:
    org.edit(
        NAME, key("0001"), at=AT, owner="Ana Alm", Status__c="Dismissed", Dismissed_Because__c="not now",
        Dismissed_Until__c="2026-06-01",
    )  # fmt: skip
    assert crm.read({}) == [
        Given(
            key=key("0001"), place=key("0001"), status="Dismissed", because="not now", until="2026-06-01",
            owner="Ana Alm", answered_at=AT,
        )
    ]  # fmt: skip
    assert all(call.startswith(("GET", "POST /services/oauth2/token")) for call in org.calls)


def test_a_change_by_uptier_itself_says_nothing_of_when_somebody_answered(
    org: PeopledOrg, crm: SalesforceAnswers
) -> None:
    org.edit(NAME, key("0001"), at=AT, Status__c="Contacted")
    org.sent(key("0001"), at="2026-03-05T00:00:00.000+0000")
    (one,) = crm.read({})
    assert (one.status, one.answered_at, one.owner) == ("Contacted", "", "")


def test_what_was_set_back_to_new_is_read_too(org: PeopledOrg, crm: SalesforceAnswers) -> None:
    before = {
        key("0001"): Stand(status="Dismissed"),
        key("0002"): Stand(status="New"),
        "gone:x:2026": Stand(status="Done"),
    }
    org.edit(NAME, key("0001"), at=AT, Status__c="New")
    assert [(one.key, one.status) for one in crm.read(before)] == [(key("0001"), "New")]


def test_many_pages_and_many_keys_are_read(org: PeopledOrg, crm: SalesforceAnswers) -> None:
    org.page_size = 2
    for account in ("0001", "0002", "0003"):
        org.edit(NAME, key(account), at=AT, Status__c="Done")
    assert len(crm.read({})) == 3
    for account in ("0001", "0002", "0003"):
        org.edit(NAME, key(account), at=AT, Status__c="New")
    before = {key(account): Stand(status="Done") for account in ("0001", "0002", "0003")}
    odd = {f"o'clock \\{n}:add_on:2026-01-01{'x' * 170}": Stand(status="Done") for n in range(30)}
    # of these a letter takes nine bytes in an address
    odd |= {f"{'客' * 110}{n}:add_on:2026-01-01": Stand(status="Done") for n in range(30)}
    assert {one.key for one in crm.read({**odd, **before})} == set(before)


def test_a_place_in_the_pages_that_others_took_may_be_had_again(org: PeopledOrg) -> None:
    org.page_size = 1
    found = records(Connection(settings(org), CREDENTIALS), f"SELECT {KEY} FROM {NAME} WHERE {KEY} != null", "reading")
    next(found)
    org.cursors.clear()
    with pytest.raises(UnreachableError, match="INVALID_QUERY_LOCATOR"):
        next(found)


def test_a_record_that_was_made_by_hand_is_no_answer(org: PeopledOrg, crm: SalesforceAnswers) -> None:
    org.records[NAME]["by hand"] = {"Status__c": "Done"}
    assert crm.read({}) == []


def test_a_field_that_is_hidden_is_told(org: PeopledOrg, crm: SalesforceAnswers) -> None:
    del org.allowed["fields"][f"{NAME}.Dismissed_Until__c"]
    with pytest.raises(DeliveryError, match="reading answers") as told:
        crm.read({})
    assert "INVALID_FIELD" in str(told.value)


def test_nobody_answering_and_a_token_that_expired(org: PeopledOrg, crm: SalesforceAnswers) -> None:
    org.edit(NAME, key("0001"), at=AT, Status__c="Done")
    org.faults = [Fault("GET", "503")]
    with pytest.raises(UnreachableError):
        crm.read({})
    org.faults = [Fault("query", "expire")]
    assert len(crm.read({})) == 1
    org.faults = [Fault("query", "half")]
    with pytest.raises(UnreachableError):
        crm.read({})
    assert CLIENT_SECRET not in repr(crm) + repr(vars(crm).get("_connection"))
