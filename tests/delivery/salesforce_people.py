"""An organisation of Salesforce in which people work on records: it knows who made, owns and changed each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.delivery.salesforce_org import Org

SENDER, PERSON = "005000000000001AAA", "005000000000002AAA"
# "System Fields", Object Reference: on every custom object; no page found that says that field-level security does not
# hide them
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

    def queryable(self, name: str) -> dict[str, dict[str, Any]]:
        return {**super().queryable(name), **{each: {"type": "string"} for each in SYSTEM}}

    def record(self, name: str, key: str) -> dict[str, Any]:
        made = {"CreatedById": SENDER, "LastModifiedById": SENDER, "LastModifiedDate": "2026-01-01T00:00:00.000+0000"}
        return {
            **super().record(name, key),
            **made,
            "OwnerId": SENDER,
            "Owner": {"Name": "Integration"},
            **self.system.get(key, {}),
        }
