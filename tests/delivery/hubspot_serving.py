"""Serves what `hubspot_server.py` holds over HTTP or HTTPS, and fails on the way where it is told to."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.delivery.hubspot_server import CUSTOM_ID, TOKEN, Fault, HubspotServer, RefusedError
from uptier.delivery.hubspot import HubspotDestination
from uptier.delivery.hubspot_properties import answered_properties, written_properties
from uptier.delivery.payload import KEY, Payload, payload
from uptier.delivery_settings import HubspotSettings


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    held: HubspotServer

    def do_GET(self) -> None:
        self._do()

    def do_POST(self) -> None:
        self._do()

    def do_PATCH(self) -> None:
        self._do()

    def _do(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        with self.held.lock:
            self.held.calls.append((self.command, self.path, body))
            fault = Fault()
            if self.held.faults and self.held.faults[0][0] in self.path:
                fault = self.held.faults.popleft()[1]
            status, told = self._told(body, fault)
            headers = {**self.held.rate_headers(), **fault.headers}
        time.sleep(fault.silent)
        if fault.cut:
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        data = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _told(self, body: dict, fault: Fault) -> tuple[int, object]:
        if fault.status:
            return fault.status, {} if fault.body is None else fault.body
        if fault.lie:
            done = [{"id": "1", "properties": one["properties"], "new": False} for one in body["inputs"]]
            return 200, {"status": "COMPLETE", "results": done}
        try:
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            return self.held.answered(self.command, self.path, token, body)
        except RefusedError as refusal:
            return refusal.status, refusal.body

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that went away is what some tests are about


class Serving:
    """The server while it runs: `with Serving(held) as url`."""

    def __init__(self, held: HubspotServer, *, certificate: str | None = None) -> None:
        handler = type("Handler", (_Handler,), {"held": held})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self._scheme = "https"

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def ready(kind: str = CUSTOM_ID) -> HubspotServer:
    """Give an account in which everything is there that rows need."""
    held = HubspotServer()
    # the less kind answer, for which no trace id counts: tests say where they count on being answered row by row
    held.by_row = False
    for one in (*written_properties("uptier_"), *answered_properties("uptier_")):
        held.properties[kind][one.name] = {"hasUniqueValue": False, **one.wanted}
    held.groups[kind]["uptier"] = {"name": "uptier"}
    return held


def hubspot(url: str, **settings: object) -> HubspotDestination:
    """Give the destination that talks to a server."""
    read = HubspotSettings.model_validate({"kind": "hubspot", "base_url": url, "timeout": 5, **settings})
    return HubspotDestination("hub", read, {"UPTIER_HUBSPOT_TOKEN": TOKEN})


def rows(count: int, **values: object) -> list[Payload]:
    """Give rows of as many accounts."""
    return [row(f"a{number:03d}", **values) for number in range(count)]


def row(account: str, **values: object) -> Payload:
    """Give a row of one account."""
    key = f"{account}:seat_expansion:2026-01-01"
    given = {"account_id": account, "upsell": "seat_expansion", "cycle": "2026-01-01", "state": "open", "rank": 1}
    return payload({KEY: key, **given, **values})


def with_value(told: Payload, field: str, value: object) -> Payload:
    """Give a row with a value that no payload would have: what HubSpot would refuse has to come from somewhere."""
    return Payload(key=told.key, account_id=told.account_id, values={**told.values, field: value})  # type: ignore[dict-item]
