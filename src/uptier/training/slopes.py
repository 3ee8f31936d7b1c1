"""Calibration slope and intercept: a logistic regression of the label on the predicted log-odds, in all draws at once.

Cox (1958): with a slope of 1 and an intercept of 0 probabilities are what they say. A slope below 1 says that they are
too extreme, above 1 too timid. With the slope held at 1 the intercept is calibration in the large: below 0, too much is
predicted altogether (Van Calster et al. 2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uptier.training.resampling import SMALLEST, Draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRAIN = 0.01  # log-odds; between grid points chances are taken as straight, which moves them by a millionth at most
LONGEST_STEP = 1.0  # log-odds; over it the curvature changes by e at most, so that Newton's method cannot run away
STEPS = 200
SETTLED = 1e-9  # share; mean residual left
FLAT = 1e-7  # share; a mean curvature below it means that labels are parted without an error, and no slope is finite


@dataclass(frozen=True, kw_only=True, eq=False)
class Slopes:
    """How the label follows the predicted log-odds.

    Attributes
    ----------
    slope, intercept : ndarray, shape (1 + n_draws,)
        Of the regression with both; NaN in a draw that holds one class or one probability only, or whose classes the
        probabilities part without an error.
    in_the_large : ndarray, shape (1 + n_draws,)
        Intercept with the slope held at 1, log-odds; NaN in a draw that holds one class only.
    """

    slope: NDArray[np.float64]
    intercept: NDArray[np.float64]
    in_the_large: NDArray[np.float64]


def slopes(label: NDArray[np.int64], probability: NDArray[np.float64], draws: Draws) -> Slopes:
    """Regress the label on the predicted log-odds.

    Parameters
    ----------
    label : ndarray of int, shape (n,)
        0 or 1.
    probability : ndarray, shape (n,)
        0 to 1; 0 and 1 themselves are moved in by 1e-15.
    draws : Draws
        Accounts drawn.

    Returns
    -------
    Slopes
        By Newton's method on the draws' weights, without any penalty.
    """
    kept = np.clip(probability, SMALLEST, 1 - SMALLEST)
    margin = np.log(kept) - np.log1p(-kept)
    at, cells = _grid(margin)
    seen, leaning = draws.totals(label, label * margin)
    centre, scale = float(margin.mean()), float(np.ptp(margin) and margin.std())
    start = centre, scale  # intercept 0 and slope 1
    found, large, done = [], [], 0
    for (weight,) in Draws(draws.weights, np.tile(draws.account, 2)).in_groups(*cells):
        part = slice(done, done + len(weight))
        done += len(weight)
        if scale > 0:
            line = _line(weight, (at - centre) / scale, seen[part], (leaning - centre * seen)[part] / scale, start)
            found.append(np.column_stack([line[:, 0] - line[:, 1] * centre / scale, line[:, 1] / scale]))
        else:  # one probability only
            found.append(np.full((len(weight), 2), np.nan))
        large.append(_shift(weight, at, seen[part]))
    line = np.vstack(found)
    return Slopes(slope=line[:, 1], intercept=line[:, 0], in_the_large=np.concatenate(large))


def _grid(margin: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[NDArray[np.int64], NDArray[np.float64]]]:
    # each row is split between the two grid points beside it, so that its weight and its place stay what they are;
    # an exponential for each row and draw would take a hundred times as long
    low = np.floor(margin / GRAIN)
    share = margin / GRAIN - low
    points, cell = np.unique(np.concatenate([low, low + 1]), return_inverse=True)
    return points * GRAIN, (cell, np.concatenate([1 - share, share]))


def _line(
    weight: NDArray[np.float64],
    x: NDArray[np.float64],
    seen: NDArray[np.float64],
    leaned: NDArray[np.float64],
    start: tuple[float, float],
) -> NDArray[np.float64]:
    rows = np.maximum(weight.sum(axis=1), 1.0)  # a draw may hold none of some rows
    first, second = (np.full(len(weight), value) for value in start)
    for _ in range(STEPS):
        chance = _chance(first[:, None] + second[:, None] * x)
        bend = weight * chance * (1 - chance)
        residual = seen - (weight * chance).sum(axis=1), leaned - (weight * chance) @ x
        flat, mixed, steep = bend.sum(axis=1), bend @ x, bend @ x**2
        if max(float(np.max(np.abs(part) / rows)) for part in residual) < SETTLED:
            break
        with np.errstate(invalid="ignore", divide="ignore"):
            size = flat * steep - mixed**2
            move = (
                np.nan_to_num((steep * residual[0] - mixed * residual[1]) / size, posinf=0, neginf=0),
                np.nan_to_num((flat * residual[1] - mixed * residual[0]) / size, posinf=0, neginf=0),
            )
        reach = np.maximum(np.abs(move[0] + move[1] * x.min()), np.abs(move[0] + move[1] * x.max()))
        held = LONGEST_STEP / np.maximum(reach, LONGEST_STEP)
        first, second = first + held * move[0], second + held * move[1]
    settled = (np.abs(residual[0]) / rows < 10 * SETTLED) & (np.abs(residual[1]) / rows < 10 * SETTLED)
    both = (seen > 0) & (seen < rows) & settled & (flat / rows > FLAT)
    return np.where(both[:, None], np.column_stack([first, second]), np.nan)


def _shift(weight: NDArray[np.float64], at: NDArray[np.float64], seen: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = np.maximum(weight.sum(axis=1), 1.0)  # a draw may hold none of some rows
    both = (seen > 0) & (seen < rows)
    shift = np.zeros(len(weight))
    for _ in range(STEPS):
        chance = _chance(shift[:, None] + at)
        residual = np.where(both, seen - (weight * chance).sum(axis=1), 0.0)
        if float(np.max(np.abs(residual) / rows)) < SETTLED:
            break
        bend = (weight * chance * (1 - chance)).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            move = np.nan_to_num(residual / bend, posinf=LONGEST_STEP, neginf=-LONGEST_STEP)
        shift += np.clip(move, -LONGEST_STEP, LONGEST_STEP)
    return np.where(both, shift, np.nan)


def _chance(margin: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import expit

    return np.asarray(expit(margin))
