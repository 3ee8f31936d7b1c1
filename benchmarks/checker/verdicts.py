"""True, false or not understood: every sentence that is said of an account, held against its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from _pandas.cut import day_numbers

from checker import claims_customer, claims_product, claims_team
from checker.claims import NOT_KNOWN, Claim, Test

if TYPE_CHECKING:
    import pandas as pd

    from checker.figures import Figures

CLAIMS: tuple[Claim, ...] = (*claims_team.CLAIMS, *claims_product.CLAIMS, *claims_customer.CLAIMS)
BETWEEN = ". "  # stands between sentences, and may stand in a name
REMEMBERED = 50_000  # sentences that were read lately; most are said again soon, and all would take much memory


@dataclass(frozen=True)
class Wrong:
    """A sentence that is false for its account, or not understood.

    Attributes
    ----------
    account_id : str
        The account.
    day : int
        The date, in days from 1970.
    sentence : str
        What was said.
    about : str or None
        The figure that it is said about; None where nobody understands it.
    figures : tuple of tuple
        What is named in it, as it is.
    """

    account_id: str
    day: int
    sentence: str
    about: str | None
    figures: tuple[tuple[str, float | str | None], ...] = ()


@dataclass(frozen=True, eq=False)
class Report:
    """What came of a check.

    Attributes
    ----------
    looks : int
        Accounts and dates of which anything was said.
    sentences : Counter of str
        Sentences that were checked, by what they are said about.
    forms : Counter of str
        The same, by the sentence with its slots.
    false, unknown : list of Wrong
        Those that the account's figures speak against, and those that nobody understands.
    """

    looks: int = 0
    sentences: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)
    false: list[Wrong] = field(default_factory=list)
    unknown: list[Wrong] = field(default_factory=list)


def check(said: pd.DataFrame, figures: Figures) -> Report:
    """Hold what is said of accounts against their figures.

    Parameters
    ----------
    said : DataFrame
        Columns account_id, as_of and sentence: one or several sentences, with ". " between them.
    figures : Figures
        Of the accounts and dates that something is said of.

    Returns
    -------
    Report
        Every sentence is counted in it once for each row.
    """
    days = day_numbers(said["as_of"]).tolist()
    report = Report(looks=len(said[["account_id", "as_of"]].drop_duplicates()))
    for account, day, words in zip(said["account_id"].tolist(), days, said["sentence"].tolist(), strict=True):
        row = figures.place[account, day]
        for sentence in sentences_in(words):
            _judge(report, account, day, sentence, figures, row)
    return report


def _judge(report: Report, account: str, day: int, sentence: str, figures: Figures, row: int) -> None:
    meanings = meanings_of(sentence)
    if not meanings:
        report.unknown.append(Wrong(account, day, sentence, None))
        return
    for claim, tests in meanings:
        if all(holds(figures.values[name][row], asked) for name, asked in tests):
            report.sentences[claim.about] += 1
            report.forms[claim.text] += 1
            return
    claim, tests = meanings[0]
    report.sentences[claim.about] += 1
    report.forms[claim.text] += 1
    found = tuple((name, figures.values[name][row]) for name, _ in tests)
    report.false.append(Wrong(account, day, sentence, claim.about, found))


def holds(value: float | str | None, asked: tuple[float, float] | str | None) -> bool:
    """Say whether a figure is what a sentence says of it."""
    if asked is NOT_KNOWN or value is None:
        return value is asked
    if isinstance(asked, str) or isinstance(value, str):
        return value == asked
    return asked[0] <= value <= asked[1]


@lru_cache(maxsize=REMEMBERED)
def meanings_of(sentence: str) -> tuple[tuple[Claim, tuple[Test, ...]], ...]:
    """Give each way of reading a sentence: the claim, and what must be so."""
    read = ((claim, claim.read(sentence)) for claim in CLAIMS)
    return tuple((claim, tests) for claim, tests in read if tests is not None)


@lru_cache(maxsize=REMEMBERED)
def sentences_in(words: str) -> tuple[str, ...]:
    """Take sentences apart; a name with ". " in it stays whole where the parts would not be understood."""
    return next(_understood(words.split(BETWEEN)), tuple(words.split(BETWEEN)))


def _understood(parts: list[str]) -> Iterator[tuple[str, ...]]:
    if not parts:
        yield ()
    for size in range(1, len(parts) + 1):
        first = BETWEEN.join(parts[:size])
        if meanings_of(first):
            yield from ((first, *rest) for rest in _understood(parts[size:]))
