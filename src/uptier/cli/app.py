"""The program, the arguments that verbs share, and what they are made of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from uptier.cli import logs

if TYPE_CHECKING:
    from uptier.project import Project

REFUSED = logs.NO_MODEL


class Program(typer.Typer):
    """The program; each of its verbs has the option --log."""

    def command(self, *named: Any, **how: Any) -> Callable[[Any], Any]:
        """Make a function a verb."""
        make = super().command(*named, **how)

        def made(verb: Callable[..., Any]) -> Callable[..., Any]:
            make(logs.logged(verb))
            return verb

        return made


app = Program(
    name="uptier",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Which accounts are ready for more, why, and whether they will still be there 90 days later. "
    "Begin with 'uptier demo', then 'uptier init SOURCE' on your own data.",
)

Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="The project's YAML.", show_default=False)]
AsOf = Annotated[
    dt.datetime | None,
    typer.Option(
        "--as-of",
        formats=["%Y-%m-%d"],
        help="Look from this day: nothing at or after it is seen. By default data_until of the project.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document as the last line of standard output.")]


def project_of(config: Path, progress: Any) -> Project:
    """Open a project."""
    from uptier.project import Project

    return Project(config, progress)


def day(as_of: dt.datetime | None) -> dt.date | None:
    """Give the day of what was typed."""
    return None if as_of is None else as_of.date()


def console() -> Any:
    """Give the console."""
    from uptier import terminal

    return terminal.console()


def progress_bar() -> Any:
    """Show how far long work is: to a person, or step by step in the log."""
    log = logs.current()
    if log is not None:
        return nullcontext(log.step)
    from uptier import terminal

    return terminal.working()


def noted(given: Any) -> Any:
    """Give what was given; the log, where there is one, counts it, as it does all that goes through saying()."""
    log = logs.current()
    if log is not None:
        log.note(given)
    return given


def saying() -> Any:
    """Give the room of what is said; heavy, since it draws tables."""
    from uptier import saying as said

    return said if logs.current() is None else _Noted(said)


class _Noted:
    """The room of what is said, where the log overhears what each verb gave: no verb has a line for its log."""

    def __init__(self, said: Any) -> None:
        self._said = said

    def __getattr__(self, name: str) -> Callable[..., Any]:
        say = getattr(self._said, name)

        def overheard(*given: Any, **how: Any) -> Any:
            for one in given:
                noted(one)
            return say(*given, **how)

        return overheard
