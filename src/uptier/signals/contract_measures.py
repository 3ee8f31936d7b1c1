"""What subscriptions, the price list and add-ons can be asked."""

from __future__ import annotations

from uptier.signals.asking import Asking
from uptier.signals.question import Number, Question


class ContractMeasures(Asking):
    """Questions about what an account holds, pays and is bound to."""

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

    def upsells(self) -> Number:
        """Count the days on which the account bought more: seats, a higher plan or an add-on.

        Returns
        -------
        Number
            Days; 0 where there are none.
        """
        return self._upsold("upsells")

    def days_since_upsell(self) -> Number:
        """Count the days since the account last bought more.

        Returns
        -------
        Number
            Days, 1 or more; null if it never did.
        """
        return self._upsold("days_since_upsell")

    def setbacks_after_upsell(self, *, within: int) -> Number:
        """Count the days on which the account left or gave something up soon after it had bought more.

        Parameters
        ----------
        within : int
            Days after an upsell.

        Returns
        -------
        Number
            Days; 0 where there are none.
        """
        return self._upsold("setbacks", within)

    def _upsold(self, what: str, last: int = 0) -> Number:
        asked = Question(plan="upsells", what=what, last=last)
        sees_tiers = self.has("plans", ()) and self.has("subscriptions", ("plan_id",))
        if not (sees_tiers or self.has("addons", ())) and not self._note("subscriptions", "seats"):
            self.unanswerable.add(asked.column)
        return self._ask(asked, "subscriptions", "valid_from")

    def _subscribed(self, what: str, before: int, *columns: str) -> Number:
        # a table of today alone knows nothing of earlier
        needs = (*columns, "valid_from") if before or what == "tenure_days" else columns
        return self._ask(Question(plan="subscriptions", what=what, before=before), "subscriptions", *needs)

    def _subscribed_period(self, period: int) -> None:
        asked = Question(plan="subscriptions", what="period_age", name=str(period))
        self._ask(asked, "subscriptions", "valid_from")
