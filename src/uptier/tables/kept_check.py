"""The check, kept in the store: a later run on the same files need not look at every row again.

Only a check without errors is kept, and only where the source is files whose change can be seen. `uptier check` itself
always looks anew.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from uptier.errors import StoreError
from uptier.store import write_whole
from uptier.tables import fingerprint
from uptier.tables.contracts import CONTRACT
from uptier.tables.findings import Finding, Findings, Severity
from uptier.tables.mapping import Mapped, map_table

if TYPE_CHECKING:
    from pathlib import Path

    from uptier.settings import Settings
    from uptier.tables.source import Source

FOLDER, FILE = "checked", "check.json"


def kept_check(source: Source, settings: Settings) -> tuple[Findings, dict[str, Mapped]] | None:
    """Give what the last check found, if it would find the same now.

    Parameters
    ----------
    source : Source
        Where the data are.
    settings : Settings
        The project.

    Returns
    -------
    tuple of Findings and dict, or None
        As from :func:`uptier.tables.check.check`; None where files, settings or uptier have changed, or nothing that
        can be believed is kept.
    """
    if not _can_be_kept(source, settings):
        return None
    findings = _read(_path(settings), _fingerprint(source, settings))
    if findings is None:
        return None
    return findings, mapped_tables(source, settings)


def keep_check(source: Source, settings: Settings, findings: Findings) -> None:
    """Keep what a check found, for later runs.

    Parameters
    ----------
    source : Source
        Where the data are.
    settings : Settings
        The project.
    findings : Findings
        What was found; not kept if there is an error among it.
    """
    if findings.errors or not _can_be_kept(source, settings):
        return
    kept = {
        "fingerprint": _fingerprint(source, settings),
        "findings": [asdict(one) for one in findings.all],
    }
    # a store that cannot be written is told by whatever needs it; looking at data does not
    with contextlib.suppress(StoreError):
        write_whole(_path(settings), lambda fresh: fresh.write_text(json.dumps(kept), encoding="utf-8"))


def mapped_tables(source: Source, settings: Settings) -> dict[str, Mapped]:
    """Map the tables of a source without looking at any row.

    Parameters
    ----------
    source : Source
        Where the data are.
    settings : Settings
        The project.

    Returns
    -------
    dict of str to Mapped
        By canonical name.

    Raises
    ------
    TableError
        If the project names a table or column that is not there, or a required column is missing.
    """
    mapped = {name: map_table(source, settings, name) for name in CONTRACT}
    return {name: one for name, one in mapped.items() if one is not None}


def _path(settings: Settings) -> Path:
    return settings.store / FOLDER / FILE


def _read(path: Path, expected: str) -> Findings | None:
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if kept["fingerprint"] != expected:
            return None
        return Findings(tuple(Finding(**{**one, "severity": Severity(one["severity"])}) for one in kept["findings"]))
    except (OSError, ValueError, KeyError, TypeError):
        # whatever else stands there is no check of ours
        return None


def _fingerprint(source: Source, settings: Settings) -> str:
    return fingerprint.of_parts(
        [
            fingerprint.of_files(source),
            fingerprint.of_reading(settings),
            fingerprint.of_code("tables", "settings", "moments"),
        ]
    )


def _can_be_kept(source: Source, settings: Settings) -> bool:
    return bool(source.files) and all(
        one.sql is None or _reads_only(one.sql, source.names) for one in settings.tables.values()
    )


def _reads_only(sql: str, names: tuple[str, ...]) -> bool:
    """Say whether a SELECT reads nothing but tables of the source: a file that it names itself may change unseen."""
    import sqlglot
    from sqlglot import exp

    try:
        parsed = sqlglot.parse_one(sql, read="duckdb")
    except sqlglot.ParseError:
        return False
    known = {name.lower() for name in (*names, *(one.alias_or_name for one in parsed.find_all(exp.CTE)))}
    return all(isinstance(one.this, exp.Identifier) and one.name.lower() in known for one in parsed.find_all(exp.Table))
