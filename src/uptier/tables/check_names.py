"""What the check finds in names: kinds of usage that are not mapped or not listed, and misspelt columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import ibis

from uptier.errors import closest
from uptier.tables.contracts import CONTRACT
from uptier.tables.findings import Finding, Severity
from uptier.tables.mapping import Mapped, unmapped_kinds

if TYPE_CHECKING:
    from uptier.settings import Settings

MISSPELT = 0.8  # likeness from which an unused column is taken for a misspelt one
NAMES_SHOWN = 5


def unmapped(one: Mapped, settings: Settings) -> Iterable[Finding]:
    """Find kinds of usage that mean nothing to uptier.

    Parameters
    ----------
    one : Mapped
        A usage table.
    settings : Settings
        The project.

    Yields
    ------
    Finding
        A warning with the most frequent names.
    """
    if "kind" not in one.origin:
        return
    names = unmapped_kinds(one, settings).execute()
    if len(names):
        shown = ", ".join(
            f"{row.name_} ({row.events:,})"
            for row in names.rename(columns={"name": "name_"}).head(NAMES_SHOWN).itertuples()
        )
        yield Finding(
            code="unmapped-kind",
            table=one.name,
            count=int(names.events.sum()),
            severity=Severity.WARNING,
            message="rows have a kind that means nothing to uptier; they count as activity alone. Most frequent: "
            f"{shown}. Map them under tables.{one.name}.values.kind.",
        )


def unlisted(one: Mapped, settings: Settings) -> Iterable[Finding]:
    """Find kinds of usage that the project records but does not list.

    Parameters
    ----------
    one : Mapped
        A usage table.
    settings : Settings
        The project.

    Yields
    ------
    Finding
        A warning with their names.
    """
    listed = settings.table(one.name).kinds
    if listed:
        known = [kind for kind in CONTRACT[one.name].columns["kind"].values if kind not in listed]
        names = one.table.filter(one.table.kind.isin(known)).group_by("kind").aggregate(rows=ibis._.count()).execute()
        yield Finding(
            code="kind-unlisted",
            table=one.name,
            count=int(names["rows"].sum()),
            severity=Severity.WARNING,
            message=f"rows have a kind that tables.{one.name}.kinds does not list "
            f"({', '.join(sorted(names['kind']))}), so signals of it are not available. Add it there.",
        )


def misspelt(one: Mapped) -> Iterable[Finding]:
    """Find columns that look like misspelt ones of the contract.

    Parameters
    ----------
    one : Mapped
        A table.

    Yields
    ------
    Finding
        An error for each.
    """
    absent = [column for column in CONTRACT[one.name].columns if column not in one.present]
    for theirs in one.unused:
        near = closest(theirs, absent, count=1)
        if near and _likeness(theirs, near[0]) >= MISSPELT:
            yield Finding(
                code="column-misspelt",
                table=one.name,
                count=1,
                severity=Severity.ERROR,
                message=f"The column '{theirs}' is not used, and {near[0]} is missing. Rename it, or map it under "
                f"tables.{one.name}.columns.",
            )


def _likeness(first: str, second: str) -> float:
    import difflib

    return difflib.SequenceMatcher(None, first, second).ratio()
