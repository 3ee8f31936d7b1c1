"""Answers from Salesforce: the fields of our records that people edit, and who owns the record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from uptier.delivery.answers import Given, Stand
from uptier.delivery.payload import KEY
from uptier.delivery.salesforce_fields import NAMES
from uptier.delivery.salesforce_login import Connection
from uptier.delivery.salesforce_metadata import BECAUSE, STATUS, UNTIL
from uptier.delivery.salesforce_queries import by_keys, records
from uptier.delivery_settings import SalesforceSettings
from uptier.tables.answers import NEW

# "System Fields", Object Reference for Salesforce: every custom object has them, readable to whoever reads the record;
# the name of the owner through the relationship, as in "Relationship Queries", SOQL and SOSL Reference
SYSTEM = ("CreatedById", "LastModifiedById", "LastModifiedDate", "OwnerId", "Owner.Name")


class SalesforceAnswers:
    """Records whose status is another than that of a new one.

    Parameters
    ----------
    name : str
        As the project's YAML calls the destination.
    settings : SalesforceSettings
        Where, and which object.
    environment : mapping of str to str
        Where credentials are found, by the names in the settings.
    """

    def __init__(self, name: str, settings: SalesforceSettings, environment: Mapping[str, str]) -> None:
        self.name = name
        self._settings = settings
        self._connection = Connection(settings, environment)

    def __repr__(self) -> str:
        return f"SalesforceAnswers({self.name!r}, {self._settings.object_name!r})"

    def read(self, before: Mapping[str, Stand]) -> list[Given]:
        """Read the records that people answered, and those that they answered before.

        Parameters
        ----------
        before : mapping of str to Stand
            What is known of this source, by key.

        Returns
        -------
        list of Given
            A time only where a person changed the record last: a change by uptier itself hides when somebody did.

        Raises
        ------
        UnreachableError
            If nobody answers, or a limit is reached.
        DeliveryError
            If trying again would not help.
        """
        # in SOQL an empty status differs from New too
        found = [*self._asked(f"{self._select()} WHERE {STATUS} != '{NEW}' AND {STATUS} != null")]
        seen = {one.key for one in found}
        # set back to New: no longer among them
        rest = [key for key, stand in before.items() if stand.status != NEW and key not in seen]
        wanted = set(rest)  # Salesforce may find a key in other letters too
        for query in by_keys(self._select(), rest):
            found += [one for one in self._asked(query) if one.key in wanted]
        return found

    def _select(self) -> str:
        fields = (NAMES[KEY], STATUS, BECAUSE, UNTIL, *SYSTEM)
        return f"SELECT {', '.join(fields)} FROM {self._settings.object_name}"

    def _asked(self, query: str) -> Iterator[Given]:
        for record in records(self._connection, query, "reading answers"):
            if record[NAMES[KEY]]:  # made by hand: no row of ours
                yield _given(record)


def _given(record: Mapping[str, Any]) -> Given:
    by_person = record["LastModifiedById"] != record["CreatedById"]
    taken = record["OwnerId"] != record["CreatedById"]  # until somebody takes it, it is of the user that uptier is
    owner = record["Owner"] or {}
    key = str(record[NAMES[KEY]])
    return Given(
        key=key,
        place=key,
        status=str(record[STATUS] or ""),
        because=str(record[BECAUSE] or ""),
        until=str(record[UNTIL] or ""),
        owner=str(owner.get("Name") or "") if taken else "",
        answered_at=str(record["LastModifiedDate"] or "") if by_person else "",
    )
