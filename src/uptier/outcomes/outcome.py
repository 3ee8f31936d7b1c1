"""An outcome's examples: rows with signals, what came of them, and when that was known."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

WORDS = ("how", "dated_by", "not_counted")


def _no_words() -> pd.Series:
    return pd.Series(dtype="str")


def _no_numbers() -> pd.Series:
    return pd.Series(dtype="float64")


@dataclass(frozen=True, eq=False)
class Labels:
    """What came of some accounts after some dates.

    Attributes
    ----------
    outcome : str
        Which outcome.
    rows : DataFrame
        Columns account_id, as_of, label (0 or 1), known_at (when the window was over and the label known) and event_at
        (the day of the conversion or leaving; NaT where the label is 0). Words, each empty where there is nothing to
        tell: how, of a leaving or downgrade, one of :data:`~uptier.outcomes.endings.HOW`; dated_by, what dated an
        upsell, one of :data:`~uptier.outcomes.evidence.DATED_BY`; not_counted, of a row that is 0, why a change in its
        window does not count.
    left_out : dict of str to int
        Rows that have no label, by reason.
    """

    outcome: str
    rows: pd.DataFrame
    left_out: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Examples:
    """What a head for one outcome learns from.

    Attributes
    ----------
    outcome : str
        Which outcome.
    frame : DataFrame, shape (n_rows, 2 + n_signals)
        Columns account_id, as_of and the signals.
    label : Series of int, shape (n_rows,)
        0 or 1.
    known_at : Series of datetime64, shape (n_rows,)
        When the window was over and the label known.
    event_at : Series of datetime64, shape (n_rows,)
        The day of what the label is about; NaT where it is 0. Windows that see the same event have the same day.
    left_out : dict of str to int
        Rows that have no label, by reason.
    how : Series of str, shape (n_rows,)
        How the account left; empty where it did not, or where that is not asked. Nothing to learn from: for reports.
    dated_by : Series of str, shape (n_rows,)
        What dated the upsell; empty where there is none.
    not_counted : Series of str, shape (n_rows,)
        Why a change in the window of a row that is 0 does not count; empty where there is none.
    gained : Series of float, shape (n_rows,)
        ARR that the upsell brought, account currency a year; 0 where there was none, NaN where its price is not known.
        Empty for outcomes that are no upsell. Nothing to learn from: for judging.
    """

    outcome: str
    frame: pd.DataFrame
    label: pd.Series
    known_at: pd.Series
    event_at: pd.Series
    left_out: dict[str, int] = field(default_factory=dict)
    how: pd.Series = field(default_factory=_no_words)
    dated_by: pd.Series = field(default_factory=_no_words)
    not_counted: pd.Series = field(default_factory=_no_words)
    gained: pd.Series = field(default_factory=_no_numbers)


def examples(labels: Labels, frame: pd.DataFrame) -> Examples:
    """Put signals beside labels.

    Parameters
    ----------
    labels : Labels
        What came of the rows.
    frame : DataFrame
        Signals of at least these rows, with account_id and as_of.

    Returns
    -------
    Examples
        In the order of the frame.
    """
    both = frame.merge(labels.rows, on=["account_id", "as_of"], how="inner", validate="one_to_one")
    return Examples(
        outcome=labels.outcome,
        frame=both[list(frame.columns)],
        label=both["label"].astype("int64"),
        known_at=both["known_at"],
        event_at=both["event_at"],
        left_out=labels.left_out,
        **{word: both[word] for word in WORDS if word in both.columns},
    )
