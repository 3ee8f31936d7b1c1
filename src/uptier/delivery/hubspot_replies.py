"""What HubSpot answered, and how it is told on: in codes, never in sentences, which quote values of rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,60}")
_PROPERTY = re.compile(r"[a-z][a-z0-9_]{0,99}")
_SCOPE = re.compile(r"[a-z][a-z0-9_.\-]{1,80}")
_CORRELATION = re.compile(r"[0-9a-f\-]{8,40}")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What HubSpot answered.

    Attributes
    ----------
    status : int
        HTTP status: 200 to 299, or one with which it refuses what was asked.
    body : mapping
        The answer's JSON.
    headers : mapping of str to str
        Names in lower case.
    """

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def taken(self) -> bool:
        """Whether it took what was asked, or part of it (207)."""
        return self.status < 300

    @property
    def results(self) -> list[Mapping[str, Any]]:
        """What it lists as done or found."""
        return _mappings(self.body.get("results"))

    @property
    def errors(self) -> list[Mapping[str, Any]]:
        """What it lists as gone wrong."""
        return _mappings(self.body.get("errors"))

    def number(self, header: str) -> int | None:
        """Give the whole number in a header.

        Parameters
        ----------
        header : str
            Its name in lower case.

        Returns
        -------
        int or None
            None where it is absent or no number.
        """
        told = self.headers.get(header, "")
        return int(told) if told.isdecimal() else None


def words(reply: Reply) -> str:
    """Say what HubSpot found wrong, in its codes alone: its sentences quote values of the row.

    Parameters
    ----------
    reply : Reply
        What it answered.

    Returns
    -------
    str
        Status, category, codes with their properties, and the id under which HubSpot's support finds the call.
    """
    told = [f"status {reply.status}", *codes_in(reply)]
    correlation = coded(reply.body.get("correlationId"), _CORRELATION)
    return ", ".join([*told, *([f"correlation id {correlation}"] if correlation else [])])


def codes_in(reply: Reply) -> list[str]:
    """Give the codes of an answer.

    Parameters
    ----------
    reply : Reply
        What HubSpot answered.

    Returns
    -------
    list of str
        As of one problem; where it took a part, those of each problem too. Each once.
    """
    parts = reply.errors if reply.taken else []
    codes = [*told_codes(reply.body), *(code for part in parts for code in told_codes(part))]
    return list(dict.fromkeys(codes))


def told_codes(problem: Mapping[str, Any]) -> list[str]:
    """Give the codes of one problem.

    Parameters
    ----------
    problem : mapping
        An error as HubSpot writes it: a whole answer, or one of its `errors`.

    Returns
    -------
    list of str
        Its category, then each code with the property that it is about, each once.
    """
    codes = [coded(problem.get("category"))]
    for detail in _mappings(problem.get("errors")):
        about = list(_texts(detail.get("context"), "propertyname", _PROPERTY))
        codes.append(_about(coded(detail.get("code") or detail.get("category")), about))
    for detail in _in_message(problem.get("message")):
        codes.append(_about(coded(detail.get("error")), [coded(detail.get("name"), _PROPERTY)]))
    return list(dict.fromkeys(code for code in codes if code))


def scopes_wanted(reply: Reply) -> list[str]:
    """Give the scopes that a refusal names.

    Parameters
    ----------
    reply : Reply
        With status 403.

    Returns
    -------
    list of str
        Sorted; empty where it names none.
    """
    return sorted(set(_texts(reply.body, "scopes", _SCOPE)))


def coded(value: object, form: re.Pattern[str] = _CODE) -> str:
    """Give a text only if it has the form of a code.

    Parameters
    ----------
    value : object
        From an answer.
    form : re.Pattern
        What it has to look like as a whole; capitals and underscores by default.

    Returns
    -------
    str
        The text, or "".
    """
    return value if isinstance(value, str) and form.fullmatch(value) else ""


def _about(code: str, properties: list[str]) -> str:
    named = [name for name in properties if name]
    return f"{code} in {' and '.join(named)}" if code and named else code


def _in_message(message: object) -> list[Mapping[str, Any]]:
    """Values that were not valid are listed as JSON inside of a sentence."""
    start = message.find("[{") if isinstance(message, str) else -1
    if not isinstance(message, str) or start < 0:
        return []
    try:
        return _mappings(json.JSONDecoder().raw_decode(message[start:])[0])
    except ValueError:
        return []


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _texts(value: object, about: str, form: re.Pattern[str], *, below: bool = False) -> Iterator[str]:
    """Give the texts of one form anywhere below the names that hold `about`."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, about, form, below=below or about in str(name).lower())
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, about, form, below=below)
    elif isinstance(value, str) and (below or f"{about}=" in value.lower()):  # some contexts are a text of their own
        yield from (text for text in re.split(r"[\s,\[\]{}=]+", value) if form.fullmatch(text))
