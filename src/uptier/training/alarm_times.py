"""When the events lie that a signal tells: within the first days of the window, long after it, or already past.

A column that looks `d` days ahead tells the events of the first `d` days and not those after them: at day `d` its
placements fall as off a cliff. Real signals tell near events better too, but on a slope. So a step is measured beside a
slope, by the same regression. A column that was written back tells what had happened, what happens soon and what
happens in a year equally well; what an account does now tells best what it does next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from uptier.training.alarm_ranks import EVEN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uptier.outcomes.outcome import Examples

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Whole = NDArray[np.int64]

CUTS_DAYS = (2, 4, 7, 10, 13, 16, 20, 25, 30, 40)  # after the window opens, at which a step is looked for
LEAST_ACCOUNTS = 20  # with an event on either side of a step, or among what is compared
FAR_HORIZONS = 2  # lengths of the window after its end in which an event counts as far


@dataclass(frozen=True, kw_only=True, eq=False)
class PastLabels:
    """What had happened before each row, and what happens after its window.

    Attributes
    ----------
    past : ndarray of bool, shape (n_rows,)
        An event in the time before the as-of date that is as long as gap and horizon, and none in the window.
    near : ndarray of bool, shape (n_rows,)
        An event in the window, and none before the as-of date that the examples know of.
    far : ndarray of bool, shape (n_rows,)
        An event after the window, within `FAR_HORIZONS` lengths of it; none in the window, nor ever before.
    neither : ndarray of bool, shape (n_rows,)
        None of all these: what the three are compared with.
    """

    past: Bools
    near: Bools
    far: Bools
    neither: Bools


@dataclass(frozen=True, kw_only=True)
class Step:
    """A fall of a signal's placements at some day of the window, beyond the slope.

    Attributes
    ----------
    day : int
        Days after the window opens.
    height : float
        By how much the AUC of the events before that day is further from 0.5 than the slope tells; below 0 where it is
        nearer.
    error : float
        Its standard error, clustered by account.
    accounts : int
        Distinct accounts with an event on the side that has fewer.
    """

    day: int
    height: float
    error: float
    accounts: int


def past_labels(given: Examples, rows: Whole, *, days: int) -> PastLabels | None:
    """Find what had happened before each row, and what happens after its window, from the examples' own events.

    Parameters
    ----------
    given : Examples
        Labelled rows of one outcome.
    rows : ndarray of int
        The fit slice.
    days : int
        Gap and horizon together.

    Returns
    -------
    PastLabels or None
        For rows whose past the examples cover; the others are in none of the three groups. None without any event.
        With churn no row has an event behind it: who left is looked at no more.
    """
    frame = given.frame.iloc[rows][["account_id", "as_of"]].reset_index(drop=True)
    event = given.event_at.iloc[rows].reset_index(drop=True)
    happened = pd.DataFrame({"account_id": frame["account_id"], "day": event})
    happened = happened[event.notna()].drop_duplicates().sort_values("day")
    if happened.empty:
        return None
    label = given.label.iloc[rows].to_numpy() == 1
    behind = _days_between(frame, happened, days=0, direction="backward")
    ahead = _days_between(frame, happened, days=days, direction="forward")
    covered = (frame["as_of"] >= frame["as_of"].min() + pd.Timedelta(days=days)).to_numpy()
    had, comes = behind <= days, ahead < (1 + FAR_HORIZONS) * days
    # what records sales tells them all where sales repeat themselves; of an account's first one it can know nothing
    first = covered & ~np.isfinite(behind)
    return PastLabels(
        past=covered & had & ~label,
        near=first & label,
        far=first & comes & ~label,
        neither=first & ~comes & ~label,
    )


def since_before(values: Floats, account: Whole, order: Whole) -> Floats:
    """Give how a signal changed since the account was looked at before.

    Parameters
    ----------
    values : ndarray, shape (n_rows,)
        A signal.
    account : ndarray of int, shape (n_rows,)
        Number of each row's account.
    order : ndarray of int, shape (n_rows,)
        Rows by account and as-of date.

    Returns
    -------
    ndarray, shape (n_rows,)
        NaN for an account's first row. A level that hides a leak behind the differences between accounts shows it
        here.
    """
    moved = np.full(len(values), np.nan)
    same = account[order[1:]] == account[order[:-1]]
    later, earlier = order[1:][same], order[:-1][same]
    moved[later] = values[later] - values[earlier]
    return moved


@dataclass(frozen=True, kw_only=True, eq=False)
class Cut:
    """A day of the window at which a step is looked for, with what is the same for every signal.

    Attributes
    ----------
    day : int
        Days after the window opens.
    early : ndarray of bool, shape (n_positives,)
        Whose event lies before it.
    design : ndarray, shape (n_positives, 3)
        A constant, the day, and whether the event lies before the cut.
    solved : ndarray, shape (3, n_positives)
        The design's pseudo-inverse.
    place : ndarray of int, shape (n_positives,)
        Number of each positive's account among them.
    accounts : int
        Distinct accounts on the side that has fewer.
    """

    day: int
    early: Bools
    design: Floats
    solved: Floats
    place: Whole
    accounts: int


def cuts_of(day: Floats, account: Whole) -> tuple[Cut, ...]:
    """Prepare the days at which a step can be measured.

    Parameters
    ----------
    day : ndarray, shape (n_positives,)
        Days from the opening of the window to each positive's event.
    account : ndarray of int, shape (n_positives,)
        Number of each positive's account.

    Returns
    -------
    tuple of Cut
        Those of `CUTS_DAYS` with `LEAST_ACCOUNTS` on either side.
    """
    _, place = np.unique(account, return_inverse=True)
    found = []
    for cut in CUTS_DAYS:
        early = day < cut
        least = min(len(np.unique(place[early])), len(np.unique(place[~early])))
        if least >= LEAST_ACCOUNTS:
            design = np.column_stack([np.ones(len(day)), day - day.mean(), early])
            solved = np.linalg.pinv(design)
            found.append(Cut(day=cut, early=early, design=design, solved=solved, place=place, accounts=least))
    return tuple(found)


def steps(placements: Floats, cuts: Sequence[Cut]) -> list[Step]:
    """Measure the step of a signal at each of some days of the window.

    Parameters
    ----------
    placements : ndarray, shape (n_positives,)
        Of one signal.
    cuts : sequence of Cut
        From :func:`cuts_of`.

    Returns
    -------
    list of Step
        Of ordinary least squares on a constant, the day, and whether the event lies before the cut, with errors
        clustered by account (Liang and Zeger, 1986).
    """
    found = []
    for cut in cuts:
        solution = cut.solved @ placements
        scores = np.bincount(cut.place, weights=cut.solved[2] * (placements - cut.design @ solution))
        error = float(np.sqrt(scores @ scores * len(scores) / max(len(scores) - 1, 1)))
        # what tells the later events better falls off no cliff
        near, far = float(placements[cut.early].mean()) - EVEN, float(placements[~cut.early].mean()) - EVEN
        height = float(solution[2]) * (np.sign(near) if abs(near) > abs(far) else 0.0)
        found.append(Step(day=cut.day, height=float(height), error=error, accounts=cut.accounts))
    return found


def mean_by_account(values: Floats, account: Whole) -> tuple[float, float, int]:
    """Give a mean with its standard error, clustered by account.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Numbers.
    account : ndarray of int, shape (n,)
        Number of each row's account.

    Returns
    -------
    mean, error : float
        NaN without rows.
    accounts : int
        Distinct accounts.
    """
    _, place = np.unique(account, return_inverse=True)
    count = int(place.max(initial=-1)) + 1
    if not count:
        return float("nan"), float("nan"), 0
    scores = np.bincount(place, weights=values - values.mean()) / len(values)
    return float(values.mean()), float(np.sqrt(scores @ scores * count / max(count - 1, 1))), count


def blocks_of_time(times: Sequence[object] | pd.Series, *, blocks: int) -> list[Whole]:
    """Part rows into blocks of time that hold about equally many.

    Parameters
    ----------
    times : sequence
        A date or number for each row, in any order.
    blocks : int
        How many at most; equal times stay together.

    Returns
    -------
    list of ndarray of int
        Rows of each block, earliest first.
    """
    code, _ = pd.factorize(pd.Series(times).reset_index(drop=True), sort=True)
    counts = np.bincount(code)
    middle = np.cumsum(counts) - counts / 2
    block = np.minimum((middle * blocks / max(len(code), 1)).astype(np.int64), blocks - 1)[code]
    return [np.flatnonzero(block == one) for one in np.unique(block)]


def _days_between(
    frame: pd.DataFrame, happened: pd.DataFrame, *, days: int, direction: Literal["backward", "forward"]
) -> Floats:
    looks = frame.assign(row=np.arange(len(frame)), since=frame["as_of"] + pd.Timedelta(days=days))
    found = pd.merge_asof(
        looks.sort_values("since"),
        happened.assign(since=happened["day"]),
        on="since",
        by="account_id",
        direction=direction,
        # the as-of date itself is not yet past
        allow_exact_matches=direction == "forward",
    ).sort_values("row")
    between = (found["day"] - found["as_of"]).dt.days.abs().to_numpy(dtype=np.float64)
    return np.where(np.isnan(between), np.inf, between)
