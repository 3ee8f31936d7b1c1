"""Rows as records of a child object of accounts in Salesforce, by upserts of Bulk API 2.0."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from uptier.delivery import salesforce_metadata
from uptier.delivery.destination import Answer
from uptier.delivery.payload import FINGERPRINT, KEY, Payload
from uptier.delivery.salesforce_fields import NAMES, files, refusal
from uptier.delivery.salesforce_jobs import Jobs
from uptier.delivery.salesforce_login import Connection
from uptier.delivery.salesforce_preflight import account_faults, limit_faults, object_faults
from uptier.delivery.salesforce_queries import by_keys, records
from uptier.delivery_settings import SalesforceSettings
from uptier.errors import DeliveryError

# "How Requests Are Processed", Bulk API 2.0: Salesforce cuts a job into batches of 10,000 records.
BATCH_SIZE = 10_000


class SalesforceDestination:
    """Records of one object, found by the external id ``Uptier_Key__c``.

    Parameters
    ----------
    name : str
        As the project's YAML calls it.
    settings : SalesforceSettings
        Where, and which object.
    environment : mapping of str to str
        Where credentials are found, by the names in the settings.
    folder : Path
        Where :meth:`setup` writes what an administrator deploys.
    """

    whole = False
    batch_size = BATCH_SIZE

    def __init__(self, name: str, settings: SalesforceSettings, environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self._settings = settings
        self._folder = folder
        self._connection = Connection(settings, environment)
        self._jobs = Jobs(settings, self._connection)

    def __repr__(self) -> str:
        return f"SalesforceDestination({self.name!r}, {self._settings.object_name!r})"

    def preflight(self) -> list[str]:
        """Look whether rows could be taken, without sending any.

        Returns
        -------
        list of str
            What is wrong, each with what to do: objects, fields, types, lengths, permissions, limits.

        Raises
        ------
        UnreachableError
            If nobody answers in time.
        DeliveryError
            If uptier is not let in.
        """
        settings = self._settings
        faults = []
        for name, look in ((settings.object_name, object_faults), ("Account", account_faults)):
            described = self._described(name)
            faults += (
                look(described, settings)
                if described is not None
                else [
                    f"{name} is missing, or hidden from the integration user. Deploy what `uptier deliver --setup` "
                    "writes, and assign the permission set Uptier_Delivery."
                ]
            )
        return faults + limit_faults(self._limits())

    def setup(self) -> list[str]:
        """Write a package of metadata for an administrator to deploy; nothing is called.

        Returns
        -------
        list of str
            Which files were written; empty if they were there already.

        Raises
        ------
        StoreError
            If the folder cannot be written.
        """
        return salesforce_metadata.write(self._settings, self._folder)

    def held(self) -> Mapping[str, str]:
        """Say which of our rows are there.

        Returns
        -------
        mapping of str to str
            Key to fingerprint, of open and closed rows.

        Raises
        ------
        UnreachableError
            If nobody answers, or a limit is reached.
        DeliveryError
            If trying again would not help.
        """
        return self._asked(f"{self._select()} WHERE {NAMES[KEY]} != null")

    def fingerprints(self, keys: Iterable[str]) -> Mapping[str, str]:
        """Say as what some rows are there.

        Parameters
        ----------
        keys : iterable of str
            At most a batch.

        Returns
        -------
        mapping of str to str
            Key to fingerprint; without those that are not there.

        Raises
        ------
        UnreachableError
            If nobody answers, or a limit is reached.
        DeliveryError
            If trying again would not help.
        """
        wanted = list(dict.fromkeys(keys))
        found: dict[str, str] = {}
        for query in by_keys(self._select(), wanted):
            found |= self._asked(query)
        # a field that is not case-sensitive finds other keys too
        return {key: found[key] for key in wanted if key in found}

    def send(self, batch: Sequence[Payload]) -> list[Answer]:
        """Upsert rows, each over its own record; the same row twice changes nothing.

        Parameters
        ----------
        batch : sequence of Payload
            At most `batch_size`, each key once.

        Returns
        -------
        list of Answer
            One for each row that Salesforce told of; what became of others is not known.

        Raises
        ------
        UnreachableError
            If nobody answers, a limit is reached, or it is not known what became of a job.
        DeliveryError
            If trying again would not help.
        """
        refused = {row.key: why for row in batch if (why := refusal(row))}
        answers = [Answer(key=key, ok=False, said=why) for key, why in refused.items()]
        for text in files([row for row in batch if row.key not in refused], self._settings):
            answers += self._jobs.upsert(text)
        return answers

    def _described(self, name: str) -> Any:
        try:
            return self._connection.call(
                f"reading the description of {name}", lambda client: getattr(client, name).describe()
            )
        except DeliveryError as error:
            if error.found.startswith("HTTP 404"):
                return None
            raise

    def _limits(self) -> Mapping[str, Any]:
        try:
            return dict(self._connection.call("reading limits", lambda client: client.limits()))
        except DeliveryError as error:
            # told only to users with View Setup and Configuration: rows can be sent without
            if error.found.startswith("HTTP 403") and "LIMIT" not in error.found:
                return {}
            raise

    def _select(self) -> str:
        return f"SELECT {NAMES[KEY]}, {NAMES[FINGERPRINT]} FROM {self._settings.object_name}"

    def _asked(self, query: str) -> dict[str, str]:
        found = records(self._connection, query, "reading our rows")
        return {str(one[NAMES[KEY]]): str(one[NAMES[FINGERPRINT]] or "") for one in found}
