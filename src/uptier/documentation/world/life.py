"""One account of a world over the whole time: what it did, what it needed, what it bought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uptier.documentation.world.tables import WorldTables, day_text

if TYPE_CHECKING:
    import pandas as pd

GATES = ("gate_hit", "upgrade_prompt", "trial_use", "limit_error")
BANDS = ("need", "pressure", "gap")
LEAST_SEATS = 20  # so that its weeks are more than noise


@dataclass(frozen=True)
class Life:
    """One account over the whole time.

    Attributes
    ----------
    account_id : str
        Whose.
    weeks : list of dict
        Each `week`, a Monday, with users `active` in it and in the four weeks (`month`) that end with it, `gates`
        touched and `exports`.
    seats : list of dict
        `day` and `seats`, at each change and at the end.
    states : list of dict
        `axis`, `state`, `level` (0 lowest, 4 highest), `begin` and `end`.
    sold : list of dict
        `day`, `type` and `label`.
    """

    account_id: str
    weeks: list[dict[str, Any]]
    seats: list[dict[str, Any]]
    states: list[dict[str, Any]]
    sold: list[dict[str, Any]]


def life(world: WorldTables) -> Life:
    """Tell the life of one account.

    Parameters
    ----------
    world : WorldTables
        The tables.

    Returns
    -------
    Life
        Of the account that :func:`chosen` names.
    """
    import pandas as pd

    account = chosen(world)
    subs = world.table("subscriptions")
    own = subs[subs["account_id"] == account].sort_values("valid_from", kind="stable")
    end = pd.Timestamp(world.until)
    events = world.read(
        "usage_events", columns=["user_id", "occurred_at", "kind"], filters=[("account_id", "==", account)]
    )
    day = events["occurred_at"].dt.normalize()
    events["week"] = day - pd.to_timedelta(day.dt.day_of_week, unit="D")
    three_weeks = pd.Timedelta(days=21)
    weeks = pd.date_range(events["week"].min(), end - pd.Timedelta(days=7), freq="7D")  # whole weeks only
    by_week = pd.DataFrame(
        {
            "active": events.groupby("week")["user_id"].nunique(),
            "gates": events[events["kind"].isin(GATES)].groupby("week").size(),
            "exports": events[events["kind"] == "export"].groupby("week").size(),
        }
    ).reindex(weeks)
    counts = by_week.fillna(0).astype(int)
    month = [events.loc[events["week"].between(week - three_weeks, week), "user_id"].nunique() for week in weeks]
    steps = [
        {"day": day_text(day), "seats": int(seats)} for day, seats in zip(own["valid_from"], own["seats"], strict=True)
    ]
    sold = world.sold()
    sold = sold[sold["account_id"] == account]
    return Life(
        account_id=account,
        weeks=[
            {
                "week": day_text(week),
                "month": month[place],
                **{name: int(counts[name].iloc[place]) for name in ("active", "gates", "exports")},
            }
            for place, week in enumerate(weeks)
        ],
        seats=[*steps, {"day": day_text(end), "seats": steps[-1]["seats"]}],
        states=_states(world.table("truth"), account, end),
        sold=[{"day": day_text(one.day), "type": one.type, "label": one.label} for one in sold.itertuples()],
    )


def chosen(world: WorldTables) -> str:
    """Choose the account whose life is told: by a rule, not by hand.

    Parameters
    ----------
    world : WorldTables
        The tables.

    Returns
    -------
    str
        Of the accounts that are there at every as-of date, begin with 20 seats or more and bought a higher plan, those
        that bought most kinds of upsell; of these, the one that went through most states of need, pressure and gap; the
        first by id of equals.
    """
    truth, sold = world.table("truth"), world.sold()
    by_account = truth.groupby("account_id")
    whole = by_account["as_of"].nunique() == truth["as_of"].nunique()
    kinds = sold.groupby("account_id")["type"].nunique()
    states = truth.groupby("account_id")[[*BANDS, "tier"]].apply(lambda rows: len(rows.drop_duplicates()))
    upgraded = set(sold.loc[sold["type"] == "plan_upgrade", "account_id"])
    seats = world.table("subscriptions").sort_values("valid_from", kind="stable").groupby("account_id")["seats"].first()
    able = sorted(one for one in whole.index[whole] if one in upgraded and seats[one] >= LEAST_SEATS)
    return str(max(able, key=lambda one: (kinds.get(one, 0), states[one])))


def _states(truth: pd.DataFrame, account: str, end: pd.Timestamp) -> list[dict[str, Any]]:
    """The latent states of an account, months of the same put together."""
    from uptier.simulate.chain import AXES
    from uptier.simulate.rules import NEEDS

    own = truth[truth["account_id"] == account].sort_values("as_of")
    own = own[own["as_of"] < end]
    firsts = [*own["as_of"], end]
    rows: list[dict[str, Any]] = []
    for axis in BANDS:
        order = list(NEEDS if axis == "need" else AXES[axis])
        for place, state in enumerate(own[axis]):
            begin, stop = day_text(firsts[place]), day_text(firsts[place + 1])
            if rows and rows[-1]["axis"] == axis and rows[-1]["state"] == state:
                rows[-1]["end"] = stop
                continue
            level = 4 * order.index(state) // (len(order) - 1)
            rows.append({"axis": axis, "state": state, "level": level, "begin": begin, "end": stop})
    return rows
