"""What people said of the reasons they were given, by trigger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uptier.outcomes.win_rates import wilson
from uptier.tables.answers import DISMISSED, NEW, TALKED, WRONG, known_before, newest, read_answers
from uptier.training.intervals import Interval

if TYPE_CHECKING:
    from uptier.settings import Settings

# uptier's choice; no source gives either
LEAST_ANSWERED = 10
WRONG_SHARE = 0.25  # of answered rows
NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class Said:
    """What people said of the rows whose first reason was a trigger's.

    Attributes
    ----------
    answered : int
        Rows that were answered at all.
    contacted : int
        Rows after which somebody talked to the account.
    not_now : int
        Rows that are dismissed, for another reason than that of being wrong.
    wrong : int
        Rows that are dismissed because the reason is wrong.
    """

    answered: int = 0
    contacted: int = 0
    not_now: int = 0
    wrong: int = 0

    @property
    def wrong_share(self) -> Interval:
        """Low, share and high of the answered rows whose reason people called wrong; NaN without answers."""
        low, high = wilson(self.wrong, self.answered)
        return low, self.wrong / self.answered if self.answered else NAN, high

    @property
    def calls_wrong(self) -> bool:
        """Whether that is too many beyond chance."""
        return self.answered >= LEAST_ANSWERED and self.wrong_share[0] > WRONG_SHARE


UNANSWERED = Said()


def said_of(settings: Settings) -> dict[str, Said]:
    """Count what people answered, by the trigger whose reason came first.

    Parameters
    ----------
    settings : Settings
        The project: answers that were pulled before its `data_until` count.

    Returns
    -------
    dict of str to Said
        By the code of the reason. Each row of a worklist counts once: as somebody talked, if ever anybody did, and as
        dismissed if its newest answer says so. Rows without a reason count for none.

    Raises
    ------
    StoreError
        If the answers cannot be read.
    """
    told = known_before(read_answers(settings.store), settings.data_until)
    stands = newest(told[told["reason_code"].notna()])
    talked = set(told.loc[told["status"].isin(TALKED), "uptier_key"])
    found = {}
    for code, rows in stands.groupby("reason_code"):
        contacted = rows["uptier_key"].isin(talked)
        dismissed, wrong = rows["status"] == DISMISSED, rows["because"] == WRONG
        found[str(code)] = Said(
            answered=int((contacted | (rows["status"] != NEW)).sum()),
            contacted=int(contacted.sum()),
            not_now=int((dismissed & ~wrong).sum()),
            wrong=int((dismissed & wrong).sum()),
        )
    return found
