"""Every account at one date, under one bundle or under rules alone, as a scorecard.

One row is one account: its probabilities, the upsell to talk about, what to do, and why. The columns are described at
:func:`score`.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from uptier.decision.actions import decide_by_rules
from uptier.errors import ScoringError
from uptier.explanation.choosing import AGAINST_AT_MOST, FOR_AT_MOST
from uptier.explanation.reasons import (
    Reason,
    Reasons,
    fired_reasons,
    fired_triggers,
    ruled_reasons,
    weighed_reasons,
)
from uptier.explanation.shares import blocks, explained
from uptier.model import points as points_model
from uptier.moments import days_after
from uptier.scoring.deciding import FACTS, NO_PLAN_ABOVE, RULES, basis, decided, flag
from uptier.settings import CONVERSIONS, OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from uptier.model.bundle import Bundle
    from uptier.settings import Settings
    from uptier.signals.catalog import Catalog

    Blocks = Callable[[], Iterable[pd.DataFrame]]


SUMS = ("base_points", "context_points", "other_points")


def score(
    frame: pd.DataFrame,
    facts: pd.DataFrame,
    bundle: Bundle | None,
    catalog: Catalog,
    settings: Settings,
    *,
    as_of: dt.date,
    version: str | None,
) -> pd.DataFrame:
    """Score every account at one date.

    Parameters
    ----------
    frame : DataFrame, shape (n_accounts, 2 + n_signals)
        account_id, as_of and the signals.
    facts : DataFrame, shape (n_accounts, n_facts)
        With the frame's index: account_id and, as far as known, account_name, owner, segment, plan_name, seats,
        mrr (the project's currency per month), open_opportunity, before_first_value and on_highest_plan (bool).
    bundle : Bundle or None
        The model; None scores by rules.
    catalog : Catalog
        Signals and triggers.
    settings : Settings
        Thresholds, costs, windows, currency.
    as_of : date
        The date the frame looks from.
    version : str or None
        Version of the registered model.

    Returns
    -------
    DataFrame, shape (n_accounts, n_columns)
        In the order of rank, which is stable whatever the order of the rows given: highest priority first, then
        account_id. Columns:

        * rank, account_id, account_name, owner, segment, plan, seats, mrr;
        * as_of, expires_on, model_version, basis: "model", "pooled rate" (the best type's own head is one) or "rules";
        * action, action_reason, best_type, p_any (of any upsell, as if the types were independent), gain_arr (account
          currency per year), expected_value (the same), priority = p_any x gain_arr;
        * p_<outcome> (share) and basis_<outcome> for the five outcomes: NaN and "not available" where the project's
          tables do not show one; 0 and "no plan above" for the upgrade of an account on the highest plan;
        * reason_k_code, reason_k, reason_k_points (share of probability) for k = 1..3, against_k likewise for k = 1..2,
          about best_type; base_points + context_points + all of these + other_points = the best type's probability;
        * triggers_fired (codes, in catalogue order, joined by commas), points and tier of the points model.

        Under rules there are no probabilities: those columns are NaN, and rows are ranked by points.

    Raises
    ------
    ScoringError
        If there is no account, or `facts` are about other accounts than the frame.
    ModelError
        If the model was trained on other signals than those of the catalogue.
    """
    return score_blocks(lambda: [frame], lambda block: facts, bundle, catalog, settings, as_of=as_of, version=version)


def score_blocks(
    given: Blocks,
    facts_of: Callable[[pd.DataFrame], pd.DataFrame],
    bundle: Bundle | None,
    catalog: Catalog,
    settings: Settings,
    *,
    as_of: dt.date,
    version: str | None,
    explained_share: float = 1.0,
) -> pd.DataFrame:
    """Score accounts block by block: signals of one block are in memory at a time, and reasons are given where asked.

    Parameters
    ----------
    given : callable
        Gives the blocks, each a frame as for :func:`score`; called twice, with the same blocks.
    facts_of : callable
        Gives a block's facts as for :func:`score`; called once for each block.
    bundle : Bundle or None
        The model; None scores by rules.
    catalog : Catalog
        Signals and triggers.
    settings : Settings
        Thresholds, costs, windows, currency.
    as_of : date
        The date the frames look from.
    version : str or None
        Version of the registered model.
    explained_share : float
        The share of accounts, from the first rank on, that get reasons; all by default.

    Returns
    -------
    DataFrame, shape (n_accounts, n_columns)
        As :func:`score`, whatever the blocks; without reasons and their points below `explained_share`.

    Raises
    ------
    ScoringError
        If there is no account, or facts are about other accounts than their frame.
    ModelError
        If the model was trained on other signals than those of the catalogue.
    """
    if bundle is not None:
        bundle.require_catalogue(catalog.fingerprint(settings.thresholds), settings.thresholds.model_dump(mode="json"))
    thin = [
        _thin(frame, facts_of(frame), bundle, catalog, settings, as_of=as_of, version=version)
        for frame in given()
        if len(frame)
    ]
    if not thin:
        raise ScoringError(
            f"There is no account to score at {as_of}.",
            do="Check that subscriptions run at that date, or choose another one with --as-of.",
        )
    card = pd.concat(thin, ignore_index=True)
    order = _order(card, by="points" if bundle is None else "priority")
    asked = np.zeros(len(card), dtype=bool)
    asked[order[: math.ceil(len(card) * explained_share)]] = True
    parts, begin = [], 0
    for frame in given():
        here = np.flatnonzero(asked[begin : begin + len(frame)])
        if len(here):
            best = card["best_type"].iloc[begin + here]
            part = _reasons(frame.iloc[here].set_axis(best.index), best, bundle, catalog, settings)
            # typed at once: texts in objects take ten times their room
            parts.append(pd.DataFrame({name: _typed(part[name], columns()[name]) for name in part.columns}))
        begin += len(frame)
    return _ranked(card.join(pd.concat(parts)), order)


def _thin(
    frame: pd.DataFrame,
    facts: pd.DataFrame,
    bundle: Bundle | None,
    catalog: Catalog,
    settings: Settings,
    *,
    as_of: dt.date,
    version: str | None,
) -> pd.DataFrame:
    """Score a block, without reasons."""
    if not frame["account_id"].astype(str).equals(facts["account_id"].astype(str)):
        raise ScoringError(
            "The facts about the accounts do not stand in the order of their signals.",
            found=f"{len(frame)} rows of signals, {len(facts)} rows of facts",
        )
    told = facts.reindex(columns=["account_id", *FACTS])
    fired = fired_triggers(frame, catalog, settings.thresholds)
    earned = points_model.points(frame, settings.thresholds)
    ruled = pd.DataFrame({"points": earned, "tier": points_model.tier(earned)}, index=frame.index)
    if bundle is None:
        judged = _by_rules(told, fired, ruled, catalog)
    else:
        judged = _by_model(frame, told, fired, bundle, catalog, settings)
    card = pd.concat([told, judged, ruled], axis=1).assign(
        plan=told["plan_name"],
        as_of=pd.Timestamp(as_of),
        expires_on=pd.Timestamp(days_after(as_of, settings.scoring.expires_after_days)),
        model_version=version,
        triggers_fired=_codes(fired),
    )
    later = {name for place in _places() for name in (place, f"{place}_code", f"{place}_points")} | set(SUMS)
    kinds = {name: kind for name, kind in columns().items() if name not in later and name != "rank"}
    wide = card.reindex(columns=list(kinds))
    return pd.DataFrame({name: _typed(wide[name], kind) for name, kind in kinds.items()})


def _codes(fired: pd.DataFrame) -> NDArray[Any]:
    """Join the names of the triggers that fired; few of all combinations occur."""
    combinations, place = np.unique(fired.to_numpy(dtype=bool), axis=0, return_inverse=True)
    names = fired.columns.to_numpy()
    told = np.array([",".join(names[row]) for row in combinations], dtype=object)
    return told[place.ravel()]


def columns() -> dict[str, type]:
    """Give the scorecard's columns and their types, in order.

    Returns
    -------
    dict of str to type
        `str`, `float`, `int` or `datetime`.
    """
    kinds: dict[str, type] = {"rank": int}
    kinds |= dict.fromkeys(("account_id", "account_name", "owner", "segment", "plan"), str)
    kinds |= {"seats": float, "mrr": float, "as_of": dt.datetime, "expires_on": dt.datetime}
    kinds |= dict.fromkeys(("model_version", "basis", "action", "action_reason", "best_type"), str)
    kinds |= dict.fromkeys(("p_any", "gain_arr", "expected_value", "priority"), float)
    for outcome in OUTCOMES:
        kinds |= {f"p_{outcome}": float, f"basis_{outcome}": str}
    for reason in _places():
        kinds |= {f"{reason}_code": str, reason: str, f"{reason}_points": float}
    kinds |= dict.fromkeys(SUMS, float)
    return kinds | {"triggers_fired": str, "points": int, "tier": str}


def _places() -> list[str]:
    return [f"reason_{number + 1}" for number in range(FOR_AT_MOST)] + [
        f"against_{number + 1}" for number in range(AGAINST_AT_MOST)
    ]


def _by_model(
    frame: pd.DataFrame,
    told: pd.DataFrame,
    fired: pd.DataFrame,
    bundle: Bundle,
    catalog: Catalog,
    settings: Settings,
) -> pd.DataFrame:
    chosen = decided(frame, told, fired, bundle, catalog, settings)
    best, topped = chosen["best_type"], flag(told["on_highest_plan"])
    any_chance = 1 - (1 - chosen[[f"p_{name}" for name in CONVERSIONS]].fillna(0)).prod(axis=1)
    judged = chosen.assign(p_any=any_chance, priority=any_chance * chosen["gain_arr"])
    bases = {name: basis(bundle.heads[name]) for name in OUTCOMES}
    for name in OUTCOMES:
        judged[f"basis_{name}"] = bases[name]
    judged.loc[topped, "basis_plan_upgrade"] = NO_PLAN_ABOVE
    judged["basis"] = best.map(bases)
    return judged


def _reasons(
    frame: pd.DataFrame, best: pd.Series[str], bundle: Bundle | None, catalog: Catalog, settings: Settings
) -> pd.DataFrame:
    parts, currency, thresholds = [], settings.currency, settings.thresholds
    fired = fired_triggers(frame, catalog, thresholds)
    if bundle is None:
        ruled = ruled_reasons(frame=frame, fired=fired, catalog=catalog, thresholds=thresholds, currency=currency)
        return _reason_columns(ruled, frame.index)
    for outcome in CONVERSIONS:
        chosen = (best == outcome).to_numpy()
        if not chosen.any():
            continue
        rows, holds = frame[chosen], fired[chosen]
        if bundle.heads[outcome].fallback is not None:
            found = fired_reasons(
                frame=rows, fired=holds, catalog=catalog, thresholds=thresholds, currency=currency, outcome=outcome
            )
            parts.append(_reason_columns(found, rows.index))
            continue
        for some, here in zip(blocks(rows), blocks(holds), strict=True):
            taken = explained(bundle, outcome, some, catalog)
            found = weighed_reasons(
                taken,
                frame=some,
                fired=here,
                catalog=catalog,
                thresholds=thresholds,
                currency=currency,
            )
            part = _reason_columns(found, some.index)
            shown = part[[f"{place}_points" for place in _places()]].sum(axis=1)
            part["base_points"] = taken.base
            part["context_points"] = taken.context
            part["other_points"] = taken.points.sum(axis=1) - shown
            parts.append(part)
    return pd.concat(parts).loc[frame.index]


def _by_rules(told: pd.DataFrame, fired: pd.DataFrame, ruled: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    opens = {name: [trigger.name for trigger in catalog.triggers if trigger.opens == name] for name in CONVERSIONS}
    counts = np.column_stack([fired[opens[name]].sum(axis=1).to_numpy() for name in CONVERSIONS])
    # the type that most triggers open; argmax takes the first of equals
    best = np.array(CONVERSIONS, dtype=object)[counts.argmax(axis=1)]
    best[counts.sum(axis=1) == 0] = None
    judged = decide_by_rules(ruled["tier"], fired=counts.max(axis=1) > 0, in_talks=flag(told["open_opportunity"]))
    judged["best_type"] = best
    judged["basis"] = RULES
    for outcome in OUTCOMES:
        judged[f"basis_{outcome}"] = RULES
    return judged


def _reason_columns(found: Iterable[Reasons], index: pd.Index) -> pd.DataFrame:
    table: dict[str, list[object]] = {
        name: [] for place in _places() for name in (f"{place}_code", place, f"{place}_points")
    }
    for reasons in found:
        for kind, chosen, at_most in (
            ("reason", reasons.supporting, FOR_AT_MOST),
            ("against", reasons.opposing, AGAINST_AT_MOST),
        ):
            for number in range(at_most):
                reason: Reason | None = chosen[number] if number < len(chosen) else None
                place = f"{kind}_{number + 1}"
                table[f"{place}_code"].append(reason and reason.code)
                table[place].append(reason and reason.sentence)
                table[f"{place}_points"].append(np.nan if reason is None or reason.points is None else reason.points)
    return pd.DataFrame(table, index=index)


def _order(card: pd.DataFrame, *, by: str) -> NDArray[np.int64]:
    """The places of the rows in the order of rank."""
    return np.lexsort((card["account_id"].to_numpy(dtype=object), -card[by].fillna(-np.inf).to_numpy()))


def _ranked(card: pd.DataFrame, order: NDArray[np.int64]) -> pd.DataFrame:
    kinds = columns()
    given = card.reindex(columns=[name for name in kinds if name != "rank"])
    ranked = pd.DataFrame({name: _typed(given[name].iloc[order], kinds[name]) for name in given.columns})
    ranked = ranked.reset_index(drop=True)
    ranked.insert(0, "rank", np.arange(1, len(ranked) + 1))
    return ranked


def _typed(values: pd.Series[Any], kind: type) -> pd.Series[Any]:
    if kind is dt.datetime:
        return values.astype("datetime64[us]")
    if kind is str:
        return values.astype("str")
    return values.astype("float64") if kind is float else values.astype("int64")
