"""What the registry holds: versions by number or alias, their bundles, and copies of them for use without MLflow."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from uptier.errors import ModelError, StoreError
from uptier.model.bundle import Bundle
from uptier.model.storage import read_text, written_whole
from uptier.training.connection import ABSENT, connected, has_store
from uptier.training.logged_model import signature
from uptier.training.record import BUNDLE, CARD, CATALOGUE

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

    from uptier.settings import Settings

CHAMPION = "champion"  # alias of the version that scores
EXPORTED = "models"  # folder of the store for versions that were exported


def load_champion(settings: Settings) -> tuple[Bundle, str] | None:
    """Find the bundle that scores.

    Parameters
    ----------
    settings : Settings
        The project.

    Returns
    -------
    tuple of Bundle and str, or None
        With its version; None where nothing was promoted yet.

    Raises
    ------
    StoreError
        If the store cannot be read or the server does not answer.
    ModelError
        If what is stored is damaged, or is no model of uptier.
    """
    if not has_store(settings):
        return None  # a first look must not build a database
    with connected(settings, writes=False) as client:
        champion = aliased(client, settings.mlflow.model, CHAMPION)
        if champion is None:
            return None
        return bundle_of(client.get_model_version(settings.mlflow.model, champion)), champion


def load_version(settings: Settings, number: str) -> Bundle:
    """Load a registered version.

    Parameters
    ----------
    settings : Settings
        The project.
    number : str
        The version.

    Returns
    -------
    Bundle
        As it was trained.

    Raises
    ------
    StoreError
        If there is no such version, the store cannot be read or the server does not answer.
    ModelError
        If what is stored is damaged, or is no model of uptier.
    """
    with connected(settings, writes=False) as client:
        return bundle_of(version_of(client, settings.mlflow.model, number))


def run_of(settings: Settings, number: str) -> str | None:
    """Find the run that trained a registered version.

    Parameters
    ----------
    settings : Settings
        The project.
    number : str
        The version.

    Returns
    -------
    str or None
        The run's id; None where the version names none.

    Raises
    ------
    StoreError
        If the store cannot be read or the server does not answer.
    """
    with connected(settings, writes=False) as client:
        return version_of(client, settings.mlflow.model, number).run_id or None


def export(settings: Settings, version: str, folder: Path | None = None) -> Path:
    """Copy a version out of MLflow, for use without it.

    Parameters
    ----------
    settings : Settings
        The project.
    version : str
        The version.
    folder : Path, optional
        Where to; a folder ``models/NAME-vVERSION`` of the store by default. One that is there is replaced.

    Returns
    -------
    Path
        The folder: the bundle, which :meth:`Bundle.load` reads, and its model card, whole or not at all.

    Raises
    ------
    StoreError
        If there is no such version, or the folder cannot be written.
    ModelError
        If what is stored is damaged, or is no model of uptier.
    """
    name = settings.mlflow.model
    with connected(settings, writes=False) as client, tempfile.TemporaryDirectory() as place:
        import mlflow

        asked = version_of(client, name, version)
        bundle_of(asked)  # nothing damaged is exported
        bundle = Path(mlflow.artifacts.download_artifacts(f"{_uri(asked)}/artifacts/{BUNDLE}", dst_path=place))
        card = Path(mlflow.artifacts.download_artifacts(run_id=asked.run_id, artifact_path=CARD, dst_path=place))
        files = {path.name: read_text(path) for path in (*sorted(bundle.iterdir()), card)}
    return written_whole(files, folder or settings.store / EXPORTED / f"{name}-v{asked.version}")


def version_of(client: MlflowClient, name: str, number: str) -> ModelVersion:
    """Find a registered version.

    Parameters
    ----------
    client : MlflowClient
        A connection.
    name : str
        Registered name.
    number : str
        The version.

    Returns
    -------
    ModelVersion
        With its tags.

    Raises
    ------
    StoreError
        If there is none.
    """
    from mlflow import MlflowException

    try:
        return client.get_model_version(name, number)
    except MlflowException as error:
        if error.error_code in ABSENT:
            raise no_version(name, number) from None
        raise


def no_version(name: str, number: str) -> StoreError:
    """Give the error that says that there is no such version.

    Parameters
    ----------
    name : str
        Registered name.
    number : str
        The version.

    Returns
    -------
    StoreError
        To be raised.
    """
    return StoreError(f"The model '{name}' has no version {number}.", do="See which there are with 'mlflow ui'.")


def aliased(client: MlflowClient, name: str, alias: str) -> str | None:
    """Find the version that has an alias.

    Parameters
    ----------
    client : MlflowClient
        A connection.
    name : str
        Registered name.
    alias : str
        ``champion`` or ``challenger``.

    Returns
    -------
    str or None
        None where no version has it.
    """
    from mlflow import MlflowException

    try:
        return str(client.get_model_version_by_alias(name, alias).version)
    except MlflowException as error:
        if error.error_code in ABSENT:
            return None
        raise


def bundle_of(asked: ModelVersion) -> Bundle:
    """Read the bundle of a version, within a connection.

    Parameters
    ----------
    asked : ModelVersion
        Which.

    Returns
    -------
    Bundle
        As it was trained.

    Raises
    ------
    ModelError
        If what is stored is damaged, or is no model of uptier.
    """
    import mlflow

    if CATALOGUE not in asked.tags:
        raise _foreign(asked, "a version that uptier did not register")
    with tempfile.TemporaryDirectory() as folder:
        bundle = Bundle.load(mlflow.artifacts.download_artifacts(f"{_uri(asked)}/artifacts/{BUNDLE}", dst_path=folder))
    apart = differing(_uri(asked), bundle)
    if apart:
        raise _foreign(asked, f"{apart.removesuffix(' in it')} in its signature")
    return bundle


def differing(model_uri: str, bundle: Bundle) -> str | None:
    """Say how the signature of a stored model differs from that of its bundle.

    Parameters
    ----------
    model_uri : str
        Where MLflow has it.
    bundle : Bundle
        What it should be.

    Returns
    -------
    str or None
        None if it does not.
    """
    from mlflow.models import get_model_info

    stored = get_model_info(model_uri).signature
    if stored is None or stored.inputs is None:
        return "no signature"
    if stored.inputs != signature(bundle).inputs:
        return "other columns in it"
    return None if stored.outputs == signature(bundle).outputs else "other outcomes in it"


def _uri(asked: ModelVersion) -> str:
    return f"models:/{asked.name}/{asked.version}"


def _foreign(asked: ModelVersion, found: str) -> ModelError:
    return ModelError(
        f"Version {asked.version} of '{asked.name}' in MLflow is no model of uptier.",
        found=found,
        do=f"Somebody registered it under that name. Promote one of ours with 'uptier promote', or give the project a "
        f"name of its own under mlflow.model; '{asked.name}' is taken.",
    )
