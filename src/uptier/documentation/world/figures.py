"""What a simulated world shows, in figures: counted and averaged from its own tables, small enough to be drawn.

Figures are rounded, so that they are the same wherever they are worked out.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from uptier.documentation.world.aftermath import aftermath
from uptier.documentation.world.intervals import Z95, by_account, clustered, wilson
from uptier.documentation.world.life import Life, life
from uptier.documentation.world.rates import Rate, retention, win_rates
from uptier.documentation.world.tables import TYPES, WorldTables, day_numbers, happens

if TYPE_CHECKING:
    import pandas as pd

FUNNEL = ("contacted", "identified", "qualified", "engaged", "negotiation", "won")
GAP_DAYS = 7  # between the as-of date and the window
WINDOW_DAYS = {"seat_expansion": 60, "plan_upgrade": 60, "add_on": 60, "churn": 90}
TENTHS = 10
CASES = {"": "as the programme acts", "_contacted": "contacted", "_never_contacted": "never contacted"}
SHOWN_BY = {"seat_expansion": "pressure", "plan_upgrade": "need", "add_on": "gap", "churn": "mood"}

Row = dict[str, Any]


@dataclass(frozen=True)
class Figures:
    """All that is drawn of a world.

    Attributes
    ----------
    funnel : list of dict
        `type`, `stage`, `count`.
    rates : list of Rate
        Beside their anchors.
    life : Life
        One account.
    days : list of dict
        `region`, `day`, `weekend`, `events` for each customer; the last twelve months.
    hours : list of dict
        `region`, `hour` of UTC, `share` of the region's events.
    calibration : list of dict
        `outcome`, `true` (mean chance of a tenth), `low`, `happened`, `high`.
    cases : list of dict
        `outcome`, `state`, `case`, `chance`.
    """

    funnel: list[Row]
    rates: list[Rate]
    life: Life
    days: list[Row]
    hours: list[Row]
    calibration: list[Row]
    cases: list[Row]


def figures_of(folder: Path, data_until: dt.date) -> Figures:
    """Work out what is drawn of a world.

    Parameters
    ----------
    folder : Path
        The world's.
    data_until : date
        First day that its tables do not cover.

    Returns
    -------
    Figures
        Rounded.
    """
    world = WorldTables(folder, data_until)
    return Figures(
        funnel=funnel(world.table("outreach"), world.table("opportunities")),
        rates=[*win_rates(world.table("outreach")), retention(world), *aftermath(world)],
        life=life(world),
        **rhythm(world),
        calibration=calibration(world),
        cases=cases(world.table("truth")),
    )


def funnel(outreach: pd.DataFrame, opportunities: pd.DataFrame) -> list[Row]:
    """Count calls and how far opportunities came.

    Parameters
    ----------
    outreach, opportunities : DataFrame
        The tables.

    Returns
    -------
    list of dict
        `type`, `stage`, `count`.
    """
    rows = []
    for upsell in TYPES:
        calls = int((outreach["upsell_type"] == upsell).sum())
        reached = opportunities[opportunities["upsell_type"] == upsell].groupby("stage")["opportunity_id"].nunique()
        counts = {"contacted": calls} | {stage: int(reached.get(stage, 0)) for stage in FUNNEL[1:]}
        rows += [{"type": upsell, "stage": stage, "count": count} for stage, count in counts.items()]
    return rows


def rhythm(world: WorldTables) -> dict[str, list[Row]]:
    """Count events by day and by hour.

    Parameters
    ----------
    world : WorldTables
        The tables.

    Returns
    -------
    dict of str to list of dict
        `days` and `hours`, as :class:`Figures` has them.
    """
    import pandas as pd

    events = world.read("usage_events", columns=["account_id", "occurred_at"])
    regions = world.table("accounts").set_index("account_id")["region"]
    names = sorted(regions.unique())
    account = pd.Categorical(events["account_id"], categories=regions.index)
    region = np.array([names.index(one) for one in regions], dtype=np.int64)[account.codes]
    hours = events["occurred_at"].to_numpy().astype("datetime64[h]").astype(np.int64)
    end = int(world.until.astype(np.int64))
    first = int(
        (pd.Timestamp(world.until) - pd.DateOffset(years=1)).to_datetime64().astype("datetime64[D]").astype(int)
    )
    days: list[Row] = []
    by_hour: list[Row] = []
    for number, name in enumerate(names):
        here = hours[region == number]
        counts = np.bincount(np.clip(here // 24 - first, -1, end - first) + 1, minlength=end - first + 2)[1:-1]
        there = _customers(world.table("subscriptions"), regions.index[regions == name], first, end)
        for offset, (count, customers) in enumerate(zip(counts, there, strict=True)):
            date = np.datetime64(first + offset, "D")
            weekend = (first + offset + 3) % 7 >= 5  # day 0, 1970-01-01, was a Thursday
            events_each = round(float(count) / max(int(customers), 1), 2)
            days.append({"region": name, "day": str(date), "weekend": bool(weekend), "events": events_each})
        shares = np.bincount(here % 24, minlength=24) / max(len(here), 1)
        by_hour += [{"region": name, "hour": hour, "share": round(float(one), 4)} for hour, one in enumerate(shares)]
    return {"days": days, "hours": by_hour}


def calibration(world: WorldTables) -> list[Row]:
    """Compare true chances with what happened.

    Parameters
    ----------
    world : WorldTables
        The tables.

    Returns
    -------
    list of dict
        For each outcome and tenth of the rows by their chance: the mean chance and the share in which it happened,
        with a 95 % interval that lets the rows of one account go together.
    """
    import pandas as pd

    truth, sold = world.table("truth"), world.sold()
    rows: list[Row] = []
    for outcome, window in WINDOW_DAYS.items():
        ended = truth["as_of"] + pd.Timedelta(days=GAP_DAYS + window) <= pd.Timestamp(world.until)
        asked = _able(truth[ended], outcome)[["account_id", "as_of", f"p_{outcome}"]]
        asked = asked.sort_values([f"p_{outcome}", "account_id", "as_of"], kind="stable")
        events = world.left() if outcome == "churn" else sold[sold["type"] == outcome]
        came = happens(events, asked["account_id"], asked["as_of"], GAP_DAYS, GAP_DAYS + window).astype(np.float64)
        chance = asked[f"p_{outcome}"].to_numpy()
        for tenth in np.array_split(np.arange(len(asked)), TENTHS):
            observed = float(came[tenth].mean())
            error = Z95 * clustered(by_account(asked["account_id"].iloc[tenth], came[tenth] - observed), len(tenth))
            # where nothing happened at all the first of the two is 0, and too sure of it
            least, most = wilson(int(came[tenth].sum()), len(tenth))
            rows.append(
                {
                    "outcome": outcome,
                    "true": round(float(chance[tenth].mean()), 4),
                    "low": round(max(min(observed - error, least), 0.0), 4),
                    "happened": round(observed, 4),
                    "high": round(max(observed + error, most), 4),
                }
            )
    return rows


def cases(truth: pd.DataFrame) -> list[Row]:
    """Average the chances of the three cases by state.

    Parameters
    ----------
    truth : DataFrame
        The table.

    Returns
    -------
    list of dict
        `outcome`, `state`, `case`, `chance`.
    """
    from uptier.simulate.chain import AXES
    from uptier.simulate.rules import NEEDS

    rows = []
    for outcome, axis in SHOWN_BY.items():
        asked = _able(truth, outcome)
        columns = [f"p_{outcome}{case}" for case in CASES]
        means = asked.groupby(axis)[columns].mean().to_dict("index")
        for state in NEEDS if axis == "need" else AXES[axis]:
            for case, name in CASES.items():
                if state in means:
                    chance = round(float(means[state][f"p_{outcome}{case}"]), 4)
                    rows.append({"outcome": outcome, "state": state, "case": name, "chance": chance})
    return rows


def _able(truth: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Rows to which the outcome can happen: nothing lies above the highest plan."""
    return truth[truth["tier"] < truth["tier"].max()] if outcome == "plan_upgrade" else truth


def _customers(subs: pd.DataFrame, accounts: pd.Index[str], first: int, end: int) -> npt.NDArray[np.int64]:
    """How many of these accounts are customers on each day."""
    own = subs[subs["account_id"].isin(accounts)]
    begins = np.clip(day_numbers(own["valid_from"]) - first, 0, end - first)
    ended = own["valid_to"].dropna()
    ends = np.clip(day_numbers(ended) - first, 0, end - first)
    size = end - first + 1
    change = np.bincount(begins, minlength=size) - np.bincount(ends, minlength=size)
    there: npt.NDArray[np.int64] = np.cumsum(change)[:-1]
    return there
