"""The champion beside a new head: whether the new one may take its place, and what is carried over if not."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from uptier.model.bundle import Bundle, Head
from uptier.training.promotion import Condition, compared
from uptier.training.resampling import Draws, ranking

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Champion:
    """The model that scores today.

    Attributes
    ----------
    bundle : Bundle
        Its heads.
    version : str
        Its version.
    """

    bundle: Bundle
    version: str

    def head(self, outcome: str, catalogue_hash: str) -> Head | None:
        """Give its head for an outcome.

        Parameters
        ----------
        outcome : str
            Which.
        catalogue_hash : str
            Fingerprint of today's signals.

        Returns
        -------
        Head or None
            None where it has no fitted one, or where it was learnt on other signals.
        """
        head = self.bundle.heads.get(outcome)
        same = self.bundle.catalogue_hash == catalogue_hash
        return head if head is not None and head.is_fitted and same else None


def not_worse(
    champion: Champion | None,
    outcome: str,
    rows: pd.DataFrame,
    label: NDArray[np.int64],
    score: NDArray[np.float64],
    draws: Draws,
    *,
    catalogue_hash: str,
    least_cases: int,
) -> Condition | None:
    """Ask that a new head is not shown to rank worse than the champion's, on dates that neither has learnt from.

    Parameters
    ----------
    champion : Champion or None
        None where nothing was promoted yet.
    outcome : str
        Which head.
    rows : DataFrame, shape (n_test, n_columns)
        The tested rows: account_id, as_of and the signals.
    label : ndarray of int, shape (n_test,)
        0 or 1.
    score : ndarray, shape (n_test,)
        The new head's probabilities, each by a model that had learnt from earlier dates alone.
    draws : Draws
        Accounts drawn.
    catalogue_hash : str
        Fingerprint of today's signals.
    least_cases : int
        Accounts with the outcome that the comparison needs.

    Returns
    -------
    Condition or None
        None where there is no champion for the outcome. What the champion has learnt from would flatter it, so only
        dates after its last one count; where these hold too few cases the new head passes, and the condition says so.
    """
    if champion is None:
        return None
    if champion.head(outcome, catalogue_hash) is None:
        return None
    later = (rows["as_of"] > pd.Timestamp(champion.bundle.trained_at_as_of)).to_numpy()
    named = f"the champion, version {champion.version}"
    cases = rows["account_id"][later & (label == 1)].nunique()
    if cases < least_cases:
        told = f"Too few cases since {named} was learnt to compare with it: {cases} accounts; {least_cases} are needed."
        return Condition(name="champion", passed=True, told=told)
    theirs = champion.bundle.probabilities(rows[later])[outcome].to_numpy()
    here = Draws(draws.weights, draws.account[later])
    one, other = (ranking(label[later], given, here, capacity_share=0.5).auc for given in (score[later], theirs))
    lead = compared(one, other, against=named, measure="AUC")
    worse = lead.interval[2] < 0
    told = f"{'It ranks worse than' if worse else 'Not shown to rank worse than'} {named}: {lead.told()}."
    return Condition(name="champion", passed=not worse, told=told)


def carried_over(heads: dict[str, Head], champion: Champion | None, catalogue_hash: str) -> dict[str, Head]:
    """Keep the champion's head for each outcome whose new one is not fitted.

    Parameters
    ----------
    heads : dict of str to Head
        As they were sentenced.
    champion : Champion or None
        None where nothing was promoted yet.
    catalogue_hash : str
        Fingerprint of today's signals.

    Returns
    -------
    dict of str to Head
        In the same order; a head that is carried over names the version that it was learnt for.
    """
    if champion is None:
        return heads
    made = {}
    for outcome, head in heads.items():
        theirs = champion.head(outcome, catalogue_hash)
        if head.is_fitted or theirs is None:
            made[outcome] = head
        else:
            made[outcome] = dataclasses.replace(theirs, carried_from=theirs.carried_from or champion.version)
    return made


def known_categories(seen: set[str], name: str, champion: Champion | None) -> tuple[str, ...]:
    """Number the values of a category signal so that a head that is carried over still reads them.

    Parameters
    ----------
    seen : set of str
        Values in the rows of today.
    name : str
        The signal.
    champion : Champion or None
        Whose numbers are kept.

    Returns
    -------
    tuple of str
        The champion's values first and in its order, then the new ones by name.
    """
    before: Sequence[str] = () if champion is None else champion.bundle.categories.get(name, ())
    return (*before, *sorted(seen - set(before)))
