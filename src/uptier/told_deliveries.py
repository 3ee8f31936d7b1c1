"""What the command line tells of deliveries: what became of rows, and what was told about an account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from uptier.delivery.delivering import Delivered
    from uptier.delivery.ledger import Entry
    from uptier.work.delivering import Delivery

DIFFERENCES_SHOWN = 20
COUNTS = ("sent", "closed", "unchanged", "refused", "failed", "unknown", "left", "adopted", "unclosed")


def delivery_words(done: Delivery, *, dry_run: bool) -> Iterator[str]:
    """Say what became of a list.

    Parameters
    ----------
    done : Delivery
        What a run did.
    dry_run : bool
        Whether nothing was sent.

    Yields
    ------
    str
        A line each; no value of a row but those that a dry run is asked for.
    """
    yield f"Run {done.run}, list of {done.as_of}."
    for finding in done.findings:
        yield f"{'Would stop' if dry_run else 'Forced'}: {finding}"
    if done.champion:
        yield done.champion
    for one in done.delivered:
        if not dry_run:
            yield f"{one.destination}: {counted(one)}."
            continue
        rows = f"{len(one.differences):,} rows would be sent, {one.unchanged:,} are there as they are"
        yield f"{one.destination}: {rows}."
        for difference in one.differences[:DIFFERENCES_SHOWN]:
            fields = "; ".join(f"{name}: {before} -> {now}" for name, (before, now) in difference.fields.items())
            yield f"  {difference.key}: {' '.join(fields.split())}"
        if len(one.differences) > DIFFERENCES_SHOWN:
            yield f"  and {len(one.differences) - DIFFERENCES_SHOWN:,} more; --json gives them all."
    if done.webhook:
        yield f"The webhook was not told: {done.webhook}"
    if done.is_partly and not dry_run:
        yield "Not all rows got there. Run it again: only those are tried. 'uptier ledger' says what was answered."


def counted(one: Delivered) -> str:
    """Count what became of rows.

    Parameters
    ----------
    one : Delivered
        At one destination.

    Returns
    -------
    str
        ``"12 sent, 3 closed, 480 unchanged"``; what is 0 is left out, but for those that were sent.
    """
    counts = {name: int(getattr(one, name)) for name in COUNTS}
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count or name == "sent")


def readiness_words(told: Mapping[str, Sequence[str]], *, setup: bool) -> Iterator[str]:
    """Say what was set up, or what is not ready.

    Parameters
    ----------
    told : mapping of str to sequence of str
        By destination.
    setup : bool
        Whether it was set up rather than looked at.

    Yields
    ------
    str
        A line each.
    """
    for name, lines in told.items():
        if not lines:
            yield f"{name}: {'nothing was missing' if setup else 'ready'}."
        for line in lines:
            yield f"{name}: {line}"


def ledger_table(account_id: str, entries: Sequence[Entry]) -> Table:
    """Show what was told about an account.

    Parameters
    ----------
    account_id : str
        The account.
    entries : sequence of Entry
        Newest first.

    Returns
    -------
    Table
        A row for each attempt.
    """
    table = Table(title=f"What was told about {account_id}", title_justify="left")
    for heading in ("when", "destination", "case", "list of", "model", "state", "answer"):
        table.add_column(heading)
    for one in entries:
        when = (one.settled_at or one.intended_at)[:19].replace("T", " ")
        model = one.model_version or "rules"
        table.add_row(when, one.destination, one.key, one.as_of or "", model, one.state.value, one.said)
    return table


def delivery_data(done: Delivery) -> dict[str, Any]:
    """Give what became of a list as plain data.

    Parameters
    ----------
    done : Delivery
        What a run did.

    Returns
    -------
    dict
        For the verb's JSON document.
    """
    return {
        **{name: value for name, value in asdict(done).items() if name != "delivered"},
        "is_partly": done.is_partly,
        "delivered": [asdict(one) | {"is_partly": one.is_partly} for one in done.delivered],
    }
