"""What people answered to rows of worklists, as the store keeps it: one row for each change, never written over.

An answer has two times: when it was given, as far as its source tells, and when it was pulled. It is known from the
second on. A later answer to the same case is a further row, so that what was known at a date can be told at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from uptier.errors import StoreError
from uptier.store import only_copy, write_whole

FOLDER, FILE, LOCK = "answers", "answers.parquet", ".lock"
NEW, CONTACTED, DONE, DISMISSED, WON, LOST = "New", "Contacted", "Done", "Dismissed", "Won", "Lost"
STATUSES = (NEW, CONTACTED, DONE, DISMISSED, WON, LOST)
TALKED = (CONTACTED, DONE, WON, LOST)  # somebody talked to the account
RESULTS = {WON: "won", LOST: "lost"}  # as the table of outreach calls them
NOT_NOW, WRONG, OTHER = "not now", "reason is wrong", "other"
BECAUSES = (NOT_NOW, WRONG, OTHER)

TEXTS = ("source", "uptier_key", "account_id", "upsell", "reason_code", "status", "because", "owner")
TIMES = ("until", "answered_at", "known_at")
COLUMNS = (*TEXTS, *TIMES)
CONTENT = ("status", "because", "until", "owner")  # an answer that differs in none of these is the same


def read_answers(store: Path) -> pd.DataFrame:
    """Read all answers of a store.

    Parameters
    ----------
    store : Path
        The project's store.

    Returns
    -------
    DataFrame, shape (n_answers, 11)
        In the order in which they became known. source (where it was read), uptier_key, account_id, upsell,
        reason_code (of the row's first reason, None where it had none), status, because, owner (texts); until (the day
        until which it is dismissed), answered_at (NaT where the source does not tell), known_at (UTC, without a zone).
        Empty where nothing was ever pulled.

    Raises
    ------
    StoreError
        If it is there and cannot be read: to go on without it would bring back what people dismissed.
    """
    path = store / FOLDER / FILE
    if not path.is_file():
        return typed([])
    try:
        return pd.read_parquet(path, columns=list(COLUMNS))
    except (OSError, ValueError) as error:
        raise StoreError(
            f"The answers of people, {path}, cannot be read: {type(error).__name__}.",
            do="Restore the file from a backup. If there is none, delete it and run 'uptier pull': what stands at the "
            "destinations comes back, known from then on.",
        ) from None


def typed(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Make a table of answers.

    Parameters
    ----------
    rows : sequence of mapping
        By column of :data:`COLUMNS`; what is absent is not told.

    Returns
    -------
    DataFrame, shape (n_rows, 11)
        As :func:`read_answers` gives it.
    """
    given = pd.DataFrame(list(rows), columns=list(COLUMNS), dtype=object)
    texts = {name: given[name].where(given[name].notna(), None).astype("str") for name in TEXTS}
    return pd.DataFrame(texts | {name: pd.to_datetime(given[name]).astype("datetime64[us]") for name in TIMES})


def add_answers(store: Path, rows: pd.DataFrame) -> Path:
    """Add answers to those of a store; the caller is :func:`alone` in it.

    Parameters
    ----------
    store : Path
        The project's store.
    rows : DataFrame, shape (n_rows, 11)
        As :func:`typed` gives it.

    Returns
    -------
    Path
        The file, which holds all of them or, where this was killed, those of before.

    Raises
    ------
    StoreError
        If it cannot be read or written.
    """
    before = read_answers(store)
    whole = pd.concat([before, rows], ignore_index=True) if len(before) else rows
    path = store / FOLDER / FILE
    return write_whole(path, lambda fresh: whole.to_parquet(fresh, index=False, compression="zstd"))


@contextmanager
def alone(store: Path) -> Iterator[None]:
    """Let one in at a time who changes the answers of a store.

    Parameters
    ----------
    store : Path
        The project's store.

    Yields
    ------
    None
        Within, nobody else changes them.

    Raises
    ------
    StoreError
        If somebody else does now, or the folder cannot be written.
    """
    with only_copy(store / FOLDER / LOCK, "A change of the answers"):
        yield


def said_at(answers: pd.DataFrame) -> pd.Series[pd.Timestamp]:
    """Say when each answer was given, as far as that is known.

    Parameters
    ----------
    answers : DataFrame, shape (n_answers, 11)
        As :func:`read_answers` gives it.

    Returns
    -------
    Series of datetime, shape (n_answers,)
        UTC, without a zone: the source's own time, else that of pulling. Never after that of pulling: the clock of a
        source may be ahead of ours.
    """
    given: pd.Series[pd.Timestamp] = answers[["answered_at", "known_at"]].min(axis=1)
    return given


def known_before(answers: pd.DataFrame, day: object) -> pd.DataFrame:
    """Leave out what was pulled on a day or later.

    Parameters
    ----------
    answers : DataFrame, shape (n_answers, 11)
        As :func:`read_answers` gives it.
    day : date
        The day.

    Returns
    -------
    DataFrame
        What was known at its midnight, UTC.
    """
    return answers[answers["known_at"] < pd.Timestamp(day)]  # type: ignore[arg-type]  # a date


def newest(answers: pd.DataFrame) -> pd.DataFrame:
    """Give what stands now: the newest answer to each case.

    Parameters
    ----------
    answers : DataFrame, shape (n_answers, 11)
        As :func:`read_answers` gives it.

    Returns
    -------
    DataFrame, shape (n_cases, 11)
        One row for each key. Of answers from several sources the one given last; of one source the one known last.
    """
    by_source = answers.drop_duplicates(["source", "uptier_key"], keep="last")
    ordered = by_source.assign(_said=said_at(by_source)).sort_values(["_said", "known_at"], kind="stable")
    return ordered.drop_duplicates("uptier_key", keep="last").drop(columns="_said")
