"""How a way of learning does from origin to origin, and whether it broke."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from uptier.training.judging import Interval, interval, plain
from uptier.training.promotion import holm_levels
from uptier.training.resampling import Draws, losses, ranking

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uptier.training.rolled import Rolled

BREAK_ALPHA = 0.01  # chance of any false break over all origins of an outcome
DRAWN = ("auc", "calibration_ratio", "base_rate")


@dataclass(frozen=True, kw_only=True)
class AtOrigin:
    """One origin's figures, each low, figure, high.

    Attributes
    ----------
    date : str
        The origin, as YYYY-MM-DD.
    n, positives : int
        Test rows of its block, and those with the outcome.
    base_rate : tuple of float
        Observed rate, share.
    auc : tuple of float
        For accounts that the model never saw.
    points_auc : tuple of float
        Of the points model on the same rows.
    log_loss_gain : tuple of float
        By how much the log loss lies below that of the base rate it had learnt, nats; above 0 is better.
    calibration_ratio : tuple of float
        Observed cases over expected ones; 1 where probabilities are what they say.
    broke : tuple of str
        What differs from what went before by more than chance, in words; empty where nothing does.
    """

    date: str
    n: int
    positives: int
    base_rate: Interval
    auc: Interval
    points_auc: Interval
    log_loss_gain: Interval
    calibration_ratio: Interval
    broke: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give it in plain JSON types.

        Returns
        -------
        dict
            By name.
        """
        given: dict[str, Any] = plain(asdict(self))
        return given

    def rows(self, outcome: str) -> list[dict[str, Any]]:
        """Give a row for each measure, to be drawn.

        Parameters
        ----------
        outcome : str
            Whose figures these are.

        Returns
        -------
        list of dict
            outcome, origin, measure, low, figure, high, n, positives.
        """
        about = {"outcome": outcome, "origin": self.date, "n": self.n, "positives": self.positives}
        told = []
        for measure in DRAWN:
            low, figure, high = getattr(self, measure)
            told.append({**about, "measure": measure, "low": low, "figure": figure, "high": high})
        return told


def by_origin(
    asked: Rolled, label: NDArray[np.int64], points: NDArray[np.float64], draws: Draws
) -> tuple[AtOrigin, ...]:
    """Measure each origin by itself, and see where one differs from those before.

    Parameters
    ----------
    asked : Rolled
        What the models say.
    label : ndarray of int, shape (n_test,)
        0 or 1, in the order of `asked`.
    points : ndarray, shape (n_test,)
        The points model.
    draws : Draws
        Accounts drawn.

    Returns
    -------
    tuple of AtOrigin
        Earliest first. An origin broke where its ratio of observed to expected cases differs from 1, or its AUC from
        that of all origins before it together, at a level of 1 % after Holm over all origins and both questions.
    """
    made, leads = [], {}
    for number, date in enumerate(asked.dates):
        rows = asked.origin == number
        some, earlier = _measured(asked, label, points, draws, rows), asked.origin < number
        made.append((str(date.date()), rows, some))
        leads[f"{number} ratio"] = np.log(np.where(some["calibration_ratio"] > 0, some["calibration_ratio"], np.nan))
        if earlier.any():
            leads[f"{number} auc"] = some["auc"] - _auc(label, asked.unseen, draws, earlier)
    p_values = {name: _two_sided(lead) for name, lead in leads.items()}
    levels = holm_levels(p_values, alpha=BREAK_ALPHA)
    seen = {name for name, p in p_values.items() if p < levels[name]}
    return tuple(
        AtOrigin(
            date=date,
            n=int(rows.sum()),
            positives=int(label[rows].sum()),
            **{name: interval(drawn) for name, drawn in some.items()},
            broke=_broke(number, some, leads, seen),
        )
        for number, (date, rows, some) in enumerate(made)
    )


def led_in(stable: Sequence[AtOrigin]) -> int:
    """Say at how many origins the model ranked better than the points model.

    Parameters
    ----------
    stable : sequence of AtOrigin
        From :func:`by_origin`.

    Returns
    -------
    int
        By the plain figures; an origin without both classes does not count.
    """
    return sum(one.auc[1] > one.points_auc[1] for one in stable)


def _measured(
    asked: Rolled, label: NDArray[np.int64], points: NDArray[np.float64], draws: Draws, rows: NDArray[np.bool_]
) -> dict[str, NDArray[np.float64]]:
    here = Draws(draws.weights, draws.account[rows])
    truth, told = label[rows], asked.unseen[rows]
    accounts = draws.weights.shape[1]

    def summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return draws.weights @ np.bincount(here.account, weights=values, minlength=accounts)

    cases = summed(truth.astype(np.float64))
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "base_rate": cases / summed(np.ones(len(truth))),
            "auc": _auc(label, asked.unseen, draws, rows),
            "points_auc": _auc(label, points, draws, rows),
            "log_loss_gain": losses(truth, asked.base[rows], here).log_loss - losses(truth, told, here).log_loss,
            "calibration_ratio": cases / summed(told),
        }


def _auc(
    label: NDArray[np.int64], score: NDArray[np.float64], draws: Draws, rows: NDArray[np.bool_]
) -> NDArray[np.float64]:
    here = Draws(draws.weights, draws.account[rows])
    return ranking(label[rows], score[rows], here, capacity_share=0.5).auc


def _two_sided(lead: NDArray[np.float64]) -> float:
    drawn = lead[1:][np.isfinite(lead[1:])]
    if len(drawn) < 2 or not math.isfinite(lead[0]):
        return 1.0
    error = float(drawn.std(ddof=1))
    return 2 * (1 - NormalDist().cdf(abs(float(lead[0])) / error)) if error > 0 else 1.0


def _broke(
    number: int, some: dict[str, NDArray[np.float64]], leads: dict[str, NDArray[np.float64]], seen: set[str]
) -> tuple[str, ...]:
    told = []
    if f"{number} ratio" in seen:
        low, middle, high = interval(some["calibration_ratio"])
        told.append(f"{middle:.2f} times as many cases as expected ({low:.2f} to {high:.2f})")
    if f"{number} auc" in seen:
        low, middle, high = interval(leads[f"{number} auc"])
        told.append(f"AUC {middle:+.3f} against the origins before ({low:+.3f} to {high:+.3f})")
    return tuple(told)
