"""Worklists as files in a folder: CSV for spreadsheets, Parquet and JSON lines for programs.

Each file is replaced in one step, and the manifest after all of them. It holds a sum of each file and the fingerprint
of each row. Killed between two files, some differ from the manifest, which is still the one of before; then nothing
counts as held, and the next run writes all of them again.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from uptier.delivery import folder as folders
from uptier.delivery.destination import Answer
from uptier.delivery.payload import FIELDS, Kind, Payload, Value, written
from uptier.scoring.spreadsheet import harmless_text

if TYPE_CHECKING:
    import pyarrow as pa

    from uptier.delivery_settings import FilesSettings

STEM = "worklist"
MANIFEST = ".uptier-files.json"
EVERY_ROW = 2**31  # all rows come in one call
ROW_GROUP = 50_000  # rows that are held a second time while Parquet is written


class Files:
    """A folder of files, each with all rows.

    Parameters
    ----------
    name : str
        As the project's YAML calls it.
    settings : FilesSettings
        The folder, and which files.
    environment : mapping of str to str
        Not used: files need no credentials.
    """

    batch_size = EVERY_ROW
    whole = True

    def __init__(self, name: str, settings: FilesSettings, environment: Mapping[str, str]) -> None:
        self.name = name
        self._folder = settings.folder
        self._formats = tuple(sorted(set(settings.formats)))

    def __repr__(self) -> str:
        return f"Files({self.name!r}, folder={str(self._folder)!r})"

    def preflight(self) -> list[str]:
        """Look whether the folder can be written.

        Returns
        -------
        list of str
            What is wrong.
        """
        faults = [folders.fault(self._folder)]
        if not self._formats:
            faults.append("No file is asked for. Name at least one under formats: csv, parquet or jsonl.")
        faults += [
            f"{path} is a folder, where a file belongs. Move it away." for path in self._files() if path.is_dir()
        ]
        return [one for one in faults if one]

    def setup(self) -> list[str]:
        """Make the folder.

        Returns
        -------
        list of str
            What was made.

        Raises
        ------
        DeliveryError
            If it cannot be made.
        """
        return folders.made(self._folder)

    def held(self) -> Mapping[str, str]:
        """Say which rows are in the files.

        Returns
        -------
        mapping of str to str
            Key to fingerprint; empty where any file is not the one that was written with the others.

        Raises
        ------
        DeliveryError
            If the manifest may not be read.
        """
        manifest = folders.read_json(self._folder / MANIFEST)
        sums = manifest.get("files", {})
        if set(sums) != {path.name for path in self._files()}:
            return {}
        if any(folders.sum_of(self._folder / name) != told for name, told in sums.items()):
            return {}
        rows: dict[str, str] = manifest.get("rows", {})
        return rows

    def fingerprints(self, keys: Iterable[str]) -> Mapping[str, str]:
        """Say as what some rows are in the files.

        Parameters
        ----------
        keys : iterable of str
            Any number.

        Returns
        -------
        mapping of str to str
            Key to fingerprint.
        """
        held = self.held()
        return {key: held[key] for key in keys if key in held}

    def send(self, batch: Sequence[Payload]) -> list[Answer]:
        """Replace all files.

        Parameters
        ----------
        batch : sequence of Payload
            All open rows. Of none, files with only a header are made.

        Returns
        -------
        list of Answer
            Every row is there: files are written whole, or an error is raised.

        Raises
        ------
        DeliveryError
            If a file cannot be written; each is either as it was or as it is to be, and the manifest tells which.
        """
        rows = sorted(batch, key=in_order)
        folders.clear(self._folder)
        before = folders.read_json(self._folder / MANIFEST).get("files", {})
        wanted = self._files()
        for path in wanted:
            folders.replace(path, partial(WRITERS[path.suffix], rows))
        for name in set(before) - {path.name for path in wanted}:
            folders.remove(self._folder / name)  # ours of before, which would only grow old
        folders.replace_json(
            self._folder / MANIFEST,
            {
                "files": {path.name: folders.sum_of(path) for path in wanted},
                "rows": {one.key: one.fingerprint for one in rows},
            },
        )
        return [Answer(key=one.key, ok=True) for one in batch]

    def _files(self) -> list[Path]:
        return [self._folder / f"{STEM}.{kind}" for kind in self._formats]


def in_order(row: Payload) -> tuple[str, bool, int, str]:
    """Give what rows are sorted by, so that equal rows make equal files.

    Parameters
    ----------
    row : Payload
        A row.

    Returns
    -------
    tuple
        Its CSM, whether it has no place, its place, its key.
    """
    rank = row.values["rank"]
    return (str(row.values["owner"] or ""), rank is None, rank if isinstance(rank, int) else 0, row.key)


def _write_csv(rows: Sequence[Payload], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        # texts are quoted, all of them: left bare, a line break in one would begin a new row
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        writer.writerow([field.name for field in FIELDS])
        writer.writerows([_cell(row.values[field.name]) for field in FIELDS] for row in rows)


def _cell(value: Value) -> Value:
    return harmless_text(value) if isinstance(value, str) else value


def _write_jsonl(rows: Sequence[Payload], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{written(row.values)}\n" for row in rows)


def _write_parquet(rows: Sequence[Payload], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema()
    with pq.ParquetWriter(path, schema) as writer:
        for some in _parts(rows):
            columns = [[row.values[field.name] for row in some] for field in FIELDS]
            arrays = [pa.array(column, type=kind) for column, kind in zip(columns, schema.types, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _parts(rows: Sequence[Payload]) -> Iterator[Sequence[Payload]]:
    return (rows[start : start + ROW_GROUP] for start in range(0, len(rows), ROW_GROUP))


def _schema() -> pa.Schema:
    import pyarrow as pa

    types = {
        Kind.TEXT: pa.string(),
        Kind.LONG_TEXT: pa.string(),
        Kind.WHOLE: pa.int64(),
        Kind.NUMBER: pa.float64(),
        Kind.DAY: pa.date32(),
    }
    return pa.schema([(field.name, types[field.kind]) for field in FIELDS])


WRITERS: dict[str, Callable[[Sequence[Payload], Path], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
}
