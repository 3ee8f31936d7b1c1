"""A world's folder: one Parquet file for each table, there as a whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from uptier.errors import SimulationError
from uptier.tables.contracts import CONTRACT, Kind

ROWS_PER_GROUP = 250_000

_TYPES = {
    Kind.ID: pa.string(),
    Kind.CATEGORY: pa.string(),
    Kind.TEXT: pa.string(),
    Kind.TIME: pa.timestamp("us", tz="UTC"),
    Kind.DAY: pa.date32(),
    Kind.COUNT: pa.int64(),
    Kind.NUMBER: pa.float64(),
    Kind.MONEY: pa.float64(),
}


def schema_of(table: str) -> pa.Schema:
    """Give the columns of a table of the contract, as they are written.

    Parameters
    ----------
    table : str
        Canonical name.

    Returns
    -------
    Schema
        All columns of the contract, in its order; times are UTC.
    """
    return pa.schema([pa.field(name, _TYPES[column.kind]) for name, column in CONTRACT[table].columns.items()])


def refuse_full_folder(out: Path) -> None:
    """Refuse a folder that already holds something.

    Parameters
    ----------
    out : Path
        Where a world is to be written.

    Raises
    ------
    SimulationError
        If it is a file, or a folder with something in it.
    """
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise SimulationError(f"The world cannot be written to {out}: there is a file of that name.")
    if out.is_dir() and any(out.iterdir()):
        raise SimulationError(
            f"The world cannot be written to {out}: the folder is not empty.",
            do="Name a folder that does not exist yet; a world never overwrites anything.",
        )


def write_world(tables: Mapping[str, pa.Table], out: Path) -> None:
    """Write all tables to a hidden folder beside `out`, then give it its name.

    Parameters
    ----------
    tables : mapping of str to Table
        By name of the table.
    out : Path
        The folder; missing or empty.

    Raises
    ------
    SimulationError
        If it cannot be written; nothing is left then.
    """
    hidden = out.parent / f".{out.name}.part-{os.getpid()}"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        hidden.mkdir()
        for name, table in tables.items():
            pq.write_table(table, hidden / f"{name}.parquet", compression="zstd", row_group_size=ROWS_PER_GROUP)
        if out.is_dir():
            out.rmdir()
        hidden.rename(out)
    except OSError as error:
        raise SimulationError(
            f"The world cannot be written to {out}.",
            found=error.strerror or type(error).__name__,
            do="Name a folder that you may write to, on a disk with room.",
        ) from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
