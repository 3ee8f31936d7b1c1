"""The page on signals and triggers, in the words of their own files."""

from __future__ import annotations

import importlib
from typing import Any, cast

from uptier.documentation.markdown import GENERATED, capital, documented, page, quote
from uptier.settings import Thresholds
from uptier.signals.catalog import Catalog
from uptier.signals.families import FAMILIES
from uptier.signals.measures import Measures
from uptier.signals.signal import Effect, Signal
from uptier.signals.trigger import Trigger
from uptier.tables.clean import KIND, USAGE

INTRODUCTION = """
uptier looks at an account through {signals} signals in {families} families. A signal is one documented number or fact
about an account at a date, from what had happened and was known before that date; its name is the model's column. A
family speaks with one voice, its trigger: a condition that a CSM can act on.

Under each signal stand its name, its unit, and which way a higher value should move the chance of an upsell; then what
it is, how it is said to a CSM (what stands in *italics* is filled in), and what it needs. A signal whose table or
column is absent is *not available*: NaN, and a sentence that says so; never zero.

Thresholds are shown with their defaults; a project changes them under `thresholds:` ([settings](settings.md)). Figures
in the texts below are claims of five articles on upselling, to be measured on your own data:

- S0: an article that defines "Upsell" for B2B SaaS, with the points model and the playbook by segment
- S1: an article on upsell as a motion of its own, with the four usage signals, the three types of upsell and the talk
- S2: a glossary entry, "Upsell (UP-sel)"
- S3: a chapter, "Upsell & Cross-Sell", on product and onboarding
- S4: "How to Upsell a SaaS Product: A Step-by-Step Guide", April 2025
"""
UPSELLS = {"seat_expansion": "more seats", "plan_upgrade": "a higher plan", "add_on": "an add-on"}
EFFECTS = {
    Effect.RAISES: "should raise the chance of an upsell",
    Effect.LOWERS: "should lower the chance of an upsell",
    Effect.EITHER: "may move the chance either way",
}


_Place = tuple[str, tuple[str, ...]]  # a table, and columns of it


class _Noting:
    """Thresholds that note which of them are read."""

    def __init__(self, thresholds: Thresholds) -> None:
        self.thresholds = thresholds
        self.read: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.read.add(name)
        return getattr(self.thresholds, name)


def signals_page(catalog: Catalog, thresholds: Thresholds) -> str:
    """Give the page on signals and triggers.

    Parameters
    ----------
    catalog : Catalog
        All signals and triggers.
    thresholds : Thresholds
        Where triggers fire.

    Returns
    -------
    str
        Markdown, a chapter for each family.

    Raises
    ------
    UptierError
        If a family, signal or trigger has no docstring.
    """
    families = list(dict.fromkeys(one.family for one in catalog.signals))
    introduction = INTRODUCTION.strip().format(signals=len(catalog.signals), families=len(families))
    lines = ["# Signals", "", GENERATED, "", introduction, ""]
    for family in sorted(families, key=FAMILIES.index):
        module = importlib.import_module(f"uptier.signals.families.{family}")
        title, _, said = documented(module.__doc__, f"the family {family}").partition(": ")
        lines += [f"## {title}", "", capital(said), ""]
        trigger = catalog.trigger_of(family)
        if trigger is not None:
            lines += _trigger(trigger, catalog, thresholds)
        for one in catalog.signals:
            if one.family == family:
                lines += _signal(one, thresholds)
    return page(*lines)


def _trigger(one: Trigger, catalog: Catalog, thresholds: Thresholds) -> list[str]:
    import pandas as pd

    noting = _Noting(thresholds)
    one.rule(pd.DataFrame({signal.name: [float("nan")] for signal in catalog.signals}), cast("Thresholds", noting))
    facts = [f"opens a talk about {UPSELLS[one.opens]}" if one.opens else "opens no talk by itself"]
    if one.act_within_days:
        facts.append(f"act within {one.act_within_days} days")
    rule, *more = documented(one.__doc__, f"the trigger {one.name}").split("\n\n")
    return [
        f"**Trigger: {documented(one.label, f'the label of {one.name}')}** (`{one.name}`): {'; '.join(facts)}.",
        "",
        " ".join(["Fires when:", *(rule[:1].lower() + rule[1:]).split()]),
        *(f"\n{text}" for text in more),
        "",
        f"- Frame of the talk: {one.frame}.",
        *_read(noting),
        f"- Told by {', '.join(f'`{name}`' for name in one.says)}.",
        "",
    ]


def _signal(one: Signal, thresholds: Thresholds) -> list[str]:
    noting = _Noting(thresholds)
    told = documented(one.__doc__, f"the signal {one.name}")
    said = [("Said as", one.phrase.value), ("At 0", one.phrase.zero), ("Below 0", one.phrase.negative)]
    return [
        f"### {documented(one.label, f'the label of {one.name}')}",
        "",
        f"`{one.name}` · {one.unit.value} · {EFFECTS[one.effect]}",
        "",
        told,
        "",
        *(f"- {when}: {quote(text)}" for when, text in said if text),
        f"- Where it is not known: {quote(one.phrase.missing)}",
        f"- Needs {_needs(one, noting)}.",
        *_read(noting),
        "",
    ]


def _needs(one: Signal, noting: _Noting) -> str:
    """Say without which tables and columns a signal is not available, by asking it."""
    asked, _ = _asked(one, noting)
    needed: dict[str, set[str]] = {}
    for table, columns in sorted(asked):
        # some are only asked after since they would tell more: those may be absent
        if _asked(one, noting, without=(table, columns))[1]:
            needed.setdefault(table, set()).update(columns)
    if "usage_events" in needed:
        needed.pop(USAGE, None)  # whichever form there is: the form itself is needed already
    needs = [_table(name, columns) for name, columns in needed.items()]
    if "usage_events" in needed and not _asked(one, noting, without=("usage_events", ()))[1]:
        needs[list(needed).index("usage_events")] += " or `usage_daily`"
    return ", ".join(needs)


def _asked(one: Signal, noting: _Noting, *, without: _Place | None = None) -> tuple[set[_Place], set[str]]:
    """Give the tables and columns that a signal asks after, and what it lacks where one of them is absent."""
    asked: set[_Place] = set()

    def has(table: str, columns: tuple[str, ...]) -> bool:
        asked.add((table, columns))
        return without is None or table != without[0] or not set(without[1]) <= set(columns)

    measures = Measures(has, cast("Thresholds", noting))
    one(measures)
    return asked, measures.lacking


def _table(name: str, columns: set[str]) -> str:
    kinds = sorted(column.removeprefix(KIND) for column in columns if column.startswith(KIND))
    plain = sorted(f"`{column}`" for column in columns if not column.startswith(KIND))
    parts = [*plain, *([f"kind {' or '.join(kinds)}"] if kinds else [])]
    label = "usage in either form" if name == USAGE else f"`{name}`"
    return f"{label} ({', '.join(parts)})" if parts else label


def _read(noting: _Noting) -> list[str]:
    names = [name for name in Thresholds.model_fields if name in noting.read]
    shown = ", ".join(f"`{name}` {_said(getattr(noting.thresholds, name))}" for name in names)
    return [f"- Thresholds: {shown}."] if shown else []


def _said(threshold: float | tuple[str, ...]) -> str:
    if isinstance(threshold, tuple):
        return f"({', '.join(threshold)})"
    return f"{threshold:g}"
