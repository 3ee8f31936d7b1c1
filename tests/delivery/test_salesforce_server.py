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


def soql(org: Org, query: str) -> dict[str, Any]:
    status, answer = ask(org, "GET", f"query?{urlencode({'q': query})}")
    assert status == 200, answer
    return json.loads(answer)


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
    assert login(org, {**FORM, "client_id": "x"}) == (400, "invalid_client_id")
    assert login(org, {**FORM, "grant_type": "password"}) == (400, "unsupported_grant_type")
    assert ask(org, "GET", "limits", token="x") == (
        401, '[{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]',
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"aud": "https://localhost"}, "audience is invalid"),
        ({"exp": 3600}, "invalid assertion"),
        ({"exp": -10}, "expired authorization code"),
        ({"iss": "x"}, "client identifier invalid"),
        ({"sub": "x"}, "user hasn't approved this consumer: x"),
        ({"exp": None}, "invalid assertion"),
    ],
)
def test_a_jwt_must_be_short_lived_and_for_the_authorization_server(
    org: Org, keys: tuple[str, str], wrong: dict[str, Any], said: str
) -> None:
    claims = {"iss": CLIENT_ID, "sub": USER, "aud": "https://login.salesforce.com", "exp": 180, **wrong}
    if claims["exp"] is None:
        del claims["exp"]
    else:
        claims["exp"] += time.time()
    form = {"grant_type": GRANT, "assertion": jwt.encode(claims, keys[0], "RS256")}
    status, _, answer = org.answer("POST", "/services/oauth2/token", {}, urlencode(form).encode())
    error = "invalid_client_id" if "iss" in wrong else "invalid_grant"
    assert (status, json.loads(answer)) == (400, {"error": error, "error_description": said})


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"object": "Other__c"}, 400, "INVALIDJOB"),
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
    assert "Found multiple contents" in ask(org, "PUT", f"{job}/batches", b"x", "text/csv")[1]  # once
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
    assert (told["numberRecordsFailed"], told["numberRecordsProcessed"]) == (bool(code), 1)
    assert "errorMessage" not in told
    assert code in told["failedResults"]


def test_a_key_is_needed_and_stands_among_200_rows_once(org: Org) -> None:
    told = done(org, f"{KEY},Uptier_Owner__c\na,1\na,2\n,3\n#N/A,4\nb,5\n")
    assert (told["numberRecordsFailed"], told["numberRecordsProcessed"]) == (4, 5)
    assert told["failedResults"].count("DUPLICATE_VALUE") == 2
    assert told["failedResults"].count("MISSING_ARGUMENT") == 2
    assert [*org.records[NAME]] == ["b"]
    rows = "".join(f"{number},\n" for number in range(199))
    assert done(org, f"{KEY},Uptier_Owner__c\na,1\n{rows}a,2\n")["numberRecordsFailed"] == 0
    assert org.records[NAME]["a"]["Uptier_Owner__c"] == "2"


def test_an_empty_value_stays_and_a_null_is_taken_away(org: Org) -> None:
    done(org, f"{KEY},Uptier_Owner__c,Uptier_Tier__c\na,Ada,A\n")
    done(org, f"{KEY},Uptier_Owner__c,Uptier_Tier__c\na,,#N/A\n")
    assert org.records[NAME]["a"] == {KEY: "a", "Uptier_Owner__c": "Ada"}


@pytest.mark.parametrize(
    ("where", "code"),
    [
        (f"{KEY} != null", ""),
        (f"{KEY} IN ('a','O\\'Neil','\\\\','\\n','\\u00e9')", ""),
        (f"Status__c != 'New' AND {KEY} != null", ""),
        (f"{KEY} IN ('O'Neil')", "MALFORMED_QUERY"),
        (f"{KEY} IN ('a\\z')", "MALFORMED_QUERY"),
        (f"{KEY} IN ('a\\')", "MALFORMED_QUERY"),
        (f'{KEY} IN ("a")', "MALFORMED_QUERY"),
        (f"{KEY} IN ()", "MALFORMED_QUERY"),
        (f"{KEY} IN ('{'a' * 4_000}')", ""),
        (f"{KEY} IN ('{'a' * 4_001}')", "MALFORMED_QUERY"),
        ("Nobody__c != null", "INVALID_FIELD"),
        ("Uptier_Details__c != null", "INVALID_FIELD"),
    ],
)
def test_a_query_must_be_well_formed(org: Org, where: str, code: str) -> None:
    status, answer = ask(org, "GET", f"query?{urlencode({'q': f'SELECT {KEY} FROM {NAME} WHERE {where}'})}")
    assert (status, code) == (400 if code else 200, json.loads(answer)[0]["errorCode"] if code else "")


@pytest.mark.parametrize(
    ("select", "code"),
    [
        (f"SELECT Nobody__c FROM {NAME}", "INVALID_FIELD"),
        (f"SELECT {KEY} FROM Other__c", "INVALID_TYPE"),
        (f"SELECT {KEY}; FROM {NAME}", "MALFORMED_QUERY"),
    ],
)
def test_a_query_must_ask_for_what_is_there(org: Org, select: str, code: str) -> None:
    status, answer = ask(org, "GET", f"query?{urlencode({'q': f'{select} WHERE {KEY} != null'})}")
    assert (status, json.loads(answer)[0]["errorCode"]) == (400, code)


def test_nobody_asks_for_an_object_or_a_field_that_is_hidden(org: Org) -> None:
    del org.allowed["fields"][f"{NAME}.Uptier_Owner__c"]
    query = urlencode({"q": f"SELECT Uptier_Owner__c FROM {NAME} WHERE {KEY} != null"})
    assert "INVALID_FIELD" in ask(org, "GET", f"query?{query}")[1]
    del org.allowed["objects"][NAME]
    assert "INVALID_TYPE" in ask(org, "GET", f"query?{query}")[1]


def test_address_and_headers_have_room(org: Org) -> None:
    def asked(size: int, token: str) -> tuple[int, str]:
        keys = ",".join(["'a'"] * size)
        query = urlencode({"q": f"SELECT {KEY} FROM {NAME} WHERE {KEY} IN ({keys})"})
        return ask(org, "GET", f"query?{query}", token=token)

    org.tokens.add("t" * 2_000)
    assert asked(1_400, "t" * 2_000)[0] == asked(1_450, "token")[0] == 200
    assert asked(1_450, "t" * 2_000) == (
        431, "<h1>Bad Message 431</h1><pre>reason: Request Header Fields Too Large</pre>",
    )  # fmt: skip
    assert asked(1_700, "token") == (414, "<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>")


def test_a_text_is_compared_with_its_case_where_it_is_unique_with_case(org: Org) -> None:
    org.records[NAME] = {each: {KEY: each, "Uptier_Owner__c": each} for each in ("Ada", "ADA", "O'Neil\n\\")}
    org.records[NAME]["Bob"] = {KEY: "Bob"}

    def found(where: str) -> list[str]:
        return [one[KEY] for one in soql(org, f"SELECT {KEY} FROM {NAME} WHERE {where}")["records"]]

    assert found(f"{KEY} IN ('Ada','bob')") == ["Ada"]
    assert found("Uptier_Owner__c IN ('ada')") == ["Ada", "ADA"]
    assert found("Uptier_Owner__c != 'ada'") == ["O'Neil\n\\", "Bob"]
    assert found("Uptier_Owner__c != 'ada' AND Uptier_Owner__c != null") == ["O'Neil\n\\"]
    assert found(f"{KEY} IN ('O\\'Neil\\n\\\\')") == ["O'Neil\n\\"]


def test_a_query_is_told_page_by_page_with_the_number_of_all(org: Org) -> None:
    org.records[NAME] = {str(number): {KEY: str(number)} for number in range(5)}
    org.page_size = 2
    query = f"SELECT {KEY}, Uptier_Owner__c FROM {NAME} WHERE {KEY} != null"
    pages = [soql(org, query)]
    while not pages[-1]["done"]:
        pages.append(json.loads(ask(org, "GET", pages[-1]["nextRecordsUrl"].removeprefix(VERSION))[1]))
    assert [(page["totalSize"], len(page["records"])) for page in pages] == [(5, 2), (5, 2), (5, 1)]
    assert pages[0]["nextRecordsUrl"].endswith("-2")
    assert "nextRecordsUrl" not in pages[-1]
    assert pages[0]["records"][0].pop("attributes")["type"] == NAME
    assert pages[0]["records"][0] == {KEY: "0", "Uptier_Owner__c": None}


def test_the_eleventh_cursor_closes_the_first(org: Org) -> None:
    org.records[NAME] = {str(number): {KEY: str(number)} for number in range(3)}
    org.page_size = 2
    query = f"SELECT {KEY} FROM {NAME} WHERE {KEY} != null"
    following = [soql(org, query)["nextRecordsUrl"].removeprefix(VERSION) for _ in range(11)]
    assert ask(org, "GET", following[1])[0] == 200
    assert "INVALID_QUERY_LOCATOR" in ask(org, "GET", following[0])[1]


def test_pages_and_other_addresses(org: Org) -> None:
    assert ask(org, "GET", "query/01gnobody")[0] == 400
    assert ask(org, "GET", "nowhere")[0] == 404
    assert ask(org, "GET", "sobjects/Other__c/describe")[0] == 404
    assert org.answer("GET", "/services/data/v1.0/limits", {"authorization": "Bearer token"}, b"")[0] == 404
