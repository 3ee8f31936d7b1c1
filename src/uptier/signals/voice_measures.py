"""What tickets and surveys can be asked: how often the customer spoke, about what, and how it went."""

from __future__ import annotations

import ibis

from uptier.signals.asking import Asking
from uptier.signals.question import Number, Question

# the two tables in which customers write, and how questions to each are called
WRITTEN = {"tickets": ("tickets", "ticket"), "survey_responses": ("answers", "answer")}
PLANS = {"tickets": "tickets", "survey_responses": "surveys"}


class VoiceMeasures(Asking):
    """Questions about what customers say."""

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

    def texts_naming(self, name: str, words: tuple[str, ...], *, last: int) -> Number:
        """Count the tickets and surveys' verbatims that hold one of some words.

        Parameters
        ----------
        name : str
            What the words tell of; one name for each list of words.
        words : tuple of str
            In any letter case; a part of a word counts.
        last : int
            Length of the window, days.

        Returns
        -------
        Number
            Texts. Where the project has only one of the two tables, those of that table.
        """
        counts = [
            self._ask(Question(plan=PLANS[table], what=many, name=name, last=last, words=words), table, "text")
            for table, (many, _) in self._written().items()
        ]
        return counts[0] if len(counts) == 1 else counts[0] + counts[1]

    def minutes_since_naming(self, name: str, words: tuple[str, ...]) -> Number:
        """Count the minutes since a ticket or a survey's verbatim last held one of some words.

        Parameters
        ----------
        name : str
            What the words tell of; one name for each list of words.
        words : tuple of str
            In any letter case; a part of a word counts.

        Returns
        -------
        Number
            Whole minutes until the midnight of the as-of date; null if none did within 366 days.
        """
        since = [
            self._ask(Question(plan=PLANS[table], what=f"minutes_since_{one}", name=name, words=words), table, "text")
            for table, (_, one) in self._written().items()
        ]
        # an engine may give null for the least of a number and null
        first, second = since[0], since[-1]
        nearest: Number = ibis.least(ibis.coalesce(first, second), ibis.coalesce(second, first))
        return nearest

    def open_tickets(self) -> Number:
        """Count the tickets that are open.

        Returns
        -------
        Number
            Tickets opened within 366 days of which no end is known.
        """
        return self._ask(Question(plan="tickets", what="open_tickets"), "tickets", "closed_at")

    def escalations(self, *, last: int) -> Number:
        """Count the tickets that were escalated.

        Parameters
        ----------
        last : int
            Length of the window in which they were opened, days.

        Returns
        -------
        Number
            Tickets; null before the project says that `tickets.escalated` holds.
        """
        return self._ask(Question(plan="tickets", what="escalations", last=last), "tickets", "escalated")

    def tickets_closed(self, *, last: int) -> Number:
        """Count the tickets that were closed.

        Parameters
        ----------
        last : int
            Length of the window in which they were closed, days.

        Returns
        -------
        Number
            Tickets opened within 366 days; one that was closed before it was opened is not among them.
        """
        return self._ask(Question(plan="tickets", what="tickets_closed", last=last), "tickets", "closed_at")

    def minutes_to_close(self, *, last: int) -> Number:
        """Add up the minutes from opening to closing.

        Parameters
        ----------
        last : int
            Length of the window in which the tickets were closed, days.

        Returns
        -------
        Number
            Whole minutes, over the tickets of :meth:`tickets_closed`.
        """
        return self._ask(Question(plan="tickets", what="minutes_to_close", last=last), "tickets", "closed_at")

    def days_since_ticket_closed(self) -> Number:
        """Count the days since a ticket was last closed.

        Returns
        -------
        Number
            Days, 1 or more; null if none of the tickets opened within 366 days was.
        """
        return self._ask(Question(plan="tickets", what="days_since_closed"), "tickets", "closed_at")

    def nps(self) -> Number:
        """Give the latest answer to how likely the customer is to recommend.

        Returns
        -------
        Number
            0 to 10, the lowest of a day with several answers; null if none came within 366 days.
        """
        return self._answered("nps")

    def nps_before(self) -> Number:
        """Give the answer before the latest one.

        Returns
        -------
        Number
            0 to 10, the lowest of the last day with an answer before that of :meth:`nps`; null without one.
        """
        return self._answered("nps_before")

    def nps_sum(self, *, last: int) -> Number:
        """Add up the answers to how likely the customer is to recommend.

        Parameters
        ----------
        last : int
            Length of the window, days.

        Returns
        -------
        Number
            A whole number; null without an answer within 366 days.
        """
        return self._answered("nps_sum", last)

    def nps_answers(self, *, last: int) -> Number:
        """Count the answers to how likely the customer is to recommend.

        Parameters
        ----------
        last : int
            Length of the window, days.

        Returns
        -------
        Number
            Answers; null without one within 366 days.
        """
        return self._answered("nps_answers", last)

    def days_since_nps(self) -> Number:
        """Count the days since the customer last said how likely it is to recommend.

        Returns
        -------
        Number
            Days, 1 or more; null if it did not within 366 days.
        """
        return self._answered("days_since_nps")

    def _answered(self, what: str, last: int = 0) -> Number:
        return self._ask(Question(plan="surveys", what=what, last=last), "survey_responses", "nps")

    def _written(self) -> dict[str, tuple[str, str]]:
        there = {table: names for table, names in WRITTEN.items() if self.has(table, ("text",))}
        # without either, both are told to lack
        return there or WRITTEN
