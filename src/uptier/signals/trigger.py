"""What a trigger is: a family's one voice, with the rule that fires it and the talk it opens."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

from uptier.errors import SignalError

if TYPE_CHECKING:
    import pandas as pd

    from uptier.thresholds import Thresholds

    # columns of a frame or expressions of the engine, by name; one of them comes back
    Rule = Callable[[Any, Thresholds], Any]

Upsell = Literal["seat_expansion", "plan_upgrade", "add_on"]


@dataclass(frozen=True, eq=False)
class Trigger:
    """The condition that a family of signals stands for.

    Attributes
    ----------
    rule : callable
        Says whether the trigger has fired, from signals by name: columns of a frame, or expressions of the engine. It
        uses only what both have: comparisons, ``&``, ``|``, ``~``, ``.isnull()`` and ``.notnull()``. A missing value
        never fires it.
    label : str
        Its name for people, also the head of a reason.
    opens : str or None
        The upsell type that it opens a talk about; None for a family that only gives context.
    act_within_days : int or None
        Days within which to act once it fired.
    frame : str
        How to frame the talk.
    says : tuple of str
        The signals that tell it, most telling first.
    since : str
        The signal in days or hours that tells since when it has fired; empty where none does.
    """

    rule: Rule
    label: str
    opens: Upsell | None
    act_within_days: int | None
    frame: str
    says: tuple[str, ...]
    since: str = ""
    name: str = field(init=False)
    family: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.rule.__name__)
        object.__setattr__(self, "family", self.rule.__module__.rsplit(".", 1)[-1])
        object.__setattr__(self, "__doc__", inspect.getdoc(self.rule))

    def fired(self, frame: pd.DataFrame, thresholds: Thresholds) -> pd.Series:
        """Say where the trigger has fired.

        Parameters
        ----------
        frame : DataFrame, shape (n_rows, n_signals)
            Signals by name.
        thresholds : Thresholds
            Where it fires.

        Returns
        -------
        Series of bool, shape (n_rows,)
            False where a value that the rule needs is missing.
        """
        return cast("pd.Series", self.rule(frame, thresholds)).fillna(False).astype(bool)

    def fires_on(self, name: str, frame: pd.DataFrame | Mapping[str, pd.Series], thresholds: Thresholds) -> pd.Series:
        """Say for each row whether one signal alone fires the trigger, nothing else being known.

        Parameters
        ----------
        name : str
            The signal.
        frame : DataFrame or mapping of str to Series, shape (n_rows, n_signals)
            Signals by name; no other than this one is looked at.
        thresholds : Thresholds
            Where it fires.

        Returns
        -------
        Series of bool, shape (n_rows,)
            Where it is True this fact is the reason for which the trigger fired.
        """
        alone = _Alone(name, frame[name])
        return cast("pd.Series", self.rule(alone, thresholds)).fillna(False).astype(bool)


class _Alone(dict[str, "pd.Series"]):
    """Columns of which one alone is known; a frame of all of them would cost more than the rule."""

    def __init__(self, name: str, column: pd.Series) -> None:
        super().__init__({name: column})
        self._index = column.index

    def __missing__(self, name: str) -> pd.Series:
        import pandas as pd

        self[name] = pd.Series(float("nan"), index=self._index)
        return self[name]


def trigger(
    *,
    label: str,
    says: tuple[str, ...],
    frame: str,
    opens: Upsell | None = None,
    act_within_days: int | None = None,
    since: str = "",
) -> Callable[[Rule], Trigger]:
    """Declare a function to be a family's trigger.

    Parameters
    ----------
    label : str
        Its name for people.
    says : tuple of str
        The signals that tell it.
    frame : str
        How to frame the talk.
    opens : str, optional
        The upsell type that it opens.
    act_within_days : int, optional
        Days within which to act.
    since : str
        The signal in days or hours that tells since when.

    Returns
    -------
    callable
        A decorator that gives a :class:`Trigger`.

    Raises
    ------
    SignalError
        If the rule has no docstring.
    """

    def declared(rule: Rule) -> Trigger:
        if not inspect.getdoc(rule):
            raise SignalError(f"The trigger {rule.__name__} has no docstring: say when it fires, and who says so.")
        return Trigger(
            rule, label=label, opens=opens, act_within_days=act_within_days, frame=frame, says=says, since=since
        )

    return declared
