"""The model in MLflow's own form: a bundle, the file that serves it, its signature, and the code that reads it.

The package is stored beside the model, as one archive that Python imports from: uptier need not be on an index for a
serving process to load it, a model keeps the code that formed it, and a server is sent one file instead of hundreds.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import urllib.parse
import urllib.request
import warnings
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from uptier.training.connection import best_effort
from uptier.training.record import BUNDLE, CODE

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel, Run
    from mlflow.models import ModelSignature
    from mlflow.models.model import ModelInfo
    from mlflow.types.schema import ColSpec, TensorSpec

    from uptier.model.bundle import Bundle

SERVED = "served_model.py"
MODEL = "model"  # name of the logged model
PACKAGE = Path(__file__).parents[1]
REQUIREMENTS = ("lightgbm", "mlflow", "numpy", "pandas")  # what a bundle needs to score
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # of every file in an archive: the same code gives the same bytes


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


@contextlib.contextmanager
def model_logged(client: MlflowClient, run: Run, bundle: Bundle) -> Iterator[ModelInfo]:
    """Log a bundle as a model of a run; if what follows fails, it is taken away again.

    Parameters
    ----------
    client : MlflowClient
        A connection.
    run : Run
        The run that trained it.
    bundle : Bundle
        What was trained.

    Yields
    ------
    ModelInfo
        Where it is.
    """
    model = client.create_logged_model(run.info.experiment_id, name=MODEL, source_run_id=run.info.run_id)
    with contextlib.ExitStack() as stack:
        stack.callback(_unlogged, client, model)
        yield _log_model(model, bundle)
        stack.pop_all()


def _log_model(model: LoggedModel, bundle: Bundle) -> ModelInfo:
    import mlflow
    from mlflow.models import Model

    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
        folder = Path(place)
        # it asks for an example of the input: that would be rows of customers
        warnings.simplefilter("ignore", UserWarning)
        # not pyfunc.log_model, which logs to whatever run is open
        logged: ModelInfo = Model.log(
            artifact_path=None,
            name=MODEL,
            flavor=mlflow.pyfunc,
            run_id=model.source_run_id,
            model_id=model.model_id,
            python_model=str(Path(__file__).with_name(SERVED)),
            artifacts={BUNDLE: str(bundle.save(folder / BUNDLE)), CODE: str(_packed(folder / f"{CODE}.zip"))},
            signature=signature(bundle),
            pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
        )
        return logged


def _packed(archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(PACKAGE.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                entry = zipfile.ZipInfo(path.relative_to(PACKAGE.parent).as_posix(), FIRST_DAY)
                packed.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return archive


def _unlogged(client: MlflowClient, model: LoggedModel) -> None:
    # files first: on a full disk a database can only be written once there is room again
    parts = urllib.parse.urlsplit(model.artifact_location)
    if parts.scheme == "file":
        shutil.rmtree(urllib.request.url2pathname(parts.path), ignore_errors=True)
    with best_effort():
        client.delete_logged_model(model.model_id)
