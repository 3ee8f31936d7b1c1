"""Which class carries to which kind of destination."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from uptier.delivery_settings import (
    DatabaseSettings,
    DestinationSettings,
    DigestSettings,
    FilesSettings,
    SalesforceSettings,
)

if TYPE_CHECKING:
    from uptier.delivery.destination import Destination


def destination_of(
    name: str, settings: DestinationSettings, environment: Mapping[str, str], *, store: Path
) -> Destination:
    """Give a destination; nothing is connected yet.

    Parameters
    ----------
    name : str
        As the project's YAML calls it.
    settings : DestinationSettings
        Its part of the YAML.
    environment : mapping of str to str
        Where credentials are looked up.
    store : Path
        The project's store: below it stands what a destination itself cannot hold.

    Returns
    -------
    Destination
        Of the kind that the settings are of.

    Raises
    ------
    DeliveryError
        If the client of that kind is not installed.
    """
    kept = store / "delivery" / name
    if isinstance(settings, FilesSettings):
        from uptier.delivery.files import Files

        return Files(name, settings, environment)
    if isinstance(settings, DigestSettings):
        from uptier.delivery.digest import Digest

        return Digest(name, settings, environment, kept)
    if isinstance(settings, DatabaseSettings):
        from uptier.delivery.database import Database

        return Database(name, settings, environment)
    if isinstance(settings, SalesforceSettings):
        from uptier.delivery.salesforce import SalesforceDestination

        return SalesforceDestination(name, settings, environment, kept)
    from uptier.delivery.hubspot import HubspotDestination

    return HubspotDestination(name, settings, environment)
