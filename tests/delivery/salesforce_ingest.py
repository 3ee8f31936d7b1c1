"""What Bulk API 2.0 takes and refuses: states of a job, CSV, rows.

ASYNC, REST, META, SOQL and SOAP in the comments stand for https://developer.salesforce.com/docs/atlas.en-us.X.meta/X/
with X = api_asynch, api_rest, api_meta, soql_sosl, api; the page's file and its title follow.
"""

from __future__ import annotations

import base64
import csv
import datetime as dt
import io
import json
import re
from dataclasses import dataclass, field
from typing import Any

NULL = "#N/A"
# "Limits", ASYNC asynch_api_concepts_limits.htm: so many rows are one transaction
CHUNK = 200
Answer = tuple[int, str, bytes]


class RefusedError(Exception):
    """An error as Salesforce answers it: REST errorcodes.htm, "Status Codes and Error Responses".

    The codes of jobs are those of ASYNC bulk_api_2_0_errors.htm, "Errors", in capitals: one of them stands so in
    airbyte issue 13088.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.body = status, [{"message": message, "errorCode": code}]


@dataclass
class Job:
    """ASYNC get_job_info.htm, "Get Information About an Ingest Job"."""

    id: str
    given: dict[str, Any]
    state: str = "Open"
    data: bytes | None = None
    looks: int = 0
    error: str = ""
    successful: list[dict[str, str]] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)
    unprocessed: list[dict[str, str]] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        # rows that failed are processed too: forrest issue 233 has four of both
        counts = {
            "numberRecordsFailed": len(self.failed),
            "numberRecordsProcessed": len(self.failed) + len(self.successful),
        }
        error = {"errorMessage": self.error} if self.error else {}
        return {**self.given, "id": self.id, "state": self.state, "jobType": "V2Ingest", **error, **counts}


@dataclass
class Ingest:
    """Jobs of an organisation, and the records that they write."""

    objects: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {"Account": {}})
    records: dict[str, dict[str, dict[str, str]]] = field(default_factory=lambda: {"Account": {}})
    jobs: dict[str, Job] = field(default_factory=dict)
    row_errors: dict[str, str] = field(default_factory=dict)
    writes: int = 0
    looks_until_done: int = 1
    stuck: bool = False
    lies: bool = False
    forgets: bool = False
    ends_midway: str = ""
    most_base64: int = 150_000_000

    def visible(self, name: str) -> dict[str, dict[str, Any]]:
        raise NotImplementedError

    def create(self, given: dict[str, Any]) -> Job:
        # ASYNC create_job.htm, "Create a Job"; what is wrong with the object or its key is told as in simple-salesforce
        # issue 368 and dataloadercliq issue 42
        name = given.get("object", "")
        try:
            fields = self.visible(name)
        except RefusedError:
            raise RefusedError(400, "INVALIDJOB", f"InvalidJob : Unable to find object: {name}") from None
        if given.get("operation") != "upsert" or given.get("contentType", "CSV") != "CSV":
            raise RefusedError(400, "INVALIDJOB", "InvalidJob : operation or content type not supported")
        if given.get("lineEnding", "LF") not in ("LF", "CRLF") or given.get("columnDelimiter", "COMMA") != "COMMA":
            raise RefusedError(400, "INVALIDJOB", "InvalidJob : line ending or delimiter")
        key = given.get("externalIdFieldName")
        if not key or not fields.get(key, {}).get("externalId"):
            raise RefusedError(
                400, "INVALIDJOB", f"InvalidJob : Field name provided, {key} does not match an External ID"
            )
        job = Job(f"750{len(self.jobs):012}AAA", {"object": given["object"], "externalIdFieldName": key, **given})
        self.jobs[job.id] = job
        return job

    def job(self, method: str, number: str, rest: list[str], headers: dict[str, str], body: bytes) -> Answer:
        job = self.jobs.get(number)
        if job is None:
            raise RefusedError(404, "NOT_FOUND", "The requested resource does not exist")
        match (method, *rest):
            case ("GET",):
                self.go_on(job)
                return as_json(200, job.told())
            case ("PUT", "batches"):
                return self._upload(job, headers, body)
            case ("PATCH",):
                return as_json(200, self._change(job, json.loads(body)["state"]))
            case ("GET", "successfulResults" | "failedResults" | "unprocessedrecords" | "unprocessedRecords" as kind):
                # ASYNC get_job_successful_results.htm, get_job_failed_results.htm, get_job_unprocessed_results.htm: of
                # jobs that are over; no page found that says how they are refused of others
                if job.state not in ("JobComplete", "Failed", "Aborted"):
                    raise RefusedError(400, "INVALIDJOBSTATE", f"results are not ready in state {job.state}")
                rows = {"s": job.successful, "f": job.failed, "u": job.unprocessed}[kind[0]]
                # no charset here, as text/csv needs none: it is UTF-8 all the same
                return 200, "text/csv", _csv(rows).encode()
        raise RefusedError(405, "METHOD_NOT_ALLOWED", "HTTP Method not allowed")

    def _upload(self, job: Job, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        # ASYNC upload_job_data.htm, "Upload Job Data": text/csv, 201 without a body, at most 150 MB as base64; no page
        # found that says how more is refused
        if not headers.get("content-type", "").startswith("text/csv"):
            raise RefusedError(415, "UNSUPPORTED_MEDIA_TYPE", "CSV is expected")
        if job.state != "Open":
            raise RefusedError(400, "INVALIDJOBSTATE", f"Data cannot be added in state {job.state}")
        if job.data is not None:
            # no page found that says so; others met these words on their second upload
            raise RefusedError(400, "CLIENTINPUTERROR", f"ClientInputError : Found multiple contents for job: {job.id}")
        if len(base64.b64encode(body)) > self.most_base64:
            raise RefusedError(413, "REQUEST_ENTITY_TOO_LARGE", "request body too large")
        job.data = body
        return 201, "application/json", b""

    def _change(self, job: Job, state: str) -> dict[str, Any]:
        # ASYNC close_job.htm, "Upload Complete", and abort_job.htm, "Abort a Job"; no page found that says that a job
        # without data cannot be closed
        if state == "UploadComplete" and job.state == "Open" and job.data is not None:
            job.state = state
        elif state == "Aborted" and job.state in ("Open", "UploadComplete", "InProgress"):
            job.state, job.unprocessed = state, _rows(job.data or b"") or []
        else:
            raise RefusedError(400, "INVALIDJOBSTATE", f"not from {job.state} to {state}")
        return job.told()

    def go_on(self, job: Job) -> None:
        # ASYNC bulk_api_2_job_states.htm, "Job States"
        if job.state in ("UploadComplete", "InProgress"):
            job.looks += 1
            done = job.looks > self.looks_until_done and not self.stuck
            job.state = "InProgress"
            if done:
                self._process(job)

    def _process(self, job: Job) -> None:
        name, key = job.given["object"], job.given["externalIdFieldName"]
        known, rows = self.visible(name), _rows(job.data or b"")
        ending = job.given.get("lineEnding", "LF")
        head = (job.data or b"").split(b"\n")[0]
        # ASYNC datafiles_prepare_csv.htm, "Prepare CSV Files": UTF-8, the line ending of the job, names of fields
        if rows is None:
            job.state, job.error = "Failed", "ClientInputError : Invalid UTF-8"
        elif head.endswith(b"\r") != (ending == "CRLF"):
            job.state, job.error = "Failed", "ClientInputError : LineEnding is invalid on user data"
        elif unknown := [each for each in (rows[0] if rows else ()) if not self._column(name, each, known)]:
            job.state, job.error = "Failed", f"InvalidBatch : Field name not found : {unknown[0]}"
        if job.state == "Failed" or rows is None:
            job.unprocessed = rows or []
            return
        half = len(rows) // 2 if self.ends_midway else len(rows)
        for place, row in enumerate(rows[:half]):
            begin = place - place % CHUNK
            chunk = rows[begin : begin + CHUNK]
            doubled = sum(other.get(key) == row.get(key) for other in chunk) > 1
            error = self.row_errors.get(row.get(key, "")) or self._row_error(name, key, row, known, doubled=doubled)
            if error:
                job.failed.append({"sf__Id": "", "sf__Error": error, **row})
            else:
                created = row[key] not in self.records[name]
                if not self.lies:
                    self._write(name, key, row)
                job.successful.append({"sf__Id": "a00", "sf__Created": str(created).lower(), **row})
        job.unprocessed, job.state = rows[half:], self.ends_midway or "JobComplete"
        if self.forgets:
            job.successful.pop()

    def _column(self, name: str, column: str, known: dict[str, Any]) -> bool:
        # ASYNC relationship_fields_in_a_header_row__2_0.htm, "Relationship Fields in a Header Row (2.0)": indexed ones
        # alone, which custom fields are that are external ids
        relation, _, parent_field = column.partition(".")
        if not parent_field:
            return column in known
        lookup = next((each for each in known.values() if each.get("relationshipName") == relation), None)
        return bool(lookup and self.objects[lookup["referenceTo"][0]].get(parent_field, {}).get("externalId"))

    def _row_error(
        self, name: str, key: str, row: dict[str, str], known: dict[str, dict[str, Any]], *, doubled: bool
    ) -> str:
        # SOAP sforce_api_calls_concepts_core_data_objects.htm, "StatusCode", has the codes of rows
        if row.get(key, "") in ("", NULL):
            return f"MISSING_ARGUMENT:{key} not specified:{key} --"
        if doubled:
            # all rows of a key that stand in one transaction; in two, the later one writes over the earlier: Salesforce
            # Stack Exchange 104048 and 296121
            return f"DUPLICATE_VALUE:Duplicate external id specified: {row[key]}:{key} --"
        # "Limits and Allocations",
        # https://developer.salesforce.com/docs/atlas.en-us.228.0.api_bulk_v2.meta/api_bulk_v2/bulk_api_2_limits.htm:
        # 32,000 characters in a field (newer pages allow more), 400,000 in a record; it names no code
        if any(len(value) > 32_000 for value in row.values()) or sum(map(len, row.values())) > 400_000:
            return "LIMIT_EXCEEDED:too many characters:--"
        for column, value in row.items():
            error = self._value_error(name, column, value, known)
            if error:
                return error
        return ""

    def _value_error(self, name: str, column: str, value: str, known: dict[str, dict[str, Any]]) -> str:
        if value in ("", NULL):
            return ""
        if "." in column:
            if value not in self.records["Account"]:
                parent = column.partition(".")[2]
                # no page found that has these words; tests of public clients have
                return (
                    f"INVALID_FIELD:Foreign key external ID: {value} not found for field {parent} in entity Account:--"
                )
            return ""
        told = known[column]
        if not told["updateable"]:
            return f"INVALID_FIELD_FOR_INSERT_UPDATE:Unable to create/update fields: {column}:{column} --"
        units = len(value.encode("utf-16-le")) // 2 + value.count("\n")
        if told["type"] in ("string", "textarea") and units > told["length"]:
            # SOAP, as above: STRING_TOO_LONG; its words hold the value. No page found that says how emoji and line
            # breaks count: here as much as they may.
            said = f"{told['label']}: data value too large: {value} (max length={told['length']})"
            return f"STRING_TOO_LONG:{said}:{column} --"
        try:
            if told["type"] == "double":
                float(value)
            if told["type"] == "date":
                # ASYNC datafiles_date_format.htm, "Valid Date Format in Records": yyyy-MM-dd
                if not re.fullmatch(r"\d{4}-\d\d-\d\dZ?", value):
                    raise ValueError(value)
                dt.date.fromisoformat(value[:10])
        except ValueError:
            return f"INVALID_TYPE_ON_FIELD_IN_RECORD:{column}: value not of required type: {value}:{column} --"
        return ""

    def _write(self, name: str, key: str, row: dict[str, str]) -> None:
        held = self.records[name].setdefault(row[key], {})
        before = dict(held)
        for column, value in row.items():
            # ASYNC datafiles_prepare_csv.htm, as above: an empty value is left as it is, #N/A is null
            if value == NULL:
                held.pop(column, None)
            elif value:
                held[column] = value
        self.writes += held != before


def as_json(status: int, told: Any) -> Answer:
    return status, "application/json;charset=UTF-8", json.dumps(told).encode()


def _rows(data: bytes) -> list[dict[str, str]] | None:
    try:
        return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))
    except UnicodeDecodeError:
        return None


def _csv(rows: list[dict[str, str]]) -> str:
    buffer = io.StringIO(newline="")
    if rows:
        writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)
    return buffer.getvalue()
