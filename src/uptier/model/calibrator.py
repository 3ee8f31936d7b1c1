"""From a head's margin (log-odds as the trees see it) to a probability that can be taken at its word.

Three kinds, each a few plain numbers: :class:`Sigmoid`, :class:`Beta` and :class:`Isotonic`. All are strictly
increasing: they keep the order of accounts, and have the inverse that the reasons in probability points need.
"""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from uptier.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

HALVINGS = 200  # of an interval: far more than a double has digits; Newton's steps need a handful


class Calibrator(ABC):
    """A strictly increasing map from margins to probabilities, ``1 / (1 + exp(-log_odds(margin)))``.

    Attributes
    ----------
    kind : str
        What it is called in a bundle's file.
    """

    kind: ClassVar[str]

    @abstractmethod
    def log_odds(self, margin: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the calibrated log-odds of margins.

        Parameters
        ----------
        margin : ndarray
            Log-odds as the trees see them, any shape.

        Returns
        -------
        ndarray
            Log-odds that can be taken at their word, of the same shape; NaN where the margin is.
        """

    @abstractmethod
    def slope_at(self, margin: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give how fast the calibrated log-odds rise with the margin.

        Parameters
        ----------
        margin : ndarray
            Log-odds as the trees see them, any shape.

        Returns
        -------
        ndarray
            Log-odds per unit of margin, above 0.
        """

    @abstractmethod
    def margin_of(self, log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the margins of calibrated log-odds.

        Parameters
        ----------
        log_odds : ndarray
            Finite, any shape.

        Returns
        -------
        ndarray
            Margins of the same shape.
        """

    def __call__(self, margin: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the probabilities of margins.

        Parameters
        ----------
        margin : ndarray
            Log-odds, any shape.

        Returns
        -------
        ndarray
            Probabilities, 0 to 1, of the same shape.
        """
        return _probability(self.log_odds(np.asarray(margin, dtype=np.float64)))

    def inverse(self, probability: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Give the margins of probabilities.

        Parameters
        ----------
        probability : ndarray or float
            Between 0 and 1, both excluded.

        Returns
        -------
        ndarray
            Margins, log-odds.

        Raises
        ------
        ModelError
            If a probability is not between 0 and 1.
        """
        given = np.asarray(probability, dtype=np.float64)
        if not bool(np.all((given > 0) & (given < 1))):
            raise ModelError("Only a probability between 0 and 1, both excluded, has a margin.")
        return np.asarray(self.margin_of(np.log(given) - np.log1p(-given)))

    def derivative(self, margin: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give how fast the probability rises with the margin.

        Parameters
        ----------
        margin : ndarray
            Log-odds.

        Returns
        -------
        ndarray
            Probability per unit of margin, above 0.
        """
        given = np.asarray(margin, dtype=np.float64)
        probability = self(given)
        return np.asarray(self.slope_at(given) * probability * (1.0 - probability))


@dataclass(frozen=True)
class Sigmoid(Calibrator):
    """A straight line in log-odds, ``slope * margin + intercept``.

    Two numbers can be learnt from few positives (Platt, 1999).

    Attributes
    ----------
    slope : float
        Above 0; 1 where the margins were right as they were.
    intercept : float
        Log-odds at margin 0.
    """

    kind: ClassVar[str] = "sigmoid"

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        if not (self.slope > 0 and math.isfinite(self.slope) and math.isfinite(self.intercept)):
            raise _not_increasing(
                "its slope lies above 0 and both its numbers are finite",
                found=f"slope {self.slope}, intercept {self.intercept}",
            )

    def log_odds(self, margin: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: D102  # as told above
        return np.asarray(self.slope * margin + self.intercept)

    def slope_at(self, margin: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: D102  # as told above
        return np.full(np.shape(margin), self.slope)

    def margin_of(self, log_odds: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: D102  # as told above
        return np.asarray((log_odds - self.intercept) / self.slope)


@dataclass(frozen=True)
class Beta(Calibrator):
    """A line that bends once, ``below * ln p - above * ln(1 - p) + intercept`` with p the margin's own probability.

    Trees that are too sure of the likely and too timid with the unlikely, or the other way round, need a slope for each
    end (Kull, Silva Filho and Flach, 2017). With both slopes alike it is a sigmoid.

    Attributes
    ----------
    below, above : float
        Slopes far below margin 0 and far above it, both above 0: at 0 the map would be flat at that end.
    intercept : float
        Log-odds at margin 0, but for ``(above - below) * ln 2``.
    """

    kind: ClassVar[str] = "beta"

    below: float
    above: float
    intercept: float

    def __post_init__(self) -> None:
        finite = all(map(math.isfinite, (self.below, self.above, self.intercept)))
        if not (finite and self.below > 0 and self.above > 0):
            raise _not_increasing(
                "both its slopes lie above 0 and all its numbers are finite",
                found=f"slopes {self.below} and {self.above}, intercept {self.intercept}",
            )

    def log_odds(self, margin: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: D102  # as told above
        return np.asarray(self.above * _softplus(margin) - self.below * _softplus(np.negative(margin)) + self.intercept)

    def slope_at(self, margin: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: D102  # as told above
        return np.asarray(self.below + (self.above - self.below) * _probability(margin))

    def margin_of(self, log_odds: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: D102  # as told above
        wanted = np.asarray(log_odds, dtype=np.float64)
        # the slope lies between the two, so the answer lies between the two lines through margin 0
        rise = wanted - float(self.log_odds(np.zeros(())))
        ends = np.stack([rise / self.below, rise / self.above])
        low, high = ends.min(axis=0), ends.max(axis=0)
        margin = (low + high) / 2
        for _ in range(HALVINGS):
            excess = self.log_odds(margin) - wanted
            low, high = np.where(excess < 0, margin, low), np.where(excess > 0, margin, high)
            step = margin - excess / self.slope_at(margin)
            tried = np.where((step >= low) & (step <= high), step, (low + high) / 2)
            if bool(np.all(np.abs(tried - margin) <= 4 * np.spacing(np.abs(margin) + 1.0))):
                return np.asarray(tried)
            margin = tried
        return np.asarray(margin)


@dataclass(frozen=True)
class Isotonic(Calibrator):
    """Straight lines in log-odds between knots, and on beyond the outer ones with the slopes that were given for it.

    The steps that isotonic regression gives are tilted, so that no two margins share a probability.

    Attributes
    ----------
    margins : tuple of float
        Of the knots, strictly increasing; at least two.
    knots : tuple of float
        Calibrated log-odds there, strictly increasing.
    beyond : float
        Slope below the first knot and above the last, above 0.
    """

    kind: ClassVar[str] = "isotonic"

    margins: tuple[float, ...]
    knots: tuple[float, ...]
    beyond: float

    def __post_init__(self) -> None:
        finite = all(map(math.isfinite, (*self.margins, *self.knots, self.beyond)))
        shaped = len(self.margins) == len(self.knots) >= 2
        if not (finite and shaped and self.beyond > 0 and _rises(self.margins) and _rises(self.knots)):
            raise _not_increasing(
                "its knots rise from left to right, there are at least two, and it goes on rising beyond them",
                found=f"{len(self.margins)} margins and {len(self.knots)} knots, slope {self.beyond} beyond them",
            )

    def log_odds(self, margin: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: D102  # as told above
        return self._between(margin, self.margins, self.knots, self.beyond)

    def slope_at(self, margin: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: D102  # as told above
        slopes = np.r_[self.beyond, np.diff(self.knots) / np.diff(self.margins), self.beyond]
        return np.asarray(slopes[np.searchsorted(self.margins, margin, side="right")])

    def margin_of(self, log_odds: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: D102  # as told above
        return self._between(log_odds, self.knots, self.margins, 1 / self.beyond)

    @staticmethod
    def _between(
        given: NDArray[np.float64], at: tuple[float, ...], values: tuple[float, ...], beyond: float
    ) -> NDArray[np.float64]:
        below, above = np.minimum(given - at[0], 0.0), np.maximum(given - at[-1], 0.0)
        return np.asarray(np.interp(given, at, values) + beyond * (below + above))


KINDS: dict[str, Callable[..., Calibrator]] = {one.kind: one for one in (Sigmoid, Beta, Isotonic)}


def written(calibrator: Calibrator) -> dict[str, Any]:
    """Give a calibrator as plain values for a file.

    Parameters
    ----------
    calibrator : Calibrator
        Of one of the kinds above.

    Returns
    -------
    dict
        Its kind and its numbers.

    Examples
    --------
    >>> written(Sigmoid(0.9, -0.1))
    {'kind': 'sigmoid', 'slope': 0.9, 'intercept': -0.1}
    """
    numbers = {one.name: getattr(calibrator, one.name) for one in dataclasses.fields(calibrator)}  # type: ignore[arg-type]  # all kinds are dataclasses
    return {"kind": calibrator.kind, **numbers}


def read(values: Mapping[str, Any]) -> Calibrator:
    """Give the calibrator of the values in a file.

    Parameters
    ----------
    values : mapping of str to value
        As :func:`written` gave them; a sigmoid where no kind is told, as in files of schema version 1.

    Returns
    -------
    Calibrator
        As it was.

    Raises
    ------
    KeyError, TypeError
        If the values are not those of a calibrator.
    ModelError
        If they would not be strictly increasing.
    """
    numbers: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in values.items()}
    kind: str = numbers.pop("kind", Sigmoid.kind)
    return KINDS[kind](**numbers)


def _probability(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    # exp of a negative number only, so that extreme margins do not overflow
    small = np.exp(-np.abs(log_odds))
    return np.asarray(np.where(log_odds >= 0, 1.0, small) / (1.0 + small))


def _softplus(value: NDArray[np.float64]) -> NDArray[np.float64]:
    # as np.logaddexp(0, value), which warns of NaN
    return np.asarray(np.maximum(value, 0.0) + np.log1p(np.exp(-np.abs(value))))


def _rises(values: tuple[float, ...]) -> bool:
    return all(one < other for one, other in pairwise(values))


def _not_increasing(rule: str, *, found: str) -> ModelError:
    return ModelError(f"A calibrator must be strictly increasing: {rule}.", found=found)
