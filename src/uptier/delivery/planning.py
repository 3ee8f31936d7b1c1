"""What is to be told: what differs from what was confirmed last, and what is to be closed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from uptier.delivery.pages import CHUNK, Pages, Stand, batches
from uptier.delivery.payload import FINGERPRINT, Payload, Value, closed
from uptier.errors import DeliveryError

SHOWN_ACCOUNTS = 5
NEVER = Stand()  # of a row that was never tried


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How one row differs from what was told last.

    Attributes
    ----------
    key, account_id : str
        The row.
    fields : mapping of str to (value, value)
        What was told and what would be, of the fields that differ; a row that is new was told nothing.
    """

    key: str
    account_id: str
    fields: Mapping[str, tuple[Value, Value]]


class Plan:
    """What is to be sent, found while going through the rows; it counts what is not.

    Parameters
    ----------
    payloads : iterable of Payload
        All rows that are in scope. Gone through more than once, a few at a time: what reads them from a disk need
        never hold them all.
    book : Pages
        What is known of the destination.
    because : str
        Why a row is closed that is not among them.
    held : mapping of str to str
        Fingerprints, by key, that count as confirmed though the book does not know them: of a dry run that adopts.

    Attributes
    ----------
    keys : set of str
        Of the rows in scope.
    unchanged : int
        Rows that are there as they are.
    refused : int
        Rows that were refused just so before.
    unclosed : int
        Rows that are out of scope and cannot be closed, since only their keys are known.
    bare : list of Payload
        Rows that are there as they are and of which the book knows only the key.

    Raises
    ------
    DeliveryError
        If two rows have one key.
    """

    def __init__(
        self, payloads: Iterable[Payload], book: Pages, because: str, held: Mapping[str, str] | None = None
    ) -> None:
        self.payloads: Iterable[Payload] = list(payloads) if iter(payloads) is payloads else payloads
        self.keys = _keys(self.payloads)
        self.unchanged = self.refused = 0
        self._held = held or {}
        self.unclosed = len(self._held.keys() - self.keys)
        self.bare: list[Payload] = []
        self._book = book
        self._because = because

    def differing(self) -> Iterator[Payload]:
        """Go through what is to be sent, once.

        Yields
        ------
        Payload
            Rows that differ from what was confirmed last, then rows that close what is no longer in scope.
        """
        for rows in batches(self.payloads, CHUNK):
            yield from self._changes(rows)
        out_of_scope = (key for key in self._book.open_keys() if key not in self.keys)
        for keys in batches(out_of_scope, CHUNK):
            yield from self._closings(keys)

    def differences(self) -> Iterator[Difference]:
        """Go through what is to be sent, by field.

        Yields
        ------
        Difference
            In the order of :meth:`differing`.
        """
        for rows in batches(self.differing(), CHUNK):
            last = self._book.last([row.key for row in rows])
            yield from (_difference(row, last.get(row.key)) for row in rows)

    def _changes(self, rows: Collection[Payload]) -> Iterator[Payload]:
        stands = self._book.stands([row.key for row in rows])
        for row in rows:
            stand = stands.get(row.key, NEVER)
            if self._held.get(row.key) == row.fingerprint:
                self.unchanged += 1
            elif stand.confirmed == row.fingerprint and stand.is_certain:
                self.unchanged += 1
                self.bare += [] if stand.is_whole else [row]
            elif stand.refused == row.fingerprint:
                self.refused += 1
            elif row.is_open or stand is not NEVER:  # what is over before anybody was told of it is no news
                yield row

    def _closings(self, keys: Collection[str]) -> Iterator[Payload]:
        last, stands = self._book.last(keys), self._book.stands(keys)
        for key in keys:
            told = last.get(key)
            if told is None:
                self.unclosed += 1
                continue
            row = closed(told.values, self._because)
            if stands[key].refused == row.fingerprint:
                self.refused += 1
            else:
                yield row


def _keys(payloads: Iterable[Payload]) -> set[str]:
    keys: set[str] = set()
    doubled: dict[str, None] = {}
    for row in payloads:
        if row.key in keys:
            doubled[row.account_id] = None
        keys.add(row.key)
    if doubled:
        some = ", ".join(list(doubled)[:SHOWN_ACCOUNTS])
        raise DeliveryError(
            "Two rows have one key, so that one would overwrite the other; nothing was sent.",
            found=f"rows of {len(doubled)} accounts, such as {some}",
            do="A key is made of account, upsell type and cycle: each may be there once.",
        )
    return keys


def _difference(row: Payload, last: Payload | None) -> Difference:
    before: Mapping[str, Value] = last.values if last else {}
    fields = {
        name: (before.get(name), value)
        for name, value in row.values.items()
        if name != FINGERPRINT and before.get(name) != value
    }
    return Difference(key=row.key, account_id=row.account_id, fields=fields)
