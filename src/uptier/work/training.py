"""Learning, judging and registering a model, with the time that each phase took."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from uptier.errors import ModelError
from uptier.work.results import Training

if TYPE_CHECKING:
    from uptier.outcomes.outcome import Examples
    from uptier.training.card import Evidence
    from uptier.training.champion import Champion
    from uptier.training.known_at_audit import Difference
    from uptier.training.training import Trained
    from uptier.work.material import Material


def train(
    material: Material, examples: Callable[[], dict[str, Examples]], progress: Callable[[str, int, int], None] | None
) -> Training:
    """Learn, judge and register a model.

    Parameters
    ----------
    material : Material
        The project's data.
    examples : callable
        Puts signals beside what came of them, by outcome.
    progress : callable or None
        Told ``(what, done, of)``.

    Returns
    -------
    Training
        Whether it was promoted stands in ``trained.refused_because``.

    Raises
    ------
    FindingsError
        If the data have errors that the project has not accepted.
    TrainingError
        If there is nothing to learn from.
    """
    from uptier.outcomes.upsell import median_gains
    from uptier.training.store import require_writable
    from uptier.training.tracking import log_and_register
    from uptier.training.training import train as learn

    settings = material.settings
    require_writable(settings.store)
    clock = _Clock()
    findings, _ = material.checked
    findings.require_no_errors(settings.path)
    material.require_usage_until_the_end()
    clock.lap("check")
    seen = examples()
    clock.lap("signals")
    trained = learn(
        seen,
        material.catalog,
        settings,
        gains=median_gains(material.changes),
        data_hashes=material.data_hashes(),
        warnings=[f"{one.code} in {one.table}: {one.message}" for one in findings.warnings if one.accepted],
        champion=_champion(material),
        differing=lambda: _audited(material, seen, progress),
        progress=progress,
    )
    if progress is not None:
        progress("Writing to MLflow", 0, 0)
    clock.lap("train")
    registered = log_and_register(trained, settings, evidence=_evidence(trained, seen, material))
    clock.lap("register")
    seconds = {name: clock.laps[name] for name in ("check", "signals")} | trained.seconds
    return Training(trained, registered, {**seconds, "register": clock.laps["register"]})


def audited(material: Material, seen: Mapping[str, Examples]) -> tuple[Difference, ...]:
    """Form signals of some looks again, over tables from which all that was known later is gone.

    Parameters
    ----------
    material : Material
        The project's data.
    seen : mapping of str to Examples
        What is learnt from.

    Returns
    -------
    tuple of Difference
        Signals whose values are others: they see what was not known yet.
    """
    import pandas as pd

    from uptier.tables.forgotten import read_list, without_forgotten
    from uptier.training.known_at_audit import differences, formed_again, looks_again

    frame = pd.concat([one.frame for one in seen.values()]).drop_duplicates(["account_id", "as_of"])
    if frame.empty:
        return ()
    mapped, listed = material.checked[1], read_list(material.settings.store)
    if listed is not None:
        mapped, _ = without_forgotten(mapped, listed)
    looks = looks_again(frame, seed=material.settings.training.seed)
    again = formed_again(
        looks, mapped, material.source, material.settings, material.catalog, repeated=material.repeated
    )
    return differences(frame, again)


def _audited(
    material: Material, seen: Mapping[str, Examples], progress: Callable[[str, int, int], None] | None
) -> tuple[Difference, ...]:
    if progress is not None:
        progress("Auditing what was known when", 0, 0)
    return audited(material, seen)


def _evidence(trained: Trained, seen: Mapping[str, Examples], material: Material) -> Evidence:
    from dataclasses import asdict

    from uptier.outcomes.report import removed
    from uptier.training.card import Evidence
    from uptier.training.known_at_audit import not_auditable

    made = trained.judgements.values()
    return Evidence(
        alarms=tuple(alarm.told() for one in made for alarm in one.alarms),
        accepted_alarms=tuple(
            f"{alarm.told()} Accepted: {accepting.reason}" for one in made for alarm, accepting in one.accepted_alarms
        ),
        removed=tuple(_flat(asdict(removed(one))) for one in seen.values()),
        not_auditable=not_auditable(material.tables),
    )


def _flat(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Counts within counts as text, so that each is a cell of a table."""
    told = {}
    for name, value in counts.items():
        told[name] = ", ".join(f"{key} {count:,}" for key, count in value.items()) if isinstance(value, dict) else value
    return told


def _champion(material: Material) -> Champion | None:
    from uptier.training.champion import Champion

    try:
        bundle, version, _ = material.champion()
    except ModelError:
        return None  # damaged, or written by a version that this one does not read: it is to be replaced
    return None if bundle is None or version is None else Champion(bundle=bundle, version=version)


class _Clock:
    """Tells how long each phase took."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, phase: str) -> None:
        now = time.perf_counter()
        self.laps[phase], self._since = now - self._since, now
