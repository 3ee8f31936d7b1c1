"""What a world looks like from outside: the figures that a customer-success leader would compare with her own.

All but the last are read from the written tables alone, and from `truth` where timing is judged. Nothing is drawn as a
constant anywhere: each figure is what came of people's behaviour.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from uptier.settings import CONVERSIONS

if TYPE_CHECKING:
    from uptier.outcomes.outcome import Examples

Floats = NDArray[np.float64]

AFTER_DAYS = 90  # in which leaving or going down counts as following an upsell
CERTAINTY = 1.96  # standard errors on each side: 95 %
RENEWS_IN = (60, 120)  # days ahead: when a calendar programme calls about the renewal
OLDEST = 0.25  # share of the accounts that a programme calls because they have been customers for long
SEVERAL = (2, 3, 4)  # triggers that fire at once
POWER_DAYS, POWER_FACTOR = 10, 2.0  # of 28 days, and times the account's mean: far above the account's average
WEEKS, SMOOTHED_WEEKS = 4, 5
LEADS_WEEKS = range(-12, 27)

# when a sale answers no need, and when it does: the axis, and its states
WITHOUT = {"seat_expansion": ("roomy", "easy"), "plan_upgrade": ("none",), "add_on": ("none",)}
IN_NEED = {"seat_expansion": ("tight", "full"), "plan_upgrade": ("strong",), "add_on": ("urgent",)}
AXIS = {"seat_expansion": "pressure", "plan_upgrade": "need", "add_on": "gap"}


@dataclass(frozen=True)
class Share:
    """A share that was counted, with the 95 % interval of Wilson (1927)."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """The share itself; NaN of nothing."""
        return self.hits / self.of if self.of else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """From and to."""
        if not self.of:
            return 0.0, 1.0
        squared = CERTAINTY**2 / self.of
        middle = (self.value + squared / 2) / (1 + squared)
        half = CERTAINTY / (1 + squared) * np.sqrt(self.value * (1 - self.value) / self.of + squared / self.of / 4)
        return float(middle - half), float(middle + half)

    def meets(self, low: float, high: float) -> bool:
        """Whether some of the interval lies between two bounds."""
        return self.of > 0 and self.interval[0] <= high and self.interval[1] >= low


def opened(folder: Path, *, memory: str = "4GB") -> duckdb.DuckDBPyConnection:
    """Open a world: each of its tables, and truth, under its own name; times in UTC."""
    base = duckdb.connect()
    base.execute(f"SET threads = 2; SET memory_limit = '{memory}'; SET TimeZone = 'UTC'")
    for path in sorted(folder.iterdir()):
        if path.is_dir() or path.suffix == ".parquet":
            files = path / "*.parquet" if path.is_dir() else path
            base.execute(f"CREATE VIEW {path.stem} AS SELECT * FROM read_parquet('{files}')")
    return base


def asked(base: duckdb.DuckDBPyConnection, query: str) -> pd.DataFrame:
    """Ask for a table."""
    table: pd.DataFrame = base.execute(query).to_arrow_table().to_pandas()
    return table


def win_rates(base: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], Share]:
    """Count won among won and lost, by upsell and by what started the call: ``signal`` or ``calendar``."""
    rows = asked(
        base,
        """
        SELECT upsell_type, if(started_by = 'calendar', 'calendar', 'signal') AS began,
               count(DISTINCT outreach_id) FILTER (result = 'won') AS won, count(DISTINCT outreach_id) AS closed
        FROM outreach WHERE result IN ('won', 'lost') GROUP BY ALL
        """,
    )
    return {(row.upsell_type, row.began): Share(int(row.won), int(row.closed)) for row in rows.itertuples()}


def pooled(shares: Mapping[tuple[str, str], Share], began: str) -> Share:
    """Add the counts of all upsells."""
    some = [share for (_, by), share in shares.items() if by == began]
    return Share(sum(share.hits for share in some), sum(share.of for share in some))


def retention(base: duckdb.DuckDBPyConnection, *, since: dt.date, until: dt.date) -> dict[str, float]:
    """Give the net revenue retention of those who were customers at the beginning.

    Returns
    -------
    dict of str to float
        ``all``: what they pay at the end, over what they paid; ``chosen``: the same of what customers decided alone,
        without price uplifts, exchange rates and true-ups; ``upsells``, ``cuts``, ``left``: its parts.
    """
    paid = f"""
        SELECT account_id, sum(mrr) FILTER (valid_from <= TIMESTAMP '{since}' AND ends > TIMESTAMP '{since}') AS began,
               sum(mrr) FILTER (valid_from < TIMESTAMP '{until}' AND ends >= TIMESTAMP '{until}') AS ended
        FROM (SELECT account_id, mrr, valid_from, coalesce(valid_to, TIMESTAMPTZ '9999-01-01') AS ends
              FROM (SELECT * FROM subscriptions UNION ALL BY NAME SELECT * FROM addons))
        GROUP BY ALL
    """
    total = asked(base, f"SELECT sum(began) AS began, sum(coalesce(ended, 0)) AS ended FROM ({paid}) WHERE began > 0")
    began, ended = (float(total[name].iloc[0]) for name in ("began", "ended"))
    parts = asked(
        base,
        f"""
        WITH versions AS (SELECT *, mrr - lag(mrr) OVER one AS more
                          FROM subscriptions WINDOW one AS (PARTITION BY subscription_id ORDER BY valid_from)),
        moves AS (
            SELECT account_id, valid_from AS moment, more,
                   if(change_reason IN ('expansion', 'upgrade'), 'upsells', 'cuts') AS part
            FROM versions WHERE change_reason IN ('expansion', 'upgrade', 'contraction', 'downgrade')
            UNION ALL SELECT account_id, valid_to, -mrr, 'left' FROM subscriptions
            WHERE end_reason IN ('cancelled', 'not_renewed')
            UNION ALL SELECT account_id, valid_from, mrr, 'upsells' FROM addons
            UNION ALL SELECT account_id, valid_to, -mrr, 'cuts' FROM addons WHERE valid_to IS NOT NULL
        )
        SELECT part, sum(more) AS more FROM moves JOIN ({paid}) USING (account_id)
        WHERE moment > TIMESTAMP '{since}' AND moment < TIMESTAMP '{until}' AND began > 0 GROUP BY ALL
        """,
    )
    shares = dict(zip(parts["part"], parts["more"] / began, strict=True))
    return {"all": ended / began, "chosen": 1 + float(sum(shares.values())), **shares}


def contract_changes(base: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """List what customers decided: `account_id`, `day` and `kind`, an upsell, ``downgrade`` or ``leaving``."""
    rows = asked(
        base,
        """
        SELECT DISTINCT account_id, CAST(valid_from AS DATE) AS day,
               CASE change_reason WHEN 'expansion' THEN 'seat_expansion' WHEN 'upgrade' THEN 'plan_upgrade'
                                  ELSE 'downgrade' END AS kind
        FROM subscriptions WHERE change_reason IN ('expansion', 'upgrade', 'contraction', 'downgrade')
        UNION ALL SELECT DISTINCT account_id, CAST(valid_to AS DATE), 'leaving' FROM subscriptions
        WHERE end_reason IN ('cancelled', 'not_renewed')
        UNION ALL SELECT DISTINCT account_id, CAST(valid_from AS DATE), 'add_on' FROM addons
        """,
    )
    return rows.assign(day=pd.to_datetime(rows["day"])).sort_values(["account_id", "day", "kind"], ignore_index=True)


@dataclass(frozen=True)
class Aftermath:
    """How often accounts left or went down within 90 days after an upsell, and the base in the same months.

    Attributes
    ----------
    upselled, timed, pushed : Share
        After any upsell; after one that a sign or a need was behind; after one in a call by the calendar without need.
    left, timed_left, pushed_left : Share
        The same of leaving alone.
    base, timed_base, pushed_base : float
        All accounts' share from firsts of months, weighted by the months of those upsells.
    left_base, timed_left_base, pushed_left_base : float
        The same of leaving alone.
    """

    upselled: Share
    timed: Share
    pushed: Share
    left: Share
    timed_left: Share
    pushed_left: Share
    base: float
    timed_base: float
    pushed_base: float
    left_base: float
    timed_left_base: float
    pushed_left_base: float


def aftermath(base: duckdb.DuckDBPyConnection, *, until: dt.date) -> Aftermath:
    """Follow the accounts after each day with an upsell, and all accounts from each first of a month."""
    changes = contract_changes(base)
    upsells = changes[changes["kind"].isin(CONVERSIONS)].copy()
    upsells = _with_timing(base, upsells)
    # what was sold on one day is one sale; a need behind any part of it is a need
    sales = upsells.groupby(["account_id", "day"], as_index=False)[["timed", "pushed"]].max()
    sales["pushed"] &= ~sales["timed"]
    complete = pd.Timestamp(until) - pd.Timedelta(days=AFTER_DAYS)
    sales = sales[sales["day"] <= complete].reset_index(drop=True)
    looks = asked(base, "SELECT account_id, as_of AS day FROM truth")
    looks = looks.assign(day=looks["day"].astype("datetime64[us]"))
    looks = looks[looks["day"] <= complete].reset_index(drop=True)
    figures: dict[str, Share | float] = {}
    for ending, kinds in (("", ("downgrade", "leaving")), ("left", ("leaving",))):
        bad = changes[changes["kind"].isin(kinds)]
        hit = _followed(sales, bad, after=1)
        rate = _followed(looks, bad, after=0).groupby(looks["day"]).mean()
        month = sales["day"].dt.to_period("M").dt.to_timestamp().astype("datetime64[us]")
        for group, rows in (("", sales["day"].notna()), ("timed", sales["timed"]), ("pushed", sales["pushed"])):
            name = "_".join(filter(None, (group, ending))) or "upselled"
            figures[name] = Share(int(hit[rows].sum()), int(rows.sum()))
            figures["_".join(filter(None, (group, ending, "base")))] = float(month[rows].map(rate).mean())
    return Aftermath(**figures)  # type: ignore[arg-type]


def _with_timing(base: duckdb.DuckDBPyConnection, upsells: pd.DataFrame) -> pd.DataFrame:
    """Say which upsells a sign or a need was behind, and which were pushed; the others are neither."""
    calls = asked(
        base,
        """
        SELECT account_id, CAST(result_at AS DATE) AS day, upsell_type AS kind, any_value(started_by) AS started_by
        FROM outreach WHERE result = 'won' GROUP BY ALL
        """,
    )
    calls = calls.assign(day=pd.to_datetime(calls["day"]).astype(upsells["day"].dtype))
    states = asked(base, "SELECT account_id, as_of, pressure, need, gap FROM truth")
    states = states.assign(month=states["as_of"].astype("datetime64[us]")).drop(columns="as_of")
    month = upsells["day"].dt.to_period("M").dt.to_timestamp().astype("datetime64[us]")
    both = upsells.assign(month=month).merge(calls, on=["account_id", "day", "kind"], how="left")
    both = both.merge(states, on=["account_id", "month"], how="left")
    state = np.select([both["kind"] == kind for kind in CONVERSIONS], [both[AXIS[kind]] for kind in CONVERSIONS], None)
    needed = _is_one_of(both["kind"], state, IN_NEED)
    unneeded = _is_one_of(both["kind"], state, WITHOUT)
    by_signal = both["started_by"].notna() & (both["started_by"] != "calendar")
    return both[["account_id", "day", "kind"]].assign(
        timed=by_signal | needed, pushed=(both["started_by"] == "calendar") & unneeded
    )


def _is_one_of(kind: pd.Series, state: NDArray[np.object_], states: Mapping[str, tuple[str, ...]]) -> NDArray[np.bool_]:
    pairs = {(one, place) for one, places in states.items() for place in places}
    return np.array([pair in pairs for pair in zip(kind, state, strict=True)], dtype=bool)


def _followed(rows: pd.DataFrame, changes: pd.DataFrame, *, after: int) -> pd.Series:
    """Whether a change follows each row's day: so many days after it at least, and within 90 days."""
    since = rows["day"] + pd.Timedelta(days=after)
    wanted = pd.DataFrame({"account_id": rows["account_id"], "since": since.astype("datetime64[us]")})
    wanted["row"] = np.arange(len(rows))
    days = pd.DataFrame({"account_id": changes["account_id"], "found": changes["day"].astype("datetime64[us]")})
    near = pd.merge_asof(
        wanted.sort_values("since"),
        days.sort_values("found"),
        left_on="since",
        right_on="found",
        by="account_id",
        direction="forward",
    ).sort_values("row")
    within = near["found"].to_numpy() < (rows["day"] + pd.Timedelta(days=AFTER_DAYS)).to_numpy()
    return pd.Series(within, index=rows.index)


@dataclass(frozen=True)
class Lead:
    """How seats follow power users.

    Attributes
    ----------
    correlations : dict of int to float
        By weeks from the one to the other: how the change in the number of power users over four weeks goes with the
        growth of the licensed seats over four weeks; a moving mean over five weeks.
    """

    correlations: dict[int, float]

    @property
    def days(self) -> int:
        """Days by which power users lead: where the correlation is highest."""
        return 7 * max(self.correlations, key=self.correlations.__getitem__)

    def mean(self, first: int, last: int) -> float:
        """Mean correlation at leads between two numbers of weeks."""
        return float(np.mean([value for weeks, value in self.correlations.items() if first <= weeks <= last]))


def lead_of_power_users(base: duckdb.DuckDBPyConnection, *, since: dt.date, until: dt.date) -> Lead:
    """Measure by how much power users lead the growth of the team: the people invited in four weeks, over the seats.

    Licences would be the wrong target, since when they are bought hangs on budgets and talks as well; and active users
    rise with the power users among them. A power user was active on at least 10 of the last 28 days and on twice the
    mean of the account's active users. What all accounts of a week have in common (holidays, the season) is taken out
    of both series.
    """
    weeks = (until - since).days // 7
    rows = asked(
        base,
        f"""
        SELECT account_id, user_id, CAST(day // 7 AS INT) AS week, bit_count(bit_or(1 << CAST(day % 7 AS INT))) AS days
        FROM (SELECT account_id, user_id, CAST(occurred_at AS DATE) - DATE '{since}' AS day
              FROM usage_events WHERE user_id IS NOT NULL)
        WHERE day >= 0 AND day < {7 * weeks} GROUP BY ALL ORDER BY account_id, user_id, week
        """,
    )
    accounts, account = np.unique(rows["account_id"].to_numpy(dtype=str), return_inverse=True)
    person = (rows["account_id"] + " " + rows["user_id"]).to_numpy(dtype=str)
    _, first, user = np.unique(person, return_index=True, return_inverse=True)
    days = np.zeros((len(first), weeks), dtype=np.int32)
    days[user, rows["week"].to_numpy()] = rows["days"].to_numpy()
    recent = np.cumsum(days, axis=1, dtype=np.int32)
    recent[:, WEEKS:] -= recent[:, :-WEEKS].copy()
    team = account[first]  # sorted, as ids begin with the account's
    begins = np.searchsorted(team, np.arange(len(accounts)))
    active = np.add.reduceat((recent > 0).astype(np.int32), begins)
    mean = np.add.reduceat(recent, begins) / np.maximum(active, 1)
    far_above = (recent >= POWER_DAYS) & (recent >= POWER_FACTOR * mean[team])
    power = np.add.reduceat(far_above.astype(np.int32), begins).astype(np.float64)
    power[:, : WEEKS - 1] = np.nan
    seats = _seats_by_week(base, accounts, since=since, weeks=weeks)
    there = np.isfinite(seats) & (active > 0)
    change = _over_four_weeks(np.where(there, power, np.nan))
    invited = np.cumsum(_invited_by_week(base, accounts, since=since, weeks=weeks), axis=1)
    growth = _over_four_weeks(np.where(there, invited, np.nan)) / np.where(there, seats, np.nan)
    half = SMOOTHED_WEEKS // 2
    raw = {lag: _correlation(change, growth, lag) for lag in range(LEADS_WEEKS.start - half, LEADS_WEEKS.stop + half)}
    return Lead({lag: float(np.mean([raw[lag + near] for near in range(-half, half + 1)])) for lag in LEADS_WEEKS})


def _seats_by_week(
    base: duckdb.DuckDBPyConnection, accounts: NDArray[np.str_], *, since: dt.date, weeks: int
) -> Floats:
    """Licensed seats at the end of each week; NaN without a subscription."""
    versions = asked(
        base,
        f"""
        SELECT account_id, seats, ceil((CAST(valid_from AS DATE) - DATE '{since}') / 7.0) AS first,
               ceil((coalesce(CAST(valid_to AS DATE), DATE '9999-01-01') - DATE '{since}') / 7.0) AS last
        FROM subscriptions ORDER BY account_id, valid_from
        """,
    )
    place = {account_id: number for number, account_id in enumerate(accounts.tolist())}
    seats = np.full((len(accounts), weeks), np.nan)
    for row in versions.itertuples():
        if row.account_id in place:
            seats[place[row.account_id], max(int(row.first) - 1, 0) : max(int(row.last) - 1, 0)] = row.seats
    return seats


def _invited_by_week(
    base: duckdb.DuckDBPyConnection, accounts: NDArray[np.str_], *, since: dt.date, weeks: int
) -> Floats:
    """People who were invited in each week."""
    rows = asked(
        base,
        f"""
        SELECT account_id, CAST((CAST(created_at AS DATE) - DATE '{since}') // 7 AS INT) AS week, count(*) AS people
        FROM users WHERE created_at >= DATE '{since}' GROUP BY ALL ORDER BY account_id, week
        """,
    )
    place = {account_id: number for number, account_id in enumerate(accounts.tolist())}
    known = rows["account_id"].isin(place) & (rows["week"] < weeks)
    invited = np.zeros((len(accounts), weeks))
    invited[rows.loc[known, "account_id"].map(place), rows.loc[known, "week"]] = rows.loc[known, "people"]
    return invited


def _over_four_weeks(values: Floats) -> Floats:
    change = np.full_like(values, np.nan)
    change[:, WEEKS:] = values[:, WEEKS:] - values[:, :-WEEKS]
    known = np.isfinite(change)
    mean = np.where(known, change, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return change - mean


def _correlation(earlier: Floats, later: Floats, lag: int) -> float:
    count = earlier.shape[1]
    one = earlier[:, max(0, -lag) : count - max(0, lag)]
    other = later[:, max(0, lag) : count - max(0, -lag)]
    both = np.isfinite(one) & np.isfinite(other)
    return float(np.corrcoef(one[both], other[both])[0, 1])


@dataclass(frozen=True)
class Selections:
    """How often accounts that are chosen in one way or another buy anything within the window.

    Attributes
    ----------
    all : Share
        Everybody.
    several : dict of int to Share
        On whom at least so many triggers that open a talk have fired.
    oldest : Share
        The quarter that has been there longest, at each date.
    renewing : Share
        Whose term ends in 60 to 120 days.
    oldest_silent, renewing_silent : Share
        Those of them on whom no such trigger has fired.
    """

    all: Share
    several: dict[int, Share]
    oldest: Share
    renewing: Share
    oldest_silent: Share
    renewing_silent: Share

    def times(self, several: int) -> float:
        """How many times as often, against the better of tenure and renewal."""
        return self.several[several].value / max(self.oldest.value, self.renewing.value)

    def times_silent(self, several: int) -> float:
        """How many times as often, against the better of the two where no trigger has fired."""
        return self.several[several].value / max(self.oldest_silent.value, self.renewing_silent.value)


def selections(examples: Mapping[str, Examples], fired: pd.DataFrame, *, highest_tier: float) -> Selections:
    """Compare ways of choosing whom to call, on all looks that have a label for each upsell they can buy.

    Parameters
    ----------
    examples : mapping of str to Examples
        By outcome, as the product labels them: nobody is in talks already, and nothing was bought in the gap.
    fired : DataFrame of bool
        By row of the examples of seat expansion, the triggers that open a talk.
    highest_tier : float
        Tier on which there is no higher plan to buy.
    """
    seats = examples["seat_expansion"]
    rows = seats.frame[["account_id", "as_of", "tier", "tenure", "days_until_renewal"]].assign(
        several=fired.sum(axis=1).to_numpy(), seat_expansion=seats.label.to_numpy()
    )
    for name in ("plan_upgrade", "add_on"):
        one = examples[name]
        rows = rows.merge(one.frame[["account_id", "as_of"]].assign(**{name: one.label.to_numpy()}), how="left")
    rows.loc[rows["tier"] == highest_tier, "plan_upgrade"] = 0
    rows = rows.dropna(subset=["plan_upgrade", "add_on"])
    bought = rows[list(CONVERSIONS)].max(axis=1) > 0

    def share(chosen: pd.Series) -> Share:
        return Share(int(bought[chosen].sum()), int(chosen.sum()))

    oldest = rows.groupby("as_of")["tenure"].rank(pct=True) > 1 - OLDEST
    renewing = rows["days_until_renewal"].between(*RENEWS_IN)
    silent = rows["several"] == 0
    return Selections(
        all=share(bought.notna()),
        several={least: share(rows["several"] >= least) for least in SEVERAL},
        oldest=share(oldest),
        renewing=share(renewing),
        oldest_silent=share(oldest & silent),
        renewing_silent=share(renewing & silent),
    )
