"""The program, the arguments that verbs share, and what they are made of."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from uptier.project import Project

REFUSED = 3

app = typer.Typer(
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
    """Show how far long work is."""
    from uptier import terminal

    return terminal.working()


def saying() -> Any:
    """Give the room of what is said; heavy, since it draws tables."""
    from uptier import saying as said

    return said
