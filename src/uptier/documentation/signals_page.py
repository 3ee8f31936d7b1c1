"""The page on signals and triggers, in the words of their own files."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, cast

from uptier.documentation.distributions import Seen
from uptier.documentation.markdown import GENERATED, capital, documented, page, quote
from uptier.documentation.markdown import table as rows_of
from uptier.signals.catalog import Catalog
from uptier.signals.families import FAMILIES
from uptier.signals.signal import Effect, Signal, Unit
from uptier.signals.trigger import Trigger
from uptier.tables.clean import KIND, USAGE
from uptier.thresholds import Thresholds

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
PICTURES = """
The small pictures are of the demo's company ([a world with known truth](world.md)):
{looks}. Columns count accounts by their
value, without the lowest and the highest hundredth; zeros and what is not known are told in words below and not drawn.
An orange line is where the family's trigger begins to count. That is one made-up company: what signals look like in
yours, and what came of them, shows the [first notebook](../notebooks/01_signals.ipynb).
"""
MANY = 10  # thresholds, from which on they are not listed again
FOLDER = "pictures/signals"
FAMILY = "family "  # before its name: a signal may be called the same
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


def signals_page(catalog: Catalog, thresholds: Thresholds, seen: Seen | None = None) -> str:
    """Give the page on signals and triggers.

    Parameters
    ----------
    catalog : Catalog
        All signals and triggers.
    thresholds : Thresholds
        Where triggers fire.
    seen : Seen, optional
        How signals are distributed somewhere; without it the page has no pictures.

    Returns
    -------
    str
        Markdown, a chapter for each family.

    Raises
    ------
    UptierError
        If a family, signal or trigger has no docstring.
    """
    families, places = _in_order(catalog), anchors(catalog)
    introduction = INTRODUCTION.strip().format(signals=len(catalog.signals), families=len(families))
    lines = ["# Signals", "", GENERATED, "", introduction, ""]
    if seen is not None:
        lines += [PICTURES.strip().format(looks=seen.looks), ""]
    lines += [*_families(families, catalog, places), ""]
    for family in families:
        documented(catalog.about(family), f"the family {family}")
        own = [one for one in catalog.signals if one.family == family]
        lines += [f"## {catalog.title(family)}", "", capital(catalog.about(family)), ""]
        lines += [" · ".join(f"[{one.label}]({places[one.name]})" for one in own), ""]
        trigger = catalog.trigger_of(family)
        if trigger is not None:
            lines += _trigger(trigger, catalog, thresholds, seen)
        for one in own:
            lines += _signal(one, catalog, thresholds, seen)
    return page(*lines)


def anchors(catalog: Catalog) -> dict[str, str]:
    """Give the addresses of the page's headings within it.

    Parameters
    ----------
    catalog : Catalog
        All signals and triggers.

    Returns
    -------
    dict of str to str
        For each signal and family by its name, as GitHub makes them: equal headings are counted.
    """
    titles: list[tuple[str, str]] = []
    for family in _in_order(catalog):
        titles.append((f"{FAMILY}{family}", catalog.title(family)))
        titles += [(one.name, one.label) for one in catalog.signals if one.family == family]
    seen: Counter[str] = Counter()
    found = {}
    for name, title in titles:
        plain = re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        found[name] = f"#{plain}-{seen[plain]}" if seen[plain] else f"#{plain}"
        seen[plain] += 1
    return found


def _in_order(catalog: Catalog) -> list[str]:
    families = dict.fromkeys(one.family for one in catalog.signals)
    # a project's own come last
    return sorted(families, key=lambda name: FAMILIES.index(name) if name in FAMILIES else len(FAMILIES))


def _families(families: list[str], catalog: Catalog, places: dict[str, str]) -> list[str]:
    rows = []
    for family in families:
        count = str(sum(one.family == family for one in catalog.signals))
        one = catalog.trigger_of(family)
        told = ["none: it gives context", "", ""]
        if one is not None:
            told = [one.label, UPSELLS[one.opens] if one.opens else "", f"{one.act_within_days or ''}"]
        rows.append([f"[{catalog.title(family)}]({places[FAMILY + family]})", count, *told])
    return rows_of(("family", "signals", "trigger", "opens a talk about", "act within days"), rows)


def _trigger(one: Trigger, catalog: Catalog, thresholds: Thresholds, seen: Seen | None) -> list[str]:
    import pandas as pd

    noting = _Noting(thresholds)
    one.rule(pd.DataFrame({signal.name: [float("nan")] for signal in catalog.signals}), cast("Thresholds", noting))
    facts = [f"opens a talk about {UPSELLS[one.opens]}" if one.opens else "opens no talk by itself"]
    if one.act_within_days:
        facts.append(f"act within {one.act_within_days} days")
    rule, *more = documented(one.__doc__, f"the trigger {one.name}").split("\n\n")
    since = f"- Since when it has been so: `{one.since}`." if one.since else "- Since when it has been so is not known."
    demo = [f"- In the demo it fires for {Unit.SHARE.told(seen.fired[one.name])} of the accounts."] if seen else []
    return [
        f"**Trigger: {documented(one.label, f'the label of {one.name}')}** (`{one.name}`): {'; '.join(facts)}.",
        "",
        " ".join(["Fires when:", *(rule[:1].lower() + rule[1:]).split()]),
        *(f"\n{text}" for text in more),
        "",
        f"- Frame of the talk: {one.frame}.",
        *_read(noting),
        f"- Told by {', '.join(f'`{name}`' for name in one.says)}.",
        since,
        *demo,
        "",
    ]


def _signal(one: Signal, catalog: Catalog, thresholds: Thresholds, seen: Seen | None) -> list[str]:
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
        *_picture(one, seen),
        *(f"- {when}: {quote(text)}" for when, text in said if text),
        f"- Where it is not known: {quote(one.phrase.missing)}",
        *([f"- What a CSM can do about it: {one.lever.words}."] if one.lever is not None else []),
        f"- Needs {_needs(one, catalog, noting) or 'what at least one trigger needs'}.",
        *_read(noting),
        "",
    ]


def _picture(one: Signal, seen: Seen | None) -> list[str]:
    if seen is None:
        return []
    sentence = f"In the demo: {seen.sentences[one.name][:1].lower()}{seen.sentences[one.name][1:]}"
    if one.name not in seen.pictures:
        return [sentence, ""]
    return [f"![Bars: {one.label}]({FOLDER}/{one.name}.svg)", "", sentence, ""]


def _needs(one: Signal, catalog: Catalog, noting: _Noting) -> str:
    """Say without which tables and columns a signal is not available, by asking it."""
    asked, _ = _asked(one, catalog, noting)
    needed: dict[str, set[str]] = {}
    for table, columns in sorted(asked):
        # some are only asked after since they would tell more: those may be absent
        if _asked(one, catalog, noting, without=(table, columns))[1]:
            needed.setdefault(table, set()).update(columns)
    if "usage_events" in needed:
        needed.pop(USAGE, None)  # whichever form there is: the form itself is needed already
    needs = [_table(name, columns) for name, columns in needed.items()]
    if "usage_events" in needed and not _asked(one, catalog, noting, without=("usage_events", ()))[1]:
        needs[list(needed).index("usage_events")] += " or `usage_daily`"
    return ", ".join(needs)


def _asked(
    one: Signal, catalog: Catalog, noting: _Noting, *, without: _Place | None = None
) -> tuple[set[_Place], set[str]]:
    """Give the tables and columns that a signal asks after, and what it lacks where one of them is absent."""
    asked: set[_Place] = set()

    def has(table: str, columns: tuple[str, ...]) -> bool:
        asked.add((table, columns))
        return without is None or table != without[0] or not set(without[1]) <= set(columns)

    measures = catalog.measures(has, cast("Thresholds", noting))
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
    if len(names) > MANY:
        return ["- Thresholds: those of the triggers."]
    shown = ", ".join(f"`{name}` {_said(getattr(noting.thresholds, name))}" for name in names)
    return [f"- Thresholds: {shown}."] if shown else []


def _said(threshold: float | tuple[str, ...]) -> str:
    if isinstance(threshold, tuple):
        return f"({', '.join(threshold)})"
    return f"{threshold:g}"
