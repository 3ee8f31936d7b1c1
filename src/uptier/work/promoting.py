"""Which version scores: promoting one, going back to the one before, and what happened until now."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uptier.training.audit import Event
    from uptier.work.material import Material


def promote(material: Material, version: str, *, why: str, at: dt.datetime | None = None) -> Event:
    """Make a version that passed its gate the champion.

    Parameters
    ----------
    material : Material
        The project's data; of them only the signals of today are asked for.
    version : str
        The version, as ``7`` or ``v7``.
    why : str
        The reason, for the audit.
    at : datetime, optional
        When, with its zone; now by default.

    Returns
    -------
    Event
        What was written down.

    Raises
    ------
    ModelError
        If the version did not pass its gate, or cannot score this project today.
    StoreError
        If there is no such version, or the store cannot be written.
    """
    from uptier.training import registry
    from uptier.training.audit import actor_of

    return registry.promote(
        material.settings,
        _number(version),
        why=why,
        actor=actor_of(os.environ),
        at=at or _now(),
        catalogue_hash=_catalogue_hash(material),
    )


def promote_against_the_gate(material: Material, version: str, *, why: str, at: dt.datetime | None = None) -> Event:
    """Make a version the champion although its gate refused it; the audit says so.

    Parameters
    ----------
    material : Material
        The project's data.
    version : str
        The version, as ``7`` or ``v7``.
    why : str
        The reason, for the audit.
    at : datetime, optional
        When, with its zone; now by default.

    Returns
    -------
    Event
        What was written down.

    Raises
    ------
    ModelError
        If the version cannot score this project today.
    StoreError
        If there is no such version, or the store cannot be written.
    """
    from uptier.training import registry
    from uptier.training.audit import actor_of

    return registry.promote_against_the_gate(
        material.settings,
        _number(version),
        why=why,
        actor=actor_of(os.environ),
        at=at or _now(),
        catalogue_hash=_catalogue_hash(material),
    )


def rollback(material: Material, *, why: str, at: dt.datetime | None = None) -> Event:
    """Give the champion's place back to the version that had it before.

    Parameters
    ----------
    material : Material
        The project's data.
    why : str
        The reason, for the audit.
    at : datetime, optional
        When, with its zone; now by default.

    Returns
    -------
    Event
        What was written down.

    Raises
    ------
    ModelError
        If no champion came before, or that one cannot score today.
    StoreError
        If the store cannot be written.
    """
    from uptier.training import registry
    from uptier.training.audit import actor_of

    return registry.rollback(
        material.settings,
        why=why,
        actor=actor_of(os.environ),
        at=at or _now(),
        catalogue_hash=_catalogue_hash(material),
    )


def history(material: Material) -> list[Event]:
    """Tell what happened to the project's versions.

    Parameters
    ----------
    material : Material
        The project's data, which are not asked.

    Returns
    -------
    list of Event
        In order.

    Raises
    ------
    StoreError
        If the store cannot be read, or an event was changed after it was written.
    """
    from uptier.training import registry

    return registry.history(material.settings)


def export(material: Material, version: str | None = None, folder: Path | None = None) -> Path:
    """Copy a version with its model card out of MLflow.

    Parameters
    ----------
    material : Material
        The project's data, which are not asked.
    version : str, optional
        As ``7`` or ``v7``; the champion by default.
    folder : Path, optional
        Where to; in the store under ``models`` by default.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ModelError
        If there is no champion, or what is stored is damaged.
    StoreError
        If there is no such version, or the folder cannot be written.
    """
    from uptier.errors import ModelError
    from uptier.training import versions

    if version is None:
        found = versions.load_champion(material.settings)
        if found is None:
            raise ModelError(
                f"The model '{material.settings.mlflow.model}' has no champion to export.",
                do="Name a version, or train one with 'uptier train'.",
            )
        version = found[1]
    return versions.export(material.settings, _number(version), folder)


def _number(version: str) -> str:
    return version.strip().removeprefix("v")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _catalogue_hash(material: Material) -> str:
    return material.catalog.fingerprint(material.settings.thresholds)
