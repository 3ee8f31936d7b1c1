"""One account, scored and explained: the brief."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from uptier.decision.actions import Action
from uptier.decision.value import Value
from uptier.errors import ScoringError
from uptier.explanation.brief import Brief, Chance
from uptier.explanation.changed import Changed, moved, turned
from uptier.explanation.reasons import (
    Reasons,
    fired_reasons,
    fired_triggers,
    ruled_reasons,
    weighed_reasons,
)
from uptier.explanation.sentences import known
from uptier.explanation.shares import Explained, explained
from uptier.explanation.talk import Talk, kind_of, read_talks, talk
from uptier.model.points import RULES, rules, unknown_rules
from uptier.scoring.batch import NO_PLAN_ABOVE, UNKNOWN, score, worth
from uptier.settings import OUTCOMES

if TYPE_CHECKING:
    from uptier.model.bundle import Bundle
    from uptier.settings import Settings
    from uptier.signals.catalog import Catalog


@dataclass(frozen=True, eq=False)
class Earlier:
    """An account as it was when it was last scored.

    Attributes
    ----------
    as_of : date
        When that was.
    frame : DataFrame, shape (1, 2 + n_signals)
        Its signals on that date.
    told : dict of str to float
        The probabilities that the scorecard gave, by outcome, share; NaN where it gave none.
    """

    as_of: dt.date
    frame: pd.DataFrame
    told: Mapping[str, float]


def brief(
    frame: pd.DataFrame,
    facts: pd.DataFrame,
    bundle: Bundle | None,
    catalog: Catalog,
    settings: Settings,
    *,
    as_of: dt.date,
    version: str | None,
    sources: Mapping[str, dt.date | None],
    earlier: Earlier | None = None,
) -> Brief:
    """Score and explain one account.

    Where the account is to be protected and a fitted head says how likely it leaves, the reasons are about leaving;
    otherwise they are about the best upsell.

    Parameters
    ----------
    frame : DataFrame, shape (1, 2 + n_signals)
        The account's signals.
    facts : DataFrame, shape (1, n_facts)
        As for :func:`uptier.scoring.batch.score`.
    bundle : Bundle or None
        The model; None under rules.
    catalog : Catalog
        Signals and triggers.
    settings : Settings
        Thresholds, costs, windows, currency.
    as_of : date
        The date the frame looks from.
    version : str or None
        Version of the registered model.
    sources : mapping of str to date or None
        Newest day known of each source.
    earlier : Earlier, optional
        The account when it was last scored, for what changed since.

    Returns
    -------
    Brief
        The same figures as the account's row in the scorecard.

    Raises
    ------
    ScoringError
        If there is not exactly one account.
    """
    if len(frame) != 1:
        raise ScoringError("A brief is about one account.", found=f"{len(frame)} rows")
    row = score(frame, facts, bundle, catalog, settings, as_of=as_of, version=version).iloc[0]
    action = Action(row["action"])
    best = _text(row["best_type"])
    at_risk = bundle is not None and action is Action.PROTECT and bundle.heads["churn"].is_fitted
    about = "churn" if at_risk else best
    reasons, taken = _reasons(frame, about, bundle, catalog, settings)
    holding = rules(frame, settings.thresholds).iloc[0]
    usual = None if bundle is None else bundle.gains.get("seat_expansion")
    upsell = best or next((reason.opens for reason in reasons.supporting if reason.fired), None)
    return Brief(
        account_id=str(row["account_id"]),
        account_name=_text(row["account_name"]),
        owner=_text(row["owner"]),
        segment=_text(row["segment"]),
        plan=_text(row["plan"]),
        seats=_number(row["seats"]),
        mrr=_number(row["mrr"]),
        currency=settings.currency,
        as_of=as_of,
        expires_on=row["expires_on"].date(),
        action=action,
        action_reason=str(row["action_reason"]),
        about=about,
        reasons=reasons,
        chances=() if bundle is None else _chances(row, bundle, settings),
        base=None if taken is None else taken.base,
        context=None if taken is None else float(taken.context.iloc[0]),
        value=None if bundle is None else _value(row, frame.index, facts, bundle, settings),
        points=int(row["points"]),
        tier=str(row["tier"]),
        rules=tuple(rule.label for rule in RULES if holding[rule.name]),
        unknown_rules=int(unknown_rules(frame).iloc[0]),
        sources=dict(sources),
        model_version=version,
        changed=None if earlier is None else _changed(frame, earlier, about, taken, bundle, catalog, settings),
        talk=_talk(frame, action, upsell, reasons, _text(row["segment"]), as_of, catalog, settings, usual),
    )


def _changed(
    frame: pd.DataFrame,
    earlier: Earlier,
    about: str | None,
    taken: Explained | None,
    bundle: Bundle | None,
    catalog: Catalog,
    settings: Settings,
) -> Changed:
    now, then = (fired_triggers(one, catalog, settings.thresholds).iloc[0].tolist() for one in (frame, earlier.frame))
    fired, cleared = turned(now, then, catalog)
    chances = None
    if taken is not None and bundle is not None and about is not None:
        chances = moved(taken, explained(bundle, about, earlier.frame, catalog), earlier.told.get(about), catalog)
    return Changed(since=earlier.as_of, fired=fired, cleared=cleared, chances=chances)


def _talk(
    frame: pd.DataFrame,
    action: Action,
    upsell: str | None,
    reasons: Reasons,
    segment: str | None,
    as_of: dt.date,
    catalog: Catalog,
    settings: Settings,
    usual_gain: float | None,
) -> Talk | None:
    kind = kind_of(action, upsell)
    if kind is None:
        return None
    return talk(
        kind,
        read_talks(settings.talks, catalog),
        {str(name): value for name, value in frame.iloc[0].items()},
        reasons.supporting,
        upsell=upsell,
        segment=segment,
        as_of=as_of,
        catalog=catalog,
        thresholds=settings.thresholds,
        currency=settings.currency,
        usual_gain=usual_gain,
    )


def _reasons(
    frame: pd.DataFrame, about: str | None, bundle: Bundle | None, catalog: Catalog, settings: Settings
) -> tuple[Reasons, Explained | None]:
    fired = fired_triggers(frame, catalog, settings.thresholds)
    currency, thresholds = settings.currency, settings.thresholds
    if bundle is None or about is None:
        found = ruled_reasons(frame=frame, fired=fired, catalog=catalog, thresholds=thresholds, currency=currency)
        return next(found), None
    if not bundle.heads[about].is_fitted:
        return next(
            fired_reasons(
                frame=frame,
                fired=fired,
                catalog=catalog,
                thresholds=thresholds,
                currency=currency,
                outcome=about,
            )
        ), None
    taken = explained(bundle, about, frame, catalog)
    return next(
        weighed_reasons(taken, frame=frame, fired=fired, catalog=catalog, thresholds=thresholds, currency=currency)
    ), taken


def _chances(row: pd.Series, bundle: Bundle, settings: Settings) -> tuple[Chance, ...]:
    return tuple(
        Chance(
            outcome=outcome,
            probability=float(row[f"p_{outcome}"]),
            days=settings.horizon(outcome).horizon_days,
            pooled=bundle.heads[outcome].fallback or "",
        )
        for outcome in OUTCOMES
        if row[f"basis_{outcome}"] not in (UNKNOWN, NO_PLAN_ABOVE)
    )


def _value(row: pd.Series, index: pd.Index, facts: pd.DataFrame, bundle: Bundle, settings: Settings) -> Value:
    chances = pd.DataFrame({outcome: [row[f"p_{outcome}"]] for outcome in OUTCOMES}, index=index, dtype="float64")
    best = pd.Series([row["best_type"]], index=index, dtype="str")
    terms = worth(chances, best, facts.reindex(columns=["mrr"])["mrr"], bundle, settings).iloc[0]
    return Value(**{str(name): value for name, value in terms.items()})


def _text(value: object) -> str | None:
    said = known(value)
    return None if said is None else str(said)


def _number(value: object) -> float | None:
    said = known(value)
    return said if isinstance(said, float) else None
