"""The data dictionary, from the contract."""

from __future__ import annotations

from uptier.documentation.markdown import GENERATED, documented, page, row
from uptier.tables.contracts import CONTRACT, Change, Kind, Table

TABLES_HEAD = """
What uptier reads. Your own tables are mapped onto these in your project's YAML ([settings](settings.md); a walk through
it: [from your tables to a first scorecard](own-data.md)).
"""
DATA_HEAD = """
A place for exports of your own: Parquet, CSV or JSON-lines files, one for each table, or a folder of Parquet files for
one. Git ignores everything here but this page: data about customers is never committed. A project's YAML names the
folder as its `source:`; uptier only reads it, and writes to the project's `store:` alone.

There is no sample here. `make demo` writes a whole simulated company under `.uptier/demo/`, and
`uptier simulate --out FOLDER` writes one where you like. What follows is [docs/tables.md](../docs/tables.md).
"""
INTRODUCTION = """
Needed are `accounts`, `subscriptions` and one form of usage: `usage_events` or `usage_daily`. All else is optional; a
signal whose table or column is absent is not available, never zero. A column that is not marked as needed may be
missing too.

**Two times.** A row happened at its time, and became known at `recorded_at`. Without that column the table's `lag_days`
are added to its time. At an as-of date only rows count that had happened, and were known, before it.
"""
KINDS = {
    Kind.ID: "text or a whole number; compared, never shown to a model",
    Kind.CATEGORY: "text from a small set",
    Kind.TEXT: "free text",
    Kind.TIME: "a moment; one without a zone needs `timezone` in the settings",
    Kind.DAY: "a calendar day",
    Kind.COUNT: "a whole number",
    Kind.NUMBER: "any number",
    Kind.MONEY: "an amount in the account currency",
}
CHANGES = {
    Change.FIXED: "written once, never altered",
    Change.DATED: "changes, and each value carries its own dates",
    Change.CURRENT: "overwritten in place, so what it said in the past is not known: hidden from signals, unless "
    "`holds_since` says since when its values hold",
}


def tables_page() -> str:
    """Give the page on the canonical tables: the data dictionary.

    Returns
    -------
    str
        Markdown, a chapter for each table.

    Raises
    ------
    UptierError
        If a table has no docstring or a column no meaning.
    """
    return page("# Tables", "", GENERATED, "", TABLES_HEAD.strip(), "", *_dictionary())


def data_page() -> str:
    """Give the page on the data folder: what belongs there, and the data dictionary.

    Returns
    -------
    str
        Markdown.

    Raises
    ------
    UptierError
        If a table has no docstring or a column no meaning.
    """
    return page("# Data", "", GENERATED, "", DATA_HEAD.strip(), "", *_dictionary())


def _dictionary() -> list[str]:
    lines = [INTRODUCTION.strip(), "", "**Types**", ""]
    lines += [f"- {kind.value}: {KINDS[kind]}" for kind in Kind]
    lines += ["", "**How a column changes at its source**", ""]
    lines += [f"- {change.value}: {CHANGES[change]}" for change in Change]
    for name, table in CONTRACT.items():
        lines += ["", f"## {name}", "", documented(vars(table).get("__doc__"), f"the table {name}"), ""]
        lines += [_key(table), "", row(["column", "type", "needed", "changes", "meaning"]), "|---|---|---|---|---|"]
        for column_name, column in table.columns.items():
            meaning = documented(column.meaning, f"the column {name}.{column_name}")
            unit = f" ({column.unit})" if column.unit else ""
            values = f": {', '.join(f'`{value}`' for value in column.values)}" if column.values else ""
            needed = "yes" if column.required else ""
            lines.append(
                row([f"`{column_name}`", column.kind.value, needed, column.change.value, f"{meaning}{unit}{values}"])
            )
    return lines


def _key(table: type[Table]) -> str:
    said = []
    if table.key:
        said.append(f"Key: {', '.join(f'`{one}`' for one in table.key)}.")
    if table.own_key:
        said.append(f"Where the source has `{table.own_key}`, that is the key instead.")
    if table.time:
        said.append(f"A row happens at `{table.time}`.")
    return " ".join(said)
