"""A project's own Python files: those that its YAML names are run, from where they stand, and no others.

Each is loaded under a module name of its own, which neither shadows an installed package nor can be imported by
another file. What a file does wrong is told with its line.
"""

from __future__ import annotations

import hashlib
import re
import sys
from functools import lru_cache
from pathlib import Path
from types import ModuleType, TracebackType

from uptier.errors import SettingsError, UptierError

PACKAGE = "uptier_own"  # begins the names of the modules; there is no such package

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def load(path: Path, *, place: str) -> ModuleType:
    """Run a file of a project's own and give it as a module.

    Parameters
    ----------
    path : Path
        The file; its stem is the last part of the module's name.
    place : str
        Where the project names it, for messages.

    Returns
    -------
    ModuleType
        The same one for as long as the file's text stays the same.

    Raises
    ------
    SettingsError
        With file and line, if there is no such file, its name is no name for a module, it is not Python, or running it
        fails.
    """
    if path.suffix != ".py" or not _NAME.fullmatch(path.stem):
        raise SettingsError(
            f"{place}: {path.name} gives no name to what it declares.",
            do="Name the file in small letters, digits and underscores, and end it in .py: parcels.py.",
        )
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(
            f"{place}: there is no file {path}.", do="Write it, or mend the path: it starts at the folder of the YAML."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{place}: {path} cannot be read: {type(error).__name__}.") from None
    return _run(str(path), text)


def line_of(path: Path | str, traceback: TracebackType | None) -> int:
    """Give the line of a file at which something went wrong.

    Parameters
    ----------
    path : Path or str
        The file.
    traceback : TracebackType or None
        Of the error.

    Returns
    -------
    int
        The innermost line in this file; 1 where the error never passed through it.
    """
    line = 1
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == str(path):
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line


@lru_cache(maxsize=128)
def _run(path: str, text: str) -> ModuleType:
    stem = Path(path).stem
    digest = hashlib.sha256(f"{path}\n{text}".encode()).hexdigest()[:12]
    name = f"{PACKAGE}_{digest}.{stem}"
    try:
        code = compile(text, path, "exec")
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise SettingsError(
            f"{path}, line {line}: this is not Python: {getattr(error, 'msg', error)}.", do="Mend that line."
        ) from None
    module = ModuleType(name)
    module.__file__ = path
    # dataclasses and doctests look a module up by its name
    sys.modules[name] = module
    try:
        exec(code, module.__dict__)
    except UptierError as error:
        del sys.modules[name]
        where = f"{path}, line {line_of(path, error.__traceback__)}"
        raise type(error)(f"{where}: {error.what}", found=error.found, do=error.do) from None
    except (Exception, SystemExit) as error:  # noqa: BLE001  # somebody else's code may raise anything: told, never passed over
        del sys.modules[name]
        raise SettingsError(
            f"{path}, line {line_of(path, error.__traceback__)}: running this file failed.",
            found=f"{type(error).__name__}: {error}".rstrip(". "),
            do=f"Mend that line; for the whole traceback: python {path}",
        ) from None
    return module
