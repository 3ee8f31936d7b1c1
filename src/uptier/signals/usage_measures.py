"""What usage can be asked."""

from __future__ import annotations

from uptier.signals.asking import recorded
from uptier.signals.contract_measures import ContractMeasures
from uptier.signals.question import WORKING, Number, Question


class UsageMeasures(ContractMeasures):
    """Questions about events, features, days and users; billing periods are facts of the contract."""

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
            Question(plan="usage", what="events", kinds=kinds, last=last, before=before), "usage", *recorded(kinds)
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
            Question(plan="usage", what="features", kinds=kinds, last=last), "usage", "feature", *recorded(kinds)
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
        return self._ask(Question(plan="usage_last", what="days_since_last", kinds=kinds), "usage", *recorded(kinds))

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
            Question(plan="usage_days", what="days_with", kinds=kinds, last=last), "usage", *recorded(kinds)
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
