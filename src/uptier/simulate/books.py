"""What a block's companies wrote down: rows as they come out of the world, before they are put into the contract."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from uptier.simulate.looks import Looks
from uptier.simulate.population import Population
from uptier.simulate.timeline import Ints

NEVER = np.iinfo(np.int64).max // 4  # a day number beyond all others


@dataclass(frozen=True, eq=False, kw_only=True)
class Books:
    """The rows of a block; accounts and people are numbers.

    Attributes
    ----------
    population : Population
        The accounts, with what the table `accounts` says of them.
    user_ids : list of str
        Pseudonyms, by number of the person.
    users : DataFrame
        `account`, `person`, `role`, `created_at`, `recorded_at`, `last_day` (day number from which on the person is no
        longer there).
    events : DataFrame
        From :func:`uptier.simulate.usage.events`.
    tables : dict of str to DataFrame
        The other tables in the columns of the contract, save that `account` is a number.
    looks : Looks
        What truth is worked out from.
    """

    population: Population
    user_ids: list[str]
    users: pd.DataFrame
    events: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    looks: Looks

    def with_table(self, name: str, rows: pd.DataFrame) -> Books:
        """Put other rows in the place of a table's.

        Parameters
        ----------
        name : str
            The table.
        rows : DataFrame
            Its rows.

        Returns
        -------
        Books
            The others as they were.
        """
        return replace(self, tables={**self.tables, name: rows})


def day_numbers(moments: pd.Series) -> Ints:
    """Give the days on which moments fall.

    Parameters
    ----------
    moments : Series of datetime64
        In UTC.

    Returns
    -------
    ndarray of int, shape (n,)
        Day numbers; :data:`NEVER` where there is no moment.
    """
    days = moments.to_numpy().astype("datetime64[D]")
    return np.where(np.isnat(days), NEVER, days.astype(np.int64))
