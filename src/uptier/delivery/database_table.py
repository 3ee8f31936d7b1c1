"""The table that rows lie in: its columns from :data:`uptier.delivery.payload.FIELDS`, and what is wrong with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uptier.delivery.payload import BY_NAME, FIELDS, FINGERPRINT, KEY, STATE, Field, Kind

if TYPE_CHECKING:
    import sqlalchemy as sa

NEVER_EMPTY = (KEY, "account_id", STATE, FINGERPRINT)
TRIED = "\N{SLIGHTLY SMILING FACE}"  # beyond 16 bits: an encoding that is not Unicode is found out


def table_of(name: str, schema: str | None) -> sa.Table:
    """Give the table as it is to be.

    Parameters
    ----------
    name : str
        Its name.
    schema : str or None
        Its schema.

    Returns
    -------
    Table
        A column for each field; the key is its primary key.
    """
    import sqlalchemy as sa

    columns = [
        sa.Column(field.name, _type(field), primary_key=field.name == KEY, nullable=field.name not in NEVER_EMPTY)
        for field in FIELDS
    ]
    return sa.Table(name, sa.MetaData(schema=schema), *columns)


def upsert(table: sa.Table, dialect: str) -> Any:
    """Give the statement that writes a row over its own row of before.

    Parameters
    ----------
    table : Table
        From :func:`table_of`.
    dialect : str
        ``postgresql`` or ``sqlite``.

    Returns
    -------
    Insert
        It touches no row whose fingerprint is the same, and no column that is not ours.
    """
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]  # the same methods
    asked = insert(table)
    changed = {field.name: asked.excluded[field.name] for field in FIELDS if field.name != KEY}
    differs = table.c[FINGERPRINT].is_distinct_from(asked.excluded[FINGERPRINT])
    return asked.on_conflict_do_update(index_elements=[table.c[KEY]], set_=changed, where=differs)


def longest() -> dict[str, Any]:
    """Give a row with the longest value of each field, to be tried and rolled back.

    Returns
    -------
    dict of str to value
        A key that no account has.
    """
    import datetime as dt

    of_kind = {Kind.WHOLE: 2**31 - 1, Kind.DAY: dt.date(2026, 3, 1)}
    amounts = {field.name: 123_456_789.25 if field.decimals == 2 else 0.5 for field in FIELDS if field.decimals}
    return {field.name: of_kind.get(field.kind, TRIED * field.length) for field in FIELDS} | amounts


def migrate(connection: sa.Connection, table: sa.Table) -> list[str]:
    """Make the table, or add what it lacks; nothing is dropped or narrowed.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    table : Table
        From :func:`table_of`.

    Returns
    -------
    list of str
        What was made, in words.
    """
    import sqlalchemy as sa

    looked = sa.inspect(connection)
    if not looked.has_table(table.name, schema=table.schema):
        table.create(connection)
        return [f"The table {table.fullname} with {len(table.columns)} columns."]
    there = {one["name"]: one["type"] for one in looked.get_columns(table.name, schema=table.schema)}
    quoted = connection.dialect.identifier_preparer
    of_table = f"ALTER TABLE {quoted.format_table(table)}"
    told = []
    for column in table.columns:
        kind = column.type.compile(connection.dialect)
        name = quoted.format_column(column)
        if column.name not in there:
            # without NOT NULL, which rows that are there already would break
            connection.exec_driver_sql(f"{of_table} ADD COLUMN {name} {kind}")
            told.append(f"The column {column.name} of {table.fullname}.")
        elif _is_short(column.type, there[column.name]) and connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"{of_table} ALTER COLUMN {name} TYPE {kind}")
            told.append(f"Room for longer texts in {column.name} of {table.fullname}.")
    return told


def faults(connection: sa.Connection, table: sa.Table) -> list[str]:
    """Say what is wrong with the table that is there.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    table : Table
        From :func:`table_of`.

    Returns
    -------
    list of str
        What is wrong, each with what to do; empty if rows fit.
    """
    import sqlalchemy as sa

    looked = sa.inspect(connection)
    if not looked.has_table(table.name, schema=table.schema):
        return [f"There is no table {table.fullname}. Make it with 'uptier deliver --setup'."]
    there = {one["name"]: one for one in looked.get_columns(table.name, schema=table.schema)}
    lacking = [column.name for column in table.columns if column.name not in there]
    told = []
    if lacking:
        told.append(f"{table.fullname} lacks {', '.join(lacking)}. Add them with 'uptier deliver --setup'.")
    for name, column in there.items():
        if name in BY_NAME:
            told += _column_faults(table, column, connection.dialect.name)
        elif not column["nullable"] and column["default"] is None:
            told.append(f"{table.fullname}.{name} is not ours, and may not be empty. Give it a default.")
    if KEY in there and not _is_unique(looked, table):
        told.append(f"{table.fullname}.{KEY} is not unique. Make it the primary key, or give it a unique index.")
    return told


def _column_faults(table: sa.Table, column: Any, dialect: str) -> list[str]:
    field = BY_NAME[column["name"]]
    where = f"{table.fullname}.{field.name}"
    told = []
    if not _fits(field, column["type"], dialect):
        told.append(f"{where} is of type {column['type']}, where a {field.kind.value} belongs. Change its type.")
    elif _is_short(_type(field), column["type"]) and dialect == "postgresql":  # SQLite cuts and refuses nothing
        length = column["type"].length
        told.append(f"{where} takes {length} characters of {field.length}. Widen it with 'uptier deliver --setup'.")
    if not column["nullable"] and field.name not in NEVER_EMPTY:
        told.append(f"{where} may not be empty, and some rows have nothing to say there. Drop its NOT NULL.")
    return told


def _is_unique(looked: Any, table: sa.Table) -> bool:
    of_table = {"table_name": table.name, "schema": table.schema}
    uniques = [looked.get_pk_constraint(**of_table)["constrained_columns"]]
    uniques += [one["column_names"] for one in looked.get_unique_constraints(**of_table)]
    uniques += [
        one["column_names"]
        for one in looked.get_indexes(**of_table)
        if one["unique"] and not one.get("dialect_options", {}).get("postgresql_where")
    ]
    return [KEY] in uniques


def _type(field: Field) -> Any:
    import sqlalchemy as sa

    if field.kind is Kind.TEXT:
        return sa.String(field.length)
    # doubles, not decimals: what is read back is what was told, in SQLite too
    return {Kind.LONG_TEXT: sa.Text, Kind.WHOLE: sa.BigInteger, Kind.NUMBER: sa.Double, Kind.DAY: sa.Date}[field.kind]()


def _fits(field: Field, kind: Any, dialect: str) -> bool:
    import sqlalchemy as sa

    if field.kind in (Kind.TEXT, Kind.LONG_TEXT):
        return isinstance(kind, sa.String) and not isinstance(kind, sa.CHAR | sa.Enum)  # CHAR is filled up with blanks
    if field.kind is Kind.WHOLE:
        return isinstance(kind, sa.Integer) and not isinstance(kind, sa.SmallInteger)
    if field.kind is Kind.NUMBER:
        if isinstance(kind, sa.Float):
            return not isinstance(kind, sa.REAL) or dialect == "sqlite"  # where it is as long as a double
        return isinstance(kind, sa.Numeric) and (kind.scale is None or kind.scale >= field.decimals)
    return isinstance(kind, sa.Date)


def _is_short(wanted: Any, there: Any) -> bool:
    import sqlalchemy as sa

    if not isinstance(wanted, sa.String) or not isinstance(there, sa.String) or there.length is None:
        return False
    return wanted.length is None or there.length < wanted.length
