"""How accounts left: by cancelling within a term, or by not renewing at its end."""

from __future__ import annotations

import pandas as pd

CANCELLATION, NON_RENEWAL, DOWNGRADE, NOT_TOLD = "cancellation", "non_renewal", "downgrade", "not_told"
HOW = (CANCELLATION, NON_RENEWAL, DOWNGRADE, NOT_TOLD)

EARLY_DAYS = 1  # sources write the last day of a term, or the first one after it
GRACE_DAYS = 31  # a month for a payment that does not come; a term that ended earlier had gone on unwritten

_TOLD = {"cancelled": CANCELLATION, "not_renewed": NON_RENEWAL}


def how_they_left(leavings: pd.DataFrame, versions: pd.DataFrame) -> pd.Series:
    """Tell cancellations from terms that were not renewed.

    Parameters
    ----------
    leavings : DataFrame
        Columns account_id and day, each pair once: when the last subscription of an account ended.
    versions : DataFrame
        Versions of subscriptions: account_id, until (the first day on which it no longer held), end_reason and term_end
        (the day on which the term ended by contract), NaT and null where not known.

    Returns
    -------
    Series of str
        With the index of `leavings`: what the source tells of the subscriptions that ended on the day; where it tells
        nothing, a non-renewal within a day before the end of the term to 31 days after it, a cancellation before, and
        ``not_told`` otherwise. Of several that ended on one day, a cancellation decides.

    Examples
    --------
    >>> day = pd.Timestamp("2026-03-01")
    >>> versions = pd.DataFrame({"account_id": ["a", "b"], "until": day, "end_reason": None})
    >>> versions["term_end"] = pd.to_datetime(["2026-09-01", "2026-03-01"])
    >>> how_they_left(versions[["account_id"]].assign(day=day), versions).tolist()
    ['cancellation', 'non_renewal']
    """
    ended = leavings.reset_index(names="_leaving").merge(
        versions[["account_id", "until", "end_reason", "term_end"]],
        left_on=["account_id", "day"],
        right_on=["account_id", "until"],
    )
    after = (ended["day"] - ended["term_end"]).dt.days
    how = pd.Series(NOT_TOLD, index=ended.index, dtype="str")
    how[after < -EARLY_DAYS] = CANCELLATION
    how[after.between(-EARLY_DAYS, GRACE_DAYS)] = NON_RENEWAL
    told = ended["end_reason"].astype("object").map(_TOLD)
    how = how.mask(told.notna(), told.astype("str"))
    # the first of these words in order decides, what is told before what is inferred
    order = pd.Categorical(how, categories=HOW).codes + len(HOW) * told.isna().to_numpy()
    chosen = how.iloc[order.argsort(kind="stable")].groupby(ended["_leaving"]).first()
    return chosen.reindex(leavings.index).fillna(NOT_TOLD).astype("str")
