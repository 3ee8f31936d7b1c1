"""Briefs as files: Markdown for a ticket or a chat, one HTML page, and a CSM's whole worklist as one."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from uptier.explanation.brief_words import Told, told, who
from uptier.explanation.pictures import pictures
from uptier.explanation.words import IN_ENGLISH, Words

if TYPE_CHECKING:
    from uptier.explanation.brief import Brief
    from uptier.explanation.changed import Chances

# A sign that Markdown or the HTML within it would read as its own, wherever a customer may have written it.
_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~&])")

STYLE = """\
:root { color-scheme: light dark; --line: #8886; --today: #14713d; }
@media (prefers-color-scheme: dark) { :root { --today: #6fd39b; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
.head { font-weight: 600; font-size: 1.1rem; }
.today { font-weight: 600; color: var(--today); }
section { border-top: 1px solid var(--line); margin-top: 1rem; padding-top: .5rem; }
dl { display: grid; grid-template-columns: 7rem 1fr; gap: .3rem 1rem; margin: .5rem 0; }
dt { opacity: .7; }
dd { margin: 0; }
.chance { white-space: pre-wrap; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem 1.5rem; }
figure { margin: 0; width: 17.5rem; max-width: 100%; break-inside: avoid; }
figure svg { max-width: 100%; height: auto; }
figcaption { font-size: .85rem; opacity: .8; }
article { margin-top: 3rem; border-top: 3px solid var(--line); }
.wide { overflow-x: auto; }
td:nth-child(2), td:nth-child(3), td:nth-child(5) { white-space: nowrap; }
@media (max-width: 32rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }
@media print { article { break-before: page; } }"""

PAGE = """\
{% macro brief(parts) %}{% for part in parts %}<section>
{% for one in part.paragraphs %}<p class="{{ one.style }}">{{ one.text }}</p>
{% endfor %}{% if part.points %}<dl>
{% for one in part.points %}<dt>{{ one.label }}</dt><dd class="{{ one.style }}">{{ one.text }}</dd>
{% endfor %}</dl>
{% endif %}</section>
{% endfor %}{% endmacro %}\
{% macro trends(drawn) %}{% if drawn %}<section class="pictures">
{% for one in drawn %}<figure>{{ one.svg }}<figcaption>{{ one.title }}</figcaption></figure>
{% endfor %}</section>
{% endif %}{% endmacro %}<!doctype html>
<html lang="{{ language }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
{{ style }}
</style>
</head>
<body>
{% if rows %}<h1>{{ title }}</h1>
<p>{{ said }}</p>
<div class="wide"><table>
<thead><tr>{% for name in columns %}<th scope="col">{{ name }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in rows %}<tr><td><a href="#{{ row.place }}">{{ row.account }}</a></td>\
{% for cell in row.cells %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody>
</table></div>
{% for row in rows %}<article id="{{ row.place }}">
{{ brief(row.parts) }}{{ trends(row.drawn) }}<p><a href="#">{{ back }}</a></p>
</article>
{% endfor %}{% else %}{{ brief(parts) }}{{ trends(drawn) }}{% endif %}</body>
</html>
"""


def _columns(words: Words) -> tuple[str, ...]:
    return tuple(words.say(f"page.{name}") for name in ("account", "deed", "about", "why", "by", "since"))


COLUMNS = _columns(IN_ENGLISH)  # for pages of which no project's words are known


def markdown(brief: Brief) -> str:
    """Give a brief as Markdown.

    Parameters
    ----------
    brief : Brief
        The brief.

    Returns
    -------
    str
        What customers wrote is escaped: it is never read as a link, a heading or HTML.
    """
    blocks: list[str] = []
    for part in _parts(brief):
        said = ((one.style, escaped(one.text)) for one in part["paragraphs"])
        blocks += [text if style == "plain" else f"**{text}**" for style, text in said]
        lines = [f"- {f'*{one.label}*: ' if one.label else ''}{escaped(one.text)}" for one in part["points"]]
        blocks += ["\n".join(lines)] if lines else []
    return "\n\n".join(blocks) + "\n"


def html(brief: Brief) -> str:
    """Give a brief as one HTML page.

    Parameters
    ----------
    brief : Brief
        The brief.

    Returns
    -------
    str
        It loads nothing, holds no script, and follows the reader's light or dark screen. Below what the brief says
        stand pictures of the account's trends, each with the same in words for whoever does not see it.
    """
    title = brief.words.say("page.title", id=brief.account_id)
    return _page(brief.words, title=title, parts=_parts(brief), drawn=_drawn(brief), rows=[])


def worklist(briefs: Sequence[Brief], csm: str) -> str:
    """Give a CSM's accounts as one HTML page: a list, and below it each account's brief.

    Parameters
    ----------
    briefs : sequence of Brief
        At least one, in the order of the day.
    csm : str
        Whose accounts they are.

    Returns
    -------
    str
        As :func:`html`.
    """
    first, words = briefs[0], briefs[0].words
    return _page(
        words,
        title=words.say("page.list_title", csm=csm, day=words.day(first.as_of)),
        said=words.count("page.list_until", len(briefs), day=words.day(first.expires_on)),
        columns=_columns(words),
        rows=[
            {
                "place": f"account-{place}",
                "account": who(one),
                "cells": _cells(one),
                "parts": _parts(one),
                "drawn": _drawn(one),
            }
            for place, one in enumerate(briefs, start=1)
        ],
    )


def _drawn(brief: Brief) -> list[dict[str, Any]]:
    if brief.trends is None:
        return []
    from markupsafe import Markup

    # drawn by us, with every name in it escaped
    return [{"title": one.title, "svg": Markup(one.svg)} for one in pictures(brief.trends, brief.words)]


def _cells(brief: Brief) -> list[str]:
    words, changed = brief.words, brief.changed
    reason = next(iter(brief.reasons.supporting), None)
    said = [] if changed is None or changed.chances is None else [f"{_in_100(changed.chances, words)}."]
    if changed is not None and changed.fired:
        said.append(words.say("page.fired", triggers=", ".join(changed.fired)))
    about = "page.stays" if brief.about == "churn" else f"upsells.{brief.about}"
    return [
        words.say(f"actions.{brief.action.name.lower()}"),
        words.say(about) if words.has(about) else "",
        _printable("" if reason is None else reason.sentence),
        "" if brief.talk is None else words.day(brief.talk.by),
        " ".join(said),
    ]


def _in_100(chances: Chances, words: Words) -> str:
    before, now = (math.floor(share * 100 + 0.5) for share in (chances.before, chances.now))
    return words.say("page.moved", before=before, now=now) if before != now else words.say("page.still", now=now)


def _page(words: Words, **given: Any) -> str:
    import jinja2
    from markupsafe import Markup

    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=False).from_string(PAGE)
    fixed = {"language": words.say("page.language"), "back": words.say("page.back")}
    made: str = page.render(style=Markup(STYLE), **fixed, **given)  # our own, and nobody's words are in it
    return made


def _parts(brief: Brief) -> list[dict[str, list[Told]]]:
    """Part what is said where the text has an empty line: paragraphs first, then labelled points."""
    parts: list[dict[str, list[Told]]] = [{"paragraphs": [], "points": []}]
    for one in told(brief):
        clean = Told(one.style, " ".join(_printable(one.text).split()), one.label)
        if one.style == "plain" and not one.text:
            parts.append({"paragraphs": [], "points": []})
        else:
            parts[-1]["points" if one.style in ("labelled", "chance") else "paragraphs"].append(clean)
    return parts


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def escaped(text: str) -> str:
    """Escape what Markdown would read as its own.

    Parameters
    ----------
    text : str
        What anybody wrote.

    Returns
    -------
    str
        As it reads, in Markdown.
    """
    return _SIGNS.sub(r"\\\1", text)
