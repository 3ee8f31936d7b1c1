"""What to say at each account on a CSM's list: the talk of its brief, as text in the worklist.

What a brief says of who, why and when not to ask stands in the worklist's columns already. The talk is filled here,
while the signals are at hand, and for those alone who are listed: whole briefs would take many times as long.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from uptier.decision.actions import Action
from uptier.explanation.choosing import FOR_AT_MOST
from uptier.explanation.reasons import Reason
from uptier.explanation.sentences import known, sentence
from uptier.explanation.talk import PARTS, Talk, kind_of, read_talks, talk
from uptier.model.points import RULES
from uptier.scoring.suppression import DISCOVERY

if TYPE_CHECKING:
    from uptier.model.bundle import Bundle
    from uptier.settings import Settings
    from uptier.signals.catalog import Catalog

LABELS = dict(zip(PARTS, ("Value", "Trend", "Decision", "Option", "Next step"), strict=True))
_RULES = {rule.name: rule for rule in RULES}


def with_talks(
    rows: pd.DataFrame,
    blocks: Iterable[pd.DataFrame],
    scorecard: pd.DataFrame,
    catalog: Catalog,
    settings: Settings,
    *,
    as_of: dt.date,
    bundle: Bundle | None,
) -> pd.DataFrame:
    """Fill the talk of each row that has a place on a CSM's list.

    Parameters
    ----------
    rows : DataFrame, shape (n_rows, n_columns)
        As :func:`uptier.scoring.worklist.worklist` made them.
    blocks : iterable of DataFrame
        The accounts' signals, each account in one of them; a block is in memory at a time.
    scorecard : DataFrame, shape (n_accounts, n_columns)
        Where the accounts' segments are.
    catalog : Catalog
        Signals and triggers.
    settings : Settings
        Thresholds, currency, words.
    as_of : date
        The date of the scorecard.
    bundle : Bundle or None
        The model; None under rules.

    Returns
    -------
    DataFrame, shape (n_rows, n_columns)
        The same rows with `talk`, several lines; missing for rows without a place.

    Raises
    ------
    SettingsError
        If the project's own talks cannot be read.
    """
    talks = read_talks(settings.talks, catalog)
    segments = scorecard.set_index(scorecard["account_id"].astype(str))["segment"]
    listed = rows[rows["rank"].notna()]
    cases = {
        str(one["account_id"]): (place, {str(name): value for name, value in one.items()})
        for place, one in listed.to_dict("index").items()
    }
    usual = None if bundle is None else bundle.gains.get("seat_expansion")
    told: dict[object, str] = {}
    for block in blocks:
        here = block[block["account_id"].astype(str).isin(cases.keys())]
        for record in here.to_dict("records"):
            row = {str(name): value for name, value in record.items()}
            account = str(row["account_id"])
            place, case = cases[account]
            upsell = None if case["upsell"] == DISCOVERY else str(case["upsell"])
            kind = kind_of(Action(case["action"]), upsell)
            if kind is None:
                continue
            segment = known(segments.get(account))
            said = talk(
                kind,
                talks,
                row,
                tuple(_reasons(case, row, catalog, settings, by_rules=bundle is None)),
                upsell=upsell,
                segment=None if segment is None else str(segment),
                as_of=as_of,
                catalog=catalog,
                thresholds=settings.thresholds,
                currency=settings.currency,
                usual_gain=usual,
            )
            told[place] = talk_words(said)
    return rows.assign(talk=pd.Series(told, index=rows.index, dtype="object").astype("str"))


def talk_words(said: Talk) -> str:
    """Write a talk as text.

    Parameters
    ----------
    said : Talk
        A talk that was filled.

    Returns
    -------
    str
        A line each: its name, whom to speak to, and its five parts.
    """
    parts = [f"{label}: {getattr(said, part)}" for part, label in LABELS.items()]
    return "\n".join([f"The talk: {said.name}.", f"With: {said.speak_to}", *parts])


def _reasons(
    case: Mapping[str, object], row: Mapping[str, object], catalog: Catalog, settings: Settings, *, by_rules: bool
) -> Iterator[Reason]:
    """Make reasons again of what the worklist says of them; a discovery talk has none but the calendar."""
    if case["upsell"] == DISCOVERY:
        return
    triggers = {trigger.name: trigger for trigger in catalog.triggers}
    fired = str(case["triggers_fired"]).split(",")
    for number in range(1, FOR_AT_MOST + 1):
        code, words = known(case[f"reason_{number}_code"]), known(case[f"reason_{number}"])
        # some rules and triggers share a name; rules are told where there is no model, if the trigger has not fired
        if code in _RULES and code not in fired and (by_rules or code not in triggers):
            rule = _RULES[str(code)]
            yield _reason(str(code), rule.label, str(words), signals=(rule.column,))
        elif code in triggers:
            trigger = triggers[str(code)]
            said = ((one.name, sentence(one, row, catalog, settings.currency)) for one in catalog.signals
                    if one.family == trigger.family)  # fmt: skip
            # which facts of its family a reason tells is known by their words
            signals = tuple(name for name, fact in said if fact is not None and fact in str(words))
            yield _reason(
                trigger.name,
                trigger.label,
                str(words),
                signals=signals,
                opens=trigger.opens,
                within=trigger.act_within_days if trigger.name in fired else None,
                fired=trigger.name in fired,
            )


def _reason(
    code: str,
    label: str,
    words: str,
    *,
    signals: tuple[str, ...],
    opens: str | None = None,
    within: int | None = None,
    fired: bool = False,
) -> Reason:
    return Reason(
        code=code,
        label=label,
        sentence=words,
        points=None,
        fired=fired,
        opens=opens,
        act_within_days=within,
        signals=signals,
    )
