"""What meters, milestones and the account's own row can be asked, beside what people say and who they are."""

from __future__ import annotations

from uptier.signals.people_measures import PeopleMeasures
from uptier.signals.question import PLAN, Number, Question
from uptier.signals.voice_measures import VoiceMeasures


class RecordMeasures(VoiceMeasures, PeopleMeasures):
    """Questions about what was recorded of an account beside usage and contract."""

    def meter(self, fact: str, *, least: float = 0.0, within: int = 0) -> Number:
        """Give a fact over all of an account's meters.

        Parameters
        ----------
        fact : str
            ``highest_utilisation`` (share), ``above`` (meters at or above `least`), ``days_until_exhausted``,
            ``running_out`` (meters used up within `within` days), ``growth`` (share of its quota that the fullest
            gained in 28 days), ``days_over`` (days of the last `within` on which the meter that was over its quota
            most often was), ``days_near`` (days since when the fullest has been at or above `least`).
        least : float
            A share, for ``above`` and ``days_near``.
        within : int
            Days, for ``running_out`` and ``days_over``.

        Returns
        -------
        Number
            Null where no meter has a quota.
        """
        return self._metered(Question(plan="meters", what="meter", name=fact, factor=least, last=within))

    def meter_name(self, which: str) -> Number:
        """Name one of an account's meters.

        Parameters
        ----------
        which : str
            ``fullest``, or ``first_to_run_out``.

        Returns
        -------
        Number
            Text, the first by name of several alike; null where no meter has a quota, or none runs out in sight.
        """
        return self._metered(Question(plan="meters", what="meter_name", name=which))

    def milestones(self, *, last: int = 0) -> Number:
        """Count the milestones reached.

        Parameters
        ----------
        last : int
            Length of the window, days; 0 for all time.

        Returns
        -------
        Number
            Milestones.
        """
        return self._ask(Question(plan="milestones", what="milestones", last=last), "milestones")

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

    def days_since_implementation(self) -> Number:
        """Count the days since the first of the milestones that say that the product is set up.

        Returns
        -------
        Number
            Days, 1 or more; null before it, and where none of `thresholds.implementation_milestones` is recorded.
        """
        names = self.thresholds.implementation_milestones
        return self._ask(Question(plan="milestones", what="days_since_set_up", words=names), "milestones")

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

    def _metered(self, asked: Question) -> Number:
        if self.has("plan_quotas", ()) and self.has("subscriptions", ("plan_id",)):
            self._ask(Question(plan="subscriptions", what=PLAN), "subscriptions")
        return self._ask(asked, "meter_readings")
