"""What nobody chose: seats, plans, revenue that moved by a true-up, a price uplift, a currency, a merger or a mistake.

Versions of a subscription may tell why they began and ended (`change_reason`, `end_reason`). What such a reason says to
be nobody's choice is taken as done before the day's choices: the account's state before it is raised or lowered by it,
and only what is left between that and the state after the day is an upsell, a downgrade or a leaving. So a true-up in
one subscription does not hide an expansion in another on the same day. What tells nothing is a choice, as far as one
knows.
"""

from __future__ import annotations

import pandas as pd

# a fall of seats or plan at a new price or currency is the customer's answer to it: a choice
OF_PRICE = ("price_uplift", "currency")
WHATEVER_WAY = ("true_up", "co_term", "merge", "correction")
MERGED = "merged"
LEAVINGS = ("cancelled", "not_renewed")
SIZES = ["seats", "mrr", "tier_rank"]
LEVEL = ["running", *SIZES]

_DAY = ["account_id", "day"]
_ONE = ["account_id", "subscription_id"]


def levels_without_choice(versions: pd.DataFrame) -> pd.DataFrame:
    """Give the state that each account would have come to on days of change, had nobody chosen anything.

    Parameters
    ----------
    versions : DataFrame
        All versions: account_id, subscription_id, day, until (the first day on which it no longer holds), seats, mrr,
        tier_rank, change_reason, end_reason; those of one subscription in order of time.

    Returns
    -------
    DataFrame
        One row for each account and day on which something moved that nobody chose: account_id, day; running, the
        number of subscriptions, seats, mrr and tier_rank, NaN where not known; because, the reasons of what moved,
        joined by commas.
    """
    steps = _steps(versions)
    steps["unchosen"] = _unchosen(steps)
    ends = steps[~steps["goes_on"]].drop(columns="day").rename(columns={"until": "day"})
    steps = _with_choices_of_price(steps, ends)
    taken = _days(steps[steps["unchosen"] & ~steps["follows"]])
    replaced = ~ends["end_reason"].isin((*LEAVINGS, MERGED)) & _is_in(ends, taken, _DAY)
    merged = ends["end_reason"] == MERGED
    ends = ends[merged | replaced]

    days = pd.concat([_days(steps[steps["unchosen"]]), _days(ends)]).drop_duplicates()
    held = days.merge(steps.rename(columns={"day": "since"}), on="account_id")
    held = held[(held["since"] < held["day"]) & (held["until"] >= held["day"])]
    moved = _moved(steps)
    held = held[~_is_in(held, ends, [*_ONE, "day"]) & ~_is_in(held, moved, [*_ONE, "day"])]
    rows = pd.concat([held[[*_ONE, "day", *SIZES]], moved], ignore_index=True)
    told = pd.concat([_told(steps), ends[ends["end_reason"] == MERGED].assign(because=MERGED)[[*_DAY, "because"]]])
    because = told.groupby(_DAY)["because"].agg(lambda some: ", ".join(sorted(set(some))))
    levels = days.merge(_added_up(rows), on=_DAY, how="left").merge(because.reset_index(), on=_DAY, how="left")
    return levels.fillna({"running": 0, "because": ""}).reset_index(drop=True)


def left_out(changes: pd.DataFrame) -> dict[str, int]:
    """Count the changes that are neither upsell, downgrade nor leaving, by why they are not.

    Parameters
    ----------
    changes : DataFrame
        From :func:`uptier.outcomes.changes.changes`.

    Returns
    -------
    dict of str to int
        Reason to days of an account on which a change would have counted without it, or on which the price alone moved,
        most frequent first.
    """
    counted = changes.loc[changes["because"] != "", "because"].value_counts()
    return {str(reason): int(count) for reason, count in counted.sort_index().sort_values(ascending=False).items()}


def _steps(versions: pd.DataFrame) -> pd.DataFrame:
    """Put beside each version what held before it, and whether it follows another or is followed without a break."""
    following = versions.groupby(_ONE)["day"].shift(-1)
    # what ends on the day on which it began, and is not followed on that day, never held
    steps = versions[(versions["until"] > versions["day"]) | (following == versions["day"])].reset_index(drop=True)
    one = steps.groupby(_ONE)
    earlier = one[["until", *SIZES]].shift(1)
    follows = earlier["until"] == steps["day"]
    was = earlier[SIZES].where(follows).add_prefix("was_")
    # what is corrected on its own day was never so: the correction stands for it, and is what it was
    corrected = (steps["change_reason"] == "correction") & (one["day"].shift(1) == steps["day"])
    reason = steps["change_reason"].fillna("").mask(corrected).groupby([steps[key] for key in (*_ONE, "day")]).ffill()
    goes_on = steps["until"] == one["day"].shift(-1)
    return steps.assign(follows=follows, goes_on=goes_on, change_reason=reason).join(was)


def _unchosen(steps: pd.DataFrame) -> pd.Series:
    falls = _falls(steps["seats"], steps["was_seats"], steps["tier_rank"], steps["was_tier_rank"])
    reason = steps["change_reason"]
    return reason.isin(WHATEVER_WAY) | (reason.isin(OF_PRICE) & ~falls)


def _falls(seats: pd.Series, were: pd.Series, tier: pd.Series, was: pd.Series) -> pd.Series:
    return (tier < was) | ((seats < were) & ~(tier > was))


def _with_choices_of_price(steps: pd.DataFrame, ends: pd.DataFrame) -> pd.DataFrame:
    """See the customer's answer to a price also where new ids come with it, which begin as others end."""
    came = steps[steps["unchosen"] & ~steps["follows"]]
    came = came.assign(of_price=came["change_reason"].isin(OF_PRICE))
    went = ends[~ends["end_reason"].isin((*LEAVINGS, MERGED))]
    both = came.groupby(_DAY).agg(seats=("seats", "sum"), tier=("tier_rank", "max"), of_price=("of_price", "all"))
    both = both.join(went.groupby(_DAY).agg(were=("seats", "sum"), was=("tier_rank", "max")), how="inner")
    fell = both[both["of_price"] & _falls(both["seats"], both["were"], both["tier"], both["was"])].reset_index()
    chosen = ~steps["follows"] & _is_in(steps, fell, _DAY)
    return steps.assign(unchosen=steps["unchosen"] & ~chosen)


def _moved(steps: pd.DataFrame) -> pd.DataFrame:
    """Give each subscription that moved without choice as it would be without the choices of the same day."""
    at = [*_ONE, "day"]
    steps = steps[_is_in(steps, steps[steps["unchosen"]], at)]
    earlier = steps[[f"was_{size}" for size in SIZES]].set_axis(SIZES, axis=1)
    news = steps[SIZES].sub(earlier.where(steps["follows"], 0.0, axis=0))
    chosen = news.mask(steps["unchosen"], 0.0).fillna(0.0)
    chosen = chosen.groupby([steps[column] for column in at]).sum()
    last = steps.drop_duplicates(at, keep="last").set_index(at)[SIZES]
    return (last - chosen).reset_index()


def _told(steps: pd.DataFrame) -> pd.DataFrame:
    """List the reasons of the steps that moved seats or plan and that nobody chose."""
    now, was = (
        steps[["seats", "tier_rank"]],
        steps[["was_seats", "was_tier_rank"]].set_axis(["seats", "tier_rank"], axis=1),
    )
    same = ((now == was) | (now.isna() & was.isna())).all(axis=1)
    return steps[steps["unchosen"] & ~same].rename(columns={"change_reason": "because"})[[*_DAY, "because"]]


def _added_up(rows: pd.DataFrame) -> pd.DataFrame:
    by_day = rows.groupby(_DAY)
    added = by_day.agg(
        running=("seats", "size"), seats=("seats", "sum"), mrr=("mrr", "sum"), tier_rank=("tier_rank", "max")
    )
    # a sum of which a part is not known is not known; seats are added as everywhere: as far as they are known
    added["mrr"] = added["mrr"].where(by_day["mrr"].count() == added["running"])
    added["seats"] = added["seats"].where(by_day["seats"].count() > 0)
    return added.reset_index()


def _days(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[_DAY].drop_duplicates()


def _is_in(rows: pd.DataFrame, others: pd.DataFrame, columns: list[str]) -> pd.Series:
    found = pd.MultiIndex.from_frame(rows[columns]).isin(pd.MultiIndex.from_frame(others[columns]))
    return pd.Series(found, index=rows.index)
