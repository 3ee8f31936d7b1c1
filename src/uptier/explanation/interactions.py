"""Which signals act together: exact SHAP interaction values of trees in LightGBM's own text.

shap's own does not read splits on categories, which most heads have. Trees are small, so that each leaf can be
looked at by itself: in a leaf with value V, each signal on its path counts 1 or 0 where the account takes the path, and
the share of the rows that took it where the signal is not known. Contribution and interaction of a product are
integrals of a polynomial (Owen, Multilinear Extensions of Games, 1972), which Gauss and Legendre's nodes give exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

TREE = re.compile(r"^Tree=\d+\n(.*?)(?=^Tree=|^end of trees)", re.MULTILINE | re.DOTALL)
CATEGORY, DEFAULT_LEFT = 1, 2  # bits of a split's type
MISSING_ZERO, MISSING_NAN = 1, 2  # the two bits above them: what counts as missing
ZERO = 1e-35  # as LightGBM has it
SHARE_DIGITS = 9  # decimals, beyond which a share is rounding
BITS = 32  # of a word in a set of categories


@dataclass(frozen=True, eq=False)
class _Tree:
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    kind: NDArray[np.int64]
    children: NDArray[np.int64]  # left and right of each split; ~leaf where it is a leaf
    value: NDArray[np.float64]
    rows: NDArray[np.float64]  # that came to each split
    leaf_rows: NDArray[np.float64]
    sets: tuple[NDArray[np.bool_], ...]


def interactions(trees: str, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give what each pair of signals adds to the margin beyond what both add by themselves.

    Parameters
    ----------
    trees : str
        LightGBM's text.
    matrix : ndarray, shape (n, n_signals)
        As :func:`uptier.model.encoding.encoded` gives it; NaN where not known. The cost grows with the rows and with
        the square of the depth: some 200 rows will do.

    Returns
    -------
    ndarray, shape (n, n_signals, n_signals)
        SHAP interaction values, log-odds (Lundberg et al., 2020). Off the diagonal half of what a pair adds, the same
        on both sides; on it what a signal adds by itself. The sum over a row of signals is its contribution.
    """
    n, signals = matrix.shape
    parts, total = np.zeros((n, signals, signals)), np.zeros((n, signals))
    for tree in _read(trees):
        left = np.column_stack([_goes_left(tree, split, matrix) for split in range(len(tree.feature))])
        for leaf, path in _paths(tree):
            features, taken, share = _along(tree, path, left)
            alone, pairs = _of_leaf(taken, share)
            total[:, features] += tree.value[leaf] * alone
            parts[:, features[:, None], features] += tree.value[leaf] * pairs
    places = np.arange(signals)
    parts[:, places, places] = total - parts.sum(axis=2)
    return parts


def pairs(values: NDArray[np.float64], names: Sequence[str]) -> pd.DataFrame:
    """Tell which pairs of signals act together most.

    Parameters
    ----------
    values : ndarray, shape (n, n_signals, n_signals)
        As :func:`interactions` gives them.
    names : sequence of str
        The signals.

    Returns
    -------
    DataFrame, shape (n_pairs, 4)
        ``first``, ``second``, ``mean_absolute`` (log-odds; of both halves) and ``share`` of what all signals by
        themselves and all pairs move together; largest first, and only pairs that act together in some row.
    """
    strength = np.abs(values).mean(axis=0) if len(values) else np.zeros(values.shape[1:])
    first, second = np.triu_indices(len(names), k=1)
    both, all_of_it = 2 * strength[first, second], strength.sum()
    made = pd.DataFrame(
        {
            "first": np.asarray(names, dtype=object)[first],
            "second": np.asarray(names, dtype=object)[second],
            "mean_absolute": both,
            "share": both / all_of_it if all_of_it else np.zeros(len(both)),
        }
    )
    made = made[made["mean_absolute"] > 0]
    return made.sort_values("mean_absolute", ascending=False, kind="stable").reset_index(drop=True)


def not_additive(values: NDArray[np.float64]) -> float:
    """Give how much of what a head tells apart is not the sum of signals by themselves.

    Parameters
    ----------
    values : ndarray, shape (n, n_signals, n_signals)
        As :func:`interactions` gives them.

    Returns
    -------
    float
        Variance over the rows of what pairs add, over the variance of the margin: 0 where signals only add up. Above
        1 where pairs take back what signals add by themselves. NaN where the margin is the same in all rows.
    """
    margin, alone = values.sum(axis=(1, 2)), values.diagonal(axis1=1, axis2=2).sum(axis=1)
    if not len(values) or np.ptp(margin) == 0:
        return float("nan")
    return round(float((margin - alone).var() / margin.var()), SHARE_DIGITS)


def _of_leaf(taken: NDArray[np.bool_], share: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give what each signal and half of what each pair adds in a leaf of value 1, zero on the diagonal."""
    count = len(share)
    nodes, weights = np.polynomial.legendre.leggauss((count + 1) // 2)  # a polynomial of degree count - 1 at most
    known, weights = (nodes + 1) / 2, weights / 2
    gained = taken - share
    reached = share + known[:, None, None] * gained  # never 0: shares are not, and no node is 1
    slope = gained / reached
    product = weights[:, None] * reached.prod(axis=2)
    halves = np.einsum("qn,qni,qnj->nij", product, slope, slope, optimize=count > 3) / 2
    halves[:, np.arange(count), np.arange(count)] = 0.0
    return np.einsum("qn,qni->ni", product, slope), halves


def _along(
    tree: _Tree, path: list[tuple[int, int]], left: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64]]:
    features = np.unique([tree.feature[split] for split, _ in path])
    taken, share = np.ones((len(left), len(features)), dtype=bool), np.ones(len(features))
    for split, side in path:
        place = int(np.searchsorted(features, tree.feature[split]))
        taken[:, place] &= left[:, split] if side == 0 else ~left[:, split]
        child = int(tree.children[split, side])
        share[place] *= (tree.rows[child] if child >= 0 else tree.leaf_rows[~child]) / tree.rows[split]
    return features, taken, share


def _paths(tree: _Tree) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    waiting: list[tuple[int, list[tuple[int, int]]]] = [(0, [])]
    while waiting:
        split, path = waiting.pop()
        for side in (0, 1):
            child, longer = int(tree.children[split, side]), [*path, (split, side)]
            if child < 0:
                yield ~child, longer
            else:
                waiting.append((child, longer))


def _goes_left(tree: _Tree, split: int, matrix: NDArray[np.float64]) -> NDArray[np.bool_]:
    value, kind = matrix[:, tree.feature[split]], int(tree.kind[split])
    if kind & CATEGORY:
        members = tree.sets[int(tree.threshold[split])]
        code = np.where(np.isnan(value) | (value < 0), len(members), value).astype(np.int64)
        return np.asarray(np.append(members, False)[np.minimum(code, len(members))])
    missing = kind >> 2
    filled = np.where(np.isnan(value), 0.0, value) if missing != MISSING_NAN else value
    goes = filled <= tree.threshold[split]
    if missing == MISSING_NAN:
        absent = np.isnan(value)
    elif missing == MISSING_ZERO:
        absent = np.abs(filled) <= ZERO
    else:
        return np.asarray(goes)
    return np.where(absent, bool(kind & DEFAULT_LEFT), goes)


def _read(trees: str) -> Iterator[_Tree]:
    for found in TREE.finditer(trees):
        lines = dict(line.split("=", 1) for line in found[1].splitlines() if "=" in line)
        if int(lines["num_leaves"]) == 1:
            continue
        whole = {name: _numbers(lines[name]).astype(np.int64) for name in ("split_feature", "decision_type")}
        yield _Tree(
            feature=whole["split_feature"],
            threshold=_numbers(lines["threshold"]),
            kind=whole["decision_type"],
            children=np.column_stack([_numbers(lines["left_child"]), _numbers(lines["right_child"])]).astype(np.int64),
            value=_numbers(lines["leaf_value"]),
            rows=_numbers(lines["internal_count"]),
            leaf_rows=_numbers(lines["leaf_count"]),
            sets=_sets(lines),
        )


def _sets(lines: dict[str, str]) -> tuple[NDArray[np.bool_], ...]:
    if not int(lines.get("num_cat", "0")):
        return ()
    ends = _numbers(lines["cat_boundaries"]).astype(np.int64)
    words = _numbers(lines["cat_threshold"]).astype(np.int64)
    bits = ((words[:, None] >> np.arange(BITS)) & 1).astype(bool)
    return tuple(bits[start:end].ravel() for start, end in pairwise(ends))


def _numbers(text: str) -> NDArray[np.float64]:
    return np.array(text.split(), dtype=np.float64)
