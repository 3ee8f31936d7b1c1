"""Every account at one date, under one bundle or under rules alone, as a scorecard.

One row is one account: its probabilities, the upsell to talk about, what to do, and why. The columns are described at
:func:`score`.
"""

from __future__ import annotations

import datetime as dt
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
    from uptier.model.bundle import Bundle
    from uptier.settings import Settings
    from uptier.signals.catalog import Catalog


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
        mrr (account currency per month), open_opportunity, before_first_value and on_highest_plan (bool).
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
          currency per year), expected_value (account currency), priority = p_any x gain_arr;
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
    if frame.empty:
        raise ScoringError(
            f"There is no account to score at {as_of}.",
            do="Check that subscriptions run at that date, or choose another one with --as-of.",
        )
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
        judged = _by_rules(frame, told, fired, ruled, catalog, settings)
    else:
        bundle.require_catalogue(catalog.fingerprint(settings.thresholds))
        judged = _by_model(frame, told, fired, bundle, catalog, settings)
    fired_codes = [
        ",".join(name for name, holds in zip(fired.columns, row, strict=True) if holds) for row in fired.to_numpy()
    ]
    card = pd.concat([told, judged, ruled], axis=1).assign(
        plan=told["plan_name"],
        as_of=pd.Timestamp(as_of),
        expires_on=pd.Timestamp(days_after(as_of, settings.scoring.expires_after_days)),
        model_version=version,
        triggers_fired=fired_codes,
    )
    return _ranked(card, by="points" if bundle is None else "priority")


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
    kinds |= dict.fromkeys(("base_points", "context_points", "other_points"), float)
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
    reasons = _model_reasons(frame, fired, best, bundle, catalog, settings)
    any_chance = 1 - (1 - chosen[[f"p_{name}" for name in CONVERSIONS]].fillna(0)).prod(axis=1)
    judged = chosen.assign(p_any=any_chance, priority=any_chance * chosen["gain_arr"])
    bases = {name: basis(bundle.heads[name]) for name in OUTCOMES}
    for name in OUTCOMES:
        judged[f"basis_{name}"] = bases[name]
    judged.loc[topped, "basis_plan_upgrade"] = NO_PLAN_ABOVE
    judged["basis"] = best.map(bases)
    return pd.concat([judged, reasons], axis=1)


def _model_reasons(
    frame: pd.DataFrame,
    fired: pd.DataFrame,
    best: pd.Series[str],
    bundle: Bundle,
    catalog: Catalog,
    settings: Settings,
) -> pd.DataFrame:
    parts, currency, thresholds = [], settings.currency, settings.thresholds
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


def _by_rules(
    frame: pd.DataFrame,
    told: pd.DataFrame,
    fired: pd.DataFrame,
    ruled: pd.DataFrame,
    catalog: Catalog,
    settings: Settings,
) -> pd.DataFrame:
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
    found = ruled_reasons(
        frame=frame, fired=fired, catalog=catalog, thresholds=settings.thresholds, currency=settings.currency
    )
    return pd.concat([judged, _reason_columns(found, frame.index)], axis=1)


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


def _ranked(card: pd.DataFrame, *, by: str) -> pd.DataFrame:
    kinds = columns()
    given = card.reindex(columns=[name for name in kinds if name != "rank"])
    typed = pd.DataFrame({name: _typed(given[name], kinds[name]) for name in given.columns})
    order = np.lexsort((typed["account_id"].to_numpy(dtype=object), -typed[by].fillna(-np.inf).to_numpy()))
    typed = typed.iloc[order].reset_index(drop=True)
    typed.insert(0, "rank", np.arange(1, len(typed) + 1))
    return typed


def _typed(values: pd.Series[Any], kind: type) -> pd.Series[Any]:
    if kind is dt.datetime:
        return values.astype("datetime64[us]")
    if kind is str:
        return values.astype("str")
    return values.astype("float64") if kind is float else values.astype("int64")
