"""What an account's past can be asked; all questions are collected first and answered together.

Calling a method of :class:`Measures` notes the question and gives a placeholder, which signals combine freely.
`uptier.signals.plans` then answers all questions with one pass over each source table. Measures are whole numbers
(money in hundredths), so that they are the same on any number of threads; ratios are formed last, by the signals.

A window of ``last=28, before=28`` is the 28 days that ended 28 days before the as-of date.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import ibis
from ibis.common.deferred import Deferred

from uptier.settings import Thresholds
from uptier.tables.clean import KIND

Number: TypeAlias = Deferred

GATE_KINDS = ("gate_hit", "upgrade_prompt", "trial_use", "limit_error")
MINOR_UNITS = 100

MAX_PERIODS = 6  # billing periods that are looked back on
WORKING_DAYS = 20  # in 28 days
PLAN = "plan_id"  # the answer to which plan is held
WORKING = "working"  # days from Monday to Friday


@dataclass(frozen=True, kw_only=True)
class Question:
    """One thing that is asked of the past.

    Attributes
    ----------
    plan : str
        The group of questions that one pass answers.
    what : str
        What is asked.
    kinds : tuple of str
        Kinds of usage events; empty for all.
    last : int
        Length of the window, days; 0 for all time.
    before : int
        Days between the end of the window and the as-of date.
    period : int
        Billing period, 1 for the last complete one; 0 for none.
    name : str
        Anything else that tells it apart: a column, a role, a milestone.
    factor : float
        Times the average, for power users.
    least : int
        A floor, for power users.
    words : tuple of str
        Words of which a text holds at least one; empty for any text.
    """

    plan: str
    what: str
    kinds: tuple[str, ...] = ()
    last: int = 0
    before: int = 0
    period: int = 0
    name: str = ""
    factor: float = 0.0
    least: int = 0
    words: tuple[str, ...] = ()

    @property
    def column(self) -> str:
        """The name of its answer's column."""
        parts = [self.what, self.name, *self.kinds]
        parts += [
            f"{short}{value:g}"
            for short, value in (
                ("last", self.last),
                ("before", self.before),
                ("period", self.period),
                ("factor", self.factor),
                ("least", self.least),
            )
            if value
        ]
        return "_".join(part for part in parts if part)


@dataclass
class Measures:
    """The questions that signals may ask.

    Attributes
    ----------
    has : callable
        Says whether the project has a table with certain columns.
    thresholds : Thresholds
        Where triggers fire, for signals that count against one.
    asked : dict
        The questions so far, by column.
    lacking : set of str
        Tables and columns that the present signal asked for and the project lacks; emptied before each signal.
    unanswerable : set of str
        Columns of the questions that the project's tables cannot answer.
    """

    has: Callable[[str, tuple[str, ...]], bool]
    thresholds: Thresholds
    asked: dict[str, Question] = field(default_factory=dict)
    lacking: set[str] = field(default_factory=set)
    unanswerable: set[str] = field(default_factory=set)

    # usage ---------------------------------------------------------------------------------------------------------

    def events(self, *kinds: str, last: int, before: int = 0) -> Number:
        """Count usage events.

        Parameters
        ----------
        *kinds : str
            Which; all if none is named.
        last : int
            Length of the window, days.
        before : int
            Days between the window and the as-of date.

        Returns
        -------
        Number
            Events; 0 where there are none.
        """
        return self._ask(
            Question(plan="usage", what="events", kinds=kinds, last=last, before=before), "usage", *_recorded(kinds)
        )

    def features(self, *kinds: str, last: int) -> Number:
        """Count the distinct features that were touched.

        Parameters
        ----------
        *kinds : str
            By which events; all if none is named.
        last : int
            Length of the window, days.

        Returns
        -------
        Number
            Features; 0 where there are none.
        """
        return self._ask(
            Question(plan="usage", what="features", kinds=kinds, last=last), "usage", "feature", *_recorded(kinds)
        )

    def days_since_last(self, *kinds: str) -> Number:
        """Count the days since the latest event.

        Parameters
        ----------
        *kinds : str
            Which; all if none is named.

        Returns
        -------
        Number
            Days, 1 or more; null if there was none within 366 days.
        """
        return self._ask(Question(plan="usage_last", what="days_since_last", kinds=kinds), "usage", *_recorded(kinds))

    def days_with(self, *kinds: str, last: int) -> Number:
        """Count the days on which something happened.

        Parameters
        ----------
        *kinds : str
            Which events; all if none is named.
        last : int
            Length of the window, days.

        Returns
        -------
        Number
            Days; 0 where there are none.
        """
        return self._ask(
            Question(plan="usage_days", what="days_with", kinds=kinds, last=last), "usage", *_recorded(kinds)
        )

    def peak_daily_users(self, *, last: int, before: int = 0) -> Number:
        """Give the most users seen on one day.

        Parameters
        ----------
        last : int
            Length of the window, days.
        before : int
            Days between the window and the as-of date.

        Returns
        -------
        Number
            Users; 0 where there are none.
        """
        return self._ask(Question(plan="usage_days", what="peak_daily_users", last=last, before=before), *self._daily())

    def peak_daily_users_in_period(self, period: int) -> Number:
        """Give the most users seen on one day of a billing period.

        Parameters
        ----------
        period : int
            1 for the last complete period, 2 for the one before it, up to `MAX_PERIODS`.

        Returns
        -------
        Number
            Users; null where the period began before the subscription.
        """
        asked = Question(plan="usage_days", what="peak_daily_users", period=period)
        return self._ask_with_periods(asked, *self._daily())

    def user_days(self, *, last: int, before: int = 0, working: bool = False) -> Number:
        """Count pairs of a user and a day on which that user was active.

        Parameters
        ----------
        last : int
            Length of the window, days.
        before : int
            Days between the window and the as-of date.
        working : bool
            Only days from Monday to Friday.

        Returns
        -------
        Number
            User-days; 0 where there are none.
        """
        name = WORKING if working else ""
        asked = Question(plan="usage_days", what="user_days", name=name, last=last, before=before)
        return self._ask(asked, *self._daily())

    def active_users(self, *, last: int, before: int = 0) -> Number:
        """Count distinct users.

        Parameters
        ----------
        last : int
            Length of the window, days.
        before : int
            Days between the window and the as-of date.

        Returns
        -------
        Number
            Users; 0 where there are none. Not available from daily usage, which does not tell users apart.
        """
        return self._ask_users(Question(plan="usage_users", what="active_users", last=last, before=before))

    def active_users_in_period(self, period: int) -> Number:
        """Count distinct users in a billing period.

        Parameters
        ----------
        period : int
            1 for the last complete period, 2 for the one before it, up to `MAX_PERIODS`.

        Returns
        -------
        Number
            Users; null where the period began before the subscription.
        """
        asked = Question(plan="usage_users", what="active_users", period=period)
        return self._ask_with_periods(asked, "usage_events", "user_id")

    def power_users(self, *, last: int, before: int = 0) -> Number:
        """Count users who are active on far more days than their account's average user.

        Parameters
        ----------
        last : int
            Length of the window, days.
        before : int
            Days between the window and the as-of date.

        Returns
        -------
        Number
            Users with at least `thresholds.power_user_days` active days and `thresholds.power_user_factor` times the
            account's mean of active days per active user.
        """
        return self._ask_users(
            Question(
                plan="usage_users",
                what="power_users",
                last=last,
                before=before,
                factor=self.thresholds.power_user_factor,
                least=self.thresholds.power_user_days,
            )
        )

    def busiest_user_days(self, *, last: int) -> Number:
        """Give the active days of the account's most active user.

        Parameters
        ----------
        last : int
            Length of the window, days.

        Returns
        -------
        Number
            Days; 0 where nobody was active.
        """
        return self._ask_users(Question(plan="usage_users", what="busiest_user_days", last=last))

    def busiest_user_events(self, *, last: int) -> Number:
        """Give the events of the account's busiest user.

        Parameters
        ----------
        last : int
            Length of the window, days.

        Returns
        -------
        Number
            Events; 0 where nobody was active.
        """
        return self._ask_users(Question(plan="usage_users", what="busiest_user_events", last=last))

    def days_of_role(self, *roles: str, last: int) -> Number:
        """Count the active days of the most active user in one of some roles.

        Parameters
        ----------
        *roles : str
            ``champion``, ``executive``, ...
        last : int
            Length of the window, days.

        Returns
        -------
        Number
            Days; 0 where none was active.
        """
        asked = Question(plan="usage_users", what="days_of_role", kinds=roles, last=last)
        if not self._note("usage_events", "user_id"):
            self.unanswerable.add(asked.column)
        return self._ask(asked, "users", "role")

    # commerce ------------------------------------------------------------------------------------------------------

    def seats(self, *, before: int = 0) -> Number:
        """Give the licensed seats.

        Parameters
        ----------
        before : int
            How many days before the as-of date, as known at the as-of date.

        Returns
        -------
        Number
            Seats over all subscriptions; null without one.
        """
        return self._subscribed("seats", before, "seats")

    def mrr(self, *, before: int = 0) -> Number:
        """Give the monthly recurring revenue.

        Parameters
        ----------
        before : int
            How many days before the as-of date.

        Returns
        -------
        Number
            Hundredths of the account currency per month over all subscriptions; null without one.
        """
        return self._subscribed("mrr", before, "mrr")

    def tier(self, *, before: int = 0) -> Number:
        """Give the place of the highest plan held in the order of plans.

        Parameters
        ----------
        before : int
            How many days before the as-of date.

        Returns
        -------
        Number
            1 for the lowest plan; null if it is not known.
        """
        self._ask(Question(plan="subscriptions", what="tier_rank", before=before), "plans")
        return self._subscribed("tier_rank", before, "plan_id")

    def plan(self) -> Number:
        """Give the highest plan held.

        Returns
        -------
        Number
            The plan's id, as text.
        """
        return self._subscribed("plan_id", 0, "plan_id")

    def plan_fact(self, fact: str) -> Number:
        """Give a fact of the highest plan held.

        Parameters
        ----------
        fact : str
            ``price``, ``next_price`` (hundredths per month), ``next_seats``, ``features``, ``next_new_features``.

        Returns
        -------
        Number
            Null on the highest plan for facts of the next one.
        """
        asked = Question(plan="subscriptions", what="plan", name=fact)
        self._ask(asked, "subscriptions", "plan_id")
        if "features" in fact:
            self._ask(asked, "plan_features")
        return self._ask(asked, "plans")

    def billing_months(self) -> Number:
        """Give how many months are billed at a time.

        Returns
        -------
        Number
            Months.
        """
        return self._subscribed("billing_period_months", 0, "billing_period_months")

    def days_until_term_end(self) -> Number:
        """Count the days until the first term ends that was agreed on.

        Returns
        -------
        Number
            Days; null without a term.
        """
        return self._subscribed("days_until_term_end", 0, "term_end")

    def tenure_days(self) -> Number:
        """Count the days since the account's first subscription.

        Returns
        -------
        Number
            Days, 1 or more.
        """
        return self._subscribed("tenure_days", 0)

    def addons(self, *, before: int = 0) -> Number:
        """Count the add-ons held.

        Parameters
        ----------
        before : int
            How many days before the as-of date.

        Returns
        -------
        Number
            Add-ons.
        """
        return self._ask(Question(plan="addons", what="addons", before=before), "addons")

    # the rest ------------------------------------------------------------------------------------------------------

    def meter(self, fact: str, *, least: float = 0.0) -> Number:
        """Give a fact over all of an account's meters.

        Parameters
        ----------
        fact : str
            ``highest_utilisation`` (share), ``above`` (meters at or above `least`), ``days_until_exhausted``.
        least : float
            A share, for ``above``.

        Returns
        -------
        Number
            Null where no meter has a quota.
        """
        if self.has("plan_quotas", ()) and self.has("subscriptions", ("plan_id",)):
            self._ask(Question(plan="subscriptions", what=PLAN), "subscriptions")
        return self._ask(Question(plan="meters", what="meter", name=fact, factor=least), "meter_readings")

    def milestones(self) -> Number:
        """Count the milestones reached.

        Returns
        -------
        Number
            Milestones.
        """
        return self._ask(Question(plan="milestones", what="milestones"), "milestones")

    def days_since_milestone(self) -> Number:
        """Count the days since the latest milestone.

        Returns
        -------
        Number
            Days, 1 or more; null before the first.
        """
        return self._ask(Question(plan="milestones", what="days_since_milestone"), "milestones")

    def days_since_first_value(self) -> Number:
        """Count the days since the account's first milestone.

        Returns
        -------
        Number
            Days, 1 or more; null before it.
        """
        return self._ask(Question(plan="milestones", what="days_since_first"), "milestones")

    def tickets(self, *, last: int) -> Number:
        """Count the tickets opened.

        Parameters
        ----------
        last : int
            Length of the window, days.

        Returns
        -------
        Number
            Tickets.
        """
        return self._ask(Question(plan="tickets", what="tickets", last=last), "tickets")

    def gaps_named(self, *, last: int) -> Number:
        """Count the tickets that name a gap.

        Parameters
        ----------
        last : int
            Length of the window, days.

        Returns
        -------
        Number
            Tickets whose text holds one of `thresholds.gap_words`.
        """
        words = self.thresholds.gap_words
        asked = Question(plan="tickets", what="tickets", name="naming_gap", last=last, words=words)
        return self._ask(asked, "tickets", "text")

    def days_since_gap_named(self) -> Number:
        """Count the days since a ticket last named a gap.

        Returns
        -------
        Number
            Days, 1 or more; null if none did within 366 days.
        """
        words = self.thresholds.gap_words
        asked = Question(plan="tickets", what="days_since_ticket", name="naming_gap", words=words)
        return self._ask(asked, "tickets", "text")

    def open_tickets(self) -> Number:
        """Count the tickets that are open.

        Returns
        -------
        Number
            Tickets opened within 366 days of which no end is known.
        """
        return self._ask(Question(plan="tickets", what="open_tickets"), "tickets", "closed_at")

    def nps(self) -> Number:
        """Give the latest answer to how likely the customer is to recommend.

        Returns
        -------
        Number
            0 to 10, the lowest of a day with several answers; null if none came within 366 days.
        """
        return self._ask(Question(plan="surveys", what="nps"), "survey_responses", "nps")

    def account(self, column: str) -> Number:
        """Give a fact about the account.

        Parameters
        ----------
        column : str
            A column of the table `accounts`.

        Returns
        -------
        Number
            As text; null where the project does not say since when an overwritten column holds.
        """
        return self._ask(Question(plan="accounts", what="account", name=column), "accounts", column)

    # ---------------------------------------------------------------------------------------------------------------

    def _subscribed(self, what: str, before: int, *columns: str) -> Number:
        # a table of today alone knows nothing of earlier
        needs = (*columns, "valid_from") if before or what == "tenure_days" else columns
        return self._ask(Question(plan="subscriptions", what=what, before=before), "subscriptions", *needs)

    def _daily(self) -> tuple[str, ...]:
        if self.has("usage_events", ()):
            return ("usage_events", "user_id")
        return ("usage_daily", "day_users" if self.has("usage_daily", ("day_users",)) else "users")

    def _ask_users(self, asked: Question) -> Number:
        return self._ask(asked, "usage_events", "user_id")

    def _ask_with_periods(self, asked: Question, table: str, *columns: str) -> Number:
        # the bounds of billing periods are facts of the subscription
        for period in range(asked.period + 1):
            self._subscribed_period(period)
        if not self.has("subscriptions", ("valid_from",)):
            self.unanswerable.add(asked.column)
        return self._ask(asked, table, *columns)

    def _subscribed_period(self, period: int) -> None:
        asked = Question(plan="subscriptions", what="period_age", name=str(period))
        self._ask(asked, "subscriptions", "valid_from")

    def _note(self, table: str, *columns: str) -> bool:
        if self.has(table, columns):
            return True
        self.lacking.add(table if not self.has(table, ()) else f"{table} ({', '.join(columns)})")
        return False

    def _ask(self, asked: Question, table: str, *columns: str) -> Number:
        if not self._note(table, *columns):
            self.unanswerable.add(asked.column)
        self.asked[asked.column] = asked
        placeholder: Number = ibis._[asked.column]
        return placeholder


def _recorded(kinds: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{KIND}{kind}" for kind in kinds)


def ratio(part: Number, whole: Number) -> Number:
    """Divide, giving null where there is nothing to divide by.

    Parameters
    ----------
    part : Number
        What is divided.
    whole : Number
        What it is divided by.

    Returns
    -------
    Number
        A float; null where `whole` is 0 or null. Engines disagree on division by zero, so it never happens.
    """
    result: Number = part / whole.nullif(0)
    return result


def growth(now: Number, earlier: Number) -> Number:
    """Give the change as a share of what was there.

    Parameters
    ----------
    now : Number
        The later value.
    earlier : Number
        The earlier value.

    Returns
    -------
    Number
        0.2 for a growth of 20 %; null where nothing was there.
    """
    result: Number = (now - earlier) / earlier.nullif(0)
    return result
