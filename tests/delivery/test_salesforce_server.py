"""The organisation of the tests refuses what the real one refuses; the page of each rule stands beside it there."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest

from tests.delivery.salesforce_org import CLIENT_ID, CLIENT_SECRET, USER, VERSION, Org
from tests.delivery.salesforce_server import furnish, key_pair

NAME = "Uptier_Recommendation__c"
KEY = "Uptier_Key__c"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
UPSERT = {"object": NAME, "operation": "upsert", "externalIdFieldName": KEY, "contentType": "CSV", "lineEnding": "LF"}
FORM = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


@pytest.fixture(scope="module")
def keys() -> tuple[str, str]:
    return key_pair()


@pytest.fixture
def org(tmp_path: Path, keys: tuple[str, str]) -> Org:
    made = Org(public_key=keys[1], url="https://localhost")
    furnish(made, tmp_path)
    made.tokens.add("token")
    return made


def ask(org: Org, method: str, path: str, body: Any = b"", kind: str = "application/json", token: str = "token") -> Any:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {token}", "content-type": kind}
    status, _, answer = org.answer(method, VERSION + path, headers, sent)
    return status, answer.decode()


def login(org: Org, form: dict[str, str]) -> Any:
    status, _, answer = org.answer("POST", "/services/oauth2/token", {}, urlencode(form).encode())
    return status, json.loads(answer).get("error")


def opened(org: Org, **given: Any) -> str:
    status, answer = ask(org, "POST", "jobs/ingest", {**UPSERT, **given})
    assert status == 200, answer
    return f"jobs/ingest/{json.loads(answer)['id']}"


def done(org: Org, data: str | bytes, **given: Any) -> dict[str, Any]:
    """Load one file, and give the job with its results."""
    job = opened(org, **given)
    sent = data if isinstance(data, bytes) else data.encode()
    assert ask(org, "PUT", f"{job}/batches", sent, "text/csv")[0] == 201
    assert ask(org, "PATCH", job, {"state": "UploadComplete"})[0] == 200
    for _ in range(2):
        told = json.loads(ask(org, "GET", job)[1])
    return {**told, **{kind: ask(org, "GET", f"{job}/{kind}")[1] for kind in ("successfulResults", "failedResults")}}


def test_a_token_is_given_for_the_right_credentials_alone(org: Org) -> None:
    assert login(org, FORM) == (200, None)
    assert login(org, {**FORM, "client_secret": "x"}) == (400, "invalid_client")
    assert login(org, {**FORM, "grant_type": "password"}) == (400, "unsupported_grant_type")
    assert ask(org, "GET", "limits", token="x") == (
        401, '[{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]',
    )  # fmt: skip


@pytest.mark.parametrize(
    "wrong", [{"aud": "https://localhost"}, {"exp": 3600}, {"exp": -10}, {"iss": "x"}, {"sub": "x"}, {"exp": None}]
)
def test_a_jwt_must_be_short_lived_and_for_the_authorization_server(
    org: Org, keys: tuple[str, str], wrong: dict[str, Any]
) -> None:
    claims = {"iss": CLIENT_ID, "sub": USER, "aud": "https://login.salesforce.com", "exp": 180, **wrong}
    if claims["exp"] is None:
        del claims["exp"]
    else:
        claims["exp"] += time.time()
    assertion = jwt.encode(claims, keys[0], "RS256")
    assert login(org, {"grant_type": GRANT, "assertion": assertion}) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"object": "Other__c"}, 404, "NOT_FOUND"),
        ({"operation": "merge"}, 400, "INVALIDJOB"),
        ({"contentType": "JSON"}, 400, "INVALIDJOB"),
        ({"lineEnding": "CR"}, 400, "INVALIDJOB"),
        ({"externalIdFieldName": None}, 400, "INVALIDJOB"),
        ({"externalIdFieldName": "Uptier_Owner__c"}, 400, "INVALIDJOB"),
    ],
)
def test_a_job_must_be_one_that_can_be_done(org: Org, given: dict[str, Any], status: int, code: str) -> None:
    answer = ask(org, "POST", "jobs/ingest", {**UPSERT, **given})
    assert (answer[0], json.loads(answer[1])[0]["errorCode"]) == (status, code)


def test_states_follow_each_other(org: Org) -> None:
    job = opened(org)
    assert ask(org, "PATCH", job, {"state": "UploadComplete"})[0] == 400  # nothing uploaded
    assert ask(org, "GET", f"{job}/successfulResults")[0] == 400  # not done
    assert ask(org, "PUT", f"{job}/batches", b"x", "application/json")[0] == 415
    assert ask(org, "PUT", f"{job}/batches", b"x", "text/csv")[0] == 201
    assert ask(org, "PUT", f"{job}/batches", b"x", "text/csv")[0] == 400  # once
    assert ask(org, "PATCH", job, {"state": "UploadComplete"})[0] == 200
    assert ask(org, "PATCH", job, {"state": "Aborted"})[0] == 200
    assert ask(org, "PATCH", job, {"state": "Aborted"})[0] == 400
    assert ask(org, "PATCH", job, {"state": "UploadComplete"})[0] == 400
    assert ask(org, "GET", "jobs/ingest/750")[0] == 404


def test_an_upload_is_no_larger_than_150_mb_as_base64(org: Org) -> None:
    assert org.most_base64 == 150_000_000
    org.most_base64 = 100
    assert ask(org, "PUT", f"{opened(org)}/batches", b"x" * 75, "text/csv")[0] == 201
    assert ask(org, "PUT", f"{opened(org)}/batches", b"x" * 76, "text/csv")[0] == 413


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (f"{KEY}\r\na\r\n", "ClientInputError : LineEnding is invalid"),
        (f"{KEY},Nobody__c\na,b\n", "InvalidBatch : Field name not found : Nobody__c"),
        (f"{KEY},Account__r.Name\na,b\n", "InvalidBatch : Field name not found : Account__r.Name"),
        (f"{KEY},Of__r.Uptier_Account_Id__c\na,b\n", "InvalidBatch : Field name not found"),
        (f"{KEY}\n".encode() + b"\xff\n", "ClientInputError : Invalid UTF-8"),
    ],
)
def test_a_file_must_be_as_the_job_says(org: Org, data: str | bytes, error: str) -> None:
    told = done(org, data)
    assert told["state"] == "Failed"
    assert error in told["errorMessage"]


@pytest.mark.parametrize(
    ("columns", "values", "code"),
    [
        ("Uptier_Owner__c", "x", ""),
        ("Uptier_Owner__c", "#N/A", ""),
        ("Uptier_Owner__c", "w" * 241, "STRING_TOO_LONG"),
        ("Uptier_Owner__c", "🚀" * 121, "STRING_TOO_LONG"),
        ("Uptier_Details__c", "w" * 32_001, "LIMIT_EXCEEDED"),
        ("Uptier_Chance__c", "many", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ("Uptier_As_Of__c", "01/03/2026", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ("Uptier_As_Of__c", "2026-02-30", "INVALID_TYPE_ON_FIELD_IN_RECORD"),
        ("Status__c", "Done", "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("Account__r.Uptier_Account_Id__c", "9999", "INVALID_FIELD:Foreign key external ID"),
    ],
)
def test_a_row_must_fit_its_fields(org: Org, columns: str, values: str, code: str) -> None:
    told = done(org, f"{KEY},{columns}\nk,{values}\n")
    assert told["state"] == "JobComplete"
    assert (told["numberRecordsFailed"], told["numberRecordsProcessed"]) == ((1, 0) if code else (0, 1))
    assert code in told["failedResults"]


def test_a_key_is_needed_and_stands_in_a_job_once(org: Org) -> None:
    told = done(org, f"{KEY},Uptier_Owner__c\na,1\na,2\n,3\n#N/A,4\n")
    assert (told["numberRecordsFailed"], told["numberRecordsProcessed"]) == (3, 1)
    assert "DUPLICATE_VALUE" in told["failedResults"]
    assert "MISSING_ARGUMENT" in told["failedResults"]
    assert org.records[NAME]["a"]["Uptier_Owner__c"] == "1"


def test_an_empty_value_stays_and_a_null_is_taken_away(org: Org) -> None:
    done(org, f"{KEY},Uptier_Owner__c,Uptier_Tier__c\na,Ada,A\n")
    done(org, f"{KEY},Uptier_Owner__c,Uptier_Tier__c\na,,#N/A\n")
    assert org.records[NAME]["a"] == {KEY: "a", "Uptier_Owner__c": "Ada"}


@pytest.mark.parametrize(
    ("soql", "status"),
    [
        (f"SELECT {KEY} FROM {NAME} WHERE {KEY} != null", 200),
        (f"SELECT {KEY} FROM {NAME} WHERE {KEY} IN ('a','O\\'Neil')", 200),
        (f"SELECT {KEY} FROM {NAME} WHERE {KEY} IN ('O'Neil')", 400),
        (f"SELECT {KEY} FROM {NAME} WHERE {KEY} IN ('a\\z')", 400),
        (f"SELECT {KEY} FROM {NAME} WHERE {KEY} IN ()", 400),
        (f"SELECT Nobody__c FROM {NAME} WHERE {KEY} != null", 400),
        (f"SELECT {KEY} FROM {NAME} WHERE {KEY} IN ('{'a' * 16_400}')", 414),
    ],
)
def test_a_query_must_be_well_formed_and_fit_an_address(org: Org, soql: str, status: int) -> None:
    assert ask(org, "GET", f"query?{urlencode({'q': soql})}")[0] == status


def test_pages_and_other_addresses(org: Org) -> None:
    assert ask(org, "GET", "query/01gnobody")[0] == 400
    assert ask(org, "GET", "nowhere")[0] == 404
    assert ask(org, "GET", "sobjects/Other__c/describe")[0] == 404
    assert org.answer("GET", "/services/data/v1.0/limits", {"authorization": "Bearer token"}, b"")[0] == 404
