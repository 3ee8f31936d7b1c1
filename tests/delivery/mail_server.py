"""A mail server on this machine: STARTTLS or TLS with a certificate of its own, logins, and the faults of real ones."""

from __future__ import annotations

import base64
import datetime as dt
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "robot", "hunter2-never-shown"


@dataclass
class Box:
    """What a server was sent, and how it is to behave."""

    mails: list[EmailMessage] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)  # commands, without what a login says
    calls: int = 0
    offers_tls: bool = True
    refused: dict[str, int] = field(default_factory=dict)  # code by address
    after_data: Callable[[], str] = lambda: "250 ok"  # may raise ConnectionError: then it hangs up
    greeting: str = "220 here"

    def to(self, address: str) -> list[EmailMessage]:
        """Give the mails to an address."""
        return [one for one in self.mails if one["To"] == address]


@contextmanager
def serving(folder: Path, *, name: str = "localhost", tls_from_start: bool = False) -> Iterator[tuple[Box, int, Path]]:
    """Serve mails; give the box, the port and the certificate to trust."""
    certificate, key = self_signed(folder, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    box = Box()

    class Session(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            box.calls += 1
            self.secure = tls_from_start
            self.file = self.request.makefile("rb")
            try:
                with suppress(OSError):
                    if tls_from_start:
                        self._secure()
                    self.say(box.greeting)
                    while line := self.file.readline():
                        self.command(line.decode().strip())
            finally:
                self.file.close()
                self.request.close()

        def _secure(self) -> None:
            self.file.close()
            self.request = context.wrap_socket(self.request, server_side=True, do_handshake_on_connect=False)
            self.request.do_handshake()
            self.file = self.request.makefile("rb")

        def say(self, text: str) -> None:
            self.request.sendall(f"{text}\r\n".encode())

        def command(self, line: str) -> None:
            verb, _, rest = line.partition(" ")
            verb = verb.upper()
            box.heard.append(verb)
            if verb == "EHLO":
                offered = [] if self.secure or not box.offers_tls else ["STARTTLS"]
                offered += ["AUTH PLAIN"] if self.secure else []
                told = ["localhost", *offered, "8BITMIME"]
                self.say("\r\n".join(f"250{'-' if one != told[-1] else ' '}{one}" for one in told))
            elif verb == "STARTTLS":
                self.say("220 go on")
                self._secure()
                self.secure = True
            elif verb == "AUTH":
                given = base64.b64decode(rest.split()[1]).decode()
                self.say("235 ok" if given == f"\0{USER}\0{PASSWORD}" else "535 no")
            elif verb == "RCPT":
                address = rest.partition("<")[2].partition(">")[0]
                self.say(f"{box.refused[address]} no" if address in box.refused else "250 ok")
            elif verb == "DATA":
                self.say("354 go on")
                lines = []
                while (one := self.file.readline()) != b".\r\n":
                    lines.append(one[1:] if one.startswith(b"..") else one)
                box.mails.append(message_from_bytes(b"".join(lines), policy=policy.default))  # type: ignore[arg-type]
                self.say(box.after_data())
            elif verb == "QUIT":
                self.say("221 bye")
                raise ConnectionError
            else:
                self.say("250 ok")

    with socketserver.ThreadingTCPServer(("localhost", 0), Session) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield box, server.server_address[1], certificate
        finally:
            server.shutdown()
            thread.join()


def self_signed(folder: Path, name: str) -> tuple[Path, Path]:
    """Make a certificate for a name, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.crt", folder / f"{name}.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths
