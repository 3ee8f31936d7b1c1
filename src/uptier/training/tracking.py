"""A training run written down in MLflow, and its model registered.

One run is the training; below it each head has a run of its own, with its parameters, figures and a description of the
rows it was learnt from. Everything lies in the project's store (a SQLite file and a folder of artifacts) unless a
server is named. A model is logged first, then read back, and registered only if what was stored carries its signature:
a model without one accepts any columns. If anything fails, the runs are marked as failed and nothing stays registered.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from uptier.errors import TrainingError
from uptier.training import record, registry
from uptier.training.audit import actor_of
from uptier.training.card import NOTHING_MORE, Evidence, short_card
from uptier.training.connection import address, artifact_location, best_effort, connected
from uptier.training.logged_model import model_logged
from uptier.training.store import require_writable
from uptier.training.versions import CHAMPION, aliased, differing, load_champion, load_version, run_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.models.model import ModelInfo

    from uptier.model.bundle import Bundle
    from uptier.settings import Settings
    from uptier.training.training import Trained

__all__ = ["Registered", "load_champion", "load_version", "log_and_register", "run_of"]

PARAMETERS_AT_ONCE = 100  # the most that MLflow takes in one request
METRICS_AT_ONCE = 1000


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
    alias : str
        ``champion``, or ``challenger`` where the gate refused.
    """

    run_id: str
    name: str
    version: str
    alias: str


def log_and_register(
    trained: Trained,
    settings: Settings,
    *,
    actor: str | None = None,
    at: dt.datetime | None = None,
    evidence: Evidence = NOTHING_MORE,
) -> Registered:
    """Write a training run down and register its bundle; make it the champion if the gate lets it.

    Parameters
    ----------
    trained : Trained
        What was learnt and how it was judged.
    settings : Settings
        The project.
    actor : str, optional
        Who trained it, for the audit; by default what the environment says.
    at : datetime, optional
        When, with its zone; now by default.
    evidence : Evidence, optional
        What else the model card tells.

    Returns
    -------
    Registered
        Run, version and alias.

    Raises
    ------
    TrainingError
        If the model was stored without its signature; it is then not registered.
    StoreError
        If the store cannot be written or the server does not answer; nothing is then registered.
    """
    actor = actor or actor_of(os.environ)
    at = at or dt.datetime.now(dt.UTC)
    if address(settings, os.environ) is None:
        require_writable(settings.store)  # before seconds are spent on figures
    drawn = record.files(trained, settings, evidence)
    with connected(settings, writes=True) as client:
        experiment = _experiment(client, settings)
        named = {"mlflow.note.content": short_card(trained, settings), **record.tags(trained)}
        with _run(client, experiment, trained.bundle.trained_at_as_of.isoformat(), named) as run:
            run_id = run.info.run_id
            with (
                # before the metrics: MLflow would ask for the history of each, hundreds of times
                model_logged(client, run, trained.bundle) as logged,
                _heads_logged(client, run, drawn, trained=trained, settings=settings) as heads,
            ):
                _log_values(client, run_id, record.parameters(trained, settings), record.metrics(trained))
                _log_files(client, run_id, drawn)
                _require_signature(logged.model_uri, trained.bundle)
                with _version_made(client, logged, run_id, trained=trained, settings=settings) as made:
                    for tag, value in record.head_tags(trained, str(made.version)).items():
                        client.set_model_version_tag(made.name, made.version, tag, value)
                    alias = registry.enter(client, made, passed=trained.promoted, why=_why(trained), actor=actor, at=at)
                    for finished in (*heads, run_id):
                        client.set_terminated(finished, "FINISHED")
                    client.set_registered_model_alias(made.name, alias, made.version)  # nothing may fail after this
        return Registered(run_id=run_id, name=made.name, version=str(made.version), alias=alias)


def _why(trained: Trained) -> str:
    if trained.promoted:
        return f"passed the gate with: {', '.join(trained.bundle.fitted)}"
    return " ".join(trained.refused_because)


def _experiment(client: MlflowClient, settings: Settings) -> str:
    name = settings.mlflow.experiment or settings.project
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    return str(client.create_experiment(name, artifact_location=artifact_location(settings)))


@contextlib.contextmanager
def _run(client: MlflowClient, experiment: str, name: str, tags: Mapping[str, str]) -> Iterator[Run]:
    # not MLflow's own context: a notebook may have a run of its own open, and a full disk must not hide what went
    # wrong; what is well is finished by the caller
    run = client.create_run(experiment, run_name=name, tags=dict(tags))
    with contextlib.ExitStack() as stack:
        stack.callback(_failed, client, run.info.run_id)
        yield run
        stack.pop_all()


def _failed(client: MlflowClient, run_id: str) -> None:
    with best_effort():
        client.set_terminated(run_id, "FAILED")


@contextlib.contextmanager
def _heads_logged(
    client: MlflowClient, parent: Run, drawn: Mapping[str, bytes], *, trained: Trained, settings: Settings
) -> Iterator[list[str]]:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    with contextlib.ExitStack() as stack:
        logged = []
        for outcome in trained.judgements:
            tags = {"mlflow.parentRunId": parent.info.run_id, "outcome": outcome, "project": trained.bundle.project}
            run_id = stack.enter_context(_run(client, parent.info.experiment_id, outcome, tags)).info.run_id
            parameters = record.head_parameters(trained, settings, outcome)
            _log_values(client, run_id, parameters, record.head_metrics(trained, outcome))
            inputs = [
                DatasetInput(
                    # what code formed from tables: MLflow knows no kind of source that is nearer
                    Dataset(one.name, one.digest, "code", one.source, schema=one.schema, profile=one.profile),
                    tags=[InputTag("mlflow.data.context", one.context)],
                )
                for one in record.rows(trained, outcome)
            ]
            if inputs:
                client.log_inputs(run_id, datasets=inputs)
            _log_files(client, run_id, record.head_files(drawn, trained, outcome))
            logged.append(run_id)
        yield logged


def _log_values(
    client: MlflowClient, run_id: str, parameters: Mapping[str, object], metrics: Mapping[str, float]
) -> None:
    from mlflow.entities import Metric, Param

    now = int(dt.datetime.now(dt.UTC).timestamp() * 1000)
    params = [Param(name, str(value)) for name, value in parameters.items()]
    figured = [Metric(name, float(value), now, 0) for name, value in metrics.items()]
    for first in range(0, len(params), PARAMETERS_AT_ONCE):
        client.log_batch(run_id, params=params[first : first + PARAMETERS_AT_ONCE])
    for first in range(0, len(figured), METRICS_AT_ONCE):
        client.log_batch(run_id, metrics=figured[first : first + METRICS_AT_ONCE])


def _log_files(client: MlflowClient, run_id: str, files: Mapping[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder) / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        client.log_artifacts(run_id, folder)


@contextlib.contextmanager
def _version_made(
    client: MlflowClient, logged: ModelInfo, run_id: str, *, trained: Trained, settings: Settings
) -> Iterator[ModelVersion]:
    name = settings.mlflow.model
    with contextlib.ExitStack() as stack:
        if _is_new(client, name):
            stack.callback(_unregistered, client, name)
        made = client.create_model_version(
            name,
            logged.model_uri,
            run_id,
            model_id=logged.model_id,
            tags=record.tags(trained),
            description=short_card(trained, settings),
        )
        stack.callback(_unmade, client, made)
        yield made
        stack.pop_all()


def _is_new(client: MlflowClient, name: str) -> bool:
    from mlflow import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        return False
    return True


def _unregistered(client: MlflowClient, name: str) -> None:
    with best_effort():
        if not client.search_model_versions(f"name = '{name}'"):
            client.delete_registered_model(name)


def _unmade(client: MlflowClient, made: ModelVersion) -> None:
    with best_effort():
        # an answer may be lost after the alias has moved
        if aliased(client, made.name, CHAMPION) != str(made.version):
            client.delete_model_version(made.name, made.version)


def _require_signature(model_uri: str, bundle: Bundle) -> None:
    apart = differing(model_uri, bundle)
    if apart:
        raise TrainingError(
            "The model was logged, but MLflow stored it without the signature of its signals; it was not registered.",
            found=apart,
            do="Train again; if this remains, compare the installed mlflow with requirements.lock.",
        )
