"""What a person gives a world in a YAML, parameters or a price list; what is wrong with it is said with its line."""

from __future__ import annotations

import typing
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from uptier.errors import SettingsError, SimulationError, closest, did_you_mean
from uptier.project_file import Place, ProjectFile, read_project_file
from uptier.simulate.parameters import FaultAtError, Group

WORLD_FILE = "world.yaml"  # beside the tables of a world: what makes it again

_BOUNDS = {
    "greater_than_equal": ("ge", "must be {} or more"),
    "less_than_equal": ("le", "must be {} or less"),
    "greater_than": ("gt", "must be more than {}"),
    "less_than": ("lt", "must be less than {}"),
}
_SORTS = {  # beginnings of pydantic's names of faults
    "int_": "must be a whole number",
    "float_": "must be a number",
    "finite_number": "must be a number",
    "bool_": "must be true or false",
    "string_type": "must be a text",
    "string_too_short": "must not be empty",
    "tuple_type": "must be a list",
    "dict_type": "must be keys with values",
    "model_": "must be keys with values",
    "invalid_key": "a key must be a text",
    "too_short": "must not be empty",
}

G = TypeVar("G", bound=Group)


@dataclass(frozen=True, eq=False)
class Given:
    """A YAML, or the part of it that is meant.

    Attributes
    ----------
    file : ProjectFile
        The YAML.
    part : tuple of str
        Keys that lead to what is meant; none where it is the whole file.
    """

    file: ProjectFile
    part: tuple[str, ...]

    @property
    def raw(self) -> dict[str, Any]:
        """Keys and values, as written."""
        value: dict[str, Any] = self.file.written(*self.part)
        return value

    def written(self, place: Place) -> Any:
        """Give a value as it is written.

        Parameters
        ----------
        place : tuple of str or int
            The keys that lead there, from the top of what is meant.

        Returns
        -------
        object
            None where nothing is written there.
        """
        return self.file.written(*self.part, *place)

    def where(self, place: Place) -> str:
        """Say where a key stands, for a message.

        Parameters
        ----------
        place : tuple of str or int
            The keys that lead there, from the top of what is meant.

        Returns
        -------
        str
            File, line and key; of the whole, the file.
        """
        here = (*self.part, *place)
        return self.file.where(*here) if here else str(self.file.path)


def read_given(path: Path, *, part: str, what: str) -> Given:
    """Read a YAML that a person gives.

    Parameters
    ----------
    path : Path
        The YAML, or the `world.yaml` of another world.
    part : str
        The key under which a `world.yaml` holds what is meant.
    what : str
        What it should hold, for messages: ``"parameters"``.

    Returns
    -------
    Given
        Read, and not yet checked.

    Raises
    ------
    SimulationError
        If there is no such file, or it is no YAML of keys and values.
    """
    if not path.is_file():
        beside = [one.name for one in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
        near = closest(path.name, beside, count=1)
        raise SimulationError(
            f"There is no file {path}.",
            do=f"Did you mean '{path.with_name(near[0])}'?" if near else f"Name a YAML with {what}.",
        )
    try:
        file = read_project_file(path)
    except SettingsError as error:
        if "must hold keys and values" in error.what:  # the rest of that sentence is about projects
            raise SimulationError(f"{path} must hold keys and values: {what}.") from None
        raise SimulationError(error.what, found=error.found, do=error.do) from None
    # a world.yaml says more than is meant here
    of_a_world = isinstance(file.raw.get(part), dict) and {"preset", "seed"} <= set(file.raw)
    return Given(file, (part,) if of_a_world else ())


def checked(
    kind: type[G],
    values: Mapping[str, Any],
    given: Given | None,
    *,
    whose: str,
    overruled: Collection[str] = (),
    like: G | None = None,
) -> G:
    """Check values, and say all that is wrong with them.

    Parameters
    ----------
    kind : type of Group
        What they are to become.
    values : mapping of str to object
        By name.
    given : Given or None
        The YAML that some of them come from.
    whose : str
        What has these values, for messages about those that come from elsewhere: ``"a world"``.
    overruled : collection of str, optional
        Names of values that do not come from the YAML even where it has them.
    like : Group, optional
        One that is in order, from which messages take what is usual.

    Returns
    -------
    Group
        Checked.

    Raises
    ------
    SimulationError
        With file, line and key where a value comes from a YAML.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        # from None: pydantic's own words are for programmers
        found = [fault for fault in error.errors(include_url=False) if not _follows(fault)]
        lines = [_line(fault, kind, given, whose, overruled, like) for fault in found]
        raise SimulationError("\n".join(dict.fromkeys(lines))) from None  # two values too few are one fault


def faults(error: ValidationError) -> str:
    """Tell the faults that lie in how values go together.

    Parameters
    ----------
    error : ValidationError
        What pydantic found.

    Returns
    -------
    str
        One clause for each.
    """
    return "; ".join(_words(fault, None) for fault in error.errors(include_url=False))


def _follows(fault: Mapping[str, Any]) -> bool:
    """A list that is only too short because some of its entries are faulty."""
    return fault["type"] == "too_short" and bool(len(fault["input"]) >= fault["ctx"]["min_length"])


def _line(
    fault: Mapping[str, Any],
    kind: type[Group],
    given: Given | None,
    whose: str,
    overruled: Collection[str],
    like: Group | None,
) -> str:
    place: Place = tuple(fault["loc"])
    raised = fault.get("ctx", {}).get("error")
    if isinstance(raised, FaultAtError):
        place = (*place, *raised.place)
    if fault["type"] == "missing" and isinstance(place[-1], int):
        place = place[:-1]  # it is the list that is too short
    if fault["type"] == "extra_forbidden":
        message = f"there is no such key. {_meant(place, kind, like)}"
    else:
        message = _words(fault, _usual(like, place))
    missing = fault["type"] == "missing"
    if given is not None and (not place or missing or (place[0] not in overruled and place[0] in given.raw)):
        said, found = f"{given.where(place)}: {message}", given.written(place)
    else:
        said, found = f"The {_dotted(place)} of {whose} {message}", fault["input"]
    said = said if said.endswith((".", "?")) else f"{said}."
    silent = isinstance(found, dict | list | tuple | Group) or missing or fault["type"] == "extra_forbidden"
    return said if silent else f"{said} Found: {_as_written(found)}."


def _words(fault: Mapping[str, Any], usual: Any) -> str:
    sort, context = str(fault["type"]), fault.get("ctx") or {}
    if sort in _BOUNDS:
        name, words = _BOUNDS[sort]
        return words.format(f"{context[name]:g}")
    if sort == "missing" and isinstance(fault["loc"][-1], str):
        return f"the key '{fault['loc'][-1]}' is missing"
    if isinstance(usual, tuple) and sort in ("missing", "too_long", "too_short", "tuple_type"):
        return f"must be a list of {len(usual)} values"
    if sort == "too_long":
        return f"must have at most {context['max_length']} entries, and has {context['actual_length']}"
    if sort == "too_short" and context.get("min_length", 1) > 1:
        return f"must have at least {context['min_length']} entries, and has {context['actual_length']}"
    if sort == "string_pattern_mismatch":
        return f"must be written as the pattern {context['pattern']} says"
    for begins, words in _SORTS.items():
        if sort.startswith(begins):
            return words
    return str(fault["msg"]).removeprefix("Value error, ").replace("Input should be", "must be").rstrip(".")


def _usual(like: Group | None, place: Place) -> Any:
    value: Any = like
    for step in place:
        try:
            value = getattr(value, step) if isinstance(step, str) else value[step]
        except (AttributeError, IndexError, TypeError):
            return None
    return value


def _meant(place: Place, kind: type[Group], like: Group | None) -> str:
    """The nearest key that exists: beside the wrong one, or of the same name in another group."""
    name = str(place[-1])
    beside = _keys(kind, place[:-1])
    if closest(name, beside) or like is None:
        return did_you_mean(name, beside)
    elsewhere = [".".join(path) for path in _paths(type(like), ()) if path[-1] == name]
    return f"Did you mean '{elsewhere[0]}'?" if elsewhere else did_you_mean(name, beside)


def _paths(kind: type[Group], before: tuple[str, ...]) -> list[tuple[str, ...]]:
    paths = []
    for name, field in kind.model_fields.items():
        paths.append((*before, name))
        for inner in _groups(field.annotation):
            paths += _paths(inner, (*before, name))
    return paths


def _keys(kind: type[Group], place: Place) -> list[str]:
    for step in place:
        for name, field in kind.model_fields.items():
            if step in (name, field.alias):
                kind = next(iter(_groups(field.annotation)), kind)
    return [field.alias or name for name, field in kind.model_fields.items()]


def _groups(annotation: Any) -> list[type[Group]]:
    if isinstance(annotation, type) and issubclass(annotation, Group):
        return [annotation]
    return [group for inner in typing.get_args(annotation) for group in _groups(inner)]


def _dotted(place: Place) -> str:
    return ".".join(str(step) for step in place) or "parameters"


def _as_written(value: Any) -> str:
    return "nothing" if value is None else repr(value)
