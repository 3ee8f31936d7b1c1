"""The known-at audit: signals formed once more from tables from which all is deleted that became known later.

The past comes to signals through `History` alone, which hides what was not yet known. Here the same looks are taken
without trust in that: rows of the sources that happened or became known on the as-of date or later are deleted, ends
and results that were not yet known are blanked, and everything after that is done anew. A value that differs saw them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from uptier.tables.clean import SHOWN_ONCE_KNOWN, clean, dated, vouched_columns
from uptier.tables.contracts import CONTRACT
from uptier.tables.history import history_of
from uptier.tables.rollup import unbuilt_rollup
from uptier.training.alarm_judging import Alarm

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

    from uptier.settings import Settings
    from uptier.signals.catalog import Catalog
    from uptier.tables.clean import Tables
    from uptier.tables.mapping import Mapped
    from uptier.tables.source import Source

KEY = ["account_id", "as_of"]
DATES, ACCOUNTS = 2, 300  # looked at again; the accounts of each date
FULL = 0.25  # of the looks of the fullest date, which a date must have to be chosen
TOLERANCE = 1e-9  # relative; signals are quotients of whole numbers, equal to the last bit or nearly
USAGE_TABLES = ("usage_events", "usage_daily")
WHOLE = ("", "intervals")  # forms whose rows tell their own end


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A signal whose values are others where nothing is there that became known later.

    Attributes
    ----------
    signal : str
        Its name.
    rows : int
        Rows in which it differs.
    compared : int
        Rows that were compared.
    """

    signal: str
    rows: int
    compared: int


def differences(seen: pd.DataFrame, cut: pd.DataFrame) -> tuple[Difference, ...]:
    """Compare what signals said with what they say once the future is deleted.

    Parameters
    ----------
    seen : DataFrame
        Columns account_id, as_of and signals, as they were learnt from.
    cut : DataFrame
        The same looks over the cut tables, in any order. Looks and signals that only one of the two has are not
        compared.

    Returns
    -------
    tuple of Difference
        In the order of the columns of `seen`. Two missing values are equal.
    """
    both = seen[KEY].reset_index(drop=True).assign(_seen=np.arange(len(seen)))
    both = both.merge(cut[KEY].assign(_cut=np.arange(len(cut))), on=KEY, validate="one_to_one")
    found = []
    for name in seen.columns:
        if name in KEY or name not in cut:
            continue
        before = seen[name].to_numpy()[both["_seen"].to_numpy()]
        after = cut[name].to_numpy()[both["_cut"].to_numpy()]
        rows = int(_other(before, after).sum())
        if rows:
            found.append(Difference(signal=str(name), rows=rows, compared=len(both)))
    return tuple(found)


def cut_tables(mapped: Mapping[str, Mapped], settings: Settings, as_of: dt.date) -> dict[str, Mapped]:
    """Delete from mapped tables whatever happened or became known on a date or later.

    Parameters
    ----------
    mapped : mapping of str to Mapped
        The project's tables, before they are cleaned.
    settings : Settings
        The project, for the worst-case lags of rows that do not say when they were known.
    as_of : date
        The date.

    Returns
    -------
    dict of str to Mapped
        The same tables with fewer rows, ends and results blank that were not yet known. Tables that only describe, and
        columns that are overwritten in place, are as they were: what they said then nobody knows any more.
    """
    return {name: _cut(one, settings, as_of) for name, one in mapped.items()}


def looks_again(frame: pd.DataFrame, *, seed: int, dates: int = DATES, accounts: int = ACCOUNTS) -> pd.DataFrame:
    """Choose which looks are taken again.

    Parameters
    ----------
    frame : DataFrame
        Columns account_id and as_of.
    seed : int
        Of the draw of accounts.
    dates : int
        As-of dates at most, spread over all on which many accounts are looked at.
    accounts : int
        Looks at most from each date.

    Returns
    -------
    DataFrame
        Columns account_id and as_of.
    """
    counts = frame["as_of"].value_counts().sort_index()
    # days on which single accounts are looked at, as upsells have, must not crowd out the firsts of months
    every = counts.index[counts >= FULL * counts.max()].to_numpy() if len(counts) else counts.index.to_numpy()
    place = np.unique(np.linspace(0, len(every) - 1, dates + 2).round().astype(int)[1:-1])
    chosen = every[place] if len(every) else every
    rows = frame.loc[frame["as_of"].isin(chosen), KEY].drop_duplicates().sort_values(KEY, ignore_index=True)
    shuffled = rows.iloc[np.random.default_rng(seed).permutation(len(rows))]
    return shuffled.groupby("as_of").head(accounts).sort_values(KEY, ignore_index=True)


def formed_again(
    looks: pd.DataFrame,
    mapped: Mapping[str, Mapped],
    source: Source,
    settings: Settings,
    catalog: Catalog,
    *,
    repeated: frozenset[str] | None = None,
) -> pd.DataFrame:
    """Form the signals of some looks from tables that are cut on each look's own date.

    Parameters
    ----------
    looks : DataFrame, columns account_id and as_of
        Who is looked at, and when; as from :func:`looks_again`.
    mapped : mapping of str to Mapped
        The project's tables, before they are cleaned.
    source : Source
        Where they are.
    settings : Settings
        The project.
    catalog : Catalog
        Its signals, its own among them.
    repeated : frozenset of str, optional
        The tables in which the check saw equal rows; where it is not given they are looked for in every table.

    Returns
    -------
    DataFrame, shape (n_looks, 2 + n_signals)
        As from :meth:`~uptier.signals.catalog.Catalog.frame`. The store's rollup of
        usage is neither read nor written.
    """
    if repeated is not None:
        repeated |= SHOWN_ONCE_KNOWN.keys()  # where an end or a result is blanked, rows may become equal
    frames = []
    for date, some in looks.groupby("as_of", sort=True):
        as_of = pd.Timestamp(str(date)).date()
        asked = some["account_id"].tolist()
        cut = {name: _of_accounts(one, asked) for name, one in cut_tables(mapped, settings, as_of).items()}
        # a few accounts' usage is small, and looked through again and again
        for name in USAGE_TABLES:
            if name in cut:
                cut[name] = dataclasses.replace(cut[name], table=source.kept(cut[name].table, "audited_raw"))
        tables = clean(source, settings, cut, repeated)
        usage = {name: source.kept(tables[name], "audited") for name in USAGE_TABLES if name in tables}
        tables = dataclasses.replace(tables, clean={**tables.clean, **usage})
        rollup = unbuilt_rollup(tables)
        if rollup is not None:
            days, touches = source.kept(rollup.days, "audited_days"), source.kept(rollup.touches, "audited_touches")
            rollup = dataclasses.replace(rollup, days=days, touches=touches)
        frames.append(catalog.frame(history_of(tables, some.reset_index(drop=True), rollup)))
    return pd.concat(frames, ignore_index=True) if frames else looks


def known_at_alarms(outcome: str, found: Sequence[Difference]) -> tuple[Alarm, ...]:
    """Turn what differs into alarms.

    Parameters
    ----------
    outcome : str
        Whose head.
    found : sequence of Difference
        From :func:`differences`.

    Returns
    -------
    tuple of Alarm
        One for each signal.
    """
    return tuple(
        Alarm(
            code="known_at",
            outcome=outcome,
            signal=one.signal,
            found=(
                f"formed again from tables without anything that became known on the as-of date or later, it is "
                f"another in {one.rows:,} of {one.compared:,} rows."
            ),
            measured={"rows": float(one.rows), "compared": float(one.compared)},
        )
        for one in found
    )


def not_auditable(tables: Tables) -> tuple[str, ...]:
    """Say of what nobody can tell when it became known.

    Parameters
    ----------
    tables : Tables
        The project's clean tables.

    Returns
    -------
    tuple of str
        A sentence for each such table or column: a weaker finding, and no alarm.
    """
    found = []
    for name in tables.clean:
        if (
            CONTRACT[name].time
            and "recorded_at" not in tables.present[name]
            and not tables.settings.table(name).lag_days
        ):
            found.append(
                f"Table '{name}' has neither recorded_at nor lag_days: its rows are taken as known on their own day; "
                "whether some came later cannot be audited."
            )
        found += [
            f"Column '{name}.{column}' is overwritten in place; that it holds since {day} is the project's word "
            "and cannot be audited."
            for column, day in vouched_columns(name, tables.settings).items()
        ]
    return tuple(found)


def _cut(one: Mapped, settings: Settings, as_of: dt.date) -> Mapped:
    if not CONTRACT[one.name].time:
        return one
    table = dated(one.table, one.name, settings.table(one.name).lag_days)
    day = ibis.date(as_of.isoformat())
    table = table.filter((table.day < day) & (table.known_day < day))
    if one.form in WHOLE:
        blank = {}
        for column, known in SHOWN_ONCE_KNOWN.get(one.name, {}).items():
            if column in one.table.columns:
                when = table[known] if table[known].type().is_date() else table[known].date()
                blank[column] = ibis.ifelse(when < day, table[column], ibis.null(table[column].type()))
        table = table.mutate(**blank)
    return dataclasses.replace(one, table=table.select(*one.table.columns))


def _of_accounts(one: Mapped, accounts: list[str]) -> Mapped:
    if "account_id" not in one.table.columns:
        return one
    return dataclasses.replace(one, table=one.table.filter(one.table.account_id.isin(accounts)))


def _other(before: NDArray[np.generic], after: NDArray[np.generic]) -> NDArray[np.bool_]:
    missing, gone = pd.isna(before), pd.isna(after)
    if before.dtype.kind in "fiub" and after.dtype.kind in "fiub":
        same = np.isclose(before.astype(np.float64), after.astype(np.float64), rtol=TOLERANCE, atol=0.0)
    else:
        same = np.asarray(before, dtype=object) == np.asarray(after, dtype=object)
    return np.asarray(~((missing & gone) | (~missing & ~gone & same)), dtype=np.bool_)
