"""Probability points: each family's share of an account's calibrated probability.

Trees explain margins (log-odds); people read probabilities. The path from the usual account to this one is a straight
line on the margin, and each family gets its part of what the probability gains along it (Aumann-Shapley values; Aumann
and Shapley, Values of Non-Atomic Games, 1974; Sundararajan and others, Axiomatic Attribution, 2017). On one line all
parts share one factor, the slope of the chord, so every sign is kept and the sum is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from uptier.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from uptier.model.bundle import Bundle
    from uptier.model.calibrator import Calibrator
    from uptier.signals.catalog import Catalog

    Numbers = NDArray[np.float64]

ROWS_AT_ONCE = 16_384  # contributions of so many rows are held at once: some 15 MB
# Rates are kept this far from 0 and 1, where a margin would be infinite.
RATE_MARGIN = 1e-9
# Closer than this on the margin the chord is lost in rounding; the derivative halfway is as good to 1e-13.
NEAR = 1e-4


@dataclass(frozen=True, eq=False)
class Shares:
    """The shares of probability of some rows: base + context + families = probability.

    Attributes
    ----------
    base : float
        The observed rate that every account starts from, share.
    context : ndarray, shape (n_rows,)
        What an account's circumstances add or take, share of probability.
    families : ndarray, shape (n_rows, n_families)
        What each family that can be said aloud adds or takes, share of probability.
    probability : ndarray, shape (n_rows,)
        The calibrated probability, which the others add up to.
    """

    base: float
    context: Numbers
    families: Numbers
    probability: Numbers


def shares(
    *, families: Numbers, context: Numbers, expected_margin: float, base_rate: float, calibrator: Calibrator
) -> Shares:
    """Turn contributions to the margin into shares of the calibrated probability.

    With the observed rate r, its margin m0 = c^-1(r) and an account's margin m, every contribution is multiplied by
    (c(m) - c(m0)) / (m - m0); at m = m0 that is the derivative. What lies between m0 and the explainer's own expected
    margin belongs to the context.

    Parameters
    ----------
    families : ndarray, shape (n_rows, n_families)
        Contributions of the families that can be said aloud, in margin.
    context : ndarray, shape (n_rows,)
        Contributions of all other signals, in margin.
    expected_margin : float
        The margin that the contributions start from.
    base_rate : float
        The observed rate, share; kept off 0 and 1 by 1e-9.
    calibrator : Calibrator
        From margin to probability, strictly increasing.

    Returns
    -------
    Shares
        Adding up exactly, but for rounding.
    """
    base_margin = float(calibrator.inverse(np.array([min(max(base_rate, RATE_MARGIN), 1 - RATE_MARGIN)]))[0])
    base = float(calibrator(np.array([base_margin]))[0])
    surroundings = context + (expected_margin - base_margin)
    distance = surroundings + families.sum(axis=1)
    margin = base_margin + distance
    probability = np.asarray(calibrator(margin), dtype=np.float64)
    near = np.abs(distance) < NEAR
    chord = (probability - base) / np.where(near, 1.0, distance)
    factor = np.where(near, calibrator.derivative(base_margin + distance / 2), chord)
    return Shares(
        base=base, context=surroundings * factor, families=families * factor[:, None], probability=probability
    )


@dataclass(frozen=True, eq=False)
class Explained:
    """One outcome's probabilities for some accounts, taken apart.

    Attributes
    ----------
    outcome : str
        The outcome.
    base : float
        The observed rate, share.
    context : Series, shape (n_rows,)
        What circumstances add or take, share of probability.
    points : DataFrame, shape (n_rows, n_families)
        What each family with a trigger adds or takes, share of probability; columns are families.
    probability : Series, shape (n_rows,)
        Calibrated; base + context + points.
    contributions : DataFrame, shape (n_rows, n_signals)
        Contributions of each signal, in margin.
    """

    outcome: str
    base: float
    context: pd.Series[float]
    points: pd.DataFrame
    probability: pd.Series[float]
    contributions: pd.DataFrame

    def row(self, place: int) -> Explained:
        """Give one account alone.

        Parameters
        ----------
        place : int
            Which row.

        Returns
        -------
        Explained
            Of one row.
        """
        one = slice(place, place + 1)
        return Explained(
            outcome=self.outcome,
            base=self.base,
            context=self.context.iloc[one],
            points=self.points.iloc[one],
            probability=self.probability.iloc[one],
            contributions=self.contributions.iloc[one],
        )


def blocks(frame: pd.DataFrame, rows: int = ROWS_AT_ONCE) -> Iterator[pd.DataFrame]:
    """Give a frame piece by piece, so that what is made of it needs no more memory the longer it is.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Any.
    rows : int
        At most so many at once.

    Yields
    ------
    DataFrame
        In the frame's order, with its index.
    """
    for begin in range(0, len(frame), rows):
        yield frame.iloc[begin : begin + rows]


def explained(bundle: Bundle, outcome: str, frame: pd.DataFrame, catalog: Catalog) -> Explained:
    """Take the probabilities of one outcome apart, family by family.

    A family with a trigger can be said aloud; all others (plan, size, price, age) are context: they explain, but
    nobody can act on them.

    Parameters
    ----------
    bundle : Bundle
        The model.
    outcome : str
        An outcome with a fitted head.
    frame : DataFrame, shape (n_rows, n_signals)
        Signals by name.
    catalog : Catalog
        Signals and triggers.

    Returns
    -------
    Explained
        With the frame's index.

    Raises
    ------
    ModelError
        If the outcome rests on a pooled rate, which has nothing to take apart.
    """
    head = bundle.heads[outcome]
    if head.calibrator is None:
        raise ModelError(f"The outcome {outcome} has a pooled rate, which has nothing to take apart. {head.fallback}")
    contributions, expected = bundle.contributions(frame, outcome)
    family_of = {signal.name: signal.family for signal in bundle.signals}
    families = np.array([family_of[name] for name in contributions.columns], dtype=object)
    sayable = [trigger.family for trigger in catalog.triggers if trigger.family in set(families)]
    values = contributions.to_numpy(dtype=np.float64)
    by_family = np.zeros((len(frame), len(sayable)))
    for place, family in enumerate(sayable):
        by_family[:, place] = values[:, families == family].sum(axis=1)
    parts = shares(
        families=by_family,
        context=values[:, ~np.isin(families, sayable)].sum(axis=1),
        expected_margin=expected,
        base_rate=head.base_rate,
        calibrator=head.calibrator,
    )
    return Explained(
        outcome=outcome,
        base=parts.base,
        context=pd.Series(parts.context, index=frame.index, name="context"),
        points=pd.DataFrame(parts.families, index=frame.index, columns=sayable),
        probability=pd.Series(parts.probability, index=frame.index, name=outcome),
        contributions=contributions,
    )
