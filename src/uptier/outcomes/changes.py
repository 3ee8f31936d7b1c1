"""What changed in each account's contract, and when: the events that outcomes are made of.

An account's state is taken over all its subscriptions together, before and after each day on which a version begins or
ends. So price uplifts, re-bills and renewals at the same terms change nothing here: they move neither seats nor tier.
Where the source tells the reasons of changes, those that nobody chose are kept apart (see `choices.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import pandas as pd

from uptier.outcomes.addons import addon_changes
from uptier.outcomes.choices import LEVEL, OF_PRICE, SIZES, WHATEVER_WAY, levels_without_choice
from uptier.outcomes.endings import DOWNGRADE, how_they_left
from uptier.outcomes.kinds import (
    BELOW_MINIMUM,
    FAR_AHEAD,
    MERGED_AWAY,
    NOT_A_CHOICE,
    REPRICED,
    kinds,
    repriced,
    too_small,
)

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.outcome_settings import OutcomesSettings
    from uptier.tables.clean import Tables

PRICE_ALONE = "price_alone"  # revenue moved, seats and plan did not, and the source does not say why
TOLD = ("because", "would_be", "how")
COLUMNS = ("account_id", "day", "known_day", "kind", "mrr_before", "mrr_after", *TOLD)


def changes(tables: Tables) -> pd.DataFrame:
    """List what changed in each account's contract.

    Parameters
    ----------
    tables : Tables
        The project's clean tables.

    Returns
    -------
    DataFrame
        One row for each change, ordered by account and day. Columns: account_id; day and known_day (datetime64), when
        it happened and became known; kind, one of
        :data:`~uptier.outcomes.kinds.KINDS`; mrr_before and mrr_after, in hundredths of the account
        currency per month, mrr_before with what nobody chose that day; because, empty but for kinds that no outcome
        looks for: the reasons, as in :func:`~uptier.outcomes.choices.levels_without_choice`, or ``below_minimum``, or
        ``price_alone``; would_be, for the same kinds: what the change would have been without that; how, for leavings
        and downgrades: one of :data:`~uptier.outcomes.endings.HOW`.
    """
    states = _states(tables).order_by(["account_id", "day"]).to_pandas()
    # a column of nulls alone comes as objects, which do not compare
    states = states.astype({"day": "datetime64[us]", **dict.fromkeys(SIZES, "float64")})
    before = states.groupby("account_id")[LEVEL].shift(1)
    versions = _version_rows(tables)
    unchosen = _unchosen(tables, states, before, versions)
    start = before.where(unchosen["because"].isna(), unchosen[LEVEL])
    settings = tables.settings.outcomes
    found = [
        _counted(states, start, states, settings),
        _left_out(states, before, unchosen),
        _repriced(states, before, versions),
    ]
    if "addons" in tables:
        found.append(_with_minimum(addon_changes(tables, states), settings))
    both = pd.concat(found, ignore_index=True)
    for column in ("day", "known_day"):
        both[column] = both[column].astype("datetime64[us]")
    # what is told of nothing comes as numbers
    both[[*TOLD]] = both.reindex(columns=TOLD).astype("object").fillna("").astype("str")
    left = both["kind"] == "leaving"
    both.loc[both["kind"] == "downgrade", "how"] = DOWNGRADE
    both.loc[left, "how"] = how_they_left(both.loc[left, ["account_id", "day"]], versions)
    return both[[*COLUMNS]].sort_values(["account_id", "day", "kind"], ignore_index=True)


def _every_version(tables: Tables) -> ir.Table:
    """Give all versions with the day until which they hold, those too that another of the same day overtakes."""
    versions = tables["subscriptions"]
    following = versions.day.lead().over(
        ibis.window(group_by=versions.subscription_id, order_by=[versions.day, versions.valid_from, versions.known_day])
    )
    # a version that its successor overtakes ends there, whatever it says itself
    end = ibis.least(
        ibis.coalesce(versions.end_day, ibis.date(FAR_AHEAD)), ibis.coalesce(following, ibis.date(FAR_AHEAD))
    )
    versions = versions.mutate(until=end, end_known=versions.end_known_day)
    if "plans" in tables:
        plans = tables["plans"]
        ranks = plans.group_by("plan_id").aggregate(tier_rank=plans.tier_rank.max())
        return versions.left_join(ranks, "plan_id").drop("plan_id_right")
    return versions.mutate(tier_rank=ibis.null("int64"))


def _versions(tables: Tables) -> ir.Table:
    versions = _every_version(tables)
    return versions.filter(versions.until > versions.day)


def _states(tables: Tables) -> ir.Table:
    """Form one row for each account and day on which a version begins or ends: what runs from that day on."""
    versions = _versions(tables)
    begins = versions.group_by("account_id", "day").aggregate(known_day=versions.known_day.max())
    ended = versions.filter((versions.until < ibis.date(FAR_AHEAD)) & (versions.until < tables.settings.data_until))
    ends = ended.group_by("account_id", day=ended.until).aggregate(
        known_day=ibis.greatest(ended.until.max(), ibis.coalesce(ended.end_known.max(), ended.until.max()))
    )
    days = begins.mutate(starts=1).union(ends.mutate(starts=0).select("account_id", "day", "known_day", "starts"))
    # what begins says what the state is; only where nothing begins is it known from what ends
    days = days.group_by("account_id", "day").aggregate(
        known_day=ibis.coalesce(
            ibis.ifelse(days.starts == 1, days.known_day, ibis.null("date")).max(), days.known_day.max()
        )
    )
    held = versions.select("account_id", "seats", "mrr", "tier_rank", "subscription_id", "until", began=versions.day)
    running = days.left_join(
        held, [days.account_id == held.account_id, held.began <= days.day, held.until > days.day]
    ).drop("account_id_right")
    return running.group_by("account_id", "day", "known_day").aggregate(
        running=running.subscription_id.count(),
        seats=running.seats.sum(),
        # a sum of which a part is not known is not known
        mrr=ibis.ifelse(
            running.mrr.count() == running.subscription_id.count(),
            ibis.coalesce(running.mrr.sum(), 0),
            ibis.null("int64"),
        ),
        tier_rank=running.tier_rank.max(),
    )


def _version_rows(tables: Tables) -> pd.DataFrame:
    """Give all versions as rows, those of one subscription in order of time."""
    order = ["account_id", "subscription_id", "day", "valid_from", "known_day"]
    versions = _every_version(tables).order_by(order)
    reasons = ["change_reason", "end_reason"]
    rows = versions.select(*order[:3], "until", *SIZES, *reasons, term_end=versions.term_end.date()).to_pandas()
    days = dict.fromkeys(("day", "until", "term_end"), "datetime64[us]")
    typed: pd.DataFrame = rows.astype(days | dict.fromkeys(SIZES, "float64"))
    return typed


def _unchosen(tables: Tables, states: pd.DataFrame, before: pd.DataFrame, versions: pd.DataFrame) -> pd.DataFrame:
    """Give for each state the one that it is compared with where something moved that nobody chose; NaN elsewhere."""
    if not any(tables.has("subscriptions", [column]) for column in ("change_reason", "end_reason")):
        return pd.DataFrame(index=states.index, columns=[*LEVEL, "because"], dtype="float64")
    levels = levels_without_choice(versions.drop(columns="term_end"))
    beside = states[["account_id", "day"]].merge(levels, on=["account_id", "day"], how="left", validate="one_to_one")
    # where all went over to a subscription that somebody chose, the choice shows against the state before
    left = (beside["running"] > 0) | (states["running"] == 0)
    return beside.drop(columns=["account_id", "day"]).where((before["running"] > 0) & left)


def _counted(
    states: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame, settings: OutcomesSettings
) -> pd.DataFrame:
    """List upsells, downgrades and leavings, and the upsells that are too small to be one."""
    kind = kinds(before, after)
    small = too_small(kind, before, after, settings)
    found = _as_changes(states, kind.mask(small, BELOW_MINIMUM), before, after)
    told = kind.where(small)
    found = found.assign(would_be=told, because=told.mask(small, BELOW_MINIMUM))
    return found[kind.notna()]


def _with_minimum(found: pd.DataFrame, settings: OutcomesSettings) -> pd.DataFrame:
    """Take add-ons that bring too little for none."""
    sizes = found.reindex(columns=["seats", "tier_rank"])
    was, now = (sizes.assign(mrr=found[column]) for column in ("mrr_before", "mrr_after"))
    small = too_small(found["kind"], was, now, settings)
    told = found["kind"].where(small)
    return found.assign(
        kind=found["kind"].mask(small, BELOW_MINIMUM), would_be=told, because=told.mask(small, BELOW_MINIMUM)
    )


def _left_out(states: pd.DataFrame, before: pd.DataFrame, unchosen: pd.DataFrame) -> pd.DataFrame:
    """List what would have been an upsell, a downgrade or a leaving, had anybody chosen it."""
    told = unchosen["because"].notna()
    kind = kinds(before[told], unchosen.loc[told, LEVEL])
    found = _as_changes(states[told], kind, before[told], unchosen.loc[told, LEVEL])
    found = found.assign(would_be=kind, because=unchosen.loc[told, "because"])[kind.notna()]
    return found.assign(
        kind=found["kind"].map(lambda kind: MERGED_AWAY if kind == "leaving" else NOT_A_CHOICE).astype("str")
    )


def _repriced(states: pd.DataFrame, before: pd.DataFrame, versions: pd.DataFrame) -> pd.DataFrame:
    """List the days on which the price alone moved: uplifts, currencies, discounts."""
    price = repriced(before, states)
    found = _as_changes(states, price.where(price.isna(), REPRICED), before, states)
    found = found.assign(would_be=price)[price.notna()]
    told = versions[versions["change_reason"].isin((*OF_PRICE, *WHATEVER_WAY))]
    reasons = told.groupby(["account_id", "day"])["change_reason"].agg(lambda some: ", ".join(sorted(set(some))))
    found = found.merge(reasons.rename("because").reset_index(), on=["account_id", "day"], how="left")
    return found.assign(because=found["because"].fillna(PRICE_ALONE))


def _as_changes(states: pd.DataFrame, kind: pd.Series, before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    return states[["account_id", "day", "known_day"]].assign(
        kind=kind, mrr_before=before["mrr"], mrr_after=after["mrr"]
    )
