"""Logs for machines: with ``--log json`` every verb writes one JSON object a line to standard error, and nothing else.

A line tells when, which verb, of which project, what happened (start, step, done, stopped, failed, warning), counts,
seconds and exit code. It holds no value of a row and no credential. What libraries have to say is told by its place
and kind alone, since their words may quote anything; so is a fault of our own.
"""

from __future__ import annotations

import datetime as dt
import inspect
import json
import logging
import os
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr
from enum import StrEnum
from functools import wraps
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, TextIO

import typer

from uptier.cli.counts import Counts, counts_of, facts_of
from uptier.cli.faults import error_data, short
from uptier.cli.masking import masked, secrets_of
from uptier.errors import BreakerError, UptierError

VARIABLE = "UPTIER_LOG"
STEP_SECONDS = 30.0  # a step that only counts on is told this often
NO_MODEL, OUR_FAULT, INTERRUPTED = 3, 1, 130


class Form(StrEnum):
    """How a verb tells, on standard error, how far it is."""

    TEXT = "text"
    JSON = "json"


Option = Annotated[
    Form,
    typer.Option(
        "--log",
        envvar=VARIABLE,
        help="What standard error gets: text, or one JSON object a line, with counts and without values of rows.",
    ),
]


class Log:
    """The log of one call of a verb, as JSON; entered, it owns standard error until it is left.

    Parameters
    ----------
    verb : str
        Which verb.
    out : TextIO
        Where lines go.
    environment : mapping of str to str
        What it holds as secret is masked.
    config : Path, optional
        The project's YAML, where the verb has one.
    as_of : datetime, optional
        The date that was asked for.
    """

    def __init__(
        self,
        verb: str,
        out: TextIO,
        *,
        environment: Mapping[str, str],
        config: Path | None = None,
        as_of: dt.datetime | None = None,
    ) -> None:
        self._out = out
        self._began = time.monotonic()
        project, named = _project(config)
        self._secrets = secrets_of(environment, named)
        self._known: dict[str, Any] = {
            "verb": verb,
            "project": project,
            "as_of": None if as_of is None else as_of.date().isoformat(),
        }
        self._facts: dict[str, str] = {}
        self._counts: Counts = {}
        self._step, self._stepped = "", 0.0
        self._open = ExitStack()

    def __enter__(self) -> Log:
        global _current
        self._write("start")
        self._open.enter_context(_elsewhere(self))
        _current = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _current
        _current = None
        self._open.close()
        code = exit_code_of(error)
        told: dict[str, Any] = {"exit_code": code}
        if error is not None and not isinstance(error, typer.Exit | SystemExit | KeyboardInterrupt):
            told["error"] = error_data(error, self._secrets)
        self._write(event_of(code), **self._facts, counts=self._counts, **told)
        if error is not None:
            raise typer.Exit(code) from None  # all is said: nobody prints the error once more

    def step(self, what: str, done: int = 0, of: int = 0) -> None:
        """Tell how far long work is.

        Parameters
        ----------
        what : str
            What is being done; masked, and without values of rows as all that is told of progress.
        done, of : int
            How much of how much; 0 where nobody knows.
        """
        worded, now = re.sub(r"\d+", "", what), time.monotonic()
        if worded == self._step and now - self._stepped < STEP_SECONDS:
            return
        self._step, self._stepped = worded, now
        self._write("step", step=self.masked(what), **({"done": done, "of": of} if of else {}))

    def note(self, given: object) -> None:
        """Keep what a verb gave for the last line.

        Parameters
        ----------
        given : object
            Its counts and facts are kept, nothing else.
        """
        facts = facts_of(given)
        self._known["as_of"] = facts.pop("as_of", self._known["as_of"])
        self._facts.update(facts)
        self._counts.update(counts_of(given))

    def warn(self, source: str, level: str, place: str) -> None:
        """Tell that a library has something to say, without its words.

        Parameters
        ----------
        source : str
            Which library's logger, or which kind of warning.
        level : str
            How bad it is.
        place : str
            File and line.
        """
        self._write("warning", source=source, level=level, place=place)

    def masked(self, text: str) -> str:
        """Give a text without secrets.

        Parameters
        ----------
        text : str
            Any text.

        Returns
        -------
        str
            With ``***`` in their places.
        """
        return masked(text, self._secrets)

    def _write(self, event: str, **told: Any) -> None:
        seconds = round(time.monotonic() - self._began, 3)
        self._out.write(_json({"time": _now(), "event": event, **self._known, "seconds": seconds, **told}))
        self._out.flush()


_current: Log | None = None


def current() -> Log | None:
    """Give the log of the verb that runs.

    Returns
    -------
    Log or None
        None where a person reads along.
    """
    return _current


def logged(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb the option --log.

    Parameters
    ----------
    verb : callable
        The verb's function.

    Returns
    -------
    callable
        The same with one more option; all that the function is given stays as it is.
    """
    given = inspect.signature(verb, eval_str=True)
    option = inspect.Parameter("log", inspect.Parameter.KEYWORD_ONLY, default=Form.TEXT, annotation=Option)

    @wraps(verb)
    def with_log(*, log: Form = Form.TEXT, **arguments: Any) -> Any:
        if log is Form.TEXT:
            return verb(**arguments)
        config, as_of = arguments.get("config"), arguments.get("as_of")
        with Log(verb.__name__, sys.stderr, environment=os.environ, config=config, as_of=as_of):
            return verb(**arguments)

    # typer reads both
    with_log.__signature__ = given.replace(parameters=[*given.parameters.values(), option])  # type: ignore[attr-defined]  # inspect reads it
    with_log.__annotations__ = {**verb.__annotations__, "log": Option}
    return with_log


def is_json(arguments: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Say whether JSON is asked for, where nobody could read the arguments.

    Parameters
    ----------
    arguments : sequence of str
        As typed.
    environment : mapping of str to str
        Where the variable is looked up.

    Returns
    -------
    bool
        What was typed goes before the variable.
    """
    typed = [one.removeprefix("--log=") for one in arguments if one.startswith("--log=")]
    typed += [after for one, after in pairwise(arguments) if one == "--log"]
    return (typed or [environment.get(VARIABLE, "")])[-1] == Form.JSON


def lone_line(error: BaseException, environment: Mapping[str, str]) -> str:
    """Write the line about what went wrong outside a verb: arguments that make no sense, most of all.

    Parameters
    ----------
    error : BaseException
        What was raised.
    environment : mapping of str to str
        What it holds as secret is masked.

    Returns
    -------
    str
        JSON with its line's end.
    """
    code = exit_code_of(error)
    line = {"time": _now(), "event": event_of(code), "verb": None, "exit_code": code}
    return _json(line | {"error": error_data(error, secrets_of(environment))})


def exit_code_of(error: BaseException | None) -> int:
    """Give the exit code of a verb that ended so.

    Parameters
    ----------
    error : BaseException or None
        What it raised.

    Returns
    -------
    int
        0 for nothing, 1 for a fault of our own.
    """
    if error is None:
        return 0
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    code = getattr(error, "exit_code", getattr(error, "code", OUR_FAULT))
    return code if isinstance(code, int) else OUR_FAULT


def event_of(code: int) -> str:
    """Name the last event of a verb that ended with an exit code.

    Parameters
    ----------
    code : int
        The exit code.

    Returns
    -------
    str
        ``done``, also by rules; ``stopped``, on purpose and before anything left; ``failed``.
    """
    if code in (0, NO_MODEL):
        return "done"
    return "stopped" if code in (BreakerError.exit_code, INTERRUPTED) else "failed"


class _Others(logging.Handler):
    """Tells that other libraries log, without what they say."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.warn(record.name, record.levelname, f"{short(record.pathname)}:{record.lineno}")


@contextmanager
def _elsewhere(log: Log) -> Iterator[None]:
    """Let nothing but the log write to standard error; what writes there past Python is out of reach."""

    def shown(message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: Any, **__: Any) -> None:
        log.warn(category.__name__, "WARNING", f"{short(filename)}:{lineno}")

    root, handler = logging.getLogger(), _Others(log)
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        redirect_stderr(nowhere),
        warnings.catch_warnings(),
    ):
        warnings.showwarning = shown
        root.addHandler(handler)
        try:
            yield
        finally:
            root.removeHandler(handler)


def _project(config: Path | None) -> tuple[str | None, list[str]]:
    """Give the project's name and the variables that it names; of a YAML that cannot be read the verb itself tells."""
    if config is None:
        return None, []
    from uptier.settings import read_settings

    try:
        settings = read_settings(config)
    except UptierError:
        return None, []
    return settings.project, list(_variables(settings.model_dump(mode="json")))


def _variables(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        for name, value in part.items():
            if str(name).endswith("_env") and isinstance(value, str):
                yield value
            else:
                yield from _variables(value)


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _json(line: Mapping[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=True) + "\n"  # in ASCII: no separator of Unicode's ends a line early
