"""Frames in the store: one Parquet file for each as-of date, with a manifest; only what changed is computed anew.

The layout below the project's store::

    frames/
      months/                           the monthly as-of dates
        as_of=2024-01-01/part.parquet   one row for each account that is looked at; the date stands in the path
        as_of=2024-02-01/part.parquet
        _manifest.json
      dates/                            single dates, as they were asked for; laid out alike

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
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from uptier.errors import StoreError
from uptier.store import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa

FOLDER, MONTHS, DATES = "frames", "months", "dates"
MANIFEST, PART = "_manifest.json", "part.parquet"
SCHEMA_VERSION = 1
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
        What making it took: its share, by rows, of the one pass for all that were made, and writing it.
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
        return f"as_of={self.as_of}/{PART}"


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
    form: Callable[[pd.DataFrame], pd.DataFrame],
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
        Computes the signals of some looks; called once, or not at all.
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
        frame = form(looks[looks["as_of"].dt.date.isin(stale)])
        spent = time.perf_counter() - began
        for number, date in enumerate(stale):
            progress(f"Writing {folder.name}", number, len(stale))
            rows = frame[frame["as_of"].dt.date == date]
            share = spent * len(rows) / max(len(frame), 1)
            made[date] = _written(folder, date, rows, digest=(digests or {}).get(date, ""), seconds=share)
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


def read(folder: Path, dates: list[dt.date] | None = None) -> pd.DataFrame:
    """Read a frame, or some dates of it.

    Parameters
    ----------
    folder : Path
        The frame's folder.
    dates : list of date, optional
        Which dates; all by default.

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
    import pyarrow.parquet as pq

    found = on_disk(folder)
    do = "Write it with 'uptier signals'."
    if found is None:
        raise StoreError(f"There is no frame in {folder}.", do=do)
    parts = []
    for date in sorted(found.dates) if dates is None else dates:
        one = found.dates.get(date)
        if one is None or hash_of(folder / one.file) != one.sha256:
            raise StoreError(f"The frame in {folder} has no sound partition of {date}.", do=do)
        # one file by itself: read as a part of its folder it would get the date as a category of texts
        with (folder / one.file).open("rb") as opened:
            part = pq.ParquetFile(opened).read().to_pandas()
        part.insert(1, "as_of", pd.Timestamp(date).as_unit("us"))
        parts.append(part)
    frame: pd.DataFrame = pd.concat(parts, ignore_index=True).sort_values([*KEY], ignore_index=True)
    for name in frame.columns[2:]:
        if frame[name].dtype != "float64":
            frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return frame


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


def _written(folder: Path, date: dt.date, rows: pd.DataFrame, *, digest: str, seconds: float) -> Partition:
    import pyarrow.parquet as pq

    began = time.perf_counter()
    one = Partition(as_of=date.isoformat(), rows=len(rows), digest=digest, seconds=0, sha256="", state=BUILT)
    path = folder / one.file
    table = as_parquet(rows.drop(columns="as_of"))
    write_whole(path, lambda fresh: pq.write_table(table, fresh))
    spent = round(seconds + time.perf_counter() - began, 3)
    return replace(one, seconds=spent, sha256=hash_of(path))


def _clear(told: Frame) -> None:
    """Remove what the manifest does not name: readers of the whole folder would take it for a part of the frame."""
    named = {one.file.partition("/")[0] for one in told.partitions}
    for entry in told.folder.glob("as_of=*"):
        if entry.name not in named:
            shutil.rmtree(entry, ignore_errors=True)
