"""The best single signal: what a spreadsheet sorted by one column reaches, and so the least that a head must beat.

Which column, in which direction, and where the empty cells stand is chosen on the fit slice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

EVEN = 0.5  # AUC of a score that tells nothing
BLANKS = ("lowest", "middle", "highest")
SMOOTHING = 20.0  # rows of the rate of all that each category's rate is mixed with


@dataclass(frozen=True, kw_only=True, eq=False)
class SingleSignal:
    """One signal as a score.

    Attributes
    ----------
    name : str
        Which; empty if no signal tells anything.
    score : ndarray, shape (n_test,)
        Higher means likelier; all 0 if no signal tells anything. No NaN.
    fit_auc : float
        AUC on the fit slice, by which it was chosen: the luckiest of many, so above what it reaches on the test slice.
    rises : bool
        Whether more of it means likelier; True for a category.
    blanks : str
        Where rows without a value stand: ``lowest``, ``middle`` or ``highest`` of the signal's values.
    """

    name: str
    score: NDArray[np.float64]
    fit_auc: float
    rises: bool
    blanks: str


def best_single(
    fit: NDArray[np.float64],
    label: NDArray[np.int64],
    test: NDArray[np.float64],
    *,
    names: Sequence[str],
    categories: Sequence[int],
) -> SingleSignal:
    """Choose a signal on the fit slice, and score the test slice by it.

    Parameters
    ----------
    fit : ndarray, shape (n_fit, n_signals)
        Signals of the fit slice, categories as codes; NaN where not known.
    label : ndarray of int, shape (n_fit,)
        0 or 1.
    test : ndarray, shape (n_test, n_signals)
        Signals of the test slice.
    names : sequence of str
        The signals, in the order of the columns.
    categories : sequence of int
        Which columns hold codes: each code is scored by its rate on the fit slice, mixed with 20 rows at the rate of
        all; one that the fit slice does not hold gets the rate of all.

    Returns
    -------
    SingleSignal
        The one with the highest AUC on the fit slice, the first of several alike.
    """
    positive = label == 1
    codes = frozenset(categories)
    best, chosen = (EVEN, True, BLANKS[0]), -1
    for place in range(fit.shape[1]):
        column = _rates(fit[:, place], label, fit[:, place]) if place in codes else fit[:, place]
        found = _best_of(column, positive)
        if found[0] > best[0]:
            best, chosen = found, place
    auc, rises, blanks = best
    if chosen < 0:
        return SingleSignal(name="", score=np.zeros(len(test)), fit_auc=auc, rises=rises, blanks=blanks)
    here, there = fit[:, chosen], test[:, chosen]
    if chosen in codes:
        here, there = _rates(here, label, here), _rates(here, label, there)
    score = np.where(np.isnan(there), _stand_in(here, there, blanks), there)
    return SingleSignal(name=names[chosen], score=score if rises else -score, fit_auc=auc, rises=rises, blanks=blanks)


def column_auc(column: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Give the AUC of one column as it is.

    Parameters
    ----------
    column : ndarray, shape (n,)
        Numbers, no NaN.
    positive : ndarray of bool, shape (n,)
        Which rows have the outcome.

    Returns
    -------
    float
        Chance that a positive stands above a negative, ties halved; NaN where there are none of either. Only the
        negatives are sorted, and the few positives looked up among them.
    """
    others, cases = np.sort(column[~positive]), column[positive]
    if not len(others) or not len(cases):
        return float("nan")
    below = np.searchsorted(others, cases, side="left") + np.searchsorted(others, cases, side="right")
    return float(below.sum() / 2 / (len(others) * len(cases)))


def _best_of(column: NDArray[np.float64], positive: NDArray[np.bool_]) -> tuple[float, bool, str]:
    blank = np.isnan(column)
    known, cases = column[~blank], positive[~blank]
    pairs = float(positive.sum() * (~positive).sum())
    if not pairs or not len(known):
        return EVEN, True, BLANKS[0]
    # pairs of two known rows by their order, of two blank ones halved; of the others, by where blanks stand
    lost, empty = float(cases.sum()), float(positive.sum() - cases.sum())
    against, bare = float(len(known) - lost), float((~positive).sum() - (len(known) - lost))
    inner = (column_auc(known, cases) if lost and against else 0.0) * lost * against + empty * bare / 2
    if not blank.any():
        aucs = {BLANKS[0]: inner / pairs}
    else:
        middle = float(np.median(known))
        above = float(((known[cases] > middle) + (known[cases] == middle) / 2).sum())
        below = float(((known[~cases] < middle) + (known[~cases] == middle) / 2).sum())
        aucs = {
            "lowest": (inner + lost * bare) / pairs,
            "middle": (inner + above * bare + below * empty) / pairs,
            "highest": (inner + empty * against) / pairs,
        }
    blanks, auc = max(aucs.items(), key=lambda item: abs(item[1] - EVEN))
    return max(auc, 1 - auc), auc >= EVEN, blanks


def _rates(codes: NDArray[np.float64], label: NDArray[np.int64], asked: NDArray[np.float64]) -> NDArray[np.float64]:
    rate = float(label.mean())
    highest = int(np.nanmax(np.concatenate([codes, asked, [0.0]])))
    # a code that is not known has a rate like any other: the last place
    place, wanted = (np.where(np.isnan(part), highest + 1, part).astype(np.int64) for part in (codes, asked))
    rows, cases = (np.bincount(place, weights=part, minlength=highest + 2) for part in (np.ones(len(label)), label))
    return np.asarray(((cases + SMOOTHING * rate) / (rows + SMOOTHING))[wanted])


def _stand_in(fit: NDArray[np.float64], test: NDArray[np.float64], blanks: str) -> float:
    if blanks == "middle":
        return float(np.nanmedian(fit))
    known = np.concatenate([fit, test])
    # one beyond the last value, which no value of either slice reaches
    return float(np.nanmin(known) - 1) if blanks == "lowest" else float(np.nanmax(known) + 1)
