"""One job of Bulk API 2.0: made, filled, closed, waited for, and its results read row by row.

The client's own ``upsert`` waits for up to a day and forgets the number of a job that fails, and its reader of results
cuts values at their line breaks; so the parts of both are called one by one.
"""

from __future__ import annotations

import contextlib
import csv
import time
from collections.abc import Callable
from typing import Any, TypeVar

from uptier.delivery.destination import Answer
from uptier.delivery.payload import KEY
from uptier.delivery.salesforce_errors import ExpiredError, code, row_error
from uptier.delivery.salesforce_fields import NAMES, rows
from uptier.delivery.salesforce_login import Connection
from uptier.delivery_settings import SalesforceSettings
from uptier.errors import DeliveryError, UnreachableError

Given = TypeVar("Given")

# "Job States", Bulk API 2.0 and Bulk API Developer Guide
OPEN, UPLOADED, RUNNING = "Open", "UploadComplete", "InProgress"
COMPLETE, FAILED, ABORTED = "JobComplete", "Failed", "Aborted"
DONE = (COMPLETE, FAILED, ABORTED)
# what a job says of data that will not be taken however often it is sent
HOPELESS = ("InvalidBatch", "ClientInputError", "InvalidJob", "INVALIDJOB")
FIRST_PAUSE_S, LONGEST_PAUSE_S, GROWTH = 0.5, 15.0, 1.5
# a look that fails costs nothing to repeat; what it looks at goes on without us
LOOKS = 5


class Jobs:
    """Upserts into one object.

    Parameters
    ----------
    settings : SalesforceSettings
        Which object, and how long a job may take.
    connection : Connection
        The way to it.
    """

    def __init__(self, settings: SalesforceSettings, connection: Connection) -> None:
        self._settings = settings
        self._connection = connection
        self._looked_back = False

    def upsert(self, text: str) -> list[Answer]:
        """Send one file of rows.

        Parameters
        ----------
        text : str
            CSV, at most what a job takes.

        Returns
        -------
        list of Answer
            One for each row that the job tells of; what became of a row without one is not known.

        Raises
        ------
        UnreachableError
            If the job did not end in time, or what became of it is not known.
        DeliveryError
            If it will not take such a file.
        """
        self._wait_for_earlier_jobs()
        self._looked_back = False  # until this one is known to have ended
        made = self._call(
            "making a job", lambda client: self._bulk(client).create_job("upsert", external_id_field=NAMES[KEY])
        )
        job = str(made["id"])
        try:
            self._call("sending rows", lambda client: self._bulk(client).upload_job_data(job, text))
        except DeliveryError:
            self._abort(job)
            raise
        try:
            self._call("closing a job", lambda client: self._bulk(client).close_job(job))
        except UnreachableError:
            pass  # it may be closed: its state tells
        except DeliveryError:
            self._abort(job)
            raise
        told = self._ended(job)
        self._looked_back = True
        return self._answers(job, told)

    def _bulk(self, client: Any) -> Any:
        # the parts that the client's upsert() is made of have no public name
        return getattr(client.bulk2, self._settings.object_name)._client

    def _call(self, doing: str, ask: Callable[[Any], Given]) -> Given:
        return self._connection.call(doing, ask)

    def _look(self, doing: str, ask: Callable[[Any], Given]) -> Given:
        for pause in (FIRST_PAUSE_S * 2**look for look in range(LOOKS - 1)):
            try:
                return self._call(doing, ask)
            except ExpiredError:
                raise
            except UnreachableError:
                time.sleep(pause)
        return self._call(doing, ask)

    def _ended(self, job: str) -> Any:
        deadline = time.monotonic() + self._settings.job_timeout
        pause = FIRST_PAUSE_S
        while True:
            told = self._look("waiting for a job", lambda client: self._bulk(client).get_job(job, False))
            if told["state"] in DONE:
                return told
            if told["state"] == OPEN:
                self._abort(job)
                raise UnreachableError("A job of Salesforce could not be closed; nothing of it was applied.")
            left = deadline - time.monotonic()
            if left <= 0:
                # let to go on, it could write these rows over newer ones
                self._abort(job)
                raise UnreachableError(
                    f"A job of Salesforce is not done after {self._settings.job_timeout:g} seconds; it was aborted.",
                    found=f"job {job} in state {code_of_state(told['state'])}",
                    do="What arrived is looked up on the next run; raise job_timeout if Salesforce is that busy.",
                )
            time.sleep(min(pause, left))
            pause = min(pause * GROWTH, LONGEST_PAUSE_S)

    def _answers(self, job: str, told: Any) -> list[Answer]:
        state, why = told["state"], code(told.get("errorMessage") or "")
        if state == FAILED and why in HOPELESS:
            named = [name for name in NAMES.values() if name in str(told["errorMessage"])]
            raise DeliveryError(
                "Salesforce does not take such a file of rows.",
                found=" ".join([f"job {job}: {why}", *named]),
                do="Run `uptier deliver` with its preflight: it names the fields that are not as they must be.",
            )
        answers = []
        for kind, answer in (("successful", _taken), ("failed", _refused), ("unprocessed", _left)):
            for row in self._results(job, kind):
                answers.append(answer(row.get(NAMES[KEY], ""), row))
        return answers

    def _results(self, job: str, kind: str) -> list[dict[str, str]]:
        def ask(client: Any) -> str:
            bulk = getattr(client.bulk2, self._settings.object_name)
            return str(getattr(bulk, f"get_{kind}_records")(job))

        text = self._look("reading results", ask)
        try:
            return rows(text)
        except csv.Error:
            raise UnreachableError("Salesforce gave no whole answer while reading results.") from None

    def _abort(self, job: str) -> None:
        # where it is over already, or nobody answers: the next upsert waits for what still goes on
        with contextlib.suppress(DeliveryError):
            self._call("aborting a job", lambda client: self._bulk(client).abort_job(job, False))

    def _wait_for_earlier_jobs(self) -> None:
        """Wait for what a run before this one, perhaps killed, left behind: it must not write over newer rows."""
        if self._looked_back:
            return
        deadline = time.monotonic() + self._settings.job_timeout
        pause = FIRST_PAUSE_S
        while running := self._running():
            left = deadline - time.monotonic()
            if left <= 0:
                raise UnreachableError(
                    "An earlier job still writes into Salesforce; nothing was sent.",
                    found=f"{len(running)} of {self._settings.object_name}, such as {running[0]}",
                    do="Abort it there (Setup, Bulk Data Load Jobs), or run this again later.",
                )
            time.sleep(min(pause, left))
            pause = min(pause * GROWTH, LONGEST_PAUSE_S)

    def _running(self) -> list[str]:
        found: list[str] = []
        path: str = "jobs/ingest?jobType=V2Ingest"
        while path:
            # not a loop variable in a closure: the call is over before it changes
            page = self._look("looking for earlier jobs", lambda client, path=path: client.restful(path)) or {}  # type: ignore[misc]  # mypy infers no lambda with a default
            found += [
                str(job["id"])
                for job in page.get("records", [])
                if job["object"] == self._settings.object_name and job["state"] in (UPLOADED, RUNNING)
            ]
            path = (
                ""
                if page.get("done", True)
                else str(page["nextRecordsUrl"]).partition("/services/data/")[2].partition("/")[2]
            )
        return found


def code_of_state(state: object) -> str:
    """Say a state only if it is one.

    Parameters
    ----------
    state : object
        As Salesforce gives it.

    Returns
    -------
    str
        One of the six, or ``unknown``.
    """
    return str(state) if state in (OPEN, UPLOADED, RUNNING, *DONE) else "unknown"


def _taken(key: str, row: dict[str, str]) -> Answer:
    return Answer(key=key, ok=True, said="created" if row.get("sf__Created") == "true" else "updated")


def _refused(key: str, row: dict[str, str]) -> Answer:
    passing, said = row_error(row.get("sf__Error", ""))
    return Answer(key=key, ok=False, passing=passing, said=said)


def _left(key: str, _: dict[str, str]) -> Answer:
    return Answer(key=key, ok=False, passing=True, said="not processed: the job ended before it")
