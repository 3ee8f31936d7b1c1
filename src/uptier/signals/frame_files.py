"""Writing the files of a frame: a stretch of accounts at a time, each date into its own file, whole or not at all."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from uptier.store import cannot_write

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa


def write_parts(
    files: Mapping[dt.date, Path], parts: Iterable[pd.DataFrame], done: Callable[[int], object]
) -> dict[dt.date, int]:
    """Write a frame that comes in parts.

    Parameters
    ----------
    files : mapping of date to Path
        Where each as-of date goes; older files are replaced once all parts have come.
    parts : iterable of DataFrame, shape (n_rows, 2 + n_signals)
        Stretches of accounts in order, at least one; each with any of the dates.
    done : callable
        Told how many rows are written, after each part.

    Returns
    -------
    dict of date to int
        Rows of each file.

    Raises
    ------
    StoreError
        If something cannot be written; older files are untouched.
    """
    import pyarrow.parquet as pq

    fresh = {date: path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}") for date, path in files.items()}
    rows = dict.fromkeys(files, 0)
    writers: dict[dt.date, Any] = {}
    with ExitStack() as removed:
        for date, path in files.items():
            with _telling(path):
                path.parent.mkdir(parents=True, exist_ok=True)
            removed.callback(fresh[date].unlink, missing_ok=True)
        with ExitStack() as closed:
            for part in parts:
                dates = part["as_of"].dt.date
                for date, path in files.items():
                    table = as_parquet(part[dates == date].drop(columns="as_of"))
                    with _telling(path):
                        if date not in writers:
                            writers[date] = closed.enter_context(pq.ParquetWriter(fresh[date], table.schema))
                        writers[date].write_table(table)
                    rows[date] += len(table)
                done(sum(rows.values()))
            for date, path in files.items():
                with _telling(path):
                    writers[date].close()
        for date, path in files.items():
            with _telling(path):
                fresh[date].replace(path)
    return rows


def as_parquet(frame: pd.DataFrame) -> pa.Table:
    """Give a frame the same column types whatever its values.

    Parameters
    ----------
    frame : DataFrame
        Signals of some looks, with or without as_of.

    Returns
    -------
    pyarrow Table
        Texts as strings and numbers as doubles, also where a date knows no value of a signal: one date's file would
        else not fit another's.
    """
    import pandas as pd
    import pyarrow as pa

    kinds = {"as_of": pa.timestamp("us")}
    fields = [
        (name, kinds.get(name) or (pa.float64() if pd.api.types.is_float_dtype(frame[name]) else pa.string()))
        for name in frame.columns
    ]
    return pa.Table.from_pandas(frame, schema=pa.schema(fields), preserve_index=False).replace_schema_metadata(None)


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise cannot_write(path, error) from None
