"""Tiny tables drawn as text, for docstrings and tests: the same way in as for a project's own data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from uptier.errors import TableError, did_you_mean
from uptier.settings import Settings
from uptier.tables.clean import clean
from uptier.tables.contracts import CONTRACT
from uptier.tables.history import History, grid_of
from uptier.tables.mapping import map_table
from uptier.tables.rollup import usage_rollup
from uptier.tables.source import Source, in_memory

if TYPE_CHECKING:
    from uptier.tables.clean import Tables

SHORT = {"account": "account_id", "user": "user_id", "plan": "plan_id", "addon": "addon_id"}
LONG_AGO = "2020-01-01"  # since when the accounts run that draw no subscription
DEFAULT_SEATS, DEFAULT_MRR = "10", "100"

# ids that may be left out: one for each account, or one for each row
_ONE_AN_ACCOUNT = {"subscriptions": "subscription_id", "opportunities": "opportunity_id"}
_ONE_A_ROW = {"tickets": "ticket_id", "survey_responses": "response_id", "outreach": "outreach_id"}

_Rows = dict[str, list[str | None]]


def drawn(text: str, *, as_of: str, accounts: str = "a b c", threads: int | None = None, **settings: Any) -> History:
    """Give the past of some accounts, drawn as text.

    Parameters
    ----------
    text : str
        One table or several; columns stand between bars, the first row names them. Before each table stands its
        canonical name (``# subscriptions``); without one it is `usage_events`. An empty cell is null, a column that is
        not drawn is absent; `account`, `user`, `plan` and `addon` are short for their ids, and the ids of
        subscriptions, opportunities, tickets, answers and contacts may be left out. Times are UTC.
    as_of : str
        One date or several: ``"2026-03-29"``, ``"2026-03-01 2026-04-01"``.
    accounts : str
        Who is looked at. Each has a subscription of 10 seats at 100 a month since 2020, unless `text` draws
        subscriptions.
    threads : int, optional
        Threads of the engine.
    **settings : Any
        Keys of a project's YAML that differ from their defaults, such as ``thresholds={"gate_days": 7}``.

    Returns
    -------
    History
        The past of every account at every date.

    Raises
    ------
    TableError
        If a table or column is not of the contract, or a row has not as many cells as its table has columns.

    Examples
    --------
    >>> history = drawn("account | occurred_at | kind", as_of="2026-03-29", accounts="a b")
    >>> history.grid.order_by("account_id").to_pandas()["account_id"].tolist()
    ['a', 'b']
    """
    days = as_of.split()
    tables = tables_of(text, data_until=max(days), accounts=accounts, threads=threads, **settings)
    grid = pd.MultiIndex.from_product([accounts.split(), pd.to_datetime(days)], names=["account_id", "as_of"])
    return History(tables, grid_of(tables, grid.to_frame(index=False)), usage_rollup(tables))


def tables_of(
    text: str, *, data_until: str, accounts: str = "a b c", threads: int | None = None, **settings: Any
) -> Tables:
    """Give clean tables, drawn as text.

    Parameters
    ----------
    text : str
        As for :func:`drawn`.
    data_until : str
        First day that the tables do not cover.
    accounts : str
        Who is a customer, unless `text` draws the table `accounts`.
    threads : int, optional
        Threads of the engine.
    **settings : Any
        As for :func:`drawn`.

    Returns
    -------
    Tables
        Mapped and cleaned like a project's own.

    Raises
    ------
    TableError
        As for :func:`drawn`.

    Examples
    --------
    >>> tables = tables_of("account | occurred_at | kind", data_until="2026-03-29", accounts="a b")
    >>> tables["subscriptions"].to_pandas()["seats"].tolist()
    [10, 10]
    """
    source = source_of(text, accounts=accounts, threads=threads)
    project = settings_of(data_until=data_until, **settings)
    mapped = {name: map_table(source, project, name) for name in CONTRACT}
    return clean(source, project, {name: one for name, one in mapped.items() if one is not None})


def source_of(text: str, *, accounts: str = "a b c", threads: int | None = None) -> Source:
    """Give a source with tables drawn as text.

    Parameters
    ----------
    text : str
        As for :func:`drawn`.
    accounts : str
        Who is a customer, unless `text` draws the table `accounts`.
    threads : int, optional
        Threads of the engine.

    Returns
    -------
    Source
        All columns are text, as in a CSV that says nothing of types.

    Raises
    ------
    TableError
        As for :func:`drawn`.

    Examples
    --------
    >>> source_of("account | occurred_at | kind").names
    ('accounts', 'subscriptions', 'usage_events')
    """
    names = accounts.split()
    tables: dict[str, _Rows] = {
        "accounts": {"account_id": [*names]},
        "subscriptions": {
            "subscription_id": [*names],
            "account_id": [*names],
            "seats": [DEFAULT_SEATS for _ in names],
            "mrr": [DEFAULT_MRR for _ in names],
            "valid_from": [LONG_AGO for _ in names],
        },
    }
    tables |= _read(text)
    return in_memory({name: _typed(rows) for name, rows in tables.items()}, threads=threads)


def settings_of(*, data_until: str, **settings: Any) -> Settings:
    """Give the settings of a drawn project.

    Parameters
    ----------
    data_until : str
        First day that the tables do not cover.
    **settings : Any
        Keys of a project's YAML that differ from their defaults.

    Returns
    -------
    Settings
        With times in UTC where they carry no zone.

    Examples
    --------
    >>> settings_of(data_until="2026-03-29").timezone
    'UTC'
    """
    fixed: Mapping[str, Any] = {
        "project": "drawn",
        "path": Path("drawn.yaml"),
        "source": "memory",
        "store": Path("drawn"),
        "data_until": dt.date.fromisoformat(data_until),
        "timezone": "UTC",
    }
    return Settings.model_validate({**fixed, **settings})


def _read(text: str) -> dict[str, _Rows]:
    tables: dict[str, _Rows] = {}
    name, columns = "usage_events", list[str]()
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("#"):
            name, columns = line.removeprefix("#").strip(), []
            if name not in CONTRACT:
                raise TableError(f"There is no table '{name}' to draw.", do=did_you_mean(name, CONTRACT))
            continue
        cells = [cell.strip() for cell in line.split("|")]
        if not columns:
            columns = _columns(name, cells)
            tables[name] = {column: [] for column in columns}
            continue
        if len(cells) != len(columns):
            raise TableError(
                f"A row of the drawn table '{name}' has {len(cells)} cells for {len(columns)} columns.",
                do="Put a bar between all cells, the empty ones too.",
            )
        for column, cell in zip(columns, cells, strict=True):
            tables[name][column].append(cell or None)
    return {name: _with_ids(name, rows) for name, rows in tables.items()}


def _columns(name: str, cells: list[str]) -> list[str]:
    columns = [SHORT.get(cell, cell) for cell in cells]
    for column in columns:
        if column not in CONTRACT[name].columns:
            raise TableError(
                f"The drawn table '{name}' has no column '{column}'.", do=did_you_mean(column, CONTRACT[name].columns)
            )
    return columns


def _with_ids(name: str, rows: _Rows) -> _Rows:
    if name in _ONE_AN_ACCOUNT and _ONE_AN_ACCOUNT[name] not in rows:
        return {_ONE_AN_ACCOUNT[name]: list(rows["account_id"]), **rows}
    if name in _ONE_A_ROW and _ONE_A_ROW[name] not in rows:
        return {_ONE_A_ROW[name]: [str(place) for place, _ in enumerate(rows["account_id"])], **rows}
    return rows


def _typed(rows: _Rows) -> pa.Table:
    return pa.table({column: pa.array(cells, type=pa.string()) for column, cells in rows.items()})
