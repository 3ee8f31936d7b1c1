"""What rings: the bounds of the leakage alarms, and how each is told."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from uptier.training.alarm_ranks import EVEN, Columns, rank_correlation
from uptier.training.alarm_times import LEAST_ACCOUNTS, Step

AUC_AT_MOST = 0.85  # of one signal alone
LEAD_AT_MOST = 0.15  # in AUC, of one signal before the next that is not the same thing
SAME_THING = 0.7  # absolute rank correlation from which on two signals are copies of each other
SURE = 0.8  # share of positives at one end of a signal's values: who buys is never as sure as that
SURE_ACCOUNTS = 10  # with the outcome at that end
SURE_ODDS = 20.0  # times the odds of all rows, so that a frequent outcome is not taken for a leak
LEAST_STEP = 0.05  # in AUC, beyond the slope
FALSE_ALARMS = 0.01  # chance that any signal of an outcome rings by its steps, were there none
FLAT = 0.75  # AUC; ChurnSim has an honest trait (how fast an account grows) that tells all three with 0.72
FLAT_SURELY = 0.55  # which each must exceed by chance's measure too
AS_GOOD = 0.02  # in AUC, by which another time may be told less well than the window and still count as told as well


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """A sign that a signal knows what it could not have known.

    Attributes
    ----------
    code : str
        Which alarm.
    outcome : str
        Of which outcome's head.
    signal : str or None
        The signal; None for the whole head.
    found : str
        What was measured, as sentences with their figures.
    measured : dict of str to float
        The figures by name.
    """

    code: str
    outcome: str
    signal: str | None
    found: str
    measured: dict[str, float] = field(default_factory=dict)

    def told(self) -> str:
        """Say what rang, and of what.

        Returns
        -------
        str
            One line.
        """
        of = "the whole head" if self.signal is None else f"signal '{self.signal}'"
        return f"{self.code}, {self.outcome}, {of}: {self.found}"

    def of_the_head(self) -> Alarm:
        """Give the same alarm as one of the whole head.

        Returns
        -------
        Alarm
            Without a signal.
        """
        return dataclasses.replace(self, signal=None)


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What was measured of one signal.

    Attributes
    ----------
    name : str
        The signal.
    auc : float
        Of all rows; below 0.5 where lower values come before the event.
    within : float
        AUC among rows of the same time; NaN where too few rows of a time are positives.
    sure, sure_accounts
        Largest share of positives at one end of its values, and the accounts with a positive there.
    rate : float
        Share of positives among all rows.
    steps : tuple of Step
        At some days of the window, of the signal itself and of its change since the account was looked at before.
    past : tuple
        AUC, its standard error, and accounts: of events in the window, in the past, and far ahead. Empty where the
        past is not known.
    """

    name: str
    auc: float
    within: float
    sure: float
    sure_accounts: int
    rate: float
    steps: tuple[Step, ...]
    past: tuple[tuple[float, float, int], ...]

    @property
    def overall(self) -> float:
        """The AUC of all rows, whichever way round."""
        return EVEN + abs(self.auc - EVEN)

    @property
    def strength(self) -> float:
        """The AUC whichever way round, of all rows or of those of the same time: the higher of both."""
        return self.overall if np.isnan(self.within) else max(self.overall, EVEN + abs(self.within - EVEN))


def too_good(outcome: str, looked: Sequence[Looked], columns: Columns) -> list[Alarm]:
    """Find signals that tell more than any one signal can.

    Parameters
    ----------
    outcome : str
        Whose head.
    looked : sequence of Looked
        What was measured, in the order of the columns.
    columns : Columns
        The signals, to see which are copies of each other.

    Returns
    -------
    list of Alarm
        For an AUC above `AUC_AT_MOST`, a lead of more than `LEAD_AT_MOST` over the best signal that is no copy of the
        leader, or one end of the values at which nearly all rows are positives.
    """
    ordered = sorted(looked, key=lambda one: -one.strength)
    beside = _next_best(ordered, columns)
    best = EVEN if beside is None else beside.strength
    rang = []
    for one in looked:
        odds = (1 - one.rate) / max(one.rate, 1e-12)
        sure = one.sure >= SURE and (one.sure >= 1 or one.sure / (1 - one.sure) * odds >= SURE_ODDS)
        leads = one is not beside and one.strength > best + LEAD_AT_MOST
        if not (one.strength > AUC_AT_MOST or leads or sure):
            continue
        said = f"alone it tells the outcome with an AUC of {one.strength:.3f}"
        if one.strength > one.overall:
            said += f" among rows of the same time, {one.overall:.3f} among all"
        if one.strength > AUC_AT_MOST:
            said += f", more than the {AUC_AT_MOST} that one signal is believed"
        said += f"; the next best that is not the same thing, '{beside.name}', {best:.3f}" if beside else ""
        if sure:
            said += (
                f"; at one end of its values {one.sure:.0%} of the rows have the outcome ({one.sure_accounts} accounts "
                f"do), against {one.rate:.1%} of all"
            )
        measured = {
            "strength": one.strength,
            "auc": one.overall,
            "next_best": best,
            "surest_share": one.sure,
            "rate": one.rate,
        }
        rang.append(Alarm(code="too_good", outcome=outcome, signal=one.name, found=f"{said}.", measured=measured))
    return rang


def past_as_good(outcome: str, looked: Sequence[Looked]) -> list[Alarm]:
    """Find signals that tell what is past, or far ahead, no less than what the window brings.

    Parameters
    ----------
    outcome : str
        Whose head.
    looked : sequence of Looked
        What was measured.

    Returns
    -------
    list of Alarm
        For signals by which past, near and far events all stand out the same way, by `FLAT` or more and surely by
        `FLAT_SURELY`, the past ones no less than the near ones.
    """
    rang = []
    for one in looked:
        flat = _flat(one, chance=FALSE_ALARMS / len(looked))
        if flat is None:
            continue
        near, past, far = flat
        rang.append(
            Alarm(
                code="past_better_than_future",
                outcome=outcome,
                signal=one.name,
                found=(
                    f"it tells what had already happened with an AUC of {past:.3f}, what the window brings for the "
                    f"first time with {near:.3f}, and what comes only long after the window with {far:.3f}; but what "
                    "an account does now tells best what it does next."
                ),
                measured={"future": near, "past": past, "far": far},
            )
        )
    return rang


def collapses(outcome: str, looked: Sequence[Looked]) -> list[Alarm]:
    """Find signals that tell the first days of the window and not the days after them.

    Parameters
    ----------
    outcome : str
        Whose head.
    looked : sequence of Looked
        What was measured.

    Returns
    -------
    list of Alarm
        For steps higher than `LEAST_STEP` by Student's t with accounts as clusters; over the steps of a signal by
        Bonferroni, over signals by Holm (1979).
    """
    from scipy.stats import t

    tested = []
    for one in looked:
        if not one.steps:
            continue
        chances = [
            float(t.sf((step.height - LEAST_STEP) / step.error, step.accounts - 1))
            if step.error > 0
            # all placements alike on either side: no doubt is left about the step
            else float(step.height <= LEAST_STEP)
            for step in one.steps
        ]
        place = int(np.argmin(chances))
        # which way round was not known before
        tested.append((min(1.0, 2 * len(chances) * chances[place]), one, one.steps[place]))
    rang = []
    for rank, (chance, one, step) in enumerate(sorted(tested, key=lambda entry: entry[0])):
        if chance * (len(tested) - rank) > FALSE_ALARMS:
            break
        rang.append(
            Alarm(
                code="collapses_with_gap",
                outcome=outcome,
                signal=one.name,
                found=(
                    f"it tells events of the first {step.day} days of the window better than those after them by an "
                    f"AUC of {step.height:.3f} (plus or minus {step.error:.3f}), as off a cliff and not on a "
                    "slope: a gap wider by that would leave nothing of it."
                ),
                measured={"day": float(step.day), "step": step.height, "error": step.error},
            )
        )
    return sorted(rang, key=lambda alarm: [one.name for one in looked].index(str(alarm.signal)))


def _next_best(ordered: Sequence[Looked], columns: Columns) -> Looked | None:
    if not ordered:
        return None
    leader = columns.numbers(ordered[0].name)
    for one in ordered[1:]:
        if rank_correlation(leader, columns.numbers(one.name)) < SAME_THING:
            return one
    return None


def _flat(one: Looked, *, chance: float) -> tuple[float, float, float] | None:
    from scipy.stats import t

    if len(one.past) < 3 or min(accounts for _, _, accounts in one.past) < LEAST_ACCOUNTS:
        return None
    sign = 1.0 if one.past[0][0] >= EVEN else -1.0
    near, past, far = (EVEN + sign * (area - EVEN) for area, _, _ in one.past)
    least = min(
        EVEN + sign * (area - EVEN) - error * float(t.isf(chance, accounts - 1)) for area, error, accounts in one.past
    )
    rings = min(near, past, far) >= FLAT and least >= FLAT_SURELY and past >= near - AS_GOOD
    return (near, past, far) if rings else None
