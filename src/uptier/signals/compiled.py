"""Compiled catalogues in the store: the next process runs them without forming a hundred signals anew.

A file is found by all that the statements depend on: uptier's own code, what the catalogue asks and forms, those
settings that say what tables hold, the columns of the tables and how looks lie. Names of the engine's tables are new in
each process, so they stand in the file as what they are of (``<accounts>``). It holds no rows, and what is lost or
damaged is compiled again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ibis.expr import operations as ops

from uptier.errors import StoreError
from uptier.signals.script import Script, Step
from uptier.store import write_whole

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.tables.history import History

FOLDER = "compiled"
KEPT = 8  # files, a few hundred kilobytes each
# what happens after signals are formed, and where things lie
NOT_COMPILED = {
    *("project", "path", "source", "store", "currency", "talks", "wording", "training", "scoring", "mlflow"),
    *("worklist", "breakers", "delivery", "pages"),
}
USAGE = "usage_"  # begins the tables that are only read by way of the rollup


def kept_script(history: History, formed: Callable[[], str], compile_script: Callable[[], Script]) -> Script:
    """Give the statements for a past: those that the store has, or compiled now and put there.

    Parameters
    ----------
    history : History
        The past, on an engine within this process.
    formed : callable
        Says what is asked and formed, as text that differs wherever the statements would.
    compile_script : callable
        Compiles them.

    Returns
    -------
    Script
        Where the store cannot be written, or nothing is kept of the source, they are compiled each time.
    """
    tables = _tables(history) if history.tables.source.is_ours else None
    if tables is None:
        return compile_script()
    names = {role: cast("ops.DatabaseTable", table.op()).name for role, table in tables.items()}
    path = history.tables.settings.store / FOLDER / f"{_key(history, formed(), tables)}.json"
    kept = _read(path, names)
    if kept is not None:
        return kept
    script = compile_script()
    with contextlib.suppress(StoreError):
        write_whole(path, lambda fresh: fresh.write_text(_as_text(script, names), encoding="utf-8"))
        _without_oldest(path.parent)
    return script


def _tables(history: History) -> dict[str, ir.Table] | None:
    """Give the engine's tables that statements may read, by what they are; None if one of them is not a table."""
    found = {name: table for name, table in history.tables.clean.items() if not name.startswith(USAGE)}
    if history.usage is not None:
        parts = {"days": history.usage.days, "touches": history.usage.touches, "people": history.usage.people}
        found |= {f"usage_{part}": table for part, table in parts.items() if table is not None}
    return found if all(isinstance(table.op(), ops.DatabaseTable) for table in found.values()) else None


def _key(history: History, formed: str, tables: dict[str, ir.Table]) -> str:
    present = history.tables.present
    told = [
        _code(),
        formed,
        history.tables.settings.model_dump_json(exclude=NOT_COMPILED),
        {name: sorted(columns) for name, columns in present.items()},
        {role: list(map(str, table.schema().items())) for role, table in tables.items()},
        list(history.usage.features) if history.usage is not None else None,
        [history.dense, history.everyone],
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


@cache
def _code() -> str:
    """Give a hash of uptier's own code and of what compiles it."""
    told = hashlib.sha256(f"{version('ibis-framework')} {version('sqlglot')} {version('duckdb')}".encode())
    package = Path(__file__).parents[1]
    for file in sorted(package.rglob("*.py")):
        told.update(str(file.relative_to(package)).encode() + file.read_bytes())
    return told.hexdigest()


def _as_text(script: Script, names: dict[str, str]) -> str:
    text = json.dumps(asdict(script))
    for role, name in names.items():
        text = text.replace(name, f"<{role}>")
    return text


def _read(path: Path, names: dict[str, str]) -> Script | None:
    try:
        text = path.read_text(encoding="utf-8")
        for role, name in names.items():
            text = text.replace(f"<{role}>", name)
        told = json.loads(text)
        steps = tuple(Step(one["name"], one["sql"], tuple(one["done_with"])) for one in told["steps"])
        return Script(told["looks"], steps, told["frame"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _without_oldest(folder: Path) -> None:
    files = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[KEPT:]:
        file.unlink(missing_ok=True)
