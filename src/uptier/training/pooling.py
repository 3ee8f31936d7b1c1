"""Counts of an outcome, its base rate with an interval, and when there are too few cases to learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from uptier.model.bundle import Head
from uptier.outcomes.win_rates import wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uptier.outcomes.outcome import Examples
    from uptier.training_settings import TrainingSettings


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How much there is of an outcome in some rows.

    Attributes
    ----------
    n : int
        Rows: one account looked at on one date.
    positives : int
        Rows with the outcome.
    accounts : int
        Distinct accounts.
    positive_accounts : int
        Distinct accounts with the outcome.
    cases : int
        Conversions or departures; several windows of one count once.
    """

    n: int
    positives: int
    accounts: int
    positive_accounts: int
    cases: int


def counted(examples: Examples, rows: NDArray[np.int64]) -> Counts:
    """Count an outcome in some rows.

    Parameters
    ----------
    examples : Examples
        All rows.
    rows : ndarray of int
        Which of them.

    Returns
    -------
    Counts
        Repeated windows of one conversion (same account, same event) are one case.
    """
    label = examples.label.to_numpy()[rows]
    account = examples.frame["account_id"].iloc[rows]
    positive = account[label == 1]
    cases = pd.DataFrame({"account": positive, "event": examples.event_at.iloc[rows][label == 1]})
    return Counts(
        n=len(rows),
        positives=int(label.sum()),
        accounts=int(account.nunique()),
        positive_accounts=int(positive.nunique()),
        cases=len(cases.drop_duplicates()),
    )


def pooled_head(examples: Examples, rows: NDArray[np.int64], *, why: str) -> Head:
    """Give the head that knows only the base rate.

    Parameters
    ----------
    examples : Examples
        All rows.
    rows : ndarray of int
        Those that are pooled; may be empty.
    why : str
        Why there is no fitted head.

    Returns
    -------
    Head
        Without trees; with no rows at all its rate is 0 and its interval 0 to 1.
    """
    counts = counted(examples, rows)
    return Head(
        outcome=examples.outcome,
        base_rate=counts.positives / counts.n if counts.n else 0.0,
        interval=rate_interval(examples.label.to_numpy()[rows], examples.frame["account_id"].to_numpy()[rows]),
        n=counts.n,
        positives=counts.positives,
        positive_accounts=counts.positive_accounts,
        fallback=why,
    )


def too_few(*, everything: Counts, fit: Counts, test: Counts, settings: TrainingSettings) -> str:
    """Say why an outcome has too few cases to learn from, if it has.

    Parameters
    ----------
    everything, fit, test : Counts
        Of all rows, of the fit slice and of the test slice.
    settings : TrainingSettings
        How many accounts with the outcome each slice needs.

    Returns
    -------
    str
        Empty where there are enough.
    """
    if not everything.n:
        return "There is no window to learn from, so nothing is known of this outcome."
    if everything.positives == everything.n:
        return (
            f"All of {everything.n:,} windows hold this outcome: there is nothing to tell apart. Every account gets "
            "the pooled rate, 1."
        )
    short = fit.positive_accounts < settings.min_fit_positives
    if not short and test.positive_accounts >= settings.min_test_positives:
        return ""
    return (
        f"Too few cases to learn from: {everything.cases:,} in {everything.n:,} windows, "
        f"of {everything.positive_accounts:,} accounts. "
        f"The fit slice holds {fit.positive_accounts:,} such accounts ({settings.min_fit_positives} are needed), "
        f"the test slice {test.positive_accounts:,} ({settings.min_test_positives} are needed). "
        f"Every account gets the pooled rate, {everything.positives:,} of {everything.n:,} windows."
    )


def rate_interval(label: NDArray[np.int64], accounts: NDArray[np.object_]) -> tuple[float, float]:
    """Give the 95 % interval of a rate whose rows come in accounts.

    Parameters
    ----------
    label : ndarray of int, shape (n,)
        0 or 1.
    accounts : ndarray of str, shape (n,)
        Account of each row.

    Returns
    -------
    tuple of float
        Low and high, 0 to 1: Wilson's interval (1927) with the number of rows divided by the design effect (Kish,
        1965), since windows of one account are alike; with no row or no case, the rows of an account count once.
    """
    n = len(label)
    if not n:
        return (0.0, 1.0)
    sums = pd.Series(label).groupby(np.asarray(accounts)).agg(["sum", "count"])
    rate = float(label.mean())
    simple = rate * (1 - rate) / n
    if simple > 0 and len(sums) > 1:
        clusters = len(sums)
        residual = (sums["sum"] - rate * sums["count"]).to_numpy()
        clustered = clusters / (clusters - 1) * float((residual**2).sum()) / n**2
        effect = max(1.0, clustered / simple)
    else:
        effect = n / len(sums)
    return wilson(label.sum() / effect, n / effect)
