"""Tuning: Optuna seeks the trees of one outcome inside what was known before the months of the test; nothing ships.

What is tried is the way of learning, at rolling origins of their own within the first fit slice, and judged by the log
loss for accounts that no model had seen. The months on which heads are tested are never looked at. The first trial is
what training does without tuning. Each trial draws by its own number, so a search that was killed goes on as if it had
not been.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from uptier.errors import TrainingError
from uptier.outcomes.outcome import WORDS
from uptier.training.judging import Interval, plain
from uptier.training.pooling import counted
from uptier.training.resampling import drawn_accounts
from uptier.training.rolled import material_of
from uptier.training.splitting import Origin, origins_of
from uptier.training.trials import DEFAULTS, RUN, Inside, finished, opened, queued, settings_of, tidied, trees_of, tried
from uptier.training.tuned_runs import run_ended, search_began
from uptier.training_settings import TrainingSettings, TreeSettings

if TYPE_CHECKING:
    import optuna
    from numpy.typing import NDArray

    from uptier.model.bundle import BundleSignal
    from uptier.outcomes.outcome import Examples
    from uptier.settings import Settings

    Progress = Callable[[str, int, int], None]

DATABASE = "tuning.db"
TRIALS = 30
SHARE = 0.4  # of the as-of dates of the fit slice, the latest ones, on which trees are judged
ORIGINS = 3
CONFIDENCE = 0.95
DIGEST_DIGITS = 12


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """What tuning found out about one outcome.

    Attributes
    ----------
    outcome : str
        Which.
    trials : int
        How many sets of trees were tried, what training does by itself among them.
    pruned : int
        How many of these were given up after the first origins.
    rows : int
        On which they were judged.
    best : TreeSettings or None
        The trees with the lowest loss; None where nothing that was tried did better than no tuning.
    default_loss, best_loss : float
        Log loss for accounts that no model had seen, nats; NaN where nothing was tried.
    gain : tuple of float
        By how much the loss of the best lies below that without tuning: low, figure, high, nats. The 95 % interval is
        over accounts drawn with replacement, and widened for as many trials as there were (Bonferroni): the best of
        many looks better than it is.
    run_id : str
        Run of the search in MLflow; empty where nothing was tried.
    why_not : str
        Why there was no search; empty where there was.
    """

    outcome: str
    trials: int = 0
    pruned: int = 0
    rows: int = 0
    best: TreeSettings | None = None
    default_loss: float = float("nan")
    best_loss: float = float("nan")
    gain: Interval = (0.0, 0.0, 0.0)
    run_id: str = ""
    why_not: str = ""

    @property
    def recommended(self) -> bool:
        """Whether the best trees are better than no tuning by more than chance."""
        return self.best is not None and self.gain[0] > 0

    def as_json(self) -> dict[str, Any]:
        """Give it in plain JSON types.

        Returns
        -------
        dict
            By name; `best` as it stands in the YAML.
        """
        told = {name: getattr(self, name) for name in (one.name for one in dataclasses.fields(self))}
        best = None if self.best is None else self.best.model_dump(mode="json")
        return {**{name: plain(value) for name, value in told.items()}, "best": best, "recommended": self.recommended}


def tuned(
    given: Examples,
    signals: tuple[BundleSignal, ...],
    settings: Settings,
    *,
    catalogue_hash: str,
    trials: int = TRIALS,
    effects: tuple[int, ...] = (),
    progress: Progress | None = None,
) -> Tuned:
    """Seek the trees of one outcome.

    Parameters
    ----------
    given : Examples
        Labelled rows, ordered by date and account.
    signals : tuple of BundleSignal
        The model's columns.
    settings : Settings
        The project; trees that it sets for the outcome are tried too.
    catalogue_hash : str
        Fingerprint of the signals: others begin a new search.
    trials : int
        How many there are to be in all, with those of an earlier call.
    effects : tuple of int
        For each signal 1 or -1 where trees are held to the effect that it declares, 0 elsewhere; empty for none.
    progress : callable, optional
        Told ``(what, done, of)`` as it goes.

    Returns
    -------
    Tuned
        The same input gives the same trials, killed in between or not.

    Raises
    ------
    TrainingError
        If Optuna is not installed.
    StoreError
        If the database of the search or MLflow cannot be written.
    """
    require_optuna()
    # what is sought is not to depend on what was found before
    knobs = settings.training.model_copy(update={"trees": {}})
    known = before_the_test(given, knobs)
    origins = origins_of(known, test_share=SHARE, origins=ORIGINS)
    why = _too_few(known, origins, knobs)
    if why:
        return Tuned(outcome=given.outcome, why_not=why)
    inside = Inside(material=material_of(known, signals, effects=effects), origins=origins, knobs=knobs)
    name = f"{given.outcome}-{catalogue_hash}-{_digest(inside)}"
    with opened(settings.store / DATABASE, name) as study:
        parent = search_began(
            settings,
            given.outcome,
            known=study.user_attrs.get(RUN),
            parameters={"outcome": given.outcome, "catalogue_hash": catalogue_hash, "rows": len(inside.rows)},
            study=name,
        )
        study.set_user_attr(RUN, parent)
        tidied(study, settings)
        own = settings.training.trees.get(given.outcome)
        queued(study, inside, own)
        for number in range(len(finished(study)), trials):
            if progress:
                progress(f"Tuning {given.outcome}", number, trials)
            tried(study, inside, settings, parent=parent, seed=knobs.seed + number)
        made = dataclasses.replace(_found(study, inside), run_id=parent)
        run_ended(
            settings,
            parent,
            metrics={
                "trials": made.trials,
                "default_log_loss": made.default_loss,
                "best_log_loss": made.best_loss,
                **dict(zip(("gain_low", "gain", "gain_high"), made.gain, strict=True)),
            },
            tags={"recommended": str(made.recommended).lower(), "mlflow.note.content": _note(made)},
        )
    return made


def require_optuna() -> None:
    """See that Optuna is installed, and keep it quiet.

    Raises
    ------
    TrainingError
        If it is not.
    """
    try:
        import optuna
    except ImportError as error:
        raise TrainingError(
            "Tuning needs Optuna, which is not installed.", do="Run: pip install 'uptier[tune]'"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def before_the_test(given: Examples, knobs: TrainingSettings) -> Examples:
    """Leave only what was known at the first origin of the test: all that tuning may look at.

    Parameters
    ----------
    given : Examples
        All rows.
    knobs : TrainingSettings
        How the test is cut.

    Returns
    -------
    Examples
        The first fit slice.
    """
    outer = origins_of(given, test_share=knobs.test_share, origins=knobs.origins)
    rows = outer[0].fit if outer else np.empty(0, dtype=np.int64)
    beside = ("label", "known_at", "event_at", *(word for word in WORDS if len(getattr(given, word))))
    parts = {name: getattr(given, name).iloc[rows].reset_index(drop=True) for name in beside}
    return dataclasses.replace(given, frame=given.frame.iloc[rows].reset_index(drop=True), **parts)


def snippet(found: list[Tuned]) -> str:
    """Write the best trees as they stand in a project's YAML.

    Parameters
    ----------
    found : list of Tuned
        Of one or more outcomes.

    Returns
    -------
    str
        YAML; empty where none has any.
    """
    lines = []
    for one in found:
        if one.best is not None:
            knobs = ", ".join(f"{name}: {value}" for name, value in one.best.model_dump(exclude_none=True).items())
            lines.append(f"    {one.outcome}: {{{knobs}}}\n")
    return "".join(["training:\n", "  trees:\n", *lines]) if lines else ""


# -------------------------------------------------------------------------------------------------------------------


def _too_few(given: Examples, origins: tuple[Origin, ...], knobs: TrainingSettings) -> str:
    none = np.empty(0, dtype=np.int64)
    fit = counted(given, origins[0].fit if origins else none).positive_accounts
    test = counted(given, np.concatenate([one.test for one in origins]) if origins else none).positive_accounts
    if fit >= knobs.min_fit_positives and test >= knobs.min_test_positives:
        return ""
    return (
        f"Too few cases to tell trees apart before the months of the test: {fit:,} accounts to learn from "
        f"({knobs.min_fit_positives} are needed), {test:,} to judge by ({knobs.min_test_positives} are needed). "
        f"Defaults stay."
    )


def _digest(inside: Inside) -> str:
    # of what decides a loss, beside the signals; values of signals are left out, since sums on a server may differ in
    # their last digit from one day to the next
    named = inside.knobs.model_dump_json(include={"seed", "folds", "calibration", "monotone"})
    dates = [origin.date.isoformat() for origin in inside.origins]
    given = inside.material.given
    rows = given.frame[["account_id", "as_of"]].assign(label=given.label, known_at=given.known_at)
    digest = hashlib.sha256(f"{named} {dates}".encode())
    digest.update(pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes())
    return digest.hexdigest()[:DIGEST_DIGITS]


def _found(study: optuna.Study, inside: Inside) -> Tuned:
    from optuna.trial import TrialState

    ended = finished(study)
    whole = [trial for trial in ended if trial.state == TrialState.COMPLETE]
    defaults = next(trial for trial in whole if trial.user_attrs.get(DEFAULTS))
    best = min(whole, key=lambda trial: (trial.value, trial.number))
    made = Tuned(
        outcome=inside.material.given.outcome,
        trials=len(ended),
        pruned=len(ended) - len(whole),
        rows=len(inside.rows),
        default_loss=float(defaults.value or 0),
        best_loss=float(best.value or 0),
    )
    if best.number == defaults.number:
        return made
    lost, kept = (np.concatenate([*inside.losses(trees_of(study, trial)[0])]) for trial in (defaults, best))
    return dataclasses.replace(made, best=settings_of(best), gain=_gain(lost - kept, inside, others=len(ended) - 1))


def _note(made: Tuned) -> str:
    if made.best is None:
        return "Nothing that was tried did better than no tuning."
    verdict = "Better than no tuning." if made.recommended else "No better than no tuning, beyond chance."
    return f"{verdict}\n```\n{snippet([made])}```"


def _gain(less: NDArray[np.float64], inside: Inside, *, others: int) -> Interval:
    account = inside.material.account.iloc[inside.rows].to_numpy(dtype=object)
    draws = drawn_accounts(account, draws=inside.knobs.bootstraps, seed=inside.knobs.seed)
    gained, rows = draws.totals(less, np.ones(len(less)))
    middle = float(gained[0] / rows[0])
    error = float((gained[1:] / rows[1:]).std(ddof=1))
    # so far out that a few hundred draws do not reach it: by the normal curve
    half = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / 2 / max(1, others)) * error
    return middle - half, middle, middle + half
