"""A server that holds objects and keeps to HubSpot's published contract, to talk to through the unpatched client.

What it refuses is what the pages named beside each rule say that HubSpot refuses; `test_hubspot_server.py` holds each
rule. It can also fail as networks and servers do: see `Fault`.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "pat-eu1-5ecre7-70ken"
CUSTOM, CUSTOM_ID = "p_uptier_recommendation", "2-1234"
ALIASES = {CUSTOM: CUSTOM_ID, "p42_uptier_recommendation": CUSTOM_ID, "deals": "0-3", "companies": "0-2"}
FAMILIES = {CUSTOM_ID: "custom", "0-3": "deals", "0-2": "companies"}
LONGEST_TEXT, MOST = 65_536, 100
FIELD_TYPES = {
    "string": {"text", "textarea"}, "number": {"number"}, "date": {"date"}, "enumeration": {"select", "radio"},
}  # fmt: skip
CORRELATION = "c033cdaa-2c40-4a64-ae48-b4cec88dad24"
# there without being made. No page found that says that every type of objects has an owner.
DEFAULTS = {"hs_object_id", "hs_createdate", "hs_lastmodifieddate", "hubspot_owner_id"}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong with one call.

    `before` a status is answered without anything done; `silent` seconds pass before the answer; `lie` answers as if
    it were done; `cut` applies it and hangs up without an answer.
    """

    status: int = 0
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    silent: float = 0
    lie: bool = False
    cut: bool = False


class RefusedError(Exception):
    def __init__(self, status: int, message: str, *, category: str = "VALIDATION_ERROR", errors: object = ()) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "status": "error", "message": message, "category": category, "correlationId": CORRELATION,
            "errors": list(errors),
        }  # fmt: skip


class HubspotServer:
    """Everything that the account holds, and what was asked of it."""

    def __init__(self) -> None:
        self.tokens = {TOKEN}
        self.scopes = {f"crm.{part}.{family}.{right}" for part in ("objects", "schemas")
                       for family in ("custom", "deals", "companies") for right in ("read", "write")}  # fmt: skip
        self.properties: dict[str, dict[str, dict]] = {kind: {} for kind in FAMILIES}
        self.groups: dict[str, dict[str, dict]] = {kind: {"base": {"name": "base"}} for kind in FAMILIES}
        self.objects: dict[str, dict[str, dict]] = {kind: {} for kind in FAMILIES}
        self.associable = {(CUSTOM_ID, "0-2"), ("0-3", "0-2")}
        self.associations: set[tuple[str, str, str, str]] = set()
        self.by_row: bool | None = None  # whether values that are not valid are told row by row; None as HubSpot has it
        self.calls_per_window, self.window, self.daily_left = 100, 10.0, 250_000
        self.windows: deque[float] = deque()
        self.faults: deque[tuple[str, Fault]] = deque()
        self.calls: list[tuple[str, str, dict]] = []
        self.next_id = 1000
        self.lock = threading.Lock()

    def fail(self, path: str, **fault: object) -> None:
        self.faults.append((path, Fault(**fault)))

    def add_property(self, kind: str, name: str, **more: object) -> None:
        made = {"type": "string", "fieldType": "text", "hasUniqueValue": False, "label": name, "groupName": "base"}
        self.properties[kind][name] = {"name": name, **made, **more}

    def add_object(self, kind: str, properties: dict[str, str]) -> str:
        self.next_id += 1
        self.objects[kind][str(self.next_id)] = dict(properties)
        return str(self.next_id)

    def paths(self, part: str = "") -> list[str]:
        return [path for _, path, _ in self.calls if part in path]

    # what a call is, and whether it may be

    def answered(self, method: str, url: str, token: str, body: dict) -> tuple[int, dict]:
        path, query = urlsplit(url).path, parse_qs(urlsplit(url).query)
        if path == "/oauth/v2/private-apps/get/access-token-info" and method == "POST":
            # "Private apps", https://developers.hubspot.com/docs/guides/apps/private-apps/overview; no page found that
            # says how it answers of a token that is none
            if body.get("tokenKey") not in self.tokens:
                raise RefusedError(404, "no such token", category="OBJECT_NOT_FOUND")
            return 200, {"hubId": 42, "appId": 7, "scopes": sorted(self.scopes)}
        # "Error handling", https://developers.hubspot.com/docs/api-reference/error-handling: 401 Unauthorized
        if token not in self.tokens:
            raise RefusedError(401, "Authentication credentials not found", category="INVALID_AUTHENTICATION")
        self._limit()
        for form, allowed, scope, answer in ROUTES:
            found = re.fullmatch(form, path)
            if found and method == allowed:
                given = {name: unquote(value) for name, value in found.groupdict().items()}
                kind = self._kind(given.pop("kind"))
                self._scope(scope.format(FAMILIES[kind]))
                return answer(self, kind, body=body, query=query, **given)
        raise RefusedError(404, "resource not found", category="OBJECT_NOT_FOUND")

    def _kind(self, name: str) -> str:
        # "Breaking Change: Removed Support for Referencing Custom Object Types by Base Name",
        # https://developers.hubspot.com/changelog/breaking-change-removed-support-for-referencing-custom-object-types-by-base-name
        # (the words as public clients met them, with status 400)
        kind = ALIASES.get(name, name)
        if kind not in FAMILIES:
            raise RefusedError(400, f"Unable to infer object type from: {name}")
        return kind

    def _scope(self, scope: str) -> None:
        # "Error handling", as above: 403 Forbidden, for a token without the scope that the call requires
        if scope not in self.scopes:
            context = {"requiredGranularScopes": [scope]}
            errors = [{"message": "One or more of the following scopes are required.", "context": context}]
            message = "This app hasn't been granted all required scopes to make this call."
            raise RefusedError(403, message, category="MISSING_SCOPES", errors=errors)

    def _limit(self) -> None:
        # "API usage guidelines and limits", https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines:
        # limits, headers and the body of the answer (no page found that has its category)
        now = time.monotonic()
        while self.windows and self.windows[0] <= now - self.window:
            self.windows.popleft()
        for policy, over in (
            ("DAILY", self.daily_left <= 0), ("TEN_SECONDLY_ROLLING", len(self.windows) >= self.calls_per_window),
        ):  # fmt: skip
            if over:
                refusal = RefusedError(429, f"You have reached your {policy.lower()} limit.", category="RATE_LIMITS")
                refusal.body |= {"errorType": "RATE_LIMIT", "policyName": policy}
                raise refusal
        self.daily_left -= 1
        self.windows.append(now)

    def rate_headers(self) -> dict[str, str]:
        return {
            "X-HubSpot-RateLimit-Daily": "250000",
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(self.daily_left, 0)),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(self.window * 1000)),
            "X-HubSpot-RateLimit-Max": str(self.calls_per_window),
            "X-HubSpot-RateLimit-Remaining": str(max(self.calls_per_window - len(self.windows), 0)),
        }

    # objects

    def _batch(self, body: dict) -> list[dict]:
        # "CRM API | Objects", https://developers.hubspot.com/docs/api-reference/crm-objects-v3/guide: at most 100; of
        # associations no page found says it, more may be taken
        inputs = body.get("inputs")
        if not isinstance(inputs, list) or not inputs:
            raise RefusedError(400, "inputs is missing or empty")
        if len(inputs) > MOST:
            raise RefusedError(400, f"The maximum number of inputs supported in a batch request is {MOST}")
        return inputs

    def _unique(self, kind: str, name: object) -> str:
        # "Create or update a batch of objects by unique property values",
        # https://developers.hubspot.com/docs/api-reference/latest/crm/objects/custom-objects/batch/upsert-custom-objects:
        # the words as in hubspot-api-nodejs issue 548 and segmentio/action-destinations pull request 3957
        if not self.properties[kind].get(str(name), {}).get("hasUniqueValue"):
            raise RefusedError(
                400, f"Unable to perform update/upsert by non-unique {kind} property {name} in portal ID 42"
            )
        return str(name)

    def upsert(self, kind: str, body: dict, query: dict) -> tuple[int, dict]:
        inputs = self._batch(body)
        unique = {self._unique(kind, one.get("idProperty")) for one in inputs}.pop()
        ids = [str(one["id"]) for one in inputs]
        doubled = sorted({one for one in ids if ids.count(one) > 1})
        if doubled:
            # no page found that says so; it is so in segmentio/action-destinations pull request 3969, in these words in
            # recorded answers of other clients
            raise RefusedError(400, f"Duplicate IDs found in batch input: [{', '.join(doubled)}]. IDs must be unique")
        done, errors, by_row = [], [], self._is_by_row(inputs)
        for one in inputs:
            problems = self._invalid(kind, one.get("properties"))
            message = f"Property values were not valid: {json.dumps(problems)}"
            if problems and not by_row:
                raise RefusedError(400, message, errors=[
                    {"message": bad["message"], "code": bad["error"], "context": {"propertyName": [bad["name"]]}}
                    for bad in problems])  # fmt: skip
            if problems:
                errors.append({"status": "error", "category": "VALIDATION_ERROR", "message": message,
                               "context": {"objectWriteTraceId": [one.get("objectWriteTraceId")]}})  # fmt: skip
            else:
                done.append(one)
        # no order is promised, and others met another than theirs
        results = [self._put(kind, unique, one) for one in done][::-1]
        now = dt.datetime.now(dt.UTC).isoformat()
        answer = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
        return (207, {**answer, "errors": errors, "numErrors": len(errors)}) if errors else (200, answer)

    def _is_by_row(self, inputs: list[dict]) -> bool:
        # "Error handling", https://developers.hubspot.com/docs/api-reference/error-handling#multi-status-errors: row by
        # row where each has a trace id of its own; of upserts hubspot-api-ruby issue 403 shows such an answer
        traces = [one.get("objectWriteTraceId") for one in inputs]
        own = None not in traces and len(set(traces)) == len(traces)
        return own if self.by_row is None else self.by_row

    def _put(self, kind: str, unique: str, one: dict) -> dict:
        found = [number for number, held in self.objects[kind].items() if held.get(unique) == one["id"]]
        number = found[0] if found else self.add_object(kind, {})
        held = self.objects[kind][number]
        for name, value in {**one["properties"], unique: str(one["id"])}.items():
            if value == "":  # an empty text clears a property: so hubspot-api-client says of the update of an object
                held.pop(name, None)
            else:
                held[name] = value
        trace = {"objectWriteTraceId": one["objectWriteTraceId"]} if "objectWriteTraceId" in one else {}
        return {"id": number, "properties": dict(held), "new": not found, "archived": False, **trace}

    def _invalid(self, kind: str, properties: object) -> list[dict]:
        if not isinstance(properties, dict):
            raise RefusedError(400, "properties is missing")
        found = []
        for name, value in properties.items():
            code = self._wrong_value(self.properties[kind].get(name), value)
            if code:
                message = f"{value} was not valid for {name}"  # HubSpot's own sentences quote values too
                found.append(
                    {"isValid": False, "message": message, "error": code, "name": name, "propertyValue": value}
                )
        return found

    def _wrong_value(self, described: dict | None, value: object) -> str:
        # "Properties", https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide, where no other is
        # named; no page found that lists the codes
        if described is None:
            return "PROPERTY_DOESNT_EXIST"
        if not isinstance(value, str):
            return "INVALID_TYPE"
        if value == "":
            return ""
        kind = described["type"]
        if kind != "string" and value != value.strip():
            # "Breaking Change: Enhanced Validations for Non-String Properties in HubSpot's CRMObject APIs",
            # https://developers.hubspot.com/changelog/breaking-change-enhanced-validations-for-non-string-properties-in-hubspots-crmobject-apis
            return "LEADING_TRAILING_WHITESPACE"
        if kind == "number" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
            # "Upcoming: A change for number properties in CRM APIs",
            # https://developers.hubspot.com/changelog/upcoming-api-number-value-changes
            return "INVALID_INTEGER"
        if kind == "date" and not _is_midnight(value):
            return "INVALID_DATE"
        if kind == "enumeration" and value not in {option["value"] for option in described.get("options", [])}:
            return "INVALID_OPTION"
        if kind == "string" and len(value) > LONGEST_TEXT:
            # "Property field types in HubSpot", https://knowledge.hubspot.com/properties/property-field-types-in-hubspot
            return "STRING_TOO_LONG"
        return ""

    def read(self, kind: str, body: dict, query: dict) -> tuple[int, dict]:
        # "Retrieve a batch of objects", https://developers.hubspot.com/docs/api-reference/crm-objects-v3/batch/post-crm-v3-objects-objectType-batch-read
        # No page found that says that 207 tells what is absent: hubspot-api-php issue 619, and others where all is;
        # nor that values that differ in case are two: notes of bruin-data/ingestr on a live account.
        inputs = self._batch(body)
        unique = self._unique(kind, body["idProperty"])
        by_value = {held[unique]: number for number, held in self.objects[kind].items() if unique in held}
        wanted = [str(one["id"]) for one in inputs]
        results = [self._shown(kind, by_value[one], body.get("properties", [])) for one in wanted if one in by_value]
        absent = [one for one in wanted if one not in by_value]
        if not absent:
            return 200, {"status": "COMPLETE", "results": results}
        error = {"status": "error", "category": "OBJECT_NOT_FOUND", "context": {"ids": absent},
                 "message": "Could not get some objects, they may be deleted or not exist."}  # fmt: skip
        return 207, {"status": "COMPLETE", "results": results, "numErrors": 1, "errors": [error]}

    def page(self, kind: str, body: dict, query: dict) -> tuple[int, dict]:
        # "CRM API | Objects", as above: pages of at most 100, each naming where the next begins
        limit = int(query.get("limit", ["10"])[0])
        if limit > MOST:
            raise RefusedError(400, f"limit is at most {MOST}")
        numbers = sorted(self.objects[kind], key=int)
        after = int(query.get("after", ["0"])[0])
        some = [number for number in numbers if int(number) > after]
        answer: dict = {"results": [self._shown(kind, one, query.get("properties", [])) for one in some[:limit]]}
        if len(some) > limit:
            answer["paging"] = {"next": {"after": some[limit - 1]}}
        return 200, answer

    def _shown(self, kind: str, number: str, names: list[str]) -> dict:
        # so hubspot-api-client says of its get_page: properties that are not there are ignored; no page found that says
        # that those without a value are null
        held, there = self.objects[kind][number], {*self.properties[kind], *DEFAULTS}
        told = {name: held.get(name) for name in names if name in there}
        return {"id": number, "properties": {**told, "hs_object_id": number}, "archived": False}

    # properties and associations

    def describe(self, kind: str, body: dict, query: dict) -> tuple[int, dict]:
        return 200, {"results": list(self.properties[kind].values())}

    def list_groups(self, kind: str, body: dict, query: dict) -> tuple[int, dict]:
        return 200, {"results": list(self.groups[kind].values())}

    def make_group(self, kind: str, body: dict, query: dict) -> tuple[int, dict]:
        if body["name"] in self.groups[kind]:
            # no page found that says its status and category, as for a property below
            raise RefusedError(409, "A group of this name exists", category="CONFLICT")
        self.groups[kind][body["name"]] = body
        return 201, body

    def make_properties(self, kind: str, body: dict, query: dict) -> tuple[int, dict]:
        inputs = self._batch(body)
        for one in inputs:
            self._makeable(kind, one)
        for one in inputs:
            self.properties[kind][one["name"]] = {"hasUniqueValue": False, **one}
        return 201, {"status": "COMPLETE", "results": inputs}

    def _makeable(self, kind: str, one: dict) -> None:
        # "Properties", https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", one["name"]):
            raise RefusedError(400, "Property names are lower case and begin with a letter")
        if one["groupName"] not in self.groups[kind]:
            raise RefusedError(400, "There is no such group")
        # "Announcing a change to how CRM object property creation is validated in v3 endpoints",
        # https://developers.hubspot.com/changelog/crm-object-property-validattion
        if one["fieldType"] not in FIELD_TYPES.get(one["type"], ()):
            raise RefusedError(400, "type and fieldType do not go together")
        if one["name"] in self.properties[kind]:
            raise RefusedError(409, "A property of this name exists", category="CONFLICT")
        # "Unique Properties support for newly created Contact properties",
        # https://developers.hubspot.com/changelog/unique-properties-for-contacts: ten of each type, and only new ones
        unique = [held for held in self.properties[kind].values() if held["hasUniqueValue"]]
        if one.get("hasUniqueValue") and len(unique) >= 10:
            raise RefusedError(400, "An object has at most 10 unique properties")

    def change_property(self, kind: str, body: dict, query: dict, name: str) -> tuple[int, dict]:
        held = self.properties[kind][name]
        if "hasUniqueValue" in body and body["hasUniqueValue"] != held["hasUniqueValue"]:  # as said above
            raise RefusedError(400, "hasUniqueValue cannot be changed")
        held |= body
        return 200, held

    def associate(self, kind: str, body: dict, query: dict, other: str) -> tuple[int, dict]:
        # "Create Default Associations", https://developers.hubspot.com/docs/api-reference/crm-associations-v4/batch/post-crm-v4-associations-fromObjectType-toObjectType-batch-associate-default
        to = self._kind(other)
        if (kind, to) not in self.associable:
            raise RefusedError(400, "No association type exists between these types of objects")
        pairs = [(one["from"]["id"], one["to"]["id"]) for one in self._batch(body)]
        absent = [one for ours, theirs in pairs for one, held in (
            (ours, self.objects[kind]), (theirs, self.objects[to])) if one not in held]  # fmt: skip
        if absent:
            # no page found that says so; notes of bruin-data/ingestr on a live account have 400 for the whole batch,
            # and hubspot-api-client knows no answer but 200
            raise RefusedError(400, f"Objects are not valid: {', '.join(absent)}")
        self.associations |= {(kind, ours, to, theirs) for ours, theirs in pairs}
        # both ways, as in public records of answers
        ways = [pair for ours, theirs in pairs for pair in ((ours, theirs), (theirs, ours))]
        spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 16}
        results = [{"from": {"id": one}, "to": {"id": other}, "associationSpec": spec} for one, other in ways]
        return 200, {"status": "COMPLETE", "results": results}


OBJECTS = r"/crm/v3/objects/(?P<kind>[^/]+)"
PROPERTIES = r"/crm/v3/properties/(?P<kind>[^/]+)"
ROUTES = [
    (OBJECTS + "/batch/upsert", "POST", "crm.objects.{}.write", HubspotServer.upsert),
    (OBJECTS + "/batch/read", "POST", "crm.objects.{}.read", HubspotServer.read),
    (OBJECTS, "GET", "crm.objects.{}.read", HubspotServer.page),
    (PROPERTIES, "GET", "crm.schemas.{}.read", HubspotServer.describe),
    (PROPERTIES + "/groups", "GET", "crm.schemas.{}.read", HubspotServer.list_groups),
    (PROPERTIES + "/groups", "POST", "crm.schemas.{}.write", HubspotServer.make_group),
    (PROPERTIES + "/batch/create", "POST", "crm.schemas.{}.write", HubspotServer.make_properties),
    (PROPERTIES + "/(?P<name>[^/]+)", "PATCH", "crm.schemas.{}.write", HubspotServer.change_property),
    (r"/crm/v4/associations/(?P<kind>[^/]+)/(?P<other>[^/]+)/batch/associate/default", "POST",
     "crm.objects.{}.write", HubspotServer.associate),
]  # fmt: skip


def _is_midnight(value: str) -> bool:
    if re.fullmatch(r"-?\d+", value):
        return int(value) % 86_400_000 == 0
    try:
        dt.date.fromisoformat(value)
    except ValueError:
        return False
    return True
