"""How good a head is on the test slice, with intervals by account, and how good the baselines are beside it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from uptier.training.intervals import Interval, interval
from uptier.training.reliability import CalibrationBin, Segment, calibration_by_segment, calibration_curve
from uptier.training.scorers import MEASURES, Figures, Scored, predicted, scored

if TYPE_CHECKING:
    from uptier.training.alarm_judging import Alarm
    from uptier.training.at_origins import AtOrigin
    from uptier.training.moves import Moves
    from uptier.training.pooling import Counts
    from uptier.training.promotion import Comparison, Condition
    from uptier.training.track_record import TriggerRecord
    from uptier.training_settings import AcceptedAlarm

__all__ = [
    "MEASURES",
    "CalibrationBin",
    "Figures",
    "Interval",
    "Judgement",
    "Scored",
    "Segment",
    "calibration_by_segment",
    "calibration_curve",
    "interval",
    "plain",
    "predicted",
    "scored",
]

BASELINES = ("points", "utilisation", "logistic", "constant")


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Everything that was found out about one head.

    Attributes
    ----------
    outcome : str
        Which head.
    everything, fit, test : Counts
        How much there is of the outcome.
    purged : int
        Rows whose label was not known early enough to learn from.
    left_out : dict of str to int
        Why the outcome left rows out, and how many.
    passed : bool
        Whether the head may be used.
    fallback : str or None
        Why it may not.
    head, ungrouped : Figures or None
        On the test slice: for accounts the model never saw, and as scoring meets it; None for a pooled head.
    baselines : dict of str to Figures
        Of points, utilisation, logistic, constant and, where it was measured, best_single.
    utilisation_signal : str
        The signal behind the utilisation baseline.
    best_single_signal : str
        The signal behind the baseline of the best single signal; empty where it was not measured.
    comparisons : tuple of Comparison
        What the gate looked at.
    calibration : tuple of CalibrationBin
        The calibration curve.
    segments : tuple of Segment
        Calibration by segment.
    origins : tuple of AtOrigin
        Figures of each origin, earliest first.
    conditions : tuple of Condition
        What else the gate looked at.
    triggers : tuple of TriggerRecord
        Track records of the triggers that open a talk about this outcome.
    alarms : tuple of Alarm
        Leakage alarms that nobody has accepted: the head may not be used.
    accepted_alarms : tuple of (Alarm, AcceptedAlarm)
        Those that the project lives with, with what accepts them.
    drift : str
        Whether the base rate moved over time, in words.
    rounds, depth : int
        Trees of the shipped model, and how deep they may be.
    moves : Moves or None
        What moves the head, on a sample of test rows; None for a pooled head.
    """

    outcome: str
    everything: Counts
    fit: Counts
    test: Counts
    purged: int
    left_out: dict[str, int]
    passed: bool = False
    fallback: str | None = None
    head: Figures | None = None
    ungrouped: Figures | None = None
    baselines: dict[str, Figures] = field(default_factory=dict)
    utilisation_signal: str = ""
    best_single_signal: str = ""
    comparisons: tuple[Comparison, ...] = ()
    calibration: tuple[CalibrationBin, ...] = ()
    segments: tuple[Segment, ...] = ()
    origins: tuple[AtOrigin, ...] = ()
    conditions: tuple[Condition, ...] = ()
    triggers: tuple[TriggerRecord, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    accepted_alarms: tuple[tuple[Alarm, AcceptedAlarm], ...] = ()
    drift: str = ""
    rounds: int = 0
    depth: int = 0
    moves: Moves | None = field(default=None, repr=False)

    def as_json(self) -> dict[str, Any]:
        """Give what the command line prints of it.

        Returns
        -------
        dict
            Plain lists and numbers; figures are ``[low, figure, high]`` or None where there are none. `n` and
            `positives` are the rows behind the figures: the test slice, or for a pooled head all rows.
        """
        behind = self.test if self.head is not None else self.everything
        return {
            "n": behind.n,
            "positives": behind.positives,
            **{name: plain(getattr(self.head, name, None)) for name in MEASURES},
            "passed": self.passed,
            "baselines": {
                name: plain(asdict(self.baselines[name])) if name in self.baselines else {"auc": None}
                for name in dict.fromkeys((*BASELINES, *self.baselines))
            },
            "fallback": self.fallback,
            "ungrouped": None if self.ungrouped is None else plain(asdict(self.ungrouped)),
            "utilisation_signal": self.utilisation_signal,
            "best_single_signal": self.best_single_signal,
            "comparisons": [comparison.as_json() for comparison in self.comparisons],
            "calibration": [plain(asdict(part)) for part in self.calibration],
            "segments": [plain(asdict(part)) for part in self.segments],
            "origins": [part.as_json() for part in self.origins],
            "conditions": [asdict(part) for part in self.conditions],
            "triggers": [record.as_json() for record in self.triggers],
            "alarms": [one.told() for one in self.alarms],
            "accepted_alarms": [
                {"alarm": one.told(), "reason": accepting.reason} for one, accepting in self.accepted_alarms
            ],
            "drift": self.drift,
            "counts": {name: asdict(getattr(self, name)) for name in ("everything", "fit", "test")},
            "purged": self.purged,
            "left_out": dict(self.left_out),
            "rounds": self.rounds,
            "depth": self.depth,
        }


def plain(value: Any) -> Any:
    """Turn tuples into lists and NaN into None, for JSON.

    Parameters
    ----------
    value : object
        Numbers, texts, None, and tuples, lists and dicts of them.

    Returns
    -------
    object
        The same in plain JSON types.
    """
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
