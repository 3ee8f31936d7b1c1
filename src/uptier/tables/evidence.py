"""A guessed table with the evidence of its rows: what is kept of the guess, what is added, what stays in doubt."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from uptier.errors import SourceError
from uptier.tables.contracts import CONTRACT, USAGE_KINDS
from uptier.tables.glances import (
    MOSTLY,
    Form,
    event_names,
    loaded_in_bulk,
    newest_day,
    side_by_side,
    subscription_form,
    time_columns,
    time_keeping,
)
from uptier.tables.guesses import TableGuess
from uptier.tables.vocabulary import event_kind, plain

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.tables.source import Source

IN_A_SELECT = "in a SELECT (sql: instead of from:)"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A guessed table, and what its rows say.

    Attributes
    ----------
    guess : TableGuess
        Without the columns that the rows speak against.
    form : Form
        Form of the subscriptions; nameless for other tables.
    timezone : str
        ``epoch_s`` or ``epoch_ms`` where times are numbers; else empty.
    naive : tuple of str
        Canonical columns whose times carry no zone.
    newest : date or None
        The day of the newest time; None if there is none.
    kinds : tuple of str
        For usage: the kinds of events that were found or guessed.
    names : tuple of (str, int)
        For usage: the names of events with their rows, most frequent first.
    doubts : tuple of str
        What else is to be looked at.
    """

    guess: TableGuess
    form: Form
    timezone: str
    naive: tuple[str, ...]
    newest: dt.date | None
    kinds: tuple[str, ...]
    names: tuple[tuple[str, int], ...]
    doubts: tuple[str, ...]


def gather(source: Source, guess: TableGuess) -> Evidence:
    """Look at the rows of a guessed table.

    Parameters
    ----------
    source : Source
        Where the data are; only counts, bounds and names of events are read.
    guess : TableGuess
        The table.

    Returns
    -------
    Evidence
        What they say.
    """
    table = _relation(source, guess)
    kept = {column: time_keeping(table, str(guess.theirs(column))) for column in time_columns(guess)}
    guess, doubts = _without_bad_times(table, guess, kept)
    names = event_names(table, str(guess.theirs("kind"))) if guess.theirs("kind") else []
    if guess.theirs("kind") and names is None:
        doubts.append(f"the values of {guess.theirs('kind')} are too many or too long to be event names; not shown")
    guess, kinds = _with_kinds(guess, names or [])
    form = subscription_form(table, guess) if guess.name == "subscriptions" else Form(name="")
    if guess.name == "subscriptions":
        doubts += _subscription_doubts(table, guess)
    dated = [column for column in (CONTRACT[guess.name].time, "recorded_at") if guess.theirs(column)]
    epochs = sorted({how for how in kept.values() if how.startswith("epoch")})
    if (epochs and "naive" in kept.values()) or len(epochs) > 1:
        doubts.append(f"its times are kept in more than one way: bring them to one {IN_A_SELECT}")
    return Evidence(
        guess=guess,
        form=form,
        timezone=epochs[0] if epochs else "",
        naive=tuple(column for column, how in kept.items() if how == "naive" and guess.theirs(column)),
        newest=newest_day(table, [str(guess.theirs(column)) for column in dated]),
        kinds=kinds,
        names=tuple(names or ()),
        doubts=tuple(doubts),
    )


def _relation(source: Source, guess: TableGuess) -> ir.Table:
    table = source.query(guess.sql, where="uptier init") if guess.sql else source.table(guess.raw)
    if table is None:  # it was listed a moment ago
        raise SourceError(f"The table '{guess.raw}' is no longer there.", do="Run this again.")
    return table


def _without_bad_times(table: ir.Table, guess: TableGuess, kept: dict[str, str]) -> tuple[TableGuess, list[str]]:
    """Leave out columns that are no times after all, and loads that say nothing on when a row was known.

    A column of the contract's own name is read whether it is listed or not: it stays, with the doubt.
    """
    doubts = []
    left_out = set()
    for column, how in kept.items():
        if not how:
            left_out.add(column)
            doubts.append(f"{column} may be {guess.theirs(column)}, but most of its values cannot be read as times")
    time, recorded = guess.theirs(CONTRACT[guess.name].time), guess.theirs("recorded_at")
    readable = not {CONTRACT[guess.name].time, "recorded_at"} & left_out
    if time and recorded and readable and loaded_in_bulk(table, time, recorded):
        left_out.add("recorded_at")
        doubts.append(
            f"{recorded} lies long after most rows: it looks like one big load, not like when each row was known"
        )
    columns = tuple(one for one in guess.columns if one.column not in left_out or one.column == one.theirs)
    return replace(guess, columns=columns), doubts


def _with_kinds(guess: TableGuess, names: list[tuple[str, int]]) -> tuple[TableGuess, tuple[str, ...]]:
    """Take the event names as features where they are none of the kinds."""
    if "kind" in guess.constants:
        return guess, (guess.constants["kind"],)
    kinds = {event_kind(name) for name, _ in names} - {""}
    own = next((one for one in guess.columns if one.column == "kind"), None)
    if own is None or guess.theirs("feature"):
        return guess, _in_order(kinds)
    if not names or (kinds and all(name in USAGE_KINDS for name, _ in names)):
        return guess, _in_order(kinds)
    # the name of an event says what was used, whatever its kind
    feature = replace(own, column="feature", doubt="the event's name stands for the feature too")
    if kinds:
        return replace(guess, columns=(*guess.columns, feature)), _in_order(kinds)
    columns = tuple(one for one in guess.columns if one.column != "kind")
    feature = replace(feature, doubt="its values look like names of features rather than kinds of events")
    return replace(guess, columns=(*columns, feature), constants={"kind": "feature_used"}), ("feature_used",)


def _in_order(kinds: Iterable[str]) -> tuple[str, ...]:
    return tuple(kind for kind in USAGE_KINDS if kind in set(kinds))


def _subscription_doubts(table: ir.Table, guess: TableGuess) -> list[str]:
    doubts = []
    share = side_by_side(table, guess)
    if share > 1 - MOSTLY:
        doubts.append(
            f"{share:.0%} of the rows begin before the one before them, of the same subscription_id, has ended: do "
            f"add-ons or several subscriptions share the table? Part them {IN_A_SELECT}"
        )
    by_name = {plain(theirs): theirs for theirs in table.columns}
    if not guess.theirs("mrr"):
        for word, how in (("arr", "/ 12"), ("arr_amount", "/ 12"), ("mrr_cents", "/ 100"), ("amount_cents", "/ 100")):
            if word in by_name:
                doubts.append(f"mrr could be {by_name[word]} {how}, {IN_A_SELECT}")
    if not guess.theirs("billing_period_months"):
        for word in ("billing_frequency", "billing_interval", "billing_period", "interval"):
            if word in by_name:
                doubts.append(f"billing_period_months could be counted from {by_name[word]}, {IN_A_SELECT}")
    return doubts
