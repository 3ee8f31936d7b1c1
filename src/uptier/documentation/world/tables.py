"""A world's tables as they were written, and what was bought and who left."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

TYPES = ("seat_expansion", "plan_upgrade", "add_on")
BOUGHT = {"expansion": "seat_expansion", "upgrade": "plan_upgrade"}  # by reason of a subscription's version
LEFT = ("cancelled", "not_renewed")

Floats = npt.NDArray[np.float64]


class WorldTables:
    """The tables of a world, times in UTC without saying so.

    Parameters
    ----------
    folder : Path
        The world's.
    data_until : date
        First day that they do not cover.
    """

    def __init__(self, folder: Path, data_until: dt.date) -> None:
        self._folder = folder
        self.until = np.datetime64(data_until, "D")
        self._known: dict[str, pd.DataFrame] = {}

    def table(self, name: str) -> pd.DataFrame:
        """Give a whole table, read once.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        DataFrame
            Not to be changed.
        """
        if name not in self._known:
            self._known[name] = self.read(name)
        return self._known[name]

    def read(self, name: str, **how: Any) -> pd.DataFrame:
        """Read some of a table.

        Parameters
        ----------
        name : str
            Its name.
        **how : object
            What `pandas.read_parquet` takes.

        Returns
        -------
        DataFrame
            As it was written.
        """
        import pandas as pd

        file = self._folder / f"{name}.parquet"
        frame = pd.read_parquet(file if file.exists() else self._folder / name, **how)
        for column in frame.columns:
            if isinstance(frame[column].dtype, pd.DatetimeTZDtype):
                frame[column] = frame[column].dt.tz_localize(None)
        return frame

    def sold(self) -> pd.DataFrame:
        """List all upsells.

        Returns
        -------
        DataFrame
            `account_id`, `day`, `type` and `label`, by day and account.
        """
        import pandas as pd

        versions = self.table("subscriptions").sort_values(["subscription_id", "valid_from"], kind="stable")
        names = self.table("plans").set_index("plan_id")["plan_name"]
        more = versions["seats"] - versions.groupby("subscription_id")["seats"].shift()
        bought = versions.assign(
            type=versions["change_reason"].map(BOUGHT),
            label=np.where(
                versions["change_reason"] == "expansion",
                "+" + more.fillna(0).astype(int).astype(str) + np.where(more == 1, " seat", " seats"),
                "to " + versions["plan_id"].map(names).astype(str),
            ),
        )
        addons = self.table("addons")
        extra = addons.assign(type="add_on", label="+ " + addons["addon_id"].str.replace("_", " "))
        both = pd.concat([bought[bought["type"].notna()], extra], ignore_index=True)
        both["day"] = both["valid_from"].dt.normalize()
        return both[["account_id", "day", "type", "label"]].sort_values(["day", "account_id", "type"], kind="stable")

    def left(self) -> pd.DataFrame:
        """List all who left.

        Returns
        -------
        DataFrame
            `account_id` and `day`.
        """
        ended = self.table("subscriptions")
        gone = ended[ended["end_reason"].isin(LEFT)]
        return gone.assign(day=gone["valid_to"].dt.normalize())[["account_id", "day"]]


def happens(
    events: pd.DataFrame, account: pd.Series[str], day: pd.Series[pd.Timestamp], first: int, after: int
) -> npt.NDArray[np.bool_]:
    """Say whether something happens to accounts within a window.

    Parameters
    ----------
    events : DataFrame
        `account_id` and `day`.
    account : Series of str
        Whom is asked about.
    day : Series of datetime64
        From when on.
    first, after : int
        The window: so many days later, to before so many days later.

    Returns
    -------
    ndarray of bool
        One for each account and day that was asked about.
    """
    import pandas as pd

    names = pd.Index(account.unique())
    known = events[events["account_id"].isin(names)]
    room = 10**6  # more than there are days
    when = np.sort(names.get_indexer(known["account_id"]) * room + day_numbers(known["day"]))
    base = names.get_indexer(account) * room + day_numbers(day)
    found: npt.NDArray[np.bool_] = np.searchsorted(when, base + after) > np.searchsorted(when, base + first)
    return found


def day_numbers(days: pd.Series[pd.Timestamp]) -> npt.NDArray[np.int64]:
    """Count days from 1970-01-01.

    Parameters
    ----------
    days : Series of datetime64
        None missing.

    Returns
    -------
    ndarray of int
        As numpy counts days.
    """
    return days.to_numpy().astype("datetime64[D]").astype(np.int64)


def day_text(moment: Any) -> str:
    """Write a day.

    Parameters
    ----------
    moment : datetime64
        Anything that numpy takes for a moment.

    Returns
    -------
    str
        As ``2025-12-31``.
    """
    return str(np.datetime64(moment, "D"))
