"""The gate that says whether a head may be used, and so whether a bundle may become the champion.

On the test slice, for accounts the model never saw, a head must beat the points model, seat utilisation alone and a
constant in AUC, and the base rate of the fit slice in log loss. It must beat all of them, so its p-value is the largest
of the comparisons' (an intersection-union test, Berger 1982), and the p-values of the conversion heads are judged
together by Holm's step-down (1979). Logistic regression need not be beaten: a head that is not worse by 0.01 is kept
for its reasons; that guard is read from the plain 95 % interval.

A head that leads must also lead the points model at two thirds of the origins, lead the one signal that ranks best by
itself, be calibrated within bounds, raise no
leakage alarm that the project has not accepted, and not be shown to be worse than the champion's: these are conditions,
each read by itself.

Each p-value is one-sided, from the difference over its standard deviation in the account bootstrap (a normal
approximation: a percentile could not fall below one over the number of draws). A head passes exactly where the lower
bounds of the intervals shown lie above zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from uptier.settings import CONVERSIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALPHA = 0.025  # one-sided: the lower end of a 95 % interval
LOGISTIC_MARGIN = -0.01  # AUC; how much worse than logistic regression a head may be
LEADS_IN = 2 / 3  # share of the origins at which a head must rank better than the points model
CALIBRATED = (0.8, 1.25)  # what the interval of slope, and of predicted over observed cases, must reach into


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A head's lead over one baseline.

    Attributes
    ----------
    against : str
        The baseline, as in "seat utilisation alone".
    measure : str
        ``AUC`` or ``log loss``.
    difference : float
        Lead of the head; above 0 is better, in log loss too.
    error : float
        Standard deviation of the lead over accounts drawn.
    least : float
        What the lead must exceed.
    level : float
        One-sided level of the interval shown.
    """

    against: str
    measure: str
    difference: float
    error: float
    least: float = 0.0
    level: float = ALPHA

    @property
    def p(self) -> float:
        """Chance of such a lead, or a larger one, if the true lead were only `least`."""
        lead = self.difference - self.least
        if not (math.isfinite(lead) and math.isfinite(self.error)):
            return 1.0
        if self.error <= 0:
            return 0.0 if lead > 0 else 1.0
        return 1.0 - NormalDist().cdf(lead / self.error)

    @property
    def passed(self) -> bool:
        """Whether the lower bound of the interval lies above `least`."""
        return self.p < self.level

    @property
    def interval(self) -> tuple[float, float, float]:
        """Low, difference, high."""
        half = NormalDist().inv_cdf(1 - self.level) * self.error
        return self.difference - half, self.difference, self.difference + half

    def at(self, level: float) -> Comparison:
        """Give the comparison at another level.

        Parameters
        ----------
        level : float
            One-sided.

        Returns
        -------
        Comparison
            Otherwise the same.
        """
        return Comparison(
            against=self.against,
            measure=self.measure,
            difference=self.difference,
            error=self.error,
            least=self.least,
            level=level,
        )

    def told(self) -> str:
        """Say it in words.

        Returns
        -------
        str
            ``"against the points model: AUC +0.012 (-0.010 to +0.034)"``.
        """
        low, middle, high = self.interval
        needed = f", must lie above {self.least:g}" if self.least else ""
        return f"against {self.against}: {self.measure} {middle:+.3f} ({low:+.3f} to {high:+.3f}{needed})"

    def as_json(self) -> dict[str, Any]:
        """Give it in plain JSON types.

        Returns
        -------
        dict
            With interval, p-value and whether it passed.
        """
        return {
            "against": self.against,
            "measure": self.measure,
            "difference": [value if math.isfinite(value) else None for value in self.interval],
            "least": self.least,
            "p": self.p,
            "passed": self.passed,
        }


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What a head must fulfil beside its leads.

    Attributes
    ----------
    name : str
        ``origins``, ``best_single``, ``calibration``, ``alarms`` or ``champion``.
    passed : bool
        Whether it does.
    told : str
        What was found, in words.
    """

    name: str
    passed: bool
    told: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a head may be used.

    Attributes
    ----------
    passed : bool
        It may.
    comparisons : tuple of Comparison
        At the levels they were judged at.
    conditions : tuple of Condition
        What else was asked of it.
    """

    passed: bool
    comparisons: tuple[Comparison, ...]
    conditions: tuple[Condition, ...] = ()

    def why(self) -> str:
        """Say why a head is not used.

        Returns
        -------
        str
            Empty for one that passed.
        """
        failed = [comparison.told() for comparison in self.comparisons if not comparison.passed]
        told = [f"Not better by more than chance on the test slice, {'; '.join(failed)}."] if failed else []
        return " ".join([*told, *(one.told for one in self.conditions if not one.passed)])


def compared(
    head: NDArray[np.float64],
    baseline: NDArray[np.float64] | float,
    *,
    against: str,
    measure: str,
    least: float = 0.0,
) -> Comparison:
    """Compare a head with a baseline, draw by draw.

    Parameters
    ----------
    head : ndarray, shape (1 + n_draws,)
        Measure of the head, higher is better: the figure, then each draw.
    baseline : ndarray or float
        The same of the baseline, under the same draws.
    against : str
        The baseline's name.
    measure : str
        ``AUC`` or ``log loss``.
    least : float
        What the lead must exceed.

    Returns
    -------
    Comparison
        With the lead and its standard deviation over the draws.
    """
    lead = head - baseline
    drawn = lead[1:][np.isfinite(lead[1:])]
    error = float(drawn.std(ddof=1)) if len(drawn) > 1 else math.nan
    return Comparison(against=against, measure=measure, difference=float(lead[0]), error=error, least=least)


def led_origins(led: int, origins: int) -> Condition:
    """Ask that a head led the points model at most origins.

    Parameters
    ----------
    led : int
        At how many it did.
    origins : int
        How many there were.

    Returns
    -------
    Condition
        Two thirds of them are needed.
    """
    needed = math.ceil(LEADS_IN * origins)
    return Condition(
        name="origins",
        passed=led >= needed,
        told=f"It ranked better than the points model at {led} of {origins} origins; {needed} are needed.",
    )


def above_one_signal(lead: Comparison) -> Condition:
    """Ask that a head ranks better than the one signal that ranked best where it was learnt.

    Parameters
    ----------
    lead : Comparison
        Over that signal, in AUC.

    Returns
    -------
    Condition
        By the plain figure: that signal is the luckiest of a hundred, and a young company's data cannot show more.
    """
    return Condition(
        name="best_single",
        passed=lead.difference > 0,
        told=f"It ranks {'better' if lead.difference > 0 else 'no better'} than one signal alone: {lead.told()}.",
    )


def without_alarm(alarms: Sequence[str]) -> Condition:
    """Ask that nothing smells of a leak.

    Parameters
    ----------
    alarms : sequence of str
        Leakage alarms that the project has not accepted, in words.

    Returns
    -------
    Condition
        There may be none.
    """
    told = f"Leakage alarm: {' '.join(alarms)} See docs/alarms.md." if alarms else "No leakage alarm rang."
    return Condition(name="alarms", passed=not alarms, told=told)


def calibrated(figures: Mapping[str, tuple[float, float, float] | None]) -> Condition:
    """Ask that probabilities are about what they say.

    Parameters
    ----------
    figures : mapping of str to tuple of float
        By name (``slope``, ``predicted over observed``): low, figure, high; None where it was not measured.

    Returns
    -------
    Condition
        Each interval must reach into 0.8 to 1.25: what is shown to lie outside is out of bounds.
    """
    low_bound, high_bound = CALIBRATED
    # written so that a figure that is not known does not pass
    out = [
        f"{name} {middle:.2f} ({low:.2f} to {high:.2f})"
        for name, one in figures.items()
        if one is not None
        for low, middle, high in [one]
        if not (high >= low_bound and low <= high_bound)
    ]
    told = f"Its probabilities are not what they say: {'; '.join(out)}; {low_bound} to {high_bound} must be reached."
    return Condition(name="calibration", passed=not out, told=told if out else "Its probabilities are what they say.")


def verdicts(
    comparisons: Mapping[str, Sequence[Comparison]], conditions: Mapping[str, Sequence[Condition]] | None = None
) -> dict[str, Verdict]:
    """Judge all heads that were fitted.

    Parameters
    ----------
    comparisons : mapping of str to sequence of Comparison
        By outcome; those with a `least` below zero are guards and read at the plain level.
    conditions : mapping of str to sequence of Condition, optional
        By outcome: what else is asked.

    Returns
    -------
    dict of str to Verdict
        Holm's correction runs over all three conversion heads, those without a fitted head included; churn heads are
        judged at the plain level.
    """
    worst = {
        outcome: max((one.p for one in made if one.least >= 0), default=1.0) for outcome, made in comparisons.items()
    }
    levels = holm_levels({outcome: worst.get(outcome, 1.0) for outcome in CONVERSIONS}, alpha=ALPHA)
    judged = {}
    for outcome, made in comparisons.items():
        level = levels.get(outcome, ALPHA)
        read = tuple(one.at(level) if one.least >= 0 else one for one in made)
        asked = tuple((conditions or {}).get(outcome, ()))
        passed = bool(read) and all(one.passed for one in read) and all(one.passed for one in asked)
        judged[outcome] = Verdict(passed=passed, comparisons=read, conditions=asked)
    return judged


def holm_levels(p_values: Mapping[str, float], *, alpha: float) -> dict[str, float]:
    """Give the level at which each of several p-values is judged, by Holm's step-down.

    Parameters
    ----------
    p_values : mapping of str to float
        By name.
    alpha : float
        Chance of any false pass.

    Returns
    -------
    dict of str to float
        A p-value passes where it lies below its level: the smallest is judged at alpha over their number, the next at
        alpha over one less, and so on; after the first that fails, all others keep its level, which they fail too.

    Examples
    --------
    >>> holm_levels({"a": 0.01, "b": 0.02, "c": 0.2}, alpha=0.06)
    {'a': 0.02, 'b': 0.03, 'c': 0.06}
    """
    levels: dict[str, float] = {}
    level = alpha / max(len(p_values), 1)
    failed = False
    for place, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        if not failed:
            level = alpha / (len(p_values) - place)
            failed = not p < level
        levels[name] = level
    return levels
