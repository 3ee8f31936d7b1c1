"""Carries rows to a destination, each exactly once, however often it is killed on the way.

For each batch: write in the ledger what is about to be sent, send it, look up what the destination holds, write down
what became of it. What a killed run left open is looked up before anything else is sent.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from uptier.delivery.book import Book
from uptier.delivery.carrying import Carrier, nothing_happens
from uptier.delivery.destination import Destination
from uptier.delivery.ledger import Ledger
from uptier.delivery.ledger_tables import State
from uptier.delivery.pages import Pages
from uptier.delivery.payload import CLOSED, STATE, Payload
from uptier.delivery.planning import Difference, Plan
from uptier.errors import DeliveryError

OUT_OF_SCOPE = "no longer in scope"
ROLLED_BACK = "rolled back"


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What a run did, or would do.

    Attributes
    ----------
    destination, run : str
        Where, and which run.
    unchanged : int
        Rows that were there as they are.
    sent : int
        Rows that the destination was found to hold as they were sent.
    closed : int
        Of rows that are closed, likewise; not counted in `sent`.
    refused : int
        Rows that it did not take, now or before, and that are not tried again until they change.
    failed : int
        Rows that are not there though they were tried as often as they may; the next run tries again.
    unknown : int
        Rows of which nobody knows; the next run looks them up.
    left : int
        Rows that were not tried, since nobody answered any more.
    adopted : int
        Rows that were there and are taken for confirmed.
    unclosed : int
        Rows that are out of scope and stay open, since only their keys are known: adopted, and never sent.
    differences : tuple of Difference
        Of a dry run: what would be sent, by field.
    """

    destination: str
    run: str
    unchanged: int = 0
    sent: int = 0
    closed: int = 0
    refused: int = 0
    failed: int = 0
    unknown: int = 0
    left: int = 0
    adopted: int = 0
    unclosed: int = 0
    differences: tuple[Difference, ...] = ()

    @property
    def is_partly(self) -> bool:
        """Whether some rows did not get there."""
        return self.refused + self.failed + self.unknown + self.left > 0


def deliver(
    payloads: Iterable[Payload],
    destination: Destination,
    ledger: Ledger,
    run: str,
    *,
    attempts: int,
    backoff: float,
    sleep: Callable[[float], object] = time.sleep,
    adopt: bool = False,
    dry_run: bool = False,
    told: Callable[[str], object] = nothing_happens,
    at: Callable[[str], object] = nothing_happens,
    because: str = OUT_OF_SCOPE,
    digest: str = "",
) -> Delivered:
    """Bring a destination to what is in scope now.

    Parameters
    ----------
    payloads : iterable of Payload
        All rows in scope, open and closed; gone through several times, a few rows at a time.
    destination : Destination
        Where they go.
    ledger : Ledger
        What was told before; written as it goes.
    run : str
        Id of the run; one that was killed may go on under its id.
    attempts : int
        How often a row is tried, and how many calls in a row may stay unanswered.
    backoff : float
        Seconds before the second attempt; doubled before each further one.
    sleep : callable
        Waits so many seconds.
    adopt : bool
        Whether what the destination holds is taken for confirmed where the ledger knows nothing of it.
    dry_run : bool
        Whether nothing is sent or written, and the differences are told.
    told : callable
        Is told, in a sentence, how far it is.
    at : callable
        Is told each point that is reached: planned, intended, sent, checked, settled. For drills.
    because : str
        What a row is told to be closed for that is not among the payloads.
    digest : str
        Of the payloads: where the ledger says that the destination holds this list from the first row to the last,
        nothing is formed, looked up or sent. Without one that is not asked.

    Returns
    -------
    Delivered
        Counts of rows.

    Raises
    ------
    DeliveryError
        If two rows have one key, a second copy runs, the ledger does not answer, the destination says that trying again
        would not help, or it holds rows that the ledger does not know and `adopt` is not given.
    UnreachableError
        If the ledger is empty and the destination does not say what it holds.
    """
    if dry_run:
        return _dry(payloads, destination, ledger, run, adopt=adopt, because=because)
    with ledger.alone(destination.name) as book:
        there = book.holds(_with_files(digest, destination)) if digest else None
        if there is not None:
            return Delivered(destination=destination.name, run=run, unchanged=there)
        plan = Plan(payloads, book, because)
        held = _held(destination, book, adopt=adopt)
        book.begin(run)
        adopted = _adopt(destination, book, plan, held)
        carrier = Carrier(destination, book, attempts=attempts, backoff=backoff, sleep=sleep, told=told, at=at)
        carrier.look_up_unsettled()
        carrier.carry(plan.differing(), plan.payloads)
        if plan.bare:
            book.adopt(plan.bare, {})
        done = _told(destination, run, plan, carrier, adopted)
        if digest and not done.is_partly and not done.unclosed:
            book.complete(_with_files(digest, destination), len(plan.keys))
    return done


def _with_files(digest: str, destination: Destination) -> str:
    """Hash a list with what is there of it, where that is soon seen: somebody may have deleted files."""
    if not destination.whole:
        return digest
    held = json.dumps(dict(destination.held()), sort_keys=True)
    return hashlib.sha256(f"{digest}{held}".encode()).hexdigest()


def _told(destination: Destination, run: str, plan: Plan, carrier: Carrier, adopted: int) -> Delivered:
    ends = carrier.ends
    return Delivered(
        destination=destination.name,
        run=run,
        unchanged=plan.unchanged,
        sent=carrier.sent,
        closed=carrier.closed,
        refused=plan.refused + ends[State.REFUSED],
        failed=ends[State.FAILED],
        unknown=ends[State.UNKNOWN],
        left=carrier.left,
        adopted=adopted,
        unclosed=plan.unclosed,
    )


def rollback(
    of_run: str,
    destination: Destination,
    ledger: Ledger,
    run: str,
    *,
    attempts: int,
    backoff: float,
    sleep: Callable[[float], object] = time.sleep,
    dry_run: bool = False,
    told: Callable[[str], object] = nothing_happens,
    at: Callable[[str], object] = nothing_happens,
) -> Delivered:
    """Bring a destination back to what it held when an earlier run had ended.

    Parameters
    ----------
    of_run : str
        Id of the earlier run.
    destination, ledger : Destination, Ledger
        Where, and what was told.
    run : str
        Id of this run.
    attempts, backoff, sleep, dry_run, told, at : int, float, callable, bool, callable, callable
        As in :func:`deliver`.

    Returns
    -------
    Delivered
        Counts of rows; rows that the earlier run did not have are closed.

    Raises
    ------
    DeliveryError
        If there was no such run at this destination, or as :func:`deliver` does.
    """
    return deliver(
        _Earlier(ledger, destination.name, of_run),
        destination,
        ledger,
        run,
        attempts=attempts,
        backoff=backoff,
        sleep=sleep,
        dry_run=dry_run,
        told=told,
        at=at,
        because=ROLLED_BACK,
    )


@dataclass(frozen=True)
class _Earlier:
    """What a destination held when a run had ended, read anew each time it is gone through."""

    ledger: Ledger
    destination: str
    run: str

    def __iter__(self) -> Iterator[Payload]:
        with self.ledger.reading(self.destination) as book:
            yield from book.after(self.run)


def _dry(
    payloads: Iterable[Payload], destination: Destination, ledger: Ledger, run: str, *, adopt: bool, because: str
) -> Delivered:
    with ledger.reading(destination.name) as book:
        held = _held(destination, book, adopt=adopt)
        plan = Plan(payloads, book, because, held)
        differences = tuple(plan.differences())
    closed = sum(one.fields.get(STATE, (None, None))[1] == CLOSED for one in differences)
    return Delivered(
        destination=destination.name,
        run=run,
        unchanged=plan.unchanged,
        sent=len(differences) - closed,
        closed=closed,
        refused=plan.refused,
        adopted=len(held),
        unclosed=plan.unclosed,
        differences=differences,
    )


def _held(destination: Destination, book: Pages, *, adopt: bool) -> Mapping[str, str]:
    """Ask what is there of which an empty ledger knows nothing."""
    held = destination.held() if book.is_empty() else {}
    if held and not adopt:
        raise DeliveryError(
            f"The ledger knows of nothing that was sent to {destination.name}, but rows of ours are there.",
            found=f"{len(held)} rows",
            do="If the ledger was lost, or is a new one, call this again with --adopt: what is there is then taken for "
            "sent. If it is another project's, give this one a place of its own.",
        )
    return held


def _adopt(destination: Destination, book: Book, plan: Plan, held: Mapping[str, str]) -> int:
    if not held:
        return 0
    same = {row.key for row in plan.payloads if held.get(row.key) == row.fingerprint}
    rest = {key: fingerprint for key, fingerprint in held.items() if key not in same}
    if destination.whole and rest:
        return 0  # it is replaced whole, and with it what nobody could close
    return book.adopt((row for row in plan.payloads if row.key in same), rest)
