"""What HubSpot lacks for our rows, and making what can be made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from uptier.delivery.hubspot_calls import Connection
from uptier.delivery.hubspot_properties import (
    GROUP,
    Property,
    answered_properties,
    missing,
    property_name,
    written_properties,
    wrong,
)
from uptier.delivery.hubspot_replies import Reply, words
from uptier.delivery.payload import KEY
from uptier.delivery_settings import HubspotSettings
from uptier.errors import DeliveryError, UnreachableError

# of properties made in one call, as of objects
BATCH = 100
# calls a day below which a worklist may not fit: each carries 100 rows and is checked by another
FEW_CALLS = 200


def problems(connection: Connection, settings: HubspotSettings) -> list[str]:
    """Say what keeps rows from being taken.

    Parameters
    ----------
    connection : Connection
        To HubSpot.
    settings : HubspotSettings
        Which objects and properties.

    Returns
    -------
    list of str
        Each with what to do; empty if nothing is wrong.

    Raises
    ------
    UnreachableError
        If HubSpot does not answer, or cannot now.
    """
    found: list[str] = []
    try:
        described = _described(connection, settings.object_type)
        found += _of_properties(settings, _by_name(described))
        found += _of_limit(described)
        found += _of_objects(connection, settings)
        found += _of_companies(connection, settings)
    except UnreachableError:
        raise
    except DeliveryError as error:
        found.append(str(error))
    return found


def make(connection: Connection, settings: HubspotSettings) -> list[str]:
    """Make the group and the properties that are not there.

    Parameters
    ----------
    connection : Connection
        To HubSpot.
    settings : HubspotSettings
        Which objects and properties.

    Returns
    -------
    list of str
        What was made, in words.

    Raises
    ------
    DeliveryError
        If a property is there in a form that cannot be used (nothing is made then), or HubSpot refuses to make one.
    UnreachableError
        If HubSpot does not answer, or cannot now.
    """
    wanted = _all_properties(settings)
    there = _by_name(_described(connection, settings.object_type))
    bad = wrong(wanted, there)
    if bad:
        raise DeliveryError("\n".join([*bad, "Nothing was made."]))
    made = []
    if not _has_group(connection, settings.object_type):
        reply = connection.call(
            connection.groups.create, settings.object_type, {"name": GROUP, "label": "uptier", "displayOrder": -1}
        )
        _checked(reply, "make a group of properties", connection.name)
        made.append(f"the group {GROUP}")
    lacking = missing(wanted, there)
    for start in range(0, len(lacking), BATCH):
        some = lacking[start : start + BATCH]
        inputs = {"inputs": [one.wanted for one in some]}
        reply = connection.call(connection.property_batches.create, settings.object_type, inputs)
        _checked(reply, "make properties", connection.name)
        created = {str(result.get("name")) for result in reply.results}
        if not created.issuperset(one.name for one in some):
            refused = ", ".join(one.name for one in some if one.name not in created)
            raise DeliveryError(
                f"HubSpot, the destination '{connection.name}', did not make all properties.",
                found=f"{refused} is not made; {words(reply)}",
                do="Names of deleted properties stay taken for a while. Run it again: it makes what is missing.",
            )
        made += [f"the property {one.name} ({'unique ' if one.unique else ''}{one.type})" for one in some]
    return made


def _all_properties(settings: HubspotSettings) -> tuple[Property, ...]:
    return (*written_properties(settings.prefix), *answered_properties(settings.prefix))


def _described(connection: Connection, kind: str) -> Reply:
    reply = connection.call(connection.properties.get_all, kind, archived=False)
    if reply.status in (400, 404):
        raise DeliveryError(
            f"HubSpot, the destination '{connection.name}', knows no type of objects {kind}.",
            found=words(reply),
            do="Make the custom object in HubSpot, then name it in object_type: by its id, as 2-1234, or as p_ and its "
            "internal name.",
        )
    return _checked(reply, "describe its properties", connection.name)


def _checked(reply: Reply, to_do: str, name: str) -> Reply:
    if reply.taken:
        return reply
    raise DeliveryError(
        f"HubSpot, the destination '{name}', refuses to {to_do}.",
        found=words(reply),
        do="See docs/hubspot.md for what it has to allow.",
    )


def _by_name(reply: Reply) -> dict[str, Mapping[str, Any]]:
    return {str(one.get("name")): one for one in reply.results}


def _has_group(connection: Connection, kind: str) -> bool:
    reply = connection.call(connection.groups.get_all, kind)
    return any(group.get("name") == GROUP for group in _checked(reply, "list its groups", connection.name).results)


def _of_properties(settings: HubspotSettings, there: Mapping[str, Mapping[str, Any]]) -> list[str]:
    wanted = _all_properties(settings)
    found = wrong(wanted, there)
    absent = [one.name for one in missing(wanted, there)]
    if absent:
        key = property_name(settings.prefix, KEY)
        first = f"{key}, by which rows are found, and " if key in absent and len(absent) > 1 else ""
        others = f"{len(absent) - bool(first)} of {len(wanted)} properties"
        found.append(f"{settings.object_type} lacks {first}{others}. Run `uptier deliver --setup`, which makes them.")
    unknown = [name for name in settings.new_only if name not in there]
    if unknown:
        found.append(f"{settings.object_type} has no property {', '.join(unknown)}, which new_only names. Correct it.")
    return found


def _of_limit(reply: Reply) -> list[str]:
    left = reply.number("x-hubspot-ratelimit-daily-remaining")
    if left is None or left >= FEW_CALLS:
        return []
    return [
        f"The HubSpot account has {left} calls left today, and a batch of 100 rows takes two or more. "
        "Deliver after midnight in the account's time zone, or raise the limit."
    ]


def _of_objects(connection: Connection, settings: HubspotSettings) -> list[str]:
    """Look whether objects may be read and, as far as that can be asked without writing one, written."""
    reply = connection.call(connection.objects.get_page, settings.object_type, limit=1, archived=False)
    found = [] if reply.taken else [f"{settings.object_type} cannot be listed: {words(reply)}. See docs/hubspot.md."]
    # "Private apps", https://developers.hubspot.com/docs/guides/apps/private-apps/overview: what a token may do
    family = "deals" if settings.object_type in ("deals", "0-3") else "custom"
    scopes = connection.scopes()
    write = f"crm.objects.{family}.write"
    if scopes is not None and write not in scopes:
        found.append(f"The token may not write: it has no scope {write}. Give it to the private app.")
    return found


def _of_companies(connection: Connection, settings: HubspotSettings) -> list[str]:
    unique = settings.company_property
    if unique is None:
        return []
    seen = _by_name(_described(connection, "companies")).get(unique)
    if seen is None:
        return [f"Companies have no property {unique}, which company_property names. Make it, or correct the name."]
    if seen.get("hasUniqueValue") is not True:
        return [f"The property {unique} of companies is not unique, so no company is found by it. Name one that is."]
    return []
