"""What a class of settings or parameters says of its keys: meaning, type and bounds, default."""

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

from uptier.documentation.markdown import documented
from uptier.errors import UptierError
from uptier.mistakes import freely_named

OF_PARTS = ("See the parts.", "See below.")  # stand for the parts' own summaries
BOUNDS = (("gt", "more than"), ("ge", "at least"), ("lt", "less than"), ("le", "at most"))
FORMATS = {
    r"^[A-Za-z0-9_-]+$": "letters, digits, dashes and underscores",
    r"^[A-Z]{3}$": "three capital letters",
    r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$": "month and day, as `12-24`",
}
NAMES: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    dt.date: "date",
}


def described(part: type[BaseModel]) -> dict[str, str]:
    """Give what a class says of its keys.

    Parameters
    ----------
    part : type of BaseModel
        With an Attributes section in its docstring.

    Returns
    -------
    dict of str to str
        Key to meaning; of a key that is described as a part, the summary of that part.

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
    for name, field in part.model_fields.items():
        inner = part_in(field.annotation)
        if inner is not None and meanings[name] in OF_PARTS:
            meanings[name] = summary(inner)
    return meanings


def summary(part: type[BaseModel]) -> str:
    """Give the first line of what a class says of itself.

    Parameters
    ----------
    part : type of BaseModel
        With a docstring.

    Returns
    -------
    str
        One sentence.

    Raises
    ------
    UptierError
        If there is none.
    """
    return documented(vars(part).get("__doc__"), f"the settings {part.__name__}").split("\n")[0]


def parts(part: type[BaseModel], place: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """List a class and the classes of its keys, each with its place.

    Parameters
    ----------
    part : type of BaseModel
        The class.
    place : str, optional
        Dotted, where it stands itself.

    Yields
    ------
    tuple of str and type
        Dotted place and class, outer ones first.
    """
    yield place, part
    free = freely_named(part)
    if free is not None:
        yield from parts(free, f"{place}.NAME".lstrip("."))
    for name, field in part.model_fields.items():
        inners = parts_in(field.annotation)
        for inner in inners:
            origin: Any = typing.get_origin(field.annotation)
            many = {dict: ".NAME", tuple: ", each"}.get(origin, "")
            kind = f", kind {_kind(inner)}" if len(inners) > 1 else ""
            yield from parts(inner, f"{place}.{field.alias or name}{many}{kind}".lstrip("."))


def part_in(annotation: Any) -> type[BaseModel] | None:
    """Find the class of keys that a type is made of.

    Parameters
    ----------
    annotation : type
        Of a key.

    Returns
    -------
    type of BaseModel, or None
        None where the value is no keys.
    """
    return next(iter(parts_in(annotation)), None)


def parts_in(annotation: Any) -> list[type[BaseModel]]:
    """Find the classes of keys that a type is made of.

    Parameters
    ----------
    annotation : type
        Of a key.

    Returns
    -------
    list of type of BaseModel
        Several where the keys are of one kind or another.
    """
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inner in typing.get_args(annotation) for found in parts_in(inner)]


def _kind(part: type[BaseModel]) -> str:
    """The word by which a part is told from its siblings."""
    return str(typing.get_args(part.model_fields["kind"].annotation)[0])


def value_of(field: FieldInfo) -> str:
    """Say what a key may hold.

    Parameters
    ----------
    field : FieldInfo
        The key.

    Returns
    -------
    str
        Type and bounds, as ``number, at least 0``.
    """
    said = type_of(field.annotation)
    if part_in(field.annotation) is not None:
        return f"{said}, see below"
    return ", ".join([said, *bounds_of(field.metadata)])


def bounds_of(metadata: list[Any]) -> list[str]:
    """Say within what a value must lie.

    Parameters
    ----------
    metadata : list
        Of a field or an annotated type.

    Returns
    -------
    list of str
        Bounds, then formats.
    """
    bounds = [f"{word} {getattr(one, key):,.10g}" for one in metadata for key, word in BOUNDS if hasattr(one, key)]
    formats = [FORMATS.get(one.pattern, f"`{one.pattern}`") for one in metadata if hasattr(one, "pattern")]
    return [*bounds, *formats]


def type_of(annotation: Any) -> str:
    """Say a type in words.

    Parameters
    ----------
    annotation : type
        Of a key.

    Returns
    -------
    str
        As ``list of text``.
    """
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return type_of(inner[0])
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in inner)
    if origin in (typing.Union, types.UnionType):
        # a whole number is a number
        wanted = [one for one in inner if one is not type(None) and not (one is int and float in inner)]
        return " or ".join(dict.fromkeys(type_of(one) for one in wanted))
    if origin is dict:
        to = type_of(inner[1])
        return f"map of {type_of(inner[0])} to {f'({to})' if to.startswith('map') else to}"
    if origin is tuple:
        return f"list of {type_of(inner[0])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "keys"
    return NAMES.get(annotation, str(annotation))


def default_of(field: FieldInfo) -> str:
    """Say what holds where a key is left out.

    Parameters
    ----------
    field : FieldInfo
        The key.

    Returns
    -------
    str
        Markdown; empty for nothing, ``needed`` where it cannot be left out.
    """
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
