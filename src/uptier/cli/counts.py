"""What a log tells of what a verb gave: whole numbers, and names that the project's own YAML or models have.

No value of a row can pass: of what is not known here only whole numbers and lengths are taken, by the names that the
code gives them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

Counts = dict[str, "int | Counts"]


def counts_of(given: object) -> Counts:
    """Count what a verb gave.

    Parameters
    ----------
    given : object
        What it gave: a dataclass; anything else has no counts.

    Returns
    -------
    dict
        Names to whole numbers, or to such a dict: of each destination, say. Of a dataclass without a way of its own,
        the fields that are whole numbers, and the lengths of those that are tuples, lists or frames; of a tuple with a
        part for each destination or source, the same of each.
    """
    if not is_dataclass(given) or isinstance(given, type):
        return {}
    return _WAYS.get(type(given).__name__, _numbers)(given)


def facts_of(given: object) -> dict[str, str]:
    """Give what else a log tells of it.

    Parameters
    ----------
    given : object
        What a verb gave.

    Returns
    -------
    dict of str to str
        ``as_of``, ISO; ``run``, id of a delivery; ``model_version``, that scored; ``trained_version``, that a training
        registered, whether it scores or not: those that it has.
    """
    if not is_dataclass(given) or isinstance(given, type):
        return {}
    told = {}
    as_of, run = getattr(given, "as_of", None), getattr(given, "run", None)
    scored, trained = getattr(given, "version", None), getattr(getattr(given, "registered", None), "version", None)
    if isinstance(as_of, dt.date):
        told["as_of"] = as_of.isoformat()
    for name, value in (("run", run), ("model_version", scored), ("trained_version", trained)):
        if isinstance(value, str):
            told[name] = value
    return told


def _numbers(given: Any) -> Counts:
    counts: Counts = {}
    for field in fields(given):
        value = getattr(given, field.name)
        if isinstance(value, int) and not isinstance(value, bool):
            counts[field.name] = value
        elif isinstance(value, tuple | list):
            counts[field.name] = _by_place(value) or len(value)
        elif type(value).__name__ == "DataFrame":
            counts[field.name] = len(value)
    return counts


def _by_place(given: tuple[Any, ...] | list[Any]) -> Counts:
    """Count what was given for each destination or source; only what is called so has a name that the YAML gave."""
    named = {getattr(one, "destination", getattr(one, "source", None)): one for one in given if is_dataclass(one)}
    return {name: _numbers(one) for name, one in named.items() if isinstance(name, str)}


def _findings(findings: Any) -> Counts:
    return {"errors": len(findings.errors), "warnings": len(findings.warnings)}


def _framed(framed: Any) -> Counts:
    return {"rows": len(framed.frame), "signals": framed.frame.shape[1] - 2}


def _training(training: Any) -> Counts:
    heads = training.trained.judgements.values()
    return {"heads": len(heads), "heads_passed": sum(bool(one.passed) for one in heads)}


def _scoring(scoring: Any) -> Counts:
    counts: Counts = {"accounts": len(scoring.scorecard), "by_rules": int(scoring.written.fallback)}
    if scoring.worklist is not None:
        counts["worklist"] = len(scoring.worklist)
        counts["on_lists"] = int(scoring.worklist["rank"].notna().sum())
    return counts


def _delivery(done: Any) -> Counts:
    return {
        "rows": done.rows,
        "breakers_forced": len(done.findings),
        "webhook_failed": int(done.webhook is not None),
        "destinations": _by_place(done.delivered),
    }


def _forgotten(forgotten: Any) -> Counts:
    return {"files": len(forgotten.touched), "rows": sum(one.rows for one in forgotten.touched)}


def _world(world: Any) -> Counts:
    return {"tables": len(world.rows), "rows": sum(world.rows.values())}


_WAYS: dict[str, Callable[[Any], Counts]] = {
    "Findings": _findings,
    "Framed": _framed,
    "Training": _training,
    "Scoring": _scoring,
    "Delivery": _delivery,
    "Forgotten": _forgotten,
    "World": _world,
}
