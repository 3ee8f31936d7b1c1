"""Where an account's brief can be looked up: the part of a project's YAML under `pages:`."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlsplit

from pydantic import Field, field_validator

from uptier.thresholds import Part

THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class PagesSettings(Part):
    """Pages that somebody serves, for links to them.

    Attributes
    ----------
    base_url : str or None
        Where they are: https, or http on this machine alone, without user or password. Rows that are delivered link to
        ``<base_url>/accounts/<id>``; without it they carry the brief's text.
    """

    base_url: Annotated[str, Field(max_length=500)] | None = None

    @field_validator("base_url")
    @classmethod
    def _safe(cls, base_url: str | None) -> str | None:
        if base_url is None:
            return None
        if not base_url.isascii() or not base_url.isprintable() or set(base_url) & set(" \"'<>\\"):
            raise ValueError("an address has no blanks, quotes or signs beyond ASCII: write those as %XX")
        try:
            parts = urlsplit(base_url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            raise ValueError("this is no address") from None
        if "@" in parts.netloc:
            raise ValueError("no user or password belongs in it: it is told to every destination")
        if not host or (parts.scheme != "https" and not (parts.scheme == "http" and host in THIS_MACHINE)):
            raise ValueError("it must begin with https://, or with http:// on this machine alone")
        if parts.query or parts.fragment or "?" in base_url or "#" in base_url:
            raise ValueError("leave out what begins with ? or #: a path is put behind it")
        return base_url.rstrip("/")

    def of_account(self, account_id: str) -> str | None:
        """Give the address of an account's page.

        Parameters
        ----------
        account_id : str
            The account; every sign but letters, digits and ``_.-~`` is written as ``%XX``.

        Returns
        -------
        str or None
            None where no pages are served.
        """
        return None if self.base_url is None else f"{self.base_url}/accounts/{quote(account_id, safe='')}"
