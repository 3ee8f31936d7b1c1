"""An organisation of Salesforce that holds state and keeps the published rules: tokens, descriptions, queries, limits.

ASYNC, REST, META, SOQL and SOAP in the comments stand for https://developer.salesforce.com/docs/atlas.en-us.X.meta/X/
with X = api_asynch, api_rest, api_meta, soql_sosl, api; the page's file and its title follow.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import jwt

from tests.delivery.salesforce_ingest import Answer, Ingest, RefusedError, as_json
from tests.delivery.salesforce_package import deployed, granted

VERSION = "/services/data/v62.0/"
CLIENT_ID, CLIENT_SECRET, USER = "client-id-of-tests", "client-secret-of-tests", "sender@example.com"
LONGEST_REQUEST, LONGEST_STRING, MOST_CURSORS = 16_384, 4_000, 10
# SOQL sforce_api_calls_soql_select_quotedstringescapes.htm, "Quoted String Escape Sequences": these, and no other, may
# stand behind a backslash (two more in LIKE)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
TEXT = r"'(?:[^'\\]|\\(?:[nNrRtTbBfF\"'\\]|u[0-9a-fA-F]{4}))*'"
CONDITION = rf"(\w+) (?:!= (null|{TEXT})|IN \(({TEXT}(?:,{TEXT})*)\))"


@dataclass
class Fault:
    """What goes wrong, where the call's ``METHOD path`` holds `match`, `times` times after `after` calls of it."""

    match: str
    do: str
    times: int = 1
    after: int = 0


@dataclass
class Org(Ingest):
    """The organisation: its objects, records, jobs and tokens, and what is to go wrong."""

    public_key: str = ""
    allowed: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    limits: dict[str, int] = field(default_factory=lambda: {"DailyApiRequests": 100_000, "DailyBulkApiBatches": 15_000})
    url: str = ""
    logins: int = 0
    page_size: int = 2000
    jobs_page: int = 1000
    no_limits: bool = False
    cursors: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    queries: int = 0

    def deploy(self, folder: Path) -> None:
        for name, fields in deployed(folder).items():
            self.objects.setdefault(name, {}).update(fields)
            self.records.setdefault(name, {})

    def assign(self, path: Path) -> None:
        self.allowed = granted(path)

    def account(self, *ids: str) -> None:
        for each in ids:
            self.records["Account"][each] = {"Id": f"001{len(self.records['Account']):012}AAA"}

    # --- calls ---------------------------------------------------------------------------------------------------

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        url = urlsplit(target)
        try:
            if url.path == "/services/oauth2/token":
                return as_json(200, self._token(method, parse_qs(body.decode())))
            # help.salesforce.com 000386264, "Maximum number of rows returned by SOQL queries over the REST API", and
            # REST errorcodes.htm: 414 for an address, 431 for address and headers of more than 16,384 bytes. The answer
            # is a page: simple-salesforce issue 271. SOQL's own limit of 100,000 characters lies far behind this one.
            lines = sum(len(f"{name}: {value}\r\n") for name, value in headers.items())
            for status, said, size in (
                (414, "URI Too Long", len(target)), (431, "Request Header Fields Too Large", len(target) + lines),
            ):  # fmt: skip
                if size > LONGEST_REQUEST:
                    page = f"<h1>Bad Message {status}</h1><pre>reason: {said}</pre>"
                    return status, "text/html;charset=iso-8859-1", page.encode()
            if headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
                # REST errorcodes.htm: 401, the session ID or OAuth token has expired or is invalid
                raise RefusedError(401, "INVALID_SESSION_ID", "Session expired or invalid")
            # a version that is not there is answered so: restforce issue 160
            if not url.path.startswith(VERSION):
                raise RefusedError(404, "NOT_FOUND", "The requested resource does not exist")
            return self._routed(method, url.path.removeprefix(VERSION).strip("/"), parse_qs(url.query), headers, body)
        except RefusedError as refusal:
            return as_json(refusal.status, refusal.body)

    def _routed(
        self, method: str, path: str, asked: dict[str, list[str]], headers: dict[str, str], body: bytes
    ) -> Answer:
        parts = path.split("/")
        match (method, *parts):
            case ("GET", "limits") if self.no_limits:
                # REST resources_limits.htm, "Limits": for users with View Setup and Configuration; it names no code
                raise RefusedError(403, "INSUFFICIENT_ACCESS", "You do not have the level of access necessary")
            case ("GET", "limits"):
                return as_json(200, {k: {"Max": 100_000, "Remaining": v} for k, v in self.limits.items()})
            case ("GET", "sobjects", name, "describe"):
                return as_json(200, self._describe(name))
            case ("GET", "query"):
                return as_json(200, self._query(asked["q"][0]))
            case ("GET", "query", locator):
                return as_json(200, self._page(locator))
            case ("GET", "jobs", "ingest"):
                return as_json(200, self._jobs(int(asked.get("queryLocator", ["0"])[0])))
            case ("POST", "jobs", "ingest"):
                return as_json(200, self.create(json.loads(body)).told())
            case (_, "jobs", "ingest", number, *rest):
                return self.job(method, number, rest, headers, body)
        raise RefusedError(404, "NOT_FOUND", "The requested resource does not exist")

    def _jobs(self, begin: int) -> dict[str, Any]:
        # ASYNC get_all_jobs.htm, "Get Information About All Ingest Jobs": at most 1,000, then nextRecordsUrl;
        # no order is promised
        for job in self.jobs.values():
            self.go_on(job)
        end = begin + self.jobs_page
        told: dict[str, Any] = {
            "done": end >= len(self.jobs),
            "records": [j.told() for j in reversed(self.jobs.values())][begin:end],
        }
        if not told["done"]:
            told["nextRecordsUrl"] = f"{VERSION}jobs/ingest?queryLocator={end}"
        return told

    def _token(self, method: str, form: dict[str, list[str]]) -> dict[str, str]:
        given = {name: values[0] for name, values in form.items()}
        if method != "POST":
            raise _oauth("invalid_request", "must use HTTP POST")
        match given.get("grant_type"):
            case "client_credentials":
                # help.salesforce.com remoteaccess_oauth_client_credentials_flow, "OAuth 2.0 Client Credentials Flow";
                # no page found that says which error: seen in forrest issue 184 and restforce issue 338, without an id
                if given.get("client_id") != CLIENT_ID:
                    raise _oauth("invalid_client_id", f"client identifier invalid {given.get('client_id')}")
                if given.get("client_secret") != CLIENT_SECRET:
                    raise _oauth("invalid_client", f"invalid client credentials {given.get('client_id')}")
            case "urn:ietf:params:oauth:grant-type:jwt-bearer":
                # help.salesforce.com remoteaccess_oauth_jwt_flow, "OAuth 2.0 JWT Bearer Flow for Server-to-Server
                # Integration": RS256; iss, sub, aud, exp. Errors: remoteaccess_oauth_flow_errors, "OAuth 2.0
                # Authorization Errors", and as seen in simple-salesforce issue 491, forcedotcom/cli issue 3325,
                # salesforce-laravel-oauth2-rest issue 68 and salesforce-jwt-bearer-token-flow issue 4
                try:
                    claims = jwt.decode(
                        given["assertion"], self.public_key, ["RS256"], audience="https://login.salesforce.com",
                        options={"require": ["iss", "sub", "aud", "exp"]},
                    )  # fmt: skip
                except jwt.ExpiredSignatureError as error:
                    raise _oauth("invalid_grant", "expired authorization code") from error
                except jwt.InvalidAudienceError as error:
                    raise _oauth("invalid_grant", "audience is invalid") from error
                except (jwt.PyJWTError, KeyError) as error:
                    raise _oauth("invalid_grant", "invalid assertion") from error
                # no page found that says how late exp may be: 5 minutes are the most that a client was seen to send
                if claims["exp"] > time.time() + 300:
                    raise _oauth("invalid_grant", "invalid assertion")
                if claims["iss"] != CLIENT_ID:
                    raise _oauth("invalid_client_id", "client identifier invalid")
                if claims["sub"] != USER:
                    raise _oauth("invalid_grant", f"user hasn't approved this consumer: {claims['sub']}")
            case _:
                raise _oauth("unsupported_grant_type", "grant type not supported")
        self.logins += 1
        token = f"00Dtoken-of-tests!{self.logins}"
        self.tokens.add(token)
        return {"access_token": token, "instance_url": self.url, "token_type": "Bearer"}

    def visible(self, name: str) -> dict[str, dict[str, Any]]:
        rights = self.allowed.get("objects", {}).get(name)
        if name not in self.objects or not rights:
            # REST errorcodes.htm: 404; code and words as in jsforce issue 1299
            raise RefusedError(404, "NOT_FOUND", "The requested resource does not exist")
        # REST resources_sobject_describe.htm; no page found that says that a field that the user may not see is not
        # described (in queries it is not there: beyond-the-cloud-dev/soql-lib issue 255)
        fields = self.allowed["fields"]
        return {
            each: {**told, "createable": fields[f"{name}.{each}"], "updateable": fields[f"{name}.{each}"]}
            for each, told in self.objects[name].items()
            if f"{name}.{each}" in fields
        }

    def _describe(self, name: str) -> dict[str, Any]:
        fields = [{"name": each, **told} for each, told in self.visible(name).items()]
        return {"name": name, "queryable": True, **self.allowed["objects"][name], "fields": fields}

    # --- SOQL ----------------------------------------------------------------------------------------------------

    def queryable(self, name: str) -> dict[str, dict[str, Any]]:
        if name not in self.objects or name not in self.allowed.get("objects", {}):
            # SOAP sforce_api_calls_concepts_core_data_objects.htm, "ExceptionCode": INVALID_TYPE; also where the user
            # may not see the object: simple-salesforce issue 287
            raise RefusedError(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
        return self.visible(name)

    def record(self, name: str, key: str) -> dict[str, Any]:
        return self.records[name][key]

    def _query(self, soql: str) -> dict[str, Any]:
        # REST resources_query.htm, "Query": a query of another form is a MALFORMED_QUERY; this one reads what we send
        found = re.fullmatch(rf"SELECT ([\w, .]+) FROM (\w+) WHERE ({CONDITION}(?: AND {CONDITION})*)", soql)
        if not found:
            raise RefusedError(400, "MALFORMED_QUERY", f"unexpected token: {soql}")
        wanted, name = found[1].split(", "), found[2]
        known = self.queryable(name)
        conditions = re.findall(CONDITION, found[3])
        for each in (*wanted, *(column for column, _, _ in conditions)):
            if each not in known:
                # SOAP, as above: INVALID_FIELD; the words with a part of the query as in camel-quarkus issue 3022
                said = f"\n{soql[:60]}\n ^\nERROR at Row:1:Column:8\nNo such column '{each}' on entity '{name}'."
                raise RefusedError(400, "INVALID_FIELD", said)
        for column, unlike, among in conditions:
            # SOQL sforce_api_calls_soql_select_fieldexpression.htm, "Field Expression Syntax": no long text area
            if known[column]["type"] == "textarea":
                raise RefusedError(400, "INVALID_FIELD", f"field '{column}' can not be filtered in a query call")
            # "SOQL and SOSL Limits for Search Queries", salesforce_app_limits_platform_soslsoql.htm, of each string;
            # it names no code
            if any(len(_text(each)) > LONGEST_STRING for each in re.findall(TEXT, unlike or among)):
                raise RefusedError(400, "MALFORMED_QUERY", f"string of more than {LONGEST_STRING} characters")
        holds = [(column, _condition(known[column], unlike, among)) for column, unlike, among in conditions]
        rows = [
            self._chosen(name, key, wanted)
            for key in self.records[name]
            if all(held(self.record(name, key).get(column)) for column, held in holds)
        ]
        self.queries += 1
        cursor = f"01g{self.queries:015}"
        self.cursors[cursor] = rows
        return self._page(f"{cursor}-0")

    def _chosen(self, name: str, key: str, wanted: list[str]) -> dict[str, Any]:
        # REST dome_query.htm, "Execute a SOQL Query": each record tells its type and its address; empty fields are null
        held = self.record(name, key)
        told: dict[str, Any] = {"attributes": {"type": name, "url": f"{VERSION}sobjects/{name}/a00"}}
        for each in wanted:
            # REST dome_relationship_traversal.htm: a field of a parent stands in an object of the parent's
            parent = each.partition(".")[0]
            told[parent] = held.get(parent)
        return told

    def _page(self, locator: str) -> dict[str, Any]:
        # REST resources_query_more_results.htm, "Query More Results": at most 2,000 rows; totalSize is of all, and
        # nextRecordsUrl leads to the rest
        cursor, _, offset = unquote(locator).rpartition("-")
        if cursor not in self.cursors:
            # help.salesforce.com 000384958 on INVALID_QUERY_LOCATOR; no page found that says its status
            raise RefusedError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        # SOAP sforce_api_calls_query_querylocator.htm, "QueryLocator": a user has ten cursors, then the oldest goes;
        # through REST too: simple-salesforce issue 95
        for old in [*self.cursors][:-MOST_CURSORS]:
            del self.cursors[old]
        rows, end = self.cursors[cursor], int(offset) + self.page_size
        told: dict[str, Any] = {"totalSize": len(rows), "done": end >= len(rows), "records": rows[int(offset) : end]}
        if not told["done"]:
            told["nextRecordsUrl"] = f"{VERSION}query/{quote(f'{cursor}-{end}')}"
        return told


def _text(quoted: str) -> str:
    def meant(found: re.Match[str]) -> str:
        return chr(int(found[1], 16)) if found[1] else ESCAPES[found[2].lower()]

    return re.sub(r"\\(?:u([0-9a-fA-F]{4})|(.))", meant, quoted[1:-1])


def _condition(described: dict[str, Any], unlike: str, among: str) -> Callable[[str | None], bool]:
    if unlike == "null":
        return lambda value: value is not None

    # SOQL sforce_api_calls_soql_select_comparisonoperators.htm, "Comparison Operators": case counts in fields that are
    # unique with case sensitivity, and in no other
    def folded(text: str) -> str:
        return text if described.get("unique") and described.get("caseSensitive") else text.casefold()

    texts = {folded(_text(each)) for each in re.findall(TEXT, unlike or among)}
    if among:
        return lambda value: value is not None and folded(value) in texts
    # no page found that says that an empty field differs from every text
    return lambda value: value is None or folded(value) not in texts


def _oauth(error: str, said: str) -> RefusedError:
    refusal = RefusedError(400, error, said)
    refusal.body = {"error": error, "error_description": said}  # type: ignore[assignment]
    return refusal
