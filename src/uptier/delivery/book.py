"""What a run writes into its destination's part of the ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from uptier.delivery.ledger_tables import UNSETTLED, State, attempts, runs, wholly
from uptier.delivery.pages import CHUNK, IN_FULL, Pages, batches
from uptier.delivery.payload import Payload, written

SAID_LENGTH = 500  # characters kept of what a destination says
LOOKED_UP = 0  # the attempt number of what was found at a destination rather than sent


class Book(Pages):
    """One destination's part of the ledger, to be written as well; each method is one transaction.

    Parameters
    ----------
    connection : Connection
        To the ledger; what it writes with is what it holds its lock with.
    project, destination : str
        Whose rows, and where.
    now : callable
        The clock.
    """

    def __init__(self, connection: Connection, project: str, destination: str, now: Callable[[], dt.datetime]) -> None:
        super().__init__(connection, project, destination)
        self._now = now
        self._run = ""

    def begin(self, run: str) -> None:
        """Begin a run; what follows belongs to it.

        Parameters
        ----------
        run : str
            Its id; one that was begun before goes on.
        """
        with self._transaction() as connection:
            connection.execute(delete(wholly).where(*self._at(wholly)))
            known = connection.execute(select(runs.c.id).where(*self._at(runs), runs.c.run == run)).first()
            if known is None:
                newest = connection.execute(select(func.max(attempts.c.id)).where(*self._ours)).scalar() or 0
                connection.execute(insert(runs).values(**self._place, run=run, began_at=self._clock(), after=newest))
        self._run = run

    def complete(self, digest: str, rows: int) -> None:
        """Write down that the destination holds a list from the first row to the last.

        Parameters
        ----------
        digest : str
            Of the list.
        rows : int
            How many rows it has.
        """
        with self._transaction() as connection:
            connection.execute(insert(wholly).values(**self._place, digest=digest, rows=rows))

    def intend(self, rows: Sequence[Payload], attempt: int) -> dict[str, int]:
        """Write down what is about to be sent.

        Parameters
        ----------
        rows : sequence of Payload
            A batch.
        attempt : int
            Which attempt of this run.

        Returns
        -------
        dict of str to int
            Number of each row's attempt, by key.
        """
        with self._transaction() as connection:
            entries = [self._entry(row, attempt, State.INTENDED) for row in rows]
            made = connection.execute(insert(attempts).returning(attempts.c.id, attempts.c.key), entries)
            return {row.key: row.id for row in made}

    def settle(self, outcomes: Iterable[tuple[int, State, str]]) -> None:
        """Write down what became of attempts.

        Parameters
        ----------
        outcomes : iterable of (int, State, str)
            Number of the attempt, what became of it, and what the destination said.
        """
        with self._transaction() as connection:
            self._settle(connection, outcomes)

    def found(self, keys: Collection[str], there: Mapping[str, str], *, absent_is_closed: bool) -> None:
        """Settle what was open by what the destination was found to hold.

        Parameters
        ----------
        keys : collection of str
            What was looked up.
        there : mapping of str to str
            Fingerprints, by key, of those that are there.
        absent_is_closed : bool
            Whether a closed row is one that is not there.
        """
        with self._transaction() as connection:
            newest = self._newest(connection, list(keys))
            confirmed = self._by_id(connection, {sent for _, sent in newest.values() if sent is not None}, IN_FULL)
            pending: dict[str, list[Row[Any]]] = {}
            asked = select(attempts).where(*self._ours, attempts.c.key.in_(list(keys)), attempts.c.state.in_(UNSETTLED))
            for row in connection.execute(asked.order_by(attempts.c.id.desc())):
                if row.id > (newest[row.key][1] or 0):
                    pending.setdefault(row.key, []).append(row)
            outcomes: list[tuple[int, State, str]] = []
            again: list[Row[Any]] = []
            for key, rows in pending.items():
                held = there.get(key)
                match = next((row for row in rows if _is_held(row, held, absent_is_closed)), None)
                sent = confirmed.get(newest[key][1] or 0)
                if match is not None:
                    outcomes.append((match.id, State.SENT, "found there"))
                    # newest first: an older one that is there is written again, as the newest that is known
                    again += [match] if match is not rows[0] else []
                elif sent is not None and _is_held(sent, held, absent_is_closed):
                    again.append(sent)
                outcomes += [
                    (row.id, State.FAILED, "not found there")
                    for row in rows
                    if row is not match and row.state != State.FAILED
                ]
            self._settle(connection, outcomes)
            self._look_up(connection, [row._asdict() for row in again])

    def adopt(self, known: Iterable[Payload], rest: Mapping[str, str]) -> int:
        """Take what a destination holds for confirmed, all or nothing.

        Parameters
        ----------
        known : iterable of Payload
            Rows that are there just so.
        rest : mapping of str to str
            Fingerprints, by key, of rows that are there and of which no more is known; without the keys of `known`.

        Returns
        -------
        int
            How many were taken.
        """
        taken = 0
        with self._transaction() as connection:
            for rows in batches(known, CHUNK):
                self._look_up(connection, [self._entry(row, LOOKED_UP, State.SENT) for row in rows])
                taken += len(rows)
            nothing = dict.fromkeys(("account_id", "as_of", "model_version", "is_open", "payload"))
            for pairs in batches(rest.items(), CHUNK):
                self._look_up(connection, [{**nothing, "key": key, "fingerprint": one} for key, one in pairs])
                taken += len(pairs)
        return taken

    def _clock(self) -> str:
        return self._now().astimezone(dt.UTC).isoformat(timespec="milliseconds")

    def _entry(self, row: Payload, attempt: int, state: State) -> dict[str, object]:
        day, version = row.values["as_of"], row.values["model_version"]
        return {
            **self._place,
            "run": self._run,
            "key": row.key,
            "account_id": row.account_id,
            "as_of": None if day is None else str(day),
            "model_version": None if version is None else str(version),
            "fingerprint": row.fingerprint,
            "is_open": row.is_open,
            "payload": written(row.values),
            "attempt": attempt,
            "state": state,
            "said": "",
            "intended_at": self._clock(),
        }

    def _look_up(self, connection: Connection, rows: Sequence[Mapping[str, object]]) -> None:
        """Write rows as found at the destination, as the newest that is known of them."""
        now = self._clock()
        looked_up = {
            **self._place,
            "run": self._run,
            "attempt": LOOKED_UP,
            "state": State.SENT,
            "said": "found there",
            "intended_at": now,
            "settled_at": now,
        }
        entries = [{name: value for name, value in {**row, **looked_up}.items() if name != "id"} for row in rows]
        if entries:
            connection.execute(insert(attempts), entries)

    def _settle(self, connection: Connection, outcomes: Iterable[tuple[int, State, str]]) -> None:
        now = self._clock()
        changed = [{"of": one, "to": state, "words": said[:SAID_LENGTH], "then": now} for one, state, said in outcomes]
        if changed:
            connection.execute(
                update(attempts)
                .where(attempts.c.id == bindparam("of"))
                .values(state=bindparam("to"), said=bindparam("words"), settled_at=bindparam("then")),
                changed,
            )


def _is_held(row: Row[Any], held: str | None, absent_is_closed: bool) -> bool:
    return held == row.fingerprint or (held is None and absent_is_closed and row.is_open is False)
