"""What Salesforce says, in words that quote no credential, address or row.

The client's own exceptions carry the address of the call and all of the answer, with the rows that were sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from uptier.delivery.salesforce_fields import NAMES
from uptier.errors import DeliveryError, UnreachableError

# "Status Codes and Error Responses", REST API Developer Guide, and "StatusCode", SOAP API Developer Guide. A place in
# the pages of a query is lost when others of the same user open ten ("QueryLocator" there); asked anew it is found.
PASSING = frozenset(
    {
        "API_CURRENTLY_DISABLED",
        "INVALID_QUERY_LOCATOR",
        "QUERY_TIMEOUT",
        "REQUEST_LIMIT_EXCEEDED",
        "REQUEST_RUNNING_TOO_LONG",
        "SERVER_UNAVAILABLE",
        "TOO_MANY_REQUESTS",
        "UNABLE_TO_LOCK_ROW",
        "UNKNOWN_EXCEPTION",
    }
)
EXPIRED = "INVALID_SESSION_ID"
REFUSED_STATUS, EXPIRED_STATUS, LATER_STATUS = 403, 401, (408, 429)
MEANINGS = {
    "API_DISABLED_FOR_ORG": "Let the integration user call the API: permission API Enabled.",
    "DUPLICATE_VALUE": "another record holds the same key",
    "INSUFFICIENT_ACCESS_OR_READONLY": "the integration user may not write it",
    "INVALID_CROSS_REFERENCE_KEY": "a record that it points to is gone, or hidden from the integration user",
    "REQUIRED_FIELD_MISSING": "a field that uptier does not know is required",
    "STRING_TOO_LONG": "a field is shorter than uptier's row",
    "UNABLE_TO_LOCK_ROW": "the account is being changed by somebody else",
}
NO_ACCOUNT = "no account carries this account's id in its external id"
_CODE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|Invalid[A-Z]\w+|[A-Z]\w+Error|INVALIDJOB\w*")
_KNOWN = frozenset(NAMES.values())


class ExpiredError(UnreachableError):
    """The token is no longer taken: a new login may be all that is needed."""


def code(text: object) -> str:
    """Find the code in what Salesforce says.

    Parameters
    ----------
    text : object
        A message, or the body of an answer.

    Returns
    -------
    str
        What stands at its beginning, if it looks like a code; else nothing. Never a word of a row, which could follow.

    Examples
    --------
    >>> code("STRING_TOO_LONG:Owner: data value too large: Ada Lovelace"), code("Ada said NO_WAY")
    ('STRING_TOO_LONG', '')
    """
    if isinstance(text, list) and text and isinstance(text[0], dict):
        text = text[0].get("errorCode", "")
    found = _CODE.match(str(text).strip())
    return found.group() if found else ""


def row_error(text: str) -> tuple[bool, str]:
    """Say what became of a row that failed.

    Parameters
    ----------
    text : str
        ``sf__Error`` of its row in the results.

    Returns
    -------
    bool, str
        Whether the same row may be taken later; and code, our fields named in it, and what that means.
    """
    told = code(text) or "an error without a code"
    passing = told in PASSING or "UNABLE_TO_LOCK_ROW" in text
    # fields stand at the end, after the last colon: "CODE:message:Field_A,Field_B --"
    named = sorted({word for word in re.split(r"[\s,:]+", text.rpartition(":")[2]) if word in _KNOWN})
    meaning = NO_ACCOUNT if "Foreign key external ID" in text else MEANINGS.get(told, "")
    return passing, told + (f" ({', '.join(named)})" if named else "") + (f": {meaning}" if meaning else "")


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn what the client raises into what a person can act on.

    Parameters
    ----------
    doing : str
        What was being done, for the message: ``sending rows``.

    Yields
    ------
    None
        Within, the client is called.

    Raises
    ------
    ExpiredError
        If the token is no longer taken.
    UnreachableError
        If nobody answered, a limit is reached, or it is not known what became of the call.
    DeliveryError
        If trying again would not help.
    """
    import requests
    from simple_salesforce.exceptions import SalesforceError, SalesforceOperationError

    try:
        yield
    except SalesforceError as error:
        raise _answered(doing, error.status, error.content) from None
    except SalesforceOperationError:
        raise UnreachableError(f"Salesforce did not do as expected while {doing}.") from None
    except requests.exceptions.RequestException as error:
        raise _unanswered(doing, error) from None


def _answered(doing: str, status: int, content: Any) -> DeliveryError:
    told = code(content)
    found = f"HTTP {status} {told}".strip()
    if status == EXPIRED_STATUS or told == EXPIRED:
        return ExpiredError(
            f"Salesforce does not take the token while {doing}.",
            found=found,
            do="Look whether the connected app and its user are still allowed to call the API.",
        )
    if status in LATER_STATUS or status >= 500 or told in PASSING:
        return UnreachableError(f"Salesforce cannot answer now, while {doing}.", found=found, do="Run it again later.")
    do = MEANINGS.get(told, "Run `uptier deliver --setup`, deploy what it writes, and assign its permission set.")
    return DeliveryError(f"Salesforce refuses, while {doing}.", found=found, do=do)


def _unanswered(doing: str, error: Exception) -> DeliveryError:
    import requests

    kind = type(error).__name__
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return DeliveryError(
            f"The certificate of Salesforce cannot be verified, while {doing}.",
            do="Where a proxy has a certificate of its own, name its authority in REQUESTS_CA_BUNDLE.",
        )
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return DeliveryError(
            f"Salesforce points to another address, while {doing}.",
            do="Give the organisation's own domain as login_url (Setup, My Domain); redirects are not followed.",
        )
    return UnreachableError(
        f"Salesforce gave no whole answer while {doing}.", found=kind, do="Run it again: what arrived is looked up."
    )
