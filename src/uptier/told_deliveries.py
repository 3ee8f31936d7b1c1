"""What the command line tells of deliveries: what became of rows, what was told about an account, what was answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from uptier.delivery.answers import Stand
    from uptier.delivery.delivering import Delivered
    from uptier.delivery.ledger import Entry
    from uptier.work.delivering import Delivery
    from uptier.work.pulling import Pull, Pulled

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
    for heading in ("when", "destination", "case", "list of", "run", "model", "state", "answer"):
        table.add_column(heading)
    for one in entries:
        when = (one.settled_at or one.intended_at)[:19].replace("T", " ")
        model = one.model_version or "rules"
        table.add_row(when, one.destination, one.key, one.as_of or "", one.run, model, one.state.value, one.said)
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


def pull_words(pulled: Pull) -> Iterator[str]:
    """Say what was pulled.

    Parameters
    ----------
    pulled : Pull
        What a run pulled.

    Yields
    ------
    str
        A line each: counts by source, for a dry run each change, and each row that could not be taken.
    """
    for one in pulled.sources:
        if one.failed:
            yield f"{one.source}: not read. {' '.join(one.failed.split())}"
            continue
        counts = {"new": len(one.changes), "unchanged": one.unchanged, "forgotten": one.forgotten}
        told = [f"{count:,} {name}" for name, count in counts.items() if count or name == "new"]
        faulty = f", {len(one.faults):,} not taken" if one.faults else ""
        yield f"{one.source}: {', '.join(told)}{faulty}{_by_status(one)}."
        for change in one.changes[:DIFFERENCES_SHOWN] if pulled.dry_run else ():
            yield f"  {change.key}: {_stood(change.before)} -> {_stood(change.now)}"
        if pulled.dry_run and len(one.changes) > DIFFERENCES_SHOWN:
            yield f"  and {len(one.changes) - DIFFERENCES_SHOWN:,} more; --json gives them all."
        for fault in one.faults[:DIFFERENCES_SHOWN]:
            yield f"  {fault.place}: {fault.code}. {fault.said}"
        if len(one.faults) > DIFFERENCES_SHOWN:
            yield f"  and {len(one.faults) - DIFFERENCES_SHOWN:,} more; --json gives them all."
    if pulled.dry_run:
        yield "Nothing was kept."
    elif pulled.is_partly:
        yield "What could not be taken stays where it is: put it right, and pull again. All else is kept."


def pull_data(pulled: Pull) -> dict[str, Any]:
    """Give what was pulled as plain data.

    Parameters
    ----------
    pulled : Pull
        What a run pulled.

    Returns
    -------
    dict
        For the verb's JSON document; times in UTC.
    """
    told = asdict(pulled)
    for source, one in zip(told["sources"], pulled.sources, strict=True):
        source["is_partly"] = one.is_partly
    return {**told, "known_at": pulled.known_at.isoformat(timespec="seconds"), "is_partly": pulled.is_partly}


def _by_status(one: Pulled) -> str:
    counts = Counter(change.now.status for change in one.changes)
    told = ", ".join(f"{status} {count:,}" for status, count in sorted(counts.items()))
    return f" ({told})" if told else ""


def _stood(stand: Stand) -> str:
    until = f"until {stand.until.isoformat()}" if stand.until else ""
    owner = f"by {stand.owner}" if stand.owner else ""
    return " ".join(part for part in (stand.status, stand.because, until, owner) if part)
