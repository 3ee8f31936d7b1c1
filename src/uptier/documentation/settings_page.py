"""The page on a project's YAML, from the classes that read it."""

from __future__ import annotations

import datetime as dt
import inspect
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from uptier.documentation.markdown import GENERATED, documented, page, row
from uptier.errors import UptierError
from uptier.settings import Settings

INTRODUCTION = """
A project is one YAML. Unknown keys are errors, told with file, line and key. `${NAME}` takes a value from the
environment, which no message ever shows. Relative paths start at the folder of the YAML. `uptier init SOURCE` writes a
first one, to be mended; `configs/` holds finished ones.
"""
OF_PARTS = "See the parts."  # stands for the parts' own summaries
NOT_WRITTEN = ("path",)  # of the settings: the YAML itself
BOUNDS = (("gt", "more than"), ("ge", "at least"), ("lt", "less than"), ("le", "at most"))
FORMATS = {r"^[A-Za-z0-9_-]+$": "letters, digits, dashes and underscores", r"^[A-Z]{3}$": "three capital letters"}
NAMES: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    dt.date: "date",
}


def settings_page() -> str:
    """Give the page on a project's YAML: every key with its type, default and meaning.

    Returns
    -------
    str
        Markdown, a chapter for each part.

    Raises
    ------
    UptierError
        If a key is not described in its class, or a description has no key.
    """
    lines = ["# Settings", "", GENERATED, "", INTRODUCTION.strip(), ""]
    for place, part in _parts(Settings, ""):
        lines += [f"## {f'`{place}`' if place else 'Top of the file'}", "", _summary(part), ""]
        lines += [row(["key", "value", "default", "meaning"]), "|---|---|---|---|"]
        meanings = described(part)
        for name, field in part.model_fields.items():
            if name not in NOT_WRITTEN:
                meaning = (
                    _summary(inner) if (inner := _part_in(field.annotation)) and meanings[name] == OF_PARTS else ""
                )
                lines.append(
                    row([f"`{field.alias or name}`", _value(field), _default(field), meaning or meanings[name]])
                )
        lines.append("")
    return page(*lines)


def described(part: type[BaseModel]) -> dict[str, str]:
    """Give what a part of the settings says of its keys.

    Parameters
    ----------
    part : type of BaseModel
        With an Attributes section in its docstring.

    Returns
    -------
    dict of str to str
        Key to meaning.

    Raises
    ------
    UptierError
        If a key is not described, or a description has no key.
    """
    try:
        from numpydoc.docscrape import NumpyDocString
    except ImportError:
        raise UptierError(
            "Pages are made with numpydoc, which is not installed.", do="Run it by 'make docs'."
        ) from None
    meanings: dict[str, str] = {}
    # inspect.getdoc would take the docstring of the class above
    for parameter in NumpyDocString(inspect.cleandoc(vars(part).get("__doc__") or ""))["Attributes"]:
        # one description may serve several keys
        meanings |= dict.fromkeys(parameter.name.split(", "), " ".join(parameter.desc))
    absent = [f"{name} is not described" for name in part.model_fields if not meanings.get(name)]
    stray = [f"there is no {name}" for name in meanings if name not in part.model_fields]
    if absent or stray:
        raise UptierError(
            f"The Attributes of the settings {part.__name__} differ from its keys.",
            found=", ".join([*absent, *stray]),
            do="Describe each key once in the docstring of the class; then: make docs.",
        )
    return meanings


def _summary(part: type[BaseModel]) -> str:
    return documented(vars(part).get("__doc__"), f"the settings {part.__name__}").split("\n")[0]


def _parts(part: type[BaseModel], place: str) -> Iterator[tuple[str, type[BaseModel]]]:
    yield place, part
    for name, field in part.model_fields.items():
        inner = _part_in(field.annotation)
        if inner is not None:
            origin: Any = typing.get_origin(field.annotation)
            many = {dict: ".NAME", tuple: ", each"}.get(origin, "")
            yield from _parts(inner, f"{place}.{field.alias or name}{many}".lstrip("."))


def _part_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in typing.get_args(annotation) if (found := _part_in(inner)) is not None), None)


def _value(field: FieldInfo) -> str:
    said = _type(field.annotation)
    if _part_in(field.annotation) is not None:
        return f"{said}, see below"
    bounds = [f"{word} {getattr(one, key):g}" for one in field.metadata for key, word in BOUNDS if hasattr(one, key)]
    formats = [FORMATS.get(one.pattern, f"`{one.pattern}`") for one in field.metadata if hasattr(one, "pattern")]
    return ", ".join([said, *bounds, *formats])


def _type(annotation: Any) -> str:
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _type(inner[0])
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in inner)
    if origin in (typing.Union, types.UnionType):
        # a whole number is a number
        wanted = [one for one in inner if one is not type(None) and not (one is int and float in inner)]
        return " or ".join(_type(one) for one in wanted)
    if origin is dict:
        to = _type(inner[1])
        return f"map of {_type(inner[0])} to {f'({to})' if to.startswith('map') else to}"
    if origin is tuple:
        return f"list of {_type(inner[0])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "keys"
    return NAMES.get(annotation, str(annotation))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    default = field.default
    if default is None or default in ((), {}) or isinstance(default, BaseModel):
        return ""
    if isinstance(default, tuple):
        return ", ".join(f"`{one}`" for one in default)
    if isinstance(default, dict):
        return ", ".join(f"`{key}: {value}`" for key, value in default.items())
    return f"`{default}`"
