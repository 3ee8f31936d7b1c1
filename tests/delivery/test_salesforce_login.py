"""A token is asked for as the settings say, kept in memory, and sent nowhere but to the organisation."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.delivery.salesforce_org import CLIENT_SECRET, USER, Fault, Org
from tests.delivery.salesforce_server import CREDENTIALS, Handler, certificate, furnish, key_pair, serving, settings
from uptier.delivery.salesforce_login import Connection, audience
from uptier.errors import DeliveryError, UnreachableError

PRIVATE = "UPTIER_SALESFORCE_PRIVATE_KEY"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def keys() -> tuple[str, str]:
    return key_pair()


@pytest.fixture
def org(
    certificates: tuple[Path, Path], keys: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Org]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates[0]))
    with serving(Org(public_key=keys[1]), certificates[1]) as served:
        furnish(served, tmp_path / "package")
        yield served


def limits(connection: Connection) -> int:
    return int(connection.call("reading limits", lambda client: client.limits())["DailyApiRequests"]["Remaining"])


def test_client_credentials_let_in_and_the_port_is_kept(org: Org) -> None:
    connection = Connection(settings(org), CREDENTIALS)
    assert limits(connection) == limits(connection) == 100_000
    assert org.logins == 1


@pytest.mark.parametrize("form", [str, lambda pem: pem.replace("\n", "\\n")], ids=["lines", "one line"])
def test_a_signed_jwt_lets_in(org: Org, keys: tuple[str, str], form) -> None:
    environment = {**CREDENTIALS, PRIVATE: form(keys[0])}
    assert limits(Connection(settings(org, flow="jwt"), environment)) == 100_000


def test_a_jwt_signed_by_another_key_or_for_another_user_is_refused(org: Org, keys: tuple[str, str]) -> None:
    for environment in ({PRIVATE: key_pair()[0]}, {PRIVATE: keys[0], "UPTIER_SALESFORCE_USER": "other@example.com"}):
        with pytest.raises(DeliveryError, match="does not let uptier in") as caught:
            limits(Connection(settings(org, flow="jwt"), {**CREDENTIALS, **environment}))
        assert "HTTP 400 invalid_grant" in caught.value.found
        assert "example.com" not in str(caught.value)


@pytest.mark.parametrize("pem", ["no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])
def test_a_private_key_that_is_none_is_told_by_its_variable(org: Org, pem: str) -> None:
    with pytest.raises(DeliveryError, match="holds no private key") as caught:
        limits(Connection(settings(org, flow="jwt"), {**CREDENTIALS, PRIVATE: pem}))
    assert PRIVATE in str(caught.value)
    assert pem not in str(caught.value)


def test_a_wrong_secret_is_told_without_it(org: Org) -> None:
    wrong = {**CREDENTIALS, "UPTIER_SALESFORCE_CLIENT_SECRET": "wrong-secret"}
    with pytest.raises(DeliveryError, match="does not let uptier in") as caught:
        limits(Connection(settings(org), wrong))
    assert "invalid_client" in caught.value.found
    assert not isinstance(caught.value, UnreachableError)
    assert "wrong-secret" not in str(caught.value) + repr(caught.value)
    assert CREDENTIALS["UPTIER_SALESFORCE_CLIENT_ID"] not in str(caught.value)


@pytest.mark.parametrize("name", ["UPTIER_SALESFORCE_CLIENT_ID", "UPTIER_SALESFORCE_CLIENT_SECRET"])
def test_a_variable_that_is_not_set_is_named(org: Org, name: str) -> None:
    with pytest.raises(DeliveryError, match=name):
        limits(Connection(settings(org), {**CREDENTIALS, name: " "}))
    assert org.calls == []


def test_nothing_is_shown(org: Org) -> None:
    connection = Connection(settings(org), CREDENTIALS)
    limits(connection)
    assert CLIENT_SECRET not in repr(connection)
    assert USER not in repr(connection)


@pytest.mark.parametrize("do", ["429", "500", "cut", "half", "slow"])
def test_a_login_that_is_not_answered_may_pass_later(org: Org, do: str) -> None:
    org.faults = [Fault("oauth2", do)]
    connection = Connection(settings(org, timeout=0.5), CREDENTIALS)
    with pytest.raises(UnreachableError):
        limits(connection)
    assert limits(connection) == 100_000


def test_nobody_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = Org(url="https://localhost:1")
    with pytest.raises(UnreachableError, match="logging in"):
        limits(Connection(settings(nobody), CREDENTIALS))


def test_a_redirect_is_not_followed(org: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere(handler: BaseHTTPRequestHandler) -> None:
        org.calls.append(handler.path)
        handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        handler.send_response(307)
        handler.send_header("Location", f"{org.url}/elsewhere")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    monkeypatch.setattr(Handler, "do_POST", elsewhere)
    with pytest.raises(DeliveryError, match="points to another address"):
        limits(Connection(settings(org), CREDENTIALS))
    assert org.calls == ["/services/oauth2/token"]


def test_an_instance_without_tls_is_refused(org: Org) -> None:
    there = org.url
    org.url = there.replace("https", "http")
    with pytest.raises(DeliveryError, match="https address"):
        limits(Connection(settings(org, login_url=there), CREDENTIALS))


def test_netrc_does_not_replace_the_token(org: Org, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login somebody password something\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert limits(Connection(settings(org), CREDENTIALS)) == 100_000


@pytest.mark.parametrize(
    ("url", "whom"),
    [
        ("https://acme.my.salesforce.com", "https://login.salesforce.com"),
        ("https://test.salesforce.com", "https://test.salesforce.com"),
        ("https://acme--dev.sandbox.my.salesforce.com/", "https://test.salesforce.com"),
    ],
)
def test_a_jwt_is_for_the_authorization_server(url: str, whom: str) -> None:
    assert audience(url) == whom
