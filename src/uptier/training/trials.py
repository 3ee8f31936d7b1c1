"""The trials of a search for trees: Optuna's study, what is asked of it, and how a set of trees is judged.

Each trial is drawn by a seed of its own number, so a search that was killed goes on as if it had not been.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from uptier.errors import StoreError
from uptier.training.resampling import SMALLEST
from uptier.training.rolled import Material, model_of, unseen_scores
from uptier.training.shapes import Shape, parameters, shape_of
from uptier.training.splitting import Origin
from uptier.training.tuned_runs import run_ended, trial_began
from uptier.training_settings import TrainingSettings, TreeSettings

if TYPE_CHECKING:
    import optuna
    from numpy.typing import NDArray
    from optuna.trial import FrozenTrial

    from uptier.settings import Settings

STARTUP = 10  # trials drawn at random, before any tells where to look
UNPRUNED = 6  # trials before any is given up early: a median of fewer says little
DEEPEST = 5
MOST_LEAVES = 31
RATES = (0.02, 0.6)
L2 = (1.0, 100.0)
FEATURES = (0.3, 1.0)
ROWS_IN_LEAF = (10, 200)

DEFAULTS, OWN, RUN, SHAPE = "defaults", "own", "mlflow_run", "shape"  # what the database is told beside the trials


@dataclass(frozen=True, kw_only=True, eq=False)
class Inside:
    """The rows that tuning may look at, and how trees are judged on them.

    Attributes
    ----------
    material : Material
        What was known before the test.
    origins : tuple of Origin
        Where the way of learning is asked.
    knobs : TrainingSettings
        Without trees that are set.
    """

    material: Material
    origins: tuple[Origin, ...]
    knobs: TrainingSettings

    @property
    def rows(self) -> NDArray[np.int64]:
        """Rows that are judged by, origin by origin."""
        return np.concatenate([origin.test for origin in self.origins])

    def losses(self, shape: Shape) -> Iterator[NDArray[np.float64]]:
        """Grow trees at each origin, and ask them about accounts that they never saw.

        Parameters
        ----------
        shape : Shape
            Of the trees.

        Yields
        ------
        ndarray, shape (n_test,)
            Log loss of each row of an origin, nats; that of the base rate where nothing was learnt.
        """
        for origin in self.origins:
            label = self.material.label
            model, folds = model_of(self.material, origin.fit, origin.test, self.knobs, shape)
            told = np.full(len(origin.test), label[origin.fit].mean())
            if model.calibrator is not None:
                account = self.material.account
                margins = unseen_scores(
                    model.learnt.fold_test, folds, account.iloc[origin.fit], account.iloc[origin.test]
                )
                told = model.calibrator(margins)
            kept = np.clip(told, SMALLEST, 1 - SMALLEST)
            yield -np.where(label[origin.test] == 1, np.log(kept), np.log1p(-kept))

    def sought(self) -> Shape:
        """Give what training would take by itself at the earliest of these origins.

        Returns
        -------
        Shape
            What the search inside training chose.
        """
        first = self.origins[0]
        model, _ = model_of(self.material, first.fit, first.test[:0], self.knobs)
        return model.learnt.shape


@contextlib.contextmanager
def opened(database: Path, name: str) -> Iterator[optuna.Study]:
    """Open a study, which goes on where it was left.

    Parameters
    ----------
    database : Path
        A SQLite file, made where there is none.
    name : str
        Of the study.

    Yields
    ------
    Study
        That seeks the lowest loss.

    Raises
    ------
    StoreError
        If the database cannot be read or written.
    """
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        storage = optuna.storages.RDBStorage(f"sqlite:///{database.absolute()}")
        try:
            yield optuna.create_study(
                storage=storage,
                study_name=name,
                pruner=optuna.pruners.MedianPruner(n_startup_trials=UNPRUNED),
                direction="minimize",
                load_if_exists=True,
            )
        finally:
            storage.engine.dispose()
    except (optuna.exceptions.StorageInternalError, SQLAlchemyError, OSError) as error:
        raise StoreError(
            f"The database of tuning {database} cannot be read or written.",
            found=type(error).__name__,
            do="Check the rights to that folder and the space left on its disk. If the file is damaged, move it away: "
            "the next tuning begins a new one.",
        ) from error


def finished(study: optuna.Study) -> list[FrozenTrial]:
    """Give the trials that came to an end.

    Parameters
    ----------
    study : Study
        The study.

    Returns
    -------
    list of FrozenTrial
        Those that were given up early too; not those that were killed.
    """
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def tidied(study: optuna.Study, settings: Settings) -> None:
    """End the trials that a killed search left behind; they are drawn again.

    Parameters
    ----------
    study : Study
        The study; nobody else may be at it.
    settings : Settings
        The project, in whose MLflow their runs are ended too.
    """
    from optuna.trial import TrialState

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        if RUN in trial.user_attrs:
            run_ended(settings, trial.user_attrs[RUN], metrics={}, status="KILLED")


def queued(study: optuna.Study, inside: Inside, own: TreeSettings | None) -> None:
    """Have what training does by itself tried first, and then what the project has.

    Parameters
    ----------
    study : Study
        The study.
    inside : Inside
        The rows.
    own : TreeSettings or None
        What the project sets.
    """
    from optuna.trial import TrialState

    if SHAPE not in study.user_attrs:
        study.set_user_attr(SHAPE, dataclasses.asdict(inside.sought()))
    there = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED, TrialState.WAITING))
    if not any(trial.user_attrs.get(DEFAULTS) for trial in there):
        study.enqueue_trial(_near(Shape(**study.user_attrs[SHAPE]), inside), user_attrs={DEFAULTS: True})
    if own is not None and not any(trial.user_attrs.get(OWN) == own.model_dump_json() for trial in there):
        study.enqueue_trial(_near(shape_of(own), inside), user_attrs={OWN: own.model_dump_json()})


def tried(study: optuna.Study, inside: Inside, settings: Settings, *, parent: str, seed: int) -> None:
    """Draw trees, judge them, and write that down.

    Parameters
    ----------
    study : Study
        The study, which is told the pooled loss.
    inside : Inside
        The rows.
    settings : Settings
        The project, in whose MLflow the trial is a run.
    parent : str
        Run of the search.
    seed : int
        Of this trial's draw.
    """
    import optuna
    from optuna.trial import TrialState

    study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP)
    trial = study.ask()
    _asked(trial)
    shape, told = trees_of(study, trial)
    run_id = trial_began(settings, parent, number=trial.number, parameters=told)
    trial.set_user_attr(RUN, run_id)
    began, lost, rows, pruned = time.perf_counter(), 0.0, 0, False
    for step, losses in enumerate(inside.losses(shape)):
        lost, rows = lost + float(losses.sum()), rows + len(losses)
        trial.report(lost / rows, step)
        pruned = step + 1 < len(inside.origins) and trial.should_prune()
        if pruned:
            break
    # Optuna is told last: what is killed before that is tried again
    run_ended(
        settings,
        run_id,
        metrics={"log_loss": lost / rows, "seconds": time.perf_counter() - began, "origins": step + 1},
        tags={"pruned": str(pruned).lower()},
    )
    if pruned:
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, lost / rows)


def trees_of(study: optuna.Study, trial: optuna.Trial | FrozenTrial) -> tuple[Shape, dict[str, object]]:
    """Give the trees of a trial, and what is told of them.

    Parameters
    ----------
    study : Study
        The study.
    trial : Trial or FrozenTrial
        One of its trials.

    Returns
    -------
    shape : Shape
        The trees.
    told : dict of str to object
        What MLflow is told.
    """
    if trial.user_attrs.get(DEFAULTS):
        shape = Shape(**study.user_attrs[SHAPE])
        return shape, {"trees": "defaults", "depth": shape.depth, "leaves": shape.leaves, "rate": shape.rate}
    made = settings_of(trial)
    return shape_of(made), {"trees": "own" if OWN in trial.user_attrs else "drawn", **made.model_dump()}


def settings_of(trial: optuna.Trial | FrozenTrial) -> TreeSettings:
    """Give the trees of a trial as they stand in a project's YAML.

    Parameters
    ----------
    trial : Trial or FrozenTrial
        Any but that of the defaults, which stand in no YAML.

    Returns
    -------
    TreeSettings
        What was tried.
    """
    if OWN in trial.user_attrs:
        return TreeSettings.model_validate_json(trial.user_attrs[OWN])
    drawn: dict[str, Any] = trial.params
    leaves = min(drawn["leaves"], 2 ** drawn["depth"])
    # rounded before they are tried: what is tried is what is printed
    return TreeSettings(
        depth=min(drawn["depth"], leaves - 1),  # no tree of so few leaves is deeper
        leaves=leaves,
        rate=round(drawn["rate"], 3),
        l2=round(drawn["l2"], 1),
        features=round(drawn["features"], 2),
        rows_in_leaf=drawn["rows_in_leaf"],
    )


def _near(shape: Shape, inside: Inside) -> dict[str, Any]:
    # as near as the space has it, from which Optuna learns; it is tried as it is
    chosen = parameters(shape, n=len(inside.origins[0].fit), settings=inside.knobs)
    return {
        "depth": min(shape.depth, DEEPEST),
        "leaves": min(shape.leaves, MOST_LEAVES),
        "rate": float(np.clip(shape.rate, *RATES)),
        "l2": float(np.clip(chosen["lambda_l2"], *L2)),
        "features": float(np.clip(chosen["feature_fraction"], *FEATURES)),
        "rows_in_leaf": int(np.clip(chosen["min_data_in_leaf"], *ROWS_IN_LEAF)),
    }


def _asked(trial: optuna.Trial) -> None:
    trial.suggest_int("depth", 1, DEEPEST)
    trial.suggest_int("leaves", 2, MOST_LEAVES)
    trial.suggest_float("rate", *RATES, log=True)
    trial.suggest_float("l2", *L2, log=True)
    trial.suggest_float("features", *FEATURES)
    trial.suggest_int("rows_in_leaf", *ROWS_IN_LEAF, log=True)
