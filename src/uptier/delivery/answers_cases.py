"""Which rows of worklists answers are about: account, upsell type, and whose reason came first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from uptier.errors import StoreError
from uptier.scoring import placing
from uptier.scoring.scorecard import FOLDER, WORKLIST

COLUMNS = ["uptier_key", "account_id", "upsell", "reason_1_code"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A row of a worklist, as far as an answer needs it.

    Attributes
    ----------
    account_id, upsell : str
        What it is about.
    reason_code : str or None
        Name of the trigger, or code, of its first reason as people saw it; None where it had none.
    """

    account_id: str
    upsell: str
    reason_code: str | None


def cases_of(store: Path, days: Mapping[str, dt.date]) -> dict[str, Case]:
    """Find the cases that answers are about in the worklists of a store.

    Parameters
    ----------
    store : Path
        The project's store.
    days : mapping of str to date
        By key, when it was answered: the reason is that of the newest worklist up to then, else of the first one.

    Returns
    -------
    dict of str to Case
        By key; without those that stand on no worklist.

    Raises
    ------
    StoreError
        If a worklist cannot be read.
    """
    found: dict[str, Case] = {}
    if not days:
        return found
    for date in placing.dates(store / FOLDER):
        for row in _rows(store / FOLDER / date / WORKLIST, list(days)):
            key, code = str(row["uptier_key"]), row["reason_1_code"]
            seen = found.get(key)
            reason = None if pd.isna(code) else str(code)
            if seen is None or (date <= days[key].isoformat() and reason is not None):
                found[key] = Case(account_id=str(row["account_id"]), upsell=str(row["upsell"]), reason_code=reason)
    return found


def _rows(path: Path, keys: list[str]) -> list[dict[Any, Any]]:
    if not path.is_file():
        return []
    try:
        rows = pd.read_parquet(path, columns=COLUMNS, filters=[("uptier_key", "in", keys)])
    except (OSError, ValueError) as error:
        raise StoreError(
            f"The worklist {path} cannot be read.", do="Score that date again with 'uptier score --as-of'."
        ) from error
    return rows.to_dict("records")
