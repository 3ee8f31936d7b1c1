"""Circuit breakers: what looks wrong in a list before anything of it leaves.

One silently empty list costs more trust than ten wrong scores. So a list is held against what no list may be, and
against the last one that was delivered; a person who knows better says so with a reason, which is recorded.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from uptier.breaker_settings import BreakerSettings
from uptier.errors import BreakerError, DeliveryError
from uptier.monitoring.absolute import by_itself
from uptier.monitoring.finding import Finding
from uptier.monitoring.relative import against_last

SHORTEST_REASON = 10  # characters; so that nobody forces with "x"


def tripped(
    now: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    settings: BreakerSettings,
    *,
    ages: Mapping[str, int | None],
    moved: Mapping[str, Any] | None = None,
    today: dt.date | None = None,
) -> list[Finding]:
    """Say which breakers trip.

    Parameters
    ----------
    now : mapping of str to object
        As from :func:`uptier.monitoring.summary.summary`, of the list that would leave.
    before : mapping of str to object, or None
        That of the last list that was delivered; None the first time, where only absolute bounds hold.
    settings : BreakerSettings
        The bounds.
    ages : mapping of str to int or None
        Age of the newest row by table at the as-of date, days, as from :func:`uptier.monitoring.summary.ages_of`; None
        where a table has none. A table that is not in it is not held.
    moved : mapping of str to object, optional
        As from :func:`uptier.monitoring.comparing.compared`, of both scorecards. Without it, the shares of both lists
        tell how many accounts changed at the least.
    today : date, optional
        The day on which the list would leave; without it, nobody asks whether it has expired.

    Returns
    -------
    list of Finding
        Empty if the list may leave.
    """
    found = list(by_itself(now, settings, ages, today))
    if before is not None:
        found += against_last(now, before, settings, ages, moved)
    return found


def require_none(found: Sequence[Finding]) -> None:
    """Stop if a breaker tripped.

    Parameters
    ----------
    found : sequence of Finding
        As from :func:`tripped`.

    Raises
    ------
    BreakerError
        With every finding, and without a value of a row.
    """
    if found:
        count = "A circuit breaker" if len(found) == 1 else f"{len(found)} circuit breakers"
        raise BreakerError(
            "\n".join([f"{count} tripped; nothing was sent.", *(f"- {one}" for one in found)]),
            do="Mend what is wrong and run this again. If it is right as it is, run it with --force REASON, which is "
            "recorded; a bound that is too narrow for this project is set under 'breakers' in its YAML.",
        )


def forced(found: Sequence[Finding], reason: str, *, by: str, at: dt.datetime) -> dict[str, Any]:
    """Let a run pass, and say what to record of that.

    Parameters
    ----------
    found : sequence of Finding
        As from :func:`tripped`; may be empty.
    reason : str
        Why it is right to send it all the same.
    by : str
        Who says so.
    at : datetime
        When, with its zone.

    Returns
    -------
    dict
        As JSON can hold it: reason, by, at (ISO), and findings, each with its code, what was found, its bound, what to
        look at and what it is about.

    Raises
    ------
    DeliveryError
        If the reason is shorter than 10 characters.
    """
    said = " ".join(reason.split())
    if len(said) < SHORTEST_REASON:
        raise DeliveryError(
            "--force needs a reason that somebody can understand later.",
            found=f"{len(said)} characters, at least {SHORTEST_REASON} are asked for",
            do="Say why the list is right although a breaker tripped: it is recorded with the run.",
        )
    findings = [
        {"code": one.code, "found": one.found, "bound": one.bound, "look": one.look, "about": list(one.about)}
        for one in found
    ]
    return {"reason": said, "by": by, "at": at.isoformat(), "findings": findings}
