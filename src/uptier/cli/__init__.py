"""The command line: one thin function for each verb of :class:`uptier.project.Project`.

Only typer is imported here: `uptier --help` must answer at once. Exit codes: 0 done, 1 our fault (a traceback),
2 usage, 3 no model was good enough (scoring by rules was still done), 4 something that a person can act on, 5 a circuit
breaker tripped and nothing was sent, 6 some rows did not get to where they belong.
"""

from __future__ import annotations

import os
import sys
import traceback
from types import TracebackType
from typing import Any

import typer

from uptier.cli import data, logs, models, scores, worklists
from uptier.cli.app import REFUSED, app
from uptier.cli.masking import masked, secrets_of
from uptier.errors import UptierError

__all__ = ["REFUSED", "app", "data", "help_texts", "main", "models", "scores", "worklists"]


def main() -> None:
    """Run the command line; the entry point of the installed program."""
    sys.excepthook = _our_fault
    try:
        code = typer.main.get_command(app)(prog_name="uptier", standalone_mode=False)
    except UptierError as error:
        sys.stderr.write(f"{_masked(str(error))}\n")
        sys.exit(error.exit_code)
    except typer.TyperException as error:  # arguments that make no sense
        if logs.is_json(sys.argv[1:], os.environ):
            sys.stderr.write(logs.lone_line(error, os.environ))
        else:
            error.show()  # type: ignore[attr-defined]  # of all that is raised for arguments
        sys.exit(error.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def help_texts() -> dict[str, str]:
    """Give what ``--help`` says of each verb, for the documentation.

    Returns
    -------
    dict of str to str
        By verb; the empty name is the program itself.
    """
    command: Any = typer.main.get_command(app)  # a group of typer's own click
    texts = {"": command.get_help(typer.Context(command, info_name="uptier", terminal_width=100))}
    for name, verb in command.commands.items():
        texts[name] = verb.get_help(typer.Context(verb, info_name=f"uptier {name}", terminal_width=100))
    return texts


def _our_fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Show a traceback, as Python does, without what the environment holds as secret."""
    if logs.is_json(sys.argv[1:], os.environ):  # before a verb's own log began, or after it ended
        sys.stderr.write(logs.lone_line(error, os.environ))
    else:
        sys.stderr.write(_masked("".join(traceback.format_exception(kind, error, trace))))


def _masked(text: str) -> str:
    return masked(text, secrets_of(os.environ))
