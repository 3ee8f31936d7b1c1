"""Which properties our rows need in HubSpot, and how a value is written into them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from uptier.delivery.payload import FIELDS, KEY, Field, Kind, Value

# "Properties", https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide: type and fieldType
TYPES: dict[Kind, tuple[str, str]] = {
    Kind.TEXT: ("string", "text"),
    Kind.LONG_TEXT: ("string", "textarea"),
    Kind.WHOLE: ("number", "number"),
    Kind.NUMBER: ("number", "number"),
    Kind.DAY: ("date", "date"),
}
GROUP = "uptier"


@dataclass(frozen=True, kw_only=True)
class Property:
    """One property as it has to be.

    Attributes
    ----------
    name : str
        As the API calls it.
    label : str
        What people read.
    about : str
        What it says, in a sentence.
    type : str
        What it holds.
    field_type : str
        How people see it.
    unique : bool
        Whether no two objects may have the same value.
    options : dict of str to str
        What people may choose, with its label; empty where nothing is chosen.
    """

    name: str
    label: str
    about: str
    type: str
    field_type: str
    unique: bool = False
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def wanted(self) -> dict[str, Any]:
        """What the API is told to make."""
        made: dict[str, Any] = {
            "name": self.name, "label": self.label, "description": self.about, "groupName": GROUP,
            "type": self.type, "fieldType": self.field_type,
        }  # fmt: skip
        if self.unique:
            made["hasUniqueValue"] = True
        if self.options:
            made["options"] = [
                {"value": value, "label": label, "displayOrder": place, "hidden": False}
                for place, (value, label) in enumerate(self.options.items())
            ]
        return made


# What people answer, in the words that Salesforce is given too; made for them, and never written by us
STATUS, BECAUSE, UNTIL = "status", "dismissed_because", "dismissed_until"
ANSWERS: tuple[Property, ...] = (
    Property(
        name=STATUS, label="Status", about="What became of it. For people; uptier reads it.",
        type="enumeration", field_type="select",
        options={"New": "New", "Contacted": "Contacted", "Done": "Done", "Dismissed": "Dismissed"},
    ),
    Property(
        name=BECAUSE, label="Dismissed because", about="Why it was dismissed. For people; uptier reads it.",
        type="enumeration", field_type="select",
        options={"not now": "Not now", "reason is wrong": "Reason is wrong", "other": "Other"},
    ),
    Property(
        name=UNTIL, label="Dismissed until", about="Until when it stays away. For people; uptier reads it.",
        type="date", field_type="date",
    ),
)  # fmt: skip


def property_name(prefix: str, name: str) -> str:
    """Give the property of a field.

    Parameters
    ----------
    prefix : str
        What our properties begin with.
    name : str
        The field's.

    Returns
    -------
    str
        The name itself where it begins so already, as that of the key does.
    """
    return name if name.startswith(prefix) else f"{prefix}{name}"


def written_properties(prefix: str) -> tuple[Property, ...]:
    """Give the properties that hold our rows.

    Parameters
    ----------
    prefix : str
        What our properties begin with.

    Returns
    -------
    tuple of Property
        One for each field of a row; that of the key is unique.
    """
    return tuple(_of_field(prefix, one) for one in FIELDS)


def answered_properties(prefix: str) -> tuple[Property, ...]:
    """Give the properties that people fill in.

    Parameters
    ----------
    prefix : str
        What our properties begin with.

    Returns
    -------
    tuple of Property
        None of them is ever written by us.
    """
    return tuple(
        Property(
            name=property_name(prefix, one.name), label=one.label, about=one.about,
            type=one.type, field_type=one.field_type, options=one.options,
        )
        for one in ANSWERS
    )  # fmt: skip


def missing(wanted: Iterable[Property], there: Mapping[str, Mapping[str, Any]]) -> list[Property]:
    """Give the properties that are not there.

    Parameters
    ----------
    wanted : iterable of Property
        All that are needed.
    there : mapping of str to mapping
        By name, as the API describes them.

    Returns
    -------
    list of Property
        In the order given.
    """
    return [one for one in wanted if one.name not in there]


def wrong(wanted: Iterable[Property], there: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Say which properties are there in a form that cannot be used.

    Parameters
    ----------
    wanted : iterable of Property
        All that are needed.
    there : mapping of str to mapping
        By name, as the API describes them.

    Returns
    -------
    list of str
        A sentence for each, with what to do. Labels, groups and options are people's own business.
    """
    found = []
    for one in wanted:
        seen = there.get(one.name)
        if seen is None:
            continue
        if seen.get("type") != one.type:
            found.append(
                f"The property {one.name} holds {seen.get('type')}, and has to hold {one.type}. uptier does not change "
                "properties that are there: delete it in HubSpot if nobody needs it, or set another prefix."
            )
        elif one.unique and seen.get("hasUniqueValue") is not True:
            found.append(
                f"The property {one.name} is not unique, and HubSpot makes none unique afterwards. "
                "Delete it in HubSpot if nobody needs it, or set another prefix."
            )
    return found


def text(value: Value) -> str:
    """Write a value as the API takes it.

    Parameters
    ----------
    value : value
        Of a row.

    Returns
    -------
    str
        An ISO date, a number without exponent (which HubSpot refuses), or the text; "" clears the property.
    """
    if value is None:
        return ""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    return str(value)


def _of_field(prefix: str, one: Field) -> Property:
    holds, shown = TYPES[one.kind]
    name = property_name(prefix, one.name)
    return Property(name=name, label=one.label, about=one.about, type=holds, field_type=shown, unique=one.name == KEY)
