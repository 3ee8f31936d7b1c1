"""MLflow: a training run written down, the model registered, the champion found again.

Everything lies in the project's store (a SQLite file and a folder of artifacts) unless the YAML names a server. A model
is logged first, then read back, and registered only if what was stored carries its signature: a model without one
accepts any columns.

The package itself is stored beside the model: uptier need not be on an index for a serving process to load it, and a
model keeps the code that formed it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import urllib.parse
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from uptier.errors import StoreError, TrainingError
from uptier.model.bundle import Bundle
from uptier.training import record
from uptier.training.store import require_database, require_writable

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models import ModelSignature
    from mlflow.models.model import ModelInfo
    from mlflow.types.schema import ColSpec, TensorSpec

    from uptier.settings import Settings
    from uptier.training.training import Trained

CHAMPION = "champion"
DATABASE = "mlflow.db"
ARTIFACTS = "mlflow-artifacts"
SERVED = "served_model.py"
MODEL = "model"  # name of the logged model
BUNDLE = "bundle"  # name of its artifact
REQUIREMENTS = ("lightgbm", "mlflow", "numpy", "pandas")  # what a bundle needs to score

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # a server that is away is said so within seconds, not after minutes of retries
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}


@dataclass(frozen=True, kw_only=True)
class Registered:
    """Where a trained bundle went.

    Attributes
    ----------
    run_id : str
        The MLflow run.
    name : str
        Registered name of the model.
    version : str
        Its version.
    alias : str or None
        ``champion``, or None where the gate refused.
    """

    run_id: str
    name: str
    version: str
    alias: str | None


def log_and_register(trained: Trained, settings: Settings) -> Registered:
    """Write a training run down and register its bundle; make it the champion if the gate lets it.

    Parameters
    ----------
    trained : Trained
        What was learnt and how it was judged.
    settings : Settings
        The project.

    Returns
    -------
    Registered
        Run, version and alias.

    Raises
    ------
    TrainingError
        If the model was stored without its signature; it is then not registered.
    StoreError
        If the store cannot be written or the server does not answer.
    """
    if settings.mlflow.uri is None:
        require_writable(settings.store)  # before seconds are spent on figures
    drawn = record.files(trained, settings)
    with _connected(settings, writes=True) as client:
        import mlflow

        experiment = _experiment(client, settings)
        with mlflow.start_run(experiment_id=experiment, run_name=trained.bundle.trained_at_as_of.isoformat()) as run:
            mlflow.log_params(record.parameters(trained, settings))
            mlflow.log_metrics(record.metrics(trained))
            mlflow.set_tags(record.tags(trained))
            _log_files(drawn)
            logged = _log_model(trained.bundle)
        _require_signature(logged.model_uri, trained.bundle)
        _ensure_registered(client, settings.mlflow.model)
        made = client.create_model_version(
            settings.mlflow.model,
            logged.model_uri,
            run.info.run_id,
            model_id=logged.model_id,
            tags=record.tags(trained),
        )
        if trained.promoted:
            client.set_registered_model_alias(settings.mlflow.model, CHAMPION, made.version)
        return Registered(
            run_id=run.info.run_id,
            name=settings.mlflow.model,
            version=str(made.version),
            alias=CHAMPION if trained.promoted else None,
        )


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
        If what is stored is damaged.
    """
    if settings.mlflow.uri is None and not (settings.store / DATABASE).exists():
        return None  # a first look must not build a database
    with _connected(settings, writes=False) as client:
        from mlflow import MlflowException

        try:
            found = client.get_model_version_by_alias(settings.mlflow.model, CHAMPION)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise
        return _downloaded(f"models:/{settings.mlflow.model}/{found.version}"), str(found.version)


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
    with _connected(settings, writes=False) as client:
        found: str | None = client.get_model_version(settings.mlflow.model, number).run_id
        return found


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
    """
    name = settings.mlflow.model
    with _connected(settings, writes=False) as client:
        from mlflow import MlflowException

        try:
            client.get_model_version(name, number)
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                raise StoreError(
                    f"The model '{name}' has no version {number}.", do="See which there are with 'mlflow ui'."
                ) from None
            raise
        return _downloaded(f"models:/{name}/{number}")


@contextlib.contextmanager
def _connected(settings: Settings, *, writes: bool) -> Iterator[MlflowClient]:
    # errors are said in our words: the library's quote the address, which may hold a password
    if settings.mlflow.uri is None:
        if writes:
            require_writable(settings.store)
        require_database(settings.store / DATABASE)
    _quieten()
    import mlflow
    from mlflow import MlflowClient
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    uri = settings.mlflow.uri or f"sqlite:///{settings.store.absolute() / DATABASE}"
    try:
        with _pointed_at(uri):
            yield MlflowClient(tracking_uri=uri, registry_uri=uri)
    except (mlflow.MlflowException, RequestException, SQLAlchemyError, OSError) as error:
        code = getattr(error, "error_code", None)
        raise StoreError(
            f"MLflow at {_told(uri, settings)} cannot be {'written' if writes else 'read'}.",
            found=f"{type(error).__name__}{f' ({code})' if code else ''}",
            do="Check that the server answers and takes your credentials."
            if settings.mlflow.uri
            else "Check the rights to that folder and the space left on its disk.",
        ) from error


@contextlib.contextmanager
def _pointed_at(uri: str) -> Iterator[None]:
    # these are global; a notebook may have its own
    import mlflow

    names = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")  # MLflow writes what is set into these too
    before = {name: os.environ.get(name) for name in names}
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(None)  # type: ignore[arg-type]  # what unsets it
        mlflow.set_registry_uri(None)  # type: ignore[arg-type]  # what unsets it
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _quieten() -> None:
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        # mlflow warns of type hints in its own files while it is imported
        warnings.simplefilter("ignore")
        import mlflow
        import mlflow.pyfunc
    for name in (mlflow.__name__, "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _ensure_registered(client: MlflowClient, name: str) -> None:
    from mlflow import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _experiment(client: MlflowClient, settings: Settings) -> str:
    name = settings.mlflow.experiment or settings.project
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    # without a location MLflow writes into the current directory
    place = None if settings.mlflow.uri else (settings.store.absolute() / ARTIFACTS).as_uri()
    return str(client.create_experiment(name, artifact_location=place))


def _log_files(files: dict[str, bytes]) -> None:
    import mlflow

    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder) / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        mlflow.log_artifacts(folder)


def _log_model(bundle: Bundle) -> ModelInfo:
    import mlflow

    here = Path(__file__)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # it asks for an example of the input: that would be rows of customers
        warnings.simplefilter("ignore", UserWarning)
        logged: ModelInfo = mlflow.pyfunc.log_model(
            name=MODEL,
            python_model=str(here.with_name(SERVED)),
            artifacts={BUNDLE: str(bundle.save(Path(folder) / BUNDLE))},
            signature=signature(bundle),
            pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
            code_paths=[str(here.parents[1])],
        )
        return logged


def signature(bundle: Bundle) -> ModelSignature:
    """Say which columns the served model takes and gives.

    Parameters
    ----------
    bundle : Bundle
        The model.

    Returns
    -------
    ModelSignature
        Doubles for numbers, since whole-number columns refuse NaN, and strings for categories. Columns are optional to
        MLflow, whose own refusal does not say which is missing: the bundle refuses, and names it.
    """
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, DataType, Schema

    inputs: list[ColSpec | TensorSpec] = [
        ColSpec(DataType.string if one.is_category else DataType.double, name=one.name, required=False)
        for one in bundle.signals
    ]
    outputs: list[ColSpec | TensorSpec] = [ColSpec(DataType.double, name=outcome) for outcome in bundle.heads]
    return ModelSignature(inputs=Schema(inputs), outputs=Schema(outputs))


def _require_signature(model_uri: str, bundle: Bundle) -> None:
    from mlflow.models import get_model_info

    stored = get_model_info(model_uri).signature
    if stored is None or stored.inputs is None or stored.inputs.input_names() != [one.name for one in bundle.signals]:
        raise TrainingError(
            "The model was logged, but MLflow stored it without the signature of its signals; it was not registered.",
            found="no signature" if stored is None or stored.inputs is None else "other columns in it",
            do="Train again; if this remains, compare the installed mlflow with requirements.lock.",
        )


def _downloaded(model_uri: str) -> Bundle:
    import mlflow

    with tempfile.TemporaryDirectory() as folder:
        place = mlflow.artifacts.download_artifacts(f"{model_uri}/artifacts/{BUNDLE}", dst_path=folder)
        return Bundle.load(place)


def _told(uri: str, settings: Settings) -> str:
    if settings.mlflow.uri is None:
        return str(settings.store / DATABASE)
    parts = urllib.parse.urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
