"""The way heads are fitted, as a scikit-learn classifier for any ready table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from uptier.errors import UptierError
from uptier.model.trees import tree_contributions, tree_margins
from uptier.training.calibrating import Method, calibrated
from uptier.training.features import FeatureError, Features, features
from uptier.training.fitting import learnt
from uptier.training_settings import TrainingSettings

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LEAST_ROWS = 2  # of each class: one to learn from, one to stop by


class LabelError(UptierError, ValueError):
    """Labels that are not two classes; also a ValueError, as scikit-learn has it."""


class PropensityClassifier(ClassifierMixin, BaseEstimator):
    """Probabilities of a yes that can be taken at their word, from any ready table, with reasons.

    A bag of small, strongly regularised LightGBM models, one for each fold, stopped early on the rows that it did not
    see; then a calibrator learnt on the margins of those rows. There is nothing to tune: how deep the trees are and how
    many there are is found out inside. No class weights and no sample weights: they ruin probabilities.

    Columns of a DataFrame may be numbers, booleans, dates, texts or pandas categories, nullable or not. Missing values
    are welcome everywhere; a category that was not seen is like a missing one. A column in which nothing is known is
    ignored. Infinite values are refused. An array must hold numbers.

    Parameters
    ----------
    folds : int, default=5
        Models in the bag; fewer where a class has fewer rows.
    calibration : {"auto", "sigmoid", "beta", "isotonic"}, default="auto"
        How margins become probabilities. ``auto`` is a sigmoid, or beta where it fits the held-out rows clearly better;
        ``isotonic`` is ``auto`` below 200 positives.
    monotone : mapping of str to int, or sequence of int, default=None
        1 where the probability may only rise with a column, -1 where it may only fall, 0 where it may do either: by
        column name, or one for each column. Categories are never constrained.
    n_jobs : int, default=None
        Threads; None is one, -1 all. The trees are the same on any number.
    random_state : int, default=0
        Seed of folds and trees. None is 0: the same data give the same model.

    Attributes
    ----------
    classes_ : ndarray, shape (2,)
        The two labels, sorted; probabilities and margins are of the second.
    n_features_in_ : int
        Columns it was fitted on.
    feature_names_in_ : ndarray of str
        Their names, where they all have one that is text.
    ignored_features_ : list of str
        Columns with nothing to learn from.
    booster_text_ : str
        The trees in LightGBM's own text.
    n_models_, n_trees_, depth_ : int
        Models in the bag, 1 where a bag could not hold what there is to learn; trees of all together, and how deep
        they may be.
    expected_margin_ : float
        Margin before any column is looked at, log-odds.
    calibrator_ : Calibrator or None
        From margin to probability; None where nothing was learnt that held for rows not seen: then every row gets the
        rate.
    rate_ : float
        Share of the second class.
    out_of_fold_ : ndarray, shape (n,)
        Probability of each row it was fitted on, by the model that did not see it.

    Examples
    --------
    >>> import pandas as pd
    >>> from uptier import PropensityClassifier
    >>> table = pd.DataFrame({"seats": range(200), "plan": ["free", "team", None, "free"] * 50})
    >>> upgraded = table["seats"] > 120
    >>> model = PropensityClassifier().fit(table, upgraded)
    >>> model.predict(table[:1])
    array([False])
    >>> model.explain(table[199:]).idxmax(axis=1).tolist()
    ['seats']
    """

    def __init__(
        self,
        *,
        folds: int = 5,
        calibration: Method = "auto",
        monotone: Mapping[str, int] | Sequence[int] | None = None,
        n_jobs: int | None = None,
        random_state: int | None = 0,
    ) -> None:
        self.folds = folds
        self.calibration = calibration
        self.monotone = monotone
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: ArrayLike | pd.DataFrame, y: ArrayLike, groups: ArrayLike | None = None) -> PropensityClassifier:
        """Learn from a table.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n, n_features)
            The columns.
        y : array-like, shape (n,)
            Two classes.
        groups : array-like, shape (n,), optional
            What belongs together, like the months of one account: held out together. Rows stand alone by default.

        Returns
        -------
        PropensityClassifier
            Itself.

        Raises
        ------
        LabelError
            If the labels are not two classes of two rows at least, or some are missing.
        FeatureError
            If columns share a name or hold infinite values, or a constraint names what is not there.
        """
        if self.calibration not in ("auto", "sigmoid", "beta", "isotonic"):
            raise FeatureError("calibration is one of auto, sigmoid, beta and isotonic.", found=str(self.calibration))
        matrix, y = self._read(X, y)
        label = self._labels(y)
        seed = 0 if self.random_state is None else int(self.random_state)
        number = _folds(label, groups, folds=self.folds, seed=seed)
        categories = self._features.places if self._features is not None else []
        model = learnt(
            matrix,
            label,
            number,
            matrix[:0],
            categories=categories,
            settings=TrainingSettings(seed=seed, threads=self._threads()),
            monotone=self._constraints(),
        )
        self.booster_text_ = model.trees
        self.n_trees_ = model.rounds * model.models
        self.n_models_ = model.models
        self.depth_ = model.shape.depth
        self.expected_margin_ = model.expected_margin
        self.rate_ = float(label.mean())
        self.calibrator_ = calibrated(model.out_of_fold, label, method=self.calibration)
        self.out_of_fold_ = self._probability(model.out_of_fold)
        return self

    def margin(self, X: ArrayLike | pd.DataFrame) -> NDArray[np.float64]:
        """Give what the trees say, before calibration.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n, n_features)
            The columns it was fitted on.

        Returns
        -------
        ndarray, shape (n,)
            Log-odds of the second class.
        """
        check_is_fitted(self)
        return tree_margins(self.booster_text_, self._matrix(X), threads=self._threads())

    def decision_function(self, X: ArrayLike | pd.DataFrame) -> NDArray[np.float64]:
        """Give calibrated log-odds.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n, n_features)
            The columns it was fitted on.

        Returns
        -------
        ndarray, shape (n,)
            Log-odds of the second class; above 0 where it is the likelier.
        """
        margin = self.margin(X)
        if self.calibrator_ is None:
            return np.full(len(margin), np.log(self.rate_) - np.log1p(-self.rate_))
        return self.calibrator_.log_odds(margin)

    def predict_proba(self, X: ArrayLike | pd.DataFrame) -> NDArray[np.float64]:
        """Give the probabilities of both classes.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n, n_features)
            The columns it was fitted on.

        Returns
        -------
        ndarray, shape (n, 2)
            In the order of `classes_`.
        """
        likely = self._probability(self.margin(X))
        return np.column_stack([1 - likely, likely])

    def predict(self, X: ArrayLike | pd.DataFrame) -> NDArray[Any]:
        """Give the likelier class.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n, n_features)
            The columns it was fitted on.

        Returns
        -------
        ndarray, shape (n,)
            Of `classes_`.
        """
        likely = self.decision_function(X) > 0
        return np.asarray(self.classes_[likely.astype(np.int64)])

    def explain(self, X: ArrayLike | pd.DataFrame) -> pd.DataFrame:
        """Give what each column adds to the margin of each row, by exact TreeSHAP.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n, n_features)
            The columns it was fitted on.

        Returns
        -------
        DataFrame, shape (n, n_features)
            Log-odds; with `expected_margin_` they add up to the row's :meth:`margin` (Lundberg et al., 2020).
        """
        check_is_fitted(self)
        matrix = self._matrix(X)
        index = X.index if isinstance(X, pd.DataFrame) else pd.RangeIndex(len(matrix))
        if not len(matrix):
            return pd.DataFrame(columns=self._names(), index=index, dtype=np.float64)
        values, _ = tree_contributions(self.booster_text_, matrix, outcome="y", threads=self._threads())
        return pd.DataFrame(values, columns=self._names(), index=index)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags

    def _read(self, X: Any, y: Any) -> tuple[NDArray[np.float64], NDArray[Any]]:
        """Bring what is learnt from into a matrix, and keep how."""
        if not isinstance(X, pd.DataFrame):
            self._features: Features | None = None
            # a matrix of float32 is as good to LightGBM: no copy
            matrix, y = validate_data(self, X, y, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan")
            self.ignored_features_ = [self._names()[place] for place in np.flatnonzero(_unknown(matrix))]
            return matrix, y
        found = features(X)
        validate_data(self, X, y, skip_check_array=True)
        if X.empty:
            raise FeatureError("There is nothing to learn from.", found=f"{len(X)} rows, {X.shape[1]} columns")
        self._features = found
        self.ignored_features_ = [name for name, kind in zip(found.names, found.kinds, strict=True) if kind == "none"]
        y = column_or_1d(y, warn=True)
        if len(y) != len(X):
            raise LabelError("There must be one label for each row.", found=f"{len(X)} rows, {len(y)} labels")
        return found.matrix(X), y

    def _matrix(self, X: Any) -> NDArray[np.float64]:
        if self._features is None:
            kinds = [np.float64, np.float32]
            return np.asarray(validate_data(self, X, reset=False, dtype=kinds, ensure_all_finite="allow-nan"))
        validate_data(self, X, reset=False, skip_check_array=True)
        return self._features.matrix(X if isinstance(X, pd.DataFrame) else pd.DataFrame(X, columns=self._names()))

    def _labels(self, y: NDArray[Any]) -> NDArray[np.int64]:
        if pd.isna(y).any():
            raise LabelError("Input y contains NaN: every row that is learnt from needs its label.")
        if y.dtype.kind == "f" and not bool((y == np.floor(y)).all()):
            raise LabelError("Unknown label type: continuous. Labels are two classes.")
        self.classes_, label = np.unique(y, return_inverse=True)
        if len(self.classes_) > 2:
            # the words that scikit-learn's own checks look for
            raise LabelError(
                "Only binary classification is supported. The type of the target is multiclass.",
                found=f"{len(self.classes_)} classes",
            )
        if len(self.classes_) < 2:
            raise LabelError("There is only one class among the labels.", do="Learn from rows of both classes.")
        least = int(np.bincount(label).min())
        if least < LEAST_ROWS:
            raise LabelError(f"Each class must have {LEAST_ROWS} rows at least.", found=f"a class with {least}")
        return np.asarray(label, dtype=np.int64)

    def _constraints(self) -> list[int] | None:
        if self.monotone is None:
            return None
        names = self._names()
        if isinstance(self.monotone, Mapping):
            unknown = [str(name) for name in self.monotone if name not in names]
            if unknown:
                raise FeatureError(f"monotone names columns that are not there: {', '.join(unknown)}.")
            ways = [int(self.monotone.get(name, 0)) for name in names]
        else:
            ways = [int(way) for way in self.monotone]
        if len(ways) != len(names) or not set(ways) <= {-1, 0, 1}:
            raise FeatureError(
                "monotone holds -1, 0 or 1 for each column.", found=f"{len(ways)} for {len(names)} columns"
            )
        return ways

    def _names(self) -> list[str]:
        if self._features is not None:
            return list(self._features.names)
        return list(getattr(self, "feature_names_in_", [f"x{place}" for place in range(self.n_features_in_)]))

    def _probability(self, margin: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.full(len(margin), self.rate_) if self.calibrator_ is None else self.calibrator_(margin)

    def _threads(self) -> int:
        from joblib import effective_n_jobs  # type: ignore[import-untyped]  # ships no types

        return int(effective_n_jobs(self.n_jobs))


def _folds(label: NDArray[np.int64], groups: Any, *, folds: int, seed: int) -> NDArray[np.int64]:
    """Deal rows, or groups of rows, to folds, so that each has its share of both classes."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    number = np.zeros(len(label), dtype=np.int64)
    if groups is None:
        most = min(folds, int(np.bincount(label).min()))
        splits = StratifiedKFold(max(2, most), shuffle=True, random_state=seed).split(label, label)
    else:
        of = pd.factorize(np.asarray(groups))[0]
        if len(of) != len(label):
            raise FeatureError("There must be one group for each row.", found=f"{len(label)} rows, {len(of)} groups")
        most = min(folds, *(len(np.unique(of[label == one])) for one in (0, 1)))
        if most < 2:
            raise LabelError("Each class must be found in two groups at least: one to learn from, one to stop by.")
        splits = StratifiedGroupKFold(most, shuffle=True, random_state=seed).split(label, label, of)
    for place, (_, held_out) in enumerate(splits):
        number[held_out] = place
    return number


def _unknown(matrix: NDArray[np.float64]) -> NDArray[np.bool_]:
    # a column whose first row is known is not unknown: no pass over the whole matrix
    some = np.isnan(matrix[0])
    some[some] = np.isnan(matrix[:, some]).all(axis=0)
    return np.asarray(some)
