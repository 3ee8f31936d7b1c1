"""A word to somebody's address when a run stops before sending, or is partly delivered.

It never raises: what went wrong with the word must not hide what it was about.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import requests

TIMEOUT_SECONDS = 10.0  # for the connection, and again for the answer


class Happened(StrEnum):
    """What a run has to tell."""

    STOPPED = "stopped before sending"
    PARTLY_DELIVERED = "partly delivered"
    FORCED = "sent although a breaker tripped"


@dataclass(frozen=True, kw_only=True)
class Word:
    """What is told: no value of a row, no credential, no text that could hold one.

    Attributes
    ----------
    project : str
        Its name.
    as_of : str
        The date of the list, ISO.
    happened : Happened
        What happened.
    counts : mapping of str to int
        Rows, as far as they are known: all, sent, failed.
    findings : tuple of str
        Codes of the breakers that tripped.
    """

    project: str
    as_of: str
    happened: Happened
    counts: Mapping[str, int]
    findings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give what is sent.

        Returns
        -------
        dict
            project, as_of, what, counts, findings, and text: the same as a sentence, which chat services show.
        """
        told = "; ".join(
            part
            for part in (
                ", ".join(f"{name} {count:,}" for name, count in self.counts.items()),
                ", ".join(self.findings),
            )
            if part
        )
        return {
            "project": self.project,
            "as_of": self.as_of,
            "what": str(self.happened),
            "counts": dict(self.counts),
            "findings": list(self.findings),
            "text": f"uptier, project {self.project}, list of {self.as_of}: {self.happened}"
            + (f" ({told})" if told else ""),
        }


def tell(word: Word, *, variable: str, environment: Mapping[str, str], timeout: float = TIMEOUT_SECONDS) -> str | None:
    """Tell the address that an environment variable holds.

    Parameters
    ----------
    word : Word
        What to tell.
    variable : str
        Name of the variable, as ``delivery.webhook_env`` says; where it is not set, nobody is told.
    environment : mapping of str to str
        Where it is looked up.
    timeout : float
        Seconds for the connection, and again for the answer.

    Returns
    -------
    str or None
        What went wrong, for the log: without the address, which is a credential with most services. None if it was
        told, or nobody is to be.
    """
    address = environment.get(variable, "").strip()
    if not address:
        return None
    wrong = _not_safe(address)
    if wrong:
        return f"Nobody was told: the address in {variable} {wrong}."
    import requests

    try:
        with requests.Session() as session:
            session.auth = _only_what_the_address_says
            # an answer's text is not read; a redirect could lead to an address without TLS
            with session.post(
                address, json=word.as_json(), timeout=timeout, allow_redirects=False, stream=True
            ) as answer:
                status = answer.status_code
    except (requests.RequestException, ValueError) as error:  # ValueError: an address that only fails once encoded
        return f"Nobody was told: the address in {variable} does not take it ({type(error).__name__})."
    if 200 <= status < 300:
        return None
    return f"Nobody was told: the address in {variable} answered {status}."


def _only_what_the_address_says(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests from sending a password of the user's own files along."""
    from requests.utils import get_auth_from_url

    if any(given := get_auth_from_url(request.url or "")):
        request.prepare_auth(given)
    return request


def _not_safe(address: str) -> str | None:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is no address"
    if not host:
        return "names no host"
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)):
        return None
    return "is not https"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
