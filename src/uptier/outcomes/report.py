"""What each rule removed: how many looks became rows to learn from, why the others did not, and what came of those."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from uptier.outcomes.choices import left_out
from uptier.outcomes.endings import HOW
from uptier.outcomes.evidence import DATED_BY
from uptier.outcomes.outcome import Examples, Labels

# in the order in which they are applied: a look that several would leave out is counted by the first
RULES = (
    "not_available",
    "on_highest_plan",
    "censored",
    "in_the_gap",
    "merged_away",
    "open_opportunity",
    "undecided",
)
EVERY_OUTCOME = "all"


@dataclass(frozen=True, kw_only=True)
class Removed:
    """What became of the looks of one outcome.

    Attributes
    ----------
    outcome : str
        Which outcome.
    looks : int
        Accounts and dates, or upsells, that were looked at.
    left_out : dict of str to int
        Looks without a label, by rule, in the order of `RULES`; each is counted once.
    kept : int
        Looks with a label: `looks` without all that was left out.
    positives : int
        Those whose label is 1.
    accounts : int
        Distinct accounts among the positives.
    cases : int
        Distinct conversions or leavings among them: windows of several dates see the same one.
    how : dict of str to int
        Cases by how the account left, in the order of `HOW`; empty for conversions.
    dated_by : dict of str to int
        Cases by what dated the upsell, in the order of `DATED_BY`; empty for other outcomes.
    not_counted : dict of str to int
        Rows that are 0 although something changed in their window, by why it does not count, most frequent first.
    """

    outcome: str
    looks: int
    left_out: dict[str, int]
    kept: int
    positives: int
    accounts: int
    cases: int
    how: dict[str, int]
    dated_by: dict[str, int]
    not_counted: dict[str, int]


def removed(one: Labels | Examples) -> Removed:
    """Count what each rule removed from one outcome.

    Parameters
    ----------
    one : Labels or Examples
        Labelled rows, and what was left out.

    Returns
    -------
    Removed
        The counts.
    """
    rows = one.rows if isinstance(one, Labels) else _rows(one)
    hits = rows[rows["label"] == 1]
    cases = hits.drop_duplicates(["account_id", "event_at"])
    gone = {rule: one.left_out[rule] for rule in RULES if rule in one.left_out}
    return Removed(
        outcome=one.outcome,
        looks=len(rows) + sum(one.left_out.values()),
        left_out=gone | {rule: count for rule, count in one.left_out.items() if rule not in gone},
        kept=len(rows),
        positives=len(hits),
        accounts=int(hits["account_id"].nunique()),
        cases=len(cases),
        how=_words(cases, "how", HOW),
        dated_by=_words(cases, "dated_by", DATED_BY),
        not_counted=_most_frequent(rows, "not_counted"),
    )


def report(each: Iterable[Labels | Examples]) -> pd.DataFrame:
    """Show what each rule removed, by outcome and in all.

    Parameters
    ----------
    each : iterable of Labels or Examples
        The outcomes.

    Returns
    -------
    DataFrame, shape (n_outcomes + 1, 6 + n_rules + n_how)
        One row for each outcome, and one for ``all`` of them together, in which an account that is looked at for five
        outcomes counts five times. Whole numbers: looks; a column for each of `RULES`, in the order in which they are
        applied; kept, which with them makes up looks; positives, accounts and cases; a column for each of `HOW`.
    """
    every = [removed(one) for one in each]
    rules = dict.fromkeys([*RULES, *(rule for one in every for rule in one.left_out)])
    rows = [
        {
            "outcome": one.outcome,
            "looks": one.looks,
            **{rule: one.left_out.get(rule, 0) for rule in rules},
            "kept": one.kept,
            "positives": one.positives,
            "accounts": one.accounts,
            "cases": one.cases,
            **{word: one.how.get(word, 0) for word in HOW},
        }
        for one in every
    ]
    columns = ["outcome", "looks", *rules, "kept", "positives", "accounts", "cases", *HOW]
    table = pd.DataFrame(rows, columns=columns).set_index("outcome").astype("int64")
    table.loc[EVERY_OUTCOME] = table.sum()
    return table


def not_counted(each: Iterable[Labels | Examples]) -> pd.DataFrame:
    """Show how many negatives would have been positives if outcomes were read from seats or revenue alone.

    Parameters
    ----------
    each : iterable of Labels or Examples
        The outcomes.

    Returns
    -------
    DataFrame
        One row for each outcome and reason: outcome, because, rows; most frequent first within each outcome.
    """
    rows = [(one.outcome, because, count) for one in map(removed, each) for because, count in one.not_counted.items()]
    return pd.DataFrame(rows, columns=["outcome", "because", "rows"])


def changes_not_counted(changes: pd.DataFrame) -> dict[str, int]:
    """Count the changes in contracts that no outcome looks for.

    Parameters
    ----------
    changes : DataFrame
        From :func:`uptier.outcomes.changes.changes`.

    Returns
    -------
    dict of str to int
        Reason to days of an account, most frequent first, whether or not anybody was looked at then.
    """
    return left_out(changes)


def _rows(one: Examples) -> pd.DataFrame:
    words = {word: getattr(one, word).reindex(one.frame.index) for word in ("how", "dated_by", "not_counted")}
    return one.frame[["account_id"]].assign(label=one.label, event_at=one.event_at, **words)


def _words(cases: pd.DataFrame, column: str, order: Iterable[str]) -> dict[str, int]:
    counts = Counter(cases[column].dropna())
    return {word: counts[word] for word in order if counts[word]}


def _most_frequent(rows: pd.DataFrame, column: str) -> dict[str, int]:
    counts = Counter(word for word in rows[column].dropna() if word)
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
