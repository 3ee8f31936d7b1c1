"""The command line: one thin function for each verb of :class:`uptier.project.Project`.

Only typer is imported here: `uptier --help` must answer at once. Exit codes: 0 done, 1 our fault (a traceback),
2 usage, 3 no model was good enough (scoring by rules was still done), 4 something that a person can act on, 5 a circuit
breaker tripped and nothing was sent, 6 some rows did not get to where they belong.
"""

from __future__ import annotations

import sys
from typing import Any

import typer

from uptier.cli import data, models, scores, worklists
from uptier.cli.app import REFUSED, app
from uptier.errors import UptierError

__all__ = ["REFUSED", "app", "data", "help_texts", "main", "models", "scores", "worklists"]


def main() -> None:
    """Run the command line; the entry point of the installed program."""
    try:
        app(prog_name="uptier")
    except UptierError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)


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
