"""What changed in each account's contract, and when: the events that outcomes are made of.

An account's state is taken over all its subscriptions together, before and after each day on which a version begins or
ends. So price uplifts, re-bills and renewals at the same terms change nothing here: they move neither seats nor tier.
Where the source tells the reasons of changes, those that nobody chose are kept apart (see `choices.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import pandas as pd

from uptier.outcomes.choices import LEVEL, SIZES, levels_without_choice
from uptier.settings import CONVERSIONS

if TYPE_CHECKING:
    from ibis.expr import types as ir

    from uptier.tables.clean import Tables

FAR_AHEAD = "9999-12-31"  # the end of what still runs
NOT_A_CHOICE, MERGED_AWAY = "not_a_choice", "merged_away"  # which no outcome looks for
KINDS = (*CONVERSIONS, "downgrade", "leaving", NOT_A_CHOICE, MERGED_AWAY)


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
        it happened and became known; kind, one of `KINDS`; mrr_before and mrr_after, in hundredths of the account
        currency per month, mrr_before with what nobody chose that day; because, empty but for kinds that no outcome
        looks for: the reasons, as in :func:`~uptier.outcomes.choices.levels_without_choice`.
    """
    states = _states(tables).order_by(["account_id", "day"]).to_pandas()
    # a column of nulls alone comes as objects, which do not compare
    states = states.astype({"day": "datetime64[us]", **dict.fromkeys(SIZES, "float64")})
    before = states.groupby("account_id")[LEVEL].shift(1)
    unchosen = _unchosen(tables, states, before)
    start = before.where(unchosen["because"].isna(), unchosen[LEVEL])
    found = [_classified(states, start, states), _left_out(states, before, unchosen)]
    if "addons" in tables:
        found.append(_addon_changes(tables, states))
    both = pd.concat(found, ignore_index=True)
    both["because"] = both["because"].fillna("")
    both["day"] = both["day"].astype("datetime64[us]")
    both["known_day"] = both["known_day"].astype("datetime64[us]")
    return both.sort_values(["account_id", "day", "kind"], ignore_index=True)


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


def _unchosen(tables: Tables, states: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Give for each state the one that it is compared with where something moved that nobody chose; NaN elsewhere."""
    if not any(tables.has("subscriptions", [column]) for column in ("change_reason", "end_reason")):
        return pd.DataFrame(index=states.index, columns=[*LEVEL, "because"], dtype="float64")
    order = ["account_id", "subscription_id", "day", "valid_from", "known_day"]
    versions = _every_version(tables).order_by(order).select(*order[:3], "until", *SIZES, "change_reason", "end_reason")
    rows = versions.to_pandas()
    rows = rows.astype({"day": "datetime64[us]", "until": "datetime64[us]", **dict.fromkeys(SIZES, "float64")})
    levels = levels_without_choice(rows)
    beside = states[["account_id", "day"]].merge(levels, on=["account_id", "day"], how="left", validate="one_to_one")
    # where all went over to a subscription that somebody chose, the choice shows against the state before
    left = (beside["running"] > 0) | (states["running"] == 0)
    return beside.drop(columns=["account_id", "day"]).where((before["running"] > 0) & left)


def _classified(states: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    kind = _kinds(before, after)
    found = states[["account_id", "day", "known_day"]].assign(
        kind=kind, mrr_before=before["mrr"], mrr_after=after["mrr"], because=""
    )
    return found[kind.notna()]


def _left_out(states: pd.DataFrame, before: pd.DataFrame, unchosen: pd.DataFrame) -> pd.DataFrame:
    """List what would have been an upsell, a downgrade or a leaving, had anybody chosen it."""
    told = unchosen["because"].notna()
    found = _classified(states[told], before[told], unchosen.loc[told, LEVEL])
    kind = found["kind"].map(lambda kind: MERGED_AWAY if kind == "leaving" else NOT_A_CHOICE)
    return found.assign(kind=kind.astype("str"), because=unchosen.loc[found.index, "because"])


def _kinds(before: pd.DataFrame, after: pd.DataFrame) -> pd.Series:
    had, has = before["running"].fillna(0) > 0, after["running"] > 0
    higher = had & has & (after["tier_rank"] > before["tier_rank"])
    lower = had & has & (after["tier_rank"] < before["tier_rank"])
    kind = pd.Series(pd.NA, index=after.index, dtype="str")
    kind[had & has & (after["seats"] > before["seats"])] = "seat_expansion"
    kind[had & has & (after["seats"] < before["seats"])] = "downgrade"
    # a plan change that brings or takes seats with it is a plan change alone
    kind[lower] = "downgrade"
    kind[higher] = "plan_upgrade"
    kind[had & ~has] = "leaving"
    return kind


def _addon_changes(tables: Tables, states: pd.DataFrame) -> pd.DataFrame:
    """Find add-ons that are new to a running account, and those given up while it runs on."""
    held = tables["addons"].select("account_id", "addon_id", "mrr", "day", "known_day", "end_day", "end_known_day")
    # what ended on the day on which it began was never held
    held = held.filter(held.end_day.isnull() | (held.end_day > held.day))
    rows = held.order_by(["account_id", "addon_id", "day"]).to_pandas()
    for column in ("day", "known_day", "end_day", "end_known_day"):
        rows[column] = rows[column].astype("datetime64[us]")
    until = pd.Timestamp(tables.settings.data_until)
    rows = _stretches(rows.astype({"mrr": "float64"}))
    starts = rows[rows["begins"]].assign(kind="add_on", gained=rows["mrr"])
    ends = rows[rows["ends"] & (rows["end_day"] < until)]
    ends = ends.assign(kind="downgrade", gained=-ends["mrr"], day=ends["end_day"], known_day=ends["end_known_day"])
    found = pd.concat([starts, ends], ignore_index=True).sort_values("day")
    timeline = states[["account_id", "day", "running", "mrr"]]
    # strictly before: an add-on bought together with the first subscription is part of the first sale
    found = pd.merge_asof(
        found,
        timeline.sort_values("day"),
        on="day",
        by="account_id",
        allow_exact_matches=False,
        suffixes=("_addon", ""),
    )
    left = states[states["running"] == 0][["account_id", "day"]].astype({"day": "datetime64[us]"})
    leaves = found.merge(left, on=["account_id", "day"], how="left", indicator="leaves")["leaves"] == "both"
    found = found[(found["running"] > 0) & ~leaves.to_numpy()]
    return found.assign(
        mrr_before=found["mrr"].astype("float64"), mrr_after=found["mrr"] + found["gained"].astype("float64")
    )[["account_id", "day", "known_day", "kind", "mrr_before", "mrr_after"]]


def _stretches(rows: pd.DataFrame) -> pd.DataFrame:
    """Mark where an add-on really begins and ends: a re-bill, begun while one before still ran, is no news."""
    same = [rows["account_id"], rows["addon_id"]]
    end = rows["end_day"].fillna(pd.Timestamp(FAR_AHEAD))
    reached = end.groupby(same).cummax()
    begins = ~(rows["day"] <= reached.groupby(same).shift(1))
    closes = begins.groupby(same).shift(-1, fill_value=True)
    # the last row of a stretch is not always the one that ends last
    rows = rows.assign(begins=begins, _stretch=begins.cumsum(), _end=end)
    last = rows.groupby("_stretch")["_end"].transform("max")
    known = rows["end_known_day"].where(rows["_end"] == last).groupby(rows["_stretch"]).transform("max")
    return rows.assign(ends=closes & (last < pd.Timestamp(FAR_AHEAD)), end_day=last, end_known_day=known)
