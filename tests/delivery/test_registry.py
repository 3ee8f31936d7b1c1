"""Every kind of destination has its class, and making one connects to nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from uptier.delivery.registry import destination_of
from uptier.delivery_settings import DeliverySettings

KINDS = {
    "files": {"kind": "files", "folder": "out"},
    "digest": {"kind": "digest", "folder": "pages"},
    "database": {"kind": "database"},
    "salesforce": {"kind": "salesforce", "login_url": "https://acme.my.salesforce.com"},
    "hubspot": {"kind": "hubspot"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_destination_can_do_what_every_destination_can(kind: str, tmp_path: Path) -> None:
    settings = DeliverySettings.model_validate({"destinations": {"one": KINDS[kind]}}).destinations["one"]
    named = [value for field, value in settings.model_dump().items() if field.endswith("_env")]
    secrets = dict.fromkeys(named, "a-secret-value")
    made = destination_of("one", settings, secrets, store=tmp_path)
    assert made.name == "one"
    assert made.batch_size > 0
    assert made.whole == (kind in ("files", "digest"))
    for what in ("preflight", "setup", "held", "fingerprints", "send"):
        assert callable(getattr(made, what))
    assert "a-secret-value" not in repr(made)
    assert list(tmp_path.iterdir()) == []
