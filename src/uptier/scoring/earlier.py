"""What was said of accounts when they were last scored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from uptier.scoring import placing
from uptier.scoring.scorecard import FOLDER, PARQUET, read_worklist
from uptier.settings import OUTCOMES


@dataclass(frozen=True, eq=False)
class Earlier:
    """Accounts as they were when they were last scored.

    Attributes
    ----------
    as_of : date
        When that was.
    frame : DataFrame, shape (n_accounts, 2 + n_signals)
        Their signals on that date; who was not scored then is not there.
    told : mapping of str to mapping of str to float
        By account the probabilities that the scorecard gave, by outcome, share; NaN where it gave none.
    """

    as_of: dt.date
    frame: pd.DataFrame
    told: Mapping[str, Mapping[str, float]]


def told_before(store: Path, as_of: dt.date) -> tuple[dt.date, dict[str, dict[str, float]]] | None:
    """Give what the last scorecard before a date said.

    Parameters
    ----------
    store : Path
        The project's store.
    as_of : date
        The date.

    Returns
    -------
    date and dict of str to dict, or None
        When that was; by account the probabilities by outcome, share, NaN where rules decided. None if there is no
        scorecard before the date.
    """
    earlier = [date for date in placing.dates(store / FOLDER) if date < as_of.isoformat()]
    if not earlier:
        return None
    columns = {f"p_{outcome}": outcome for outcome in OUTCOMES}
    card = pd.read_parquet(store / FOLDER / earlier[-1] / PARQUET, columns=["account_id", *columns])
    shares = card[list(columns)].to_numpy(dtype="float64").tolist()
    told = {
        str(account): dict(zip(OUTCOMES, row, strict=True))
        for account, row in zip(card["account_id"], shares, strict=True)
    }
    return dt.date.fromisoformat(earlier[-1]), told


def worklist_before(store: Path, as_of: dt.date) -> pd.DataFrame | None:
    """Read the newest worklist of a date before another.

    Parameters
    ----------
    store : Path
        The project's store.
    as_of : date
        The date of the worklist that is to follow it.

    Returns
    -------
    DataFrame or None
        None where there is none.

    Raises
    ------
    StoreError
        If it cannot be read.
    """
    place = store / FOLDER
    for date in reversed(placing.dates(place)):
        found = read_worklist(place / date) if date < as_of.isoformat() else None
        if found is not None:
            return found
    return None
