"""Which way each signal moves a head, and whether that is the way that it declares."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from uptier.signals.signal import Effect

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_SHARE = 0.005  # of all importance: what moves less than a two-hundredth of it carries no weight
LEAST_SPEARMAN = 0.1  # either way; below it an effect goes neither way: less than a small one of Cohen's (1988)
WAYS = {Effect.RAISES: 1, Effect.LOWERS: -1}


class Agreement(StrEnum):
    """How the effect that a signal declares compares with the one that was learnt."""

    AGREES = "agrees"
    CONTRADICTS = "contradicts"
    NEITHER = "neither way"  # it moves the head, but not up or down with its value
    NO_WEIGHT = "no weight"
    NOT_DECLARED = "not declared"


def effects(frame: pd.DataFrame, contributions: pd.DataFrame, declared: Mapping[str, Effect]) -> pd.DataFrame:
    """Hold the declared effect of each signal against the one that a head learnt.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Signals by name.
    contributions : DataFrame, shape (n_rows, n_signals)
        What each signal adds to the margin, log-odds; same rows.
    declared : mapping of str to Effect
        Of the signals that declare one; a signal that is missing declares none.

    Returns
    -------
    DataFrame, shape (n_signals, 6)
        ``signal``; ``declared`` effect; ``spearman``, the rank correlation of value and contribution over the rows with
        a value, NaN for a category and where either is constant; ``importance``, the mean absolute contribution over
        all rows, log-odds; ``share`` of the importance of all signals; ``agreement``, an :class:`Agreement`. Most
        important first.

    Notes
    -----
    A contradiction is no proof that the declaration is wrong: of signals that tell the same, one may take back what
    another overstates.
    """
    importance = contributions.abs().mean().to_numpy(dtype=np.float64)
    total = float(importance.sum())
    made = pd.DataFrame(
        {
            "signal": list(contributions.columns),
            "declared": [str(declared.get(name, Effect.EITHER)) for name in contributions.columns],
            "spearman": [_spearman(frame[name], contributions[name]) for name in contributions.columns],
            "importance": importance,
            "share": importance / total if total else np.zeros(len(importance)),
        }
    )
    made["agreement"] = [
        str(_agreement(declared.get(name, Effect.EITHER), spearman=spearman, share=share))
        for name, spearman, share in zip(made["signal"], made["spearman"], made["share"], strict=True)
    ]
    return made.sort_values("importance", ascending=False, kind="stable").reset_index(drop=True)


def declares(made: pd.DataFrame) -> bool:
    """Say whether any effect is declared on what the head predicts.

    Parameters
    ----------
    made : DataFrame
        What :func:`effects` gave.

    Returns
    -------
    bool
        False for churn, and where every signal may move the head either way.
    """
    return bool((made["agreement"] != Agreement.NOT_DECLARED).any())


def contradicting(made: pd.DataFrame) -> pd.DataFrame:
    """Give the signals that carry weight and move a head the other way than they declare.

    Parameters
    ----------
    made : DataFrame
        What :func:`effects` gave.

    Returns
    -------
    DataFrame
        Those of its rows.
    """
    return made[made["agreement"] == Agreement.CONTRADICTS]


def by_family(contributions: pd.DataFrame, families: Mapping[str, str]) -> pd.DataFrame:
    """Add up contributions family by family.

    Parameters
    ----------
    contributions : DataFrame, shape (n_rows, n_signals)
        What each signal adds to the margin, log-odds.
    families : mapping of str to str
        Family of the signals that are wanted.

    Returns
    -------
    DataFrame, shape (n_rows, n_families)
        Log-odds; families in the order of the signals.
    """
    wanted = [name for name in contributions.columns if name in families]
    names = list(dict.fromkeys(families[name] for name in wanted))
    values = {
        family: contributions[[name for name in wanted if families[name] == family]].sum(axis=1) for family in names
    }
    return pd.DataFrame(values, index=contributions.index, columns=names, dtype="float64")


def _agreement(declared: Effect, *, spearman: float, share: float) -> Agreement:
    if declared not in WAYS:
        return Agreement.NOT_DECLARED
    if share < LEAST_SHARE or np.isnan(spearman):
        return Agreement.NO_WEIGHT
    if abs(spearman) < LEAST_SPEARMAN:
        return Agreement.NEITHER
    return Agreement.AGREES if spearman * WAYS[declared] > 0 else Agreement.CONTRADICTS


def _spearman(value: pd.Series, contribution: pd.Series) -> float:
    from scipy import stats

    if not pd.api.types.is_numeric_dtype(value):
        return float("nan")
    numbers: NDArray[np.float64] = value.to_numpy(dtype=np.float64, na_value=np.nan)
    known = ~np.isnan(numbers)
    numbers, added = numbers[known], contribution.to_numpy(dtype=np.float64)[known]
    if not len(numbers) or np.ptp(numbers) == 0 or np.ptp(added) == 0:
        return float("nan")
    return float(np.corrcoef(stats.rankdata(numbers), stats.rankdata(added))[0, 1])
