"""Learning, judging and registering a model, with the time that each phase took."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from uptier.work.results import Training

if TYPE_CHECKING:
    from uptier.outcomes.outcome import Examples
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
        progress=progress,
    )
    if progress is not None:
        progress("Writing to MLflow", 0, 0)
    clock.lap("train")
    registered = log_and_register(trained, settings)
    clock.lap("register")
    seconds = {"check": clock.laps["check"], "signals": clock.laps["signals"], **trained.seconds}
    return Training(trained, registered, {**seconds, "register": clock.laps["register"]})


class _Clock:
    """Tells how long each phase took."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, phase: str) -> None:
        now = time.perf_counter()
        self.laps[phase], self._since = now - self._since, now
