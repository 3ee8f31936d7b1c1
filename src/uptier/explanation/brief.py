"""The brief of one account: who, why, and what to do today, on one screen and in plain English.

What it says stands in :mod:`uptier.explanation.brief_words`; here it is laid out.
"""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import InitVar, dataclass, field
from typing import TYPE_CHECKING

from uptier.explanation.brief_words import told
from uptier.explanation.words import Words
from uptier.signals.speech import ENGLISH, Speech

if TYPE_CHECKING:
    from rich.text import Text

    from uptier.decision.actions import Action
    from uptier.decision.value import Value
    from uptier.explanation.changed import Changed
    from uptier.explanation.reasons import Reasons
    from uptier.explanation.recent import Recent
    from uptier.explanation.risk import Risk
    from uptier.explanation.talk import Talk
    from uptier.explanation.trends import Trends
    from uptier.explanation.turning import Sensitivity

WIDTH = 100  # columns
LABEL = 12  # columns of the words at the left


@dataclass(frozen=True, kw_only=True)
class Chance:
    """The probability of one outcome.

    Attributes
    ----------
    outcome : str
        The outcome.
    probability : float
        Calibrated, share.
    days : int
        Length of the window in which it is looked for.
    pooled : str
        Why this is the rate of all accounts rather than this one's own; empty if it is its own.
    interval : tuple of float or None
        95 % interval of that rate, or of what followed where such chances were given in tests, low and high, shares;
        None where nothing honest can be told.
    """

    outcome: str
    probability: float
    days: int
    pooled: str = ""
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Brief:
    """All that is said about one account.

    Attributes
    ----------
    account_id : str
        The account.
    account_name, owner, segment, plan : str or None
        What is known of it.
    seats, mrr : float or None
        Licensed seats; recurring revenue, account currency per month.
    currency : str
        ISO code.
    as_of, expires_on : date
        When it was looked at, and until when to act on it.
    action : Action
        What to do.
    action_reason : str
        Why that.
    about : str or None
        The outcome that the reasons are about; None if rules open no talk.
    reasons : Reasons
        For and against.
    chances : tuple of Chance
        One for each outcome; empty under rules.
    base, context : float or None
        Shares of probability: the rate of all accounts, and what circumstances add; None where no model says.
    value : Value or None
        What a contact is expected to bring.
    points : int
        Of the points model.
    tier : str
        Of the points model.
    rules : tuple of str
        Labels of its rules that hold.
    unknown_rules : int
        Rules of which nothing is known.
    sources : mapping of str to date or None
        Newest day known of each source; None if nothing is known of it.
    model_version : str or None
        Version of the registered model.
    talk : Talk or None
        What to say; None where the account is left alone.
    changed : Changed or None
        What changed since the last scorecard; None where there is none.
    risk : Risk or None
        What raises the risk beside the chance; None where the reasons are about leaving already, or no head tells.
    sensitivity : Sensitivity or None
        What the model answers to changes; None under rules.
    recent : Recent or None
        Milestones, open tickets and the last contact; None where nobody looked.
    trends : Trends or None
        What a page draws; None where nobody looked.
    speech : Speech
        The words in which it is told; no part of what it says, and so of its JSON.
    """

    account_id: str
    account_name: str | None = None
    owner: str | None = None
    segment: str | None = None
    plan: str | None = None
    seats: float | None = None
    mrr: float | None = None
    currency: str
    as_of: dt.date
    expires_on: dt.date
    action: Action
    action_reason: str
    about: str | None
    reasons: Reasons
    chances: tuple[Chance, ...] = ()
    base: float | None = None
    context: float | None = None
    value: Value | None = None
    points: int
    tier: str
    rules: tuple[str, ...] = ()
    unknown_rules: int = 0
    sources: Mapping[str, dt.date | None] = field(default_factory=dict)
    model_version: str | None = None
    talk: Talk | None = None
    changed: Changed | None = None
    risk: Risk | None = None
    sensitivity: Sensitivity | None = None
    recent: Recent | None = None
    trends: Trends | None = None
    speech: InitVar[Speech] = ENGLISH

    def __post_init__(self, speech: Speech) -> None:
        # under the name of its argument, where `dataclasses.replace` looks for it
        object.__setattr__(self, "speech", speech)

    @property
    def words(self) -> Words:
        """What says its fixed words."""
        return Words(self.__dict__["speech"])

    def text(self) -> str:
        """Give the brief as plain text.

        Returns
        -------
        str
            Lines of at most 100 columns.
        """
        return "\n".join(line for _, line in _lines(self))


def render(brief: Brief) -> Text:
    """Give the brief for a terminal.

    Parameters
    ----------
    brief : Brief
        The brief.

    Returns
    -------
    Text
        The same lines as :meth:`Brief.text`, with the head and the words at the left set off.
    """
    from rich.text import Text

    said = Text()
    for style, line in _lines(brief):
        # built piece by piece: what customers wrote is never read as markup
        if style == "labelled":
            said.append(line[:LABEL], style="cyan").append(line[LABEL:] + "\n")
        else:
            said.append(line + "\n", style={"head": "bold", "today": "bold green"}.get(style, ""))
    said.rstrip()
    return said


def _lines(brief: Brief) -> Iterator[tuple[str, str]]:
    for one in told(brief):
        if one.style == "labelled":
            yield from _labelled(one.label, one.text)
        elif one.style == "chance":
            yield "labelled", f"{one.label:<{LABEL}}{one.text}"
        elif one.text:
            yield from _wrapped(one.style, one.text)
        else:
            yield one.style, ""


def _wrapped(style: str, text: str) -> Iterator[tuple[str, str]]:
    for line in textwrap.wrap(_clean(text), WIDTH, break_on_hyphens=False):
        yield style, line


def _labelled(label: str, text: str) -> Iterator[tuple[str, str]]:
    lines = textwrap.wrap(_clean(text), WIDTH - LABEL, break_on_hyphens=False)
    for number, line in enumerate(lines):
        yield "labelled", f"{'' if number else label:<{LABEL}}{line}"


def _clean(text: str) -> str:
    # a customer's own names may hold anything; a line break or a control character would break the screen
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
