"""A PostgreSQL on another machine must show a certificate that holds: the ledger's and that of a destination alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import URL

LOCAL = ("", "localhost", "127.0.0.1", "::1")


def verified(url: URL, environment: Mapping[str, str]) -> URL:
    """Ask for TLS with a certificate that holds, unless the address or the environment says otherwise.

    Parameters
    ----------
    url : URL
        Of a PostgreSQL.
    environment : mapping of str to str
        Where PGSSLMODE and PGSSLROOTCERT are looked up, as its client library does.

    Returns
    -------
    URL
        The same for a server on this machine, or where `sslmode` is given.
    """
    hosts = url.query.get("host", url.host or "")
    host = hosts if isinstance(hosts, str) else hosts[0]
    if host in LOCAL or host.startswith("/") or "sslmode" in url.query or environment.get("PGSSLMODE"):
        return url
    wanted = {"sslmode": "verify-full"}
    if "sslrootcert" not in url.query and not environment.get("PGSSLROOTCERT"):
        wanted["sslrootcert"] = "system"
    return url.update_query_dict(wanted)
