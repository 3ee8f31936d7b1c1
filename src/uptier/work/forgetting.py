"""Erasing an account or a user from everything that uptier keeps.

What the store holds, and what becomes of it:

* the list of who was forgotten, written first: from then on no run brings them back;
* the rollup: rewritten without their rows;
* frames: an account's rows are taken out of every partition. A frame has no ids of users; the dates that saw one are
  computed anew by the next `uptier signals`, since they no longer see the same;
* scorecards: rewritten without the account, as Parquet and CSV, with their manifests; they have no ids of users;
* answers of people: rewritten without the account; they have no ids of users;
* the kept check: removed; the next run checks anew;
* the ledger of deliveries: what was told about an account and its id are erased, fingerprints stay; rows that
  destinations still hold are told, for they are to be deleted there;
* what killed runs left half-written: removed;
* models and what MLflow tells of them: not touched. A model has thresholds, leaf values and category names, a run has
  figures over many accounts; no row of anybody's is among them.

Each file is replaced whole, and nothing depends on the order: killed half-way, it can be done again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uptier.errors import StoreError
from uptier.scoring import erasing, scorecard
from uptier.signals import frames
from uptier.store import write_whole
from uptier.tables import answers, forgotten, kept_check
from uptier.work.destinations import FOLDER, LEDGER, ledger_of

if TYPE_CHECKING:
    import pyarrow as pa

    from uptier.settings import Settings
    from uptier.work.material import Material

ROLLUP = "rollup"
REWRITTEN, REMOVED = "rewritten", "removed"
HALF_WRITTEN = re.compile(r"\..+\.(\d+)(\.\w+)?")  # name, number of the process that writes it, kind
# where files are written beside the ones they replace
ROOMS = (ROLLUP, frames.FOLDER, kept_check.FOLDER, answers.FOLDER)


@dataclass(frozen=True, kw_only=True)
class Touched:
    """A file that names who is forgotten.

    Attributes
    ----------
    file : Path
        Below the store.
    what : str
        ``rewritten`` or ``removed``.
    rows : int
        Rows taken out of it.
    """

    file: Path
    what: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What was erased, or would be.

    Attributes
    ----------
    touched : tuple of Touched
        The files.
    dry_run : bool
        Whether nothing was done.
    already : bool
        Whether this was asked for before.
    elsewhere : dict of str to tuple of str
        By destination, keys of rows that it still holds: out of reach from here, to be deleted there.
    """

    touched: tuple[Touched, ...]
    dry_run: bool
    already: bool
    elsewhere: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def forget(material: Material, *, account_id: str | None, user_id: str | None, dry_run: bool) -> Forgotten:
    """Erase an account or a user.

    Parameters
    ----------
    material : Material
        The project's data; the source is only asked where the store knows nobody of that id.
    account_id : str or None
        The account; with `user_id`, the account whose user is meant.
    user_id : str or None
        The user: of that account, or of any.
    dry_run : bool
        Only say what would be touched.

    Returns
    -------
    Forgotten
        The files.

    Raises
    ------
    StoreError
        If nothing names the account or user, another run is writing, or the store cannot be read or written.
    """
    if not account_id and not user_id:
        raise StoreError("Nobody was named to be forgotten.", do="Give --account, --user or both.")
    store = material.settings.store
    answers.read_answers(store)  # what cannot be read cannot be rewritten, and is no file that a run makes anew
    listed = forgotten.read_list(store) or forgotten.new_list()
    already = listed.has(account_id, user_id)
    touched = tuple(_touched(store, account_id, user_id))
    if user_id is None:
        touched += _told_of(material.settings, str(account_id))
    if not already and not any(one.rows for one in touched) and not _in_source(material, account_id, user_id):
        raise StoreError(
            f"Neither the source nor the store names this {'account' if user_id is None else 'user'}.",
            do="Is the id written as in the source? Nothing was done.",
        )
    told = Forgotten(touched=touched, dry_run=dry_run, already=already)
    if dry_run:
        return told
    forgotten.write_list(store, listed.with_one(account_id, user_id))
    for path in _half_written(store):
        path.unlink(missing_ok=True)
    (store / kept_check.FOLDER / kept_check.FILE).unlink(missing_ok=True)
    for path in _parquets(store / ROLLUP):
        if _count(path, account_id, user_id):
            _erase(path, account_id, user_id)
    if user_id is None:
        for folder in (store / frames.FOLDER / name for name in frames.KINDS):
            _erase_from_frame(folder, str(account_id))
        erasing.erase(store, str(account_id))
        _erase_answers(store, str(account_id))
        ledger = ledger_of(material.settings, os.environ, only_if_there=True)
        if ledger is not None:
            told = replace(told, elsewhere=ledger.forget(str(account_id)))
    return told


def _told_of(settings: Settings, account_id: str) -> tuple[Touched, ...]:
    ledger = ledger_of(settings, os.environ, only_if_there=True)
    # what was forgotten before is found by its old id still, and has nothing left to erase
    rows = [] if ledger is None else [one for one in ledger.history(account_id) if account_id in one.key]
    return (Touched(file=Path(FOLDER, LEDGER), what=REWRITTEN, rows=len(rows)),) if rows else ()


def _touched(store: Path, account_id: str | None, user_id: str | None) -> Iterator[Touched]:
    check = store / kept_check.FOLDER / kept_check.FILE
    if check.exists():
        yield Touched(file=check.relative_to(store), what=REMOVED, rows=0)
    for path in _half_written(store):
        yield Touched(file=path.relative_to(store), what=REMOVED, rows=0)
    rooms = (ROLLUP, frames.FOLDER, answers.FOLDER) if user_id is None else (ROLLUP,)
    for path in (path for room in rooms for path in _parquets(store / room)):
        rows = _count(path, account_id, user_id)
        if rows:
            yield Touched(file=path.relative_to(store), what=REWRITTEN, rows=rows)
    if user_id is None:
        for date, files in erasing.naming(store, str(account_id)).items():
            folder = Path(scorecard.FOLDER, date)
            for file, count in files.items():
                yield Touched(file=folder / file, what=REWRITTEN, rows=count)


def _in_source(material: Material, account_id: str | None, user_id: str | None) -> bool:
    mapped = kept_check.mapped_tables(material.source, material.settings).values()
    named = {"account_id": account_id, "user_id": user_id}
    wanted = {column: told for column, told in named.items() if told is not None}
    for one in mapped:
        if set(wanted) <= set(one.table.columns):
            found = one.table.filter([one.table[column] == told for column, told in wanted.items()]).limit(1)
            if len(found.to_pandas()):
                return True
    return False


def _parquets(room: Path) -> list[Path]:
    return sorted(path for path in room.rglob("*.parquet") if not path.name.startswith("."))


def _half_written(store: Path) -> list[Path]:
    """List what killed runs left beside the files that they were about to replace."""
    hidden = [path for room in ROOMS for path in sorted((store / room).rglob(".*")) if path.is_file()]
    left = [(path, HALF_WRITTEN.fullmatch(path.name)) for path in hidden]
    for path, process in left:
        if process is not None and int(process[1]) != os.getpid() and _alive(int(process[1])):
            raise StoreError(
                f"Another run may be writing {path}.",
                do="Wait until it is done. If none is running, delete that file, and do this again.",
            )
    return [path for path, process in left if process is not None]


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def _count(path: Path, account_id: str | None, user_id: str | None) -> int:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            columns = [name for name in ("account_id", "user_id") if name in file.schema_arrow.names]
            batches = [_theirs(batch, account_id, user_id) for batch in file.iter_batches(columns=columns)]
    except (OSError, pa.ArrowInvalid):
        return 1  # damaged: whom it names cannot be told, so it goes
    return sum(pc.sum(one).as_py() or 0 for one in batches if one is not None)


def _theirs(batch: pa.RecordBatch, account_id: str | None, user_id: str | None) -> Any:
    """Say which rows are theirs; None where the file has no such column."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = None
    for name, wanted in (("account_id", account_id), ("user_id", user_id)):
        if wanted is None:
            continue
        if name not in batch.schema.names:
            return None
        same = pc.fill_null(pc.equal(batch.column(name).cast(pa.string()), wanted), False)
        found = same if found is None else pc.and_(found, same)
    return found


def _erase(path: Path, account_id: str | None, user_id: str | None) -> None:
    import pyarrow as pa

    try:
        write_whole(path, lambda fresh: _copy(path, fresh, account_id, user_id))
    except pa.ArrowInvalid:
        path.unlink(missing_ok=True)  # damaged; the next run makes it anew


def _copy(path: Path, fresh: Path, account_id: str | None, user_id: str | None) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        given = file.schema_arrow
        # a dictionary of values would keep those that no row has any more
        fields = [one.with_type(one.type.value_type) if pa.types.is_dictionary(one.type) else one for one in given]
        plain = pa.schema(fields, metadata=given.metadata)
        with pq.ParquetWriter(fresh, plain, compression="zstd") as writer:
            for batch in file.iter_batches():
                theirs = _theirs(batch, account_id, user_id)
                writer.write_batch((batch if theirs is None else batch.filter(pc.invert(theirs))).cast(plain))


def _erase_answers(store: Path, account_id: str) -> None:
    path = store / answers.FOLDER / answers.FILE
    if path.is_file():
        with answers.alone(store):  # a pull that is under way has read them already
            if _count(path, account_id, None):
                _erase(path, account_id, None)


def _erase_from_frame(folder: Path, account_id: str) -> None:
    told = frames.on_disk(folder)
    named = {} if told is None else {folder / one.file: one for one in told.partitions}
    changed: dict[str, frames.Partition] = {}
    for path in _parquets(folder):
        rows = _count(path, account_id, None)
        if not rows:
            continue
        _erase(path, account_id, None)
        if path in named:
            one = named[path]
            # without a digest: the next run computes it anew
            sha256 = frames.hash_of(path)
            changed[one.as_of] = replace(one, rows=one.rows - rows, digest="", sha256=sha256, state=frames.FORGOTTEN)
    if told is not None and changed:
        frames.write_manifest(replace(told, partitions=tuple(changed.get(one.as_of, one) for one in told.partitions)))
