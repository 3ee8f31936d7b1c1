"""What usage can be asked."""

from __future__ import annotations

from uptier.errors import SignalError
from uptier.signals.asking import recorded
from uptier.signals.contract_measures import ContractMeasures
from uptier.signals.question import WORKING, Number, Question
from uptier.signals.usage_plans import parts_of
from uptier.tables.rolling import EVERYDAY


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
        self._heed(recorded(kinds))
        if not kinds:
            return self._of_days("events", last=last, before=before)
        logins, used, rare = parts_of(kinds)
        parts: list[Number] = []
        if logins:
            parts.append(self._of_days("logins", last=last, before=before))
        if used:
            # what is neither a login nor of a kind that is counted by itself
            everything = self._of_days("events", last=last, before=before)
            others = self._touches("touches", (), last=last, before=before)
            parts.append(everything - self._of_days("logins", last=last, before=before) - others)
        if rare:
            parts.append(self._touches("touches", rare, last=last, before=before))
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total

    def features(self, *kinds: str, last: int, before: int = 0, of: str = "") -> Number:
        """Count the distinct features that were touched.

        Parameters
        ----------
        *kinds : str
            By which events; all but logins if none is named.
        last : int
            Length of the window, days.
        before : int
            Days between the window and the as-of date.
        of : str
            Out of which: ``of_plan`` for those of the plan held, ``of_next_plan`` for those that the next one adds; out
            of all by default.

        Returns
        -------
        Number
            Features; 0 where there are none, null where the plan is not known.
        """
        asked = Question(plan="features", what="features", kinds=kinds, last=last, before=before, name=of)
        self._heed(recorded(kinds))
        _, used, rare = parts_of(kinds)
        if used or not kinds:
            part = Question(plan="usage_days", what="bits", kinds=("feature_used",), last=last, before=before)
            self._ask(part, "usage", "feature")
        if rare or not kinds:
            part = Question(plan="usage_touches", what="bits", name="touched", kinds=rare, last=last, before=before)
            self._ask(part, "usage", "feature")
        if of:
            self.plan()
            self._ask(asked, "subscriptions", "plan_id")
            self._ask(asked, "plan_features")
            self._ask(asked, "plans")
        return self._ask(asked, "usage", "feature")

    def days_since_last(self, *kinds: str) -> Number:
        """Count the days since the latest event.

        Parameters
        ----------
        *kinds : str
            Which; all if none is named. Not ``login`` and ``feature_used``, which nearly every day has.

        Returns
        -------
        Number
            Days, 1 or more; null if there was none within 366 days.

        Raises
        ------
        SignalError
            If an everyday kind is asked for.
        """
        _refuse_everyday(kinds, "days_since_last")
        return self._ask(Question(plan="usage_last", what="days_since_last", kinds=kinds), "usage", *recorded(kinds))

    def days_with(self, *kinds: str, last: int, before: int = 0) -> Number:
        """Count the days on which something happened.

        Parameters
        ----------
        *kinds : str
            Which events; all if none is named. Not ``login`` and ``feature_used``, which nearly every day has.
        last : int
            Length of the window, days.
        before : int
            Days between the window and the as-of date.

        Returns
        -------
        Number
            Days; 0 where there are none.

        Raises
        ------
        SignalError
            If an everyday kind is asked for.
        """
        _refuse_everyday(kinds, "days_with")
        self._heed(recorded(kinds))
        if not kinds:
            return self._of_days("days_with", last=last, before=before)
        return self._touches("days_touched", kinds, last=last, before=before)

    def largest_cluster(self, *kinds: str, span: int, last: int, by_feature: bool = False) -> Number:
        """Give the most events within any run of days.

        Parameters
        ----------
        *kinds : str
            Which events; not ``login`` and ``feature_used``.
        span : int
            Length of the run, days.
        last : int
            How far back to look, days; the run lies within.
        by_feature : bool
            Only events that touch the same feature.

        Returns
        -------
        Number
            Events; 0 where there are none.

        Raises
        ------
        SignalError
            If an everyday kind is asked for.
        """
        return self._cluster("largest_cluster", kinds, span=span, last=last, least=0, by_feature=by_feature)

    def days_since_cluster(self, *kinds: str, least: int, span: int, last: int, by_feature: bool = False) -> Number:
        """Count the days since events last clustered.

        Parameters
        ----------
        *kinds : str
            Which events; not ``login`` and ``feature_used``.
        least : int
            How many make a cluster.
        span : int
            Length of the run of days within which they count together.
        last : int
            How far back to look, days; the run lies within.
        by_feature : bool
            Only events that touch the same feature.

        Returns
        -------
        Number
            Days, 1 or more, since the last event of the latest cluster; null where there was none.

        Raises
        ------
        SignalError
            If an everyday kind is asked for.
        """
        return self._cluster("days_since_cluster", kinds, span=span, last=last, least=least, by_feature=by_feature)

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
        asked = Question(plan="usage_periods", what="peak_daily_users", period=period)
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
        asked = Question(plan="usage_periods", what="active_users", period=period)
        return self._ask_with_periods(asked, "usage_events", "user_id")

    def _of_days(self, what: str, *, last: int, before: int) -> Number:
        return self._ask(Question(plan="usage_days", what=what, last=last, before=before), "usage")

    def _touches(self, what: str, kinds: tuple[str, ...], *, last: int, before: int) -> Number:
        asked = Question(plan="usage_touches", what=what, kinds=kinds, last=last, before=before)
        return self._ask(asked, "usage", *recorded(kinds))

    def _cluster(
        self, what: str, kinds: tuple[str, ...], *, span: int, last: int, least: int, by_feature: bool
    ) -> Number:
        _refuse_everyday(kinds, what)
        asked = Question(
            plan="usage_clusters",
            what=what,
            kinds=kinds,
            last=last,
            before=span,
            least=least,
            name="feature" if by_feature else "",
        )
        return self._ask(asked, "usage", *(["feature"] if by_feature else []), *recorded(kinds))

    def _heed(self, kinds: tuple[str, ...]) -> None:
        self._note("usage", *kinds)

    def _daily(self) -> tuple[str, ...]:
        if self.has("usage_events", ()):
            return ("usage_events", "user_id")
        return ("usage_daily", "day_users" if self.has("usage_daily", ("day_users",)) else "users")

    def _ask_with_periods(self, asked: Question, table: str, *columns: str) -> Number:
        # billing periods begin with the subscription
        self.tenure_days()
        if not self.has("subscriptions", ("valid_from",)):
            self.unanswerable.add(asked.column)
        return self._ask(asked, table, *columns)


def _refuse_everyday(kinds: tuple[str, ...], what: str) -> None:
    everyday = [kind for kind in kinds if kind in EVERYDAY]
    if everyday:
        raise SignalError(
            f"{what} is not kept for events of the kind '{everyday[0]}': nearly every day has some.",
            do="Ask for events of any kind, or for kinds that tell something by themselves.",
        )
