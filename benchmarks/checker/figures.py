"""The figures of accounts, from the raw tables of a world by plain pandas.

What the project's documents say of faulty rows is done here once more, by other means: rows that equal another in every
column count once (`docs/tables.md`), and a table that is not there leaves its figures unknown. All else that is wrong
in a simulated world (late rows, late ends, mergers, corrections) is no fault of the tables: it is read as it stands,
as far as it was known on the date.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.dataset as ds
from _pandas import pandas_frame
from _pandas.cut import day_numbers
from _pandas.periods import whole_months

from uptier.thresholds import Thresholds

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOOK = ["account_id", "as_of"]
PRICE_LIST = ("plans", "plan_features", "plan_quotas")
ACCOUNTS_AT_ONCE = 800  # as many as fit into little memory with their usage
NOT_ASKED = ("truth", "opportunities")

# a table that a world may lack: its columns, and the figures that nobody knows without it
OPTIONAL = {
    "milestones": (
        {"account_id": "str", "milestone": "str", "reached_at": "datetime64[us]", "recorded_at": "datetime64[us]"},
        ("milestones_reached", "milestones_in_90_days"),
    ),
}


@dataclass(frozen=True, eq=False)
class Figures:
    """What is true of some accounts on some dates.

    Attributes
    ----------
    place : dict of tuple to int
        Row of each account and date, the date in days from 1970.
    values : dict of str to list
        Each figure by its name, one value for each row; None where it is not known.
    """

    place: dict[tuple[str, int], int]
    values: dict[str, list[float | str | None]]


def figures_of(world: Path, looks: pd.DataFrame, *, at_once: int = ACCOUNTS_AT_ONCE) -> Figures:
    """Compute the figures of accounts.

    Parameters
    ----------
    world : Path
        Folder of the raw tables.
    looks : DataFrame
        Columns account_id and as_of; each pair once.
    at_once : int
        Accounts whose usage is held in memory together.

    Returns
    -------
    Figures
        Of all looks.
    """
    accounts = looks["account_id"].drop_duplicates().sort_values().tolist()
    parts = []
    for begin in range(0, len(accounts), at_once):
        some = accounts[begin : begin + at_once]
        parts.append(_frame(world, looks[looks["account_id"].isin(some)], some))
    frame = pd.concat(parts, ignore_index=True)
    keys = zip(frame["account_id"].astype(str), day_numbers(frame["as_of"]).tolist(), strict=True)
    return Figures(
        place={key: row for row, key in enumerate(keys)},
        values={str(name): _plain(frame[name]) for name in frame if name not in LOOK},
    )


def _frame(world: Path, looks: pd.DataFrame, accounts: Sequence[str]) -> pd.DataFrame:
    tables = raw_tables(world, accounts)
    absent = [name for name in OPTIONAL if name not in tables]
    for name in absent:
        columns, _ = OPTIONAL[name]
        tables[name] = pd.DataFrame({column: pd.Series(dtype=kind) for column, kind in columns.items()})
    looks = looks[LOOK].assign(as_of=looks["as_of"].astype("datetime64[us]"))
    frame = pandas_frame(tables, looks, Thresholds())
    for name in absent:
        frame[list(OPTIONAL[name][1])] = np.nan
    return frame.assign(
        place_of_plan=_places(tables["plans"], frame["tier"]),
        ever_metered=_ever_read(tables["meter_readings"], frame),
        months_there=_months_there(frame),
    )


def raw_tables(world: Path, accounts: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Read the raw tables of some accounts, times in UTC, rows that equal another once."""
    tables = {}
    for path in sorted(world.iterdir()):
        if path.stem in NOT_ASKED or not (path.suffix == ".parquet" or path.is_dir()):
            continue
        data = ds.dataset(path, format="parquet")
        only = None if path.stem in PRICE_LIST else pc.field("account_id").isin(list(accounts))
        table = data.to_table(filter=only).to_pandas()
        moments = [name for name in table if isinstance(table[name].dtype, pd.DatetimeTZDtype)]
        table = table.assign(**{name: table[name].dt.tz_convert(None) for name in moments})
        tables[path.stem] = once(table)
    return tables


def once(table: pd.DataFrame) -> pd.DataFrame:
    """Leave out rows that equal another in every column."""
    ids = [name for name in table.columns if name in ("event_id", "ticket_id")]
    if not ids:
        return table.drop_duplicates(ignore_index=True)
    # only where the id repeats can the rest of it: that is far less to compare
    again = table.duplicated(ids, keep=False)
    kept = ~again
    kept[again] = ~table[again].duplicated()
    return table[kept].reset_index(drop=True)


def _places(plans: pd.DataFrame, tier: pd.Series[float]) -> NDArray[np.float64]:
    """Count the places of the price list up to each plan's own."""
    ranks = np.sort(plans["tier_rank"].dropna().unique())
    places = np.searchsorted(ranks, tier.to_numpy(dtype=float), side="right").astype(float)
    return np.where(tier.isna(), np.nan, places)


def _ever_read(readings: pd.DataFrame, frame: pd.DataFrame) -> NDArray[np.float64]:
    """Give 1 where any reading above 0 was known on the date, else 0."""
    happened, known = day_numbers(readings["read_at"]), day_numbers(readings["recorded_at"])
    rows = readings.assign(seen=np.maximum(happened, np.where(readings["recorded_at"].isna(), happened, known)))
    first = rows[rows["value"] > 0].groupby("account_id")["seen"].min()
    days = day_numbers(frame["as_of"])
    return np.where(frame["account_id"].map(first).fillna(np.inf).to_numpy() < days, 1.0, 0.0)


def _months_there(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Count the whole months since the first subscription."""
    days = day_numbers(frame["as_of"])
    return whole_months(days - frame["tenure"].fillna(0).to_numpy(dtype=int), days).astype(float)


def _plain(column: pd.Series[Any]) -> list[float | str | None]:
    missing = column.isna().tolist()
    values = column.astype(float).tolist() if pd.api.types.is_numeric_dtype(column) else column.tolist()
    return [None if gone else value for value, gone in zip(values, missing, strict=True)]
