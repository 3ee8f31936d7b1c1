"""An organisation of Salesforce that holds state and keeps the published rules: tokens, descriptions, queries, limits.

ASYNC, REST, META, SOQL and SOAP in the comments stand for https://developer.salesforce.com/docs/atlas.en-us.X.meta/X/
with X = api_asynch, api_rest, api_meta, soql_sosl, api; the page's file and its title follow.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import jwt

from tests.delivery.salesforce_ingest import Answer, Ingest, RefusedError, as_json
from tests.delivery.salesforce_package import deployed, granted

VERSION = "/services/data/v62.0/"
CLIENT_ID, CLIENT_SECRET, USER = "client-id-of-tests", "client-secret-of-tests", "sender@example.com"


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
    locators: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

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
            # help.salesforce.com 000386264, "Maximum number of rows returned by SOQL queries over the REST API"
            if len(target) > 16_384:
                raise RefusedError(414, "URI_TOO_LONG", "URI Too Long")
            if headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
                # REST errorcodes.htm: 401, the session ID or OAuth token has expired or is invalid
                raise RefusedError(401, "INVALID_SESSION_ID", "Session expired or invalid")
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
                # REST resources_limits.htm, "Limits": for users with View Setup and Configuration
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
        # ASYNC get_all_jobs.htm, "Get Information About All Ingest Jobs": at most 1,000, then nextRecordsUrl
        for job in self.jobs.values():
            self.go_on(job)
        end = begin + self.jobs_page
        told: dict[str, Any] = {
            "done": end >= len(self.jobs),
            "records": [j.told() for j in self.jobs.values()][begin:end],
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
                # help.salesforce.com remoteaccess_oauth_client_credentials_flow, "OAuth 2.0 Client Credentials Flow"
                if (given.get("client_id"), given.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
                    raise _oauth("invalid_client", f"invalid client credentials {given.get('client_id')}")
            case "urn:ietf:params:oauth:grant-type:jwt-bearer":
                # help.salesforce.com remoteaccess_oauth_jwt_flow: RS256; iss, sub, aud, exp within minutes
                try:
                    claims = jwt.decode(
                        given["assertion"], self.public_key, ["RS256"], audience="https://login.salesforce.com",
                        options={"require": ["iss", "sub", "aud", "exp"]},
                    )  # fmt: skip
                except (jwt.PyJWTError, KeyError) as error:
                    raise _oauth("invalid_grant", "invalid assertion") from error
                if claims["exp"] > time.time() + 300:
                    raise _oauth("invalid_grant", "expiration too far in the future")
                if (claims["iss"], claims["sub"]) != (CLIENT_ID, USER):
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
            raise RefusedError(404, "NOT_FOUND", "The requested resource does not exist")
        # REST sobject_describe: a field that field-level security hides is not described
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

    def _query(self, soql: str) -> dict[str, Any]:
        # SOQL sforce_api_calls_soql_select_quotedstringescapes.htm: a backslash stands before ', " and \ alone here
        text = r"'(?:[^'\\]|\\['\"\\])*'"
        form = rf"SELECT ([\w, ]+) FROM (\w+) WHERE (\w+) (?:!= null|IN \(({text}(?:,{text})*)\))"
        found = re.fullmatch(form, soql)
        if not found or len(soql) > 100_000:
            raise RefusedError(400, "MALFORMED_QUERY", f"unexpected token: {soql}")
        wanted, name, where, values = [*found.groups()]
        known = self.visible(name) if name in self.objects else {}
        for each in (*wanted.split(", "), where):
            if each not in known:
                raise RefusedError(400, "INVALID_FIELD", f"No such column '{each}' on entity '{name}'")
        keys = None
        if values is not None:
            keys = {re.sub(r"\\(.)", r"\1", each[1:-1]) for each in re.findall(text, values)}
        rows = [
            {each: row.get(each) for each in wanted.split(", ")}
            for row in self.records[name].values()
            if (row.get(where) in keys if keys is not None else row.get(where) is not None)
        ]
        return self._pages(rows)

    def _pages(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        # REST dome_query.htm, "Execute a SOQL Query": at most 2,000 rows, then nextRecordsUrl
        page, rest = rows[: self.page_size], rows[self.page_size :]
        told: dict[str, Any] = {"totalSize": len(rows), "done": not rest, "records": page}
        if rest:
            locator = f"01g{len(self.locators):015}-{self.page_size}"
            self.locators[locator] = rest
            told["nextRecordsUrl"] = f"{VERSION}query/{quote(locator)}"
        return told

    def _page(self, locator: str) -> dict[str, Any]:
        if unquote(locator) not in self.locators:
            raise RefusedError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._pages(self.locators[unquote(locator)])


def _oauth(error: str, said: str) -> RefusedError:
    refusal = RefusedError(400, error, said)
    refusal.body = {"error": error, "error_description": said}  # type: ignore[assignment]
    return refusal
