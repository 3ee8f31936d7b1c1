"""HubSpot as a destination: one object for each row, found by a unique property of ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from uptier.delivery.destination import Answer
from uptier.delivery.hubspot_calls import Connection
from uptier.delivery.hubspot_checks import make, problems
from uptier.delivery.hubspot_properties import property_name, text
from uptier.delivery.hubspot_replies import Reply, codes_in, told_codes, words
from uptier.delivery.payload import BY_NAME, FINGERPRINT, KEY, Payload
from uptier.delivery_settings import HubspotSettings
from uptier.errors import DeliveryError, UnreachableError

# "CRM API | Objects", https://developers.hubspot.com/docs/api-reference/crm-objects-v3/guide: of every batch, of a page
BATCH, PAGE = 100, 100
# refused for good, where 207 names what became of each row; other categories may pass
FINAL = frozenset({"VALIDATION_ERROR", "CONFLICT", "OBJECT_NOT_FOUND", "OBJECT_ALREADY_EXISTS"})
# what no row is to blame for: halves of the batch would be refused like the whole
_NOT_BY_ROW = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"})

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """What became of one row, and the object that holds it."""

    answer: Answer
    object_id: str = ""


class HubspotDestination:
    """Objects in HubSpot, each of them one row.

    Nothing is connected before the first call.

    Parameters
    ----------
    name : str
        As the project's YAML calls it.
    settings : HubspotSettings
        Which objects and properties.
    environment : mapping of str to str
        Holds the token.
    """

    batch_size = BATCH
    whole = False

    def __init__(self, name: str, settings: HubspotSettings, environment: Mapping[str, str]) -> None:
        self.name = name
        self._settings = settings
        self._connection = Connection(name, settings, environment)
        self._names = {field: property_name(settings.prefix, field) for field in BY_NAME}
        self._key, self._hash = self._names[KEY], self._names[FINGERPRINT]

    def __repr__(self) -> str:
        return f"HubspotDestination({self.name!r}, object_type={self._settings.object_type!r})"

    def preflight(self) -> list[str]:
        """Look whether rows could be taken, without sending any.

        Returns
        -------
        list of str
            What is wrong with the token, its scopes, the type of objects, its properties and the day's limit, each
            with what to do; empty if nothing is.

        Raises
        ------
        UnreachableError
            If HubSpot does not answer, or cannot now.
        """
        return problems(self._connection, self._settings)

    def setup(self) -> list[str]:
        """Make the group and the properties that are not there.

        Returns
        -------
        list of str
            What was made; empty when run again. Properties that are there are not changed.

        Raises
        ------
        DeliveryError
            If a property is there in a form that cannot be used (nothing is made then), or the token may not make one.
        UnreachableError
            If HubSpot does not answer, or cannot now.
        """
        return make(self._connection, self._settings)

    def held(self) -> Mapping[str, str]:
        """Say which of our rows are there.

        All objects of the type are paged through: HubSpot's search ends at 10,000 and lags behind what was written.

        Returns
        -------
        mapping of str to str
            Key to fingerprint; objects without a key are not ours.

        Raises
        ------
        DeliveryError
            If HubSpot refuses to list them.
        UnreachableError
            If HubSpot does not answer, or cannot now.
        """
        rows: dict[str, str] = {}
        after: str | None = None
        while True:
            page = self._call(
                self._connection.objects.get_page, self._settings.object_type,
                limit=PAGE, properties=[self._key, self._hash], archived=False, **({"after": after} if after else {}),
            )  # fmt: skip
            rows |= self._fingerprints_in(self._taken(page, "list objects"))
            following = page.body.get("paging") or {}
            before, after = after, str((following.get("next") or {}).get("after") or "")
            if not after:
                return rows
            if after == before:
                raise DeliveryError(f"HubSpot, the destination '{self.name}', gives the same page again and again.")

    def fingerprints(self, keys: Iterable[str]) -> Mapping[str, str]:
        """Say as what some rows are there.

        Parameters
        ----------
        keys : iterable of str
            Any number; asked for by the hundred.

        Returns
        -------
        mapping of str to str
            Key to fingerprint, "" where the object has none; without those that are not there.

        Raises
        ------
        DeliveryError
            If HubSpot refuses to read them.
        UnreachableError
            If HubSpot does not answer, or cannot now.
        """
        rows: dict[str, str] = {}
        for some in _chunks(list(dict.fromkeys(keys)), BATCH):
            rows |= self._fingerprints_in(self._read(self._settings.object_type, self._key, some, [self._hash]))
        return rows

    def send(self, batch: Sequence[Payload]) -> list[Answer]:
        """Write rows, each over its own object or into a new one.

        HubSpot refuses a batch as a whole for one row in it; it is then sent in halves, down to the row.

        Parameters
        ----------
        batch : sequence of Payload
            At most `batch_size`, each key once.

        Returns
        -------
        list of Answer
            One for each row.

        Raises
        ------
        DeliveryError
            If HubSpot does not take the token, or refuses what no row is to blame for.
        UnreachableError
            If HubSpot did not answer, or cannot now: some rows may be there.
        """
        if not batch:
            return []
        known = self.fingerprints([row.key for row in batch]) if self._settings.new_only else {}
        outcomes = self._written(batch, known)
        if self._settings.company_property is not None:
            outcomes = self._associated(batch, outcomes, self._settings.company_property)
        return [outcome.answer for outcome in outcomes]

    def _written(self, rows: Sequence[Payload], known: Mapping[str, str]) -> list[_Outcome]:
        inputs = [self._input(place, row, row.key not in known) for place, row in enumerate(rows)]
        reply = self._call(self._connection.batches.upsert, self._settings.object_type, {"inputs": inputs})
        told = {} if not reply.taken else self._told_by_row(rows, reply)
        unsettled = [row for row in rows if row.key not in told]
        # where some rows were taken, what the others were refused for is theirs
        if not reply.results and _by_no_row(reply):
            raise DeliveryError(
                f"HubSpot, the destination '{self.name}', takes no rows: it refuses what no row is to blame for.",
                found=words(reply),
                do="See `object_type`, and run `uptier deliver --setup`, which makes properties that are missing.",
            )
        if not unsettled:
            return [told[row.key] for row in rows]
        if len(rows) == 1:
            passing = reply.taken or reply.status == 409
            return [_Outcome(answer=Answer(key=rows[0].key, ok=False, passing=passing, said=words(reply)))]
        for part in _chunks(unsettled, (len(rows) + 1) // 2):
            told |= {outcome.answer.key: outcome for outcome in self._tried(part, known)}
        return [told[row.key] for row in rows]

    def _tried(self, rows: Sequence[Payload], known: Mapping[str, str]) -> list[_Outcome]:
        """Write a part; what cannot be said of it now is said by row, for the other part was answered."""
        try:
            return self._written(rows, known)
        except UnreachableError as error:
            said = f"{error.what} Found: {error.found}."
            return [_Outcome(answer=Answer(key=row.key, ok=False, passing=True, said=said)) for row in rows]

    def _input(self, place: int, row: Payload, new: bool) -> dict[str, Any]:
        values = {name: text(row.values[field]) for field, name in self._names.items()}
        given = {name: _filled(told, row) for name, told in self._settings.new_only.items()} if new else {}
        # "Error handling": with a trace id of its own for each row, HubSpot may answer for each row
        trace = {"objectWriteTraceId": str(place)}
        return {"id": row.key, "idProperty": self._key, **trace, "properties": {**given, **values}}

    def _told_by_row(self, rows: Sequence[Payload], reply: Reply) -> dict[str, _Outcome]:
        by_trace = {str(place): row.key for place, row in enumerate(rows)}
        keys = set(by_trace.values())
        told: dict[str, _Outcome] = {}
        for problem in reply.errors:
            context = problem.get("context")
            named = context.get("objectWriteTraceId") if isinstance(context, dict) else None
            for trace in named if isinstance(named, list) else [named]:
                if trace in by_trace:
                    passing = problem.get("category") not in FINAL
                    said = ", ".join([f"status {reply.status}", *told_codes(problem)])
                    answer = Answer(key=by_trace[trace], ok=False, passing=passing, said=said)
                    told[answer.key] = _Outcome(answer=answer)
        for result in reply.results:
            key = (result.get("properties") or {}).get(self._key)
            key = key if key in keys else by_trace.get(str(result.get("objectWriteTraceId")))
            if key is not None:
                told[key] = _Outcome(answer=Answer(key=key, ok=True), object_id=str(result.get("id") or ""))
        return told

    def _associated(self, rows: Sequence[Payload], outcomes: list[_Outcome], unique: str) -> list[_Outcome]:
        accounts = {row.key: row.account_id for row in rows}
        there = {outcome.object_id: accounts[outcome.answer.key] for outcome in outcomes if outcome.answer.ok}
        pairs = self._pairs(there, unique)
        reply = self._paired(pairs)
        if reply is not None and not reply.taken:
            # the whole batch is refused for one company that is gone since it was found
            pairs = self._pairs(there, unique)
            reply = self._paired(pairs)
        apart = {} if reply is None else self._refused_pairs(pairs, reply)
        return [self._with_company(outcome, pairs, apart) for outcome in outcomes]

    def _pairs(self, there: Mapping[str, str], unique: str) -> dict[str, str]:
        """Find the company of each of our objects, as far as there is one."""
        companies = {
            str((company.get("properties") or {}).get(unique)): str(company.get("id"))
            for some in _chunks(list(dict.fromkeys(there.values())), BATCH)
            for company in self._read("companies", unique, some, [])
        }
        return {ours: companies[account] for ours, account in there.items() if ours and account in companies}

    def _paired(self, pairs: Mapping[str, str]) -> Reply | None:
        if not pairs:
            return None
        inputs = [{"from": {"id": ours}, "to": {"id": company}} for ours, company in pairs.items()]
        create = self._connection.associations.create_default
        return self._call(create, self._settings.object_type, "companies", {"inputs": inputs})

    def _with_company(self, outcome: _Outcome, pairs: Mapping[str, str], apart: Mapping[str, str]) -> _Outcome:
        answer = outcome.answer
        if not answer.ok:
            return outcome
        if outcome.object_id in apart:
            said = f"written, but not associated with its company: {apart[outcome.object_id]}"
            return replace(outcome, answer=replace(answer, ok=False, passing=True, said=said))
        if outcome.object_id not in pairs:
            said = f"written; no company has this account in {self._settings.company_property}"
            return replace(outcome, answer=replace(answer, said=said))
        return outcome

    def _refused_pairs(self, pairs: Mapping[str, str], reply: Reply) -> dict[str, str]:
        if not reply.taken:
            raise DeliveryError(
                f"HubSpot, the destination '{self.name}', wrote the rows and does not associate them with companies.",
                found=words(reply),
                do="Allow associations between the two types of objects in HubSpot, or leave out company_property.",
            )
        if reply.status != 207 and not reply.errors:
            return {}
        done = {str((result.get("from") or {}).get("id")) for result in reply.results}
        return {ours: words(reply) for ours in pairs if ours not in done}

    def _read(self, kind: str, unique: str, ids: Sequence[str], more: Sequence[str]) -> list[Mapping[str, Any]]:
        asked = {
            "idProperty": unique, "properties": [unique, *more], "propertiesWithHistory": [],
            "inputs": [{"id": one} for one in ids],
        }  # fmt: skip
        reply = self._call(self._connection.batches.read, kind, asked)
        return self._taken(reply, f"read {kind} by {unique}")

    def _taken(self, reply: Reply, to_do: str) -> list[Mapping[str, Any]]:
        if not reply.taken:
            raise DeliveryError(
                f"HubSpot, the destination '{self.name}', refuses to {to_do}.",
                found=words(reply),
                do="Run `uptier deliver --setup`, and see docs/hubspot.md for what has to be there.",
            )
        return reply.results

    def _fingerprints_in(self, results: Iterable[Mapping[str, Any]]) -> dict[str, str]:
        properties = [result.get("properties") or {} for result in results]
        return {str(one[self._key]): str(one.get(self._hash) or "") for one in properties if one.get(self._key)}

    def _call(self, method: Any, *arguments: object, **options: object) -> Reply:
        return self._connection.call(method, *arguments, **options)


def _by_no_row(reply: Reply) -> bool:
    codes = codes_in(reply)
    said = str(reply.body.get("message") or "")
    # the two sentences without a code: an id property that is not unique, a type of objects that is not there
    return (
        reply.status == 404
        or any(cause in code for code in codes for cause in _NOT_BY_ROW)
        or (not reply.taken and said.startswith(("Unable to perform update/upsert", "Unable to infer object type")))
    )


def _filled(told: str, row: Payload) -> str:
    for field, value in row.values.items():
        told = told.replace(f"{{{field}}}", text(value))
    return told


def _chunks(things: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    return (things[start : start + size] for start in range(0, len(things), size))
