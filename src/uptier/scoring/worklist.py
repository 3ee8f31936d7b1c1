"""A scorecard becomes a worklist: one row for each account, upsell type and cycle, with its place on a CSM's list.

A row is there for each account with which a talk is worth its cost: as a pitch where a trigger opens it, else as a talk
to find out; for each other account where nothing fired and whose renewal comes up; and for each case of the worklist
before that was still open. Everything points one way: higher values, chances and tiers are better, and place 1 is the
first.

Amounts are in the project's currency, whatever accounts pay in: :mod:`uptier.decision.money`.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from uptier.decision.actions import READY_TIERS, WORDS, Action
from uptier.scoring.changes import changed
from uptier.scoring.cycles import OPEN, cases, of_gone_accounts, settled
from uptier.scoring.deciding import RULES
from uptier.scoring.listing import places
from uptier.scoring.prospects import WORTH, prospects
from uptier.scoring.suppression import DISCOVERY, FACTS, LABELS, NUMBERS, Dismissed, listed, recorded, rolls
from uptier.scoring.suppression import suppressions as suppressed
from uptier.settings import CONVERSIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uptier.model.bundle import Bundle
    from uptier.settings import Settings
    from uptier.signals.catalog import Catalog

CALENDAR = "calendar"  # code of the reason of a discovery talk, as `started_by` of outreach has it
TALKS = (*CONVERSIONS, DISCOVERY)
OF_POINTS = {"High": "A", "Medium": "B", "Low": "C", "Not ready": "D"}  # both have fixed bounds
SIGNALS = ("nps", "days_since_outreach", "days_until_renewal", "days_since_upsell")  # those of NUMBERS, and one more
REASONS = tuple(f"{place}{of}" for place in ("reason_1", "reason_2", "reason_3", "against_1") for of in ("_code", ""))


def columns() -> dict[str, type]:
    """Give the worklist's columns and their types, in order.

    Returns
    -------
    dict of str to type
        `str`, `float`, `bool` or `datetime`; a rank is a float, NaN where there is none.
    """
    kinds: dict[str, type] = dict.fromkeys(("uptier_key", "account_id", "upsell"), str)
    kinds |= {"cycle": dt.datetime, "state": str, "closed_because": str, "owner": str}
    kinds |= dict.fromkeys(("action", "action_reason", "suppressed_by", "held_by", "tier"), str)
    kinds |= {"rank": float, "unlisted_because": str, "exploration": bool}
    kinds |= dict.fromkeys(WORTH, float)
    kinds |= {"points": float, "currency": str, "as_of": dt.datetime, "act_by": dt.datetime, "expires_on": dt.datetime}
    kinds |= dict.fromkeys((*REASONS, "changed", "talk", "triggers_fired", "model_version"), str)
    return kinds


def worklist(
    scorecard: pd.DataFrame,
    frame: pd.DataFrame,
    facts: pd.DataFrame,
    catalog: Catalog,
    settings: Settings,
    *,
    as_of: dt.date,
    before: pd.DataFrame | None,
    dismissed: Dismissed | None = None,
    bundle: Bundle | None = None,
) -> pd.DataFrame:
    """Make the worklist of a scorecard.

    Parameters
    ----------
    scorecard : DataFrame, shape (n_accounts, n_columns)
        As :func:`uptier.scoring.batch.score` gave it.
    frame : DataFrame, shape (n_accounts, 2 + n_signals)
        The signals that it was made of, in any order; of them :data:`SIGNALS` are read.
    facts : DataFrame, shape (n_accounts, n_facts)
        account_id and, as far as known, what :func:`uptier.scoring.suppression.suppressions` asks for beside signals.
    catalog : Catalog
        Which triggers open which talk, and within how many days.
    settings : Settings
        Capacities, bounds and shares.
    as_of : date
        The date of the scorecard.
    before : DataFrame or None
        The worklist of the run before, of an earlier date; None where there is none.
    dismissed : mapping of (str, str) to date, optional
        Account and upsell type, or "" for all, to the date until which a talk stays away.
    bundle : Bundle, optional
        The model behind the scorecard; without it there is no interval of the expected value, and no value of a talk
        that is not the account's best one.

    Returns
    -------
    DataFrame, shape (n_rows, n_columns)
        Columns as :func:`columns` has them; open rows first, by owner and rank. At most one open row for each account
        and upsell type, and at most one pitch for each account. Where rank is NaN, unlisted_because says why;
        suppressed_by is the first rule that holds the case back, held_by all of them; talk is missing until
        :func:`uptier.scoring.talks.with_talks` fills it.

    Raises
    ------
    ScoringError
        If the worklist before is not from an earlier date.
    """
    accounts = _accounts(scorecard, frame, facts)
    fired = _fired(accounts["triggers_fired"], catalog)
    wanted, cause = _wanted(accounts, fired, catalog, settings)
    found = cases(wanted, before, as_of=as_of)
    place = accounts.index.get_indexer(pd.Index(found["account_id"].astype(str)))
    about = accounts.iloc[place].set_axis(found.index, axis=0)  # of gone accounts any row, never looked at
    found = found.assign(here=place >= 0, days_since_upsell=about["days_since_upsell"])
    talk = found["upsell"].map(TALKS.index).to_numpy(dtype=int) if len(found) else np.zeros(0, dtype=int)
    found["cause"] = cause[place, talk]
    known = about[[*FACTS, *NUMBERS]].assign(account_id=found["account_id"], upsell=found["upsell"])
    held = suppressed(known, settings, as_of=as_of, dismissed=dismissed)
    kept = settled(found, held, as_of=as_of)
    seen = kept[kept["here"]]
    about, held = about.loc[seen.index], held.loc[seen.index]
    rows = _rows(seen, about, held, fired, catalog, settings, bundle=bundle, as_of=as_of)
    gone = kept.loc[~kept["here"], "uptier_key"]
    if before is not None and len(gone):
        last = of_gone_accounts(before[before["uptier_key"].isin(gone)], as_of=as_of)
        return _typed([rows, last.assign(expires_on=_expiry(scorecard), talk=None)])
    return _typed([rows])


def told(rows: pd.DataFrame) -> str:
    """Tell in one line what a worklist holds.

    Parameters
    ----------
    rows : DataFrame, shape (n_rows, n_columns)
        A worklist.

    Returns
    -------
    str
        How many rows are open, on the lists, beyond capacity, closed, and what holds how many back.
    """
    still = rows[rows["state"] == OPEN]
    here = f"Worklist: {len(still):,} open, {int(still['rank'].notna().sum()):,} of them on the lists of CSMs"
    counts = still["suppressed_by"].value_counts()
    back = ", ".join(f"{code} {counts[code]:,}" for code in LABELS if code in counts.index)
    closed = f"; {len(rows) - len(still):,} closed" if len(rows) > len(still) else ""
    return f"{here}{f'; held back by {back}' if back else ''}{closed}."


def _accounts(scorecard: pd.DataFrame, frame: pd.DataFrame, facts: pd.DataFrame) -> pd.DataFrame:
    """Put all that is known of each account side by side, by its id."""
    index = pd.Index(scorecard["account_id"].astype(str))
    signals = frame.reindex(columns=[*NUMBERS, "days_since_upsell"]).set_axis(frame["account_id"].astype(str), axis=0)
    given = facts.set_axis(facts["account_id"].astype(str), axis=0)
    # a fact is the more exact one where a signal has its name
    extra = given[[name for name in (*FACTS, *NUMBERS) if name in given.columns]]
    signals = signals.drop(columns=[name for name in extra.columns if name in signals.columns])
    lacking = [name for name in FACTS if name not in extra.columns]
    own = scorecard.set_axis(index, axis=0)
    return pd.concat([own, signals.loc[index], extra.loc[index]], axis=1).assign(**dict.fromkeys(lacking))


def _fired(codes: pd.Series[str], catalog: Catalog) -> pd.DataFrame:
    """Take apart what the scorecard says has fired; few of all combinations occur."""
    place, told = pd.factorize(codes.fillna(""))
    names = [trigger.name for trigger in catalog.triggers]
    holds = np.array([[name in one.split(",") for name in names] for one in told], dtype=bool).reshape(-1, len(names))
    return pd.DataFrame(holds[place], index=codes.index, columns=names)


def _wanted(
    accounts: pd.DataFrame, fired: pd.DataFrame, catalog: Catalog, settings: Settings
) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """Say which talks are wanted now, and for each account and talk whether anything speaks for it."""
    opens = {name: [trigger.name for trigger in catalog.triggers if trigger.opens == name] for name in CONVERSIONS}
    opened = np.column_stack([fired[opens[name]].any(axis=1).to_numpy(dtype=bool) for name in CONVERSIONS])
    best = np.column_stack([(accounts["best_type"] == name).to_numpy(dtype=bool) for name in CONVERSIONS])
    calm = (accounts["action"] != Action.PROTECT.value).to_numpy(dtype=bool)
    by_rules = (accounts["basis"] == RULES).to_numpy(dtype=bool)
    ready = np.where(
        by_rules,
        accounts["tier"].isin(READY_TIERS).to_numpy(dtype=bool),
        (accounts["expected_value"] > 0).to_numpy(dtype=bool),
    )
    pitch = (accounts["action"] == Action.PITCH.value).to_numpy(dtype=bool)
    # whatever is worth its cost, whether or not a trigger says how to begin: what holds it back is told, not left out
    wanted = best & (pitch | (ready & calm))[:, None]
    days, left = settings.worklist.calendar_days, accounts["days_until_renewal"].to_numpy(dtype=np.float64)
    near = (left >= 0) & (left <= days) & ~rolls(accounts, days) & bool(days)
    calendar = near & ~opened.any(axis=1) & ~wanted.any(axis=1)
    every = np.column_stack([wanted, calendar & calm])
    where = np.argwhere(every)
    ids = accounts.index.to_numpy(dtype=object)
    talks = pd.DataFrame(
        {"account_id": ids[where[:, 0]], "upsell": np.array(TALKS, dtype=object)[where[:, 1]]}, dtype=object
    )
    return talks, np.column_stack([opened | wanted, calendar])


def _rows(
    seen: pd.DataFrame,
    about: pd.DataFrame,
    held: pd.DataFrame,
    fired: pd.DataFrame,
    catalog: Catalog,
    settings: Settings,
    *,
    bundle: Bundle | None,
    as_of: dt.date,
) -> pd.DataFrame:
    rows = seen[["uptier_key", "account_id", "upsell", "cycle", "state", "closed_because"]].copy()
    rows = rows.join(prospects(about, rows["upsell"], bundle, settings))
    rows["owner"], rows["points"] = about["owner"], about["points"].astype("float64")
    rows["suppressed_by"], rows["held_by"] = recorded(held), listed(held)
    calendar = rows["upsell"] == DISCOVERY
    best = rows["upsell"] == about["best_type"]
    rows["action"], rows["action_reason"] = _actions(rows, about, best=best, calendar=calendar)
    rows["tier"] = _tiers(rows, about, calendar, settings)
    for name in REASONS:
        rows[name] = about[name].astype(object).where(best, None)
    rows.loc[calendar, "reason_1_code"] = CALENDAR
    rows.loc[calendar, "reason_1"] = _in_days(about.loc[calendar, "days_until_renewal"])
    rows["currency"], rows["as_of"] = settings.currency, pd.Timestamp(as_of)
    for name in ("expires_on", "triggers_fired", "model_version"):
        rows[name] = about[name]
    rows["act_by"] = _act_by(seen, about, fired, catalog, as_of=as_of)
    rows["changed"] = changed(rows, seen, catalog)
    by_rules = about["basis"] == RULES
    ranked = rows.assign(
        value=rows["expected_value"].where(~by_rules, rows["points"]), days_until_renewal=about["days_until_renewal"]
    )
    free = (rows["state"] == OPEN) & rows["suppressed_by"].isna()
    may = free & rows["action"].isin([Action.PITCH.value, Action.NURTURE.value])
    listing = places(ranked[may], settings)
    rows["rank"] = listing["rank"].reindex(rows.index)
    rows["exploration"] = may & listing["exploration"].reindex(rows.index).eq(True)
    why = rows["suppressed_by"].map(LABELS).where(rows["suppressed_by"].notna(), rows["action"])
    why = why.where(~may, listing["unlisted_because"].reindex(rows.index))
    rows["unlisted_because"] = why.where(rows["state"] == OPEN, None)
    return rows


def _actions(
    rows: pd.DataFrame, about: pd.DataFrame, *, best: pd.Series[bool], calendar: pd.Series[bool]
) -> tuple[pd.Series[str], pd.Series[str]]:
    protected = about["action"] == Action.PROTECT.value
    first = "another upsell comes first: " + about["best_type"].map(WORDS).astype(object).fillna("none yet")
    held = "held back: " + rows["suppressed_by"].map(LABELS).astype(object)
    action, reason = about["action"].astype(object), about["action_reason"].astype(object)
    action, reason = action.where(best, Action.LEAVE.value), reason.where(best, first)
    action = action.mask(calendar, Action.NURTURE.value)
    reason = reason.mask(calendar, "nothing has fired and the term ends soon: ask what has changed, offer nothing yet")
    back = rows["suppressed_by"].notna()
    action, reason = action.mask(back, Action.LEAVE.value), reason.mask(back, held)
    # who is about to leave is protected whatever else is to be said
    return action.mask(protected, Action.PROTECT.value), reason.mask(protected, about["action_reason"].astype(object))


def _tiers(rows: pd.DataFrame, about: pd.DataFrame, calendar: pd.Series[bool], settings: Settings) -> pd.Series[str]:
    value, bounds = rows["expected_value"].to_numpy(dtype=np.float64), settings.worklist.bounds()
    found = np.select([value >= bound for bound in bounds.values()], list(bounds), default="D").astype(object)
    tiers = pd.Series(found, index=rows.index).astype(object).mask(rows["expected_value"].isna(), None)
    tiers = tiers.mask(about["basis"] == RULES, about["tier"].map(OF_POINTS).astype(object))
    return tiers.where(~calendar, None)


def _act_by(
    seen: pd.DataFrame, about: pd.DataFrame, fired: pd.DataFrame, catalog: Catalog, *, as_of: dt.date
) -> pd.Series[pd.Timestamp]:
    """Count from the worklist that first showed the trigger, so that a date does not move away as it comes near."""
    mine = fired.loc[pd.Index(seen["account_id"].astype(str))].set_axis(seen.index, axis=0)
    then = "," + seen["triggers_fired_before"].astype(object).where(seen["was_open"], "").fillna("") + ","
    days = np.full(len(seen), np.nan)
    for trigger in catalog.triggers:
        if trigger.opens is not None and trigger.act_within_days is not None:
            new = ~then.str.contains(f",{trigger.name},", regex=False)
            here = (mine[trigger.name] & new & (seen["upsell"] == trigger.opens)).to_numpy(dtype=bool)
            days[here] = np.fmin(days[here], trigger.act_within_days)
    day = pd.Timestamp(as_of)
    fresh = pd.Series(day + pd.to_timedelta(days, unit="D"), index=seen.index)
    earlier = pd.to_datetime(seen["act_by_before"]).where(seen["was_open"])
    # a date that has passed gives way to a trigger that fired since, and to nothing else
    due = fresh.mask(fresh.isna() | ((earlier >= day) & (earlier < fresh)), earlier)
    calendar = day + pd.to_timedelta(about["days_until_renewal"].astype("float64"), unit="D")
    return due.astype("datetime64[us]").mask(seen["upsell"] == DISCOVERY, calendar)


def _in_days(left: pd.Series[float]) -> pd.Series[str]:
    # of a case that closes here it may be over, or no longer known
    said = [f"The term ends in {one:.0f} day{'s' * (one != 1)}" if one >= 0 else None for one in left]
    return pd.Series(said, index=left.index, dtype="object")


def _expiry(scorecard: pd.DataFrame) -> pd.Timestamp:
    return pd.Timestamp(scorecard["expires_on"].iloc[0])


def _typed(parts: list[pd.DataFrame]) -> pd.DataFrame:
    kinds = columns()
    frames = []
    for part in parts:
        given = part.reindex(columns=list(kinds))
        frames.append(pd.DataFrame({name: _as(given[name], kind) for name, kind in kinds.items()}))
    whole = pd.concat(frames, ignore_index=True)
    order = whole.assign(_last=whole["state"] != OPEN).sort_values(
        ["_last", "owner", "rank", "account_id", "upsell"], na_position="last", kind="stable"
    )
    return whole.loc[order.index].reset_index(drop=True)


def _as(values: pd.Series, kind: type) -> pd.Series:
    if kind is dt.datetime:
        return values.astype("datetime64[us]")
    if kind is bool:
        return values.eq(True)
    return values.astype("float64") if kind is float else values.astype("str")
