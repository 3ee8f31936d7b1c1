"""A frame in parts: stretches of accounts, one after the other, so that memory does not grow with their number.

Our own engine runs the compiled script once and gives its last table in stretches. A server answers one statement,
whose rows are fetched as they come. Spark sends all rows to the driver at once, as Arrow, a kilobyte for each account.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from uptier.signals.script import ROWS_AT_ONCE
from uptier.signals.windows import KEY

if TYPE_CHECKING:
    import pandas as pd
    from ibis.expr import types as ir

    from uptier.signals.signal import Signal


def fetched(frame: ir.Table) -> Iterator[pd.DataFrame]:
    """Fetch a frame from an engine that is not in this process.

    Parameters
    ----------
    frame : Table
        Columns account_id, as_of and the signals.

    Yields
    ------
    DataFrame, shape (about ROWS_AT_ONCE, 2 + n_signals)
        Stretches of accounts, ordered by account and date; at least one, which may be empty.
    """
    reader = frame.order_by(KEY).to_pyarrow_batches(chunk_size=ROWS_AT_ONCE)
    came = False
    for batch in reader:
        came = True
        yield batch.to_pandas()
    if not came:
        yield reader.schema.empty_table().to_pandas()


def typed(part: pd.DataFrame, signals: Sequence[Signal]) -> pd.DataFrame:
    """Give a part the types of a frame.

    Parameters
    ----------
    part : DataFrame, shape (n_rows, 2 + n_signals)
        As an engine gave it.
    signals : sequence of Signal
        Its columns, in order.

    Returns
    -------
    DataFrame, shape (n_rows, 2 + n_signals)
        As :meth:`uptier.signals.catalog.Catalog.frame` says.
    """
    import pandas as pd

    columns: dict[str, Any] = {
        "account_id": part["account_id"].astype("str"),
        "as_of": part["as_of"].astype("datetime64[us]"),
    }
    for one in signals:
        values = part[one.name]
        columns[one.name] = (
            values.astype(object).where(values.notna(), None) if one.is_category else values.astype("float64")
        )
    # made at once: a frame of a hundred columns set one by one is slow to whoever adds another
    return pd.DataFrame(columns)
