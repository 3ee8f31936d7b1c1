"""What every destination can do; :mod:`uptier.delivery.delivering` does the rest, the same for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from uptier.delivery.payload import Payload


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a destination said of one row.

    Attributes
    ----------
    key : str
        The row.
    ok : bool
        Whether it says that the row is there as it was sent.
    passing : bool
        Whether the same row may be taken later, where it was not now: a limit, a lock, a time-out. A row that breaks a
        rule is refused for good, until it changes.
    said : str
        The destination's own words, without values of the row.
    """

    key: str
    ok: bool
    passing: bool = False
    said: str = ""


class Destination(Protocol):
    """Where rows are carried.

    Every method raises :class:`uptier.errors.UnreachableError` where nobody answers in time, a limit is reached, or it
    is not known what became of a call; and :class:`uptier.errors.DeliveryError` where trying again would not help (a
    password, a permission, a field that is not there). Neither quotes a credential or a row.

    Attributes
    ----------
    name : str
        As the project's YAML calls it.
    batch_size : int
        Most rows in one call of :meth:`send`.
    whole : bool
        Whether it is always given all open rows in one call, and replaces what it held (files), instead of being told
        only what changed.
    """

    name: str
    batch_size: int
    whole: bool

    def preflight(self) -> list[str]:
        """Look whether rows could be taken, without sending any.

        Returns
        -------
        list of str
            What is wrong, each with what to do; empty if nothing is. Fields, lengths, types, permissions, limits.
        """
        ...

    def setup(self) -> list[str]:
        """Make what rows need: a table, properties, or files of metadata for people to deploy.

        Returns
        -------
        list of str
            What was made, in words; run again it makes nothing new.
        """
        ...

    def held(self) -> Mapping[str, str]:
        """Say which of our rows are there.

        Returns
        -------
        mapping of str to str
            Key to fingerprint, of open and closed rows.
        """
        ...

    def fingerprints(self, keys: Iterable[str]) -> Mapping[str, str]:
        """Say as what some rows are there: the check that what was reported did happen.

        Parameters
        ----------
        keys : iterable of str
            At most a batch.

        Returns
        -------
        mapping of str to str
            Key to fingerprint; without those that are not there.
        """
        ...

    def send(self, batch: Sequence[Payload]) -> list[Answer]:
        """Write rows, each over its own row of before; the same row twice changes nothing.

        Parameters
        ----------
        batch : sequence of Payload
            At most `batch_size`, each key once.

        Returns
        -------
        list of Answer
            One for each row, in any order.
        """
        ...
