"""The page on the parameters of simulated worlds, from the groups that declare them."""

from __future__ import annotations

import json
import re
import typing
from itertools import groupby
from typing import Any

from pydantic.fields import FieldInfo

from uptier.documentation.attributes import bounds_of, described, summary, type_of
from uptier.documentation.markdown import GENERATED, capital, page, row
from uptier.simulate.parameters import Group
from uptier.simulate.presets import Parameters

INTRODUCTION = """
Every number that somebody chose for the simulated world ([the world in pictures](world.md)). Defaults are those of the
preset `demo`; other presets change some of them. A step is a quarter of a month. A *hazard* is the rate of a Poisson
process per step: several compete, and their chances never add up to more than 1. Bounds are checked before anything is
written, and so is what must add up.

To change some, write them in their groups into a YAML and name it with `--changes`; `world.yaml`, which stands beside
the tables of every world, names them all. `--jitter SHARE` draws the numbers anew around what they are; whole numbers,
texts and switches stay.
"""
HEAD = (row(["parameter", "value", "default", "meaning"]), "|---|---|---|---|")
_ROLE = re.compile(r":\w+:`[\w.]*?([A-Za-z_]+\.[A-Za-z_]+|\w+)`")  # of Sphinx; the last two names are enough
ADDING_UP = ("mix", "moves")  # the names of such sorts of parameters
ROWS = " rows of "


def parameters_page() -> str:
    """Give the page on parameters: every one with its bounds, default and meaning.

    Returns
    -------
    str
        Markdown, a chapter for each group.

    Raises
    ------
    UptierError
        If a parameter is not described in its class, or a description has no parameter.
    """
    lines = ["# Parameters of simulated worlds", "", GENERATED, "", INTRODUCTION.strip(), ""]
    return page(*lines, *_chapters(Parameters(), ""))


def _chapters(group: Group, place: str) -> list[str]:
    lines = [f"## {f'`{place}`' if place else 'Top'}", "", summary(type(group)), "", *HEAD]
    inner: list[str] = []
    meanings = described(type(group))
    kinds = {name: _value(field) for name, field in type(group).model_fields.items()}
    # what is described together and is alike stands in one row
    for (meaning, kind), alike in groupby(kinds, key=lambda name: (meanings[name], kinds[name])):
        names = list(alike)
        values = {name: getattr(group, name) for name in names}
        written = [f"`{json.dumps(value)}`" for value in values.values() if not isinstance(value, Group)]
        parts = {name: f"{place}.{name}".lstrip(".") for name in names if isinstance(values[name], Group)}
        # the links are those that GitHub gives to headings: without dots
        written += [f"[below](#{here.replace('.', '')})" for here in parts.values()]
        said = _ROLE.sub(r"`\1`", capital(meaning))
        lines.append(row([", ".join(f"`{name}`" for name in names), kind, ", ".join(written), said]))
        for name, here in parts.items():
            inner += ["", *_chapters(values[name], here)]
    return [*lines, *inner]


def _value(field: FieldInfo) -> str:
    said = _type(field.annotation, field.metadata)
    if not any(getattr(mark, "name", None) in ADDING_UP for mark in field.metadata):
        return said
    return f"{said}, {'of which each row adds' if ROWS in said else 'which add'} up to 1"


def _type(annotation: Any, metadata: list[Any]) -> str:
    """A number with its bounds; of many alike, how many."""
    shape: list[int] = []
    listed = False
    while True:
        inner = typing.get_args(annotation)
        if typing.get_origin(annotation) is typing.Annotated:
            annotation, metadata = inner[0], [*metadata, *inner[1:]]
        elif typing.get_origin(annotation) is tuple:
            listed = listed or inner[-1] is Ellipsis
            shape += [] if inner[-1] is Ellipsis else [len(inner)]
            # what holds for a whole row is no bound of its numbers
            annotation, metadata = inner[0], []
        else:
            break
    bounds = [bound for mark in metadata for bound in bounds_of(getattr(mark, "metadata", None) or [mark])]
    many = [ROWS.join(map(str, shape))] if shape else []
    lists = [f"list{'s' if shape else ''} of"] if listed else []
    kind = type_of(annotation)
    plural = "s" if (shape or listed) and kind.endswith("number") else ""
    return ", ".join([" ".join([*many, *lists, kind + plural]), *_short(bounds)])


def _short(bounds: list[str]) -> list[str]:
    return ["0 to 1"] if bounds == ["at least 0", "at most 1"] else bounds
