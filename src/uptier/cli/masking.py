"""Takes out of a text what nobody may read in a log: passwords in addresses, and what the environment holds as secret.

The code that raises errors quotes none of it; this is the second door, for words that come from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote, urlsplit

MASK = "***"
SHORTEST = 4  # characters; a shorter value would blot out half of every sentence
SECRET_NAME = re.compile(r"SECRET|TOKEN|PASS|PWD|KEY|CREDENTIAL|WEBHOOK|PRIVATE|CLIENT_ID|SALT", re.IGNORECASE)
USER_OF_ADDRESS = re.compile(r"(\b[a-z][\w+.-]*://)[^\s/'\"]*@", re.IGNORECASE)
QUERY_OF_ADDRESS = re.compile(r"(\b[a-z][\w+.-]*://[^\s?'\"]*\?)[^\s'\"]+", re.IGNORECASE)


def secrets_of(environment: Mapping[str, str], named: Iterable[str] = ()) -> list[str]:
    """Collect what an environment holds as secret.

    Parameters
    ----------
    environment : mapping of str to str
        Variables and their values.
    named : iterable of str
        Variables that a project names for its credentials, whatever they are called.

    Returns
    -------
    list of str
        Values to mask, the longest first: of each variable with such a name all of it, of any other that is an address
        its password; also as they are written within addresses.
    """
    asked, found = set(named), set()
    for name, value in environment.items():
        password = _password(value)
        if password:
            found |= {password, unquote(password)}
        if SECRET_NAME.search(name) or (name in asked and "://" not in value):
            found |= {value, *value.splitlines()}  # a key as PEM is quoted line by line
    return sorted((one.strip() for one in found if len(one.strip()) >= SHORTEST), key=len, reverse=True)


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """Write a text without secrets.

    Parameters
    ----------
    text : str
        Any text.
    secrets : iterable of str
        As from :func:`secrets_of`.

    Returns
    -------
    str
        With ``***`` for each of them, and for user, password and query of every address.

    Examples
    --------
    >>> masked("postgresql://uptier:hush@db.acme.example/crm?sslkey=hush does not answer")
    'postgresql://***@db.acme.example/crm?*** does not answer'
    """
    for secret in secrets:
        text = text.replace(secret, MASK)
    return QUERY_OF_ADDRESS.sub(rf"\1{MASK}", USER_OF_ADDRESS.sub(rf"\1{MASK}@", text))


def _password(value: str) -> str | None:
    if "://" not in value:
        return None
    try:
        return urlsplit(value).password
    except ValueError:
        return None
