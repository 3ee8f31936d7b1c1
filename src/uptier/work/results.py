"""What the verbs of a project give."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from uptier.scoring.scorecard import Written
    from uptier.signals.frames import Frame
    from uptier.training.backtest import Backtested
    from uptier.training.tracking import Registered
    from uptier.training.training import Trained


@dataclass(frozen=True, eq=False)
class Training:
    """What a training run gave.

    Attributes
    ----------
    trained : Trained
        The bundle, and how its heads were judged.
    registered : Registered
        The MLflow run and version.
    seconds : dict of str to float
        By phase: check, signals, fit, judge, explain, register.
    """

    trained: Trained
    registered: Registered
    seconds: dict[str, float]


@dataclass(frozen=True, eq=False)
class Backtest:
    """What a backtest gave.

    Attributes
    ----------
    found : dict of str to Backtested
        By outcome.
    folder : Path
        Its page, its document and its picture.
    """

    found: dict[str, Backtested]
    folder: Path


@dataclass(frozen=True, eq=False)
class Framed:
    """What computing and writing signals gave.

    Attributes
    ----------
    frame : DataFrame, shape (n_rows, 2 + n_signals)
        Columns account_id, as_of and the signals.
    path : Path
        The folder in the store, or the one file that was asked for.
    written : Frame or None
        The partitions in the store; None for one file elsewhere.
    """

    frame: pd.DataFrame
    path: Path
    written: Frame | None


@dataclass(frozen=True, eq=False)
class Scoring:
    """What a scoring run gave.

    Attributes
    ----------
    scorecard : DataFrame
        One row for each account, see :func:`uptier.scoring.batch.score`.
    written : Written
        Where it was written.
    version : str or None
        Version of the model; None under rules.
    as_of : date
        The date it looks from.
    worklist : DataFrame or None
        What CSMs are to do about it, see :func:`uptier.scoring.worklist.worklist`; None where none was made.
    learnt_until : date or None
        The latest as-of date that the model has learnt from; None under rules.
    """

    scorecard: pd.DataFrame
    written: Written
    version: str | None
    as_of: dt.date
    worklist: pd.DataFrame | None = None
    learnt_until: dt.date | None = None

    @property
    def is_hindsight(self) -> bool:
        """Whether the model has learnt from this date or a later one, and so from what came of these accounts."""
        return self.learnt_until is not None and self.as_of <= self.learnt_until
