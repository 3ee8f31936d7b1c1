"""What the world knows: the true chance of each outcome, for each account at each first of a month, and why.

The chances are exact, not drawn: expectations over the same finite chain that the world runs on, taken backwards from
the end of the window (:class:`uptier.simulate.backwards.Backwards`), given the account's whole state at the as-of date.
What is inside a window's last step counts by the share of its working days, which is exact too, since what a step
decides falls on any of them alike. There are three cases: as the programme acts; contacted on the as-of date; never
contacted from then on.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import pandas as pd

from uptier.simulate.backwards import Backwards, StepKind
from uptier.simulate.causes import CAUSES, Kind, Outlook, Table, log_odds_by_cause, shares_of
from uptier.simulate.chain import CONVERSIONS, Chain, place
from uptier.simulate.looks import LATER, Looks
from uptier.simulate.rates import Eras
from uptier.simulate.rules import chain_of
from uptier.simulate.timeline import STEPS_PER_MONTH, Floats, Ints, Timeline, months_before, share_of_working_days

GAP_DAYS = 7  # the first step after the as-of date
CONVERSION_DAYS = 60
CHURN_DAYS = 90
AFTER_UPSELL = "post_upsell_churn"
TARGETS = (*CONVERSIONS, "churn", AFTER_UPSELL)
LAPSES = ("churn", "fewer_seats", "lower_plan")  # what counts as churn after an upsell
CASES = ("", "_contacted", "_never_contacted")  # endings of the columns
THREADS = 2
SHORTEST_MONTH = 28  # days
KINDS: list[Kind] = [(brisk, deep, called) for brisk, deep, called in product((False, True), repeat=3)]

Told = Callable[[float], None]
Chains = dict[Kind, tuple[Chain, ...]]  # the rules of each kind of account, by stretch of time


@dataclass(frozen=True)
class Window:
    """Where a window ends, in steps.

    Attributes
    ----------
    last_step : int
        The last step of which some working day lies inside, counted from 0 at the as-of date.
    share : float
        Share of its working days that lie inside.
    """

    last_step: int
    share: float


@cache  # asked for each cell, of which a month has many
def window(as_of: dt.date, days: int) -> Window:
    """Find where a window ends.

    Parameters
    ----------
    as_of : date
        A first of a month.
    days : int
        From the as-of date to the first day after the window.

    Returns
    -------
    Window
        Its last step, and how much of it counts.
    """
    around = Timeline(as_of, months_before(as_of, -6))
    end = int(around.edges[0]) + days
    last_step = int(np.searchsorted(around.edges, end, side="left")) - 1
    first, after = around.days(last_step)
    return Window(last_step, share_of_working_days(first, after, before=end))


def truth(eras: Eras, looks: Looks, first_day: dt.date, told: Told | None = None) -> pd.DataFrame:
    """Give the true chances and their causes.

    Parameters
    ----------
    eras : Eras
        The rates of the world.
    looks : Looks
        The states at the as-of dates; nothing of what came later.
    first_day : date
        The world's beginning.
    told : callable, optional
        Told the share that is done, 0 to 1.

    Returns
    -------
    DataFrame
        One row for each look: `account_id`; `as_of`; for each of the five outcomes `p_<outcome>`, the chance as the
        programme acts, `p_<outcome>_contacted` and `p_<outcome>_never_contacted`; `why_<outcome>_<cause>`, the log-odds
        that each cause adds to those of the population's mean at that date, null where the outcome cannot happen and
        for `plan_upgrade` on the highest plan, which the mean leaves out too; and the latent states. Chances of upsells
        are of at least one in [as_of + 7 d, as_of + 67 d), of churn in [as_of + 7 d, as_of + 97 d).
        `post_upsell_churn` is the chance of leaving, giving seats back or going to a lower plan within 90 days, were
        something sold on the as-of date: what the programme would sell, each upsell in proportion to its chance in that
        case (where contacted: the likeliest).
    """
    columns: dict[str, Floats] = {}
    outlooks: dict[str, Outlook] = {}
    chains = {
        (brisk, deep, called): tuple(chain_of(rates, brisk=brisk, deep=deep, contacted=called) for rates in eras.rates)
        for brisk, deep, called in KINDS
    }
    for done, target in enumerate(TARGETS):
        outlook = _outlook(target, eras, chains, looks, first_day)
        columns |= _of_target(target, outlook, looks, columns, outlooks if target == AFTER_UPSELL else {})
        if target in CONVERSIONS:
            outlooks[target] = outlook
        if told is not None:
            told((done + 1) / len(TARGETS))
    last = int(looks.month.max(initial=0))
    months = np.array([np.datetime64(months_before(first_day, -month), "s") for month in range(last + 1)])
    ordered = sorted(columns, key=lambda name: not name.startswith("p_"))
    head = pd.DataFrame({"account_id": looks.account_id, "as_of": months[looks.month]})
    return pd.concat([head, pd.DataFrame({name: columns[name] for name in ordered}), looks.told()], axis=1)


@dataclass(frozen=True, eq=False)
class _Cells:
    """The as-of dates and renewals that occur: rows are gathered by them, since they share their tables."""

    month: Ints
    renewal: Ints
    of_row: Ints  # each row's own cell
    unrenewed: Ints  # the cell of each row's date without a renewal


def _outlook(target: str, eras: Eras, chains: Chains, looks: Looks, first_day: dt.date) -> Outlook:
    gap, days = (0, CHURN_DAYS) if target == AFTER_UPSELL else (1, GAP_DAYS + CHURN_DAYS)
    if target in CONVERSIONS:
        days = GAP_DAYS + CONVERSION_DAYS
    cells = _cells(looks, furthest=days // SHORTEST_MONTH)

    def made(kind: Kind) -> Table:
        return _table(target, eras, chains[kind], cells, first_day, days, gap)

    with ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as threads:
        tables = dict(zip(KINDS, threads.map(made, KINDS), strict=True))
    return Outlook(tables, cells.of_row, cells.unrenewed)


def _of_target(
    target: str, outlook: Outlook, looks: Looks, known: dict[str, Floats], sold: dict[str, Outlook]
) -> dict[str, Floats]:
    weights = {case: _sold(target, case, looks, known) for case in CASES}
    chances = {case: np.zeros(len(looks)) for case in CASES}
    for brisk, deep, contacted in KINDS:
        alike = (looks.brisk == brisk) & (looks.deep == deep)
        table = outlook.tables[brisk, deep, contacted]
        # never contacted from now on: the rules of those whom nobody calls
        case = CASES[1] if contacted else CASES[2]
        rows = np.flatnonzero(alike)
        talk = _talked_about(target, rows, known) if contacted else looks.state["talk"][rows]
        state = {axis: places[rows] for axis, places in looks.state.items()} | {"talk": talk}
        chances[case][rows] = table.at(outlook.own[rows], state, _rows_of(weights[case], rows))
        rows = np.flatnonzero(alike & (looks.contacted == contacted))
        state = {axis: places[rows] for axis, places in looks.state.items()}
        chances[""][rows] = table.at(outlook.own[rows], state, _rows_of(weights[""], rows))
    why = log_odds_by_cause(outlook, looks, sold)
    # on the highest plan one would have to go down before one could go up: that chance has no cause worth telling
    highest = (target == "plan_upgrade") & (looks.state["need"] == place("need", "3-none"))
    why[:, highest | (chances[""] <= 0)] = np.nan
    columns = {f"why_{target}_{cause}": why[number] for number, cause in enumerate(CAUSES)}
    columns = {name: values - _mean_by(looks.month, values) for name, values in columns.items()}
    return {f"p_{target}{case}": values for case, values in chances.items()} | columns


def _cells(looks: Looks, *, furthest: int) -> _Cells:
    renewal = np.where(looks.renewal > furthest, LATER, looks.renewal)
    code = looks.month * (LATER + 1) + renewal
    without = looks.month * (LATER + 1) + LATER
    known = np.unique(np.concatenate([code, without]))
    return _Cells(
        month=known // (LATER + 1),
        renewal=known % (LATER + 1),
        of_row=np.searchsorted(known, code),
        unrenewed=np.searchsorted(known, without),
    )


def _table(
    target: str, eras: Eras, chains: tuple[Chain, ...], cells: _Cells, first_day: dt.date, days: int, gap: int
) -> Table:
    """Chances of one kind of account in every state, in every cell."""
    backwards = Backwards(chains, LAPSES if target == AFTER_UPSELL else (target,))
    names = CONVERSIONS if target == AFTER_UPSELL else ("",)
    courses, shares = [], []
    for month, renewal in zip(cells.month, cells.renewal, strict=True):
        ends = window(months_before(first_day, -int(month)), days)
        course = tuple(_steps(eras, int(month), int(renewal), ends.last_step + 1, gap))
        courses.append((course[:-1], course))
        shares.append((1 - ends.share, ends.share))
    distinct = sorted({one for pair in courses for one in pair})
    row = {course: number for number, course in enumerate(distinct)}
    value = backwards.chances(distinct)
    return Table(
        talks=chains[0].shape[-1],
        sold_in={name: place("talk", name) for name in names if name},
        chances={name: np.ascontiguousarray(backwards.after(name, value)) if name else value for name in names},
        courses=np.array([[row[one] for one in pair] for pair in courses]),
        shares=np.array(shares),
    )


def _steps(eras: Eras, month: int, renewal: int, count: int, gap: int) -> Iterator[StepKind]:
    for step in range(count):
        yield eras.which(month * STEPS_PER_MONTH + step), renewal == step // STEPS_PER_MONTH, step >= gap


def _sold(target: str, case: str, looks: Looks, known: dict[str, Floats]) -> dict[str, Floats]:
    """What would be sold: each upsell's share, where what follows a sale is asked for."""
    if target != AFTER_UPSELL:
        return {"": np.ones(len(looks))}
    chances = {name: known[f"p_{name}{case}"] for name in CONVERSIONS}
    if case != CASES[1]:
        return shares_of(chances)
    likeliest = np.stack(list(chances.values())).argmax(axis=0)
    return {name: (likeliest == number).astype(np.float64) for number, name in enumerate(CONVERSIONS)}


def _talked_about(target: str, rows: Ints, known: dict[str, Floats]) -> Ints:
    """The talk that contact begins: about the upsell in question, or the likeliest one."""
    if target in CONVERSIONS:
        return np.full(len(rows), place("talk", target))
    likeliest = np.stack([known[f"p_{name}{CASES[1]}"][rows] for name in CONVERSIONS]).argmax(axis=0)
    talks: Ints = np.array([place("talk", name) for name in CONVERSIONS], dtype=np.int64)[likeliest]
    return talks


def _rows_of(weights: dict[str, Floats], rows: Ints) -> dict[str, Floats]:
    return {name: weight[rows] for name, weight in weights.items()}


def _mean_by(month: Ints, values: Floats) -> Floats:
    """Each row's mean over its date, of the values that are not null."""
    there = ~np.isnan(values)
    count = np.bincount(month, weights=there)
    total = np.bincount(month, weights=np.where(there, values, 0.0))
    mean: Floats = (total / np.maximum(count, 1))[month]
    return mean
