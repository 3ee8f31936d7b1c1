"""The destinations and the ledger of a project: made ready, looked at, asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from uptier.delivery.ledger import Entry, Ledger
from uptier.delivery.registry import destination_of
from uptier.errors import DeliveryError, did_you_mean

if TYPE_CHECKING:
    from uptier.delivery_settings import DestinationSettings
    from uptier.settings import Settings

FOLDER, LEDGER = "delivery", "ledger.db"  # below the store


def set_up(settings: Settings, *, environment: Mapping[str, str], to: str | None = None) -> dict[str, list[str]]:
    """Make what destinations need: a table, properties, or metadata to deploy.

    Parameters
    ----------
    settings : Settings
        The project.
    environment : mapping of str to str
        Where credentials are looked up.
    to : str, optional
        One destination; all by default.

    Returns
    -------
    dict of str to list of str
        By destination what was made, in words.
    """
    found = asked(settings, to)
    return {name: destination_of(name, one, environment, store=settings.store).setup() for name, one in found.items()}


def preflight(settings: Settings, *, environment: Mapping[str, str], to: str | None = None) -> dict[str, list[str]]:
    """Look whether destinations could take rows, without sending any.

    Parameters
    ----------
    settings : Settings
        The project.
    environment : mapping of str to str
        Where credentials are looked up.
    to : str, optional
        One destination; all by default.

    Returns
    -------
    dict of str to list of str
        By destination what is wrong, each with what to do.
    """
    found = asked(settings, to)
    return {
        name: destination_of(name, one, environment, store=settings.store).preflight() for name, one in found.items()
    }


def told_about(settings: Settings, account_id: str, *, environment: Mapping[str, str]) -> list[Entry]:
    """Say what was told about an account: to whom, when, and from which model.

    Parameters
    ----------
    settings : Settings
        The project.
    account_id : str
        The account.
    environment : mapping of str to str
        Where the ledger's address is looked up.

    Returns
    -------
    list of Entry
        Newest first.
    """
    ledger = ledger_of(settings, environment, only_if_there=True)  # a question begins none
    return [] if ledger is None else ledger.history(account_id)


def asked(settings: Settings, to: str | None) -> dict[str, DestinationSettings]:
    """Give the destinations that are asked for.

    Parameters
    ----------
    settings : Settings
        The project.
    to : str or None
        One of them; None for all.

    Returns
    -------
    dict of str to DestinationSettings
        By name.

    Raises
    ------
    DeliveryError
        If there is none, or none of that name.
    """
    known = settings.delivery.destinations
    if not known:
        raise DeliveryError(
            f"The project {settings.project} has no destination.",
            do="List one under 'delivery: destinations:' in its YAML; docs/delivery.md shows how.",
        )
    if to is None:
        return dict(known)
    if to not in known:
        raise DeliveryError(f"There is no destination '{to}'.", do=did_you_mean(to, sorted(known)))
    return {to: known[to]}


def begun_ledger(settings: Settings, environment: Mapping[str, str]) -> Ledger:
    """Give the project's ledger, begun where there is none.

    Parameters
    ----------
    settings : Settings
        The project.
    environment : mapping of str to str
        Where its address is looked up.

    Returns
    -------
    Ledger
        Open.
    """
    return cast("Ledger", ledger_of(settings, environment))


def ledger_of(settings: Settings, environment: Mapping[str, str], *, only_if_there: bool = False) -> Ledger | None:
    """Give the project's ledger.

    Parameters
    ----------
    settings : Settings
        The project.
    environment : mapping of str to str
        Where its address is looked up.
    only_if_there : bool
        Whether a ledger that was never written is not begun.

    Returns
    -------
    Ledger or None
        None where nothing was ever delivered and none is to be begun.
    """
    address = environment.get(settings.delivery.ledger_env)
    if not address:
        path = settings.store / FOLDER / LEDGER
        if only_if_there and not path.is_file():
            return None
        path.parent.mkdir(parents=True, exist_ok=True)
        address = f"sqlite:///{path}"
    return Ledger(address, settings.project)
