"""An organisation of Salesforce in which people work on records: it knows who made, owns and changed each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tests.delivery.salesforce_ingest import RefusedError
from tests.delivery.salesforce_org import Org

SENDER, PERSON = "005000000000001AAA", "005000000000002AAA"
# "System Fields", Object Reference: on every custom object, whatever field-level security says
SYSTEM = ("CreatedById", "LastModifiedById", "LastModifiedDate", "OwnerId", "Owner.Name")


@dataclass
class PeopledOrg(Org):
    """Keeps beside each record what the system keeps; a record that nobody touched is the sender's."""

    system: dict[str, dict[str, Any]] = field(default_factory=dict)

    def edit(self, name: str, key: str, *, at: str, owner: str = "", **values: str | None) -> None:
        """Change a record as a person."""
        self.records[name][key].update(values)
        told = self.system.setdefault(key, {})
        told.update({"LastModifiedById": PERSON, "LastModifiedDate": at})
        if owner:
            told.update({"OwnerId": PERSON, "Owner": {"Name": owner}})

    def sent(self, key: str, *, at: str) -> None:
        """Let the sender have changed a record last."""
        self.system.setdefault(key, {}).update({"LastModifiedById": SENDER, "LastModifiedDate": at})

    def _query(self, soql: str) -> dict[str, Any]:
        text = r"'((?:[^'\\]|\\['\"\\])*)'"
        found = re.fullmatch(
            rf"SELECT ([\w, .]+) FROM (\w+) WHERE (?:(\w+) != {text} AND (\w+) != null|(\w+) IN \(((?:{text},?)+)\))",
            soql,
        )
        if not found or "Owner.Name" not in soql:
            return super()._query(soql)
        wanted, name, field_name, unlike, also, among, values = found.groups()[:7]
        known = self.visible(name)
        for each in (*wanted.split(", "), field_name or among):
            # REST errorcodes.htm: INVALID_FIELD, also for what field-level security hides
            if each not in known and each not in SYSTEM:
                raise RefusedError(400, "INVALID_FIELD", f"No such column '{each}' on entity '{name}'")
        if among:
            keys = {re.sub(r"\\(.)", r"\1", each) for each in re.findall(text, values)}
            rows = [key for key, row in self.records[name].items() if row.get(among) in keys]
        else:
            # SOQL sforce_api_calls_soql_select_comparisonoperators.htm: strings are compared without their case
            rows = [
                key
                for key, row in self.records[name].items()
                if (row.get(field_name) or "").casefold() != unlike.casefold() and row.get(also) is not None
            ]
        return self._pages([self._row(name, key, wanted.split(", ")) for key in rows])

    def _row(self, name: str, key: str, wanted: list[str]) -> dict[str, Any]:
        made = {"CreatedById": SENDER, "LastModifiedById": SENDER, "LastModifiedDate": "2026-01-01T00:00:00.000+0000"}
        system = {**made, "OwnerId": SENDER, "Owner": {"Name": "Integration"}, **self.system.get(key, {})}
        row = {**self.records[name][key], **system}
        # REST dome_relationship_traversal.htm: a field of a parent stands in an object of the parent's
        return {("Owner" if each == "Owner.Name" else each): row.get(each.partition(".")[0]) for each in wanted}
