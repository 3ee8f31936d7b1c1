"""Whether the project's own store can be written and read, asked before MLflow does, which tries for minutes."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from pathlib import Path

from uptier.errors import StoreError


def require_writable(store: Path) -> None:
    """Make the project's store, and see that it can be written.

    Parameters
    ----------
    store : Path
        The folder; worth a look before hours of training.

    Raises
    ------
    StoreError
        If it cannot.
    """
    # MLflow would try a database that cannot be opened for minutes
    try:
        store.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=store) as file:
            file.write(b"uptier")
    except OSError as error:
        raise StoreError(
            f"The store {store} cannot be written: {error.strerror or type(error).__name__}.",
            do="Name a folder that you may write to under 'store' in the project's YAML.",
        ) from error


def require_database(path: Path) -> None:
    """See that MLflow's database, where there is one, can be read.

    Parameters
    ----------
    path : Path
        The SQLite file.

    Raises
    ------
    StoreError
        If it is damaged.
    """
    # MLflow would try a damaged file for minutes too
    if path.exists():
        try:
            with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
                database.execute("PRAGMA schema_version")
        except sqlite3.Error as error:
            raise StoreError(
                f"MLflow's database {path} cannot be read.",
                found=type(error).__name__,
                do="Restore it from a backup, or move it away: the next training begins a new one.",
            ) from error
