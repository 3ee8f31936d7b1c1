"""Each fault of an organisation is told before anything is sent, with what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.salesforce_org import Fault, Org
from tests.delivery.salesforce_server import CREDENTIALS, certificate, furnish, serving, settings
from uptier.delivery import salesforce_jobs
from uptier.delivery.salesforce import SalesforceDestination
from uptier.delivery.salesforce_preflight import account_faults, limit_faults, object_faults
from uptier.delivery_settings import SalesforceSettings
from uptier.errors import UnreachableError

NAME = "Uptier_Recommendation__c"
SETTINGS = SalesforceSettings(kind="salesforce", login_url="https://acme.my.salesforce.com")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Org, Path]]:
    folder = tmp_path_factory.mktemp("certificates")
    trusted, chain = certificate(folder)
    with serving(Org(), chain) as org:
        yield org, trusted


@pytest.fixture
def org(served: tuple[Org, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Org:
    org, trusted = served
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
    monkeypatch.setattr(salesforce_jobs, "FIRST_PAUSE_S", 0.02)
    fresh = Org(url=org.url)
    org.__dict__.update(fresh.__dict__)
    furnish(org, tmp_path)
    return org


def faults(org: Org, **given: Any) -> list[str]:
    return SalesforceDestination("crm", settings(org, **given), CREDENTIALS, Path("unused")).preflight()


def test_what_setup_writes_has_no_fault(org: Org) -> None:
    assert faults(org) == []
    assert not any(call.startswith(("PUT", "PATCH", "POST /services/data")) for call in org.calls)


def test_an_object_that_is_not_there_or_hidden_is_told(org: Org) -> None:
    org.allowed["objects"].pop(NAME)
    (fault,) = faults(org)
    assert fault.startswith(f"{NAME} is missing, or hidden")
    assert "permission set Uptier_Delivery" in fault


def test_a_field_that_is_hidden_looks_like_one_that_is_missing(org: Org) -> None:
    org.allowed["fields"].pop(f"{NAME}.Uptier_Tier__c")
    org.allowed["fields"].pop("Account.Uptier_Account_Id__c")
    first, second = faults(org)
    assert first.startswith(f"{NAME}.Uptier_Tier__c is missing, or hidden from the integration user.")
    assert second.startswith("Account.Uptier_Account_Id__c is missing, or hidden")


def changed(field: str, **told: Any) -> Callable[[Org], None]:
    return lambda org: org.objects[NAME][field].update(told)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (changed("Uptier_Owner__c", length=119), "Uptier_Owner__c holds 119 characters, uptier sends up to 120"),
        (changed("Uptier_Owner__c", type="picklist"), "Uptier_Owner__c is of type picklist"),
        (changed("Uptier_As_Of__c", type="datetime"), "Uptier_As_Of__c is of type datetime, it must be date"),
        (changed("Uptier_Chance__c", type="percent"), "Uptier_Chance__c is of type percent"),
        (changed("Uptier_Chance__c", scale=2), "Uptier_Chance__c has too few digits"),
        (changed("Uptier_Gain_Arr__c", precision=8), "Uptier_Gain_Arr__c has too few digits"),
        (changed("Uptier_Details__c", length=256), "Uptier_Details__c holds 256 characters"),
        (changed("Uptier_Key__c", externalId=False), "Uptier_Key__c is no unique external id"),
        (changed("Uptier_Key__c", unique=False), "Uptier_Key__c is no unique external id"),
        (changed("Uptier_Key__c", caseSensitive=False), "Uptier_Key__c takes 'a' and 'A' for the same key"),
        (changed("Account__c", referenceTo=["Contact"]), "Account__c is no lookup to Account"),
        (changed("Account__c", relationshipName="Of__r"), "Account__c does not lead to accounts as Account__r."),
        (lambda org: org.objects[NAME].pop("Account__c"), "Account__c is missing"),
        (
            lambda org: org.allowed["fields"].update({f"{NAME}.Uptier_Rank__c": False}),
            "Uptier_Rank__c cannot be edited",
        ),
        (lambda org: org.allowed["fields"].update({f"{NAME}.Account__c": False}), "Account__c cannot be edited"),
        (lambda org: org.allowed["objects"][NAME].update(createable=False), "may not create records"),
        (lambda org: org.allowed["objects"][NAME].update(updateable=False), "may not update records"),
    ],
)
def test_each_fault_is_told_with_what_to_do(org: Org, change: Callable[[Org], None], told: str) -> None:
    change(org)
    (fault,) = faults(org)
    assert told in fault
    assert fault.startswith(NAME)
    assert fault.endswith(".")
    assert any(word in fault for word in ("Deploy", "Assign", "Make", "Tick", "Name"))


def test_a_field_that_others_require_is_told(org: Org) -> None:
    org.objects[NAME]["Region__c"] = {"type": "string", "label": "Region", "nillable": False, "length": 10}
    org.allowed["fields"][f"{NAME}.Region__c"] = True
    (fault,) = faults(org)
    assert "Region__c is required, and uptier does not know it" in fault


@pytest.mark.parametrize(
    ("change", "told"),
    [({"externalId": False}, "is no external id"), ({"length": 18}, "holds 18 characters, an id may have 120")],
)
def test_the_accounts_own_external_id_is_looked_at(org: Org, change: dict[str, Any], told: str) -> None:
    org.objects["Account"]["Uptier_Account_Id__c"].update(change)
    (fault,) = faults(org)
    assert told in fault


@pytest.mark.parametrize(("left", "count"), [(100, 0), (99, 1), (0, 1)])
def test_a_limit_that_is_all_but_used_up_is_told(org: Org, left: int, count: int) -> None:
    org.limits["DailyApiRequests"] = left
    told = faults(org)
    assert len(told) == count
    assert all(f"DailyApiRequests: {left} left" in fault for fault in told)


def test_limits_that_the_user_may_not_see_are_no_fault_but_a_limit_that_is_reached_is(org: Org) -> None:
    org.no_limits = True
    assert faults(org) == []
    org.faults = [Fault("/limits", "403")]
    with pytest.raises(UnreachableError):
        faults(org)


def test_nobody_answering_is_no_list_of_faults(org: Org) -> None:
    org.faults = [Fault("describe", "500")]
    with pytest.raises(UnreachableError, match=NAME):
        faults(org)


def test_descriptions_without_anything_are_faults() -> None:
    assert len(object_faults({}, SETTINGS)) > 30
    assert len(account_faults({}, SETTINGS)) == 1
    assert limit_faults({}) == limit_faults({"DailyApiRequests": None, "DataStorageMB": {"Remaining": 11}}) == []
    assert len(limit_faults({"DataStorageMB": {"Max": 5, "Remaining": 1}})) == 1
