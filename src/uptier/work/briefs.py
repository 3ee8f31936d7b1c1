"""Briefs of some accounts: their signals formed at once, today's and those of the last scorecard."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pandas as pd

from uptier.decision.actions import Action
from uptier.errors import ScoringError, closest, did_you_mean

if TYPE_CHECKING:
    from uptier.explanation.brief import Brief
    from uptier.work.material import Material

FIRST = (Action.PITCH, Action.PROTECT, Action.NURTURE, Action.LEAVE)  # the order of a CSM's day


def brief_of(material: Material, account_id: str, as_of: dt.date) -> Brief:
    """Write the brief of one account.

    Parameters
    ----------
    material : Material
        The project's.
    account_id : str
        The account.
    as_of : date
        The date to look from.

    Returns
    -------
    Brief
        The same figures as the account's row in the scorecard.

    Raises
    ------
    ScoringError
        If there is no such account, or it has no subscription at that date.
    """
    looks = material.accounts_at(as_of)
    looks = looks[looks["account_id"] == account_id]
    if looks.empty:
        raise _not_scored(material, account_id, as_of)
    return _briefs(material, looks, as_of)[0]


def briefs_of(material: Material, csm: str, as_of: dt.date) -> list[Brief]:
    """Write the briefs of a CSM's own accounts.

    Parameters
    ----------
    material : Material
        The project's.
    csm : str
        As `owner` of the accounts table names them.
    as_of : date
        The date to look from.

    Returns
    -------
    list of Brief
        Those to pitch to first, then those to protect and to nurture; within each by what a contact is expected to
        bring, or by points where rules decide.

    Raises
    ------
    ScoringError
        If nobody of that name owns an account with a subscription at that date.
    """
    accounts = material.tables["accounts"].select("account_id", "owner").to_pandas().dropna()
    looks = material.accounts_at(as_of)
    own = looks[looks["account_id"].isin(accounts.loc[accounts["owner"] == csm, "account_id"])]
    if own.empty:
        held = accounts.loc[accounts["account_id"].isin(looks["account_id"]), "owner"]
        raise ScoringError(
            f"Nobody called '{csm}' looks after an account with a subscription just before {as_of}.",
            do=did_you_mean(csm, sorted(set(held)))
            if len(held)
            else "Map the column 'owner' of the table 'accounts', or choose another date with --as-of.",
        )
    return sorted(_briefs(material, own, as_of), key=_place)


def _place(brief: Brief) -> tuple[int, float, int, str]:
    brings = 0.0 if brief.value is None else brief.value.expected_value
    return FIRST.index(brief.action), -(brings if brings == brings else 0.0), -brief.points, brief.account_id


def _briefs(material: Material, looks: pd.DataFrame, as_of: dt.date) -> list[Brief]:
    from uptier.scoring.account import briefs
    from uptier.scoring.earlier import Earlier, told_before
    from uptier.scoring.facts import account_facts, source_dates, with_currency
    from uptier.scoring.recent import recent_of
    from uptier.scoring.trends import trends_of
    from uptier.tables.history import history_of

    last, earlier = told_before(material.settings.store, as_of), None
    if last is not None:
        then = looks[looks["account_id"].isin(last[1])].assign(as_of=pd.Timestamp(last[0]).as_unit("us"))
        looks = pd.concat([looks, then], ignore_index=True)
    both = with_currency(material.signals(looks), material.tables)
    frame = both[both["as_of"] == pd.Timestamp(as_of)]
    if last is not None:
        earlier = Earlier(last[0], both[both["as_of"] == pd.Timestamp(last[0])], last[1])
    bundle, version, _ = material.champion()
    history = history_of(material.tables, frame[["account_id", "as_of"]], material.usage)
    return briefs(
        frame,
        account_facts(material.tables, frame),
        bundle,
        material.catalog,
        material.settings,
        as_of=as_of,
        version=version,
        sources=source_dates(material.tables, as_of),
        earlier=earlier,
        recent=recent_of(history, as_of, {one.name: one.label for one in material.catalog.triggers}),
        trends=trends_of(history, frame, as_of, material.settings.thresholds),
    )


def _not_scored(material: Material, account_id: str, as_of: dt.date) -> ScoringError:
    """Say why an account has no brief."""
    known = material.tables["accounts"].select("account_id").to_pandas()["account_id"].tolist()
    if account_id in known:
        return ScoringError(
            f"Account {account_id} has no subscription just before {as_of}, so there is nothing to sell more of.",
            found=_subscribed(material, account_id),
            do="Choose another date with --as-of.",
        )
    asked = " ".join(account_id.split())  # a line break would break the message
    near = " or ".join(f"'{one}'" for one in closest(asked, known))
    some = ", ".join(f"'{one}'" for one in sorted(known)[:3])
    return ScoringError(
        f"There is no account '{asked}'.",
        do=f"Did you mean {near}?" if near else f"{len(known):,} accounts are known, {some} among them.",
    )


def _subscribed(material: Material, account_id: str) -> str:
    """Say when an account had subscriptions."""
    versions = material.tables["subscriptions"]
    own = versions.filter(versions.account_id == account_id).to_pandas()
    if own.empty:
        return "no subscription at any time"
    first = f"the first one begins on {own['valid_from'].min():%Y-%m-%d}"
    ends = own["end_day"]
    return first if ends.isna().any() else f"{first}, the last one ended on {pd.Timestamp(ends.max()):%Y-%m-%d}"
