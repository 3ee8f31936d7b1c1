"""The package deploys, is the same each time, and gives people what they need and no more."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.delivery.salesforce_package import SPACE, NotDeployableError, deployed, granted
from uptier.delivery.payload import BY_NAME
from uptier.delivery.salesforce import SalesforceDestination
from uptier.delivery.salesforce_fields import NAMES
from uptier.delivery.salesforce_metadata import BECAUSE, PEOPLE_EDIT, STATUS, UNTIL, package, write
from uptier.delivery_settings import SalesforceSettings

SETTINGS = SalesforceSettings(kind="salesforce", login_url="https://acme.my.salesforce.com")
NAME = SETTINGS.object_name


def test_setup_calls_nobody_and_makes_nothing_new_the_second_time(tmp_path: Path) -> None:
    crm = SalesforceDestination("crm", SETTINGS, {}, tmp_path / "metadata")
    first = crm.setup()
    assert len(first) == len(package(SETTINGS)) == 6
    assert crm.setup() == []
    before = {path: path.read_bytes() for path in (tmp_path / "metadata").rglob("*") if path.is_file()}
    changed = tmp_path / "metadata" / "package.xml"
    changed.write_text("edited")
    assert len(crm.setup()) == 1
    assert {path: path.read_bytes() for path in (tmp_path / "metadata").rglob("*") if path.is_file()} == before


def test_it_deploys_with_every_field(tmp_path: Path) -> None:
    write(SETTINGS, tmp_path)
    objects = deployed(tmp_path)
    assert set(objects) == {NAME, "Account"}
    assert set(objects[NAME]) == {*NAMES.values(), "Account__c", *PEOPLE_EDIT}
    key = objects[NAME]["Uptier_Key__c"]
    assert (key["externalId"], key["unique"], key["caseSensitive"], key["length"]) == (True, True, True, 255)
    assert objects[NAME]["Account__c"]["referenceTo"] == ["Account"]
    assert objects["Account"]["Uptier_Account_Id__c"]["externalId"] is True
    assert {objects[NAME][name]["type"] for name in (STATUS, BECAUSE)} == {"picklist"}
    assert objects[NAME][UNTIL]["type"] == "date"
    for name, field in BY_NAME.items():
        assert field.length <= objects[NAME][NAMES[name]]["length"] or not field.length


def test_a_field_of_account_that_is_there_already_is_not_redefined(tmp_path: Path) -> None:
    own = SETTINGS.model_copy(update={"account_key": "Crm_Id__c", "object_name": "Hint__c", "account_lookup": "Of__c"})
    write(own, tmp_path)
    objects = deployed(tmp_path, there=("Crm_Id__c",))
    assert set(objects) == {"Hint__c"}
    assert objects["Hint__c"]["Of__c"]["relationshipName"] == "Of__r"
    assert b"Account.Crm_Id__c" not in (tmp_path / "package.xml").read_bytes()


def test_the_list_hides_what_has_expired_or_is_closed(tmp_path: Path) -> None:
    write(SETTINGS, tmp_path)
    tree = ElementTree.parse(tmp_path / "objects" / f"{NAME}.object")
    lines = [[part.text for part in line] for line in tree.findall(f"{SPACE}listViews/{SPACE}filters")]
    assert lines == [["Uptier_Expires_On__c", "greaterOrEqual", "TODAY"], ["Uptier_State__c", "equals", "open"]]


def test_the_sender_writes_our_fields_alone_and_people_theirs(tmp_path: Path) -> None:
    write(SETTINGS, tmp_path)
    sets = tmp_path / "permissionsets"
    sends, works = (granted(sets / f"{name}.permissionset") for name in ("Uptier_Delivery", "Uptier_Worklist"))
    edits = {name for name, edit in sends["fields"].items() if edit}
    assert edits == {f"{NAME}.{field}" for field in (*NAMES.values(), "Account__c")}
    assert {name for name, edit in works["fields"].items() if edit} == {f"{NAME}.{field}" for field in PEOPLE_EDIT}
    assert sends["objects"]["Account"] == {"createable": False, "updateable": False}
    assert b"<allowDelete>true" not in b"".join(path.read_bytes() for path in sets.iterdir())


@pytest.mark.parametrize(
    ("path", "old", "new", "why"),
    [
        (f"objects/{NAME}.object", "Uptier_Key__c</fullName>", "Uptier__Key__c</fullName>", "no name of a field"),
        (f"objects/{NAME}.object", "Uptier_Key__c</fullName>", f"{'K' * 41}__c</fullName>", "40 characters"),
        (f"objects/{NAME}.object", "Uptier_Owner__c</fullName>", "Uptier_Key__c</fullName>", "twice"),
        (f"objects/{NAME}.object", "<length>255<", "<length>256<", "length of a text"),
        (f"objects/{NAME}.object", "<length>32768<", "<length>200000<", "length of a long text"),
        (f"objects/{NAME}.object", "<precision>18<", "<precision>19<", "digits"),
        (f"objects/{NAME}.object", "<deleteConstraint>SetNull<", "<deleteConstraint>Nothing<", "delete constraint"),
        (f"objects/{NAME}.object", "<operation>greaterOrEqual<", "<operation>atLeast<", "filter by"),
        (f"objects/{NAME}.object", "<columns>NAME<", "<columns>Uptier_Details__c<", "column"),
        (f"objects/{NAME}.object", "<sharingModel>ReadWrite</sharingModel>", "", "sharingModel"),
        (f"objects/{NAME}.object", "<nameField>", "<label>Again</label><nameField>", "apart"),
        ("objects/Account.object", "Uptier_Account_Id__c</fullName>", "Other__c</fullName>", "not in package.xml"),
        ("package.xml", "Uptier_Worklist", "Somebody", "package.xml lists"),
        ("package.xml", "<version>62.0<", "<version>62<", "no version"),
        ("permissionsets/Uptier_Delivery.permissionset", "Uptier_Key__c", "Uptier_Keys__c", "permission on"),
        ("permissionsets/Uptier_Worklist.permissionset", "<allowRead>true", "<allowRead>false", "needs allowRead"),
    ],
)
def test_a_package_with_a_fault_is_refused(tmp_path: Path, path: str, old: str, new: str, why: str) -> None:
    write(SETTINGS, tmp_path)
    file = tmp_path / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises((NotDeployableError, ElementTree.ParseError), match=why):
        deployed(tmp_path)
