"""Servers as processes of their own on loopback: a tracking server, one that refuses everybody, a served model."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

PATIENCE_SECONDS = 90  # until a server answers: it imports MLflow first, beside the other tests
FAREWELL_SECONDS = 5

QUICK = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_ENV_CREATION": "true",
}

REFUSING = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Refusing(BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200 if self.path == "/health" else int(sys.argv[2]))
        self.end_headers()
        self.wfile.write(b"not for you, " + self.headers.get("Authorization", "").encode())

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def log_message(self, *_):
        pass

HTTPServer(("127.0.0.1", int(sys.argv[1])), Refusing).serve_forever()
"""


def free_port() -> int:
    """Find a port of loopback on which nobody listens."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


@contextlib.contextmanager
def tracking_server(folder: Path, database: Path, *options: str, **environment: str) -> Iterator[str]:
    """Run `mlflow server` on a database, with its files below a folder; give its address."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{database}", "--artifacts-destination", str(folder / "files")]
    with _running([*command, *options], port, "/health", folder=folder, environment=environment) as address:
        yield address


@contextlib.contextmanager
def refusing_server(folder: Path, status: int) -> Iterator[str]:
    """Run a server that answers everything with a status."""
    port = free_port()
    command = [sys.executable, "-c", REFUSING, str(port), str(status)]
    with _running(command, port, "/health", folder=folder, environment={}) as address:
        yield address


@contextlib.contextmanager
def served_model(folder: Path, tracking_uri: str, model: str) -> Iterator[str]:
    """Run `mlflow models serve` in this environment; give its address."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local", "--workers", "1"]
    command += ["--model-uri", model, "--host", "127.0.0.1", "--port", str(port)]
    environment = {"MLFLOW_TRACKING_URI": tracking_uri, "MLFLOW_REGISTRY_URI": tracking_uri}
    with _running(command, port, "/ping", folder=folder, environment=environment) as address:
        yield address


@contextlib.contextmanager
def _running(
    command: Sequence[str], port: int, health: str, *, folder: Path, environment: Mapping[str, str]
) -> Iterator[str]:
    folder.mkdir(parents=True, exist_ok=True)
    # mlflow starts further programmes by their names, and they must be those of this Python
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW")}
    address = f"http://127.0.0.1:{port}"
    said = folder / "said.txt"
    with said.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**clean, **QUICK, "PATH": path, **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # it has workers: they end with it
        )
        try:
            _await(process, address + health, said)
            yield address
        finally:
            _end(process)


def _await(process: subprocess.Popen[bytes], address: str, said: Path) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            if urllib.request.urlopen(address, timeout=5).status == 200:
                return
        time.sleep(0.2)
    raise AssertionError(f"no answer from {address}:\n{said.read_text(errors='replace')[-3000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    for how in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(FAREWELL_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
