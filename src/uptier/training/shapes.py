"""How large trees are, and LightGBM's parameters for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from uptier.training_settings import TrainingSettings, TreeSettings

SMALL_POSITIVES = 300  # below this, trees of depth 3 at most: deeper ones learn single accounts
BINNED_ROWS = 50_000  # in which 127 bins are found as well as in the 200,000 that LightGBM would copy


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How large trees are and how fast they learn.

    Attributes
    ----------
    depth : int
        Splits from the root to a leaf; so many signals act together at most.
    leaves : int
        Leaves of a tree.
    rate : float
        Learning rate; small trees learn faster, so that they too are done within the rounds.
    l2 : float or None
        As if each leaf had seen so many rows less; by the size of the data where it is not set.
    features : float
        Share of the signals that each tree may look at.
    rows_in_leaf : int or None
        Rows that a leaf needs; by the size of the data where it is not set.
    """

    depth: int
    leaves: int
    rate: float
    l2: float | None = None
    features: float = 0.6
    rows_in_leaf: int | None = None


STUMPS = Shape(depth=1, leaves=2, rate=0.3)
PAIRS = Shape(depth=2, leaves=4, rate=0.2)
SMALL = Shape(depth=3, leaves=7, rate=0.15)
LARGE = Shape(depth=5, leaves=15, rate=0.1)
RICH = Shape(depth=8, leaves=31, rate=0.1)


def shapes(positives: int) -> tuple[Shape, ...]:
    """Give the shapes worth trying.

    Parameters
    ----------
    positives : int
        Rows of the fit slice with the outcome.

    Returns
    -------
    tuple of Shape
        Of a bag, smallest first: small data gets small trees. None is deeper than 5, which was no worse than deeper
        ones in simulated companies and costs a thirteenth to explain.
    """
    return (STUMPS, PAIRS, SMALL) if positives < SMALL_POSITIVES else (STUMPS, PAIRS, SMALL, LARGE)


def shape_of(trees: TreeSettings) -> Shape:
    """Give the shape that a project sets.

    Parameters
    ----------
    trees : TreeSettings
        As in its YAML.

    Returns
    -------
    Shape
        Of a bag.
    """
    return Shape(**trees.model_dump())


def parameters(shape: Shape, *, n: int, settings: TrainingSettings, monotone: Sequence[int] = ()) -> dict[str, Any]:
    """Give LightGBM's parameters for a shape of trees and the size of the data.

    Parameters
    ----------
    shape : Shape
        How large the trees are.
    n : int
        Rows of the fit slice.
    settings : TrainingSettings
        Seed and threads.
    monotone : sequence of int
        For each column 1 where the margin may only rise with it, -1 where it may only fall, 0 where it may do either;
        empty for no constraint.

    Returns
    -------
    dict
        For `lightgbm.train`. No class weights: they ruin probabilities.
    """
    # where trees must be large, what is to be learnt is plain: it is not drawn to the mean
    is_rich = shape.depth >= RICH.depth
    chosen: dict[str, Any] = {
        "objective": "binary",
        "metric": "binary_logloss",
        "learning_rate": shape.rate,
        "num_leaves": shape.leaves,
        "max_depth": shape.depth,
        "min_data_in_leaf": shape.rows_in_leaf or int(np.clip(n // 100, 10, 20 if is_rich else 200)),
        "min_sum_hessian_in_leaf": 1.0,
        # rows are months of few accounts: what a leaf says is drawn to the mean as if it had seen so many rows less
        "lambda_l2": (1.0 if is_rich else float(np.clip(n / 2000, 10, 50))) if shape.l2 is None else shape.l2,
        "feature_fraction": shape.features,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "cat_smooth": 20.0,
        "max_bin": 127,
        "bin_construct_sample_cnt": BINNED_ROWS,
        "feature_pre_filter": False,
        "seed": settings.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": settings.threads,
        "verbosity": -1,
    }
    if any(monotone):
        chosen["monotone_constraints"] = list(monotone)
    return chosen
