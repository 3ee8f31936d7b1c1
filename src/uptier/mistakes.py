"""Mistakes in a project's YAML: each is told with file, line and key, and the keys that may have been meant."""

from __future__ import annotations

from typing import Any, get_type_hints

from pydantic import BaseModel, ValidationError

from uptier.errors import SettingsError, did_you_mean
from uptier.project_file import ProjectFile

_KEYS = "keys, each with its value, are wanted here"
# by pydantic's name of the mistake, where its own words are those of a programmer
WANTED = {
    "dict_type": _KEYS,
    "mapping_type": _KEYS,
    "model_type": _KEYS,
    "model_attributes_type": _KEYS,
    "list_type": "a list is wanted here",
    "tuple_type": "a list is wanted here",
    "path_type": "the path of a file or folder is wanted here, as text",
}


def mistakes(error: ValidationError, file: ProjectFile, whole: type[BaseModel]) -> SettingsError:
    """Tell what is wrong with a project's YAML.

    Parameters
    ----------
    error : ValidationError
        What pydantic found. Its own text quotes values, which may come from the environment: it is not shown.
    file : ProjectFile
        The YAML as it is written.
    whole : type of BaseModel
        What the YAML is to be.

    Returns
    -------
    SettingsError
        To be raised: each mistake with file, line and key.
    """
    lines = []
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        place = tuple(part for part in problem["loc"])
        message = WANTED.get(problem["type"], problem["msg"].removeprefix("Value error, ").rstrip("."))
        if problem["type"] == "extra_forbidden":
            message = f"there is no such key. {did_you_mean(str(place[-1]), _keys_beside(place, whole))}"
        elif problem["type"] == "missing":
            message = f"the key '{place[-1]}' is missing"
        found = file.written(*place)
        said = f"{file.where(*place)}: {_ended(message)}"
        lines.append(said if found is None or isinstance(found, dict | list) else f"{said} Found: {found!r}.")
    return SettingsError("\n".join(lines), do="Every key is described in docs/settings.md.")


def _ended(message: str) -> str:
    return message if message.endswith((".", "?")) else f"{message}."


def freely_named(part: type[BaseModel]) -> type[BaseModel] | None:
    """Give the part that keys with names of their own hold, beside those that a part lists.

    Parameters
    ----------
    part : type of BaseModel
        A part of the YAML.

    Returns
    -------
    type of BaseModel, or None
        None where every key has its given name.
    """
    if part.model_config.get("extra") != "allow":
        return None
    return next(iter(_parts(get_type_hints(part)["__pydantic_extra__"])), None)


def _keys_beside(place: tuple[str | int, ...], whole: type[BaseModel]) -> list[str]:
    part: Any = whole
    for step in place[:-1]:
        field = part.model_fields.get(str(step)) if isinstance(part, type) and issubclass(part, BaseModel) else None
        if field is None:
            # the key of a dict or the number of a list item: one level inside the same annotation
            part = freely_named(part) or part
            continue
        part = next((kind for kind in _parts(field.annotation)), part)
    fields = part.model_fields
    return [field.alias or name for name, field in fields.items() if name != "path"]


def _parts(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [part for inner in getattr(annotation, "__args__", ()) for part in _parts(inner)]
