"""What the people behind usage can be asked, told apart and beside each other."""

from __future__ import annotations

from uptier.signals.asking import Asking
from uptier.signals.question import Number, Question


class UserMeasures(Asking):
    """Questions about users: how many, how active, far above the others, and in which role."""

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

    def power_users(self, way: str = "power", *, last: int, before: int = 0) -> Number:
        """Count users who stand far above the rest of their account.

        Parameters
        ----------
        way : str
            ``frequent`` in active days, ``broad`` in features used, ``deep`` in events on a day of work; ``power``, the
            default, in at least one of these.
        last : int
            Length of the window, days.
        before : int
            Days between the window and the as-of date.

        Returns
        -------
        Number
            Users with `thresholds.power_user_factor` times the account's mean over its active users, as far above its
            upper quartile as `power_user_spread` times the distance between its quartiles, and no fewer than
            `power_user_days`, `power_user_features` or, for depth, `deep_user_days` active days.
        """
        return self._ask_power(f"{way}_users", last=last, before=before)

    def emerged_power_users(self, *, last: int) -> Number:
        """Count power users who were none in the window before.

        Parameters
        ----------
        last : int
            Length of each of the two windows, days.

        Returns
        -------
        Number
            Users.
        """
        return self._ask_power("emerged_users", last=last)

    def days_since_power_user_emerged(self, *, last: int) -> Number:
        """Count the days since the latest power user emerged.

        Parameters
        ----------
        last : int
            Length of each of the two windows, days.

        Returns
        -------
        Number
            Days since the first active day, in the window, of the power user who began last; null where none emerged.
        """
        return self._ask_power("days_since_emerged", last=last)

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
        return self._ask_role(Question(plan="usage_users", what="days_of_role", kinds=roles, last=last))

    def days_since_role(self, *roles: str, last: int) -> Number:
        """Count the days since somebody in one of some roles was active.

        Parameters
        ----------
        *roles : str
            ``champion``, ``executive``, ...
        last : int
            How far back to look, days.

        Returns
        -------
        Number
            Days, 1 or more; null where none was active in that time.
        """
        return self._ask_role(Question(plan="usage_users", what="days_since_role", kinds=roles, last=last))

    def _ask_power(self, what: str, *, last: int, before: int = 0) -> Number:
        # only people who used features can be broader than others in it, so features need not be there
        return self._ask_users(
            Question(
                plan="usage_users",
                what=what,
                last=last,
                before=before,
                factor=self.thresholds.power_user_factor,
                name="_".join(
                    f"{limit:g}"
                    for limit in (
                        self.thresholds.power_user_spread,
                        self.thresholds.power_user_days,
                        self.thresholds.power_user_features,
                        self.thresholds.deep_user_days,
                    )
                ),
            )
        )

    def _ask_role(self, asked: Question) -> Number:
        if not self._note("usage_events", "user_id"):
            self.unanswerable.add(asked.column)
        return self._ask(asked, "users", "role")

    def _ask_users(self, asked: Question) -> Number:
        return self._ask(asked, "usage_events", "user_id")
