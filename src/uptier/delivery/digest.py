"""Worklists as a page for each CSM, in a folder, by mail, or both.

What is remembered, each file replaced in one step:

- beside the pages, ``.uptier-digest.json``: for each CSM the page with a sum over it, and the rows on it. It is written
  after the pages; a page of before that is not on it any more is removed, and never a file that is not on it.
- in the store, ``mails.json``: for each CSM over which rows the last mail was, and the mail that is on its way.

A mail is sent where the rows differ from those of the last one. Mails go one at a time: that it is on its way is
written before it is sent, and that it was sent before the next begins. So a kill between the server's yes and that
note, or a line lost before its yes, leaves one mail in doubt, and nobody but the server knows. The next run sends it
again: at most one doubled mail for each kill, since a worklist that comes twice costs a glance, and one that never
comes costs the week. If the rows are still the same it goes under the same Message-ID, by which many mail systems drop
the second; if they have changed, it is a new mail with news.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from email.utils import make_msgid
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from uptier.delivery import digest_pages as pages
from uptier.delivery import folder as folders
from uptier.delivery.destination import Answer
from uptier.delivery.files import EVERY_ROW, in_order
from uptier.delivery.mailing import RefusedError, is_address, mail, post, post_office
from uptier.delivery.payload import Payload
from uptier.errors import DeliveryError, UnreachableError

if TYPE_CHECKING:
    import smtplib

    from uptier.delivery_settings import DigestSettings

MANIFEST, MAILS = ".uptier-digest.json", "mails.json"
NO_ADDRESS = "This CSM's address under 'addresses' is no mail address."
NOWHERE = "This CSM has no address under 'addresses', and there is no folder for pages."


class Digest:
    """A page for each CSM.

    Parameters
    ----------
    name : str
        As the project's YAML calls it.
    settings : DigestSettings
        Folder, mail server, addresses.
    environment : mapping of str to str
        Where the server's user and password are looked up, when they are first needed.
    kept : Path
        A folder of the project's store for this destination alone: what was mailed is remembered there.
    """

    batch_size = EVERY_ROW
    whole = True

    def __init__(self, name: str, settings: DigestSettings, environment: Mapping[str, str], kept: Path) -> None:
        self.name = name
        self._settings = settings
        self._environment = environment
        self._kept = kept
        self._manifest = (settings.folder or kept) / MANIFEST

    def __repr__(self) -> str:
        return f"Digest({self.name!r}, folder={str(self._settings.folder)!r}, smtp_host={self._settings.smtp_host!r})"

    def preflight(self) -> list[str]:
        """Look whether pages could be written and mails be taken; none is sent.

        Returns
        -------
        list of str
            What is wrong.

        Raises
        ------
        UnreachableError
            If the mail server does not answer.
        """
        asked = self._settings
        told = [folders.fault(one) for one in (asked.folder, self._kept) if one is not None]
        if asked.folder is None and asked.smtp_host is None:
            told.append("Pages go nowhere. Name a folder, or an smtp_host.")
        if asked.smtp_host is not None:
            if not asked.addresses:
                told.append("Nobody has an address. Name them under addresses, by owner.")
            if not is_address(asked.sender or ""):
                told.append("sender is no mail address.")
            told += [
                f"The address of {owner} is no mail address."
                for owner, one in asked.addresses.items()
                if not is_address(one)
            ]
            try:
                with post_office(asked, self._environment) as server:
                    server.noop()
            except UnreachableError:
                raise
            except DeliveryError as error:
                told.append(str(error))
        return [one for one in told if one]

    def setup(self) -> list[str]:
        """Make the folders.

        Returns
        -------
        list of str
            What was made.

        Raises
        ------
        DeliveryError
            If one cannot be made.
        """
        wanted = [one for one in (self._settings.folder, self._kept) if one is not None]
        return [line for one in wanted for line in folders.made(one)]

    def held(self) -> Mapping[str, str]:
        """Say which rows CSMs have.

        Returns
        -------
        mapping of str to str
            Key to fingerprint, of the rows on pages that are there as they were written, and that were mailed to
            whoever has an address.

        Raises
        ------
        DeliveryError
            If what is remembered may not be read.
        """
        mails = folders.read_json(self._kept / MAILS)
        found: dict[str, str] = {}
        for owner, told in folders.read_json(self._manifest).get("owners", {}).items():
            mailed = self._address(owner) is None or _is_mailed(mails, owner, told["rows"])
            if mailed and self._is_written(owner, told):
                found |= told["rows"]
        return found

    def fingerprints(self, keys: Iterable[str]) -> Mapping[str, str]:
        """Say as what CSMs have some rows.

        Parameters
        ----------
        keys : iterable of str
            Any number.

        Returns
        -------
        mapping of str to str
            Key to fingerprint.
        """
        held = self.held()
        return {key: held[key] for key in keys if key in held}

    def send(self, batch: Sequence[Payload]) -> list[Answer]:
        """Replace the pages that change, remove those of CSMs without open rows, and mail those with news.

        Parameters
        ----------
        batch : sequence of Payload
            All open rows.

        Returns
        -------
        list of Answer
            One for each row, the same for all rows of a CSM.

        Raises
        ------
        UnreachableError
            If the mail server does not answer; pages are written, and mails that were taken are remembered.
        DeliveryError
            If a page cannot be written, or the server refuses us.
        """
        rows = sorted(batch, key=in_order)
        owned = {owner: list(some) for owner, some in groupby(rows, key=lambda one: str(one.values["owner"] or ""))}
        self._write(owned)
        refused = self._mail(owned)
        return [
            Answer(key=one.key, ok=False, passing=refused[owner].passing, said=refused[owner].said)
            if owner in refused
            else Answer(key=one.key, ok=True)
            for owner, some in owned.items()
            for one in some
        ]

    def _write(self, owned: Mapping[str, Sequence[Payload]]) -> None:
        folders.clear(self._manifest.parent)
        before = folders.read_json(self._manifest)
        listed = set(before.get("pages", ()))
        folder = self._settings.folder
        pages_now = {} if folder is None else {owner: f"{_slug(owner)}{self._ending}" for owner in owned}
        if not listed.issuperset(pages_now.values()):
            # first written down: made before a kill, a page that is on no list would stay for ever
            listed |= set(pages_now.values())
            folders.replace_json(self._manifest, {"pages": sorted(listed), "owners": before.get("owners", {})})
        told: dict[str, Any] = {}
        for owner, rows in owned.items():
            told[owner] = {"page": None, "sum": None, "rows": {one.key: one.fingerprint for one in rows}}
            if folder is not None:
                page = folder / pages_now[owner]
                told[owner] |= {"page": page.name, "sum": self._page(page, owner, rows)}
        for page_before in listed.difference(pages_now.values()):
            folders.remove(self._manifest.with_name(page_before))
        now = {"pages": sorted(pages_now.values()), "owners": told}
        if now != before:
            folders.replace_json(self._manifest, now)

    def _page(self, page: Path, owner: str, rows: Sequence[Payload]) -> str:
        written = (pages.html if self._settings.format == "html" else pages.markdown)(owner, rows).encode("utf-8")
        total = hashlib.sha256(written).hexdigest()
        if folders.sum_of(page) != total:
            folders.replace(page, lambda fresh: fresh.write_bytes(written))
        return total

    def _is_written(self, owner: str, told: Mapping[str, Any]) -> bool:
        folder = self._settings.folder
        if folder is None:
            return self._address(owner) is not None
        return told["page"] is not None and folders.sum_of(folder / told["page"]) == told["sum"]

    @property
    def _ending(self) -> str:
        return ".html" if self._settings.format == "html" else ".md"

    def _address(self, owner: str) -> str | None:
        return self._settings.addresses.get(owner) if self._settings.smtp_host is not None else None

    def _mail(self, owned: Mapping[str, Sequence[Payload]]) -> dict[str, Answer]:
        """Send what is to be mailed; give what was refused, by owner."""
        refused: dict[str, Answer] = {}
        due: dict[str, Sequence[Payload]] = {}
        mails = folders.read_json(self._kept / MAILS)
        for owner, rows in owned.items():
            address = self._address(owner)
            if address is None:
                if self._settings.folder is None:
                    refused[owner] = Answer(key="", ok=False, said=NOWHERE)
            elif not is_address(address):
                refused[owner] = Answer(key="", ok=False, said=NO_ADDRESS)
            elif not _is_mailed(mails, owner, {one.key: one.fingerprint for one in rows}):
                due[owner] = rows
        if not due:
            return refused  # nobody is called if there is nothing to say
        if not is_address(self._settings.sender or ""):
            raise DeliveryError(f"The sender of {self.name} is no mail address.", do="Name it under sender.")
        folders.clear(self._kept)
        with post_office(self._settings, self._environment) as server:
            for owner, rows in due.items():
                try:
                    mails = self._mailed(server, mails, owner, rows)
                except RefusedError as error:
                    refused[owner] = Answer(
                        key="", ok=False, passing=error.passing, said=f"The mail server says {error.code}."
                    )
        return refused

    def _mailed(
        self, server: smtplib.SMTP, mails: Mapping[str, Any], owner: str, rows: Sequence[Payload]
    ) -> dict[str, Any]:
        total = _total({one.key: one.fingerprint for one in rows})
        last = mails.get(owner, {})
        sender = self._settings.sender or ""
        doubtful = last.get("on_its_way")
        if doubtful is None or doubtful["rows"] != total:
            doubtful = {"rows": total, "id": make_msgid(domain=sender.rpartition("@")[2] or "localhost")}
        message = mail(
            sender=sender,
            to=self._address(owner) or "",
            identity=doubtful["id"],
            subject=f"Your worklist: {pages.summary(rows)}",
            text=pages.markdown(owner, rows),
            html=pages.html(owner, rows) if self._settings.format == "html" else None,
        )
        self._remember({**mails, owner: {"sent": last.get("sent"), "on_its_way": doubtful}})
        try:
            post(server, message)
        except RefusedError:
            self._remember({**mails, owner: {"sent": last.get("sent")}})  # that it was not sent is known
            raise
        return self._remember({**mails, owner: {"sent": total}})

    def _remember(self, mails: dict[str, Any]) -> dict[str, Any]:
        folders.replace_json(self._kept / MAILS, mails)
        return mails


def _is_mailed(mails: Mapping[str, Any], owner: str, rows: Mapping[str, str]) -> bool:
    return bool(mails.get(owner, {}).get("sent") == _total(rows))


def _total(rows: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode("utf-8")).hexdigest()


def _slug(owner: str) -> str:
    # the sum keeps names apart that are spelt alike, and makes any name one of a file
    plain = re.sub(r"[^a-z0-9]+", "-", owner.lower()).strip("-")[:40] or "accounts"
    return f"{plain}-{hashlib.sha256(owner.encode('utf-8')).hexdigest()[:8]}"
