"""What Salesforce says is told by its code, never by its words, which quote rows and addresses."""

from __future__ import annotations

import pytest
import requests
from simple_salesforce.exceptions import (
    SalesforceBulkV2LoadError,
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from uptier.delivery.salesforce_errors import ExpiredError, code, row_error, translated
from uptier.errors import DeliveryError, UnreachableError

URL = "https://acme.my.salesforce.com/services/data/v62.0/query?q=Ada"


def answered(kind: type, status: int, told: str) -> Exception:
    return kind(URL, status, "Ada", [{"errorCode": told, "message": "Ada Lovelace"}])


@pytest.mark.parametrize(
    ("raised", "kind", "found"),
    [
        (answered(SalesforceRefusedRequest, 403, "REQUEST_LIMIT_EXCEEDED"), UnreachableError, "403 REQUEST_LIMIT"),
        (answered(SalesforceRefusedRequest, 403, "API_DISABLED_FOR_ORG"), DeliveryError, "403 API_DISABLED_FOR_ORG"),
        (answered(SalesforceGeneralError, 429, "TOO_MANY_REQUESTS"), UnreachableError, "429"),
        (answered(SalesforceGeneralError, 429, ""), UnreachableError, "HTTP 429"),
        (answered(SalesforceGeneralError, 500, "UNKNOWN_EXCEPTION"), UnreachableError, "500"),
        (answered(SalesforceGeneralError, 503, "Ada Lovelace"), UnreachableError, "HTTP 503"),
        (answered(SalesforceMalformedRequest, 400, "INVALID_FIELD"), DeliveryError, "400 INVALID_FIELD"),
        (answered(SalesforceResourceNotFound, 404, "NOT_FOUND"), DeliveryError, "404 NOT_FOUND"),
        (answered(SalesforceExpiredSession, 401, "INVALID_SESSION_ID"), ExpiredError, "401 INVALID_SESSION_ID"),
        (answered(SalesforceRefusedRequest, 403, "INVALID_SESSION_ID"), ExpiredError, "403"),
        (SalesforceBulkV2LoadError("Response content: Ada Lovelace"), UnreachableError, ""),
        (requests.exceptions.ReadTimeout("Ada"), UnreachableError, "ReadTimeout"),
        (requests.exceptions.ChunkedEncodingError("Ada"), UnreachableError, "ChunkedEncodingError"),
        (requests.exceptions.SSLError("EOF occurred"), UnreachableError, "SSLError"),
        (requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED"), DeliveryError, ""),
        (requests.exceptions.TooManyRedirects("Ada"), DeliveryError, ""),
    ],
)  # fmt: skip
def test_what_the_client_raises_is_told_in_our_own_words(raised, kind, found):
    with pytest.raises(DeliveryError) as caught, translated("trying"):
        raise raised
    assert type(caught.value) is kind
    assert found in caught.value.found
    assert "Ada" not in str(caught.value)
    assert "acme" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_our_own_errors_pass_through():
    with pytest.raises(ZeroDivisionError), translated("trying"):
        _ = 1 / 0


@pytest.mark.parametrize(
    ("text", "passing", "said"),
    [
        ("UNABLE_TO_LOCK_ROW:unable to obtain exclusive access:--", True,
         "UNABLE_TO_LOCK_ROW: the account is being changed by somebody else"),
        ("REQUEST_LIMIT_EXCEEDED:TotalRequests Limit exceeded.:--", True, "REQUEST_LIMIT_EXCEEDED"),
        ("STRING_TOO_LONG:CSM: data value too large: Ada: B (max length=3):Uptier_Owner__c --", False,
         "STRING_TOO_LONG (Uptier_Owner__c): a field is shorter than uptier's row"),
        ("DUPLICATE_VALUE:Duplicate external id specified: Ada:Uptier_Key__c --", False,
         "DUPLICATE_VALUE (Uptier_Key__c): another record holds the same key"),
        ("INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--", False,
         "INVALID_CROSS_REFERENCE_KEY: a record that it points to is gone, or hidden from the integration user"),
        ("INVALID_FIELD:Foreign key external ID: Ada not found for field X__c in entity Account:--", False,
         "INVALID_FIELD: no account carries this account's id in its external id"),
        ("Ada did something", False, "an error without a code"),
        ("", False, "an error without a code"),
    ],
)  # fmt: skip
def test_a_row_that_failed_is_told_by_code_and_field(text, passing, said):
    assert row_error(text) == (passing, said)


@pytest.mark.parametrize("text", ["", None, [], [{}], {"errorCode": "X"}, "<html>NO_WAY</html>", "Ada NO_WAY"])
def test_what_has_no_code_has_none(text):
    assert code(text) == ""
