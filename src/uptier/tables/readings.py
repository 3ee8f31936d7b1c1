"""How text becomes numbers and times, so that every engine reads it alike."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.datatypes as dt

# PostgreSQL raises where the others give null, so it only sees what it can read. Days that do not exist are left out by
# their months; 29 February by the years that have one.
_LEAP = r"(\d\d(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)"
_DAY = (
    r"(\d{4}-(0?[13578]|1[02])-(0?[1-9]|[12]\d|3[01])|\d{4}-(0?[469]|11)-(0?[1-9]|[12]\d|30)"
    rf"|\d{{4}}-0?2-(0?[1-9]|1\d|2[0-8])|{_LEAP}-0?2-29)"
)
_CLOCK = r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?"
_ZONE = r" ?(Z|UTC|[+-]\d{2}(:?\d{2})?)"
TIME = rf"^\s*{_DAY}([ T]{_CLOCK}({_ZONE})?)?\s*$"
NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?\s*$"

UTC = "UTC"
UNITS_PER_SECOND = {"epoch_s": 1, "epoch_ms": 1000}


def number_of(text: Any, engine: str) -> Any:
    """Read numbers.

    Parameters
    ----------
    text : StringValue
        As the source has it.
    engine : str
        Name of the Ibis backend.

    Returns
    -------
    FloatingValue
        Null for what is no number.
    """
    if engine == "postgres":
        return _only(text, NUMBER).cast("float64")
    return text.try_cast("float64")


def whole(number: Any) -> Any:
    """Round to whole numbers, halves away from zero.

    Parameters
    ----------
    number : FloatingValue
        Any.

    Returns
    -------
    IntegerValue
        Not the engines' own rounding: they differ on halves, and one of them on what is nearly a half.
    """
    up, down = (number + ibis.literal(0.5)).floor(), (number - ibis.literal(0.5)).ceil()
    return ibis.ifelse(number < 0, down, up).cast("int64")


def time_of(text: Any, engine: str) -> Any:
    """Read times as they are written.

    Parameters
    ----------
    text : StringValue
        As the source has it.
    engine : str
        Name of the Ibis backend.

    Returns
    -------
    TimestampValue
        Without a zone; null for what is no time.
    """
    if engine == "postgres":
        return _only(text, TIME).cast(dt.timestamp)
    return text.try_cast(dt.timestamp)


def time_with_offset(text: Any, engine: str) -> Any:
    """Read times that carry an offset.

    Parameters
    ----------
    text : StringValue
        As the source has it.
    engine : str
        Name of the Ibis backend.

    Returns
    -------
    TimestampValue
        In UTC, without a zone; null for what is no time.
    """
    zoned = dt.Timestamp(timezone=UTC)
    if engine == "postgres":
        return _only(text, TIME).cast(zoned).cast(dt.timestamp)
    return text.try_cast(zoned).cast(dt.timestamp)


def time_since_1970(number: Any, unit: str, engine: str) -> Any:
    """Read times that count from 1970.

    Parameters
    ----------
    number : NumericValue
        As the source has it.
    unit : str
        ``epoch_s`` or ``epoch_ms``.
    engine : str
        Name of the Ibis backend.

    Returns
    -------
    TimestampValue
        In UTC, without a zone.
    """
    counted = number.cast("int64")
    if engine == "pyspark":
        since = _timestamp_millis(counted * (UNITS_PER_SECOND["epoch_ms"] // UNITS_PER_SECOND[unit]))
        return since.cast(dt.timestamp)
    if engine == "postgres":
        return _to_timestamp(counted / ibis.literal(UNITS_PER_SECOND[unit])).cast(dt.timestamp)
    return counted.as_timestamp("s" if unit == "epoch_s" else "ms").cast(dt.timestamp)


def in_utc(moment: Any, zone: str, engine: str) -> Any:
    """Read times without a zone as times of one.

    Parameters
    ----------
    moment : TimestampValue
        Without a zone.
    zone : str
        Where they were written.
    engine : str
        Name of the Ibis backend.

    Returns
    -------
    TimestampValue
        In UTC, without a zone.
    """
    if zone.upper() == UTC:
        return moment
    if engine == "bigquery":
        return _datetime(_timestamp(moment, zone))
    if engine in ("pyspark", "snowflake"):
        return _convert_timezone(zone, UTC, moment)
    return _timezone(zone, moment).cast(dt.timestamp)


def _only(text: Any, pattern: str) -> Any:
    return ibis.ifelse(text.re_search(pattern), text, ibis.null("string"))


@ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator]  # ibis ships no types
    name="timezone", signature=((dt.string, dt.timestamp), dt.Timestamp(timezone=UTC))
)
def _timezone(zone: str, moment: Any) -> Any:
    """Stand for the function of DuckDB and PostgreSQL."""


@ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator]  # ibis ships no types
    name="convert_timezone", signature=((dt.string, dt.string, dt.timestamp), dt.timestamp)
)
def _convert_timezone(here: str, there: str, moment: Any) -> Any:
    """Stand for the function of Spark and Snowflake."""


@ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator]  # ibis ships no types
    name="timestamp_millis", signature=((dt.int64,), dt.Timestamp(timezone=UTC))
)
def _timestamp_millis(counted: int) -> Any:
    """Stand for the function of Spark."""


@ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator]  # ibis ships no types
    name="to_timestamp", signature=((dt.float64,), dt.Timestamp(timezone=UTC))
)
def _to_timestamp(counted: float) -> Any:
    """Stand for the function of PostgreSQL."""


@ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator]  # ibis ships no types
    name="timestamp", signature=((dt.timestamp, dt.string), dt.Timestamp(timezone=UTC))
)
def _timestamp(moment: Any, zone: str) -> Any:
    """Stand for the function of BigQuery."""


@ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator]  # ibis ships no types
    name="datetime", signature=((dt.Timestamp(timezone=UTC),), dt.timestamp)
)
def _datetime(moment: Any) -> Any:
    """Stand for the function of BigQuery."""
