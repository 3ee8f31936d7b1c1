"""A first look at a source: a project's YAML with guesses and doubts marked, to be mended rather than written.

What `uptier init SOURCE` does. The source is only read, and what is read are names, types, counts and bounds.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from uptier.errors import UptierError
from uptier.store import write_whole
from uptier.tables.clean import SHOWN_ONCE_KNOWN
from uptier.tables.contracts import CONTRACT, USAGE_KINDS, Change, Kind
from uptier.tables.evidence import Evidence, gather
from uptier.tables.guesses import TableGuess, guess_tables, quoted
from uptier.tables.source import connect
from uptier.tables.vocabulary import event_kind, plain

if TYPE_CHECKING:
    from uptier.tables.source import Source

USAGE = ("usage_events", "usage_daily")  # one of the two is needed
NEEDED = ("accounts", "subscriptions", *USAGE)
FAR_APART_DAYS = 7  # between the newest days of usage and another table, from which one may have stopped or run ahead
MOST_NAMES = 20  # of events that are listed without a guess
CURRENCIES = ("USD", "EUR", "GBP", "CHF")  # as columns of money are named after
SOURCE_VARIABLE = "UPTIER_SOURCE"  # holds an address with a password
WIDTH = 44  # of a line before its comment
TEXT_WIDTH = 110  # of a comment that has a line of its own

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")  # needs no quotes in YAML
_NOT_TEXT = ("y", "n", "yes", "no", "on", "off", "true", "false", "null")


def first_look(address: str, *, project: str | None = None, folder: Path | None = None) -> str:
    """Look at a source and guess how its tables are to be mapped.

    Parameters
    ----------
    address : str
        A folder, a DuckDB file, or an address that Ibis connects to; only read.
    project : str, optional
        Name of the project; from the address by default.
    folder : Path, optional
        Where the YAML will stand: a source below it is named from there. By default the source is named in full.

    Returns
    -------
    str
        A project's YAML that can be read as it is. A guess that is not certain has a ``# doubt:`` saying why; what was
        not found stands there as a comment, with the contract's meaning.

    Raises
    ------
    SourceError
        If there is nothing at the address, or it cannot be read.
    """
    source = connect(address)
    guesses = guess_tables(source)
    usable = [one for one in guesses if not one.missing or one.name in NEEDED]
    seen = [gather(source, one) for one in usable]
    name = project or _project_name(address)
    lines = [
        *_head(source, seen, address=address, name=name, folder=folder),
        "",
        "tables:",
        *(f"  {line}".rstrip() for line in _tables(source, seen, guesses)),
        *_foot(source, seen, guesses),
    ]
    return "\n".join(lines) + "\n"


def write_first_look(address: str, out: Path) -> Path:
    """Write what a first look at a source gives.

    Parameters
    ----------
    address : str
        As for :func:`first_look`.
    out : Path
        The YAML; it must not exist.

    Returns
    -------
    Path
        The YAML.

    Raises
    ------
    UptierError
        If the YAML exists already, the source cannot be read, or the YAML cannot be written.
    """
    if out.exists():
        raise UptierError(f"{out} exists already, and is not overwritten.", do="Name another file with --out.")
    text = first_look(address, folder=out.absolute().parent)
    return write_whole(out, lambda path: path.write_text(text, encoding="utf-8"))


# the YAML -----------------------------------------------------------------------------------------------------------


def _head(source: Source, seen: list[Evidence], *, address: str, name: str, folder: Path | None) -> Iterator[str]:
    yield f"# A first look at {source.address}, by uptier init."
    yield "# What is marked as doubt is a guess: read it and mend it, then run 'uptier check' on this file."
    yield "# Every key is described in docs/settings.md, every table in docs/tables.md."
    yield f"project: {_text(name)}"
    if "://" in address and source.address != address:
        yield f"# The address holds a secret, which is not written here: export {SOURCE_VARIABLE}=..."
        yield f"source: ${{{SOURCE_VARIABLE}}}"
    else:
        yield f"source: {_text(_from(folder, address))}"
    yield f"store: {_text(f'.uptier/{name}')}"
    yield from _until(seen)
    yield from _currency(seen)
    naive = {one.guess.name: one.naive for one in seen if one.naive}
    if naive:
        shown = ", ".join(f"{table}.{column}" for table, columns in naive.items() for column in columns)
        yield _said("timezone: UTC", f"doubt: these carry no zone, UTC is assumed: {shown}")
    else:
        yield _said("# timezone: UTC", "not needed: no time was found without a zone")


def _until(seen: list[Evidence]) -> Iterator[str]:
    newest = {one.guess.name: one.newest for one in seen if one.newest is not None}
    if not newest:
        yield _said("data_until: 2000-01-01", "doubt: no time was found; the first day that the data do not cover")
        return
    until = max(newest.values()) + dt.timedelta(days=1)
    yield _said(f"data_until: {until}", "doubt: the day after the newest time that was found; is that day complete?")
    usage = max((newest[name] for name in USAGE if name in newest), default=None)
    if usage is not None:
        # other tables may well be quiet for weeks; one that goes on after usage has ended is worth a look
        apart = {name: day for name, day in newest.items() if (day - usage).days > FAR_APART_DAYS}
        if "subscriptions" in newest and (usage - newest["subscriptions"]).days > FAR_APART_DAYS:
            apart["subscriptions"] = newest["subscriptions"]
        for name, day in apart.items():
            yield f"# doubt: usage ends on {usage}, {name} on {day}: does one of them run ahead, or has one stopped?"


def _currency(seen: list[Evidence]) -> Iterator[str]:
    money = [
        one.theirs
        for each in seen
        for one in each.guess.columns
        if CONTRACT[each.guess.name].columns[one.column].kind is Kind.MONEY
    ]
    parts = {part.upper() for theirs in money for part in plain(theirs).split("_")}
    named = parts & set(CURRENCIES)
    if len(named) == 1:
        yield f"currency: {named.pop()}"
    else:
        yield _said("currency: USD", "doubt: no column says it; the ISO code of all amounts")


def _tables(source: Source, seen: list[Evidence], guesses: list[TableGuess]) -> Iterator[str]:
    by_name = {one.guess.name: one for one in seen}
    incomplete = {one.name: one for one in guesses if one.name not in by_name}
    if not by_name:
        yield "{}   # doubt: no table was recognised by its name or columns"
    absent = []
    for name in CONTRACT:
        if name in by_name:
            yield ""
            yield from _found(by_name[name])
        elif name == "accounts" and "subscriptions" in by_name and by_name["subscriptions"].guess.theirs("account_id"):
            yield ""
            yield from _accounts_of(by_name["subscriptions"].guess)
        elif not (name in USAGE and by_name.keys() & set(USAGE)):
            absent.append(name)
    for name in sorted(absent, key=lambda one: one not in NEEDED):
        yield ""
        yield from _not_found(name, incomplete.get(name))


def _found(one: Evidence) -> Iterator[str]:
    guess = one.guess
    contract = CONTRACT[guess.name]
    yield f"# {contract.__doc__}"
    yield f"{guess.name}:"
    if guess.sql:
        yield _said("  sql: |", f"doubt: {' and '.join(_joined(guess))}")
        yield from (f"    {line}" for line in guess.sql.splitlines())
    else:
        yield _said(f"  from: {_text(guess.raw)}", f"doubt: {guess.doubt}" if guess.doubt else "")
    if one.form.name and (one.form.name != "intervals" or one.form.doubt):
        yield _said(f"  form: {one.form.name}", f"doubt: {one.form.doubt}" if one.form.doubt else "")
    if one.timezone:
        yield _said(f"  timezone: {one.timezone}", "doubt: its times are numbers, taken as counted from 1970")
    yield from _columns(guess)
    if guess.constants:
        yield "  constants:"
        for column, value in guess.constants.items():
            yield _said(f"    {column}: {_text(value)}", "doubt: nothing tells kinds apart; all is use of a feature")
    if "kind" in contract.columns:
        yield from _kinds(one)
    if contract.time and "recorded_at" in contract.columns and not guess.theirs("recorded_at"):
        yield _said("  # lag_days: 0", "doubt: no recorded_at; how many days may a row arrive late, at worst?")
    for doubt in one.doubts:
        yield from textwrap.wrap(
            f"doubt: {doubt}", TEXT_WIDTH, initial_indent="  # ", subsequent_indent="  #   ", break_on_hyphens=False
        )
    # a table of today alone has no beginnings: its form says so already
    lacking = [column for column in guess.missing if (one.form.name, column) != ("current", "valid_from")]
    for column in lacking:
        yield f"  # doubt: {column} is required and was not found: {contract.columns[column].meaning}"


def _joined(guess: TableGuess) -> list[str]:
    return [f"{one.column} is looked up in {one.table} by {one.key}" for one in guess.joins]


def _columns(guess: TableGuess) -> Iterator[str]:
    renamed = [one for one in guess.columns if one.column != one.theirs or one.doubt]
    contract = CONTRACT[guess.name]
    absent = [
        column
        for column in contract.columns
        if guess.theirs(column) is None and column not in guess.constants and not column.endswith("recorded_at")
    ]
    if renamed:
        yield "  columns:"
        for one in renamed:
            yield _said(f"    {one.column}: {_text(one.theirs)}", f"doubt: {one.doubt}" if one.doubt else "")
    elif absent:
        yield "  # columns:"
    for column in absent:
        described = contract.columns[column]
        yield _said(f"  #   {column}:", f"not found: {described.meaning}{'; required' if described.required else ''}")


def _kinds(one: Evidence) -> Iterator[str]:
    if one.kinds and set(one.kinds) != set(USAGE_KINDS):
        yield "  # doubt: as found; a kind that is not listed is not available, never zero: add those that you map"
        yield f"  kinds: [{', '.join(one.kinds)}]"
    if not one.guess.theirs("kind"):
        return
    guessed = [(name, rows, event_kind(name)) for name, rows in one.names]
    known = [(name, rows, kind) for name, rows, kind in guessed if kind and name != kind]
    unknown = [(name, rows) for name, rows, kind in guessed if not kind]
    if known:
        yield "  values:"
        yield _said("    kind:", "doubt: guessed from the events' names")
        for name, rows, kind in known:
            yield _said(f"      {_text(name)}: {kind}", f"{rows:,} rows")
    elif unknown:
        yield "  # values:"
        yield "  #   kind:"
    if unknown:
        yield f"  #     # no kind was guessed for these; a kind is one of {', '.join(USAGE_KINDS)}"
        for name, rows in unknown[:MOST_NAMES]:
            yield _said(f"  #     {_text(name)}:", f"{rows:,} rows")
        if len(unknown) > MOST_NAMES:
            yield f"  #     # and {len(unknown) - MOST_NAMES} rarer ones"


def _accounts_of(subscriptions: TableGuess) -> Iterator[str]:
    theirs = subscriptions.theirs("account_id")
    origin = f"({subscriptions.sql}) AS subscriptions" if subscriptions.sql else quoted(subscriptions.raw)
    yield f"# {CONTRACT['accounts'].__doc__}"
    yield "accounts:"
    yield _said("  sql: |", "doubt: no table of accounts was found; these are the ids that have subscriptions")
    select = f"SELECT DISTINCT {quoted(str(theirs))} AS account_id FROM {origin}"
    yield from (f"    {line}" for line in select.splitlines())


def _not_found(name: str, incomplete: TableGuess | None) -> Iterator[str]:
    contract = CONTRACT[name]
    needed = "one of the two is needed" if name in USAGE else "needed" if name in NEEDED else "optional"
    yield f"# not found ({needed}): {contract.__doc__}"
    yield f"# {name}:"
    if incomplete is not None:
        lacking = ", ".join(incomplete.missing)
        # a table of the contract's own name is read without being listed
        which = "it is read under its own name" if incomplete.raw == name else "it may be this one"
        yield _said(f"#   from: {_text(incomplete.raw)}", f"doubt: {which}, but it lacks {lacking}")
    else:
        yield "#   from:"
    yield "#   columns:"
    for column, described in contract.columns.items():
        theirs = incomplete.theirs(column) if incomplete else None
        if theirs or not column.endswith("recorded_at"):
            said = f"{described.meaning}{'; required' if described.required else ''}"
            yield _said(f"#     {column}:{f' {_text(theirs)}' if theirs else ''}", said)


def _foot(source: Source, seen: list[Evidence], guesses: list[TableGuess]) -> Iterator[str]:
    overwritten = [
        f"{one.guess.name}.{column.column}"
        for one in seen
        for column in one.guess.columns
        if CONTRACT[one.guess.name].columns[column.column].change is Change.CURRENT
        and CONTRACT[one.guess.name].columns[column.column].kind is Kind.CATEGORY
        and column.column not in SHOWN_ONCE_KNOWN.get(one.guess.name, {})
    ]
    if overwritten:
        yield ""
        yield "# What a source overwrites in place is hidden from signals, unless you say since when it holds:"
        yield "# holds_since:"
        yield from (f"#   {place}: 2020-01-01" for place in overwritten)
    used = {one.raw for one in guesses} | {join.table for one in guesses for join in one.joins}
    left = [name for name in source.names if name not in used and name not in CONTRACT]
    if left:
        yield ""
        yield f"# Not used: {', '.join(left)}."


def _said(line: str, comment: str) -> str:
    return f"{line:<{WIDTH}} # {comment}" if comment else line


def _text(value: str) -> str:
    """Write a text as YAML, with quotes where they are needed."""
    if _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    return json.dumps(value, ensure_ascii=False)


def _project_name(address: str) -> str:
    last = address.partition("?")[0].rstrip("/").rpartition("/")[2]
    stem = Path(last).stem if "://" not in address else last
    if stem in ("", ".", ".."):
        stem = Path(address).resolve().name
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-") or "project"


def _from(folder: Path | None, address: str) -> str:
    if "://" in address and not address.startswith(("file://", "duckdb://")):
        return address
    path = Path(address.removeprefix("file://").removeprefix("duckdb://")).expanduser().resolve()
    base = None if folder is None else folder.resolve()
    return str(path.relative_to(base)) if base is not None and path.is_relative_to(base) else str(path)
