"""Whether Salesforce could take our rows: what its description of the objects says, without sending any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from uptier.delivery.payload import BY_NAME, FIELDS, KEY, Field, Kind
from uptier.delivery.salesforce_fields import NAMES, api_name, relationship
from uptier.delivery_settings import SalesforceSettings

TYPES = {
    Kind.TEXT: ("string", "textarea"),
    Kind.LONG_TEXT: ("textarea",),
    Kind.WHOLE: ("double", "int"),
    Kind.NUMBER: ("double", "currency"),
    Kind.DAY: ("date",),
}
WHOLE_DIGITS = {Kind.WHOLE: 7, Kind.NUMBER: 10}
# fewer than these, and a run may end in its middle
LEAST = {"DailyApiRequests": 100, "DailyBulkApiBatches": 10, "DataStorageMB": 10}
LIMIT_HINTS = {
    "DailyApiRequests": "Wait until calls of the last 24 hours run out, or let others call less.",
    "DailyBulkApiBatches": "Wait until batches of the last 24 hours run out, or let others load less.",
    "DataStorageMB": "Make room in the organisation's data storage.",
}
DEPLOY = "Deploy what `uptier deliver --setup` writes"


def object_faults(described: Mapping[str, Any], settings: SalesforceSettings) -> list[str]:
    """Say what is wrong with the object that holds our rows.

    Parameters
    ----------
    described : mapping of str to object
        What the describe call gives for it, to the user who sends.
    settings : SalesforceSettings
        Which lookup it has.

    Returns
    -------
    list of str
        What is wrong, each with what to do. A field that is hidden from the user looks like one that is missing.
    """
    name = settings.object_name
    faults = [
        f"{name}: the integration user may not {verb} records. Assign the permission set Uptier_Delivery to it."
        for verb, flag in (("create", "createable"), ("update", "updateable"), ("read", "queryable"))
        if not described.get(flag, False)
    ]
    fields = {field["name"]: field for field in described.get("fields", [])}
    for field in FIELDS:
        faults += [f"{name}.{fault}" for fault in _field_faults(field, fields.get(api_name(field)))]
    faults += [f"{name}.{fault}" for fault in _lookup_faults(fields.get(settings.account_lookup), settings)]
    ours = {*NAMES.values(), settings.account_lookup}
    faults += [
        f"{name}.{field['name']} is required, and uptier does not know it. Give it a default, or make it optional."
        for field in described.get("fields", [])
        if field["name"] not in ours
        and field.get("createable", False)
        and not field.get("nillable", True)
        and not field.get("defaultedOnCreate", False)
    ]
    return faults


def account_faults(described: Mapping[str, Any], settings: SalesforceSettings) -> list[str]:
    """Say what is wrong with the field by which accounts are found.

    Parameters
    ----------
    described : mapping of str to object
        What the describe call gives for Account.
    settings : SalesforceSettings
        Which field that is.

    Returns
    -------
    list of str
        What is wrong, each with what to do.
    """
    name = f"Account.{settings.account_key}"
    found = next((field for field in described.get("fields", []) if field["name"] == settings.account_key), None)
    if found is None:
        return [
            f"{name} is missing, or hidden from the integration user. {DEPLOY}, assign the permission set "
            "Uptier_Delivery, and fill the field with the ids that uptier's accounts have."
        ]
    if not (found.get("externalId", False) or found.get("idLookup", False)):
        return [f"{name} is no external id. Tick External ID on the field, or name another in account_key."]
    needed = BY_NAME["account_id"].length
    if found.get("type") == "string" and found.get("length", 0) < needed:
        return [f"{name} holds {found.get('length', 0)} characters, an id may have {needed}. Make it longer."]
    return []


def limit_faults(limits: Mapping[str, Any]) -> list[str]:
    """Say which limits are all but used up.

    Parameters
    ----------
    limits : mapping of str to object
        What the limits call gives; a limit that it does not tell to this user is no fault.

    Returns
    -------
    list of str
        What is left, each with what to do.
    """
    faults = []
    for name, least in LEAST.items():
        left = (limits.get(name) or {}).get("Remaining")
        if isinstance(left, int) and left < least:
            faults.append(f"{name}: {left} left, {least} are wanted for a run. {LIMIT_HINTS[name]}")
    return faults


def _field_faults(field: Field, found: Mapping[str, Any] | None) -> Iterator[str]:
    name = api_name(field)
    if found is None:
        yield (
            f"{name} is missing, or hidden from the integration user. {DEPLOY}, and assign the permission set "
            "Uptier_Delivery."
        )
        return
    kind, wanted = str(found.get("type")), ("string",) if field.name == KEY else TYPES[field.kind]
    if kind not in wanted:
        yield f"{name} is of type {kind}, it must be {' or '.join(wanted)}. {DEPLOY} in place of it."
        return
    if field.length and found.get("length", 0) < field.length:
        yield f"{name} holds {found.get('length', 0)} characters, uptier sends up to {field.length}. Make it longer."
    if field.kind in WHOLE_DIGITS and kind != "int":
        scale = found.get("scale", 0)
        if scale < field.decimals or found.get("precision", 0) - scale < WHOLE_DIGITS[field.kind]:
            yield (
                f"{name} has too few digits: at least {WHOLE_DIGITS[field.kind]} before the point and "
                f"{field.decimals} after it are wanted. {DEPLOY} in place of it."
            )
    if field.name == KEY and not (found.get("externalId", False) and found.get("unique", False)):
        yield f"{name} is no unique external id: rows would be doubled. Tick External ID and Unique on the field."
    if field.name == KEY and not found.get("caseSensitive", False):
        yield f"{name} takes 'a' and 'A' for the same key. Make it unique with case sensitivity."
    if not (found.get("createable", False) and found.get("updateable", False)):
        yield f"{name} cannot be edited by the integration user. Assign the permission set Uptier_Delivery to it."


def _lookup_faults(found: Mapping[str, Any] | None, settings: SalesforceSettings) -> Iterator[str]:
    name, path = settings.account_lookup, relationship(settings)
    if found is None:
        yield (
            f"{name} is missing, or hidden from the integration user. {DEPLOY}, and assign the permission set "
            "Uptier_Delivery."
        )
    elif "Account" not in found.get("referenceTo", []):
        yield f"{name} is no lookup to Account. Name the one that is in account_lookup."
    elif f"{found.get('relationshipName')}.{settings.account_key}" != path:
        yield f"{name} does not lead to accounts as {path}. Name the lookup in account_lookup as its API name is."
    elif not (found.get("createable", False) and found.get("updateable", False)):
        yield f"{name} cannot be edited by the integration user. Assign the permission set Uptier_Delivery to it."
