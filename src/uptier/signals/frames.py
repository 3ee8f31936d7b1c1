"""Frames in the store: one Parquet file for each as-of date, with a manifest; only what changed is computed anew.

The layout below the project's store::

    frames/
      months/                           the monthly as-of dates
        as_of=2024-01-01/part.parquet   one row for each account that is looked at; the date stands in the path
        as_of=2024-02-01/part.parquet
        _manifest.json
      dates/                            single dates, as they were asked for; laid out alike
      scored/                           the date that was scored last, and no other

DuckDB, pandas, Spark and whatever else knows this layout read a folder as one table, and pass over what begins with an
underscore. A partition is kept if the manifest has the digest of what is visible before its date now (see
:mod:`uptier.tables.digest`) and its file is the one that was written then. All others are computed together, in one
pass over the tables.

The manifest is written last. A run that was killed leaves whole partitions and the manifest of the run before, in which
the new ones are not found: the next run makes them again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from uptier.errors import StoreError
from uptier.signals.frame_files import write_parts
from uptier.store import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

FOLDER, MONTHS, DATES, SCORED = "frames", "months", "dates", "scored"
KINDS = (MONTHS, DATES, SCORED)
MANIFEST, PART = "_manifest.json", "part.parquet"
SCHEMA_VERSION = 1
WRITE_IT = "Write it with 'uptier signals'."
BUILT, KEPT, FORGOTTEN = "built", "kept", "forgotten"
KEY = ("account_id", "as_of")


@dataclass(frozen=True, kw_only=True)
class Partition:
    """One as-of date of a frame.

    Attributes
    ----------
    as_of : str
        The date.
    rows : int
        Accounts looked at.
    digest : str
        Of what was visible before the date; empty where it is not known.
    seconds : float
        What making it took: its share, by rows, of the one pass for all that were made and written.
    sha256 : str
        Of the file.
    state : str
        ``built`` or ``kept`` in the run that wrote the manifest; ``forgotten`` where somebody was erased from it since.
    """

    as_of: str
    rows: int
    digest: str
    seconds: float
    sha256: str
    state: str

    @property
    def file(self) -> str:
        """Its place below the frame's folder."""
        return _file(self.as_of)


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A frame in the store.

    Attributes
    ----------
    folder : Path
        Where it is.
    partitions : tuple of Partition
        By date.
    known : dict
        What else the manifest says: schema_version, project, data_until, catalogue_hash, digested (whether what changed
        can be told), signals (their names) and unavailable.
    """

    folder: Path
    partitions: tuple[Partition, ...]
    known: dict[str, Any]

    @property
    def manifest(self) -> Path:
        """The manifest."""
        return self.folder / MANIFEST

    @property
    def dates(self) -> dict[dt.date, Partition]:
        """Its partitions, by as-of date."""
        return {dt.date.fromisoformat(one.as_of): one for one in self.partitions}


def unchanged(folder: Path, digests: Mapping[dt.date, str] | None) -> dict[dt.date, Partition]:
    """Say which partitions need not be made again.

    Parameters
    ----------
    folder : Path
        The frame's folder.
    digests : mapping of date to str, or None
        Of what is visible now, by as-of date; None where that cannot be told.

    Returns
    -------
    dict of date to Partition
        Those whose digest is the same and whose file is as it was written.
    """
    found = on_disk(folder)
    if found is None or digests is None:
        return {}
    return {
        date: one
        for date, one in found.dates.items()
        if digests.get(date) == one.digest and hash_of(folder / one.file) == one.sha256
    }


def write(
    folder: Path,
    looks: pd.DataFrame,
    digests: Mapping[dt.date, str] | None,
    form: Callable[[pd.DataFrame], Iterable[pd.DataFrame]],
    *,
    known: dict[str, Any],
    whole: bool,
    progress: Callable[[str, int, int], None],
) -> Frame:
    """Write a frame, computing no partition that the folder already has.

    Parameters
    ----------
    folder : Path
        Where to.
    looks : DataFrame, columns account_id and as_of
        Who is looked at, and when.
    digests : mapping of date to str, or None
        Of what is visible, by as-of date; where there are none, all is computed.
    form : callable
        Computes the signals of some looks, a stretch of accounts at a time; called once, or not at all.
    known : dict
        What else the manifest is to say.
    whole : bool
        Whether `looks` is all that the frame has; other dates are then removed, else left as they are.
    progress : callable
        Told ``(what, done, of)`` as partitions are written.

    Returns
    -------
    Frame
        As it now is.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    before = on_disk(folder)
    kept = unchanged(folder, digests)
    dates = sorted({moment.date() for moment in looks["as_of"].dt.to_pydatetime()})
    stale = [date for date in dates if date not in kept]
    made = {date: replace(kept[date], state=KEPT) for date in dates if date in kept}
    if stale:
        began = time.perf_counter()
        asked = looks[looks["as_of"].dt.date.isin(stale)]

        def done(rows: int) -> None:
            progress(f"Writing {folder.name}", rows, len(asked))

        rows_of = write_parts({date: folder / _file(date) for date in stale}, form(asked), done)
        spent = time.perf_counter() - began
        for date in stale:
            made[date] = Partition(
                as_of=date.isoformat(),
                rows=rows_of[date],
                digest=(digests or {}).get(date, ""),
                seconds=round(spent * rows_of[date] / max(sum(rows_of.values()), 1), 3),
                sha256=hash_of(folder / _file(date)),
                state=BUILT,
            )
    others = {} if whole or before is None else before.dates
    told = Frame(
        folder=folder,
        partitions=tuple(one for _, one in sorted((others | made).items())),
        known={"schema_version": SCHEMA_VERSION, **known, "digested": digests is not None},
    )
    write_manifest(told)
    _clear(told)
    return told


def write_manifest(told: Frame) -> None:
    """Write the manifest of a frame.

    Parameters
    ----------
    told : Frame
        What it is to say.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    content = {
        **told.known,
        "rows": sum(one.rows for one in told.partitions),
        "partitions": [{"file": one.file, **asdict(one)} for one in told.partitions],
    }
    write_whole(told.manifest, lambda fresh: fresh.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8"))


def on_disk(folder: Path) -> Frame | None:
    """Give what the manifest of a frame says.

    Parameters
    ----------
    folder : Path
        The frame's folder.

    Returns
    -------
    Frame or None
        None if there is no manifest that can be read.
    """
    try:
        known: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if known.pop("schema_version") != SCHEMA_VERSION:
            return None
        partitions = tuple(
            Partition(**{name: value for name, value in one.items() if name != "file"})
            for one in known.pop("partitions")
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # whatever else stands there is no manifest of ours
        return None
    known.pop("rows", None)
    return Frame(folder=folder, partitions=partitions, known={"schema_version": SCHEMA_VERSION, **known})


def read(folder: Path, dates: list[dt.date] | None = None, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a frame, or some dates or signals of it.

    Parameters
    ----------
    folder : Path
        The frame's folder.
    dates : list of date, optional
        Which dates; all by default.
    columns : sequence of str, optional
        Which signals; all by default.

    Returns
    -------
    DataFrame, shape (n_rows, 2 + n_signals)
        As the catalogue gives it: columns account_id, as_of and the signals, ordered by account and date.

    Raises
    ------
    StoreError
        If there is none, it lacks a date, or a file of it was damaged.
    """
    import pandas as pd

    named = None if columns is None else ["account_id", *columns]
    dates = sorted(_found(folder).dates) if dates is None else dates
    parts = [part for date in dates for part in _read(folder, date, named, None)]
    frame: pd.DataFrame = pd.concat(parts, ignore_index=True).sort_values([*KEY], ignore_index=True)
    return frame


def read_blocks(folder: Path, date: dt.date, rows: int) -> Iterator[pd.DataFrame]:
    """Read one date of a frame a block at a time.

    Parameters
    ----------
    folder : Path
        The frame's folder.
    date : date
        Which date.
    rows : int
        Rows of a block, at most.

    Yields
    ------
    DataFrame, shape (n_rows, 2 + n_signals)
        As :func:`read` gives it, ordered by account.

    Raises
    ------
    StoreError
        If there is none, or the file was damaged.
    """
    return _read(folder, date, None, rows)


def null_rates(folder: Path, date: dt.date) -> dict[str, float]:
    """Say how many accounts lack each signal, without reading the frame.

    Parameters
    ----------
    folder : Path
        The frame's folder.
    date : date
        Which date.

    Returns
    -------
    dict of str to float
        By signal the share of rows in which it is missing; empty for a date without rows.
    """
    import pyarrow.parquet as pq

    told = pq.read_metadata(folder / _file(date))
    missing: dict[str, int] = {}
    for group in range(told.num_row_groups):
        for place in range(told.num_columns):
            column = told.row_group(group).column(place)
            missing[column.path_in_schema] = missing.get(column.path_in_schema, 0) + column.statistics.null_count
    return {name: count / told.num_rows for name, count in missing.items() if name not in KEY}


def _read(folder: Path, date: dt.date, columns: list[str] | None, rows: int | None) -> Iterator[pd.DataFrame]:
    import pandas as pd
    import pyarrow.parquet as pq

    one = _found(folder).dates.get(date)
    if one is None or hash_of(folder / one.file) != one.sha256:
        raise StoreError(f"The frame in {folder} has no sound partition of {date}.", do=WRITE_IT)
    # one file by itself: read as a part of its folder it would get the date as a category of texts
    with (folder / one.file).open("rb") as opened:
        file = pq.ParquetFile(opened)
        whole = [file.read(columns)] if rows is None or one.rows == 0 else file.iter_batches(rows, columns=columns)
        for table in whole:
            part = table.to_pandas()
            part.insert(1, "as_of", pd.Timestamp(date).as_unit("us"))
            for name in part.columns[2:]:
                if part[name].dtype != "float64":
                    part[name] = part[name].astype(object).where(part[name].notna(), None)
            yield part


def _found(folder: Path) -> Frame:
    found = on_disk(folder)
    if found is None:
        raise StoreError(f"There is no frame in {folder}.", do=WRITE_IT)
    return found


def hash_of(path: Path) -> str:
    """Hash a file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    str
        64 hexadecimal digits; empty where it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _file(date: dt.date | str) -> str:
    return f"as_of={date}/{PART}"


def _clear(told: Frame) -> None:
    """Remove what the manifest does not name: readers of the whole folder would take it for a part of the frame."""
    named = {one.file.partition("/")[0] for one in told.partitions}
    for entry in told.folder.glob("as_of=*"):
        if entry.name not in named:
            shutil.rmtree(entry, ignore_errors=True)
