"""What parameters of a world are made of: checked numbers, read from a YAML, or drawn around what they are.

Each part of the world declares its own as a :class:`Group`, beside the code that uses them;
:class:`uptier.simulate.presets.Parameters` holds all groups.
"""

from __future__ import annotations

import contextlib
import typing
from collections.abc import Callable, Collection, Iterator
from typing import Annotated, Any, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.functional_validators import AfterValidator

TRIES = 100  # drawings of all rates, until what competes with each other has room
ROUNDING = 1e-9  # by which shares that must add up to 1 may miss it


class _Sort:
    """How a parameter is drawn around its value."""

    def __init__(self, name: str) -> None:
        self.name = name


def _adds_up(row: tuple[float, ...]) -> tuple[float, ...]:
    if abs(sum(row) - 1) > ROUNDING:
        raise ValueError(f"these shares must add up to 1, not {sum(row):g}")
    return row


def _moves(rows: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    for row in rows:
        _adds_up(row)
    return rows


_MIX, _MOVES = _Sort("mix"), _Sort("moves")

Share = Annotated[float, Field(ge=0, le=1)]  # a probability, or a part of a whole
Rate = Annotated[float, Field(ge=0)]  # a hazard, a mean, a factor
Two = tuple[Share, Share]
Three = tuple[Share, Share, Share]
Four = tuple[Share, Share, Share, Share]
Five = tuple[Share, Share, Share, Share, Share]
TwoRates = tuple[Rate, Rate]
ThreeRates = tuple[Rate, Rate, Rate]
FourRates = tuple[Rate, Rate, Rate, Rate]
FiveRates = tuple[Rate, Rate, Rate, Rate, Rate]
TwoMix = Annotated[Two, AfterValidator(_adds_up), _MIX]  # shares of a whole
ThreeMix = Annotated[Three, AfterValidator(_adds_up), _MIX]
FourMix = Annotated[Four, AfterValidator(_adds_up), _MIX]
FiveMix = Annotated[Five, AfterValidator(_adds_up), _MIX]
TierMix = Annotated[tuple[ThreeMix, ThreeMix, ThreeMix, ThreeMix], _MIX]  # a row for each segment
TwoMoves = Annotated[tuple[Two, Two], AfterValidator(_moves), _MOVES]  # from each state (rows) to each
ThreeMoves = Annotated[tuple[Three, Three, Three], AfterValidator(_moves), _MOVES]
FourMoves = Annotated[tuple[Four, Four, Four, Four], AfterValidator(_moves), _MOVES]


class FaultAtError(ValueError):
    """A fault in how the values of a group go together, with the one at which it is best seen.

    Parameters
    ----------
    place : tuple of str or int
        The keys that lead from the group to that value.
    what : str
        What is wrong, as a clause.
    """

    def __init__(self, place: tuple[str | int, ...], what: str) -> None:
        super().__init__(place, what)
        self.place = place
        self.what = what

    def __str__(self) -> str:
        return self.what


class Group(BaseModel):
    """Parameters that belong together: checked, and frozen, so that what is made from them can be kept.

    Strict, so that a `yes` or a number in quotes is an error rather than 1.0; but lists, as a YAML has them, will do.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _with_tuples(cls, values: Any) -> Any:
        return {name: _as_tuples(value) for name, value in values.items()} if isinstance(values, dict) else values


G = TypeVar("G", bound=Group)


def jittered(group: G, share: float, random: np.random.Generator, *, held: Collection[str] = ()) -> G:
    """Draw every rate anew, evenly within a share around what it is.

    Parameters
    ----------
    group : Group
        The parameters.
    share : float
        0 to 1; 0.3 draws between 0.7 and 1.3 times each value.
    random : Generator
        Where chance comes from.
    held : collection of str, optional
        Dotted names of parameters that stay as they are.

    Returns
    -------
    Group
        Shares stay at most 1, and what must add up to 1 does; whole numbers, names and switches stay as they are.

    Raises
    ------
    ValidationError
        If no drawing leaves room for what competes with each other, as may be with a large share.
    """

    def times() -> float:
        return 1 + share * (2 * float(random.random()) - 1)

    for _ in range(TRIES - 1):
        with contextlib.suppress(ValidationError):
            return _drawn(group, times, frozenset(held), "")
    return _drawn(group, times, frozenset(held), "")


def leaves(group: Group, place: str = "") -> Iterator[tuple[str, object]]:
    """List the parameters one by one.

    Parameters
    ----------
    group : Group
        The parameters.
    place : str, optional
        Where they stand.

    Yields
    ------
    tuple of str and object
        Dotted name and value.
    """
    for name in type(group).model_fields:
        value = getattr(group, name)
        here = f"{place}.{name}".lstrip(".")
        if isinstance(value, Group):
            yield from leaves(value, here)
        else:
            yield here, value


def _as_tuples(value: Any) -> Any:
    return tuple(_as_tuples(one) for one in value) if isinstance(value, list | tuple) else value


def _drawn(group: G, times: Callable[[], float], held: frozenset[str], place: str) -> G:
    fresh: dict[str, Any] = {}
    for name, field in type(group).model_fields.items():
        value = getattr(group, name)
        here = f"{place}{name}"
        mark = next((mark for mark in field.metadata if isinstance(mark, _Sort)), None)
        if here in held:
            fresh[name] = value
        elif isinstance(value, Group):
            fresh[name] = _drawn(value, times, held, f"{here}.")
        elif mark is not None:
            fresh[name] = _mix(value, times) if mark is _MIX else _matrix(value, times)
        else:
            fresh[name] = _each(value, _bounds(field.annotation, field.metadata), times)
    return type(group).model_validate(fresh)


def _each(value: Any, bounds: tuple[float, float], times: Callable[[], float]) -> Any:
    if isinstance(value, tuple):
        return tuple(_each(one, bounds, times) for one in value)
    if isinstance(value, float):
        return min(max(value * times(), bounds[0]), bounds[1])
    return value


def _mix(row: tuple[Any, ...], times: Callable[[], float]) -> tuple[Any, ...]:
    if any(isinstance(one, tuple) for one in row):
        return tuple(_mix(one, times) for one in row)
    drawn = [one * times() for one in row]
    return tuple(one / sum(drawn) for one in drawn)


def _matrix(rows: tuple[tuple[float, ...], ...], times: Callable[[], float]) -> tuple[tuple[float, ...], ...]:
    """Moves to other states are drawn; staying is what remains."""
    fresh = []
    for here, row in enumerate(rows):
        others = [0.0 if to == here else one * times() for to, one in enumerate(row)]
        scale = max(1.0, sum(others))
        others = [one / scale for one in others]
        others[here] = max(0.0, 1 - sum(others))  # the last bit of a sum may lie beyond 1
        fresh.append(tuple(others))
    return tuple(fresh)


def _bounds(annotation: Any, metadata: list[Any]) -> tuple[float, float]:
    """Least and most that a number may be, wherever in the type that stands."""
    marks = [*metadata]
    open_ = [annotation]
    while open_:
        one = open_.pop()
        marks += getattr(one, "__metadata__", ())
        open_ += typing.get_args(one)[:1] if typing.get_origin(one) is Annotated else typing.get_args(one)
    infos = [inner for mark in marks for inner in getattr(mark, "metadata", [mark])]
    least = [float(mark.ge) for mark in infos if getattr(mark, "ge", None) is not None]
    least += [float(np.nextafter(mark.gt, np.inf)) for mark in infos if getattr(mark, "gt", None) is not None]
    most = [float(mark.le) for mark in infos if getattr(mark, "le", None) is not None]
    most += [float(np.nextafter(mark.lt, -np.inf)) for mark in infos if getattr(mark, "lt", None) is not None]
    return (max(least, default=-np.inf), min(most, default=np.inf))
