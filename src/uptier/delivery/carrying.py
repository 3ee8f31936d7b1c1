"""Sends batches, looks up what became of them, and tries again what may pass later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from uptier.delivery.book import Book
from uptier.delivery.destination import Answer, Destination
from uptier.delivery.ledger_tables import State
from uptier.delivery.pages import CHUNK, batches
from uptier.delivery.payload import Payload
from uptier.errors import DeliveryError, UnreachableError

PLANNED, INTENDED, SENT, CHECKED, SETTLED = "planned", "intended", "sent", "checked", "settled"
POINTS = (PLANNED, INTENDED, SENT, CHECKED, SETTLED)

NOT_CHANGED = "reported as written, but not changed"
NOT_LOOKED_UP = "reported as written, but it could not be looked up"
NO_ANSWER = "nothing was said of this row"


def nothing_happens(_: str) -> None:
    """Do nothing: what is told of progress, or done at a named point, unless somebody asks for more.

    Parameters
    ----------
    _ : str
        What is told.
    """


class Carrier:
    """Carries rows to one destination in one run.

    Parameters
    ----------
    destination : Destination
        Where they go.
    book : Book
        Its part of the ledger; the run is begun.
    attempts : int
        How often a row is tried, and how many calls in a row may stay unanswered.
    backoff : float
        Seconds before the second attempt; doubled before each further one.
    sleep, told, at : callable
        As :func:`uptier.delivery.delivering.deliver` has them.

    Attributes
    ----------
    sent, closed : int
        Open and closed rows that the destination was found to hold as they were sent.
    left : int
        Rows that were not tried, since nobody answered any more.
    """

    def __init__(
        self,
        destination: Destination,
        book: Book,
        *,
        attempts: int,
        backoff: float,
        sleep: Callable[[float], object],
        told: Callable[[str], object] = nothing_happens,
        at: Callable[[str], object] = nothing_happens,
    ) -> None:
        self.sent = self.closed = self.left = 0
        self._destination = destination
        self._book = book
        self._attempts = attempts
        self._backoff = backoff
        self._sleep = sleep
        self._told = told
        self._at = at
        self._silent = 0  # calls in a row that nobody answered
        self._last: dict[str, State] = {}  # of the rows that did not get there
        self._everything: Sequence[Payload] = ()  # what a destination that is replaced whole is given in each call

    @property
    def ends(self) -> Counter[State]:
        """Count the rows that did not get there, by what became of their last attempt."""
        return Counter(self._last.values())

    def look_up_unsettled(self) -> None:
        """Look up what earlier runs left open, before anything is sent."""
        keys = self._book.unsettled()
        if keys:
            self._told(f"{self._destination.name}: {len(keys)} rows that earlier runs left open are looked up")
        for batch in batches(keys, self._destination.batch_size):
            while not self._is_gone and self._look_up(batch) is None:
                pass  # it has waited
            if self._is_gone:
                return
            self._silent = 0

    def carry(self, differing: Iterable[Payload], everything: Iterable[Payload]) -> None:
        """Send what differs until it is there, is refused, or was tried often enough.

        Parameters
        ----------
        differing : iterable of Payload
            What to send.
        everything : iterable of Payload
            All rows in scope: what a destination that is replaced whole is given.
        """
        size = self._destination.batch_size
        waiting: Iterable[Payload] = differing
        if self._destination.whole:
            waiting = list(differing)
            self._everything = [row for row in everything if row.is_open]
            size = max(len(waiting), 1)
            if not waiting:
                self._mend()
        for attempt in range(1, self._attempts + 1):
            again: list[Payload] = []
            for batch in batches(waiting, size):
                if self._is_gone:
                    self.left += sum(row.key not in self._last for row in batch)  # others were tried before
                else:
                    again += self._try(batch, attempt)
            if not again or self._is_gone:
                return
            if not self._silent and attempt < self._attempts:  # who was not answered has just waited
                self._wait(attempt)
            waiting = again

    def _mend(self) -> None:
        """Write anew what is replaced whole, where it is not what was confirmed: somebody deleted it, or was forgotten.

        Nothing new is told, so the ledger has nothing to note.
        """
        wanted = {row.key: row.fingerprint for row in self._everything}
        if dict(self._destination.held()) != wanted:
            self._told(f"{self._destination.name}: what it holds is not what was confirmed; it is written anew")
            self._destination.send(self._everything)

    @property
    def _is_gone(self) -> bool:
        return self._silent >= self._attempts

    def _try(self, batch: list[Payload], attempt: int) -> list[Payload]:
        """Send a batch once, and give the rows to be tried again."""
        if attempt > 1:
            there = self._look_up([row.key for row in batch])
            if there is None:
                return batch
            for row in batch:
                if self._is_there(row, there):
                    self._end(row, State.SENT)
            batch = [row for row in batch if not self._is_there(row, there)]
        if not batch:
            return []
        self._at(PLANNED)
        numbers = self._book.intend(batch, attempt)
        self._at(INTENDED)
        try:
            answers = self._send(batch)
            self._at(SENT)
            there = self._fingerprints([row.key for row in batch])
        except DeliveryError as error:
            # trying again does not help, and how much was applied before is not known
            self._book.settle([(number, State.UNKNOWN, error.what) for number in numbers.values()])
            raise
        self._at(CHECKED)
        verdicts = {row.key: self._verdict(row, answers, there) for row in batch}
        self._book.settle([(numbers[key], *verdict) for key, verdict in verdicts.items()])
        self._at(SETTLED)
        for row in batch:
            self._end(row, verdicts[row.key][0])
        again = [row for row in batch if verdicts[row.key][0] in (State.FAILED, State.UNKNOWN)]
        self._told(f"{self._destination.name}: {self.sent + self.closed} rows are there")
        again += self._not_taken_with(batch, answers, attempt)
        if there is None or (answers is None and again):
            self._hear_nothing()
        else:
            self._silent = 0
        return again

    def _send(self, batch: Sequence[Payload]) -> dict[str, Answer] | None:
        """Give what is said of each row, or None where nobody answered."""
        rows = self._everything if self._destination.whole else batch
        try:
            return {answer.key: answer for answer in self._destination.send(rows)}
        except UnreachableError:
            return None

    def _fingerprints(self, keys: Sequence[str]) -> Mapping[str, str] | None:
        """Give what the destination holds, or None where nobody answered."""
        there: dict[str, str] = {}
        try:
            for some in batches(keys, self._destination.batch_size):
                there |= self._destination.fingerprints(some)
        except UnreachableError:
            return None
        return there

    def _look_up(self, keys: Sequence[str]) -> Mapping[str, str] | None:
        """Settle what is open of some rows by what the destination holds; None where nobody answered."""
        there = self._fingerprints(keys)
        if there is None:
            self._hear_nothing()
            return None
        for some in batches(keys, CHUNK):
            self._book.found(some, there, absent_is_closed=self._destination.whole)
        return there

    def _verdict(
        self, row: Payload, answers: Mapping[str, Answer] | None, there: Mapping[str, str] | None
    ) -> tuple[State, str]:
        """Judge by what is there, whatever was said; by what was said only where nobody looked."""
        answer = None if answers is None else answers.get(row.key)
        said = NO_ANSWER if answer is None else answer.said
        if there is not None and self._is_there(row, there):
            return State.SENT, "" if answer is None else said
        if answer is None:
            return State.UNKNOWN, said
        if answer.ok:
            return (State.UNKNOWN, NOT_LOOKED_UP) if there is None else (State.FAILED, NOT_CHANGED)
        return (State.FAILED if answer.passing else State.REFUSED), said

    def _is_there(self, row: Payload, there: Mapping[str, str]) -> bool:
        held = there.get(row.key)
        return held == row.fingerprint or (held is None and self._destination.whole and not row.is_open)

    def _not_taken_with(
        self, batch: Sequence[Payload], answers: Mapping[str, Answer] | None, attempt: int
    ) -> list[Payload]:
        """Write down the unchanged rows that a destination, given all anew, did not take; give those to be tried again.

        What was confirmed of them before is not true any more.
        """
        if answers is None or not self._destination.whole:
            return []
        keys = {row.key for row in batch}
        rest = [row for row in self._everything if row.key not in keys]
        lost = [row for row in rest if row.key in answers and not answers[row.key].ok]
        if not lost:
            return []
        numbers = self._book.intend(lost, attempt)
        verdicts = {row.key: self._verdict(row, answers, {}) for row in lost}
        self._book.settle([(numbers[key], *verdict) for key, verdict in verdicts.items()])
        for row in lost:
            self._end(row, verdicts[row.key][0])
        return [row for row in lost if verdicts[row.key][0] == State.FAILED]

    def _end(self, row: Payload, state: State) -> None:
        if state != State.SENT:
            self._last[row.key] = state
            return
        self._last.pop(row.key, None)
        if row.is_open:
            self.sent += 1
        else:
            self.closed += 1

    def _hear_nothing(self) -> None:
        self._silent += 1
        if self._is_gone:
            self._told(f"{self._destination.name}: nobody answers; what is left is for the next run")
        else:
            self._wait(self._silent)

    def _wait(self, time: int) -> None:
        seconds = self._backoff * 2 ** (time - 1)
        self._told(f"{self._destination.name}: waits {seconds:g} s before it tries again")
        self._sleep(seconds)
