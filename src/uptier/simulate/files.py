"""A world's folder: one Parquet file or folder for each table, there as a whole or not at all."""

from __future__ import annotations

import fcntl
import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

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

UNFILLED = {"accounts": ("currency",)}  # everybody in a world pays in its one currency, and no column says so


def schema_of(table: str) -> pa.Schema:
    """Give the columns of a table of the contract, as they are written.

    Parameters
    ----------
    table : str
        Canonical name.

    Returns
    -------
    Schema
        The columns of the contract that a world fills, in its order; times are UTC.
    """
    columns = CONTRACT[table].columns.items()
    filled = [(name, column) for name, column in columns if name not in UNFILLED.get(table, ())]
    return pa.schema([pa.field(name, _TYPES[column.kind]) for name, column in filled])


def refuse_full_folder(out: Path) -> None:
    """Refuse a folder that already holds something.

    Parameters
    ----------
    out : Path
        Where a world is to be written.

    Raises
    ------
    SimulationError
        If it is a file, a folder with something in it, or one that cannot be replaced.
    """
    with _told(out):
        taken = out.is_symlink() or (out.exists() and not out.is_dir())
        full = not taken and out.is_dir() and any(out.iterdir())
        fixed = out.is_mount() or (out.is_dir() and out.samefile(Path.cwd()))
    if taken:
        raise SimulationError(f"The world cannot be written to {out}: there is a file of that name.")
    if full:
        raise SimulationError(
            f"The world cannot be written to {out}: the folder is not empty.",
            do="Name a folder that does not exist yet; a world never overwrites anything.",
        )
    if fixed:  # a whole world takes the folder's place, and a disk or the place where somebody stands stays where it is
        raise SimulationError(
            f"The world cannot be written to {out} itself: it is where you are, or where a disk begins.",
            do=f"Name a folder in it: {out / 'world'}.",
        )


class WorldFolder:
    """A world's folder while it is written: beside `out` and hidden, given its name when all is there.

    Parameters
    ----------
    out : Path
        The folder; missing or empty.
    blocks : int
        How many blocks of accounts there are. With one, each table is one file; with more, those that grow with the
        accounts are folders with a file for each block.
    """

    def __init__(self, out: Path, blocks: int) -> None:
        self._out = out
        self._blocks = blocks
        self._hidden = _beside(out, str(os.getpid()))
        self._lock = -1
        self.rows: dict[str, int] = {}

    def __enter__(self) -> Self:
        with _told(self._out):
            self._hidden.parent.mkdir(parents=True, exist_ok=True)
            _clear_leftovers(self._out)
            self._hidden.mkdir()
            self._lock = os.open(self._hidden, os.O_RDONLY)
            fcntl.flock(self._lock, fcntl.LOCK_EX)  # let go by the system when the process ends, however it ends
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        try:
            if kind is None:
                with _told(self._out):
                    self._hidden.rename(self._out)  # an empty folder gives way, one with something in it does not
        finally:
            os.close(self._lock)
            shutil.rmtree(self._hidden, ignore_errors=True)

    def write(self, name: str, table: pa.Table, block: int | None = None) -> None:
        """Write a table, or a block's part of it.

        Parameters
        ----------
        name : str
            The table.
        table : Table
            Its rows.
        block : int, optional
            Which block they belong to; none for what there is once.

        Raises
        ------
        SimulationError
            If it cannot be written.
        """
        with _told(self._out):
            path = self._hidden / f"{name}.parquet"
            if block is not None and self._blocks > 1:
                path = self._hidden / name / f"part-{block:04d}.parquet"
                path.parent.mkdir(exist_ok=True)
            pq.write_table(table, path, compression="zstd", row_group_size=ROWS_PER_GROUP)
        self.rows[name] = self.rows.get(name, 0) + table.num_rows

    def note(self, name: str, text: str) -> None:
        """Write a text beside the tables.

        Parameters
        ----------
        name : str
            Name of the file.
        text : str
            What it says.

        Raises
        ------
        SimulationError
            If it cannot be written.
        """
        with _told(self._out):
            (self._hidden / name).write_text(text, encoding="utf-8")


def _beside(out: Path, process: str) -> Path:
    """Hidden, so that no reader of folders takes it for a table."""
    whole = Path(os.path.abspath(out))  # noqa: PTH100  # Path.resolve() would follow links, Path.absolute() keeps dots
    return whole.with_name(f".{whole.name}.part-{process}")


def _clear_leftovers(out: Path) -> None:
    """Remove what killed runs for the same folder left: nobody holds its lock, and no process has its number."""
    pattern = _beside(out, "")
    for left in sorted(pattern.parent.glob(f"{glob.escape(pattern.name)}*")):
        number = left.name.rpartition("-")[2]
        if not number.isdecimal() or (int(number) != os.getpid() and _runs(int(number))):
            continue
        lock = os.open(left, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # a process that is not seen from here, in another container perhaps
        finally:
            os.close(lock)
        shutil.rmtree(left)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _told(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SimulationError(
            f"The world cannot be written to {out}.",
            found=error.strerror or type(error).__name__,
            do="Name a folder that you may write to, on a disk with room.",
        ) from error
