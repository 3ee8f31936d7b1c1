"""The page on triggers: what fires each, what talk it opens, and which line of the sources each signal stands for."""

from __future__ import annotations

from uptier.documentation.domain_line import SECTIONS, Line
from uptier.documentation.domain_map import DOMAIN
from uptier.documentation.markdown import GENERATED, documented, page, table
from uptier.documentation.signals_page import FAMILY, UPSELLS, anchors
from uptier.signals.catalog import Catalog
from uptier.signals.trigger import Trigger
from uptier.thresholds import Thresholds

HEAD = """
A trigger is the one voice of a family of [signals](signals.md): a condition that a CSM can act on. What fires it, what
talk it opens, and how soon to have that talk; the thresholds are a project's to set ([settings](settings.md)).
"""
MAP_HEAD = """
Each line is a claim of one of the five articles that [signals](signals.md) lists, in our words, and beside it what
measures it here. What a claim is worth is measured on data, never assumed; the
[first notebook](../notebooks/01_signals.ipynb) shows how. Signals without a trigger or a rule beside them
give context to the model and to the brief.
"""


def triggers_page(catalog: Catalog, thresholds: Thresholds) -> str:
    """Give the page on triggers.

    Parameters
    ----------
    catalog : Catalog
        All signals and triggers.
    thresholds : Thresholds
        Where triggers fire.

    Returns
    -------
    str
        Markdown: a table of triggers, then a table for each section of what the sources say.

    Raises
    ------
    UptierError
        If a trigger has no docstring.
    SignalError
        If a line names a signal that there is not.
    """
    places = anchors(catalog)
    head = ("trigger", "fires when", "opens a talk about", "act within days", "since when", "frame of the talk")
    lines = ["# Triggers", "", GENERATED, "", HEAD.strip(), ""]
    lines += [*table(head, [_trigger(one, places) for one in catalog.triggers]), ""]
    lines += ["## From the sources to the catalogue", "", MAP_HEAD.strip(), ""]
    for section in SECTIONS:
        rows = [_line(one, catalog, places, thresholds) for one in DOMAIN if one.section == section]
        lines += [f"### {section}", ""]
        lines += [*table(("what is said", "source", "signals", "trigger or rule", "thresholds"), rows), ""]
    return page(*lines)


def _trigger(one: Trigger, places: dict[str, str]) -> list[str]:
    rule = documented(one.__doc__, f"the trigger {one.name}").split("\n\n")[0]
    return [
        f"[{one.label}](signals.md{places[FAMILY + one.family]})",
        " ".join(rule.split()),
        UPSELLS[one.opens] if one.opens else "",
        f"{one.act_within_days or ''}",
        f"`{one.since}`" if one.since else "",
        one.frame,
    ]


def _line(one: Line, catalog: Catalog, places: dict[str, str], thresholds: Thresholds) -> list[str]:
    signals = [f"[`{name}`](signals.md{places[catalog.signal(name).name]})" for name in one.signals]
    signals += [f"({one.elsewhere})"] if one.elsewhere else []
    triggers = [f"`{name}`" for name in one.triggers] + [f"points: `{name}`" for name in one.rules]
    limits = [f"`{name}` {_value(getattr(thresholds, name))}".rstrip() for name in one.thresholds]
    return [one.said, one.source, ", ".join(signals), ", ".join(triggers), ", ".join(limits)]


def _value(threshold: float | tuple[str, ...]) -> str:
    # lists of words are long, and stand on the page on settings
    return "" if isinstance(threshold, tuple) else f"{threshold:g}"
