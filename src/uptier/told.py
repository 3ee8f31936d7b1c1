"""What the command line tells: each verb's answer as plain data for JSON, and frames and forgetting in words."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.table import Table

from uptier.terminal import plain

if TYPE_CHECKING:
    import pandas as pd

    from uptier.project import Backtest, Framed, Scoring, Training
    from uptier.simulate.world import World
    from uptier.tables.findings import Findings
    from uptier.training.audit import Event
    from uptier.work.forgetting import Forgotten
    from uptier.work.outcomes import OutcomeReport
    from uptier.work.preview import Preview, Reach
    from uptier.work.tuning import Tuning

ROLLUPS = {
    "kept": "The usage is read from its rollup, which is kept.",
    "to be built": "The usage is rolled up first, from its events: that is the longest part.",
    "on the server": "The server reads the usage itself; nothing is created there.",
    "none": "There is no usage.",
}


def framed_words(framed: Framed) -> str:
    """Say where signals were written, and what of them was computed.

    Parameters
    ----------
    framed : Framed
        What computing and writing signals gave.

    Returns
    -------
    str
        One or two sentences on one line.
    """
    told = f"Wrote {len(framed.frame):,} rows of {framed.frame.shape[1] - 2} signals to {framed.path}."
    if framed.written is None:
        return told
    if not framed.written.known["digested"]:
        return f"{told} All was computed: what has changed on a server cannot be told without reading it."
    states = [one.state for one in framed.written.partitions]
    return f"{told} Dates computed: {states.count('built')}, kept as they were: {states.count('kept')}."


def readings_table(preview: Preview) -> Table:
    """Show what computing signals would read.

    Parameters
    ----------
    preview : Preview
        What `uptier signals` would do.

    Returns
    -------
    Table
        One row for each table.
    """
    table = Table(title="What would be read", title_justify="left")
    for heading in ("table", "from", "files", "rows", "bytes", "columns"):
        table.add_column(heading, justify="right" if heading in ("files", "rows", "bytes") else "left", overflow="fold")
    for one in preview.readings:
        counts = (one.files or None, one.rows, one.bytes)
        shown = ("" if count is None else f"{count:,}" for count in counts)
        table.add_row(one.table, plain(one.origin), *shown, plain(", ".join(one.columns)))
    return table


def preview_words(preview: Preview) -> str:
    """Say what computing signals would do.

    Parameters
    ----------
    preview : Preview
        What `uptier signals` would do.

    Returns
    -------
    str
        Lines on the check, the usage, looks, windows, and signals that are not available.
    """
    first, last = preview.dates[0], preview.dates[-1]
    colon = ":" if preview.unavailable else "."
    lines = [
        "The check of the same files is kept."
        if preview.checked
        else "No check of these files is kept: a run begins with one, which reads every table.",
        ROLLUPS[preview.rollup],
        f"{preview.looks:,} looks at accounts, from {len(preview.dates)} dates, {first} to {last}.",
        _stale_words(preview),
        "",
        f"{sum(one.questions for one in preview.reaches)} measures, by what answers them in one pass:",
        *(f"  {one.plan}: {one.questions}, {_reach_words(one)}" for one in preview.reaches),
        "",
        f"{preview.signals} signals, {len(preview.unavailable)} of them not available{colon}",
        *(f"  {name}: lacks {', '.join(lacking)}" for name, lacking in preview.unavailable.items()),
    ]
    return "\n".join(lines)


def forgotten_words(forgotten: Forgotten) -> str:
    """Say what was erased.

    Parameters
    ----------
    forgotten : Forgotten
        What forgetting did.

    Returns
    -------
    str
        One line for each file, and what is left to do. No id stands in it.
    """
    would = "would be " if forgotten.dry_run else ""
    lines = [
        f"{one.file}: {would}{one.what}{f', {one.rows:,} rows fewer' if one.rows else ''}" for one in forgotten.touched
    ]
    if not lines:
        lines = ["Nothing in the store names them."]
    for destination, keys in forgotten.elsewhere.items():
        rows = "1 row" if len(keys) == 1 else f"{len(keys):,} rows"
        lines.append(f"The destination {destination} still holds {rows}: delete them there; --json gives their keys.")
    if forgotten.dry_run:
        lines.append("Nothing was done: leave out --dry-run to do it.")
    else:
        lines.append("They are left out of every later run, while the source has them: erase them there too.")
    return "\n".join(lines)


def as_data(answer: object) -> object:
    """Give a verb's answer as plain data, for its JSON document.

    Parameters
    ----------
    answer : object
        What a verb gave, or a dictionary of such.

    Returns
    -------
    object
        Dictionaries and lists; what is no answer of a verb as it is.
    """
    if isinstance(answer, dict):
        return {name: as_data(one) for name, one in answer.items()}
    if isinstance(answer, list):
        return [as_data(one) for one in answer]
    # by name: to look at the classes themselves would import all that they are made of
    way = _WAYS.get(type(answer).__name__)
    return answer if way is None else way(answer)


def _world(world: World) -> dict[str, Any]:
    return {
        "folder": str(world.folder),
        "preset": world.preset,
        "seed": world.seed,
        "accounts": world.parameters.accounts,
        "months": world.parameters.months,
        "first_day": world.first_day,
        "data_until": world.data_until,
        "rows": dict(world.rows),
    }


def _findings(findings: Findings) -> dict[str, Any]:
    return {
        "errors": len(findings.errors),
        "warnings": len(findings.warnings),
        "findings": [asdict(one) for one in findings.all],
    }


def _framed(framed: Framed) -> dict[str, Any]:
    told = {"rows": len(framed.frame), "signals": framed.frame.shape[1] - 2, "frame": str(framed.path)}
    if framed.written is None:
        return told
    parts = [{"as_of": one.as_of, "rows": one.rows, "state": one.state} for one in framed.written.partitions]
    return {**told, "manifest": str(framed.written.manifest), "partitions": parts}


def _preview(preview: Preview) -> dict[str, Any]:
    return {**asdict(preview), "sql": [{"name": name, "sql": sql} for name, sql in preview.sql]}


def _forgotten(forgotten: Forgotten) -> dict[str, Any]:
    return asdict(forgotten)


def _training(training: Training) -> dict[str, Any]:
    registered = training.registered
    return {
        "run_id": registered.run_id,
        "registered": {"name": registered.name, "version": registered.version, "alias": registered.alias},
        "refused_because": list(training.trained.refused_because),
        "heads": {outcome: made.as_json() for outcome, made in training.trained.judgements.items()},
        "seconds": training.seconds,
    }


def _outcomes(report: OutcomeReport) -> dict[str, Any]:
    def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
        return [{str(name): told(value) for name, value in row.items()} for row in frame.to_dict("records")]

    def told(value: Any) -> Any:
        return None if isinstance(value, float) and math.isnan(value) else value

    return {
        "removed": rows(report.removed.reset_index()),
        "not_counted": rows(report.not_counted),
        "changes_not_counted": report.changes_not_counted,
        "win_rates": rows(report.win_rates),
    }


def _event(event: Event) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(event.text)
    return told


def _backtest(found: Backtest) -> dict[str, Any]:
    return {"folder": str(found.folder), "heads": {outcome: one.as_json() for outcome, one in found.found.items()}}


def _tuning(tuning: Tuning) -> dict[str, Any]:
    return {
        "heads": {outcome: one.as_json() for outcome, one in tuning.found.items()},
        "files": {outcome: str(path) for outcome, path in tuning.files.items()},
        "snippet": tuning.snippet,
    }


def _scoring(scoring: Scoring) -> dict[str, Any]:
    written = scoring.written
    return {
        "as_of": scoring.as_of,
        "rows": written.rows,
        "scorecard": str(written.parquet),
        "manifest": str(written.manifest),
        "model_version": scoring.version,
        "learnt_until": scoring.learnt_until,
        "fallback": written.fallback,
    }


def _stale_words(preview: Preview) -> str:
    if preview.stale is None:
        return "Which dates would be computed is known only once the usage is rolled up."
    kept = len(preview.dates) - len(preview.stale)
    if not preview.stale:
        return "Nothing would be computed: no date sees anything else than when it was written."
    dates = ", ".join(map(str, preview.stale))
    return f"Dates kept as they are: {kept}. Computed, in one pass: {len(preview.stale)} ({dates})."


def _reach_words(one: Reach) -> str:
    parts = [f"{one.days} days back"] if one.days else []
    parts += [f"{one.periods} billing periods back"] if one.periods else []
    parts += ["all that is known"] if one.ever else []
    return ", ".join(parts)


_WAYS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "World": _world,
    "Findings": _findings,
    "Framed": _framed,
    "Preview": _preview,
    "Forgotten": _forgotten,
    "OutcomeReport": _outcomes,
    "Training": _training,
    "Backtest": _backtest,
    "Tuning": _tuning,
    "Event": _event,
    "Scoring": _scoring,
}
