"""What each case is worth: its chance, its risk, and what one contact is expected to bring, with low and high."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from uptier.decision.value import CHURN_DAYS, within_days
from uptier.scoring.deciding import worth
from uptier.settings import CONVERSIONS, OUTCOMES

if TYPE_CHECKING:
    from uptier.model.bundle import Bundle
    from uptier.settings import Settings

WORTH = ("chance", "risk", "expected_value", "expected_value_low", "expected_value_high", "gain_arr")


def prospects(rows: pd.DataFrame, upsell: pd.Series[str], bundle: Bundle | None, settings: Settings) -> pd.DataFrame:
    """Give what talks about certain upsell types are worth.

    Parameters
    ----------
    rows : DataFrame, shape (n_cases, n_columns)
        The account's row of the scorecard for each case.
    upsell : Series of str, shape (n_cases,)
        What each case is about; what is no upsell type has a risk alone.
    bundle : Bundle or None
        The model that gave the scorecard; without it only the scorecard's own best type has a value.
    settings : Settings
        Costs, assumptions and windows.

    Returns
    -------
    DataFrame, shape (n_cases, 6)
        chance (share), risk (of leaving within 90 days, share), expected_value with expected_value_low and
        expected_value_high (the project's currency), gain_arr (the project's currency per year). Low and high are what
        the expected value is at both ends of the chance's interval; gain and churn are taken as they are. NaN where not
        known: all of them under rules, low and high where the head was not tested at such a chance.
    """
    known = pd.DataFrame(np.nan, index=rows.index, columns=list(WORTH))
    days = settings.horizon("churn").horizon_days
    known["risk"] = within_days(rows["p_churn"].astype("float64"), of_days=days, days=CHURN_DAYS)
    for one in CONVERSIONS:
        here = (upsell == one).to_numpy()
        known.loc[here, "chance"] = rows.loc[here, f"p_{one}"].astype("float64")
    best = (upsell == rows["best_type"]).to_numpy()
    for name in ("expected_value", "gain_arr"):
        known.loc[best, name] = rows.loc[best, name].astype("float64")
    if bundle is None:
        return known
    typed = upsell.isin(CONVERSIONS).to_numpy()
    chances = rows.loc[typed, [f"p_{name}" for name in OUTCOMES]].set_axis(list(OUTCOMES), axis=1).astype("float64")
    terms = worth(chances, upsell[typed], rows.loc[typed, "mrr"], bundle, settings)
    known.loc[typed, "expected_value"] = terms["expected_value"]
    known.loc[typed, "gain_arr"] = terms["gain_arr"]
    nothing = (np.nan, np.nan)
    ends = np.array(
        [
            bundle.heads[name].interval_of(chance) or nothing
            for name, chance in zip(upsell[typed], known.loc[typed, "chance"], strict=True)
        ],
        dtype=np.float64,
    ).reshape(-1, 2)
    # the value is a straight line over the chance
    slope = (terms["incrementality"] * (terms["kept_gain"] - terms["at_stake"])).to_numpy()[:, None]
    values = np.sort(ends * slope - terms["contact_cost"].to_numpy()[:, None], axis=1)
    known.loc[typed, ["expected_value_low", "expected_value_high"]] = values
    return known
