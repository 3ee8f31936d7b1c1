"""The procedure at every origin: learn from what was known, and ask about what came after.

What is judged is the way of learning, not one model: at each origin it begins anew, search of tree sizes, calibration
and baselines included. The model that is shipped is made in the same way from everything that is known now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from uptier.model.bundle import BundleSignal, encoded
from uptier.training import baselines
from uptier.training.calibrating import calibrated
from uptier.training.fitting import Learnt, Shape, learnt
from uptier.training.shapes import shape_of
from uptier.training.splitting import Origin, account_folds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uptier.model.calibrator import Calibrator
    from uptier.outcomes.outcome import Examples
    from uptier.training_settings import TrainingSettings


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """The rows of one outcome, as the trees read them.

    Attributes
    ----------
    given : Examples
        The rows.
    matrix : ndarray, shape (n, n_signals)
        Their signals, categories as codes.
    names : tuple of str
        The signals.
    codes : list of int
        Which columns hold codes of categories.
    effects : tuple of int
        For each signal 1 or -1 where trees are held to the effect that it declares, 0 elsewhere; empty for none.
    """

    given: Examples
    matrix: NDArray[np.float64]
    names: tuple[str, ...]
    codes: list[int]
    effects: tuple[int, ...] = ()

    @property
    def label(self) -> NDArray[np.int64]:
        """0 or 1, one for each row."""
        return self.given.label.to_numpy(dtype=np.int64)

    @property
    def account(self) -> pd.Series:
        """Account of each row."""
        return self.given.frame["account_id"]


def material_of(
    given: Examples,
    signals: Sequence[BundleSignal],
    categories: Mapping[str, Sequence[str]] | None = None,
    *,
    effects: tuple[int, ...] = (),
) -> Material:
    """Bring the rows of an outcome into the form that the trees read.

    Parameters
    ----------
    given : Examples
        The rows.
    signals : sequence of BundleSignal
        The model's columns.
    categories : mapping of str to sequence of str, optional
        Known values of the category signals; by default those of the rows.
    effects : tuple of int
        Which effects trees are held to, see :class:`Material`.

    Returns
    -------
    Material
        Codes that no fitted row has are as good as missing to the trees, so values may be known from all rows.

    Raises
    ------
    ModelError
        If a signal is missing, or holds what is no number.
    """
    if categories is None:
        categories = {
            one.name: tuple(sorted({str(value) for value in given.frame[one.name].dropna().unique()}))
            for one in signals
            if one.is_category
        }
    return Material(
        given=given,
        matrix=encoded(given.frame, signals, categories),
        names=tuple(one.name for one in signals),
        codes=[place for place, one in enumerate(signals) if one.is_category],
        effects=effects,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Rolled:
    """What the models of all origins say of the rows that came after, pooled; all arrays have one entry for each.

    Attributes
    ----------
    rows : ndarray of int
        Which rows of the examples.
    origin : ndarray of int
        Number of the origin, 0 for the earliest.
    dates : tuple of Timestamp
        The origins.
    unseen : ndarray
        Probability by a model that never saw the account.
    ungrouped : ndarray
        Probability by the model that would be shipped at that origin, which knows most accounts' earlier months.
    base : ndarray
        Rate of the outcome among the rows that were learnt from.
    logistic : ndarray
        Probability by logistic regression, on the same folds as `unseen`.
    utilisation : ndarray
        Share of the seats in use.
    utilisation_signal : str
        Which signal that is; empty where there is none.
    single : ndarray
        The signal that ranked best by itself among what the first origin learnt from.
    single_signal : str
        Which that is; empty where none tells anything.
    trees : tuple of str
        LightGBM's text of the model that would be shipped at each origin that learnt something, earliest first.
    """

    rows: NDArray[np.int64]
    origin: NDArray[np.int64]
    dates: tuple[pd.Timestamp, ...]
    unseen: NDArray[np.float64]
    ungrouped: NDArray[np.float64]
    base: NDArray[np.float64]
    logistic: NDArray[np.float64]
    utilisation: NDArray[np.float64]
    utilisation_signal: str
    single: NDArray[np.float64]
    single_signal: str
    trees: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """What is shipped.

    Attributes
    ----------
    learnt : Learnt
        The trees.
    calibrator : Calibrator or None
        From margin to probability; None where nothing was learnt that holds for accounts that were not seen.
    """

    learnt: Learnt
    calibrator: Calibrator | None


def model_of(
    material: Material,
    rows: NDArray[np.int64],
    test: NDArray[np.int64],
    settings: TrainingSettings,
    shape: Shape | None = None,
) -> tuple[Model, NDArray[np.int64]]:
    """Learn from some rows, out of fold and as a whole, and calibrate.

    Parameters
    ----------
    material : Material
        All rows.
    rows : ndarray of int
        Those to learn from.
    test : ndarray of int
        Those to ask about; may be empty.
    settings : TrainingSettings
        Folds, seed, threads.
    shape : Shape, optional
        Of the trees, where it was chosen before; by default the one that the project sets for the outcome, else sought.

    Returns
    -------
    model : Model
        With the margins of the test rows.
    folds : ndarray of int, shape (n_rows,)
        Account fold of each fitted row.
    """
    label = material.label[rows]
    own = settings.trees.get(material.given.outcome)
    folds = account_folds(material.account.iloc[rows], pd.Series(label), folds=settings.folds, seed=settings.seed)
    made = learnt(
        material.matrix[rows],
        label,
        folds,
        material.matrix[test],
        categories=material.codes,
        settings=settings,
        shape=shape_of(own) if shape is None and own is not None else shape,
        monotone=material.effects or None,
    )
    return Model(learnt=made, calibrator=calibrated(made.out_of_fold, label, method=settings.calibration)), folds


def rolled(material: Material, origins: Sequence[Origin], settings: TrainingSettings) -> Rolled:
    """Ask the models of all origins about the rows that came after.

    Parameters
    ----------
    material : Material
        All rows.
    origins : sequence of Origin
        Each with rows to learn from and rows to ask about.
    settings : TrainingSettings
        Folds, seed, threads.

    Returns
    -------
    Rolled
        Where a model of an origin learnt nothing, its rows get the base rate, as they would if it were shipped.
    """
    first = material.given.frame.iloc[origins[0].fit]
    # sizes of trees are sought once, by the earliest origin: it knows least, so nothing is known too early
    shape, parts, trees = None, [], []
    for origin in origins:
        part, model = _at(material, origin, shape, settings)
        shape = model.learnt.shape
        parts.append(part)
        trees += [] if model.calibrator is None else [model.learnt.trees]
    rows = np.concatenate([origin.test for origin in origins])
    utilisation, signal = baselines.utilisation_score(first, material.given.frame.iloc[rows])
    # one signal for all origins: scores of different signals are on different scales
    single = baselines.best_single(
        material.matrix[origins[0].fit],
        material.label[origins[0].fit],
        material.matrix[rows],
        names=material.names,
        categories=material.codes,
    )
    return Rolled(
        rows=rows,
        origin=np.repeat(np.arange(len(origins)), [len(origin.test) for origin in origins]),
        dates=tuple(origin.date for origin in origins),
        **{name: np.concatenate([part[name] for part in parts]) for name in parts[0]},
        utilisation=utilisation,
        utilisation_signal=signal,
        single=single.score,
        single_signal=single.name,
        trees=tuple(trees),
    )


def _at(
    material: Material, origin: Origin, shape: Shape | None, settings: TrainingSettings
) -> tuple[dict[str, NDArray[np.float64]], Model]:
    label = material.label[origin.fit]
    constant = np.full(len(origin.test), label.mean())
    model, folds = model_of(material, origin.fit, origin.test, settings, shape)
    fit_accounts, test_accounts = material.account.iloc[origin.fit], material.account.iloc[origin.test]
    margins = unseen_scores(model.learnt.fold_test, folds, fit_accounts, test_accounts)
    by_fold = [
        baselines.logistic_probability(
            material.matrix[origin.fit[folds != fold]],
            label[folds != fold],
            material.matrix[origin.test],
            categories=material.codes,
        )
        for fold in range(int(folds.max()) + 1)
    ]
    told = model.calibrator
    return {
        "unseen": constant if told is None else told(margins),
        "ungrouped": constant if told is None else told(model.learnt.whole_test),
        "base": constant,
        "logistic": unseen_scores(np.array(by_fold), folds, fit_accounts, test_accounts),
    }, model


def unseen_scores(
    fold_test: NDArray[np.float64], folds: NDArray[np.int64], fit_accounts: pd.Series, test_accounts: pd.Series
) -> NDArray[np.float64]:
    """Give each test row a score by a model that never saw its account.

    Parameters
    ----------
    fold_test : ndarray, shape (n_folds, n_test)
        Scores of the test rows by each fold's model.
    folds : ndarray of int, shape (n_fit,)
        Account fold of each fit row.
    fit_accounts, test_accounts : Series of str
        Account of each row.

    Returns
    -------
    ndarray, shape (n_test,)
        By the model of the fold that held the account out. Accounts that are in no fold, which no model has seen, are
        dealt to the fold models in turn: their mean would be a better score than any one that ships.
    """
    fold_of = pd.Series(folds, index=fit_accounts.to_numpy())
    fold_of = fold_of[~fold_of.index.duplicated()]
    number, _ = pd.factorize(test_accounts, sort=True)
    fold = test_accounts.map(fold_of).to_numpy(dtype=np.float64, na_value=np.nan)
    fold = np.where(np.isnan(fold), number % len(fold_test), fold).astype(np.int64)
    return np.asarray(fold_test[fold, np.arange(len(fold))])
