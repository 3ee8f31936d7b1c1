"""What meters, milestones, tickets, surveys, outreach and the account's own row can be asked."""

from __future__ import annotations

from uptier.signals.asking import Asking
from uptier.signals.question import PLAN, Number, Question


class RecordMeasures(Asking):
    """Questions about what was recorded of an account beside usage and contract."""

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
