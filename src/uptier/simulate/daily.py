"""Usage by account and day: what a source has that keeps no single events."""

from __future__ import annotations

import numpy as np
import pandas as pd

from uptier.simulate.timeline import Ints
from uptier.simulate.usage import DAY_SECONDS, KINDS


def by_day(events: pd.DataFrame) -> pd.DataFrame:
    """Add events up.

    Parameters
    ----------
    events : DataFrame
        From :func:`uptier.simulate.usage.events`; one that arrived twice stands in two neighbouring rows and counts
        once.

    Returns
    -------
    DataFrame
        A row for each `account`, `day` (day number), `kind` and `feature`, in this order: `events`, `users`,
        `day_users` (people of the account on that day, whatever they did) and `recorded` (seconds). The day's people
        are known only with its last event, so all rows of an account's day become known with that.
    """
    number = events["number"].to_numpy()
    once = np.r_[True, number[1:] != number[:-1]][: len(number)]
    account, person, kind, occurred, recorded, feature = (
        events[name].to_numpy()[once] for name in ("account", "person", "kind", "occurred", "recorded", "feature")
    )
    day = occurred // DAY_SECONDS
    first, features = int(day.min()) if len(day) else 0, int(feature.max(initial=-1)) + 2
    days, people = int(day.max(initial=0)) - first + 1, int(person.max(initial=0)) + 1
    # one number to sort by is much faster than several columns
    cell = account * days + day - first
    row = (cell * len(KINDS) + kind) * features + feature + 1
    rows, counts, users = _counted(row, person, people)
    cells, _, day_users = _counted(cell, person, people)
    known = np.zeros(len(cells), dtype=np.int64)
    # whoever sorts by account and time has the events of a day side by side; moved ones need not be
    np.maximum.at(known, np.searchsorted(cells, cell), recorded)
    rest, place = np.divmod(rows, features)
    of_cell, of_kind = np.divmod(rest, len(KINDS))
    here = np.searchsorted(cells, of_cell)
    return pd.DataFrame(
        {
            "account": of_cell // days,
            "day": of_cell % days + first,
            "kind": of_kind,
            "feature": place - 1,
            "events": counts,
            "users": users,
            "day_users": day_users[here],
            "recorded": known[here],
        }
    )


def _counted(row: Ints, person: Ints, people: int) -> tuple[Ints, Ints, Ints]:
    """Each row once, sorted; how many there are of it, and of how many people."""
    both = np.sort(row * people + person)
    fresh = np.r_[True, both[1:] != both[:-1]][: len(both)]
    sorted_ = both // people
    begins = np.flatnonzero(np.r_[True, sorted_[1:] != sorted_[:-1]][: len(both)])
    counts = np.diff(np.r_[begins, len(both)])
    users = np.add.reduceat(fresh.astype(np.int64), begins) if len(begins) else counts
    return sorted_[begins], counts, users
