"""Accounts, scored and explained: their briefs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from uptier.decision.actions import Action
from uptier.decision.value import Value
from uptier.explanation.brief import Brief, Chance
from uptier.explanation.changed import Changed, moved, turned
from uptier.explanation.reasons import (
    Reasons,
    fired_reasons,
    fired_triggers,
    ruled_reasons,
    weighed_reasons,
)
from uptier.explanation.risk import Risk
from uptier.explanation.sentences import known
from uptier.explanation.shares import Explained, explained
from uptier.explanation.talk import Talk, kind_of, read_talks, talk
from uptier.explanation.words import Words
from uptier.model.points import RULES, rules, unknown_rules
from uptier.scoring.batch import score
from uptier.scoring.deciding import NO_PLAN_ABOVE, UNKNOWN, worth
from uptier.scoring.turning import sensitivities
from uptier.settings import CONVERSIONS, OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uptier.explanation.recent import Recent
    from uptier.explanation.talk import Talks
    from uptier.explanation.trends import Trends
    from uptier.model.bundle import Bundle
    from uptier.scoring.earlier import Earlier
    from uptier.settings import Settings
    from uptier.signals.catalog import Catalog


RISKS = ("post_upsell_churn", "churn")  # what is told beside an upsell: the first that a head knows


def briefs(
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
    recent: Mapping[str, Recent] | None = None,
    trends: Mapping[str, Trends] | None = None,
) -> list[Brief]:
    """Score and explain some accounts.

    Where an account is to be protected and a fitted head says how likely it leaves, its reasons are about leaving;
    otherwise they are about the best upsell.

    Parameters
    ----------
    frame : DataFrame, shape (n_accounts, 2 + n_signals)
        The accounts' signals, one row for each.
    facts : DataFrame, shape (n_accounts, n_facts)
        As for :func:`uptier.scoring.batch.score`.
    bundle : Bundle or None
        The model; None under rules.
    catalog : Catalog
        Signals and triggers.
    settings : Settings
        Thresholds, costs, windows, currency, words.
    as_of : date
        The date the frame looks from.
    version : str or None
        Version of the registered model.
    sources : mapping of str to date or None
        Newest day known of each source.
    earlier : Earlier, optional
        The accounts when they were last scored, for what changed since.
    recent : mapping of str to Recent, optional
        What happened lately, by account, for what is told beside the reasons.
    trends : mapping of str to Trends, optional
        The series of each account, for its pictures.

    Returns
    -------
    list of Brief
        In the order of the frame, with the same figures as the accounts' rows in the scorecard.

    Raises
    ------
    ScoringError
        If there is no account.
    """
    frame, facts = frame.reset_index(drop=True), facts.reset_index(drop=True)
    card = score(frame, facts, bundle, catalog, settings, as_of=as_of, version=version)
    card = card.set_index("account_id", drop=False).loc[frame["account_id"]].reset_index(drop=True)
    desk = _Desk(frame, card, bundle, catalog, settings, as_of, read_talks(settings.talks, catalog))
    values = [None] * len(card) if bundle is None else _values(card, facts, bundle, settings)
    answers = [None] * len(card) if bundle is None else sensitivities(frame, facts, bundle, catalog, settings)
    risks = desk.risks(values)
    changes = desk.changes(earlier)
    words = Words(catalog.speech)
    holding, unknown = rules(frame, settings.thresholds), unknown_rules(frame)
    made = []
    for place, row in card.iterrows():
        at = int(str(place))
        one = desk.taken.get(at)
        made.append(
            Brief(
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
                action=Action(row["action"]),
                action_reason=str(row["action_reason"]),
                about=desk.about[at],
                reasons=desk.reasons[at],
                chances=() if bundle is None else _chances(row, bundle, settings),
                base=None if one is None else one.base,
                context=None if one is None else float(one.context.iloc[0]),
                value=values[at],
                points=int(row["points"]),
                tier=str(row["tier"]),
                rules=tuple(words.say(f"rules.{rule.name}") for rule in RULES if holding[rule.name].iloc[at]),
                unknown_rules=int(unknown.iloc[at]),
                sources=dict(sources),
                model_version=version,
                changed=changes.get(at),
                talk=desk.talk(at),
                risk=risks.get(at),
                sensitivity=answers[at],
                recent=(recent or {}).get(str(row["account_id"])),
                trends=(trends or {}).get(str(row["account_id"])),
                speech=catalog.speech,
            )
        )
    return made


class _Desk:
    """What the briefs of one date are written from."""

    def __init__(
        self,
        frame: pd.DataFrame,
        card: pd.DataFrame,
        bundle: Bundle | None,
        catalog: Catalog,
        settings: Settings,
        as_of: dt.date,
        talks: Sequence[Talks],
    ) -> None:
        self.frame, self.card, self.bundle, self.catalog = frame, card, bundle, catalog
        self.settings, self.as_of, self.talks = settings, as_of, talks
        self.about = [self._about(row) for _, row in card.iterrows()]
        self.fired = fired_triggers(frame, catalog, settings.thresholds)
        self.weighed = self._explained(frame, self.about)
        self.taken = _by_place(self.weighed)
        self.reasons = self._reasons()

    def _about(self, row: pd.Series) -> str | None:
        protect = row["action"] == Action.PROTECT.value
        if self.bundle is not None and protect and self.bundle.heads["churn"].is_fitted:
            return "churn"
        return _text(row["best_type"])

    def _explained(self, frame: pd.DataFrame, about: Sequence[str | None]) -> dict[str, tuple[Explained, list[int]]]:
        """Take probabilities apart where a head gives them: by outcome, with the places of the rows."""
        bundle = self.bundle
        return {
            outcome: (explained(bundle, outcome, frame.iloc[places], self.catalog), places)
            for outcome, places in _alike(about)
            if bundle is not None and outcome is not None and bundle.heads[outcome].is_fitted
        }

    def _reasons(self) -> list[Reasons]:
        found: dict[int, Reasons] = {}
        for outcome, places in _alike(self.about):
            found |= dict(zip(places, self._reasons_about(outcome, places), strict=True))
        return [found[place] for place in range(len(self.frame))]

    def _reasons_about(self, outcome: str | None, places: list[int]) -> Iterator[Reasons]:
        frame, fired, catalog = self.frame.iloc[places], self.fired.iloc[places], self.catalog
        thresholds, currency = self.settings.thresholds, self.settings.currency
        if self.bundle is None or outcome is None:
            return ruled_reasons(frame=frame, fired=fired, catalog=catalog, thresholds=thresholds, currency=currency)
        if outcome not in self.weighed:
            return fired_reasons(
                frame=frame, fired=fired, catalog=catalog, thresholds=thresholds, currency=currency, outcome=outcome
            )
        return weighed_reasons(
            self.weighed[outcome][0],
            frame=frame,
            fired=fired,
            catalog=catalog,
            thresholds=thresholds,
            currency=currency,
        )

    def risks(self, values: Sequence[Value | None]) -> dict[int, Risk]:
        """Say beside the reasons for an upsell what may follow it; by place."""
        told = [outcome for outcome in RISKS if self.bundle is not None and self.bundle.heads[outcome].is_fitted]
        about = [told[0] if told and one in CONVERSIONS else None for one in self.about]
        found = {}
        for outcome, (weighed, places) in self._explained(self.frame, about).items():
            reasons = weighed_reasons(
                weighed,
                frame=self.frame.iloc[places],
                fired=self.fired.iloc[places],
                catalog=self.catalog,
                thresholds=self.settings.thresholds,
                currency=self.settings.currency,
            )
            for place, one in zip(places, reasons, strict=True):
                value = values[place]
                risk = 0.0 if value is None else value.churn_upsold if outcome == RISKS[0] else value.churn
                high = risk >= self.settings.scoring.churn_risk
                found[place] = Risk(outcome=outcome, high=high, reasons=one.supporting)
        return found

    def changes(self, earlier: Earlier | None) -> dict[int, Changed]:
        """Say what changed at each account that was scored before; by place."""
        if earlier is None:
            return {}
        place_of = {account: place for place, account in enumerate(self.frame["account_id"])}
        places = [place_of[account] for account in earlier.frame["account_id"]]
        fired = fired_triggers(earlier.frame, self.catalog, self.settings.thresholds).to_numpy()
        then = _by_place(self._explained(earlier.frame, [self.about[place] for place in places]))
        found = {}
        for number, place in enumerate(places):
            now_fired, cleared = turned(self.fired.iloc[place].tolist(), fired[number].tolist(), self.catalog)
            chances, outcome = None, self.about[place]
            if number in then and outcome is not None:
                told = earlier.told[str(self.frame["account_id"].iloc[place])].get(outcome)
                chances = moved(self.taken[place], then[number], told, self.catalog)
            found[place] = Changed(since=earlier.as_of, fired=now_fired, cleared=cleared, chances=chances)
        return found

    def talk(self, place: int) -> Talk | None:
        """Fill the talk that an account's action calls for."""
        row, supporting = self.card.iloc[place], self.reasons[place].supporting
        opened = next((reason.opens for reason in supporting if reason.fired), None)
        upsell = _text(row["best_type"]) or opened
        kind = kind_of(Action(row["action"]), upsell)
        if kind is None:
            return None
        return talk(
            kind,
            self.talks,
            {str(name): value for name, value in self.frame.iloc[place].items()},
            supporting,
            upsell=upsell,
            segment=_text(row["segment"]),
            as_of=self.as_of,
            catalog=self.catalog,
            thresholds=self.settings.thresholds,
            currency=self.settings.currency,
            usual_gain=None if self.bundle is None else self.bundle.gains.get("seat_expansion"),
        )


def _alike(about: Sequence[str | None]) -> Iterator[tuple[str | None, list[int]]]:
    """Gather the places of rows that are about the same."""
    for outcome in dict.fromkeys(about):
        yield outcome, [place for place, one in enumerate(about) if one == outcome]


def _by_place(weighed: Mapping[str, tuple[Explained, list[int]]]) -> dict[int, Explained]:
    return {place: whole.row(number) for whole, places in weighed.values() for number, place in enumerate(places)}


def _chances(row: pd.Series, bundle: Bundle, settings: Settings) -> tuple[Chance, ...]:
    return tuple(
        Chance(
            outcome=outcome,
            probability=float(row[f"p_{outcome}"]),
            days=settings.horizon(outcome).horizon_days,
            pooled=bundle.heads[outcome].fallback or "",
            interval=bundle.heads[outcome].interval_of(float(row[f"p_{outcome}"])),
        )
        for outcome in OUTCOMES
        if row[f"basis_{outcome}"] not in (UNKNOWN, NO_PLAN_ABOVE)
    )


def _values(card: pd.DataFrame, facts: pd.DataFrame, bundle: Bundle, settings: Settings) -> list[Value | None]:
    chances = card[[f"p_{outcome}" for outcome in OUTCOMES]].set_axis(list(OUTCOMES), axis=1).astype("float64")
    terms = worth(chances, card["best_type"], facts.reindex(columns=["mrr"])["mrr"], bundle, settings)
    return [Value(**{str(name): value for name, value in row.items()}) for _, row in terms.iterrows()]


def _text(value: object) -> str | None:
    said = known(value)
    return None if said is None else str(said)


def _number(value: object) -> float | None:
    said = known(value)
    return said if isinstance(said, float) else None
