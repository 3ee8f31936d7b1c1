"""The usage rollup: events by account, user, day, known day, kind and feature; built once, kept in the store.

Windows over months read this instead of the raw events: it is smaller by the events that a user makes in a day.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import ibis

from uptier.store import write_whole

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.tables.clean import Tables


@dataclass(frozen=True)
class Rollup:
    """Usage by day.

    Attributes
    ----------
    table : Table
        Columns account_id, user_id, day, known_day, kind, feature, events (a count), users and day_users (distinct
        users of that row and of the account that day; null where the source is per user).
    per_user : bool
        Whether the source tells users apart.
    """

    table: ir.Table
    per_user: bool


def usage_rollup(tables: Tables) -> Rollup | None:
    """Roll up a project's usage, or read the rollup that the store has of the same data.

    Parameters
    ----------
    tables : Tables
        The project's clean tables.

    Returns
    -------
    Rollup or None
        None if there is no usage table.

    Raises
    ------
    StoreError
        If the store cannot be written.
    """
    per_user = "usage_events" in tables
    if not per_user and "usage_daily" not in tables:
        return None
    rolled = _of_events(tables["usage_events"]) if per_user else _of_days(tables["usage_daily"])
    if not tables.source.is_ours:
        # a server's own engine does the work; nothing is created there
        return Rollup(rolled, per_user)
    return Rollup(_stored(tables, rolled), per_user)


def _of_events(usage: ir.Table) -> ir.Table:
    grain = ["account_id", "user_id", "day", "known_day", "kind", "feature"]
    rolled = usage.group_by(grain).aggregate(events=usage.count())
    return rolled.mutate(users=ibis.null("int64"), day_users=ibis.null("int64"))


def _of_days(usage: ir.Table) -> ir.Table:
    grain = ["account_id", "day", "known_day", "kind", "feature"]
    rolled = usage.group_by(grain).aggregate(
        events=usage.events.sum(), users=usage.users.max(), day_users=usage.day_users.max()
    )
    return rolled.mutate(user_id=ibis.null("string"))


def _stored(tables: Tables, rolled: ir.Table) -> ir.Table:
    folder = tables.settings.store / "rollup"
    path, note = folder / "usage.parquet", folder / "usage.json"
    fingerprint = _fingerprint(tables, rolled)
    connection = tables.source.connection
    if not (_readable(path) and _noted(note) == fingerprint):
        # the note goes first and comes last: without it a killed run's rollup is not believed
        _forget(note)
        write_whole(path, lambda fresh: _wrote(rolled, fresh))
        write_whole(note, lambda fresh: fresh.write_text(json.dumps({"fingerprint": fingerprint})))
    return connection.read_parquet(str(path), table_name="_usage_rollup")


def _readable(path: Path) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.read_metadata(path)
    except (OSError, pa.ArrowInvalid):
        # a cache that was damaged is made anew
        return False
    return True


def _wrote(rolled: ir.Table, path: Path) -> None:
    import duckdb

    try:
        rolled.order_by(["account_id", "day"]).to_parquet(path)
    except duckdb.IOException as error:
        # the engine's own word for a full disk or a folder that may not be written
        raise OSError(str(error)) from error


def _fingerprint(tables: Tables, rolled: ir.Table) -> str:
    parts = [str(ibis.to_sql(rolled))]
    for file in tables.source.files:
        stat = file.stat()
        parts.append(f"{file.name} {stat.st_size} {stat.st_mtime_ns}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _noted(note: Path) -> str | None:
    try:
        return str(json.loads(note.read_text())["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        # whatever else stands there is no note of ours
        return None


def _forget(note: Path) -> None:
    with contextlib.suppress(OSError):
        note.unlink()
