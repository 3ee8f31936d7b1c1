"""Learning one head with LightGBM: a bag of small, strongly regularised models, stopped early on unseen accounts.

Each account fold is held out from one model; all have as many rounds as what they say of the held-out accounts, taken
together, gains by. The mean of them is what ships: it ranks better than one model learnt on everything, most of
all where there is little to learn from, and no tree is grown for measuring alone. Only where much more is to be learnt
than the few trees of a bag can hold is it one large model instead, as long as the held-out accounts gain by it.

How deep the trees are is chosen by the log loss on the held-out accounts too: where signals only add up, single splits
rank about as well as logistic regression does, and deeper trees worse (seen in simulation: 0.01 of AUC).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from uptier.training.bags import averaged
from uptier.training.shapes import RICH, STUMPS, Shape, parameters, shapes

if TYPE_CHECKING:
    import lightgbm
    from numpy.typing import NDArray

    from uptier.training_settings import TrainingSettings

__all__ = ["Learnt", "Shape", "learnt", "normalised"]

MOST_TREES = 200  # of all models of a bag together: what a head costs to explain
MOST_ROUNDS = 600  # of a model that is no bag
PATIENCE_ROUNDS = 30  # of large models, without gain on the held-out accounts, after which they stop
ALIKE = 0.001  # of the log loss: what a trial cannot tell apart
NEARLY = 10  # rounds before its last in which a bag must have stopped gaining for its rounds to have sufficed
GAIN = 1e-9  # log loss below which a gain is rounding
TRIAL_ROWS = 30_000  # on which shapes are compared where there are more
TRIAL_FOLDS = 2  # and in how many folds there
WORTH = 0.005  # of the log loss: about what averaging gains, which one large model forgoes
TWO_FOLDS_ROWS = 100_000  # from here on, half of the rows are enough to find out how many rounds one model needs
HURRY = 2.0  # how much faster a bag learns whose rounds do not suffice
SPREAD_ROWS = 20_000  # on which the models of a bag are compared with each other: enough for a variance
HALVINGS = 40  # of an interval of 2 in log-odds
MOST_STRETCH = 2.0  # models that agree on nothing would ask for any


@dataclass(frozen=True, kw_only=True, eq=False)
class Learnt:
    """What one head learnt.

    Attributes
    ----------
    trees : str
        LightGBM's text of the model that ships: the bag of all fold models, or one large model.
    shape : Shape
        How large its trees are.
    rounds : int
        Trees of each of its models.
    models : int
        How many it is the mean of, one a fold; 1 for a large model.
    expected_margin : float
        Its margin before any signal is looked at, log-odds.
    out_of_fold : ndarray, shape (n_fit,)
        Margin of each fit row by the fold model that never saw its account.
    fold_test : ndarray, shape (n_folds, n_test)
        Margins of the test rows by each fold model.
    whole_test : ndarray, shape (n_test,)
        Margins of the test rows by the model that is shipped.
    """

    trees: str
    shape: Shape
    rounds: int
    models: int
    expected_margin: float
    out_of_fold: NDArray[np.float64]
    fold_test: NDArray[np.float64]
    whole_test: NDArray[np.float64]


def learnt(
    fit: NDArray[np.float64],
    label: NDArray[np.int64],
    folds: NDArray[np.int64],
    test: NDArray[np.float64],
    *,
    categories: list[int],
    settings: TrainingSettings,
    shape: Shape | None = None,
    monotone: Sequence[int] | None = None,
) -> Learnt:
    """Learn a head out of fold and as a whole.

    Parameters
    ----------
    fit : ndarray, shape (n_fit, n_signals)
        Signals of the fit slice; NaN is allowed everywhere.
    label : ndarray of int, shape (n_fit,)
        0 or 1.
    folds : ndarray of int, shape (n_fit,)
        Account fold of each row, from 0; at least two.
    test : ndarray, shape (n_test, n_signals)
        Signals of the test slice.
    categories : list of int
        Which columns hold codes of categories.
    settings : TrainingSettings
        Seed and threads.
    shape : Shape, optional
        Of the trees, where it was chosen before: by an earlier origin, say. Sought by default.
    monotone : sequence of int, optional
        For each column 1, -1 or 0, see :func:`parameters`; no constraint by default, and never one on a category.

    Returns
    -------
    Learnt
        Same input, same bytes: the trees are the same on any number of threads.

    Notes
    -----
    The mean of models that err independently is less sure than each of them is: its margins lie closer together. With
    the variance V of one model's margins over rows and the variance W between models at a row, it is V - W (1 - 1/K)
    for K of them. The calibrator is learnt on margins of single models, so the margins of the bag are stretched by
    V / (V - W (1 - 1/K)) around their mean, which gives both the same slope against the truth where errors are
    independent of it; and moved so that the mean probability stays what it was.
    """
    task = _Task(
        fit=fit,
        label=label,
        folds=folds,
        categories=categories,
        settings=settings,
        monotone=tuple(0 if place in set(categories) else way for place, way in enumerate(monotone or ())),
    )
    grown = _sought(task) if shape is None else task.grown(shape)
    out_of_fold, fold_of = np.empty(len(label)), task.grouped(grown)
    for number, booster in enumerate(grown.boosters):
        held_out = fold_of[folds] == number
        out_of_fold[held_out] = _margins(booster, fit[held_out], settings, rounds=grown.rounds)
    by_model = np.array([_margins(booster, test, settings, rounds=grown.rounds) for booster in grown.boosters])
    if grown.is_bag:
        stretch, shift = _spread(grown, task, out_of_fold)
        texts = [booster.model_to_string(num_iteration=grown.rounds) for booster in grown.boosters]
        trees, whole_test = averaged(texts, stretch=stretch, shift=shift), stretch * by_model.mean(axis=0) + shift
    else:
        whole = task.whole(grown.shape, grown.rounds)
        trees, whole_test = whole.model_to_string(), _margins(whole, test, settings, rounds=grown.rounds)
    return Learnt(
        trees=normalised(trees),
        shape=grown.shape,
        rounds=grown.rounds,
        models=len(grown.texts) if grown.is_bag else 1,
        expected_margin=_expected(trees, fit[:1], settings),
        out_of_fold=out_of_fold,
        fold_test=by_model[fold_of],
        whole_test=whole_test,
    )


def normalised(trees: str) -> str:
    """Take out of a model's text what depends on the machine.

    Parameters
    ----------
    trees : str
        LightGBM's text.

    Returns
    -------
    str
        The same model with the number of threads set to 0.
    """
    return re.sub(r"\[num_threads: \d+\]", "[num_threads: 0]", trees)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Grown:
    """The models of a bag, one a fold, and what they say of the rows that they never saw."""

    shape: Shape
    texts: list[str]
    rounds: int
    loss: float

    @cached_property
    def boosters(self) -> list[lightgbm.Booster]:
        # a model that was read holds trees alone, and most trials are only compared
        import lightgbm

        return [lightgbm.Booster(model_str=text) for text in self.texts]

    @property
    def is_bag(self) -> bool:
        return self.shape.depth < RICH.depth


@dataclass(frozen=True, kw_only=True, eq=False)
class _Task:
    """What there is to learn from."""

    fit: NDArray[np.float64]
    label: NDArray[np.int64]
    folds: NDArray[np.int64]
    categories: list[int]
    settings: TrainingSettings
    monotone: tuple[int, ...]

    @cached_property
    def models(self) -> int:
        return int(self.folds.max()) + 1

    @cached_property
    def data(self) -> lightgbm.Dataset:
        # one binning for all folds and shapes: bins know no labels, and binning anew costs as much as the trees
        import lightgbm

        chosen = parameters(STUMPS, n=len(self.label), settings=self.settings)
        return lightgbm.Dataset(
            self.fit, label=self.label, categorical_feature=self.categories, params=chosen
        ).construct()

    @cached_property
    def _copies(self) -> dict[tuple[bytes, bytes], tuple[lightgbm.Dataset, lightgbm.Dataset]]:
        return {}

    def grouped(self, grown: _Grown) -> NDArray[np.int64]:
        """Which model held out each fold."""
        return np.arange(self.models) % len(grown.texts)

    def grown(self, shape: Shape) -> _Grown:
        two = shape.depth >= RICH.depth and len(self.label) > TWO_FOLDS_ROWS
        return self.on(shape, np.arange(len(self.label)), 2 if two else self.models)

    def on(self, shape: Shape, rows: NDArray[np.int64], count: int) -> _Grown:
        """Grow so many models on some rows; each holds out what the folds dealt to it hold."""
        fold = self.folds[rows] % count
        # of a trial only the first models are grown: they tell shapes apart
        numbers = range(count if len(rows) == len(self.label) else TRIAL_FOLDS)
        if shape.depth >= RICH.depth:
            return self._in_step(shape, rows, [fold == number for number in numbers])
        return self._one_by_one(shape, rows, [fold == number for number in numbers])

    def _one_by_one(self, shape: Shape, rows: NDArray[np.int64], held_out: list[NDArray[np.bool_]]) -> _Grown:
        """Grow the few rounds of each model of a bag; where rows are many, one of them holds its own at a time."""
        texts, curves = [], []
        for held in held_out:
            booster = self._began(shape, rows, held)
            curve = []
            for _ in range(self.most):
                booster.update()
                curve.append(booster.eval_valid()[0][2] * int(held.sum()))
            curves.append(curve)
            texts.append(booster.model_to_string())
            del booster
        losses = np.array(curves).sum(axis=0) / sum(int(held.sum()) for held in held_out)
        rounds = int(np.argmax(losses <= losses.min() + GAIN)) + 1
        return _Grown(shape=shape, texts=texts, rounds=rounds, loss=float(losses[rounds - 1]))

    def _in_step(self, shape: Shape, rows: NDArray[np.int64], held_out: list[NDArray[np.bool_]]) -> _Grown:
        """Grow all models together, until what they say of the rows held out no longer gains."""
        boosters = [self._began(shape, rows, held) for held in held_out]
        weights = np.array([held.sum() for held in held_out], dtype=np.float64)
        best, rounds = np.inf, 0
        for number in range(1, MOST_ROUNDS + 1):
            for booster in boosters:
                booster.update()
            loss = float(np.average([booster.eval_valid()[0][2] for booster in boosters], weights=weights))
            if loss < best - GAIN:
                best, rounds = loss, number
            elif number - rounds >= PATIENCE_ROUNDS:
                break
        texts = [booster.model_to_string() for booster in boosters]
        return _Grown(shape=shape, texts=texts, rounds=max(1, rounds), loss=best)

    def _began(self, shape: Shape, rows: NDArray[np.int64], held: NDArray[np.bool_]) -> lightgbm.Booster:
        import lightgbm

        chosen = parameters(shape, n=len(rows), settings=self.settings, monotone=self.monotone)
        fitted, unseen = self._parted(rows, held)
        return lightgbm.Booster(chosen, fitted).add_valid(unseen, "held out")

    def _parted(self, rows: NDArray[np.int64], held: NDArray[np.bool_]) -> tuple[lightgbm.Dataset, lightgbm.Dataset]:
        """Copy the binned rows to learn from and those held out: once for all shapes, where they are few."""
        key = rows.tobytes(), held.tobytes()
        if key in self._copies:
            return self._copies[key]
        made = self.data.subset(rows[~held].tolist()), self.data.subset(rows[held].tolist())
        if len(rows) <= TRIAL_ROWS:
            self._copies[key] = made
        return made

    @property
    def most(self) -> int:
        """Rounds of each model of a bag."""
        return MOST_TREES // self.models

    def whole(self, shape: Shape, rounds: int) -> lightgbm.Booster:
        import lightgbm

        chosen = parameters(shape, n=len(self.label), settings=self.settings, monotone=self.monotone)
        return lightgbm.train(chosen, self.data, num_boost_round=rounds)


def _sought(task: _Task) -> _Grown:
    n, tried = len(task.label), shapes(int(task.label.sum()))
    rows, is_trial = np.arange(n), n > TRIAL_ROWS
    if is_trial:
        rows = np.sort(np.random.default_rng(task.settings.seed).choice(n, TRIAL_ROWS, replace=False))

    def on_trial(shape: Shape) -> _Grown:
        return task.on(shape, rows, task.models)

    trials = [on_trial(shape) for shape in tried]
    best = min(trials, key=lambda grown: grown.loss)
    if is_trial:
        # what some rows just fail to show, all may: of shapes that do about as well there, the largest
        best = [grown for grown in trials if grown.loss <= best.loss * (1 + ALIKE)][-1]
    if best.rounds + NEARLY > task.most:
        # its rounds do not suffice: it learns faster, or as one model with as many rounds as it takes
        best = min(best, on_trial(_faster(best.shape)), key=lambda grown: grown.loss)
        if best.shape.depth > 1:
            rich = on_trial(RICH)
            best = rich if rich.loss < best.loss * (1 - WORTH) else best
    return task.grown(best.shape) if is_trial else best


def _faster(shape: Shape) -> Shape:
    return dataclasses.replace(shape, rate=shape.rate * HURRY)


def _spread(grown: _Grown, task: _Task, out_of_fold: NDArray[np.float64]) -> tuple[float, float]:
    """Give by how much the mean of the models is stretched, and what is then added to it."""
    n = len(out_of_fold)
    rows = np.unique(np.linspace(0, n - 1, min(n, SPREAD_ROWS)).astype(np.int64))
    some = task.fit[rows]
    every = np.array([_margins(one, some, task.settings, rounds=grown.rounds) for one in grown.boosters])
    one, between = float(out_of_fold.var()), float(every.var(axis=0, ddof=1).mean())
    mean = one - between * (1 - 1 / len(every))
    stretch = one / mean if mean * MOST_STRETCH > one else MOST_STRETCH
    centre = float(out_of_fold.mean())
    # the margins that the bag has on rows that none of its models saw, as far as their spread goes
    wider = centre + (out_of_fold - centre) * np.sqrt(stretch)
    wanted, low, high = float(_probability(out_of_fold).mean()), -1.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if float(_probability(wider + middle).mean()) > wanted else (middle, high)
    return stretch, centre * (1 - stretch) + low


def _probability(margin: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-margin)))


def _margins(
    booster: lightgbm.Booster, matrix: NDArray[np.float64], settings: TrainingSettings, *, rounds: int
) -> NDArray[np.float64]:
    if not len(matrix):
        return np.empty(0)
    return np.asarray(
        booster.predict(matrix, raw_score=True, num_iteration=rounds, num_threads=settings.threads), dtype=np.float64
    )


def _expected(trees: str, row: NDArray[np.float64], settings: TrainingSettings) -> float:
    import lightgbm

    booster = lightgbm.Booster(model_str=trees)
    contributions = np.asarray(booster.predict(row, pred_contrib=True, num_threads=settings.threads))
    return float(contributions[0, -1])
