"""What claims about truth share: measures of a score against true chances instead of what happened to happen.

Not a claim itself, as its name says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

BINS = 10
DRAWS = 200
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Told:
    """Rows with their true chances.

    Attributes
    ----------
    p : ndarray
        True chance of each row.
    dates, accounts : ndarray
        Its as-of date and account.
    """

    p: Floats
    dates: NDArray[np.datetime64]
    accounts: NDArray[np.object_]


def auc(score: Floats, p: Floats, weight: Floats | float = 1.0) -> float:
    """AUC where each row counts as positive by its true chance and as negative by the rest; ties count half."""
    _, place = np.unique(np.nan_to_num(score, nan=-np.inf), return_inverse=True)
    positive, negative = np.bincount(place, weights=weight * p), np.bincount(place, weights=weight * (1 - p))
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / (positive.sum() * negative.sum()))


def precision_at(score: Floats, told: Told, share: float) -> float:
    """Mean true chance of the highest rows of each date, mean over dates."""
    rows = pd.DataFrame({"score": score, "p": told.p, "date": told.dates})
    lists = []
    for _, month in rows.groupby("date"):
        lists.append(month.nlargest(max(1, round(share * len(month))), "score")["p"].mean())
    return float(np.mean(lists))


def figures_of(predicted: Floats, told: Told, *, capacity: float) -> dict[str, float]:
    """How probabilities lie beside true chances."""
    p = told.p
    order = np.argsort(predicted, kind="stable")
    bins = np.array_split(order, BINS)
    base = float(((p - p.mean()) ** 2).mean())
    low, middle, high = top_fifth(predicted, told)
    return {
        "ece": float(np.mean([abs(predicted[rows].mean() - p[rows].mean()) for rows in bins])),
        "slope": logit_slope(predicted, p),
        "mean_ratio": float(predicted.mean() / p.mean()),
        "top_fifth": middle,
        "top_fifth_low": low,
        "top_fifth_high": high,
        # of the Brier score over p, the part that predictions can change
        "brier_skill": 1 - float(((predicted - p) ** 2).mean()) / base,
        "precision": precision_at(predicted, told, capacity),
        "rank_correlation": float(pd.Series(predicted).corr(pd.Series(p), method="spearman")),
    }


def among_buyers(predicted: Floats, p: Floats, buying: Floats) -> dict[str, float]:
    """How figures lie beside true chances where each row counts by its true chance of buying.

    An account that would hardly buy counts for little: a decision weighs the chance to buy times the risk afterwards.
    Ten bins of equal weight.
    """
    order = np.argsort(predicted, kind="stable")
    done = np.cumsum(buying[order]) / buying.sum()
    bins = [order[np.ceil(done * BINS).astype(int) == number] for number in range(1, BINS + 1)]
    gaps = [np.average(predicted[rows] - p[rows], weights=buying[rows]) for rows in bins]
    highest = np.concatenate(bins[-2:])
    return {
        "buyers_mean_true": float(np.average(p, weights=buying)),
        "buyers_mean_ratio": float((buying * predicted).sum() / (buying * p).sum()),
        "buyers_ece": float(np.mean(np.abs(gaps))),
        "buyers_top_fifth": float((buying * predicted)[highest].sum() / (buying * p)[highest].sum()),
        "buyers_share": (auc(predicted, p, buying) - 0.5) / (auc(p, p, buying) - 0.5),
    }


def top_fifth(predicted: Floats, told: Told) -> tuple[float, float, float]:
    """Mean prediction over mean true chance in the highest fifth, with its interval over accounts drawn anew."""
    top = np.argsort(predicted, kind="stable")[-len(predicted) // 5 :]
    account, names = pd.factorize(told.accounts[top])
    sums = [np.bincount(account, weights=values[top]) for values in (predicted, told.p)]
    drawn = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), size=DRAWS)
    ratios = (drawn @ sums[0]) / (drawn @ sums[1])
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(low), float(sums[0].sum() / sums[1].sum()), float(high)


def logit_slope(predicted: Floats, p: Floats) -> float:
    """Slope of a logistic regression of what is true on the predicted log-odds; 1 is best."""
    logit = np.log(predicted) - np.log1p(-predicted)
    design = np.column_stack([logit, np.ones_like(logit)])
    solution = np.array([1.0, 0.0])
    for _ in range(50):
        told = 1 / (1 + np.exp(-(design @ solution)))
        curvature = (design * (told * (1 - told))[:, None]).T @ design
        step = np.linalg.solve(curvature, design.T @ (p - told))
        solution = solution + step
        if np.abs(step).max() < 1e-10:
            break
    return float(solution[0])
