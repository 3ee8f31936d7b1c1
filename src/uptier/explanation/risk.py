"""The risk beside the chance: what may follow an upsell, why, and what to put right first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uptier.explanation.reasons import Reason

TOLD_AT_MOST = 2  # reasons
LEVERS_AT_MOST = 3


@dataclass(frozen=True, kw_only=True)
class Risk:
    """Why an account may leave, told beside the reasons for an upsell.

    Attributes
    ----------
    outcome : str
        ``post_upsell_churn``, or ``churn`` where no head knows the other.
    high : bool
        Whether the project's `churn_risk` is reached.
    reasons : tuple of Reason
        What raises it, the heaviest first.
    """

    outcome: str
    high: bool
    reasons: tuple[Reason, ...]


def put_right(reasons: Iterable[Reason], calming: Mapping[str, str]) -> str:
    """Say what to put right first.

    Parameters
    ----------
    reasons : iterable of Reason
        What raises a risk.
    calming : mapping of str to str
        Signals whose lever lowers the risk, with its words.

    Returns
    -------
    str
        At most three deeds: those that a reason speaks of before others; empty where none is known to help.
    """
    spoken = [name for reason in reasons for name in reason.signals if name in calming]
    deeds = dict.fromkeys(calming[name] for name in (*spoken, *calming))
    return ", ".join(list(deeds)[:LEVERS_AT_MOST])
