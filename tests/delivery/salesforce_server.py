"""A server that speaks for an organisation of Salesforce over TLS, and fails where it is told to."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.delivery.salesforce_org import CLIENT_ID, CLIENT_SECRET, USER, Org
from uptier.delivery.payload import KEY, Payload, payload
from uptier.delivery.salesforce_metadata import write
from uptier.delivery_settings import SalesforceSettings

SLOW_S = 1.0
ACCOUNTS = ("0001", "0002", "0003", "0004")
CREDENTIALS = {
    "UPTIER_SALESFORCE_CLIENT_ID": CLIENT_ID,
    "UPTIER_SALESFORCE_CLIENT_SECRET": CLIENT_SECRET,
    "UPTIER_SALESFORCE_USER": USER,
}


def settings(org: Org, **given: Any) -> SalesforceSettings:
    """Settings that lead to an organisation."""
    return SalesforceSettings(**{"kind": "salesforce", "login_url": org.url, "timeout": 10, "job_timeout": 20, **given})


def furnish(org: Org, folder: Path) -> None:
    """Deploy what setup() writes, assign its permission set, and fill in accounts."""
    write(settings(org), folder)
    org.deploy(folder)
    org.assign(folder / "permissionsets" / "Uptier_Delivery.permissionset")
    org.account(*ACCOUNTS)


def row(account: str = "0001", **given: Any) -> Payload:
    """A row as it is told."""
    values = {
        KEY: f"{account}:seat_expansion:2026-01-01",
        "account_id": account,
        "upsell": "seat_expansion",
        "cycle": dt.date(2026, 1, 1),
        "state": "open",
        "rank": 1,
        "chance": 0.5,
        "as_of": dt.date(2026, 3, 1),
        "expires_on": dt.date(2026, 4, 1),
        "reason_1": "23 of 25 seats are in use",
    }
    return payload({**values, **given})


@contextmanager
def serving(org: Org, certificate: Path) -> Iterator[Org]:
    """Run a server for an organisation, and stop it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = Server(("127.0.0.1", 0), Handler)
    server.org = org
    server.socket = context.wrap_socket(server.socket, server_side=True)
    org.url = f"https://localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield org
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def key_pair() -> tuple[str, str]:
    """Make a private and a public key, as PEM."""
    key = rsa.generate_private_key(65537, 2048)
    return _private(key), key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make an authority of our own, and a certificate of it for localhost: their files, the server's with its key."""
    now = dt.datetime.now(dt.UTC)
    root, own = rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 2048)
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "authority of tests")])

    def builder(name: x509.Name, key: rsa.RSAPrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=2))
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), critical=False)
        )

    usage = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    authority = (
        builder(issuer, root)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(root.public_key()), critical=False)
        .sign(root, hashes.SHA256())
    )
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    served = (
        builder(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")]), own)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(root, hashes.SHA256())
    )
    trusted, chain = folder / "authority.pem", folder / "server.pem"
    trusted.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    chain.write_text(_private(own) + served.public_bytes(serialization.Encoding.PEM).decode())
    return trusted, chain


def _private(key: rsa.RSAPrivateKey) -> str:
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


class Server(ThreadingHTTPServer):
    """Carries the organisation that its handlers speak for."""

    org: Org
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        pass  # a connection that was cut on purpose


class Handler(BaseHTTPRequestHandler):
    """Answers for the organisation that its server carries, unless a fault is due."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: apart, each answer waits for an acknowledgement
    server: Any

    def _handle(self) -> None:
        org: Org = self.server.org
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = f"{self.command} {self.path}"
        org.calls.append(call)
        do = self._due(org, call)
        if do == "slow":
            time.sleep(SLOW_S)
        if do == "cut":
            return self._cut()
        if do == "expire":
            org.tokens.clear()
        if do.isdigit():
            # REST errorcodes.htm, "Status Codes and Error Responses": 403 is a limit too
            code = {"403": "REQUEST_LIMIT_EXCEEDED", "503": "SERVER_UNAVAILABLE"}.get(do, "UNKNOWN_EXCEPTION")
            return self._say(int(do), "application/json", json.dumps([{"message": call, "errorCode": code}]).encode())
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = org.answer(self.command, self.path, headers, body)
        if do == "cut after":
            return self._cut()
        if do == "half":
            return self._say(answer[0], answer[1], answer[2][: len(answer[2]) // 2])
        return self._say(*answer)

    def _due(self, org: Org, call: str) -> str:
        for fault in org.faults:
            if fault.match in call and fault.times:
                if fault.after:
                    fault.after -= 1
                    continue
                fault.times -= 1
                return fault.do
        return ""

    def _say(self, status: int, kind: str, body: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
        except OSError:
            self.close_connection = True  # whoever asked has gone

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.close()

    do_GET = do_POST = do_PUT = do_PATCH = _handle  # noqa: N815  names that http.server looks for

    def log_message(self, *_: object) -> None:
        pass
