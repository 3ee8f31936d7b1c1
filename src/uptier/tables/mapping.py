"""From a source's own schema and values to the canonical columns, as expressions; nothing is read here but schemas."""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.datatypes as dt

from uptier.errors import MissingColumnError, NoZoneError, TableError, WrongTypeError, closest
from uptier.project_file import as_written, where
from uptier.settings import IdentitySettings, Settings, TableSettings
from uptier.tables import readings
from uptier.tables.contracts import CONTRACT, Kind

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.tables.source import Source

MINOR_UNITS = 100  # hundredths of the account currency
OTHER = "other"  # the kind of a usage event that the project does not map

TYPES: dict[Kind, dt.DataType] = {
    Kind.ID: dt.string,
    Kind.CATEGORY: dt.string,
    Kind.TEXT: dt.string,
    Kind.TIME: dt.timestamp,
    Kind.DAY: dt.date,
    Kind.COUNT: dt.int64,
    Kind.NUMBER: dt.float64,
    Kind.MONEY: dt.int64,
}


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """A table in canonical columns and types, before anything is left out.

    Attributes
    ----------
    name : str
        Canonical name.
    table : Table
        All columns of the contract; those that the source lacks are null.
    raw : Table
        As the source has it.
    present : frozenset of str
        The canonical columns that the source has.
    origin : dict
        Canonical column to the column it comes from.
    unused : tuple of str
        Columns of the source that nothing was mapped to.
    form : str
        For subscriptions, the form they come in: the project's, or ``current`` where the table says nothing of when.
    """

    name: str
    table: ir.Table
    raw: ir.Table
    present: frozenset[str]
    origin: dict[str, str]
    unused: tuple[str, ...]
    form: str = ""


def map_table(source: Source, settings: Settings, name: str) -> Mapped | None:
    """Map one table of a source onto the contract.

    Parameters
    ----------
    source : Source
        Where the data are.
    settings : Settings
        How the project calls its columns and values.
    name : str
        Canonical name of the table.

    Returns
    -------
    Mapped or None
        None if the source does not have the table and the project does not ask for it.

    Raises
    ------
    TableError
        If the project names a table or column that is not there, or a required column is missing.
    """
    wanted = settings.table(name)
    raw = _raw(source, settings, name, wanted)
    if raw is None:
        return None
    contract = CONTRACT[name]
    origin = _origins(raw, settings, name, wanted)
    columns: dict[str, Any] = {}
    for column_name, column in contract.columns.items():
        if column_name in wanted.constants:
            columns[column_name] = ibis.literal(wanted.constants[column_name]).cast(TYPES[column.kind])
        elif column_name in origin:
            value = raw[origin[column_name]]
            place = _Place(settings, name, column_name, source.connection.name)
            columns[column_name] = _typed(value, column.kind, place)
        else:
            columns[column_name] = ibis.null(TYPES[column.kind])
    for column_name, translated in wanted.values.items():
        columns[column_name] = _translated(columns[column_name], translated)
    if "kind" in contract.columns and contract.columns["kind"].values:
        known = list(contract.columns["kind"].values)
        # a kind that is missing stays missing: the check counts it
        kept = columns["kind"].isin(known) | columns["kind"].isnull()
        columns["kind"] = ibis.ifelse(kept, columns["kind"], OTHER)
    table = raw.select(**columns)
    if wanted.identity is not None:
        table = _identified(source, settings, table, name=name, identity=wanted.identity)
    present = frozenset(origin) | frozenset(wanted.constants)
    unused = tuple(column for column in raw.columns if column not in origin.values())
    form = ("current" if "valid_from" not in present else wanted.form) if name == "subscriptions" else ""
    return Mapped(name=name, table=table, raw=raw, present=present, origin=origin, unused=unused, form=form)


def unmapped_kinds(mapped: Mapped, settings: Settings) -> Any:
    """Give the event names that no canonical kind was found for.

    Parameters
    ----------
    mapped : Mapped
        A usage table.
    settings : Settings
        The project.

    Returns
    -------
    Table
        Columns name and events, most frequent first.
    """
    names = mapped.raw[mapped.origin["kind"]].cast("string").name("name")
    translated = _translated(names, settings.table(mapped.name).values.get("kind", {}))
    known = list(CONTRACT[mapped.name].columns["kind"].values)
    return (
        mapped.raw.select(name=names, kind=translated)
        .filter(lambda row: ~row.kind.isin(known))
        .group_by("name")
        .aggregate(events=lambda row: row.count())
        .order_by([ibis.desc("events"), "name"])
    )


def ambiguous_ids(source: Source, settings: Settings, name: str) -> ir.Table | None:
    """Give the ids by which a table's rows would count for several accounts.

    Parameters
    ----------
    source : Source
        Where the data are.
    settings : Settings
        The project.
    name : str
        Canonical name of the table.

    Returns
    -------
    Table or None
        One row for each such id; None where the table is not joined by identity.
    """
    identity, identities = settings.table(name).identity, settings.identities
    if identity is None or identities is None:
        return None
    pairs = _pairs(source, settings, identities, identity)
    pairs = pairs.filter(pairs._their_id.notnull())
    grouped = pairs.group_by("_their_id").aggregate(accounts=pairs._account_id.nunique())
    return grouped.filter(grouped.accounts > 1)


def _raw(source: Source, settings: Settings, name: str, wanted: TableSettings) -> ir.Table | None:
    if wanted.sql is not None:
        return source.query(wanted.sql, where=where(settings.path, "tables", name, "sql"))
    table = source.table(wanted.source or name)
    if table is None and wanted.source is not None:
        near = closest(wanted.source, source.names)
        raise TableError(
            f"{where(settings.path, 'tables', name, 'from')}: the source has no table "
            f"'{as_written(settings.path, 'tables', name, 'from')}'.",
            found=", ".join(sorted(source.names)),
            do=f"Did you mean '{near[0]}'?" if near else "Name one of these.",
        )
    return table


def _origins(raw: ir.Table, settings: Settings, name: str, wanted: TableSettings) -> dict[str, str]:
    contract = CONTRACT[name]
    for key in ("columns", "constants", "values"):
        for column in getattr(wanted, key):
            if column not in contract.columns:
                near = closest(column, contract.columns)
                raise MissingColumnError(
                    f"{where(settings.path, 'tables', name, key, column)}: "
                    f"the table '{name}' of the contract has no column '{column}'.",
                    do=f"Did you mean '{near[0]}'?" if near else f"It has: {', '.join(contract.columns)}.",
                )
    origin = {column: column for column in contract.columns if column in raw.columns}
    for column, theirs in wanted.columns.items():
        if theirs not in raw.columns:
            near = closest(theirs, raw.columns)
            raise MissingColumnError(
                f"{where(settings.path, 'tables', name, 'columns', column)}: the source's table has no column "
                f"'{as_written(settings.path, 'tables', name, 'columns', column)}'.",
                found=", ".join(raw.columns),
                do=f"Did you mean '{near[0]}'?" if near else "Name one of these.",
            )
        origin[column] = theirs
    for column in contract.required_columns():
        if column not in origin and column not in wanted.constants:
            lacking = _lacking(raw, settings, name, column, used=set(origin.values()))
            # subscriptions that say nothing of when are a table of today, unless a column looks like a misspelt
            # beginning
            if (name, column) != ("subscriptions", "valid_from") or "Did you mean" in lacking.do:
                raise lacking
    return origin


def _lacking(raw: ir.Table, settings: Settings, name: str, column: str, *, used: set[str]) -> MissingColumnError:
    free = [theirs for theirs in raw.columns if theirs not in used]
    near = closest(column, free, count=1)
    hint = f"Did you mean '{near[0]}'? Rename it, or map it" if near else "Map the column that holds it"
    return MissingColumnError(
        f"Table '{name}' lacks the required column {column}.",
        found=", ".join(raw.columns),
        do=f"{hint} under tables.{name}.columns in {settings.path}.",
    )


@dataclass(frozen=True)
class _Place:
    """Where a column stands, for messages, and which engine reads it."""

    settings: Settings
    table: str
    column: str
    engine: str

    def __str__(self) -> str:
        return f"Table '{self.table}', column {self.column}"


def _typed(value: Any, kind: Kind, place: _Place) -> Any:
    given = value.type()
    if kind in (Kind.ID, Kind.CATEGORY, Kind.TEXT):
        if given.is_numeric() and not given.is_integer():
            # 12.0 and 12 are the same id
            value = value.cast("int64")
        return value.cast("string")
    if kind in (Kind.TIME, Kind.DAY):
        if kind is Kind.DAY and (given.is_string() or (given.is_timestamp() and given.timezone is None)):
            # a day is a day, whatever the zone
            return (readings.time_of(value, place.engine) if given.is_string() else value).date()
        moment = _moment(value, place)
        return moment.date() if kind is Kind.DAY else moment
    if not (given.is_numeric() or given.is_string() or given.is_boolean()):
        raise WrongTypeError(
            f"{place}: a {kind} is wanted.",
            found=f"the type {given}",
            do=f"Map another column under tables.{place.table}.columns in {place.settings.path}.",
        )
    if given.is_boolean():
        value = ibis.ifelse(value, 1, ibis.ifelse(value.isnull(), ibis.null("int64"), 0))
    number = readings.number_of(value, place.engine) if given.is_string() else value.cast("float64")
    if kind is Kind.MONEY:
        return readings.whole(number * MINOR_UNITS)
    if kind is Kind.COUNT:
        return readings.whole(number)
    return number


def _moment(value: Any, place: _Place) -> Any:
    given, settings, table = value.type(), place.settings, place.table
    zone = settings.table(table).timezone or settings.timezone
    if given.is_date():
        return value.cast(dt.timestamp)
    if given.is_timestamp() and given.timezone is not None:
        return value.cast(dt.timestamp)
    if given.is_numeric():
        if zone not in readings.UNITS_PER_SECOND:
            raise NoZoneError(
                f"{place}: numbers are no times.",
                found=f"the type {given}",
                do=f"If they count from 1970, say timezone: epoch_s (or epoch_ms) under tables.{table} in "
                f"{settings.path}.",
            )
        return readings.time_since_1970(value, zone, place.engine)
    if not (given.is_timestamp() or given.is_string()):
        raise WrongTypeError(
            f"{place}: a time is wanted.",
            found=f"the type {given}",
            do=f"Map another column under tables.{table}.columns in {settings.path}.",
        )
    if zone is None or zone.startswith("epoch"):
        raise NoZoneError(
            f"{place}: its times carry no zone.",
            found=f"the type {given}",
            do=f"Say which zone they are in, timezone: UTC for instance, under tables.{table} or at the top of "
            f"{settings.path}.",
        )
    _require_known(zone, settings=settings, table=table, column=place.column)
    if given.is_string():
        # text may mix both: what carries an offset keeps it, the rest is in the declared zone
        carries = value.re_search(r"(Z|UTC|[+-]\d{2}(:?\d{2})?)$") & value.contains(":")
        with_zone = readings.time_with_offset(value, place.engine)
        without = readings.in_utc(readings.time_of(value, place.engine), zone, place.engine)
        return ibis.ifelse(carries, with_zone, without)
    return readings.in_utc(value, zone, place.engine)


def _require_known(zone: str, *, settings: Settings, table: str, column: str) -> None:
    try:
        zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        place = ("tables", table, "timezone") if settings.table(table).timezone else ("timezone",)
        near = closest(zone, zoneinfo.available_timezones(), count=1)
        raise NoZoneError(
            f"{where(settings.path, *place)}: there is no time zone '{as_written(settings.path, *place)}', which "
            f"column {column} of the table '{table}' needs.",
            do=f"Did you mean '{near[0]}'?" if near else "Zones are called UTC, Europe/Berlin, America/New_York, ...",
        ) from None


def _translated(value: Any, translation: dict[str, str]) -> Any:
    if not translation:
        return value
    exact = [(value == theirs, ours) for theirs, ours in translation.items() if "*" not in theirs]
    # not LIKE: engines disagree on how its own special characters are escaped
    patterns = [
        (value.re_search(f"(?s)^{'.*'.join(map(re.escape, theirs.split('*')))}$"), ours)
        for theirs, ours in translation.items()
        if "*" in theirs
    ]
    return ibis.cases(*exact, *patterns, else_=value)


def _identified(source: Source, settings: Settings, table: ir.Table, *, name: str, identity: str) -> ir.Table:
    identities = settings.identities
    if identities is None or identity not in identities.columns or "account_id" not in identities.columns:
        raise TableError(
            f"{where(settings.path, 'tables', name, 'identity')}: there is no id '{identity}' to join by.",
            do=f"List account_id and {identity} under identities.columns.",
        )
    pairs = _pairs(source, settings, identities, identity)
    joined = table.left_join(pairs, table.account_id == pairs._their_id)
    # an id that nobody knows stays as it is, and is found by the check as an unknown account
    account = ibis.coalesce(joined._account_id, joined.account_id)
    return joined.mutate(account_id=account).select(*table.columns)


def _pairs(source: Source, settings: Settings, identities: IdentitySettings, identity: str) -> ir.Table:
    lookup = source.table(identities.source)
    if lookup is None:
        raise TableError(
            f"{where(settings.path, 'identities', 'from')}: the source has no table "
            f"'{as_written(settings.path, 'identities', 'from')}'.",
            found=", ".join(sorted(source.names)),
        )
    for space in (identity, "account_id"):
        if identities.columns[space] not in lookup.columns:
            raise MissingColumnError(
                f"{where(settings.path, 'identities', 'columns', space)}: the table of identities has no column "
                f"'{as_written(settings.path, 'identities', 'columns', space)}'.",
                found=", ".join(lookup.columns),
            )
    return lookup.select(
        _their_id=lookup[identities.columns[identity]].cast("string"),
        _account_id=lookup[identities.columns["account_id"]].cast("string"),
    ).distinct()
