"""From a head's margin (log-odds as the trees see it) to a probability that can be taken at its word."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uptier.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Sigmoid:
    """A strictly increasing map from margins to probabilities, ``1 / (1 + exp(-(slope * margin + intercept)))``.

    Two numbers can be learnt from few positives, and a strictly increasing map keeps the order of accounts and has an
    inverse, which the reasons in probability points need (Platt, 1999).

    Attributes
    ----------
    slope : float
        Above 0; 1 where the margins were right as they were.
    intercept : float
        Log-odds at margin 0.
    """

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        if not (self.slope > 0 and math.isfinite(self.slope) and math.isfinite(self.intercept)):
            raise ModelError(
                "A calibrator must be strictly increasing: its slope lies above 0 and both its numbers are finite.",
                found=f"slope {self.slope}, intercept {self.intercept}",
            )

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
        log_odds = self.slope * np.asarray(margin, dtype=np.float64) + self.intercept
        # exp of a negative number only, so that extreme margins do not overflow
        small = np.exp(-np.abs(log_odds))
        return np.where(log_odds >= 0, 1.0, small) / (1.0 + small)

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
        return np.asarray((np.log(given) - np.log1p(-given) - self.intercept) / self.slope)

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
        probability = self(margin)
        return self.slope * probability * (1.0 - probability)
