"""Other futures of a world: it is run again from as-of dates, and what happens is counted by plain dates.

Truth is worked out backwards, from the end of a window to its beginning. Here nothing is worked out: the world's own
rules are drawn from, forwards, step by step, and a day is a day of the calendar. Both must agree.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pandas as pd
from scipy import stats

from tests.simulate.worlds import chronicle
from uptier.simulate.chain import AXES, CONVERSIONS, DECISIONS, Bools, Chain, State, advance
from uptier.simulate.commerce import Chronicle, renews_in
from uptier.simulate.looks import Looks, looks_of
from uptier.simulate.population import Population
from uptier.simulate.presets import Parameters
from uptier.simulate.rates import Eras, eras
from uptier.simulate.rules import chain_of
from uptier.simulate.timeline import STEPS_PER_MONTH, Floats, Ints, Timeline, months_before

STEPS = 14  # that begin within 97 days of any first of a month
AFTER = "post_upsell_churn"
OUTCOMES = (*CONVERSIONS, "churn", AFTER)
CASES = ("", "_contacted", "_never_contacted")
WINDOW_DAYS = {**dict.fromkeys(CONVERSIONS, (7, 67)), "churn": (7, 97), AFTER: (0, 90)}
ENDS = {**{name: (name,) for name in (*CONVERSIONS, "churn")}, AFTER: ("churn", "fewer_seats", "lower_plan")}

# what "at rest" means, written down a second time
REST = {
    "growth": "steady",
    "pressure": "easy",
    "gap": "none",
    "mood": "fair",
    "champion": "present",
    "budget": "tight",
    "talk": "idle",
}
NEED_STATES = 3
LATER = 12  # months to a renewal that no window reaches
CAUSES = (*AXES, "depth", "setting")

FEW = 100.0  # variance of a count, from which on it is taken as normal
POOLED = 5.0  # variance that a group of accounts must have at least, for its square error to be told
WITHIN = 3.0  # standard errors within which a change may have either sign


@dataclass(frozen=True, kw_only=True)
class Past:
    """A block of a world, as it ran.

    Attributes
    ----------
    eras : Eras
        Its rates.
    chronicle : Chronicle
        What happened.
    """

    eras: Eras
    chronicle: Chronicle

    @property
    def first_day(self) -> dt.date:
        """The world's beginning."""
        return self.chronicle.timeline.first_day


def past(parameters: Parameters, *, accounts: int, seed: int, months: int) -> Past:
    """Let the first block of a world run, up to a thousand accounts."""
    known = eras(parameters.rates, parameters.shift)
    return Past(eras=known, chronicle=chronicle(parameters, accounts=accounts, seed=seed, months=months))


@dataclass(frozen=True, kw_only=True)
class Starts:
    """Accounts at as-of dates, from which futures begin.

    Attributes
    ----------
    looks : Looks
        Their states; what truth is given.
    renewing : ndarray of bool, shape (STEPS, n_rows)
        Whether the term ends in the month of each step ahead, as commerce says.
    timeline : Timeline
        The world's clock, with months after the last as-of date.
    """

    looks: Looks
    renewing: Bools
    timeline: Timeline

    def __len__(self) -> int:
        return len(self.looks)


def starts(past: Past, chosen: Ints | Bools | None = None) -> Starts:
    """Begin at the as-of dates of a past, or of some rows of its looks."""
    before = past.chronicle.timeline
    looks = looks_of(past.chronicle)
    looks = looks if chosen is None else rows_of(looks, chosen)
    timeline = Timeline(before.first_day, months_before(before.data_until, -4))
    return Starts(looks=looks, renewing=renewals(past.chronicle.population, looks, timeline), timeline=timeline)


def rows_of(looks: Looks, chosen: Ints | Bools) -> Looks:
    """Take some rows of looks."""
    plain = {name: getattr(looks, name)[chosen] for name in Looks.__dataclass_fields__ if name != "state"}
    return Looks(**plain, state={axis: places[chosen] for axis, places in looks.state.items()})


def renewals(population: Population, looks: Looks, timeline: Timeline) -> Bools:
    """Say whose term ends in the months ahead."""
    number = {account_id: position for position, account_id in enumerate(population.ids)}
    account = np.array([number[account_id] for account_id in looks.account_id])
    steps = int(looks.month.max()) * STEPS_PER_MONTH + STEPS
    renews = np.stack([renews_in(population, timeline, step) for step in range(steps)])
    ahead: Bools = renews[looks.month * STEPS_PER_MONTH + np.arange(STEPS)[:, None], account]
    return ahead


def at_rest(begun: Starts, *causes: str) -> Starts:
    """Take causes away, and leave all else as it is."""
    looks, renewing = begun.looks, begun.renewing
    for cause in causes:
        state, everywhere = looks.state, np.ones(len(looks), dtype=bool)
        if cause == "need":
            looks = replace(looks, state=state | {"need": state["need"] // NEED_STATES * NEED_STATES})
        elif cause == "depth":
            looks = replace(looks, deep=~everywhere)
        elif cause == "setting":  # on the lowest tier, calm, called, far from the end of the term
            on_first = state | {"need": state["need"] % NEED_STATES}
            later = np.full(len(looks), LATER)
            looks = replace(looks, state=on_first, brisk=~everywhere, contacted=everywhere, renewal=later)
            renewing = np.zeros_like(renewing)
        else:
            rest = np.full(len(looks), AXES[cause].index(REST[cause]))
            looks = replace(looks, state=state | {cause: rest})
    return replace(begun, looks=looks, renewing=renewing)


def frequencies(
    begun: Starts, eras: Eras, told: pd.DataFrame, *, futures: int, seed: int, cases: tuple[str, ...] = CASES
) -> pd.DataFrame:
    """Count, for each row, in how many of its futures each outcome falls into its window.

    Parameters
    ----------
    begun : Starts
        Accounts at as-of dates.
    eras : Eras
        The rates of the world.
    told : DataFrame
        The truth of these rows, of which one thing is used: what an account would most likely buy, since a talk is
        about that, and a sale of something is in proportion to it.
    futures : int
        How many for each row, in each case.
    seed : int
        Of the futures.
    cases : tuple of str, optional
        As in :data:`CASES`.

    Returns
    -------
    DataFrame
        A column `<outcome><case>` for each.
    """
    random = np.random.default_rng(seed)
    idle = np.zeros(len(begun), dtype=np.int64)
    talks = {name: np.full(len(begun), AXES["talk"].index(name)) for name in CONVERSIONS}
    columns: dict[str, Ints] = {}
    for case in cases:
        likely = np.stack([told[f"p_{name}{case}"].to_numpy() for name in CONVERSIONS])
        likeliest = np.array([talks[name][0] for name in CONVERSIONS])[likely.argmax(axis=0)]
        called = begun.looks.contacted if case == "" else np.full(len(begun), case == "_contacted")
        if case == "_contacted":
            talk_of = talks | {"churn": likeliest}
        else:
            talk_of = dict.fromkeys((*CONVERSIONS, "churn"), begun.looks.state["talk"] if case == "" else idle)
        # outcomes about which the same is talked share their futures
        for talk in {id(talk): talk for talk in talk_of.values()}.values():
            outcomes = tuple(name for name, about in talk_of.items() if about is talk)
            lived = _Futures(begun, eras, called, talk, futures, random)
            columns |= {f"{name}{case}": hits for name, hits in lived.counted(outcomes).items()}
        lived = _Futures(begun, eras, called, idle, futures, random)
        chances = likely / likely.sum(axis=0)
        if case == "_contacted":
            chances = (np.arange(len(CONVERSIONS))[:, None] == likely.argmax(axis=0)).astype(np.float64)
        lived.sell(chances)
        columns |= {f"{name}{case}": hits for name, hits in lived.counted((AFTER,)).items()}
    return pd.DataFrame({f"{name}{case}": columns[f"{name}{case}"] for case in cases for name in OUTCOMES})


class _Futures:
    """Many lives of each account, one beside the other."""

    def __init__(
        self,
        begun: Starts,
        eras: Eras,
        called: Bools,
        talk: Ints,
        futures: int,
        random: np.random.Generator,
    ) -> None:
        looks = begun.looks
        self._begun, self._eras, self._futures, self._random = begun, eras, futures, random
        self._row = np.repeat(np.arange(len(begun)), futures)
        self._first_step = looks.month[self._row] * STEPS_PER_MONTH
        self._kind = np.stack([looks.brisk, looks.deep, called])[:, self._row]
        self._state: State = {axis: places[self._row] for axis, places in (looks.state | {"talk": talk}).items()}

    def sell(self, chances: Floats) -> None:
        """Sell something to everybody at the as-of date, in a talk about it where anybody is called."""
        drawn = self._random.random(len(self._row))
        sold = (drawn >= np.cumsum(chances, axis=0)[:-1, self._row]).sum(axis=0)
        for here, chain in self._alike(0):
            for number, name in enumerate(CONVERSIONS):
                these = here[sold[here] == number]
                state = {axis: places[these] for axis, places in self._state.items()}
                state["talk"] = np.full(len(these), AXES["talk"].index(name) if chain.shape[-1] > 1 else 0)
                for move in chain.after[name]:
                    state[move.axis] = move.drawn(state, self._random.random(len(these)))
                for axis, places in state.items():
                    self._state[axis][these] = places

    def counted(self, outcomes: tuple[str, ...]) -> dict[str, Ints]:
        """Live, and count the lives in which each outcome was seen, by row."""
        timeline = self._begun.timeline
        as_of = timeline.edges[self._first_step]
        lives = np.ones(len(self._row), dtype=bool)
        seen = {name: np.zeros(len(self._row), dtype=bool) for name in outcomes}
        for ahead in range(STEPS):
            decision = np.zeros(len(self._row), dtype=np.int64)
            following = {axis: places.copy() for axis, places in self._state.items()}
            for here, chain in self._alike(ahead):
                state = {axis: places[here] for axis, places in self._state.items()}
                renewing = self._begun.renewing[ahead, self._row[here]]
                lived = advance(chain, state, renewing=renewing, random=self._random)
                decision[here] = lived.decision
                for axis, places in lived.state.items():
                    following[axis][here] = places
            self._state = following
            day = timeline.working_day(self._first_step + ahead, self._random.random(len(self._row))) - as_of
            for name in outcomes:
                begins, ends = WINDOW_DAYS[name]
                counts = np.isin(decision, [DECISIONS.index(end) for end in ENDS[name]])
                seen[name] |= lives & counts & (day >= begins) & (day < ends)
            lives &= decision != DECISIONS.index("churn")
        return {name: hits.reshape(-1, self._futures).sum(axis=1) for name, hits in seen.items()}

    def _alike(self, ahead: int) -> list[tuple[Ints, Chain]]:
        """Lives that follow the same rules in a step, and the rules."""
        brisk, deep, called = self._kind
        later = np.zeros(len(self._row), dtype=bool)
        if len(self._eras.rates) > 1:
            later = self._first_step + ahead >= self._eras.second_from
        found = []
        for fast, much, heard, second in product((False, True), repeat=4):
            these = np.flatnonzero((brisk == fast) & (deep == much) & (called == heard) & (later == second))
            if len(these):
                rates = self._eras.rates[int(second)]
                found.append((these, chain_of(rates, brisk=fast, deep=much, contacted=heard)))
        return found


def compared(hits: Ints, chances: Floats, *, futures: int, bins: int) -> dict[str, float]:
    """Compare how often something was seen with what truth says.

    Parameters
    ----------
    hits : ndarray of int, shape (n_rows,)
        In how many futures it was seen.
    chances : ndarray of float, shape (n_rows,)
        What truth says.
    futures : int
        How many were lived.
    bins : int
        Into how many groups of rising chance the rows are put.

    Returns
    -------
    dict of str to float
        Two-sided p-values: overall; of each bin; of the account that is furthest off, times the number of accounts
        (exact); and of the mean square error by account.
    """
    order = np.argsort(chances, kind="stable")
    values = {"overall": p_value(hits, chances, futures)}
    for number, rows in enumerate(np.array_split(order, bins)):
        values[f"bin {number + 1}"] = p_value(hits[rows], chances[rows], futures)
    values["accounts"] = min(1.0, len(hits) * float(_exact(hits, np.full(len(hits), futures), chances).min()))
    mean, cells, variance = spread(hits, chances, futures)
    if cells:
        # sums of squares lean to the right: a gamma distribution of the same mean and variance
        gamma = stats.gamma(cells**2 / variance, scale=variance / cells)
        values["spread"] = float(min(1.0, 2 * min(gamma.cdf(mean * cells), gamma.sf(mean * cells))))
    return values


def p_value(hits: Ints, chances: Floats, futures: int) -> float:
    """Give the two-sided p-value of a sum of counts: of many as a normal one, of few as an exact binomial one.

    The latter takes all chances as their mean, which makes chance a little wider than it is.
    """
    expected, variance = futures * chances.sum(), futures * (chances * (1 - chances)).sum()
    if variance < FEW:
        return float(_exact(hits.sum(), futures * len(chances), chances.mean()))
    return float(2 * stats.norm.sf(abs(hits.sum() - expected) / np.sqrt(variance)))


def spread(hits: Ints, chances: Floats, futures: int) -> tuple[float, int, float]:
    """Give the mean square of standardised errors, over how many cells, and the variance of their sum.

    A chance near 0 has no square error worth the name: where 0.01 hits are expected, a single one has a square of a
    hundred. Accounts are pooled in order of their chance until their count has a variance of :data:`POOLED`.
    """
    order = np.argsort(chances, kind="stable")
    own = futures * chances[order] * (1 - chances[order])
    fourth = own * (1 - 6 * chances[order] * (1 - chances[order]))  # fourth cumulant: they add up, as variances do
    error = hits[order] - futures * chances[order]
    cells, begins = [], 0
    total = 0.0
    for end, variance in enumerate(own, start=1):
        total += variance
        if total >= POOLED:
            here = slice(begins, end)
            cells.append((error[here].sum() ** 2 / total, 2 + fourth[here].sum() / total**2))
            begins, total = end, 0.0
    if not cells:
        return float("nan"), 0, float("nan")
    squares, variances = np.array(cells).T
    return float(squares.mean()), len(cells), float(variances.sum())


def _exact(hits: Ints, futures: Ints | int, chances: Floats) -> Floats:
    """Two-sided exact binomial p-values: twice the smaller tail."""
    smaller = np.minimum(stats.binom.cdf(hits, futures, chances), stats.binom.sf(hits - 1, futures, chances))
    doubled: Floats = np.minimum(1.0, 2 * smaller)
    return doubled


@dataclass(frozen=True)
class Change:
    """What taking a cause away changes, over some accounts.

    Attributes
    ----------
    told, seen : float
        Chance with the cause, less that without it: as truth says, and as many futures have it.
    error : float
        Standard error of what is seen.
    """

    told: float
    seen: float
    error: float

    @property
    def p_value(self) -> float:
        """Two-sided, of the two being the same."""
        if self.error == 0:
            return 1.0
        return float(2 * stats.norm.sf(abs(self.told - self.seen) / self.error))

    @property
    def turns(self) -> bool:
        """Whether what is seen has plainly the other sign."""
        return bool(abs(self.told) > WITHIN * self.error and np.sign(self.seen) != np.sign(self.told))


def changes(
    chances: tuple[Floats, Floats], hits: tuple[Ints, Ints], *, futures: int, few: int = 1
) -> Mapping[str, Change]:
    """Say what taking a cause away changes, for those whom it raised and those whom it lowered.

    Parameters
    ----------
    chances, hits : tuple of ndarray, shape (n_rows,)
        With the cause and without it.
    futures : int
        How many were lived, of each.
    few : int, optional
        Accounts that a group has at least.

    Returns
    -------
    mapping of str to Change
        For "raised" and "lowered".
    """
    told = chances[0] - chances[1]
    seen = (hits[0] - hits[1]) / futures
    variance = sum(chance * (1 - chance) / futures for chance in chances)
    found = {}
    for name, rows in (("raised", told > 0), ("lowered", told < 0)):
        if rows.sum() >= few:
            error = float(np.sqrt(variance[rows].sum()) / rows.sum())
            found[name] = Change(float(told[rows].mean()), float(seen[rows].mean()), error)
    return found
