"""Guesses from names and types alone: which table of a source is which canonical table, and which column which."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from uptier.tables.contracts import CONTRACT, Column, Kind
from uptier.tables.vocabulary import column_names, plain, table_likeness, table_words

if TYPE_CHECKING:
    import ibis.expr.datatypes as dt

    from uptier.tables.source import Source

# tables that are known by their columns even under an unlikely name: they ask for enough of them
_BY_COLUMNS = ("usage_events", "usage_daily", "subscriptions")
_ANY_OF = {"subscriptions": ("plan_id", "seats", "mrr")}  # a subscription without any of these says nothing
_RESERVED = ("case", "order", "group", "table", "user", "limit", "end")  # in SQL

Schemas = Mapping[str, Mapping[str, "dt.DataType"]]


@dataclass(frozen=True, kw_only=True)
class ColumnGuess:
    """Which column of the source a canonical column may be.

    Attributes
    ----------
    column : str
        Canonical column.
    theirs : str
        Column of the source.
    doubt : str
        Why it may be wrong; empty if its name leaves little doubt.
    """

    column: str
    theirs: str
    doubt: str = ""


@dataclass(frozen=True, kw_only=True)
class Join:
    """A column that another table of the source has.

    Attributes
    ----------
    table : str
        The other table.
    key : str
        The column that both have.
    column : str
        What is looked up there.
    """

    table: str
    key: str
    column: str


@dataclass(frozen=True, kw_only=True)
class TableGuess:
    """Which table of the source a canonical table may be.

    Attributes
    ----------
    name : str
        Canonical table.
    raw : str
        Table of the source.
    columns : tuple of ColumnGuess
        What was found, in the contract's order.
    joins : tuple of Join
        Columns that are looked up elsewhere.
    constants : dict of str to str
        Canonical column to a value for all rows, which is in doubt.
    doubt : str
        Why it may be the wrong table; empty if its name leaves little doubt.
    """

    name: str
    raw: str
    columns: tuple[ColumnGuess, ...]
    joins: tuple[Join, ...] = ()
    constants: dict[str, str] = field(default_factory=dict)
    doubt: str = ""

    def theirs(self, column: str) -> str | None:
        """Give the source's column for a canonical one.

        Parameters
        ----------
        column : str
            Canonical column.

        Returns
        -------
        str or None
            None if none was found.
        """
        return next((one.theirs for one in self.columns if one.column == column), None)

    @property
    def missing(self) -> list[str]:
        """The required columns that were not found."""
        found = {one.column for one in self.columns} | set(self.constants)
        return [column for column in CONTRACT[self.name].required_columns() if column not in found]

    @property
    def sql(self) -> str:
        """A SELECT that gives the table with what is looked up elsewhere; empty if nothing is."""
        if not self.joins:
            return ""
        own = quoted(self.raw)
        columns = ", ".join([f"{own}.*", *(f"{quoted(one.table)}.{quoted(one.column)}" for one in self.joins)])
        joined = "\n".join(
            f"LEFT JOIN (SELECT DISTINCT {quoted(one.key)}, {quoted(one.column)} FROM {quoted(one.table)}) "
            f"AS {quoted(one.table)} USING ({quoted(one.key)})"
            for one in self.joins
        )
        return f"SELECT {columns}\nFROM {own}\n{joined}"


def guess_tables(source: Source) -> list[TableGuess]:
    """Guess which table of a source is which canonical table.

    Parameters
    ----------
    source : Source
        Where the data are; only names and types are read.

    Returns
    -------
    list of TableGuess
        In the contract's order; no table of the source serves twice.
    """
    schemas = {name: dict(table.schema().items()) for name in source.names if (table := source.table(name)) is not None}
    words = table_words(schemas)
    ranked = []
    for raw in schemas:
        for name in CONTRACT:
            likeness = table_likeness(words[raw], name)
            guess = _guessed(schemas, raw, name, likeness=likeness)
            if _is_likely(guess, likeness):
                ranked.append((_rank(guess, likeness), raw, guess))
    found: dict[str, TableGuess] = {}
    for _, _, guess in sorted(ranked, key=lambda one: (-one[0], one[1])):
        if guess.name not in found and guess.raw not in {one.raw for one in found.values()}:
            found[guess.name] = guess
    if "usage_events" in found and "usage_daily" in found:
        # one form of usage is read; the finer one tells more
        del found["usage_daily"]
    return [found[name] for name in CONTRACT if name in found]


def fits(column: Column, given: dt.DataType) -> bool:
    """Say whether a type of the source can hold a canonical column.

    Parameters
    ----------
    column : Column
        Of the contract.
    given : DataType
        Of the source.

    Returns
    -------
    bool
        Text may hold a time or a number written out; whether it does, only the rows tell.
    """
    if column.kind is Kind.ID:
        return bool(given.is_string() or given.is_numeric() or given.is_uuid())
    if column.kind in (Kind.CATEGORY, Kind.TEXT):
        return bool(given.is_string())
    if column.kind in (Kind.TIME, Kind.DAY):
        return bool(given.is_timestamp() or given.is_date() or given.is_string() or given.is_numeric())
    if column.kind is Kind.COUNT:
        return bool(given.is_numeric() or given.is_boolean())
    return bool(given.is_numeric())


def quoted(name: str) -> str:
    """Write a name as SQL.

    Parameters
    ----------
    name : str
        Of a table or column.

    Returns
    -------
    str
        With quotes where they are needed.

    Examples
    --------
    >>> quoted("event_daily"), quoted("2024 events")
    ('event_daily', '"2024 events"')
    """
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name.lower() not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def _guessed(schemas: Schemas, raw: str, name: str, *, likeness: int) -> TableGuess:
    columns = _columns(schemas[raw], name)
    joins: list[Join] = []
    constants: dict[str, str] = {}
    required = CONTRACT[name].required_columns()
    for column in ("account_id", "kind"):
        if column in required and column not in columns:
            join = _looked_up(schemas, raw, name, column)
            if join is not None:
                joins.append(join)
                doubt = f"looked up in {join.table} by {join.key}"
                columns[column] = ColumnGuess(column=column, theirs=join.column, doubt=doubt)
    if name == "subscriptions" and "subscription_id" not in columns and "account_id" in columns:
        columns["subscription_id"] = ColumnGuess(
            column="subscription_id",
            theirs=columns["account_id"].theirs,
            doubt="there is no id of its own; one subscription for each account is assumed",
        )
    if "kind" in required and "kind" not in columns and "feature" in columns:
        constants["kind"] = "feature_used"
    ordered = tuple(columns[column] for column in CONTRACT[name].columns if column in columns)
    doubt = "" if likeness >= 2 else "by its name in part" if likeness else "by its columns alone"
    return TableGuess(name=name, raw=raw, columns=ordered, joins=tuple(joins), constants=constants, doubt=doubt)


def _columns(schema: Mapping[str, dt.DataType], name: str) -> dict[str, ColumnGuess]:
    contract = CONTRACT[name]
    found: dict[str, ColumnGuess] = {}
    free = dict(schema)
    # exact names first, so that no other column's synonym takes them; they are read whatever they hold
    for column, described in contract.columns.items():
        if column in free:
            given = free.pop(column)
            doubt = "" if fits(described, given) else f"it holds {given}, and {described.kind.value} is wanted"
            found[column] = ColumnGuess(column=column, theirs=column, doubt=doubt)
    wanted = sorted(
        (column for column in contract.columns if column not in found),
        key=lambda column: not contract.columns[column].required,
    )
    for sure_only in (True, False):
        for column in wanted:
            candidates = _candidates(free, name, column, sure_only=sure_only)
            if column not in found and candidates:
                theirs, sure = candidates[0]
                found[column] = ColumnGuess(
                    column=column, theirs=theirs, doubt=_column_doubt(name, column, sure, candidates[1:])
                )
                del free[theirs]
    return found


def _candidates(free: Mapping[str, dt.DataType], name: str, column: str, *, sure_only: bool) -> list[tuple[str, bool]]:
    described = CONTRACT[name].columns[column]
    own = "_".join(part.removesuffix("s") for part in name.split("_"))
    # subscription_start_date in a table of subscriptions is its start_date
    by_name = {plain(theirs).removeprefix(f"{own}_"): theirs for theirs in free}
    by_name |= {plain(theirs): theirs for theirs in free}
    names = [(column, True), *column_names(name, column)]
    found: dict[str, bool] = {}
    for word, sure in names:
        theirs = by_name.get(word)
        if theirs is not None and theirs not in found and (sure or not sure_only) and fits(described, free[theirs]):
            found[theirs] = sure
    return list(found.items())


def _column_doubt(name: str, column: str, sure: bool, others: list[tuple[str, bool]]) -> str:
    said = [] if sure else [f"a guess by its name: is it {CONTRACT[name].columns[column].meaning}?"]
    if others:
        said.append(f"also possible: {', '.join(theirs for theirs, _ in others)}")
    return "; ".join(said)


def _looked_up(schemas: Schemas, raw: str, name: str, column: str) -> Join | None:
    names = [column, *(word for word, sure in column_names(name, column) if sure)]
    for other in sorted(schemas, key=lambda one: (len(schemas[one]), one)):
        if other == raw:
            continue
        by_name = {plain(theirs): theirs for theirs in schemas[other]}
        wanted = next((by_name[word] for word in names if word in by_name), None)
        if wanted is None or wanted in schemas[raw] or not fits(CONTRACT[name].columns[column], schemas[other][wanted]):
            continue
        keys = [key for key in schemas[raw] if key in schemas[other] and plain(key).endswith("id")]
        if keys:
            return Join(table=other, key=keys[0], column=wanted)
    return None


def _is_likely(guess: TableGuess, likeness: int) -> bool:
    found = {one.column for one in guess.columns}
    if not found & set(_ANY_OF.get(guess.name, found)):
        return False
    if likeness >= 2:
        return bool(found)
    if likeness == 1:
        return not guess.missing and len(found) > 1
    return guess.name in _BY_COLUMNS and not guess.missing and not guess.constants and not guess.joins


def _rank(guess: TableGuess, likeness: int) -> float:
    required = CONTRACT[guess.name].required_columns()
    share = 1 - len(guess.missing) / len(required)
    made_up = len(guess.joins) + len(guess.constants)
    return 3 * likeness + 4 * share + 0.2 * len(guess.columns) - made_up
