"""Users who are not the customer's people: bots, and the vendor's own staff trying things out.

They take no part in what an account decides, and their names say nothing. A bot shows by its rhythm: it comes every
day of the week and all night, in equal distances, and touches nothing but the interface. Staff show by being the same
few users in many accounts, there on a few days a month, also in features that the account's plan does not hold.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from uptier.simulate.books import Books
from uptier.simulate.commerce import Chronicle
from uptier.simulate.plans import CALLS
from uptier.simulate.timeline import Ints, moments, weekday
from uptier.simulate.usage import DAY_SECONDS, KINDS, feature_names

LOGIN, FEATURE_USED, CALL = (KINDS.index(kind) for kind in ("login", "feature_used", "integration_call"))
STAFF_NUMBER = 900_001  # above the number of any person of a block of accounts
LAG_SECONDS = 30  # until an event of theirs is known
WORKING_DAYS = 21  # of a month
OPENS, OPEN_SECONDS, VISIT_SECONDS = 8 * 3600, 8 * 3600, 1800  # staff work from 8 to 16 o'clock UTC


def with_bots(books: Books, chronicle: Chronicle, *, share: float, hours: int, random: np.random.Generator) -> Books:
    """Let programs use the product under a user of their own.

    Parameters
    ----------
    books : Books
        What people did.
    chronicle : Chronicle
        The world as it ran.
    share : float
        Of accounts, with one bot each from some day on.
    hours : int
        From one call to the next; the first of a day comes with a login.
    random : Generator
        Where chance comes from.

    Returns
    -------
    Books
        With their users and events behind the others.
    """
    start, end = chronicle.population.start_day, chronicle.end_day
    chosen, when, offset = (random.random(len(start)) for _ in range(3))
    invited = start + (when * (end - start)).astype(np.int64)
    account = np.flatnonzero((chosen < share) & (invited + 1 < end))
    person = len(books.user_ids) + np.arange(len(account))
    number = books.population.first_number + 1 + person
    users = pd.DataFrame(
        {
            "account": account,
            "person": person,
            "role": "member",
            "created_at": moments(invited[account], (1400 * offset[account]).astype(np.int64)),
            "recorded_at": moments(invited[account], (1400 * offset[account]).astype(np.int64) + 3),
            "last_day": end[account],
        }
    )
    days = (end - invited - 1)[account]
    who = np.repeat(np.arange(len(account)), days)
    day = np.repeat(invited[account] + 1, days) + np.arange(len(who)) - np.repeat(np.cumsum(days) - days, days)
    turns = np.arange(0, 24, hours)
    at = day[:, None] * DAY_SECONDS + turns * 3600 + (offset[account] * hours * 3600).astype(np.int64)[who][:, None]
    first = np.maximum(at[:, :1] - 2, day[:, None] * DAY_SECONDS)
    occurred = np.hstack([first, at])
    kind = np.broadcast_to(np.r_[LOGIN, np.full(len(turns), CALL)], occurred.shape)
    called = feature_names(chronicle.prices).index(CALLS)
    visits = np.broadcast_to(np.arange(len(who))[:, None], occurred.shape).ravel()
    fresh = _done(account[who][visits], person[who][visits], visits, kind.ravel(), occurred.ravel())
    fresh["feature"] = np.where(fresh["kind"] == CALL, called, -1)
    return _added(books, users, fresh, [f"u{one:06d}" for one in number])


def with_test_users(
    books: Books,
    chronicle: Chronicle,
    *,
    share: float,
    each: int,
    staff: int,
    days: float,
    features: float,
    random: np.random.Generator,
) -> Books:
    """Let the vendor's own staff show up in customers' accounts.

    Parameters
    ----------
    books : Books
        What people did.
    chronicle : Chronicle
        The world as it ran.
    share : float
        Of accounts.
    each : int
        How many of the staff come to such an account.
    staff : int
        How many there are in all, the same in all blocks.
    days : float
        On how many working days a month each of them comes.
    features : float
        Mean number of features that one tries on a day.
    random : Generator
        Where chance comes from.

    Returns
    -------
    Books
        With their users and events behind the others.
    """
    start, end = chronicle.population.start_day, chronicle.end_day
    chosen = np.flatnonzero(random.random(len(start)) < share)
    each = min(each, staff)
    accounts, people, visited = [], [], []
    for one in chosen:
        span = np.arange(start[one] + 1, end[one])
        span = span[weekday(span) < 5]
        for member in random.permutation(staff)[:each]:
            there = span[random.random(len(span)) < days / WORKING_DAYS]
            accounts.append(np.full(len(there), one))
            people.append(np.full(len(there), member))
            visited.append(there)
    account, staff_number, day = (
        np.concatenate([np.zeros(0, np.int64), *parts]) for parts in (accounts, people, visited)
    )
    person = len(books.user_ids) + staff_number
    tried = random.poisson(features, len(day))
    begins = day * DAY_SECONDS + OPENS + (random.random(len(day)) * OPEN_SECONDS).astype(np.int64)
    visit = np.repeat(np.arange(len(day)), 1 + tried)
    login = np.r_[True, visit[1:] != visit[:-1]][: len(visit)]
    later = (random.random(len(visit)) * VISIT_SECONDS).astype(np.int64)
    occurred = begins[visit] + np.where(login, 0, later)
    fresh = _done(account[visit], person[visit], visit, np.where(login, LOGIN, FEATURE_USED), occurred)
    which = random.integers(len(feature_names(chronicle.prices)), size=len(visit))
    fresh["feature"] = np.where(login, -1, which)
    visits = pd.DataFrame({"account": account, "person": person, "day": day})
    first = visits.groupby(["account", "person"], as_index=False).agg({"day": "min"})
    users = pd.DataFrame(
        {
            "account": first["account"],
            "person": first["person"],
            "role": "member",
            "created_at": moments(first["day"].to_numpy(), np.full(len(first), 7 * 60)),
            "recorded_at": moments(first["day"].to_numpy(), np.full(len(first), 7 * 60 + 3)),
            "last_day": end[first["account"].to_numpy()],
        }
    )
    return _added(books, users, fresh, [f"u{STAFF_NUMBER + one:06d}" for one in range(staff)])


def _done(account: Ints, person: Ints, visit: Ints, kind: Ints, occurred: Ints) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account": account,
            "person": person,
            "session": visit,
            "kind": kind,
            "feature": -1,
            "occurred": occurred,
            "recorded": occurred + LAG_SECONDS,
        }
    )


def _added(books: Books, users: pd.DataFrame, fresh: pd.DataFrame, ids: list[str]) -> Books:
    """Append users and events; what was there keeps its numbers."""
    if not len(users):
        return books
    events = books.events
    fresh["session"] += int(events["session"].max()) + 1 if len(events) else 0
    fresh.insert(0, "number", np.arange(len(fresh)) + (int(events["number"].max()) + 1 if len(events) else 0))
    together = pd.concat([books.users, users]).sort_values("account", kind="stable", ignore_index=True)
    return replace(
        books,
        users=together,
        user_ids=[*books.user_ids, *ids],
        events=pd.concat([events, fresh[list(events.columns)]], ignore_index=True),
    )
