"""What to do at an account today: pitch, nurture first, protect, or leave alone, by a written rule.

The first line that holds decides:

1. **protect**: the probability of leaving within 90 days is at or above `churn_risk`. Even with talks open: who is
   about to leave is not asked for more.
2. **leave alone**: an opportunity is already open.
3. **nurture first**: contact is worth its cost, but nothing opens this talk yet (no trigger of this upsell type has
   fired) or the account has not had its first value from the product.
4. **pitch**: contact is worth its cost and at least one trigger that opens this upsell type has fired.
5. **leave alone**: contact is not worth its cost, or what it would bring is not known.

Without a model there is no chance and no risk: rules decide. An open opportunity is left alone; an account that rules
place at Medium or High is pitched to if a trigger has fired, else nurtured; all others are left alone.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Flags = NDArray[np.bool_]

READY_TIERS = ("High", "Medium")  # of the points model


class Action(StrEnum):
    """What to do at an account."""

    PITCH = "pitch"
    NURTURE = "nurture first"
    PROTECT = "protect"
    LEAVE = "leave alone"


WORDS = {"seat_expansion": "more seats", "plan_upgrade": "a higher plan", "add_on": "an add-on"}


def decide(
    values: pd.DataFrame, *, opened: Flags, too_early: Flags, in_talks: Flags, churn_risk: float
) -> pd.DataFrame:
    """Choose an action for each account under a model.

    Parameters
    ----------
    values : DataFrame, shape (n_accounts, 12)
        The terms of the expected value.
    opened : ndarray of bool, shape (n_accounts,)
        Whether a trigger that opens the upsell type has fired.
    too_early : ndarray of bool, shape (n_accounts,)
        Whether the account has had no first value yet.
    in_talks : ndarray of bool, shape (n_accounts,)
        Whether an opportunity is open.
    churn_risk : float
        Probability of leaving from which an account is protected, share.

    Returns
    -------
    DataFrame, shape (n_accounts, 2)
        Columns action and action_reason.
    """
    worth = values["expected_value"].to_numpy(dtype=np.float64)
    at_risk = values["churn"].to_numpy(dtype=np.float64) >= churn_risk
    return _chosen(
        values.index,
        [
            (at_risk & in_talks, Action.PROTECT, "the risk of leaving is high, and talks are already open"),
            (at_risk, Action.PROTECT, "the risk of leaving is high: put right what is wrong before asking for more"),
            (in_talks, Action.LEAVE, "already in talks: an opportunity is open"),
            (np.isnan(worth), Action.LEAVE, "what a talk would bring is not known"),
            (worth <= 0, Action.LEAVE, "a talk would cost more than it is expected to bring"),
            (too_early, Action.NURTURE, "there is no first success with the product yet"),
            (~opened, Action.NURTURE, "a talk would pay, but nothing at the account opens it yet"),
            (opened, Action.PITCH, "a trigger that opens the talk has fired, and it is worth its cost"),
        ],
    )


def decide_by_rules(tiers: pd.Series[str], *, fired: Flags, in_talks: Flags) -> pd.DataFrame:
    """Choose an action for each account where there is no model.

    Parameters
    ----------
    tiers : Series of str, shape (n_accounts,)
        Tiers of the points model.
    fired : ndarray of bool, shape (n_accounts,)
        Whether any trigger that opens a talk has fired.
    in_talks : ndarray of bool, shape (n_accounts,)
        Whether an opportunity is open.

    Returns
    -------
    DataFrame, shape (n_accounts, 2)
        Columns action and action_reason.
    """
    ready = tiers.isin(READY_TIERS).to_numpy()
    everyone = np.ones(len(tiers), dtype=bool)
    return _chosen(
        tiers.index,
        [
            (in_talks, Action.LEAVE, "already in talks: an opportunity is open"),
            (ready & fired, Action.PITCH, "the rules place it high enough, and a trigger has fired"),
            (ready, Action.NURTURE, "the rules place it high enough, but no trigger has fired yet"),
            (everyone, Action.LEAVE, "the rules place it too low for a talk about more"),
        ],
    )


def _chosen(index: pd.Index, rules: list[tuple[Flags, Action, str]]) -> pd.DataFrame:
    conditions = [holds for holds, _, _ in rules]
    actions = [np.full(len(index), action.value, dtype=object) for _, action, _ in rules]
    reasons = [np.full(len(index), reason, dtype=object) for _, _, reason in rules]
    return pd.DataFrame(
        {
            "action": np.select(conditions, actions, default=Action.LEAVE.value),
            "action_reason": np.select(conditions, reasons, default=""),
        },
        index=index,
        dtype="str",
    )
