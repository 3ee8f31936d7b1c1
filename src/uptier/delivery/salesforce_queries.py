"""Queries of Salesforce that ask for records by key, each within the bytes that an address may have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote_plus

from uptier.delivery.payload import KEY
from uptier.delivery.salesforce_fields import NAMES
from uptier.delivery.salesforce_login import Connection

# "Maximum number of rows returned by SOQL queries over the REST API", help.salesforce.com: address and headers together
# have at most 16,384 bytes; a token may have 2,000 of them and more.
QUERY_BYTES = 11_000


def by_keys(select: str, keys: Iterable[str]) -> Iterator[str]:
    """Ask for the records of some keys.

    Parameters
    ----------
    select : str
        The query up to its conditions.
    keys : iterable of str
        Any number, none with control characters.

    Yields
    ------
    str
        Queries for some of the keys each: a letter may take up to twelve bytes in an address.
    """
    head = f"{select} WHERE {NAMES[KEY]} IN ("
    room = QUERY_BYTES - len(quote_plus(head)) - 1
    parts: list[str] = []
    size = 0
    for key in keys:
        part = _quoted(key)
        grown = len(quote_plus(f"{part},"))
        if parts and size + grown > room:
            yield f"{head}{','.join(parts)})"
            parts, size = [], 0
        parts.append(part)
        size += grown
    if parts:
        yield f"{head}{','.join(parts)})"


def records(connection: Connection, query: str, doing: str) -> Iterator[dict[str, Any]]:
    """Go through what a query finds, page by page.

    Parameters
    ----------
    connection : Connection
        To the organisation.
    query : str
        In SOQL.
    doing : str
        What it is for, for errors.

    Yields
    ------
    dict
        A record.

    Raises
    ------
    UnreachableError
        If nobody answers, a limit is reached, or others have taken our place in the pages.
    DeliveryError
        If trying again would not help.
    """
    page = connection.call(doing, lambda client: client.query(query))
    while True:
        yield from page["records"]
        if page["done"]:
            return
        page = connection.call(doing, _more(str(page["nextRecordsUrl"])))


def _quoted(key: str) -> str:
    # "Quoted String Escape Sequences", SOQL and SOSL Reference
    escaped = key.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _more(following: str) -> Callable[[Any], Any]:
    return lambda client: client.query_more(following, identifier_is_url=True)
