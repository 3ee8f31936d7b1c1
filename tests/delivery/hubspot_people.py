"""A HubSpot account that keeps the history of properties, as `hubspot_server.py` does not."""

from __future__ import annotations

from tests.delivery.hubspot_server import CUSTOM_ID, HubspotServer, RefusedError

MOST_WITH_HISTORY = 50


class PeopledServer(HubspotServer):
    """Objects whose answers people edit."""

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, dict[str, list[dict[str, str]]]] = {}

    def edit(self, key: str, *, at: str, **values: str) -> None:
        """Change an object as a person."""
        (number,) = [one for one, held in self.objects[CUSTOM_ID].items() if held["uptier_key"] == key]
        for name, value in values.items():
            self.objects[CUSTOM_ID][number][name] = value
            # hubspot-api-client's ValueWithTimestamp has these names; no page found that says which comes first
            told = {"value": value, "timestamp": at, "sourceType": "CRM_UI"}
            self.history.setdefault(number, {}).setdefault(name, []).insert(0, told)  # the newest comes first

    def answered(self, method: str, url: str, token: str, body: dict) -> tuple[int, dict]:
        status, told = super().answered(method, url, token, body)
        asked = body.get("propertiesWithHistory")
        if asked and url.endswith("/batch/read"):
            # "CRM API | Objects", https://developers.hubspot.com/docs/api-reference/crm-objects-v3/guide: at most 50 at
            # once with the history of properties
            if len(body["inputs"]) > MOST_WITH_HISTORY:
                raise RefusedError(400, "too many inputs for a read with history")
            for result in told["results"]:
                kept = self.history.get(result["id"], {})
                result["propertiesWithHistory"] = {name: kept.get(name, []) for name in asked}
        return status, told
