"""What the lists of people and of contacts can be asked: who leads, who was invited, and what talks came to."""

from __future__ import annotations

from uptier.signals.asking import Asking
from uptier.signals.question import Number, Question


class PeopleMeasures(Asking):
    """Questions about an account's people and our talks with them."""

    def people(self, *roles: str) -> Number:
        """Count the people in one of some roles.

        Parameters
        ----------
        *roles : str
            ``champion``, ``executive``, ...

        Returns
        -------
        Number
            People who had been invited and were known then; null before the project says that `users.role` holds.
        """
        return self._ask(Question(plan="roles", what="people", kinds=roles), "users", "role")

    def invited(self, *, last: int, before: int = 0) -> Number:
        """Count the people who were invited.

        Parameters
        ----------
        last : int
            Length of the window, days.
        before : int
            Days between the window and the as-of date.

        Returns
        -------
        Number
            People; not available where the source does not say when they were.
        """
        asked = Question(plan="invitations", what="invited", last=last, before=before)
        return self._ask(asked, "users", "created_at")

    def outreach(self, *, last: int) -> Number:
        """Count our contacts about an upsell.

        Parameters
        ----------
        last : int
            Length of the window, days.

        Returns
        -------
        Number
            Contacts.
        """
        return self._ask(Question(plan="outreach", what="outreach", last=last), "outreach")

    def days_since_outreach(self) -> Number:
        """Count the days since our latest contact about an upsell.

        Returns
        -------
        Number
            Days, 1 or more; null if there was none within 366 days.
        """
        return self._ask(Question(plan="outreach", what="days_since_outreach"), "outreach")

    def talks(self, result: str, *, last: int) -> Number:
        """Count our contacts by what they came to.

        Parameters
        ----------
        result : str
            ``won``, ``lost``, or ``open`` for those of which no result is known yet.
        last : int
            Length of the window in which they were begun, days.

        Returns
        -------
        Number
            Contacts; a result counts once it is known.
        """
        asked = Question(plan="outreach", what="talks", name=result, last=last)
        return self._ask(asked, "outreach", "result", "result_at")

    def days_since_result(self, result: str) -> Number:
        """Count the days since a contact came to some result.

        Parameters
        ----------
        result : str
            ``won`` or ``lost``.

        Returns
        -------
        Number
            Days, 1 or more; null if none of the contacts of the last 366 days did.
        """
        asked = Question(plan="outreach", what="days_since_result", name=result)
        return self._ask(asked, "outreach", "result", "result_at")
