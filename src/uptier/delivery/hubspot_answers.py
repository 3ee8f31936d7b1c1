"""Answers from HubSpot: the properties of our objects that people edit, and who owns the object."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from uptier.delivery.answers import Given, Stand
from uptier.delivery.hubspot_calls import Connection
from uptier.delivery.hubspot_properties import BECAUSE, STATUS, UNTIL, property_name
from uptier.delivery.hubspot_replies import Reply, words
from uptier.delivery.payload import KEY
from uptier.delivery_settings import HubspotSettings
from uptier.errors import DeliveryError
from uptier.tables.answers import NEW

# "CRM API | Objects", https://developers.hubspot.com/docs/api-reference/crm-objects-v3/guide: of a page, and of a read
# with the history of properties
PAGE, WITH_HISTORY = 100, 50
# every type of objects has it; an id, whose name another call and another scope would tell
OWNER = "hubspot_owner_id"


class HubspotAnswers:
    """Objects whose status is another than that of a new one.

    Parameters
    ----------
    name : str
        As the project's YAML calls the destination.
    settings : HubspotSettings
        Which objects and properties.
    environment : mapping of str to str
        Holds the token.
    """

    def __init__(self, name: str, settings: HubspotSettings, environment: Mapping[str, str]) -> None:
        self.name = name
        self._settings = settings
        self._connection = Connection(name, settings, environment)
        names = {field: property_name(settings.prefix, field) for field in (KEY, STATUS, BECAUSE, UNTIL)}
        self._key, self._status, self._because, self._until = names.values()

    def __repr__(self) -> str:
        return f"HubspotAnswers({self.name!r}, object_type={self._settings.object_type!r})"

    def read(self, before: Mapping[str, Stand]) -> list[Given]:
        """Read the objects that people answered, and those that they answered before.

        All objects of the type are paged through: HubSpot's search ends at 10,000 and lags behind what was written.
        When each of those was answered that say something new is then asked for.

        Parameters
        ----------
        before : mapping of str to Stand
            What is known of this source, by key.

        Returns
        -------
        list of Given
            With the time at which the status, its reason or its date was changed last.

        Raises
        ------
        UnreachableError
            If nobody answers, or a limit is reached.
        DeliveryError
            If trying again would not help.
        """
        found = [one for one in self._all() if one.key in before or self._is_touched(one)]
        new = [one.key for one in found if one.key not in before or not _is_same(one, before[one.key])]
        times: dict[str, str] = {}
        for begin in range(0, len(new), WITH_HISTORY):
            times |= self._times(new[begin : begin + WITH_HISTORY])
        return [
            Given(
                key=one.key, place=one.place, status=one.status, because=one.because, until=one.until, owner=one.owner,
                answered_at=times.get(one.key, ""),
            )
            for one in found
        ]  # fmt: skip

    def _is_touched(self, one: Given) -> bool:
        return (one.status or NEW) != NEW or bool(not one.status and (one.because or one.until))

    def _all(self) -> Iterator[Given]:
        after: str | None = None
        asked = [self._key, self._status, self._because, self._until, OWNER]
        while True:
            page = self._taken(
                self._connection.call(
                    self._connection.objects.get_page, self._settings.object_type,
                    limit=PAGE, properties=asked, archived=False, **({"after": after} if after else {}),
                ),
                "list objects",
            )  # fmt: skip
            for result in page.results:
                values = result.get("properties") or {}
                if values.get(self._key):
                    yield self._given(values)
            following = page.body.get("paging") or {}
            before, after = after, str((following.get("next") or {}).get("after") or "")
            if not after:
                return
            if after == before:
                raise DeliveryError(f"HubSpot, the destination '{self.name}', gives the same page again and again.")

    def _given(self, values: Mapping[str, Any]) -> Given:
        key = str(values[self._key])
        status, because, until, owner = (
            str(values.get(name) or "") for name in (self._status, self._because, self._until, OWNER)
        )
        return Given(key=key, place=key, status=status, because=because, until=_day(until), owner=owner)

    def _times(self, keys: Sequence[str]) -> dict[str, str]:
        mine = [self._status, self._because, self._until]
        asked = {
            "idProperty": self._key, "properties": [self._key], "propertiesWithHistory": mine,
            "inputs": [{"id": key} for key in keys],
        }  # fmt: skip
        reply = self._connection.call(self._connection.batches.read, self._settings.object_type, asked)
        found: dict[str, str] = {}
        for result in self._taken(reply, "read the history of properties").results:
            key = str((result.get("properties") or {}).get(self._key) or "")
            told = result.get("propertiesWithHistory") or {}
            moments = [str(one.get("timestamp") or "") for name in mine for one in told.get(name) or []]
            if key and any(moments):
                found[key] = max(moments)  # all are of one form, in UTC
        return found

    def _taken(self, reply: Reply, to_do: str) -> Reply:
        if not reply.taken:
            raise DeliveryError(
                f"HubSpot, the destination '{self.name}', refuses to {to_do}.",
                found=words(reply),
                do="Run `uptier deliver --setup`, and see docs/hubspot.md for what has to be there.",
            )
        return reply


def _is_same(one: Given, before: Stand) -> bool:
    until = "" if before.until is None else before.until.isoformat()
    return (one.status, one.because, one.until) == (before.status, before.because or "", until)


def _day(given: str) -> str:
    """Give a date as it is written: the API may tell it in milliseconds since 1970, at midnight UTC."""
    if given.lstrip("-").isdecimal():
        try:
            return dt.datetime.fromtimestamp(int(given) / 1000, dt.UTC).date().isoformat()
        except (OverflowError, ValueError, OSError):
            return given
    return given
