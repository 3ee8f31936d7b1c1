"""Somebody is told, over TLS alone; and whatever goes wrong with that is said and never raised."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from uptier.monitoring.webhook import Happened, Word, tell

VARIABLE = "UPTIER_WEBHOOK"
WORD = Word(
    project="acme",
    as_of="2026-03-01",
    happened=Happened.STOPPED,
    counts={"rows": 1200, "sent": 0},
    findings=("rows-lost", "data-old"),
)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.status = 200
        self.waits = 0.0
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook/secret-token"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append({"path": self.path, "headers": dict(self.headers), "body": json.loads(body)})
        time.sleep(self.server.waits)
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", self.server.address + "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def told(address: str, timeout: float = 5) -> str | None:
    return tell(WORD, variable=VARIABLE, environment={VARIABLE: address}, timeout=timeout)


def test_counts_and_codes_are_told_and_nothing_else(server: Server) -> None:
    assert told(server.address) is None
    assert [one["path"] for one in server.asked] == ["/hook/secret-token"]
    assert server.asked[0]["headers"]["Content-Type"] == "application/json"
    assert server.asked[0]["body"] == {
        "project": "acme",
        "as_of": "2026-03-01",
        "what": "stopped before sending",
        "counts": {"rows": 1200, "sent": 0},
        "findings": ["rows-lost", "data-old"],
        "text": "uptier, project acme, list of 2026-03-01: stopped before sending "
        "(rows 1,200, sent 0; rows-lost, data-old)",
    }


def test_nobody_is_told_where_no_address_is_set() -> None:
    assert tell(WORD, variable=VARIABLE, environment={}) is None
    assert told(" ") is None


@pytest.mark.parametrize(
    "address",
    [
        "http://hooks.example.com/secret-token",
        "http://127.0.0.1.example.com/secret-token",
        "http://10.0.0.1/secret-token",
        "ftp://127.0.0.1/secret-token",
        "secret-token",
        "https:///secret-token",
        "https://[::1/secret-token",
        "https://127.0.0.1:port/secret-token",
    ],
)
def test_an_address_without_tls_is_refused_but_on_this_machine(address: str) -> None:
    said = told(address)
    assert said is not None
    assert said.startswith("Nobody was told: the address in UPTIER_WEBHOOK ")
    assert "secret" not in said


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_refusal_is_said_and_not_raised(server: Server, status: int) -> None:
    server.status = status
    assert told(server.address) == f"Nobody was told: the address in UPTIER_WEBHOOK answered {status}."
    assert len(server.asked) == 1, "a redirect is not followed"


def test_who_does_not_answer_is_not_waited_for(server: Server) -> None:
    server.waits = 2.0
    began = time.monotonic()
    said = told(server.address, timeout=0.2)
    assert time.monotonic() - began < 1.5
    assert said == "Nobody was told: the address in UPTIER_WEBHOOK does not take it (ReadTimeout)."


def test_nobody_there_is_said_and_not_raised(server: Server) -> None:
    address = server.address
    server.shutdown()
    server.server_close()
    said = told(address)
    assert said is not None
    assert "secret" not in said
    assert "does not take it (ConnectionError)" in said


@pytest.mark.parametrize("address", ["https://" + "a" * 300 + "/", "https://\x00.example/", "https://a b/"])
def test_an_address_that_cannot_be_used_is_said_and_not_raised(address: str) -> None:
    assert "Nobody was told" in str(told(address, timeout=0.2))


def test_a_password_is_sent_only_where_the_address_holds_one(
    server: Server, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert told(server.address) is None
    assert told(server.address.replace("http://", "http://user:word@")) is None
    assert [one["headers"].get("Authorization") for one in server.asked] == [None, "Basic dXNlcjp3b3Jk"]
