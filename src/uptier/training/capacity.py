"""What the CSMs' lists hold: on each as-of date, the accounts with the highest scores, as many as can be talked to.

A CSM gets a list on every date. The highest rows of all dates taken together are nobody's list: in months with high
scores there would be more of them than anybody can call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from uptier.training.draws import Draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

AHEAD = 1.5  # rows looked at, over those that the list takes: a draw may need more of them
SPARE = 30  # rows


@dataclass(frozen=True, kw_only=True, eq=False)
class AtCapacity:
    """The lists of all dates.

    Attributes
    ----------
    precision : ndarray, shape (1 + n_draws,)
        Share of positives on the lists; the mean over dates, weighted by the length of their lists.
    recall : ndarray, shape (1 + n_draws,)
        Share of the positives that were on a list; the mean over dates, weighted by their positives. NaN without any.
    expected, realised : ndarray, shape (1 + n_draws,)
        Value of a date's list, mean over dates, of the rows for which both are known; NaN if no value is known.
    expected_over_realised : ndarray, shape (1 + n_draws,)
        1 where lists bring what they promise; NaN where nothing was realised.
    known : float
        Share of the lists' rows whose expected and realised values are both known.
    dates : int
        How many lists there are.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    expected: NDArray[np.float64]
    realised: NDArray[np.float64]
    expected_over_realised: NDArray[np.float64]
    known: float
    dates: int


def at_capacity(
    label: NDArray[np.int64],
    score: NDArray[np.float64],
    draws: Draws,
    *,
    as_of: NDArray[Any],
    capacity_share: float,
    expected_value: NDArray[np.float64] | None = None,
    realised_value: NDArray[np.float64] | None = None,
) -> AtCapacity:
    """Measure what the lists hold.

    Parameters
    ----------
    label : ndarray of int, shape (n,)
        0 or 1.
    score : ndarray, shape (n,)
        Higher comes first; of equal scores each gets its share of the places left. No NaN.
    draws : Draws
        Accounts drawn; a list holds the same share of the accounts drawn.
    as_of : ndarray, shape (n,)
        Date of each row.
    capacity_share : float
        Share of the accounts of a date that the CSMs can talk to.
    expected_value, realised_value : ndarray, shape (n,), optional
        What talking to the account was expected to bring, and what it did (0 for one that did not convert): ARR, in
        account currency a year. NaN where not known.

    Returns
    -------
    AtCapacity
        In a draw that holds no account of a date, that date has an empty list.
    """
    values, both = [label.astype(np.float64)], np.zeros(len(label), dtype=bool)
    if expected_value is not None and realised_value is not None:
        both = np.isfinite(expected_value) & np.isfinite(realised_value)
        values += [both.astype(np.float64), np.where(both, expected_value, 0.0), np.where(both, realised_value, 0.0)]
    names, date = np.unique(as_of, return_inverse=True)
    size = capacity_share * draws.totals_by(date, np.ones(len(label)), groups=len(names))[0]
    listed = np.zeros((4, len(draws.weights)))
    for number in range(len(names)):
        rows = np.flatnonzero(date == number)
        here = [value[rows] for value in values]
        listed[: len(here)] += _listed(score[rows], here, draws.at(rows), size=size[:, number], share=capacity_share)
    caught, known, promised, brought = listed
    places = size.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return AtCapacity(
            precision=caught / places,
            recall=caught / draws.totals(label)[0],
            expected=np.where(known > 0, promised, np.nan) / len(names),
            realised=np.where(known > 0, brought, np.nan) / len(names),
            expected_over_realised=np.where(brought > 0, promised / brought, np.nan),
            known=float(known[0] / places[0]) if len(label) else 0.0,
            dates=len(names),
        )


def _listed(
    score: NDArray[np.float64],
    values: list[NDArray[np.float64]],
    draws: Draws,
    *,
    size: NDArray[np.float64],
    share: float,
) -> NDArray[np.float64]:
    # sums of the values over one date's list, shape (n_values, 1 + n_draws)
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order]) != 0) + 1, len(order))
    wanted = int(AHEAD * share * len(order)) + SPARE
    while True:
        # whole groups of equal scores, more and more of them until every draw's list is full
        looked = order[: ends[np.searchsorted(ends, min(wanted, len(order)))]]
        group = np.searchsorted(ends, np.arange(len(looked)), side="right")
        sums, short = _taken(group, [value[looked] for value in values], draws, looked, size=size)
        if not short or len(looked) == len(order):
            return sums
        wanted *= 2


def _taken(
    group: NDArray[np.int64],
    values: list[NDArray[np.float64]],
    draws: Draws,
    looked: NDArray[np.int64],
    *,
    size: NDArray[np.float64],
) -> tuple[NDArray[np.float64], bool]:
    taken, done, short = [], 0, False
    drawn = Draws(draws.weights, draws.account[looked])
    for held, *parts in drawn.in_groups(group, np.ones(len(group)), *values):
        places = size[done : done + len(held), None]
        done += len(held)
        reached = np.cumsum(held, axis=1)
        short = short or bool((reached[:, -1:] < places).any())
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(held > 0, np.clip(places - (reached - held), 0, held) / held, 0.0)
        taken.append(np.array([(share * part).sum(axis=1) for part in parts]))
    return np.hstack(taken), short
