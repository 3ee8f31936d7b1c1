"""The embedded engine, as a good neighbour: its zone, its memory, and where it spills."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import ibis

ENGINE_SHARE = 0.6  # of what DuckDB would take, which is four fifths of the machine or of its container: about half


def own_duckdb() -> Any:
    """Open a DuckDB of our own.

    Returns
    -------
    Backend
        In memory, in UTC; it takes about half of the machine, and spills into the system's folder for temporary files.
    """
    connection = ibis.duckdb.connect()
    # times without a zone are read as UTC or refused; never as the zone of the machine
    connection.raw_sql("SET TimeZone = 'UTC'")
    # the engine would take four fifths of the machine, and the rest of a training no longer fits beside it; what is
    # beyond goes to disk, and not into a folder of whoever runs this
    amount, unit = connection.raw_sql("SELECT current_setting('memory_limit')").fetchone()[0].split()
    connection.raw_sql(f"SET memory_limit = '{float(amount) * ENGINE_SHARE:.1f} {unit}'")
    spilled = str(Path(tempfile.gettempdir()) / f"uptier-{os.getpid()}").replace("'", "''")
    connection.raw_sql(f"SET temp_directory = '{spilled}'")
    return connection
