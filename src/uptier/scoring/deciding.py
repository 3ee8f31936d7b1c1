"""What to do at each account under a model: chances, the best upsell, what a contact is worth, and the action."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from uptier.decision.actions import decide
from uptier.decision.value import best_upsell, expected_values, within_days
from uptier.settings import CONVERSIONS, OUTCOMES, ScoringSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uptier.model.bundle import Bundle, Head
    from uptier.settings import Settings
    from uptier.signals.catalog import Catalog

MODEL, POOLED, RULES = "model", "pooled rate", "rules"
UNKNOWN = "not available"  # the project has no table that shows the outcome
NO_PLAN_ABOVE = "no plan above"

# What a row says about its account, as far as the project's tables tell it.
FACTS = (
    "account_name",
    "owner",
    "segment",
    "plan_name",
    "seats",
    "mrr",
    "open_opportunity",
    "before_first_value",
    "on_highest_plan",
)


def decided(
    frame: pd.DataFrame,
    facts: pd.DataFrame,
    fired: pd.DataFrame,
    bundle: Bundle,
    catalog: Catalog,
    settings: Settings,
) -> pd.DataFrame:
    """Decide what to do at each account under a model.

    Parameters
    ----------
    frame : DataFrame, shape (n_accounts, n_signals)
        Signals by name.
    facts : DataFrame, shape (n_accounts, n_facts)
        As for :func:`score`, in the same order; what is absent is not held against an account.
    fired : DataFrame of bool, shape (n_accounts, n_triggers)
        The same accounts' triggers.
    bundle : Bundle
        The model.
    catalog : Catalog
        Which triggers open which talk.
    settings : Settings
        Costs, assumptions and windows.

    Returns
    -------
    DataFrame, shape (n_accounts, 5 + n_outcomes)
        action, action_reason, best_type, gain_arr (the project's currency per year), expected_value (the project's
        currency), and p_<outcome> (share).
    """
    told = facts.reindex(columns=list(FACTS))
    chances = bundle.probabilities(frame).set_axis(frame.index, axis=0)[list(OUTCOMES)]
    topped = flag(told["on_highest_plan"])
    chances["plan_upgrade"] = chances["plan_upgrade"].mask(topped, 0.0)
    best = best_upsell(chances[list(CONVERSIONS)], bundle.gains)
    values = worth(chances, best, told["mrr"], bundle, settings)
    rows = np.arange(len(frame))
    opens = {name: [trigger.name for trigger in catalog.triggers if trigger.opens == name] for name in CONVERSIONS}
    opened = np.column_stack([fired[opens[name]].any(axis=1).to_numpy() for name in CONVERSIONS])
    actions = decide(
        values,
        opened=opened[rows, [CONVERSIONS.index(name) for name in best]],
        too_early=flag(told["before_first_value"]),
        in_talks=flag(told["open_opportunity"]),
        churn_risk=settings.scoring.churn_risk,
    )
    found = actions.assign(best_type=best, gain_arr=values["gain_arr"], expected_value=values["expected_value"])
    return found.assign(**{f"p_{name}": chances[name] for name in OUTCOMES})


def basis(head: Head) -> str:
    """Say what a head's probabilities rest on.

    Parameters
    ----------
    head : Head
        Of one outcome.

    Returns
    -------
    str
        ``model``, ``pooled rate``, or ``not available`` where the outcome was never seen.
    """
    if head.fallback is None:
        return MODEL
    return POOLED if head.n else UNKNOWN


def worth(
    chances: pd.DataFrame, best: pd.Series[str], mrr: pd.Series[float], bundle: Bundle, settings: Settings
) -> pd.DataFrame:
    """Give what contacting each account about its best upsell is expected to bring, with its terms.

    Parameters
    ----------
    chances : DataFrame, shape (n_accounts, n_outcomes)
        Probabilities, share.
    best : Series of str, shape (n_accounts,)
        The upsell type to talk about.
    mrr : Series, shape (n_accounts,)
        The project's currency per month.
    bundle : Bundle
        Where the usual gains are known.
    settings : Settings
        Costs, assumptions and windows.

    Returns
    -------
    DataFrame, shape (n_accounts, 12)
        One column for each attribute of :class:`uptier.decision.value.Value`.
    """
    return expected_values(
        upsell=best,
        chance=pd.Series(
            chances[list(CONVERSIONS)].to_numpy()[np.arange(len(best)), [CONVERSIONS.index(name) for name in best]],
            index=best.index,
        ),
        mrr=mrr,
        gains=bundle.gains,
        churn=_churn(chances, "churn", settings),
        churn_upsold=_churn(chances, "post_upsell_churn", settings),
        incrementality=_incrementality(settings),
        contact_cost=settings.scoring.contact_cost,
    )


def _incrementality(settings: Settings) -> dict[str, float]:
    # a type that the YAML leaves out keeps its default
    given = {**ScoringSettings().incrementality, **settings.scoring.incrementality}
    return {str(name): share for name, share in given.items()}


def _churn(chances: pd.DataFrame, outcome: str, settings: Settings) -> pd.Series[float]:
    days = settings.horizon(outcome).horizon_days
    # a risk that nobody has seen is not held against an account
    return pd.Series(within_days(chances[outcome].fillna(0), of_days=days), index=chances.index)


def flag(values: pd.Series[bool]) -> NDArray[np.bool_]:
    """Say where a fact is known to hold.

    Parameters
    ----------
    values : Series, shape (n,)
        True, False, or nothing.

    Returns
    -------
    ndarray of bool, shape (n,)
        False where it is absent or unknown: not held against the account.
    """
    held: NDArray[np.bool_] = (values == True).to_numpy(dtype=bool)  # noqa: E712  # elementwise, NaN is False
    return held
