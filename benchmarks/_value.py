"""What contacting accounts truly brings in a simulated world, and what lists of accounts to contact are worth.

Not a claim itself, as its name says.

The true value of contacting an account today about an upsell type, against never contacting it from now on, is

    added chance x usual gain x kept share - added leaving x ARR - cost of contact        (account currency a year)

* **added chance** (share): the true chance of that upsell in [7, 67) days, were a talk about it begun today, less the
  true chance were there never a talk again.
* **usual gain** (account currency a year): ARR times what upsells of this type brought to accounts on this plan and of
  this size in this world, before and after today, share of ARR. The truth has chances alone and no amounts.
* **kept share**: 1 - the true chance that what was sold is given up again, by leaving, giving seats back or going to a
  lower plan within 90 days of the sale. The truth tells it for the type that contact sells likeliest, and for a sale
  today.
* **added leaving** (share): the true chance of leaving in [7, 97) days, contacted, less that of never contacted. The
  truth follows an account through what it is sold, so leaving because of an upsell that contact caused is in it as far
  as it falls into these days. To add post-upsell churn once more would count it twice. It too is told for the type that
  contact sells likeliest.
* **ARR** (account currency a year): what the account pays today.

That leaves out who leaves after these days because of what was sold in them. The **stern** reading counts all of
post-upsell churn against what the account pays, as the product's own expected value does, also where only some seats
are given back:

    added chance x (usual gain x kept share - ARR x max(0, chance of lapsing after the upsell - chance of leaving
    never contacted)) - cost of contact

Lists obey the same rules: so many accounts for each CSM, and nobody whom the worklist holds back (open opportunity,
escalation, cooldown, renewal freeze, ...). The oracle knows the true values, chooses the type as well, and contacts
nobody at a loss.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from uptier.settings import CONVERSIONS

CONTACTED, NEVER = "_contacted", "_never_contacted"
SIZES = 3  # bands of ARR with as many upsells each
ENOUGH = 20  # upsells, below which a band of a plan is not told apart from its other bands
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Gains:
    """What upsells bring in a world, share of the ARR before.

    Attributes
    ----------
    bands : ndarray, shape (SIZES - 1,)
        Bounds between the bands of MRR, account currency per month.
    by_band : Series
        Gain by type, rank of the plan and band.
    by_plan : Series
        Gain by type and rank of the plan.
    """

    bands: Floats
    by_band: pd.Series[float]
    by_plan: pd.Series[float]

    def of(self, upsell: str, tier: Floats, mrr: Floats) -> Floats:
        """Give the gain of an upsell type for each account; 0 where no account on its plan ever bought it."""
        band = np.searchsorted(self.bands, mrr)
        kinds = np.full(len(tier), upsell, dtype=object)
        near = self.by_band.reindex(pd.MultiIndex.from_arrays([kinds, tier, band])).to_numpy()
        plan = self.by_plan.reindex(pd.MultiIndex.from_arrays([kinds, tier])).to_numpy()
        return np.nan_to_num(np.where(np.isnan(near), plan, near))


def usual_gains(changes: pd.DataFrame, tiers: pd.DataFrame) -> Gains:
    """Say what upsells brought in a world.

    Parameters
    ----------
    changes : DataFrame
        What changed in contracts, with account_id, day, kind, mrr_before and mrr_after (of the same unit).
    tiers : DataFrame
        account_id, as_of and tier: on which plan each account was at the firsts of months. A change counts for the plan
        of the first before its day.

    Returns
    -------
    Gains
        All gains of a group over all ARR before them; a band of a plan with fewer than 20 upsells has that of the plan.
    """
    sold = changes[changes["kind"].isin(CONVERSIONS) & (changes["mrr_before"] > 0) & changes["mrr_after"].notna()]
    sold = pd.merge_asof(
        sold.astype({"day": "datetime64[us]"}).sort_values("day"),
        tiers[["account_id", "as_of", "tier"]].astype({"as_of": "datetime64[us]"}).sort_values("as_of"),
        left_on="day",
        right_on="as_of",
        by="account_id",
        allow_exact_matches=False,
    ).dropna(subset="tier")
    before = sold["mrr_before"].to_numpy(dtype=np.float64) / 100  # changes hold whole hundredths
    bands = np.quantile(before, np.arange(1, SIZES) / SIZES) if len(before) else np.empty(0)
    sold = sold.assign(
        before=before,
        gained=sold["mrr_after"].to_numpy(dtype=np.float64) / 100 - before,
        tier=sold["tier"].astype("float64"),
        band=np.searchsorted(bands, before),
    )
    by_band = sold.groupby(["kind", "tier", "band"]).agg(
        gained=("gained", "sum"), before=("before", "sum"), n=("before", "size")
    )
    by_band = by_band[by_band["n"] >= ENOUGH]
    by_plan = sold.groupby(["kind", "tier"])[["gained", "before"]].sum()
    return Gains(bands, by_band["gained"] / by_band["before"], by_plan["gained"] / by_plan["before"])


def true_values(truth: pd.DataFrame, mrr: Floats, gains: Gains, *, contact_cost: float) -> pd.DataFrame:
    """Give the true value of contacting each account about each upsell type.

    Parameters
    ----------
    truth : DataFrame, shape (n_accounts, n_columns)
        The true chances in the cases contacted and never contacted, and tier; NaN where the truth is silent.
    mrr : ndarray, shape (n_accounts,)
        What each pays, account currency per month.
    gains : Gains
        What upsells bring.
    contact_cost : float
        Cost of one contact, account currency.

    Returns
    -------
    DataFrame, shape (n_accounts, 3)
        With the truth's index, a column for each type, account currency a year; NaN where truth or MRR is not known.
    """
    arr = 12 * mrr
    kept = 1 - truth[f"p_post_upsell_churn{CONTACTED}"].to_numpy()
    lost = arr * added(truth, "churn")
    tier = truth["tier"].to_numpy(dtype=np.float64)
    return pd.DataFrame(
        {
            name: added(truth, name) * arr * gains.of(name, tier, mrr) * kept - lost - contact_cost
            for name in CONVERSIONS
        },
        index=truth.index,
    )


def stern_values(truth: pd.DataFrame, mrr: Floats, gains: Gains, *, contact_cost: float) -> pd.DataFrame:
    """Give what :func:`true_values` gives, with all of post-upsell churn counted as lost ARR."""
    arr, tier = 12 * mrr, truth["tier"].to_numpy(dtype=np.float64)
    lapses = truth[f"p_post_upsell_churn{CONTACTED}"].to_numpy(dtype=np.float64)
    more = np.maximum(0.0, lapses - truth[f"p_churn{NEVER}"].to_numpy(dtype=np.float64))
    return pd.DataFrame(
        {
            name: added(truth, name) * arr * (gains.of(name, tier, mrr) * (1 - lapses) - more) - contact_cost
            for name in CONVERSIONS
        },
        index=truth.index,
    )


def added(truth: pd.DataFrame, outcome: str) -> Floats:
    """Give what contact adds to the true chance of an outcome, share."""
    more = truth[f"p_{outcome}{CONTACTED}"] - truth[f"p_{outcome}{NEVER}"]
    return more.to_numpy(dtype=np.float64)


def listed(score: Floats, owner: NDArray[np.object_], capacity: int) -> Flags:
    """Say who is on the lists of CSMs: of each owner's the highest; NaN is never listed, equals in order given."""
    order = np.argsort(-score, kind="stable")
    place = pd.Series(owner[order]).groupby(owner[order], sort=False, dropna=False).cumcount().to_numpy()
    chosen = np.zeros(len(score), dtype=bool)
    chosen[order] = place < capacity
    return chosen & ~np.isnan(score)


def best_of(values: Floats, may: Flags) -> tuple[Floats, NDArray[np.int64]]:
    """Give the highest value of the types that may be talked about, NaN where there is none; and which type that is."""
    open_ = np.where(may & ~np.isnan(values), values, -np.inf)
    which = open_.argmax(axis=1)
    best = open_[np.arange(len(values)), which]
    return np.where(np.isfinite(best), best, np.nan), which


def at(table: NDArray[np.generic], which: NDArray[np.int64]) -> NDArray[np.generic]:
    """Take from each row the column of its type; a type below 0 is none, and gives NaN or False."""
    taken = table[np.arange(len(table)), which]
    return np.where(which >= 0, taken, False if table.dtype == bool else np.nan)


def at_random(may: Flags, owner: NDArray[np.object_], capacity: int) -> Floats:
    """Give each account's chance to be on a list of as many as fit, drawn evenly of its owner's that may be listed."""
    count = pd.Series(may).groupby(owner, dropna=False).transform("sum").to_numpy(dtype=np.float64)
    return np.where(may, np.minimum(1.0, capacity / np.maximum(count, 1)), 0.0)


def worth_of(on_list: Floats, values: Floats, truth: pd.DataFrame) -> dict[str, float]:
    """Sum up what a list is worth, and whom it drives away.

    Parameters
    ----------
    on_list : ndarray, shape (n_accounts,)
        1 for who is listed, 0 for the rest; a chance for a list that is drawn.
    values : ndarray, shape (n_accounts,)
        True value of contacting each about what it would be talked to about; NaN, where the truth is silent, counts 0.
    truth : DataFrame, shape (n_accounts, n_columns)
        The true chances.

    Returns
    -------
    dict of str to float
        value (account currency a year); contacts; driven_away, how many more accounts leave within 90 days than if
        nobody on the list were contacted; at_risk, how many of the contacted leave.
    """
    return {
        "value": float((on_list * np.nan_to_num(values)).sum()),
        "contacts": float(on_list.sum()),
        "driven_away": float((on_list * np.nan_to_num(added(truth, "churn"))).sum()),
        "at_risk": float((on_list * np.nan_to_num(truth[f"p_churn{CONTACTED}"].to_numpy(dtype=np.float64))).sum()),
    }
