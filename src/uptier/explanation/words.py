"""The fixed words of a brief, filled in: a project's own where it has some, English otherwise."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from uptier.signals.fixed_words import english
from uptier.signals.speech import ENGLISH, Said, Speech


@dataclass(frozen=True)
class Words:
    """What says a brief's fixed words, its numbers, dates and amounts.

    Attributes
    ----------
    speech : Speech
        A project's way of saying them.
    """

    speech: Speech = ENGLISH

    def say(self, key: str, **filled: object) -> str:
        """Say a fixed text.

        Parameters
        ----------
        key : str
            Part and name, as in ``fixed_words.yaml``.
        **filled : object
            What stands between its braces.

        Returns
        -------
        str
            The text.

        Examples
        --------
        >>> Words().say("today.pitch", offer="more seats")
        'pitch more seats'
        """
        return self._one(self._said(key), -1).format_map(filled)

    def count(self, key: str, count: int, /, **filled: object) -> str:
        """Say a fixed text about some number of things.

        Parameters
        ----------
        key : str
            Part and name; there are words for one and for many.
        count : int
            How many; may stand between braces.
        **filled : object
            What else does, or instead of `count` where it is written otherwise.

        Returns
        -------
        str
            The words for one where the project's speech takes those for this number.

        Examples
        --------
        >>> Words().count("tickets.since", 1), Words().count("tickets.since", 41)
        ('1 day', '41 days')
        """
        form = 0 if abs(count) in self.speech.numbers.singular else -1
        return self._one(self._said(key), form).format_map({"count": count, **filled})

    def has(self, key: str) -> bool:
        """Say whether there is such a text.

        Parameters
        ----------
        key : str
            Part and name.

        Returns
        -------
        bool
            True if so.
        """
        return key in english()

    def of_english(self, part: str, said: str) -> str:
        """Say in the project's words what another part of uptier says in English.

        Parameters
        ----------
        part : str
            Where its English stands.
        said : str
            The English.

        Returns
        -------
        str
            As it was given, where the part has no such text.

        Examples
        --------
        >>> Words().of_english("tiers", "High"), Words().of_english("tiers", "Other")
        ('High', 'Other')
        """
        keys = (key for key, text in english().items() if text == said and key.startswith(f"{part}."))
        key = next(keys, None)
        return said if key is None else self.say(key)

    def day(self, day: dt.date) -> str:
        """Say a date.

        Parameters
        ----------
        day : date
            The date.

        Returns
        -------
        str
            ``"1 March 2026"``.
        """
        return self.speech.dates.told(day)

    def number(self, figure: str) -> str:
        """Say a figure.

        Parameters
        ----------
        figure : str
            As Python writes it, ``"1,234.5"``.

        Returns
        -------
        str
            With the project's signs.
        """
        return self.speech.numbers.written(figure)

    def share(self, figure: str) -> str:
        """Say per cent.

        Parameters
        ----------
        figure : str
            As Python writes it.

        Returns
        -------
        str
            ``"52.3 %"``.
        """
        return self.speech.numbers.share(figure)

    def money(self, amount: float, currency: str) -> str:
        """Say an amount in whole units.

        Parameters
        ----------
        amount : float
            The amount, account currency.
        currency : str
            ISO code.

        Returns
        -------
        str
            ``"USD 1,200"``.
        """
        return self.speech.numbers.amount(f"{amount:,.0f}", currency)

    def _said(self, key: str) -> Said:
        own = self.speech.fixed.get(key)
        return english()[key] if own is None else own

    @staticmethod
    def _one(said: Said, form: int) -> str:
        return said if isinstance(said, str) else said[form]


IN_ENGLISH = Words()
