"""Tuning a project: trees sought for each outcome, and written as a person may put them into the project's YAML."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from uptier.errors import OutcomeError, did_you_mean

if TYPE_CHECKING:
    from uptier.outcomes.outcome import Examples
    from uptier.training.tuning import Tuned
    from uptier.work.material import Material

FOLDER = "tuning"
NOT_OURS = "Outcomes of the project's own are not tuned: trees are set for those of uptier alone."


@dataclass(frozen=True, kw_only=True, eq=False)
class Tuning:
    """What tuning gave.

    Attributes
    ----------
    found : dict of str to Tuned
        By outcome.
    files : dict of str to Path
        By outcome, the best trees as YAML; an outcome for which nothing did better than no tuning has none.
    snippet : str
        What is recommended for the project's YAML; empty where defaults are as good.
    """

    found: dict[str, Tuned]
    files: dict[str, Path]
    snippet: str


def tune(
    material: Material,
    examples: Callable[[], dict[str, Examples]],
    *,
    outcome: str | None,
    trials: int,
    progress: Callable[[str, int, int], None] | None,
) -> Tuning:
    """Seek trees that do better than those which training finds out by itself; the project's YAML stays as it is.

    Parameters
    ----------
    material : Material
        The project's data.
    examples : callable
        Puts signals beside what came of them, by outcome.
    outcome : str or None
        Only for this one; for all by default.
    trials : int
        How many there are to be for each outcome, with those of an earlier call.
    progress : callable or None
        Told ``(what, done, of)``.

    Returns
    -------
    Tuning
        With the files that were written.

    Raises
    ------
    FindingsError
        If the data have errors that the project has not accepted.
    OutcomeError
        If there is no such outcome.
    TrainingError
        If Optuna is not installed.
    StoreError
        If the store or MLflow cannot be written.
    """
    from uptier.model.bundle import BundleSignal
    from uptier.settings import OUTCOMES
    from uptier.training.learning import held_effects
    from uptier.training.store import require_writable
    from uptier.training.training import in_order
    from uptier.training.tuning import Tuned, require_optuna, snippet, tuned

    settings = material.settings
    require_optuna()  # before minutes are spent on signals
    if outcome is not None and outcome not in OUTCOMES and not settings.outcomes.extra:
        raise _unknown(outcome, OUTCOMES)
    require_writable(settings.store)
    findings, _ = material.checked
    findings.require_no_errors(settings.path)
    material.require_usage_until_the_end()
    catalogue_hash = material.catalog.fingerprint(settings.thresholds)
    signals = tuple(BundleSignal(one.name, one.family, one.is_category) for one in material.catalog.signals)
    every = examples()
    if outcome is not None and outcome not in every:
        raise _unknown(outcome, every)
    found = {}
    for name in every if outcome is None else [outcome]:
        if name not in OUTCOMES:
            found[name] = Tuned(outcome=name, why_not=NOT_OURS)
            continue
        found[name] = tuned(
            in_order(every[name]),
            signals,
            settings,
            catalogue_hash=catalogue_hash,
            trials=trials,
            effects=held_effects(name, material.catalog, settings),
            progress=progress,
        )
    if progress is not None:
        progress("Tuned", len(found), len(found))
    files = {name: path for name, one in found.items() if (path := _written(one, settings.store / FOLDER)) is not None}
    return Tuning(found=found, files=files, snippet=snippet([one for one in found.values() if one.recommended]))


def _unknown(name: str, known: Iterable[str]) -> OutcomeError:
    return OutcomeError(f"There is no outcome '{name}'.", do=did_you_mean(name, known))


def _written(one: Tuned, folder: Path) -> Path | None:
    from uptier.store import write_whole
    from uptier.training.tuning import snippet

    path = folder / f"{one.outcome}.yaml"
    if one.best is None:
        path.unlink(missing_ok=True)  # of an earlier search, which knew less
        return None
    low, middle, high = one.gain
    verdict = "better than defaults" if one.recommended else "not better than defaults beyond chance"
    text = (
        f"# {one.trials} trials: {verdict}; log loss {one.default_loss:.5f} without tuning, lower by {middle:.5f} "
        f"({low:.5f} to {high:.5f})\n{snippet([one])}"
    )
    return write_whole(path, lambda fresh: fresh.write_text(text, encoding="utf-8"))
