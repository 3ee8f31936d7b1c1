"""A CSM's open rows as one page, HTML or Markdown, from what the rows say alone."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from uptier.decision.actions import WORDS
from uptier.delivery.payload import Payload, Value
from uptier.explanation.brief_words import day_of
from uptier.explanation.pages import COLUMNS, STYLE, escaped
from uptier.scoring.suppression import LABELS

# what Markdown would read as a list or a heading where a line begins with it, or consists of it
_LINE_STARTS = re.compile(r"^([-+=]|\d+[.)])")
_LINK = re.compile(r"^https?://[^\s<>\"']+$")

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
{{ style }}
.brief { white-space: pre-wrap; overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>{{ title }}</h1>
<p>{{ said }}</p>
<div class="wide"><table>
<thead><tr>{% for name in columns %}<th scope="col">{{ name }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in rows %}<tr><td><a href="#account-{{ loop.index }}">{{ row.account }}</a></td>\
{% for cell in row.cells %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody>
</table></div>
{% for row in rows %}<article id="account-{{ loop.index }}">
<p class="head">{{ row.account }}</p>
<section><dl>
{% for label, text in row.points %}<dt>{{ label }}</dt><dd>{{ text }}</dd>
{% endfor %}</dl></section>
{% if row.link %}<p><a href="{{ row.link }}" rel="noreferrer">{{ row.link }}</a></p>
{% elif row.brief %}<section class="brief">{{ row.brief }}</section>
{% endif %}<p><a href="#">Back to the list</a></p>
</article>
{% endfor %}</body>
</html>
"""


def html(owner: str, rows: Sequence[Payload]) -> str:
    """Give a CSM's rows as one HTML page.

    Parameters
    ----------
    owner : str
        The CSM; empty for rows that are nobody's.
    rows : sequence of Payload
        At least one, in the order of the day.

    Returns
    -------
    str
        It loads nothing, holds no script, and follows the reader's light or dark screen. The same for the same rows.
    """
    import jinja2
    from markupsafe import Markup

    given = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    page = given.from_string(PAGE)
    made: str = page.render(
        title=title(owner),
        said=summary(rows),
        style=Markup(STYLE),  # our own, and nobody's words are in it
        columns=COLUMNS,
        rows=[_row(one) for one in rows],
    )
    return made


def markdown(owner: str, rows: Sequence[Payload]) -> str:
    """Give a CSM's rows as Markdown, which reads as plain text too.

    Parameters
    ----------
    owner : str
        The CSM; empty for rows that are nobody's.
    rows : sequence of Payload
        At least one, in the order of the day.

    Returns
    -------
    str
        What customers wrote is escaped: it is never read as a heading, a list or HTML.
    """
    blocks = [f"# {escaped(title(owner))}", escaped(summary(rows))]
    for row in map(_row, rows):
        blocks.append(f"## {escaped(row['account'])}")
        blocks.append("\n".join(f"- *{label}*: {escaped(text)}" for label, text in row["points"]))
        if row["link"]:
            blocks.append(f"<{row['link']}>")
        elif row["brief"]:
            blocks.append("\n".join(f"> {_line(one)}" for one in row["brief"].splitlines()))
    return "\n\n".join(blocks) + "\n"


def title(owner: str) -> str:
    """Give the title of a CSM's page.

    Parameters
    ----------
    owner : str
        The CSM; empty for rows that are nobody's.

    Returns
    -------
    str
        One line.
    """
    return f"Accounts of {owner}" if owner else "Accounts without a CSM"


def summary(rows: Sequence[Payload]) -> str:
    """Say how many rows there are, from when, and until when they are good.

    Parameters
    ----------
    rows : sequence of Payload
        At least one.

    Returns
    -------
    str
        One or more sentences.
    """
    looked = [day for day in (one.values["as_of"] for one in rows) if isinstance(day, dt.date)]
    until = [day for day in (one.values["expires_on"] for one in rows) if isinstance(day, dt.date)]
    said = [f"{len(rows)} open {'row' if len(rows) == 1 else 'rows'}."]
    said += [f"Looked at on {day_of(max(looked))}."] if looked else []
    said += [f"Good until {day_of(min(until))}."] if until else []
    return " ".join(said)


def _row(row: Payload) -> dict[str, Any]:
    told = row.values
    details = _text(told["details"])
    link = details if _LINK.match(details) else ""
    about = WORDS.get(_text(told["upsell"]), _text(told["upsell"]))
    cells = [told["action"], about, told["reason_1"], told["act_by"], told["changed"]]
    points = [
        ("Do", told["action"]),
        ("About", about),
        ("Because", told["action_reason"]),
        *((f"Why {place}", told[f"reason_{place}"]) for place in (1, 2, 3)),
        ("Against", told["against_1"]),
        ("Changed", told["changed"]),
        ("Act by", told["act_by"]),
        ("Expected value", _worth(row)),
        ("Tier", told["tier"]),
        # under rules alone points stand for the value
        ("Points", None if told["expected_value"] is not None else told["points"]),
        ("Place", _place(row)),
        ("Held back", "; ".join(LABELS.get(code, code) for code in _text(told["held_by"]).split(",") if code)),
    ]
    return {
        "account": row.account_id,
        "cells": [_text(cell) for cell in cells],
        "points": [(label, _text(text)) for label, text in points if text is not None and text != ""],
        "link": link,
        "brief": "" if link else details,
    }


def _worth(row: Payload) -> str:
    """Say what one contact is expected to bring, with its interval where that is known."""
    value, low, high = (row.values[name] for name in ("expected_value", "expected_value_low", "expected_value_high"))
    if not isinstance(value, float):
        return ""
    between = f" ({round(low):,} to {round(high):,})" if isinstance(low, float) and isinstance(high, float) else ""
    return f"{_text(row.values['currency'])} {round(value):,}{between}".strip()


def _place(row: Payload) -> str:
    """Say which place a row has, and how it came to it, or why it has none."""
    if row.values["rank"] is None:
        said = _text(row.values["unlisted_because"])
        return f"none: {said}" if said else ""
    return f"{row.values['rank']}{', drawn from lower ranks' if row.values['exploration'] == 'yes' else ''}"


def _text(value: Value) -> str:
    if isinstance(value, dt.date):
        return day_of(value)
    return "" if value is None else str(value)


def _line(text: str) -> str:
    stripped = text.strip()
    start = _LINE_STARTS.match(stripped)
    if start is None:
        return escaped(stripped)
    # the last sign of what begins the line is what makes it a list
    end = start.end() - 1
    return f"{stripped[:end]}\\{stripped[end]}{escaped(stripped[end + 1 :])}"
