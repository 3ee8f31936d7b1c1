"""Expected value of one contact, with every term shown.

value = ΔP x [gain x (1 - P(churn | upsold)) - ARR x max(0, P(churn | upsold) - P(churn))] - cost of contact

ΔP is what contact adds to the chance: until contact is randomised, the chance times an assumed incrementality, for
those who would buy anyway are not the best use of a CSM's hour. Both churn terms look at the same 90 days.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

CHURN_DAYS = 90  # the days after an upsell in which leaving counts against it (domain: post-upsell churn)


@dataclass(frozen=True, kw_only=True)
class Value:
    """What one contact is expected to bring at one account, term by term.

    Attributes
    ----------
    upsell : str
        The upsell type.
    chance : float
        Probability of that upsell, share.
    incrementality : float
        Share of it that contact adds: an assumption.
    added_chance : float
        The product of both, ΔP, share.
    arr : float
        Recurring revenue, the project's currency per year.
    gain_arr : float
        What the upsell would add, the project's currency per year.
    churn : float
        Probability of leaving within 90 days, share.
    churn_upsold : float
        The same after an upsell, share.
    kept_gain : float
        Gain times the chance that it stays, the project's currency per year.
    at_stake : float
        Recurring revenue times what the upsell adds to the risk of leaving, the project's currency per year.
    contact_cost : float
        Cost of one contact, the project's currency.
    expected_value : float
        added_chance x (kept_gain - at_stake) - contact_cost, the project's currency; NaN if revenue or gain is not
        known.
    """

    upsell: str
    chance: float
    incrementality: float
    added_chance: float
    arr: float
    gain_arr: float
    churn: float
    churn_upsold: float
    kept_gain: float
    at_stake: float
    contact_cost: float
    expected_value: float


def expected_values(
    *,
    upsell: pd.Series[str],
    chance: pd.Series[float],
    mrr: pd.Series[float],
    gains: dict[str, float],
    churn: pd.Series[float],
    churn_upsold: pd.Series[float],
    incrementality: dict[str, float],
    contact_cost: float,
) -> pd.DataFrame:
    """Give the expected value of contacting each account about its upsell, with its terms.

    Parameters
    ----------
    upsell : Series of str, shape (n_accounts,)
        The upsell type to talk about.
    chance : Series, shape (n_accounts,)
        Probability of that upsell, share.
    mrr : Series, shape (n_accounts,)
        Recurring revenue, the project's currency per month; NaN where unknown.
    gains : dict of str to float
        Usual gain of each upsell type, share of the revenue before; a type that is absent has an unknown gain.
    churn : Series, shape (n_accounts,)
        Probability of leaving within 90 days, share.
    churn_upsold : Series, shape (n_accounts,)
        The same after an upsell, share.
    incrementality : dict of str to float
        Share of the chance that contact adds, by upsell type.
    contact_cost : float
        Cost of one contact, the project's currency.

    Returns
    -------
    DataFrame, shape (n_accounts, 12)
        One column for each attribute of :class:`Value`; NaN where revenue or gain is unknown.
    """
    arr = 12 * mrr.astype("float64")
    gain_arr = arr * upsell.map(gains).astype("float64")
    share = upsell.map(incrementality).astype("float64")
    added = chance * share
    kept = gain_arr * (1 - churn_upsold)
    at_stake = arr * (churn_upsold - churn).clip(lower=0)
    return pd.DataFrame(
        {
            "upsell": upsell,
            "chance": chance,
            "incrementality": share,
            "added_chance": added,
            "arr": arr,
            "gain_arr": gain_arr,
            "churn": churn,
            "churn_upsold": churn_upsold,
            "kept_gain": kept,
            "at_stake": at_stake,
            "contact_cost": float(contact_cost),
            "expected_value": added * (kept - at_stake) - contact_cost,
        }
    )


def within_days(probability: Numbers | pd.Series[float], *, of_days: int, days: int = CHURN_DAYS) -> Numbers:
    """Rescale a probability to a window of another length, at a constant rate.

    Parameters
    ----------
    probability : array, shape (n,)
        Probability within `of_days`, share.
    of_days : int
        Length of its own window, days.
    days : int
        Length of the window wanted, days.

    Returns
    -------
    ndarray, shape (n,)
        1 - (1 - p)^(days / of_days); unchanged if both windows are equally long.
    """
    share = np.asarray(probability, dtype=np.float64)
    return share if of_days == days else 1 - (1 - share) ** (days / of_days)


def best_upsell(chances: pd.DataFrame, gains: dict[str, float]) -> pd.Series[str]:
    """Give the upsell type with the highest chance times gain for each account.

    Parameters
    ----------
    chances : DataFrame, shape (n_accounts, n_types)
        Probability of each upsell type, share; columns are types. A type that is not known counts as no chance.
    gains : dict of str to float
        Usual gain of each type, share of the revenue before; an unknown gain counts as none.

    Returns
    -------
    Series of str, shape (n_accounts,)
        Equal products go to the higher chance, then to the first column.
    """
    best = np.zeros(len(chances), dtype=int)
    types = list(chances.columns)
    chance = np.nan_to_num(chances.to_numpy(dtype=np.float64))
    product = chance * np.array([gains.get(name, 0.0) for name in types])
    rows = np.arange(len(chances))
    for place in range(1, len(types)):
        better = product[:, place] > product[rows, best]
        same = (product[:, place] == product[rows, best]) & (chance[:, place] > chance[rows, best])
        best = np.where(better | same, place, best)
    return pd.Series(np.array(types, dtype=object)[best], index=chances.index, dtype="str", name="best_type")
