"""A destination in a file, which outlives whoever is killed: it keeps every real change, and fails as it is told to."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from uptier.delivery.destination import Answer
from uptier.delivery.payload import Payload, payload
from uptier.errors import DeliveryError, UnreachableError

# what a call of send may meet; "" is nothing
LIMIT, TIME_OUT, HALF, LIE, CUT, BROKEN, MUTE = "429", "time-out", "half", "lie", "cut", "broken", "mute"
FAULTS = (LIMIT, TIME_OUT, HALF, LIE, CUT, MUTE)

TABLES = """
CREATE TABLE IF NOT EXISTS held (key TEXT, fingerprint TEXT, state TEXT);
CREATE TABLE IF NOT EXISTS changes (key TEXT, fingerprint TEXT);
CREATE TABLE IF NOT EXISTS calls (rows INTEGER, fault TEXT);
"""


class Fake:
    """A destination whose rows lie in a SQLite file.

    `faults` says what the next calls of `send` meet, and is used up; `silent` how many look-ups stay unanswered;
    `never` the accounts whose rows break a rule. Without `keyed`, rows are added instead of written over: what one
    without keys does. `at` is told before a batch is applied ("sending") and after ("applied").
    """

    def __init__(
        self,
        file: Path,
        *,
        batch_size: int = 10,
        whole: bool = False,
        keyed: bool = True,
        faults: Iterable[str] = (),
        silent: int = 0,
        never: Iterable[str] = (),
        at: Callable[[str], object] = str,
    ) -> None:
        self.name = "fake"
        self.batch_size = batch_size
        self.whole = whole
        self.silent = silent
        self.never = set(never)
        self.faults = list(faults)
        self._file = file
        self._keyed = keyed
        self._at = at
        with self._opened() as store:
            store.executescript(TABLES)

    def preflight(self) -> list[str]:
        return []

    def setup(self) -> list[str]:
        return []

    def held(self) -> Mapping[str, str]:
        with self._opened() as store:
            return dict(store.execute("SELECT key, fingerprint FROM held"))

    def fingerprints(self, keys: Iterable[str]) -> Mapping[str, str]:
        asked = list(keys)
        assert len(asked) <= self.batch_size
        if self.silent > 0:
            self.silent -= 1
            raise UnreachableError("The fake does not answer.")
        held = self.held()
        return {key: held[key] for key in asked if key in held}

    def send(self, batch: Sequence[Payload]) -> list[Answer]:
        assert self.whole or len(batch) <= self.batch_size
        assert len({row.key for row in batch}) == len(batch)
        fault = self.faults.pop(0) if self.faults else ""
        with self._opened() as store:
            store.execute("INSERT INTO calls VALUES (?, ?)", (len(batch), fault))
        if fault in (LIMIT, TIME_OUT):
            raise UnreachableError("The fake takes no more calls now.")
        if fault == BROKEN:
            raise DeliveryError("The fake knows no such field.")
        taken = [row for row in batch if row.account_id not in self.never]
        late = taken[1::2] if fault == HALF else []
        self._at("sending")
        if fault != LIE:
            self._apply([row for row in taken if row not in late])
        self._at("applied")
        if fault == CUT:
            raise UnreachableError("The connection was cut.")
        refused = [Answer(key=row.key, ok=False, said="breaks a rule") for row in batch if row not in taken]
        answers = [Answer(key=row.key, ok=row not in late, passing=row in late) for row in taken]
        return [] if fault == MUTE else answers + refused

    def open_rows(self) -> dict[str, str]:
        return self._asked("SELECT key, fingerprint FROM held WHERE state = 'open' ORDER BY key")

    def times(self) -> dict[str, int]:
        """Say how often each key is there."""
        with self._opened() as store:
            return dict(store.execute("SELECT key, count(*) FROM held GROUP BY key"))

    def repeated(self) -> int:
        """Count changes that were applied more than once."""
        with self._opened() as store:
            asked = "SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) n FROM changes GROUP BY key, fingerprint)"
            return int(store.execute(asked).fetchone()[0])

    def changes(self) -> int:
        with self._opened() as store:
            return int(store.execute("SELECT count(*) FROM changes").fetchone()[0])

    def calls(self) -> list[tuple[int, str]]:
        with self._opened() as store:
            return list(store.execute("SELECT rows, fault FROM calls ORDER BY rowid"))

    def overwrite(self, key: str, fingerprint: str | None) -> None:
        """Let somebody else change a row, or delete it."""
        with self._opened() as store:
            if fingerprint is None:
                store.execute("DELETE FROM held WHERE key = ?", (key,))
            else:
                store.execute("UPDATE held SET fingerprint = ? WHERE key = ?", (fingerprint, key))

    def _apply(self, rows: Sequence[Payload]) -> None:
        with self._opened() as store:
            before = dict(store.execute("SELECT key, fingerprint FROM held"))
            if self.whole:
                store.execute("DELETE FROM held")
            for row in rows:
                if before.get(row.key) != row.fingerprint or not self._keyed:
                    store.execute("INSERT INTO changes VALUES (?, ?)", (row.key, row.fingerprint))
                if self._keyed:
                    store.execute("DELETE FROM held WHERE key = ?", (row.key,))
                store.execute("INSERT INTO held VALUES (?, ?, ?)", (row.key, row.fingerprint, row.values["state"]))

    def _asked(self, sql: str) -> dict[str, str]:
        with self._opened() as store:
            return dict(store.execute(sql))

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._file, timeout=30)) as store, store:
            yield store


def row(account: str, *, value: float = 1.0, state: str = "open", **more: object) -> Payload:
    """Give an account's row."""
    given = {"uptier_key": f"{account}/seats", "account_id": account, "upsell": "seats", "state": state}
    return payload({**given, "expected_value": value, "as_of": "2026-01-01", "model_version": "7", **more})


def rows(accounts: str | Iterable[str], *, value: float = 1.0) -> list[Payload]:
    """Give the rows of accounts, all with the same value."""
    return [row(account, value=value) for account in (accounts.split() if isinstance(accounts, str) else accounts)]


def fingerprints(payloads: Iterable[Payload]) -> dict[str, str]:
    return {one.key: one.fingerprint for one in payloads if one.is_open}
