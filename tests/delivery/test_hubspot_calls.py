"""Calls to HubSpot end in time, are not repeated unseen, and tell neither token nor row."""

from __future__ import annotations

import builtins
import datetime as dt
import ipaddress
import logging
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.delivery.hubspot_server import TOKEN, HubspotServer
from tests.delivery.hubspot_serving import Serving, hubspot, ready, rows, with_value
from uptier.delivery.hubspot_calls import Connection
from uptier.delivery_settings import HubspotSettings
from uptier.errors import DeliveryError, UnreachableError

SECRET = "Ada Lovelace, 42 Chapel Street"


@pytest.fixture
def held() -> HubspotServer:
    return ready()


@pytest.fixture
def url(held: HubspotServer) -> Iterator[str]:
    with Serving(held) as url:
        yield url


def connection(url: str, environment: dict[str, str], **settings: object) -> Connection:
    return Connection(
        "hub", HubspotSettings.model_validate({"kind": "hubspot", "base_url": url, **settings}), environment
    )


@pytest.mark.parametrize("environment", [{}, {"UPTIER_HUBSPOT_TOKEN": ""}, {"UPTIER_HUBSPOT_TOKEN": " \n"}])
def test_a_missing_token_is_told_by_its_variable(url: str, environment: dict[str, str]) -> None:
    with pytest.raises(DeliveryError, match="UPTIER_HUBSPOT_TOKEN"):
        connection(url, environment).objects  # noqa: B018  # made when first used


@pytest.mark.parametrize("token", [f"{TOKEN}\r\nX-Evil: 1", f"{TOKEN} more", f"{TOKEN}é"])
def test_a_token_that_no_header_can_hold_is_not_quoted(url: str, token: str) -> None:
    with pytest.raises(DeliveryError, match="cannot be one") as raised:
        connection(url, {"UPTIER_HUBSPOT_TOKEN": token}).objects  # noqa: B018  # likewise
    assert TOKEN not in str(raised.value)


def test_a_line_break_behind_the_token_is_left_out(held: HubspotServer, url: str) -> None:
    to = connection(url, {"OTHER": f"{TOKEN}\n"}, token_env="OTHER")
    assert to.call(to.objects.get_page, "deals").taken
    assert repr(to) == "Connection('hub')"
    assert TOKEN not in repr(to)


def test_a_missing_client_is_told_with_its_extra(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *more: object, **options: object) -> object:
        if name == "hubspot":
            raise ModuleNotFoundError(name)
        return real(name, *more, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DeliveryError, match=r"uptier\[hubspot\]"):
        hubspot(url).send(rows(1))


def test_nobody_there_is_told() -> None:
    with Serving(ready()) as url:
        pass
    with pytest.raises(UnreachableError, match="cannot be reached"):
        hubspot(url).held()


@pytest.mark.parametrize("path", ["/upsert", "/read", "?"])
def test_no_call_is_repeated_unseen(held: HubspotServer, url: str, path: str) -> None:
    crm = hubspot(url)
    act = {"/upsert": lambda: crm.send(rows(1)), "/read": lambda: crm.fingerprints(["a"]), "?": crm.held}[path]
    for fault in ({"cut": True}, {"status": 503}, {"status": 429}, {"silent": 1.0, "status": 200}):
        held.calls.clear()
        held.fail(path, **fault)
        crm._connection._settings = crm._connection._settings.model_copy(update={"timeout": 0.3})
        with pytest.raises(UnreachableError) as raised:
            act()
        assert len(held.calls) == 1
        assert raised.value.__context__ is None  # the client's own error holds headers and bodies


def test_a_redirect_is_not_followed_with_the_token(held: HubspotServer, url: str) -> None:
    held.fail("/upsert", status=307, headers={"Location": f"{url}/elsewhere"})
    with pytest.raises(DeliveryError, match="base_url"):
        hubspot(url).send(rows(1))
    assert held.paths("elsewhere") == []


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"", b"[1]", b"\xff\xfe"])
def test_success_in_no_json_is_no_success(held: HubspotServer, url: str, body: bytes) -> None:
    held.fail("/upsert", status=200, body=body)
    if body == b"":  # an empty answer says nothing of any row
        assert [answer.ok for answer in hubspot(url).send(rows(1))] == [False]
        return
    with pytest.raises(UnreachableError, match="else than JSON"):
        hubspot(url).send(rows(1))


def test_an_error_in_no_known_encoding_is_told(held: HubspotServer, url: str) -> None:
    held.fail("/upsert", status=502, body=b"\xe9\xff")
    with pytest.raises(UnreachableError, match="no text"):
        hubspot(url).send(rows(1))


def test_the_client_waits_for_the_next_window_instead_of_running_into_the_limit(held: HubspotServer, url: str) -> None:
    held.calls_per_window, held.window = 2, 0.4
    crm = hubspot(url)
    start = time.monotonic()
    for _ in range(5):
        crm.fingerprints(["a"])
    assert 0.8 <= time.monotonic() - start < 5


def test_a_missing_scope_is_named(held: HubspotServer, url: str) -> None:
    held.scopes.discard("crm.objects.custom.write")
    with pytest.raises(DeliveryError, match=r"crm\.objects\.custom\.write"):
        hubspot(url).send(rows(1))


def test_no_error_and_no_log_holds_a_token_or_a_value(
    held: HubspotServer, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bad = [with_value(one, "rank", SECRET) for one in rows(2)]
    context = {"propertyValue": [SECRET], "requiredScopes": [SECRET]}
    echo = dict.fromkeys(("message", "category", "policyName", "correlationId"), SECRET)
    echo |= {"errors": [{"message": SECRET, "code": SECRET, "context": context}]}
    told = [answer.said for answer in hubspot(url).send(bad)]
    for status in (401, 403, 404, 429, 500, 302):
        held.fail("/upsert", status=status, body={**echo, "token": TOKEN}, headers={"X-Echo": TOKEN})
        with pytest.raises(DeliveryError) as raised:
            hubspot(url).send(bad)
        told += ["".join(traceback.format_exception(raised.value)), repr(raised.value)]
        assert raised.value.__context__ is None
    everything = "\n".join([*told, *(record.getMessage() for record in caplog.records)])
    assert not any(part in everything for part in ("Ada", "Chapel", TOKEN))


@pytest.fixture
def certificate(tmp_path: Path) -> str:
    """Give a file with a key and a certificate for 127.0.0.1 that nobody has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path / "server.pem"
    path.write_bytes(private + made.public_bytes(pem))
    return str(path)


def test_a_certificate_that_is_not_trusted_gets_no_token(
    held: HubspotServer, certificate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Serving(held, certificate=certificate) as url:
        with pytest.raises(DeliveryError, match="certificate") as raised:
            hubspot(url).send(rows(1))
        assert not isinstance(raised.value, UnreachableError)
        assert held.calls == []
        monkeypatch.setenv("SSL_CERT_FILE", certificate)
        assert hubspot(url).send(rows(1))[0].ok
