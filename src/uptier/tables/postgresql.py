"""PostgreSQL as a source: a session that only reads, and what Ibis needs to be told about it."""

from __future__ import annotations

from functools import cache
from typing import Any

import ibis
import ibis.expr.datatypes as dt

# The planner takes a grid for a handful of rows and would look up each of them anew in everything it is joined with:
# minutes instead of seconds. All our large joins are by equal accounts, and so fit to be hashed.
_SESSION = ("default_transaction_read_only = on", "enable_nestloop = off", "jit = off", "work_mem = '128MB'")


def only_read(connection: Any) -> None:
    """Let a session refuse to change anything, even where its user might.

    Parameters
    ----------
    connection : Backend
        The Ibis backend.
    """
    for setting in _SESSION:
        connection.raw_sql(f"SET {setting}").close()
    connection.compiler = _compiler()


def columns_of(connection: Any, sql: str) -> ibis.Schema:
    """Give the columns of a SELECT.

    Parameters
    ----------
    connection : Backend
        The Ibis backend.
    sql : str
        The SELECT.

    Returns
    -------
    Schema
        As the server describes them; no row is read.
    """
    inside = sql.strip().rstrip(";")
    # a line of its own: the SELECT may end in a comment
    with connection.begin() as cursor:
        cursor.execute(f"SELECT * FROM (\n{inside}\n) AS described LIMIT 0")
        columns = [(column.name, column.type_code, _modifier(column)) for column in cursor.description]
        types = {}
        for name, code, modifier in columns:
            [(written,)] = cursor.execute("SELECT format_type(%s, %s)", (code, modifier)).fetchall()
            types[name] = connection.compiler.type_mapper.from_string(written)
    return ibis.schema(types)


@cache
def _compiler() -> Any:
    import sqlglot.expressions as sge
    from ibis.backends.sql.compilers.postgres import PostgresCompiler

    class Compiler(PostgresCompiler):
        """What PostgreSQL takes otherwise than other engines: truth values as numbers, dividing whole numbers."""

        def visit_Cast(self, op: Any, *, arg: Any, to: Any) -> Any:  # noqa: N802  # Ibis calls it by the operation's name
            if op.arg.dtype.is_boolean() and to.is_numeric():
                arg = self.cast(arg, dt.int32)
            return super().visit_Cast(op, arg=arg, to=to)

        def visit_Divide(self, op: Any, *, left: Any, right: Any) -> Any:  # noqa: N802  # as above
            # left to the writing of the SQL, the cast is lost where two columns divide the same expression
            whole = op.left.dtype.is_integer() and op.right.dtype.is_integer()
            return self.binop(sge.Div, self.cast(left, dt.float64) if whole else left, right)

    return Compiler()


def _modifier(column: Any) -> int:
    return int(column._fmod) if hasattr(column, "_fmod") else -1
