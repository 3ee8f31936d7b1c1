"""The way in: connect to where the data are, without ever writing there.

Folders of Parquet, CSV or JSON-lines files and DuckDB files are read by a DuckDB of our own, or folders by Spark; any
other address is a server's. Nothing is created in the source.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import ibis

from uptier.errors import SourceError, did_you_mean
from uptier.tables import postgresql, spark
from uptier.tables.embedded import own_duckdb

if TYPE_CHECKING:
    import pyarrow as pa
    from ibis.backends import BaseBackend
    from ibis.expr import types as ir

# where Ibis itself would ask for the columns of a SELECT by a temporary view, or take times with a zone for others
_DESCRIBED = {"postgres": postgresql.columns_of, "pyspark": spark.columns_of}

MEMORY = "memory"  # address of tables that stand in no file
FILE_KINDS = {".parquet": "read_parquet", ".csv": "read_csv", ".jsonl": "read_json", ".json": "read_json"}


@dataclass(frozen=True)
class Source:
    """An open connection to a project's data.

    Attributes
    ----------
    connection : BaseBackend
        The Ibis backend.
    address : str
        Where it leads, fit to be shown: no user, password or query.
    files : tuple of Path
        The files that are read, empty for a server.
    names : tuple of str
        The tables that are there.
    """

    connection: BaseBackend
    address: str
    files: tuple[Path, ...] = ()
    names: tuple[str, ...] = field(default=())

    @property
    def is_in_process(self) -> bool:
        """Whether the engine is a DuckDB of our own within this process, in which temporary tables harm nobody."""
        return self.connection.name == "duckdb" and (bool(self.files) or self.address == MEMORY)

    @property
    def is_ours(self) -> bool:
        """Whether that engine reads files, which stay as they are: then what is worked out of them may be kept."""
        return bool(self.files) and self.connection.name == "duckdb"

    def table(self, name: str) -> ir.Table | None:
        """Give a table of the source.

        Parameters
        ----------
        name : str
            Its name, or the name of its file without the ending.

        Returns
        -------
        Table or None
            None if the source has no such table.
        """
        if name not in self.names:
            return None
        return spark.table(self.connection, name) if self.connection.name == "pyspark" else self.connection.table(name)

    def query(self, sql: str, *, where: str) -> ir.Table:
        """Give the table that a SELECT describes.

        Parameters
        ----------
        sql : str
            In the source's own dialect.
        where : str
            Where the SELECT stands, for messages.

        Returns
        -------
        Table
            Not yet read.

        Raises
        ------
        SourceError
            If the source cannot make sense of it.
        """
        import sqlglot

        connection: Any = self.connection  # not every backend has sql(), those of SQL engines do
        try:
            schema = _DESCRIBED[connection.name](connection, sql) if connection.name in _DESCRIBED else None
            table: ir.Table = connection.sql(sql, schema=schema)
            table.schema()
        except (*_engine_errors(connection), sqlglot.ParseError, ibis.IbisError) as error:
            raise SourceError(f"{where}: the SELECT does not run: {first_line(error)}.") from None
        return table

    def kept(self, table: ir.Table, name: str) -> ir.Table:
        """Keep what several others build on, so that it is computed once.

        Parameters
        ----------
        table : Table
            An expression over the source.
        name : str
            What it is, for the engine.

        Returns
        -------
        Table
            The same rows: a temporary table of our own DuckDB, a cached view of our own Spark session, spread by
            account; on a server, where nothing is created, the expression itself.
        """
        if self.is_ours:
            created: ir.Table = self.connection.create_table(ibis.util.gen_name(name), table, temp=True)
            return created
        return spark.kept(self.connection, table, name) if self.connection.name == "pyspark" else table

    @contextlib.contextmanager
    def meanwhile(self) -> Iterator[Callable[[ir.Table, str], ir.Table]]:
        """Keep what others build on only until they are built.

        Yields
        ------
        callable
            As :meth:`kept`; on our own engine what it made is gone afterwards, and its memory with it.
        """
        made: list[str] = []

        def kept(table: ir.Table, name: str) -> ir.Table:
            here = self.kept(table, name)
            made.append(here.op().name)
            return here

        try:
            yield kept if self.is_ours else self.kept
        finally:
            for name in made:
                self.connection.drop_table(name, force=True)


def connect(address: str, backend: Literal["duckdb", "spark"] = "duckdb") -> Source:
    """Connect to a source, to read it.

    Parameters
    ----------
    address : str
        A folder, a DuckDB file, or an address that Ibis understands (``postgres://host/database/schema``).
    backend : str
        What reads a folder: ``duckdb`` within this process, or ``spark``.

    Returns
    -------
    Source
        Open; nothing has been read but names.

    Raises
    ------
    SourceError
        If there is nothing there, or it cannot be read.
    """
    served = "://" in address and not address.startswith(("file://", "duckdb://"))
    path = Path(address.removeprefix("file://").removeprefix("duckdb://"))
    if backend == "spark" and (served or path.is_file()):
        raise SourceError(
            "Spark reads a folder that all its workers can see.",
            found=without_secrets(address) if served else str(path),
            do="Name such a folder, or leave 'backend: spark' out.",
        )
    if served:
        return _server(address)
    if path.is_dir():
        return _folder(path, backend)
    if path.is_file() and path.suffix in (".duckdb", ".db", ".ddb"):
        return _duckdb_file(path)
    parent = path.parent
    beside = [entry.name for entry in parent.iterdir()] if parent.is_dir() else []
    raise SourceError(
        f"There is no folder or DuckDB file at {path}.",
        do=did_you_mean(path.name, beside) if beside else f"The folder {parent} does not exist either.",
    )


def in_memory(tables: Mapping[str, pa.Table], *, threads: int | None = None) -> Source:
    """Connect to tables that are already in memory: drawn ones, and those of tests.

    Parameters
    ----------
    tables : mapping of str to pyarrow Table
        By name.
    threads : int, optional
        Threads of the engine; its own default where it is not given.

    Returns
    -------
    Source
        Open. It has no files, so nothing is kept of it in a store.
    """
    connection = own_duckdb()
    if threads is not None:
        connection.raw_sql(f"SET threads = {threads:d}")
    for name, table in tables.items():
        connection.create_table(name, table)
    return Source(connection=connection, address=MEMORY, names=tuple(tables))


def _folder(path: Path, backend: str) -> Source:
    connection = spark.session() if backend == "spark" else own_duckdb()
    found = _tables_in(path)
    for name, entry in found.items():
        _read(connection, name, entry)
    files = tuple(file for entry in found.values() for file in files_of(entry))
    return Source(connection=connection, address=str(path), files=files, names=tuple(found))


def _tables_in(path: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for entry in sorted(path.iterdir()):
        name = entry.stem if entry.is_file() else entry.name
        if entry.name.startswith((".", "_")) or _reader(entry) is None:
            continue
        if name in found:
            raise SourceError(
                f"The folder {path} holds the table '{name}' twice.",
                found=f"{found[name].name}, {entry.name}",
                do="Move one of them out of the folder.",
            )
        found[name] = entry
    if not found:
        raise SourceError(
            f"The folder {path} holds no table.",
            found=f"{sum(1 for _ in path.iterdir())} other entries",
            do="A table is a file ending in .parquet, .csv or .jsonl, or a folder of .parquet files.",
        )
    return found


def files_of(entry: Path) -> list[Path]:
    """List the files of a table.

    Parameters
    ----------
    entry : Path
        A file, or a folder of Parquet files.

    Returns
    -------
    list of Path
        In the order of their names.
    """
    return [entry] if entry.is_file() else sorted(entry.rglob("*.parquet"))


def _reader(entry: Path) -> str | None:
    if entry.is_dir():
        return "read_parquet" if files_of(entry) else None
    return FILE_KINDS.get(entry.suffix.lower())


def _read(connection: Any, name: str, entry: Path) -> None:
    paths = [str(file) for file in files_of(entry)]
    reader = str(_reader(entry))
    try:
        if connection.name == "pyspark":
            spark.read(connection, name, entry, reader)
        else:
            getattr(connection, reader)(paths if reader == "read_parquet" else paths[0], table_name=name)
    except _engine_errors(connection) as error:
        raise SourceError(
            f"The file {entry} cannot be read: {first_line(error)}.",
            do="Is it complete, and of the kind that its ending says?",
        ) from None


def _duckdb_file(path: Path) -> Source:
    import duckdb

    connection = own_duckdb()
    quoted = str(path).replace("'", "''")
    try:
        connection.raw_sql(f"ATTACH '{quoted}' AS source (READ_ONLY)")
        connection.raw_sql("USE source")
        names = tuple(connection.list_tables())
        connection.raw_sql("USE memory")
        for name in names:
            identifier = name.replace('"', '""')
            connection.raw_sql(f'CREATE TEMP VIEW "{identifier}" AS SELECT * FROM source."{identifier}"')
    except duckdb.Error as error:
        raise SourceError(f"The DuckDB file {path} cannot be read: {first_line(error)}.") from None
    return Source(connection=connection, address=str(path), files=(path,), names=names)


def _server(address: str) -> Source:
    shown = without_secrets(address)
    try:
        connection: Any = ibis.connect(address)
        if connection.name == "postgres":
            postgresql.only_read(connection)
        names = tuple(connection.list_tables())
    except ImportError as error:
        raise SourceError(
            f"The source {shown} needs the package '{error.name}'.",
            do="Install uptier with its extra: postgresql, snowflake, bigquery or spark.",
        ) from None
    except (ibis.IbisError, ValueError, OSError, RuntimeError, *_driver_errors(address)) as error:
        # a driver's own text may quote the password: only its kind is shown
        raise SourceError(
            f"The source {shown} does not answer: {type(error).__name__}.",
            do="Is the address right, the server up, and the user allowed to read?",
        ) from None
    return Source(connection=connection, address=shown, names=names)


def _driver_errors(address: str) -> tuple[type[Exception], ...]:
    if not address.startswith(("postgres://", "postgresql://")):
        return ()
    try:
        import psycopg
    except ImportError:
        return ()
    return (psycopg.Error,)


def _engine_errors(connection: Any) -> tuple[type[Exception], ...]:
    import duckdb

    if connection.name == "postgres":
        import psycopg

        return (psycopg.Error,)
    if connection.name == "pyspark":
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        # its files are looked at by DuckDB first, for their types
        return (PySparkException, Py4JError, duckdb.Error)
    return (duckdb.Error,)


def without_secrets(address: str) -> str:
    """Show where an address leads.

    Parameters
    ----------
    address : str
        An address with a scheme.

    Returns
    -------
    str
        Without user, password and query.
    """
    scheme, _, rest = address.partition("://")
    host = rest.rpartition("@")[2].partition("?")[0]
    return f"{scheme}://{host}"


def first_line(error: Exception) -> str:
    """Give the first line of what an engine says.

    Parameters
    ----------
    error : Exception
        The engine's own.

    Returns
    -------
    str
        Without a full stop.
    """
    java = getattr(error, "java_exception", None)  # what Spark itself says stands there
    said = str(error) if java is None else str(java.getMessage())
    return said.strip().split(os.linesep)[0].rstrip(".")
