"""What a deployment of the Metadata API takes and refuses, and what it makes of a package.

META stands for https://developer.salesforce.com/docs/atlas.en-us.api_meta.meta/api_meta/; page and title follow.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

SPACE = "{http://soap.sforce.com/2006/04/metadata}"
KINDS = {"Text": "string", "LongTextArea": "textarea", "Number": "double", "Date": "date", "Lookup": "reference",
         "Picklist": "picklist"}  # fmt: skip
OPERATIONS = {"equals", "notEqual", "lessThan", "greaterThan", "lessOrEqual", "greaterOrEqual", "contains",
              "notContain", "startsWith", "includes", "excludes", "within"}  # fmt: skip
SCOPES = {"Everything", "Mine", "Queue", "Delegated", "MyTerritory", "MyTeamTerritory", "Team"}
DELETES = {"Cascade", "Restrict", "SetNull"}


class NotDeployableError(Exception):
    """What a deployment refuses."""


def deployed(folder: Path, there: tuple[str, ...] = ()) -> dict[str, dict[str, dict[str, Any]]]:
    """Deploy a package beside fields of Account that are there: fields by object, as the describe call gives them."""
    listed = _listed(folder)
    objects: dict[str, dict[str, dict[str, Any]]] = {}
    for path in sorted((folder / "objects").glob("*.object")):
        tree = _parsed(path)
        fields = {_text(each, "fullName"): _field(each) for each in tree.findall(f"{SPACE}fields")}
        _must(len(fields) == len(tree.findall(f"{SPACE}fields")), f"{path.stem}: a field twice")
        objects[path.stem] = fields
        # META manifest_samples.htm, "Sample package.xml Manifest Files": a field of a standard object is listed itself
        members = listed.get("CustomField", set()) if path.stem == "Account" else listed.get("CustomObject", set())
        for member in [f"Account.{name}" for name in fields] if path.stem == "Account" else [path.stem]:
            _must(member in members, f"{member} is not in package.xml")
        if path.stem.endswith("__c"):
            _object(tree, fields)
    for kind, suffix, place in (("PermissionSet", "permissionset", "permissionsets"), ("CustomTab", "tab", "tabs")):
        found = {path.stem for path in (folder / place).glob(f"*.{suffix}")}
        _must(found == listed.get(kind, set()), f"{kind}: package.xml lists {listed.get(kind)}, there is {found}")
    for path in (folder / "permissionsets").glob("*.permissionset"):
        _permissions(
            _parsed(path), {**objects, "Account": {**objects.get("Account", {}), **{name: {} for name in there}}}
        )
    return objects


def granted(path: Path) -> dict[str, dict[str, Any]]:
    """Give what a permission set allows: objects with their rights, fields with whether they may be edited."""
    tree = _parsed(path)
    return {
        "objects": {
            _text(each, "object"): {
                "createable": _text(each, "allowCreate") == "true",
                "updateable": _text(each, "allowEdit") == "true",
            }
            for each in tree.findall(f"{SPACE}objectPermissions")
        },
        "fields": {
            _text(each, "field"): _text(each, "editable") == "true" for each in tree.findall(f"{SPACE}fieldPermissions")
        },
    }


def _listed(folder: Path) -> dict[str, set[str]]:
    # META meta_package.htm, "package.xml": types with members and one name, and a version
    tree = _parsed(folder / "package.xml")
    _must(bool(re.fullmatch(r"\d{2}\.0", _text(tree, "version"))), "package.xml: no version")
    return {
        _text(types, "name"): {member.text or "" for member in types.findall(f"{SPACE}members")}
        for types in tree.findall(f"{SPACE}types")
    }


def _parsed(path: Path) -> ElementTree.Element:
    content = path.read_bytes()
    _must(content.startswith(b'<?xml version="1.0" encoding="UTF-8"?>'), f"{path.name}: no declaration")
    tree = ElementTree.fromstring(content)
    for element in tree.iter():
        _must(element.tag.startswith(SPACE), f"{path.name}: {element.tag} outside the namespace")
        # elements of one name stand together: no page found that says so; deployments say "Element x is duplicated at
        # this location in type y"
        names = [child.tag for child in element]
        runs = [name for place, name in enumerate(names) if not place or names[place - 1] != name]
        _must(len(runs) == len(set(runs)), f"{path.name}: {element.tag} holds elements of one name apart")
    return tree


def _field(element: ElementTree.Element) -> dict[str, Any]:
    # META customfield.htm, "CustomField", and help.salesforce.com custom_field_types, "Custom Field Types"
    name, kind = _text(element, "fullName"), _text(element, "type")
    _must(bool(re.fullmatch(r"(?!.*__.*__c)[A-Za-z]\w*[A-Za-z0-9]__c", name)), f"{name}: no name of a field")
    _must(len(name) - 3 <= 40, f"{name}: more than 40 characters")
    _must(0 < len(_text(element, "label")) <= 40, f"{name}: label")
    _must(len(_text(element, "description", "")) <= 1000, f"{name}: description")
    _must(len(_text(element, "inlineHelpText", "")) <= 510, f"{name}: help text")
    _must(kind in KINDS, f"{name}: type {kind}")
    told: dict[str, Any] = {"type": KINDS[kind], "label": _text(element, "label"), "nillable": True, "length": 0}
    told |= {each: _text(element, each, "false") == "true" for each in ("externalId", "unique", "caseSensitive")}
    match kind:
        case "Text":
            told["length"] = int(_text(element, "length"))
            _must(1 <= told["length"] <= 255, f"{name}: length of a text")
        case "LongTextArea":
            told["length"] = int(_text(element, "length"))
            _must(256 <= told["length"] <= 131_072, f"{name}: length of a long text")
            _must(2 <= int(_text(element, "visibleLines")) <= 50, f"{name}: visible lines")
            _must(not told["externalId"] and not told["unique"], f"{name}: a long text is no external id")
        case "Number":
            told |= {"precision": int(_text(element, "precision")), "scale": int(_text(element, "scale"))}
            _must(told["scale"] <= told["precision"] <= 18, f"{name}: digits")
        case "Lookup":
            told |= {"referenceTo": [_text(element, "referenceTo")], "relationshipName": f"{name[:-3]}__r"}
            _must(bool(re.fullmatch(r"[A-Za-z]\w{0,39}", _text(element, "relationshipName"))), f"{name}: relationship")
            _must(_text(element, "deleteConstraint") in DELETES, f"{name}: delete constraint")
        case "Picklist":
            values = element.findall(f"{SPACE}valueSet/{SPACE}valueSetDefinition/{SPACE}value")
            _must(bool(values), f"{name}: no values")
            _must(sum(_text(value, "default") == "true" for value in values) <= 1, f"{name}: two defaults")
    return told


def _object(tree: ElementTree.Element, fields: dict[str, dict[str, Any]]) -> None:
    # META customobject.htm, "CustomObject": label, pluralLabel, nameField, deploymentStatus, sharingModel
    for needed in ("label", "pluralLabel", "deploymentStatus", "sharingModel"):
        _must(bool(_text(tree, needed)), f"no {needed}")
    name = tree.find(f"{SPACE}nameField")
    _must(name is not None and _text(name, "type") in ("Text", "AutoNumber"), "no name field")
    # META meta_listview.htm, "ListView"
    for view in tree.findall(f"{SPACE}listViews"):
        _must(_text(view, "filterScope") in SCOPES, "scope of a list view")
        _must(0 < len(_text(view, "label")) <= 40, "label of a list view")
        columns = [column.text or "" for column in view.findall(f"{SPACE}columns")]
        _must(len(columns) <= 15, "columns of a list view")
        for column in columns:
            known = column == "NAME" or (column in fields and fields[column]["type"] != "textarea")
            _must(known, f"column {column} of a list view")
        for line in view.findall(f"{SPACE}filters"):
            _must(_text(line, "field") in fields, f"filter on {_text(line, 'field')}")
            _must(_text(line, "operation") in OPERATIONS, f"filter by {_text(line, 'operation')}")


def _permissions(tree: ElementTree.Element, objects: dict[str, dict[str, dict[str, Any]]]) -> None:
    # META meta_permissionset.htm, "PermissionSet"
    for each in tree.findall(f"{SPACE}fieldPermissions"):
        name, _, field = _text(each, "field").partition(".")
        _must(field in objects.get(name, {}), f"permission on {name}.{field}")
        _must(_text(each, "readable") == "true", f"permission on {field}: editable needs readable")
    for each in tree.findall(f"{SPACE}objectPermissions"):
        rights = {right.tag.removeprefix(SPACE): right.text == "true" for right in each}
        # help.salesforce.com, "Object Permissions": each right needs the ones below it
        needs = {"allowCreate": "allowRead", "allowEdit": "allowRead", "allowDelete": "allowEdit",
                 "viewAllRecords": "allowRead", "modifyAllRecords": "allowDelete"}  # fmt: skip
        for right, needed in needs.items():
            _must(not rights[right] or rights[needed], f"{right} needs {needed}")


def _text(element: ElementTree.Element, name: str, default: str | None = None) -> str:
    found = element.find(f"{SPACE}{name}")
    if found is None or found.text is None:
        _must(default is not None, f"{element.tag.removeprefix(SPACE)} has no {name}")
        return str(default)
    return found.text


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise NotDeployableError(otherwise)
