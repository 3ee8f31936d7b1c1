"""Tuning written down in MLflow: one run for the search of an outcome, and below it one for each trial.

A trial's run begins before its trees are grown, so that what was killed is seen as such; the search itself goes by
Optuna's database alone. Each step connects by itself: between two steps there are minutes of growing trees.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from uptier.training.connection import ABSENT, address, artifact_location, connected
from uptier.training.store import require_writable

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from uptier.settings import Settings

TAG = "tuning"


def search_began(
    settings: Settings, outcome: str, *, known: str | None, parameters: Mapping[str, object], study: str
) -> str:
    """Begin the run of a search, or go on with the one that was begun.

    Parameters
    ----------
    settings : Settings
        The project.
    outcome : str
        For which trees are sought.
    known : str or None
        Run of the same search, where there was one.
    parameters : mapping of str to object
        What the search goes by.
    study : str
        Its name in Optuna's database.

    Returns
    -------
    str
        Id of the run; a new one where the known one is gone.

    Raises
    ------
    StoreError
        If MLflow cannot be reached or written.
    """
    if address(settings, os.environ) is None:
        require_writable(settings.store)
    with connected(settings, writes=True) as client:
        if known is not None and _is_there(client, known):
            client.update_run(known, status="RUNNING")
            return known
        tags = {TAG: "true", "outcome": outcome, "project": settings.project, "optuna.study": study}
        run = client.create_run(_experiment(client, settings), run_name=f"tuning {outcome}", tags=tags)
        _log(client, run.info.run_id, parameters, {})
        return str(run.info.run_id)


def trial_began(settings: Settings, parent: str, *, number: int, parameters: Mapping[str, object]) -> str:
    """Begin the run of a trial.

    Parameters
    ----------
    settings : Settings
        The project.
    parent : str
        Run of the search.
    number : int
        Of the trial.
    parameters : mapping of str to object
        The trees that are tried.

    Returns
    -------
    str
        Id of the run.

    Raises
    ------
    StoreError
        If MLflow cannot be reached or written.
    """
    with connected(settings, writes=True) as client:
        above = client.get_run(parent)
        tags = {"mlflow.parentRunId": parent, TAG: "true", "outcome": above.data.tags["outcome"]}
        tags["project"] = settings.project
        run = client.create_run(above.info.experiment_id, run_name=f"trial {number}", tags=tags)
        _log(client, run.info.run_id, parameters, {})
        return str(run.info.run_id)


def run_ended(
    settings: Settings,
    run_id: str,
    *,
    metrics: Mapping[str, float],
    status: str = "FINISHED",
    tags: Mapping[str, str] | None = None,
) -> None:
    """End the run of a trial or of a search.

    Parameters
    ----------
    settings : Settings
        The project.
    run_id : str
        The run; one that is gone is left alone.
    metrics : mapping of str to float
        What came of it.
    status : str
        ``FINISHED``, or ``KILLED`` for a trial that never ended.
    tags : mapping of str to str, optional
        More to say.

    Raises
    ------
    StoreError
        If MLflow cannot be reached or written.
    """
    with connected(settings, writes=True) as client:
        if not _is_there(client, run_id):
            return
        for name, value in (tags or {}).items():
            client.set_tag(run_id, name, value)
        _log(client, run_id, {}, metrics)
        client.set_terminated(run_id, status)


def _experiment(client: MlflowClient, settings: Settings) -> str:
    name = settings.mlflow.experiment or settings.project
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    return str(client.create_experiment(name, artifact_location=artifact_location(settings)))


def _is_there(client: MlflowClient, run_id: str) -> bool:
    from mlflow import MlflowException

    try:
        return bool(client.get_run(run_id).info.lifecycle_stage == "active")
    except MlflowException as error:
        if error.error_code not in ABSENT:
            raise
        return False


def _log(client: MlflowClient, run_id: str, parameters: Mapping[str, object], metrics: Mapping[str, float]) -> None:
    from mlflow.entities import Metric, Param

    now = int(dt.datetime.now(dt.UTC).timestamp() * 1000)
    client.log_batch(
        run_id,
        params=[Param(name, str(value)) for name, value in parameters.items()],
        metrics=[Metric(name, float(value), now, 0) for name, value in metrics.items()],
    )
