"""Spark as the engine: a session of our own, in which the files of a folder are views."""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops

from uptier.errors import SourceError

if TYPE_CHECKING:
    from ibis.expr import types as ir

JAVA = "17"  # the oldest that Spark 4 runs on
SPREAD_BY = "account_id"  # what nearly everything is joined and grouped by

QUOTE = '"'

# DuckDB looks at a file without types of its own and Spark reads it as those: both engines then see the same columns
_TYPES = {
    "BOOLEAN": "boolean",
    "BIGINT": "bigint",
    "DOUBLE": "double",
    "DATE": "date",
    "TIMESTAMP": "timestamp_ntz",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
}
_ISO_DATES, _ISO_TIMES = "%Y-%m-%d", "%Y-%m-%d %H:%M:%S"


def session() -> Any:
    """Open a session on the Spark of SPARK_REMOTE or of Spark's own settings, else on one of this machine.

    Returns
    -------
    Backend
        The Ibis backend, with a session that shares nothing but the cluster with other ones.

    Raises
    ------
    SourceError
        If pyspark or Java are missing, or Spark does not start.
    """
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        raise SourceError(
            "'backend: spark' needs the package pyspark.",
            do="Install uptier with its extra: pip install 'uptier[spark]'.",
        ) from None
    remote = os.environ.get("SPARK_REMOTE")
    if not remote and SparkSession.getActiveSession() is None and not _java():
        raise SourceError(
            f"Spark needs Java {JAVA} or newer, and there is none on this machine.",
            do="Install it (openjdk-17-jre-headless on Debian), or let JAVA_HOME name it.",
        )
    # said of pandas 3 whenever rows come over, a hundred times a run; tests hold what comes to what DuckDB gives
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    # workers run the same Python; else they take the system's
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("uptier")
    if not remote:
        builder = builder.config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
    try:
        opened = builder.getOrCreate()
        if not remote:
            opened = _own(opened)
        connection: Any = ibis.pyspark.connect(opened)
    except PySparkException as error:
        raise SourceError(
            f"Spark does not start: {type(error).__name__}.",
            do=f"Is the Java of this machine {JAVA} or newer, and the cluster up?",
        ) from None
    connection.compiler = _compiler()
    # rows come over as Arrow: pickled one by one they take a hundred times as long
    connection._session.conf.set("spark.sql.execution.arrow.pyspark.enabled", "true")
    return connection


def read(connection: Any, name: str, entry: Path, reader: str) -> None:
    """Make a view of a table's files.

    Parameters
    ----------
    connection : Backend
        The Ibis backend.
    name : str
        Name of the table.
    entry : Path
        A file, or a folder of Parquet files.
    reader : str
        Kind of the file: ``read_parquet``, ``read_csv`` or ``read_json``.

    Raises
    ------
    SourceError
        If a CSV writes its dates in a way that Spark would read otherwise.
    """
    spark = connection._session.read
    if reader == "read_parquet":
        inside = [file.relative_to(entry).parts[:-1] for file in entry.rglob("*.parquet")] if entry.is_dir() else []
        # folders named column=value are read as columns, as DuckDB does; any others are only folders
        plain = not all("=" in part for parts in inside for part in parts)
        frame = spark.option("recursiveFileLookup", str(plain).lower()).parquet(str(entry))
    elif reader == "read_csv":
        frame = _csv(spark, entry)
    else:
        columns = ibis.duckdb.connect().raw_sql(f"DESCRIBE SELECT * FROM read_json({_quoted(entry)})").fetchall()
        frame = spark.schema(_schema([(column[0], column[1]) for column in columns])).json(str(entry))
    frame.createOrReplaceTempView(name)


def table(connection: Any, name: str) -> ir.Table:
    """Give a view.

    Parameters
    ----------
    connection : Backend
        The Ibis backend.
    name : str
        Its name.

    Returns
    -------
    Table
        Times that Spark knows the zone of are in UTC; Ibis alone would take them for times without a zone.
    """
    return connection.table(name).op().copy(schema=_columns(connection._session.table(name))).to_expr()


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
        Its columns, times as in :func:`table`.
    """
    return _columns(connection._session.sql(sql))


def kept(connection: Any, table: ir.Table, name: str) -> ir.Table:
    """Keep what several others build on with the session's workers, spread over them by account.

    Parameters
    ----------
    connection : Backend
        The Ibis backend.
    table : Table
        An expression.
    name : str
        What it is.

    Returns
    -------
    Table
        The same rows. What is joined and grouped by account later need not be spread again.
    """
    connection._run_pre_execute_hooks(table)  # what is in memory becomes a view
    frame = connection._session.sql(connection.compile(table))
    if SPREAD_BY in table.columns:
        frame = frame.repartition(SPREAD_BY)
    view = ibis.util.gen_name(name)
    # computed now and cut off from what it came of: else each step is planned together with all steps before it, and
    # planning the last of thirty takes minutes
    frame.localCheckpoint().createOrReplaceTempView(view)
    # the expression knows more of types than the view does
    shown: ir.Table = connection.table(view).op().copy(schema=table.schema()).to_expr()
    return shown


def _columns(frame: Any) -> ibis.Schema:
    from ibis.backends.pyspark.datatypes import PySparkType
    from pyspark.sql.types import TimestampType

    return ibis.schema(
        {
            field.name: dt.Timestamp(timezone="UTC")
            if isinstance(field.dataType, TimestampType)
            else PySparkType.to_ibis(field.dataType)
            for field in frame.schema.fields
        }
    )


@cache
def _compiler() -> Any:
    from ibis.backends.sql.compilers.pyspark import PySparkCompiler

    class Compiler(PySparkCompiler):
        """Spark has the function, Ibis has not heard of it."""

        SIMPLE_OPS = {ops.BitOr: "bit_or"}

    return Compiler()


def _java() -> bool:
    home = os.environ.get("JAVA_HOME")
    return bool(home and (Path(home) / "bin" / "java").exists()) or shutil.which("java") is not None


def _own(opened: Any) -> Any:
    # views of one project must not hide those of another
    own = opened.newSession()
    if opened.sparkContext.master.startswith("local"):
        opened.sparkContext.setLogLevel("ERROR")
        own.conf.set("spark.sql.shuffle.partitions", str(opened.sparkContext.defaultParallelism))
    return own


def _csv(spark: Any, entry: Path) -> Any:
    looked = ibis.duckdb.connect().raw_sql(
        "SELECT Delimiter, Quote, Escape, HasHeader, DateFormat, TimestampFormat, "
        "list_transform(Columns, one -> [one.name, one.type]) FROM sniff_csv(" + _quoted(entry) + ")"
    )
    [(delimiter, quote, escape, header, dates, times, columns)] = looked.fetchall()
    if (dates or _ISO_DATES) != _ISO_DATES or not (times or _ISO_TIMES).startswith(_ISO_DATES):
        raise SourceError(
            f"The file {entry} writes days as {dates or times}, which Spark would not read as DuckDB does.",
            do="Write days as 2026-03-29, or make a Parquet file of it.",
        )
    # a file without quotes is told as one with a quote called (empty); a quoted field may come after all
    quote = quote if len(quote) == 1 else QUOTE
    options = {"sep": delimiter, "quote": quote, "escape": escape if len(escape) == 1 else quote, "multiLine": "true"}
    return spark.options(**options, header=str(header).lower()).schema(_schema(columns)).csv(str(entry))


def _schema(columns: list[tuple[str, str]]) -> str:
    return ", ".join(f"`{name.replace('`', '``')}` {_TYPES.get(kind, 'string')}" for name, kind in columns)


def _quoted(entry: Path) -> str:
    return "'" + str(entry).replace("'", "''") + "'"
