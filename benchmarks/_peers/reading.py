"""The tables as both peers take them: times as days, since dates begin at midnight and windows are of whole days."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.dataset as ds

SATURDAY = 5
COLUMNS = ["account_id", "user_id", "occurred_at", "kind", "feature", "recorded_at"]


def read(folder: Path, name: str) -> pd.DataFrame:
    """Read a table."""
    return pd.read_parquet(folder / f"{name}.parquet")


def on_days(rows: pd.DataFrame, *times: str) -> pd.DataFrame:
    """Give rows a number, and cut times to their days."""
    return rows.assign(row=np.arange(len(rows)), **{name: rows[name].dt.normalize() for name in times})


def events_read(folder: Path) -> pd.DataFrame:
    """Read the events, ids and names as categories: many times faster than as text."""
    names = ["account_id", "user_id", "kind", "feature"]
    kept = ds.ParquetFileFormat(dictionary_columns=names)
    events = ds.dataset(folder / "usage_events", format=kept).to_table(columns=COLUMNS)
    frame: pd.DataFrame = events.unify_dictionaries().to_pandas()
    return frame


def events_of(folder: Path) -> pd.DataFrame:
    """Read the events with their days, and what can be told of a row by itself."""
    events = events_read(folder)
    day = events["occurred_at"].dt.normalize()
    number = (day - pd.Timestamp(0)).dt.days
    return events.drop(columns="occurred_at").assign(
        row=np.arange(len(events)),
        day=day,
        day_number=number,
        working=day.dt.weekday < SATURDAY,
        # an account's day, as one number
        account_day=events["account_id"].cat.codes.astype("int64") * 100_000 + number,
        # what does not say when it became known was known at once
        recorded_at=events["recorded_at"].fillna(day),
    )


def tickets_of(folder: Path) -> pd.DataFrame:
    """Read the tickets, with the minute in which each was opened and the minutes that it took."""
    rows = read(folder, "tickets")
    opened, closed = (rows[name].dt.floor("min") for name in ("opened_at", "closed_at"))
    took = (closed - opened).dt.total_seconds() / 60
    return on_days(rows.assign(said_at=opened, took=took), "opened_at", "closed_at")


def answers_of(folder: Path) -> pd.DataFrame:
    """Read the answers to surveys, with the minute of each."""
    rows = read(folder, "survey_responses")
    return on_days(rows.assign(said_at=rows["answered_at"].dt.floor("min")), "answered_at")


def plans_of(folder: Path) -> pd.DataFrame:
    """Read the price list, with the price of the next plan up."""
    plans = read(folder, "plans").sort_values("tier_rank")
    return plans.assign(next_price=plans["price"].shift(-1))
