"""Accounts that become part of another: from that day on all that was theirs is the other's, add-ons aside.

What had happened before stays where it was. Add-ons are not taken over: they end on the day. Truth cannot speak of
either from then on: the world goes on deciding for each of them, but what is written down is about both together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from uptier.simulate.books import NEVER, Books, day_numbers
from uptier.simulate.chain import Bools
from uptier.simulate.commerce import Chronicle
from uptier.simulate.looks import without
from uptier.simulate.timeline import Ints, moments, office_minutes
from uptier.simulate.usage import DAY_SECONDS

Moments = npt.NDArray[np.datetime64]

SUFFIX = "m"  # of the id under which an absorbed subscription goes on
HAPPENED = {  # the column that says when a row happened
    "tickets": "opened_at",
    "survey_responses": "answered_at",
    "milestones": "reached_at",
    "outreach": "contacted_at",
    "opportunities": "entered_at",
    "meter_readings": "read_at",
}


@dataclass(frozen=True, eq=False)
class Mergers:
    """Who is absorbed by whom; arrays of shape (n_accounts,).

    Attributes
    ----------
    into : ndarray of int
        The absorbing account; the account itself where it is not absorbed.
    day : ndarray of int
        From which day on; :data:`uptier.simulate.books.NEVER` where it is not.
    minute : ndarray of int
        When on that day it is written down.
    """

    into: Ints
    day: Ints
    minute: Ints

    def __len__(self) -> int:
        return int((self.day < NEVER).sum())

    def owner(self, account: Ints, day: Ints) -> Ints:
        """Say whose rows are.

        Parameters
        ----------
        account : ndarray of int, shape (n,)
            Whose they would be without mergers.
        day : ndarray of int, shape (n,)
            When they happened.

        Returns
        -------
        ndarray of int, shape (n,)
            Numbers of accounts.
        """
        return np.where(day >= self.day[account], self.into[account], account)


def draw_mergers(chronicle: Chronicle, *, share: float, fewest_days: int, random: np.random.Generator) -> Mergers:
    """Draw who is absorbed by whom.

    Parameters
    ----------
    chronicle : Chronicle
        The world as it ran.
    share : float
        Of accounts, absorbed by another that nothing of the kind happens to.
    fewest_days : int
        For how long both must be customers at the same time.
    random : Generator
        Where chance comes from.

    Returns
    -------
    Mergers
        On days on which both are customers, and were the day before.
    """
    start, end = chronicle.population.start_day, chronicle.end_day
    count = len(start)
    chosen, when = random.random(count) < share, random.random(count)
    partners = random.permutation(count)
    minute = office_minutes(random, count)
    into, day = np.arange(count), np.full(count, NEVER)
    free = ~chosen
    for one in np.flatnonzero(chosen):
        begins = np.maximum(start[one], start[partners]) + 1
        days = np.minimum(end[one], end[partners]) - begins
        fit = np.flatnonzero(free[partners] & (days >= fewest_days))
        if len(fit):
            into[one] = partners[fit[0]]
            day[one] = begins[fit[0]] + int(when[one] * days[fit[0]])
            free[into[one]] = False
    return Mergers(into, day, minute)


def merged(books: Books, chronicle: Chronicle, mergers: Mergers) -> Books:
    """Write the rows of absorbed accounts under the absorbing ones.

    Parameters
    ----------
    books : Books
        What was written down.
    chronicle : Chronicle
        The world as it ran.
    mergers : Mergers
        Who is absorbed by whom.

    Returns
    -------
    Books
        Without the looks that mergers reach.
    """
    if not len(mergers):
        return books
    events = books.events
    account = mergers.owner(events["account"].to_numpy(), events["occurred"].to_numpy() // DAY_SECONDS)
    tables = dict(books.tables)
    for name, happened in HAPPENED.items():
        rows = tables[name]
        tables[name] = rows.assign(account=mergers.owner(rows["account"].to_numpy(), day_numbers(rows[happened])))
    # both meters were read at the same moments: what is used and what is allowed adds up
    by_reading = tables["meter_readings"].groupby(["account", "meter", "read_at"], as_index=False)
    meters = by_reading.agg({"value": "sum", "quota": "sum", "recorded_at": "max"})
    tables["meter_readings"] = meters.round({"value": 1})
    milestones = tables["milestones"].sort_values(["account", "reached_at", "milestone"], kind="stable")
    tables["milestones"] = milestones.drop_duplicates(["account", "milestone", "reached_at"], ignore_index=True)
    tables["subscriptions"] = _subscriptions(tables["subscriptions"], mergers)
    tables["addons"] = _addons(tables["addons"], mergers)
    return replace(
        books,
        users=_users(books.users, mergers),
        events=events.assign(account=account),
        tables=tables,
        looks=without(books.looks, chronicle.timeline.first_day, _days(chronicle, mergers)),
    )


def _days(chronicle: Chronicle, mergers: Mergers) -> dict[str, int]:
    """The day of the merger of each account that takes part in one."""
    ids = chronicle.population.ids
    absorbed = np.flatnonzero(mergers.day < NEVER)
    return {ids[side]: int(mergers.day[one]) for one in absorbed for side in (one, mergers.into[one])}


def _subscriptions(rows: pd.DataFrame, mergers: Mergers) -> pd.DataFrame:
    """The subscription ends, and one with the same terms begins under another id."""
    before, cut, after, day, known = _cut(rows, mergers)
    later = pd.concat([rows[cut].assign(valid_from=day[cut]), rows[after]])
    on, at = (np.concatenate([times[cut], times[after]]) for times in (day, known))
    at_once = (later["valid_from"] == on).to_numpy()
    later = later.assign(
        subscription_id=later["subscription_id"] + SUFFIX,
        account=mergers.into[later["account"].to_numpy()],
        recorded_at=np.where(at_once, at, later["recorded_at"]),
        change_reason=later["change_reason"].mask(at_once, "merge"),
    )
    # what the absorbed account still had on the day ends on it
    ends = cut | (before & (rows["valid_to"] == day).to_numpy())
    first = rows.assign(
        valid_to=rows["valid_to"].mask(ends, day),
        end_recorded_at=rows["end_recorded_at"].mask(ends, known),
        end_reason=rows["end_reason"].mask(ends, "merged"),
    )[~after]
    together = pd.concat([first, later])
    return together.sort_values(["account", "subscription_id", "valid_from"], kind="stable", ignore_index=True)


def _addons(rows: pd.DataFrame, mergers: Mergers) -> pd.DataFrame:
    """Add-ons are not taken over, they end with the subscription.

    The contract gives them no reason, so that one which went on would look as if the absorbing account had bought it.
    What is bought later is really bought; what both bought on the same day is there once.
    """
    _, cut, after, day, known = _cut(rows, mergers)
    account = rows["account"].to_numpy()
    together = rows.assign(
        account=np.where(after, mergers.into[account], account),
        valid_to=rows["valid_to"].mask(cut, day),
        end_recorded_at=rows["end_recorded_at"].mask(cut, known),
    )
    return together.drop_duplicates(["account", "addon_id", "valid_from"], ignore_index=True)


def _cut(rows: pd.DataFrame, mergers: Mergers) -> tuple[Bools, Bools, Bools, Moments, Moments]:
    """Which rows of absorbed accounts begin before the day, run through it, begin on it or later; the day, and when."""
    account = rows["account"].to_numpy()
    begins, ends = day_numbers(rows["valid_from"]), day_numbers(rows["valid_to"])
    day = mergers.day[account]
    before, after = (begins < day) & (day < NEVER), begins >= day
    known_day = np.where(day < NEVER, day, 0)
    return before, before & (ends > day), after, moments(known_day), moments(known_day, mergers.minute[account])


def _users(users: pd.DataFrame, mergers: Mergers) -> pd.DataFrame:
    """Whoever is still there on the day is invited by the absorbing account too; whoever comes later, by it alone."""
    account = users["account"].to_numpy()
    owner = mergers.owner(account, day_numbers(users["created_at"]))
    day = mergers.day[account]
    stays = (owner == account) & (day < NEVER) & (users["last_day"].to_numpy() > day)
    again = users[stays]
    again = again.assign(
        account=mergers.into[account[stays]],
        created_at=moments(day[stays]),
        recorded_at=moments(day[stays], mergers.minute[account[stays]]),
    )
    together = pd.concat([users.assign(account=owner), again]).sort_values("account", kind="stable")
    # the vendor's staff may have been in both
    one_each: pd.DataFrame = together.drop_duplicates(["account", "person"], ignore_index=True)
    return one_each
