"""The brief as a file: Markdown for a ticket or a chat, and one HTML page that needs nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from uptier.explanation.brief import Told, told

if TYPE_CHECKING:
    from uptier.explanation.brief import Brief

# A sign that Markdown or the HTML within it would read as its own, wherever a customer may have written it.
_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~&])")

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
:root { color-scheme: light dark; --line: #8886; --today: #14713d; }
@media (prefers-color-scheme: dark) { :root { --today: #6fd39b; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
.head { font-weight: 600; font-size: 1.1rem; }
.today { font-weight: 600; color: var(--today); }
section { border-top: 1px solid var(--line); margin-top: 1rem; padding-top: .5rem; }
dl { display: grid; grid-template-columns: 7rem 1fr; gap: .3rem 1rem; margin: .5rem 0; }
dt { opacity: .7; }
dd { margin: 0; }
.chance { white-space: pre-wrap; font-variant-numeric: tabular-nums; }
@media (max-width: 32rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; } }
</style>
</head>
<body>
{% for part in parts %}<section>
{% for one in part.paragraphs %}<p class="{{ one.style }}">{{ one.text }}</p>
{% endfor %}{% if part.points %}<dl>
{% for one in part.points %}<dt>{{ one.label }}</dt><dd class="{{ one.style }}">{{ one.text }}</dd>
{% endfor %}</dl>
{% endif %}</section>
{% endfor %}</body>
</html>
"""


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
    for paragraphs, points in _parts(brief):
        blocks += [f"**{_escaped(one.text)}**" if one.style != "plain" else _escaped(one.text) for one in paragraphs]
        lines = [f"- {f'*{one.label}*: ' if one.label else ''}{_escaped(one.text)}" for one in points]
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
        It loads nothing, holds no script, and follows the reader's light or dark screen.
    """
    import jinja2

    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(PAGE)
    parts = [{"paragraphs": paragraphs, "points": points} for paragraphs, points in _parts(brief)]
    return page.render(title=f"Account {brief.account_id}", parts=parts)


def _parts(brief: Brief) -> list[tuple[list[Told], list[Told]]]:
    """Part what is said where the text has an empty line: paragraphs first, then labelled points."""
    parts: list[tuple[list[Told], list[Told]]] = [([], [])]
    for one in told(brief):
        clean = Told(one.style, " ".join(_printable(one.text).split()), one.label)
        if one.style == "plain" and not one.text:
            parts.append(([], []))
        else:
            parts[-1][one.style in ("labelled", "chance")].append(clean)
    return parts


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _escaped(text: str) -> str:
    return _SIGNS.sub(r"\\\1", text)
