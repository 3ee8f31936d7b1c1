"""Taking an account out of every scorecard and worklist that was ever written."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd

from uptier.errors import StoreError
from uptier.scoring import placing
from uptier.scoring.scorecard import COUNTED, CSV, FOLDER, PARQUET, fill, read_manifest, read_worklist, tables_of


def naming(store: Path, account_id: str) -> dict[str, dict[str, int]]:
    """Say which scorecards and worklists have an account.

    Parameters
    ----------
    store : Path
        The project's store.
    account_id : str
        The account.

    Returns
    -------
    dict of str to dict of str to int
        By as-of date, rows by file; what is without it is left out.
    """
    place, found = store / FOLDER, {}
    for date in placing.dates(place):
        rows = {file.name: _rows_of(file, account_id) for file in tables_of(place / date)}
        if PARQUET in rows:
            rows[CSV] = rows[PARQUET]  # the same rows once more
        found[date] = {file: count for file, count in rows.items() if count}
    return {date: rows for date, rows in found.items() if rows}


def erase(store: Path, account_id: str) -> None:
    """Erase an account from every scorecard and worklist, and what killed runs left.

    Parameters
    ----------
    store : Path
        The project's store.
    account_id : str
        The account. A scorecard that has no other is removed; ``latest.json`` then names the newest that is left.

    Raises
    ------
    StoreError
        If a scorecard cannot be written; each is as it was or without the account, so this can be done again.
    """
    place = store / FOLDER
    if not place.is_dir():
        return
    try:
        with placing.alone(place):
            for date in naming(store, account_id):
                scorecard = pd.read_parquet(place / date / PARQUET)
                left, worklist = _without(scorecard, account_id), read_worklist(place / date)
                if left.empty:
                    placing.remove(place, date)
                else:
                    known = {name: told for name, told in read_manifest(place / date).items() if name not in COUNTED}
                    worked = None if worklist is None else _without(worklist, account_id)
                    placing.put(place, date, partial(fill, scorecard=left, worklist=worked, known=known))
            _mend_latest(place)
            for hidden in {one.name[1:11] for one in place.glob(".[0-9]*-*")}:
                placing.clear(place, hidden)
    except OSError as error:
        raise StoreError(
            f"The scorecards in {place} cannot be written: {error.strerror or type(error).__name__}.",
            do="Check the rights to that folder and the space on its disk, and do this again.",
        ) from error


def _rows_of(path: Path, account_id: str) -> int:
    return int((pd.read_parquet(path, columns=["account_id"])["account_id"] == account_id).sum())


def _without(rows: pd.DataFrame, account_id: str) -> pd.DataFrame:
    return rows[rows["account_id"] != account_id]


def _mend_latest(place: Path) -> None:
    newest = max(placing.dates(place), default=None)
    if placing.latest_date(place) is None and newest is not None:
        placing.point_to(place, newest, read_manifest(place / newest)["model_version"])
    elif newest is None:
        (place / placing.LATEST).unlink(missing_ok=True)
