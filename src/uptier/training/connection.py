"""A connection to MLflow: which address, quietly, and with errors that say what a person can do.

The address is that of the project's YAML, else of MLFLOW_TRACKING_URI, else a SQLite file in the project's store.
Whatever MLflow raises is told in our words: its own quote the address, which may hold a password.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import tempfile
import urllib.parse
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from uptier.errors import StoreError
from uptier.training.store import require_database, require_writable

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from uptier.settings import Settings

DATABASE = "mlflow.db"
ARTIFACTS = "mlflow-artifacts"

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # there the command line prints its JSON
    "MLFLOW_UV_AUTO_DETECT": "false",  # a lock in the current folder is not the model's
    # a server that is away is said so within seconds, not after minutes of retries
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
SERVED_BY_HTTP = ("http", "https", "databricks", "databricks-uc", "uc")  # such a server says itself where files go
ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND")  # how stores name what is not there

CREDENTIALS = "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
REFUSED = {
    "UNAUTHENTICATED": ("the server does not take these credentials (401)", f"Set {CREDENTIALS}."),
    "PERMISSION_DENIED": (
        "these credentials lack the right to it (403)",
        f"Ask who runs the server for the right to read and write the project's experiment and model, or set other "
        f"credentials in {CREDENTIALS}.",
    ),
}


def address(settings: Settings, environment: Mapping[str, str]) -> str | None:
    """Say which tracking server a project uses.

    Parameters
    ----------
    settings : Settings
        The project; its ``mlflow.uri`` wins.
    environment : mapping of str to str
        Where MLFLOW_TRACKING_URI is looked up.

    Returns
    -------
    str or None
        None for the SQLite file in the project's store.
    """
    return settings.mlflow.uri or environment.get("MLFLOW_TRACKING_URI") or None


def has_store(settings: Settings) -> bool:
    """Say whether there is anything to look at, so that a first look builds no database.

    Parameters
    ----------
    settings : Settings
        The project.

    Returns
    -------
    bool
        True for every server.
    """
    return address(settings, os.environ) is not None or (settings.store / DATABASE).exists()


def artifact_location(settings: Settings) -> str | None:
    """Say where a new experiment keeps its files.

    Parameters
    ----------
    settings : Settings
        The project.

    Returns
    -------
    str or None
        A folder of the project's store; None where a server decides.
    """
    given = address(settings, os.environ)
    if given is not None and urllib.parse.urlsplit(given).scheme in SERVED_BY_HTTP:
        return None
    # without a location MLflow writes into the current directory
    return (settings.store.absolute() / ARTIFACTS).as_uri()


@contextlib.contextmanager
def connected(settings: Settings, *, writes: bool) -> Iterator[MlflowClient]:
    """Connect to the project's MLflow; within it, MLflow's own functions mean it too.

    Parameters
    ----------
    settings : Settings
        The project.
    writes : bool
        Whether something is to be written, for the error.

    Yields
    ------
    MlflowClient
        Of tracking and registry.

    Raises
    ------
    StoreError
        If it cannot be reached, read or written.
    """
    given = address(settings, os.environ)
    if given is None:
        if writes:
            require_writable(settings.store)
        require_database(settings.store / DATABASE)
    _quieten()
    from mlflow import MlflowClient, MlflowException
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    uri = given or f"sqlite:///{settings.store.absolute() / DATABASE}"
    try:
        if given is None and not (settings.store / DATABASE).exists():
            _build(settings.store.absolute() / DATABASE)
        with _pointed_at(uri):
            yield MlflowClient(tracking_uri=uri, registry_uri=uri)
    except (MlflowException, RequestException, SQLAlchemyError, OSError) as error:
        found, do = _reading_of(error, given)
        place = _without_credentials(given) if given else str(settings.store / DATABASE)
        raise StoreError(
            f"MLflow at {place} cannot be {'written' if writes else 'read'}.", found=found, do=do
        ) from error


@contextlib.contextmanager
def best_effort() -> Iterator[None]:
    """Tidy up after what failed: it is raised already, and that a server which is away stays untidy is no second error.

    Yields
    ------
    None
        Whatever MLflow raises within it is passed over.
    """
    from mlflow import MlflowException
    from requests import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    with contextlib.suppress(MlflowException, RequestException, SQLAlchemyError, OSError):
        yield


def _build(database: Path) -> None:
    """Make an empty database as MLflow does, by dozens of migrations, without its wait for the disk after each step.

    Seconds, in which nothing could be lost yet: it is made aside and put in its place once it is whole. Where that does
    not work, MLflow makes it itself, and says what is wrong.
    """
    from mlflow.store.db import utils
    from sqlalchemy import event
    from sqlalchemy.exc import SQLAlchemyError

    with (
        contextlib.suppress(AttributeError, OSError, SQLAlchemyError),
        tempfile.TemporaryDirectory(prefix=".", dir=database.parent) as place,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", DeprecationWarning)  # of SQLAlchemy against MLflow's migrations
        fresh = Path(place) / database.name
        engine = utils.create_sqlalchemy_engine(f"sqlite:///{fresh}")  # type: ignore[no-untyped-call]  # MLflow's own
        event.listen(engine, "connect", lambda opened, _: opened.execute("PRAGMA synchronous=OFF"))
        try:
            utils._initialize_tables(engine)  # type: ignore[no-untyped-call]  # MLflow's own; none that is public
        finally:
            engine.dispose()
        with fresh.open("rb+") as file:
            os.fsync(file)
        os.link(fresh, database)  # never over one that another process has put there


def _reading_of(error: Exception, given: str | None) -> tuple[str, str]:
    import requests

    code = str(getattr(error, "error_code", "") or "")
    # what uploads and downloads files raises the bare response
    status = getattr(getattr(error, "response", None), "status_code", None)
    code = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED"}.get(status or 0, code)
    if code in REFUSED:
        return REFUSED[code]
    found = f"{type(error).__name__}{f' ({code})' if code else ''}"
    if any(isinstance(one, ConnectionError | requests.ConnectionError | requests.Timeout) for one in _causes(error)):
        return "no answer", "Check that the server runs, and its address."
    if given is None:
        return _first_cause(error) or found, "Check the rights to that folder and the space left on its disk."
    return found, "Check that the server answers and takes your credentials."


def _causes(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__ or one.__context__


def _first_cause(error: BaseException) -> str:
    # what the disk or SQLite said, which MLflow wraps in "temporarily unavailable"
    *_, first = _causes(error)
    if isinstance(first, sqlite3.OperationalError):
        return str(first)
    return first.strerror or "" if isinstance(first, OSError) else ""


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
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what fails is raised, and told in our words


def _without_credentials(uri: str) -> str:
    parts = urllib.parse.urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2] or parts.path}"
