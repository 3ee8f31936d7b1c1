"""What an administrator deploys: object, fields, list view, tab, permission sets; a package of the Metadata API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.etree import ElementTree

from uptier.delivery.payload import BY_NAME, FIELDS, KEY, Field, Kind
from uptier.delivery.salesforce_fields import LONG_TEXT_CHARACTERS, NAMES, TEXT_CHARACTERS, api_name, length
from uptier.delivery_settings import SalesforceSettings
from uptier.store import write_whole

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
# "Number" in "Custom Field Types", help.salesforce.com: at most 18 digits on both sides of the point
DIGITS = 18
LABEL = "Uptier recommendation"
CHILDREN = "Uptier_Recommendations"
SENDS, WORKS = "Uptier_Delivery", "Uptier_Worklist"
LIST_VIEW = "Uptier_Open"
LIST_COLUMNS = ("rank", "action", "upsell", "tier", "owner", "act_by", "expires_on", "reason_1", "expected_value")
STATUS, BECAUSE, UNTIL = "Status__c", "Dismissed_Because__c", "Dismissed_Until__c"
# What people edit and uptier reads: never among the columns that are sent.
PEOPLE_EDIT: dict[str, tuple[str, ...]] = {
    STATUS: ("New", "Contacted", "Done", "Dismissed"),
    BECAUSE: ("not now", "reason is wrong", "other"),
    UNTIL: (),
}
PEOPLE_LABELS = {STATUS: "Status", BECAUSE: "Dismissed because", UNTIL: "Dismissed until"}

Tree = str | bool | int | Mapping[str, "Tree | Iterable[Tree]"]


def package(settings: SalesforceSettings) -> dict[str, bytes]:
    """Write the package.

    Parameters
    ----------
    settings : SalesforceSettings
        Names of the object, its lookup and the account's external id, and the version of the API.

    Returns
    -------
    dict of str to bytes
        By path below the package's folder; the same settings give the same bytes. Account gets its field only where it
        is uptier's own: one that the organisation has already is not redefined.
    """
    name, own = settings.object_name, _own_account_key(settings)
    members: dict[str, list[str]] = {
        **({"CustomField": [f"Account.{settings.account_key}"]} if own else {}),
        "CustomObject": [name],
        "CustomTab": [name],
        "PermissionSet": [SENDS, WORKS],
    }
    found = {
        "package.xml": _xml(
            "Package",
            {
                "types": [{"members": names, "name": kind} for kind, names in members.items()],
                "version": settings.api_version,
            },
        ),
        f"objects/{name}.object": _xml("CustomObject", _object(settings)),
        f"tabs/{name}.tab": _xml("CustomTab", {"customObject": True, "motif": "Custom53: Bell"}),
        f"permissionsets/{SENDS}.permissionset": _xml("PermissionSet", _sends(settings)),
        f"permissionsets/{WORKS}.permissionset": _xml("PermissionSet", _works(settings)),
    }
    if own:
        found["objects/Account.object"] = _xml("CustomObject", {"fields": [_account_field(settings)]})
    return found


def write(settings: SalesforceSettings, folder: Path) -> list[str]:
    """Write the package into a folder, where it differs from what lies there.

    Parameters
    ----------
    settings : SalesforceSettings
        As for :func:`package`.
    folder : Path
        Its folder.

    Returns
    -------
    list of str
        What was written, in words; empty if all was there already.

    Raises
    ------
    StoreError
        If the folder cannot be written.
    """
    made = []
    for name, content in package(settings).items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            write_whole(path, lambda fresh, content=content: fresh.write_bytes(content))  # type: ignore[misc]  # mypy infers no lambda with a default
            made.append(f"Wrote {path}, for an administrator of Salesforce to deploy.")
    return made


def _own_account_key(settings: SalesforceSettings) -> bool:
    return bool(settings.account_key == SalesforceSettings.model_fields["account_key"].default)


def _object(settings: SalesforceSettings) -> dict[str, Tree | Iterable[Tree]]:
    return {
        "deploymentStatus": "Deployed",
        "description": "What uptier recommends for an account: one record for each account, upsell type and cycle.",
        "enableReports": True,
        "enableSearch": True,
        "fields": [
            *(_field(field) for field in FIELDS),
            _lookup(settings),
            *(_edited(name, values) for name, values in PEOPLE_EDIT.items()),
        ],
        "label": LABEL,
        "listViews": [
            {
                "fullName": LIST_VIEW,
                "columns": ["NAME", settings.account_lookup, *(NAMES[name] for name in LIST_COLUMNS), STATUS],
                "filterScope": "Everything",
                "filters": [
                    {"field": NAMES["expires_on"], "operation": "greaterOrEqual", "value": "TODAY"},
                    {"field": NAMES["state"], "operation": "equals", "value": "open"},
                ],
                "label": "Open, good until today or later",
            }
        ],
        "nameField": {"displayFormat": "UP-{00000000}", "label": "Recommendation", "type": "AutoNumber"},
        "pluralLabel": "Uptier recommendations",
        "sharingModel": "ReadWrite",
    }


def _field(field: Field) -> dict[str, Tree]:
    head: dict[str, Tree] = {
        "fullName": api_name(field),
        "description": f"{field.about} Written by uptier; edits are overwritten.",
        "inlineHelpText": field.about,
        "label": field.label,
    }
    if field.kind is Kind.DAY:
        return {**head, "required": False, "type": "Date"}
    if field.kind in (Kind.WHOLE, Kind.NUMBER):
        return {**head, "precision": DIGITS, "required": False, "scale": field.decimals, "type": "Number"}
    if field.kind is Kind.LONG_TEXT:
        return {**head, "length": LONG_TEXT_CHARACTERS, "type": "LongTextArea", "visibleLines": 10}
    key: dict[str, Tree] = (
        # keys that differ in case alone are two keys
        {"caseSensitive": True, "externalId": True, "unique": True} if field.name == KEY else {}
    )
    return {**head, **key, "length": length(field), "required": False, "type": "Text"}


def _lookup(settings: SalesforceSettings) -> dict[str, Tree]:
    return {
        "fullName": settings.account_lookup,
        "deleteConstraint": "SetNull",
        "description": f"The account, found by its {settings.account_key}. Written by uptier.",
        "label": "Salesforce account",
        "referenceTo": "Account",
        "relationshipLabel": "Uptier recommendations",
        "relationshipName": CHILDREN,
        "required": False,
        "type": "Lookup",
    }


def _edited(name: str, values: tuple[str, ...]) -> dict[str, Tree]:
    head: dict[str, Tree] = {
        "fullName": name,
        "description": "For people to edit; uptier reads it and never writes it.",
        "label": PEOPLE_LABELS[name],
        "required": False,
    }
    if not values:
        return {**head, "type": "Date"}
    listed = [{"fullName": value, "default": value == "New", "label": value} for value in values]
    return {
        **head,
        "type": "Picklist",
        "valueSet": {"restricted": True, "valueSetDefinition": {"sorted": False, "value": listed}},
    }


def _account_field(settings: SalesforceSettings) -> Tree:
    return {
        "fullName": settings.account_key,
        "caseSensitive": True,
        "description": "The account's id as uptier's source tables have it.",
        "externalId": True,
        "label": "Uptier account id",
        "length": min(TEXT_CHARACTERS, 2 * BY_NAME["account_id"].length),
        "required": False,
        "type": "Text",
        "unique": True,
    }


def _sends(settings: SalesforceSettings) -> dict[str, Tree | Iterable[Tree]]:
    """For the integration user: writes our fields, reads what people edit, deletes nothing."""
    name = settings.object_name
    ours = [*NAMES.values(), settings.account_lookup]
    return {
        "description": "For the user that uptier sends as.",
        "fieldPermissions": [
            *([_may(f"Account.{settings.account_key}", edit=False)] if settings.account_key.endswith("__c") else []),
            *(_may(f"{name}.{field}", edit=True) for field in ours),
            *(_may(f"{name}.{field}", edit=False) for field in PEOPLE_EDIT),
        ],
        "hasActivationRequired": False,
        "label": "Uptier: delivery",
        "objectPermissions": [
            _rights("Account", create=False, edit=False, every=True),
            _rights(name, create=True, edit=True, every=True),
        ],
        "userPermissions": [{"enabled": True, "name": "ApiEnabled"}],
    }


def _works(settings: SalesforceSettings) -> dict[str, Tree | Iterable[Tree]]:
    """For CSMs: read our fields, edit their own."""
    name = settings.object_name
    ours = [*NAMES.values(), settings.account_lookup]
    return {
        "description": "For those who work through the list.",
        "fieldPermissions": [
            *(_may(f"{name}.{field}", edit=False) for field in ours),
            *(_may(f"{name}.{field}", edit=True) for field in PEOPLE_EDIT),
        ],
        "hasActivationRequired": False,
        "label": "Uptier: worklist",
        "objectPermissions": [_rights(name, create=False, edit=True, every=False)],
        "tabSettings": [{"tab": name, "visibility": "Visible"}],
    }


def _may(field: str, *, edit: bool) -> Tree:
    return {"editable": edit, "field": field, "readable": True}


def _rights(name: str, *, create: bool, edit: bool, every: bool) -> Tree:
    return {
        "allowCreate": create,
        "allowDelete": False,
        "allowEdit": edit,
        "allowRead": True,
        "modifyAllRecords": False,
        "object": name,
        "viewAllRecords": every,
    }


def _xml(name: str, content: Mapping[str, Tree | Iterable[Tree]]) -> bytes:
    root = ElementTree.Element(name, {"xmlns": NAMESPACE})
    _fill(root, content)
    ElementTree.indent(root, "    ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'.encode()


def _fill(parent: ElementTree.Element, content: Mapping[str, Tree | Iterable[Tree]]) -> None:
    for name, value in content.items():
        # elements of one name stand together: the Metadata API refuses them apart
        for each in value if isinstance(value, list) else [value]:
            child = ElementTree.SubElement(parent, name)
            if isinstance(each, Mapping):
                _fill(child, each)
            else:
                child.text = str(each).lower() if isinstance(each, bool) else str(each)
