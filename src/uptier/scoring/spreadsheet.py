"""Tables that people open in a spreadsheet: no text in them is run as a formula."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

# A spreadsheet takes a text that begins like this for a formula (OWASP, CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
BLANKS = " \n"  # spreadsheets trim them before they look


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table for people who open it in a spreadsheet.

    Parameters
    ----------
    table : DataFrame
        Any table of texts, numbers and days.
    path : Path
        The file. Every text is quoted: left bare, a carriage return in one would begin a new line. Texts that begin
        like a formula have an apostrophe before them; what is missing is left empty.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv

    formula = f"^([{BLANKS}]*[{''.join(FORMULA_STARTS).replace('-', '')}-])"
    arrow = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    for place, field in enumerate(arrow.schema):
        column = arrow.column(place)
        if pa.types.is_timestamp(field.type):
            column = column.cast(pa.date32())
        elif pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            column = pc.replace_substring_regex(column, formula, r"'\1")
        arrow = arrow.set_column(place, field.name, column)
    csv.write_csv(arrow, path)


def harmless_text(text: str) -> str:
    """Make one text harmless that a spreadsheet would take for a formula.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        With an apostrophe before it where it begins like a formula, else the text itself.
    """
    return f"'{text}" if text.lstrip(BLANKS).startswith(FORMULA_STARTS) else text
